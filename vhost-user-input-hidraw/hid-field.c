// SPDX-License-Identifier: MIT
#include <errno.h>

#include "hid-parser.h"

int hid_field_get(
	const struct hid_field *field, unsigned int index, const uint8_t *payload, size_t size, int64_t *value)
{
	uint64_t bit = (uint64_t)field->bit_offset + (uint64_t)index * field->bits;
	uint64_t raw = 0;
	unsigned int i, bytes, shift = bit % 8;

	if (index >= field->count || field->bits == 0 || field->bits > 32)
		return -EINVAL;
	if (bit + field->bits > (uint64_t)size * 8)
		return -EMSGSIZE;
	bytes = (shift + field->bits + 7) / 8;
	for (i = 0; i < bytes; i++)
		raw |= (uint64_t)payload[bit / 8 + i] << 8 * i;
	raw = raw >> shift & ((UINT64_C(1) << field->bits) - 1);
	*value = (int64_t)raw;
	if (field->min < 0 && raw >> (field->bits - 1))
		*value -= INT64_C(1) << field->bits;
	return 0;
}
