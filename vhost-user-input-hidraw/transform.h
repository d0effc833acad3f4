/* SPDX-License-Identifier: MIT */
/*
 * Turns, mirrors and calibrates what a panel reports, for one that is mounted
 * otherwise than the picture on it. Coordinates are normalised for it: 0 is the
 * least value of the axis, 1 the greatest; x to the right, y downwards. Applied
 * are, in this order, the calibration matrix, the mirror and the turn. No I/O.
 */
#ifndef TRANSFORM_H
#define TRANSFORM_H

#include "touch.h"

/**
 * struct transform - what is done to each contact
 * @calibration: x' = a x + b y + c, y' = d x + e y + f, as "a b c d e f"; the meaning of
 *	libinput's LIBINPUT_CALIBRATION_MATRIX
 * @mirror_x: left becomes right, @mirror_y: top becomes bottom
 * @quarters: 0 to 3 quarters of a turn clockwise
 */
struct transform {
	double calibration[6];
	bool mirror_x;
	bool mirror_y;
	unsigned int quarters;
};

void transform_init(struct transform *transform); /* does nothing to the contacts */

/*
 * From the text of an option. 0, or -EINVAL: @degrees is not 0, 90, 180 or 270; @axes
 * not x, y or xy; @matrix not six finite numbers of a reasonable size that have an inverse.
 */
int transform_parse_rotate(struct transform *transform, const char *degrees);
int transform_parse_mirror(struct transform *transform, const char *axes);
int transform_parse_calibration(struct transform *transform, const char *matrix);

/* The axes of what comes out: a quarter of a turn exchanges ranges and resolutions of X and Y. */
void transform_axes(const struct transform *transform, const struct touch_axes *in, struct touch_axes *out);

/*
 * Change all contacts of @frame. @in: the axes of what came in, which are the panel's. The result is within
 * the ranges of transform_axes(). A contact's ellipse is mirrored and turned too; its size stays.
 */
void transform_frame(const struct transform *transform, const struct touch_axes *in, struct touch_frame *frame);

#endif /* TRANSFORM_H */
