/* SPDX-License-Identifier: MIT */
/* The virtio CAN controller (virtio 1.4, 5.19): the handlers of struct vhu_device_type. */
#ifndef CAN_DEVICE_H
#define CAN_DEVICE_H

#include "device.h"

void *can_new(void); /* begins with struct can_options */
int can_init(struct vhu_dev *dev, void *state);
void can_free(void *state);
int can_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len);
void can_queue_start(struct vhu_dev *dev, struct virtq *vq);
void can_queue_stop(struct vhu_dev *dev, struct virtq *vq);
void can_queue_kick(struct vhu_dev *dev, struct virtq *vq);
void can_reset(struct vhu_dev *dev);

#endif /* CAN_DEVICE_H */
