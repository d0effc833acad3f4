// SPDX-License-Identifier: MIT
#include "transform.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A panel is not a thousand times larger than its picture; products of such numbers stay exact enough. */
#define MAX_FACTOR 1000.0
#define MIN_AREA   1e-6

static const double identity[6] = { 1, 0, 0, 0, 1, 0 };

struct point {
	double x;
	double y;
};

void transform_init(struct transform *transform)
{
	memset(transform, 0, sizeof(*transform));
	memcpy(transform->calibration, identity, sizeof(identity));
}

int transform_parse_rotate(struct transform *transform, const char *degrees)
{
	static const char *const turns[] = { "0", "90", "180", "270" };
	unsigned int i;

	for (i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		if (strcmp(degrees, turns[i]) == 0) {
			transform->quarters = i;
			return 0;
		}
	}
	return -EINVAL;
}

int transform_parse_mirror(struct transform *transform, const char *axes)
{
	bool x = strcmp(axes, "x") == 0, y = strcmp(axes, "y") == 0, both = strcmp(axes, "xy") == 0;

	if (!x && !y && !both)
		return -EINVAL;
	transform->mirror_x = x || both;
	transform->mirror_y = y || both;
	return 0;
}

int transform_parse_calibration(struct transform *transform, const char *matrix)
{
	double m[6];
	unsigned int i;
	char *end;

	for (i = 0; i < 6; i++) {
		m[i] = strtod(matrix, &end);
		if (end == matrix || !isfinite(m[i]) || fabs(m[i]) > MAX_FACTOR)
			return -EINVAL;
		matrix = end;
	}
	/* All the glass on one line or point is no calibration. */
	if (matrix[strspn(matrix, " \t")] || fabs(m[0] * m[4] - m[1] * m[3]) < MIN_AREA)
		return -EINVAL;
	memcpy(transform->calibration, m, sizeof(m));
	return 0;
}

void transform_axes(const struct transform *transform, const struct touch_axes *in, struct touch_axes *out)
{
	*out = *in;
	if (transform->quarters % 2) {
		out->range[TOUCH_X] = in->range[TOUCH_Y];
		out->range[TOUCH_Y] = in->range[TOUCH_X];
		out->range[TOUCH_TOOL_X] = in->range[TOUCH_TOOL_Y];
		out->range[TOUCH_TOOL_Y] = in->range[TOUCH_TOOL_X];
	}
}

static double to_unit(const struct touch_range *range, int32_t value)
{
	double length = (double)range->max - range->min;

	return length > 0 ? ((double)value - range->min) / length : 0;
}

static int32_t from_unit(const struct touch_range *range, double value)
{
	double length = (double)range->max - range->min;

	if (value <= 0)
		return range->min;
	if (value >= 1)
		return range->max;
	return (int32_t)(range->min + (int64_t)(value * length + 0.5));
}

static struct point move(const struct transform *transform, struct point from)
{
	const double *m = transform->calibration;
	struct point to = { m[0] * from.x + m[1] * from.y + m[2], m[3] * from.x + m[4] * from.y + m[5] };

	if (transform->mirror_x)
		to.x = 1 - to.x;
	if (transform->mirror_y)
		to.y = 1 - to.y;
	switch (transform->quarters) {
	case 1: return (struct point) { 1 - to.y, to.x };
	case 2: return (struct point) { 1 - to.x, 1 - to.y };
	case 3: return (struct point) { to.y, 1 - to.x };
	default: return to;
	}
}

/*
 * The greatest value is a quarter of a turn clockwise (ABS_MT_ORIENTATION), 0 is upwards; a panel that tells up from
 * down goes twice as far. Without negative values only upright and lying are told apart: a mirror shows the same.
 */
static int32_t turn(const struct transform *transform, const struct touch_range *range, int32_t value)
{
	int64_t quarter = range->max, angle = value;

	if (range->min >= 0)
		return transform->quarters % 2 ? range->max - (value - range->min) : value;
	if (transform->mirror_x)
		angle = -angle;
	if (transform->mirror_y)
		angle = 2 * quarter - angle;
	angle += transform->quarters * quarter;
	while (angle > 2 * quarter)
		angle -= 4 * quarter;
	while (angle < -2 * quarter)
		angle += 4 * quarter;
	return (int32_t)angle;
}

/* The point of a contact at two of its axes. */
static void move_axes(const struct transform *transform, const struct touch_axes *in, const struct touch_axes *out,
	int32_t *axis, enum touch_axis x, enum touch_axis y)
{
	struct point from = { to_unit(&in->range[x], axis[x]), to_unit(&in->range[y], axis[y]) };
	struct point to = move(transform, from);

	axis[x] = from_unit(&out->range[x], to.x);
	axis[y] = from_unit(&out->range[y], to.y);
}

void transform_frame(const struct transform *transform, const struct touch_axes *in, struct touch_frame *frame)
{
	struct touch_axes out;
	unsigned int i;

	transform_axes(transform, in, &out);
	for (i = 0; i < frame->count; i++) {
		int32_t *axis = frame->contacts[i].axis;

		move_axes(transform, in, &out, axis, TOUCH_X, TOUCH_Y);
		if (in->range[TOUCH_TOOL_X].present && in->range[TOUCH_TOOL_Y].present)
			move_axes(transform, in, &out, axis, TOUCH_TOOL_X, TOUCH_TOOL_Y);
		if (in->range[TOUCH_ORIENTATION].present)
			axis[TOUCH_ORIENTATION] = turn(
				transform, &in->range[TOUCH_ORIENTATION], axis[TOUCH_ORIENTATION]);
	}
}
