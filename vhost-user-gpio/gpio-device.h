/* SPDX-License-Identifier: MIT */
/*
 * The virtio GPIO device (virtio 1.4, 5.18). Queue 0 carries requests; queue 1 the
 * buffers by which interrupts are unmasked and told.
 */
#ifndef GPIO_DEVICE_H
#define GPIO_DEVICE_H

#include "device.h"

/* The handlers of struct vhu_device_type; the state begins with struct gpio_options. */
void *gpio_new(void);
int gpio_init(struct vhu_dev *dev, void *state);
void gpio_free(void *state);
int gpio_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len);
void gpio_queue_stop(struct vhu_dev *dev, struct virtq *vq);
void gpio_queue_kick(struct vhu_dev *dev, struct virtq *vq);
void gpio_reset(struct vhu_dev *dev);

#endif /* GPIO_DEVICE_H */
