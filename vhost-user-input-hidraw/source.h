/* SPDX-License-Identifier: MIT */
/* Where reports come from: a panel (panel.h) or a recording of one (recording.h). */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hid-touch.h"
#include "input-config.h"
#include "sensitivity.h"

/**
 * struct source_info - a touch screen that can be read
 * @node: its hidraw node or the recording's name
 * @sysfs: path of the HID device in sysfs, empty for a recording
 * @phys: where it is plugged in, as the kernel calls it
 * @fd: its open hidraw node, the source's; -1 for a recording
 * @touch: how to read its reports
 * @sensitivity: of HTT panels; no levels for others
 */
struct source_info {
	char node[256];
	char sysfs[256];
	char phys[128];
	int fd;
	struct input_identity identity;
	struct hid_touch *touch;
	struct sensitivity sensitivity;
};

/**
 * struct source_ops - what a source tells; all called from the event loop
 * @claim: the HID device at @sysfs is about to be opened: keep others from reading
 *	its touches from now on. NULL: it will not be after all. Not called for recordings
 * @found: a touch screen is there; owns @info->touch from now on. Unless it
 *	returns 0 the touch screen is not read, and @gone not called for it
 * @report: one input report, as hidraw gives it
 * @drained: no more reports for now. @lossy: so many had waited that the kernel
 *	may have thrown some away
 * @gone: the touch screen has vanished. Or, for a recording, all has been played
 */
struct source_ops {
	void (*claim)(void *context, const char *sysfs);
	int (*found)(void *context, const struct source_info *info);
	void (*report)(void *context, const uint8_t *report, size_t size);
	void (*drained)(void *context, bool lossy);
	void (*gone)(void *context);
};

#endif /* SOURCE_H */
