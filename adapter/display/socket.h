/* SPDX-License-Identifier: MIT */
/*
 * Messages of the vhost-user-gpu socket (QEMU's docs/interop/vhost-user-gpu.rst), all in
 * host byte order, and the loop that answers them. Private to adapter/display/.
 */
#ifndef ADAPTER_DISPLAY_SOCKET_H
#define ADAPTER_DISPLAY_SOCKET_H

#include <linux/virtio_gpu.h>
#include <stdint.h>

#include "adapter/display/display.h"

enum gpu_request {
	GPU_GET_PROTOCOL_FEATURES = 1,
	GPU_SET_PROTOCOL_FEATURES = 2,
	GPU_GET_DISPLAY_INFO = 3,
	GPU_CURSOR_POS = 4,
	GPU_CURSOR_POS_HIDE = 5,
	GPU_CURSOR_UPDATE = 6,
	GPU_SCANOUT = 7,
	GPU_UPDATE = 8,
	GPU_DMABUF_SCANOUT = 9,
	GPU_DMABUF_UPDATE = 10,
};

#define GPU_FLAG_REPLY	 0x4u
#define GPU_CURSOR_BYTES 16384 /* 64 by 64 pixels */

struct gpu_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* bytes that follow */
};

struct gpu_cursor_pos {
	uint32_t screen;
	uint32_t x;
	uint32_t y;
};

struct gpu_cursor_update {
	struct gpu_cursor_pos pos;
	uint32_t hot_x;
	uint32_t hot_y; /* GPU_CURSOR_BYTES follow */
};

struct gpu_scanout {
	uint32_t screen;
	uint32_t width;
	uint32_t height;
};

struct gpu_update {
	uint32_t screen;
	uint32_t x;
	uint32_t y;
	uint32_t width;
	uint32_t height; /* of UPDATE: width * height pixels follow */
};

struct gpu_dmabuf_scanout {
	struct gpu_update rect;
	uint32_t fd_width;
	uint32_t fd_height;
	uint32_t fd_stride;
	uint32_t fd_flags;
	uint32_t fd_fourcc;
};

/**
 * struct gpu_viewer - what the loop needs to answer
 * @info: the answer to GET_DISPLAY_INFO
 * @num_screens: a message for another screen ends the connection
 * @screen: gets the calls; may be NULL
 */
struct gpu_viewer {
	struct virtio_gpu_resp_display_info info;
	unsigned int num_screens;
	const struct screen *screen;
	void *data;
};

/*
 * Serves @fd, a blocking socket, until it is shut down or closed (0), or the other side makes no sense
 * (-EPROTO); *@why is a sentence's end then.
 */
int gpu_serve(int fd, const struct gpu_viewer *viewer, const char **why);

#endif /* ADAPTER_DISPLAY_SOCKET_H */
