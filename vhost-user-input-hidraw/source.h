/* SPDX-License-Identifier: MIT */
/* Where reports come from: a panel (panel.h) or a recording of one (recording.h). */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hid-touch.h"
#include "input-config.h"

/**
 * struct source_info - a touch screen that can be read
 * @node: its hidraw node or the recording's name
 * @sysfs: path of the HID device in sysfs, empty for a recording
 * @touch: how to read its reports
 */
struct source_info {
	char node[256];
	char sysfs[256];
	struct input_identity identity;
	struct hid_touch *touch;
};

/**
 * struct source_ops - what a source tells; all called from the event loop
 * @found: a touch screen is there; owns @info->touch from now on. Unless it
 *	returns 0 the touch screen is not read, and @gone not called for it
 * @report: one input report, as hidraw gives it
 * @drained: no more reports for now. @lossy: so many had waited that the kernel
 *	may have thrown some away
 * @gone: the touch screen has vanished. Or, for a recording, all has been played
 */
struct source_ops {
	int (*found)(void *context, const struct source_info *info);
	void (*report)(void *context, const uint8_t *report, size_t size);
	void (*drained)(void *context, bool lossy);
	void (*gone)(void *context);
};

#endif /* SOURCE_H */
