// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "descriptors.h"
#include "feature.h"

/* Touch controller families as the panel numbers them. */
#define DRIVER_GT9XX 3

#define SENSITIVITY_MAX 2
#define ROTATION_MAX	3

void features_init(struct features *features)
{
	*features = (struct features) {
		.contact_max = PANEL_MAX_CONTACTS,
		.driver = DRIVER_GT9XX,
		.firmware = 0x0105,
		.threshold = 300,
	};
}

static size_t feature_payload(const struct features *features, uint8_t id, uint8_t *payload)
{
	unsigned int i;

	switch (id) {
	case FEATURE_CONTACT_MAX: payload[0] = features->contact_max; return 1;
	case FEATURE_DRIVER: payload[0] = features->driver; return 1;
	case FEATURE_SENSITIVITY: payload[0] = features->sensitivity; return 1;
	case FEATURE_ROTATION: payload[0] = features->rotation; return 1;
	case FEATURE_FIRMWARE:
		for (i = 0; i < 4; i++)
			payload[i] = features->firmware >> (8 * i) & 0xff;
		return 4;
	case FEATURE_THRESHOLD:
		payload[0] = features->threshold >> 8;
		payload[1] = features->threshold & 0xff;
		return 2;
	default: return 0;
	}
}

int features_get(const struct features *features, uint8_t id, uint8_t *buffer, size_t size)
{
	uint8_t payload[4];
	size_t length = feature_payload(features, id, payload);

	if (length == 0)
		return -ENXIO;
	if (size < length + 1)
		return -ENOSPC;
	buffer[0] = id;
	memcpy(buffer + 1, payload, length);
	return (int)length + 1;
}

int features_set(struct features *features, const uint8_t *data, size_t size, bool *reboot)
{
	uint8_t payload[4];
	size_t length;

	*reboot = false;
	if (size < 1)
		return -EINVAL;
	length = feature_payload(features, data[0], payload);
	if (length == 0)
		return -ENXIO;
	if (size != length + 1)
		return -EINVAL;
	switch (data[0]) {
	case FEATURE_SENSITIVITY:
		if (data[1] > SENSITIVITY_MAX)
			return -EINVAL;
		features->sensitivity = data[1];
		*reboot = true;
		return 0;
	case FEATURE_ROTATION:
		if (data[1] > ROTATION_MAX)
			return -EINVAL;
		features->rotation = data[1];
		return 0;
	case FEATURE_THRESHOLD: features->threshold = (uint16_t)(data[1] << 8 | data[2]); return 0;
	default: return -EPERM;
	}
}
