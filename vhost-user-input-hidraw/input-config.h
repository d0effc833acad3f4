/* SPDX-License-Identifier: MIT */
/*
 * The configuration space of a touch screen (virtio 1.4, section 5.8.4; struct
 * virtio_input_config of linux/virtio_input.h). The driver writes what it wants
 * to know into two bytes and finds the answer behind them.
 */
#ifndef INPUT_CONFIG_H
#define INPUT_CONFIG_H

#include <linux/virtio_input.h>
#include <stdint.h>

#include "touch.h"

#define INPUT_CONFIG_SIZE   sizeof(struct virtio_input_config)
#define INPUT_CONFIG_STRING 128 /* bytes of a name or serial number, without a final zero */

struct input_identity {
	char name[INPUT_CONFIG_STRING + 1];
	char serial[INPUT_CONFIG_STRING + 1];
	uint16_t bus; /* BUS_USB and so on of linux/input.h */
	uint16_t vendor;
	uint16_t product;
	uint16_t version;
};

/* @levels: of sensitivity, which the driver sees as ABS_MISC and asks for by MSC_RAW; 0: neither is there */
struct input_config {
	struct input_identity identity;
	struct touch_axes axes;
	unsigned int levels;
	uint8_t select;
	uint8_t subsel;
};

/* Fill @len bytes from @offset; the caller checked that they lie within INPUT_CONFIG_SIZE. */
void input_config_read(const struct input_config *config, uint32_t offset, void *data, uint32_t len);

/*
 * The driver, or a front-end that sends the whole space for each byte the driver
 * writes, wrote there. Only select and subsel take effect (5.8.5.1).
 */
void input_config_write(struct input_config *config, uint32_t offset, const void *data, uint32_t len);

/* Are these the axes that the driver was told of? It asks once. */
bool input_config_has_axes(const struct input_config *config, const struct touch_axes *axes);

#endif /* INPUT_CONFIG_H */
