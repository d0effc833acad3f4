/* SPDX-License-Identifier: MIT */
/*
 * The virtio console device (virtio 1.4, 5.3). Queues come in pairs, receive and transmit:
 * the first pair is port 0's, the second one the control queues, the others those of
 * ports 1, 2, ...
 */
#ifndef CONSOLE_DEVICE_H
#define CONSOLE_DEVICE_H

#include "device.h"

/* The handlers of struct vhu_device_type; the state begins with struct console_options. */
void *console_new(void);
int console_init(struct vhu_dev *dev, void *state);
void console_free(void *state);
int console_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len);
int console_set_config(struct vhu_dev *dev, uint32_t offset, const void *data, uint32_t len);
void console_queue_start(struct vhu_dev *dev, struct virtq *vq);
void console_queue_kick(struct vhu_dev *dev, struct virtq *vq);
void console_reset(struct vhu_dev *dev);

#endif /* CONSOLE_DEVICE_H */
