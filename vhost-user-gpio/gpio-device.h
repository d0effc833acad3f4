/* SPDX-License-Identifier: MIT */
/*
 * The virtio GPIO device (virtio 1.4, 5.18). Queue 0 carries requests; queue 1 the
 * buffers by which interrupts are unmasked and told.
 */
#ifndef GPIO_DEVICE_H
#define GPIO_DEVICE_H

#include "device.h"

extern const struct vhu_device_type gpio_type;

#endif /* GPIO_DEVICE_H */
