/* SPDX-License-Identifier: MIT */
/*
 * The virtio-input device: what joins a source of reports, the events and the
 * rings. Queue 0 carries events to the driver, queue 1 status back (virtio 1.4,
 * section 5.8.2).
 */
#ifndef INPUT_DEVICE_H
#define INPUT_DEVICE_H

#include "device.h"

/* The handlers of struct vhu_device_type; the state begins with struct input_options. */
void *input_new(void);
int input_init(struct vhu_dev *dev, void *state);
void input_free(void *state);
int input_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len);
int input_set_config(struct vhu_dev *dev, uint32_t offset, const void *data, uint32_t len);
void input_queue_start(struct vhu_dev *dev, struct virtq *vq);
void input_queue_stop(struct vhu_dev *dev, struct virtq *vq);
void input_queue_kick(struct vhu_dev *dev, struct virtq *vq);

#endif /* INPUT_DEVICE_H */
