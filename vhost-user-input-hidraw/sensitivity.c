// SPDX-License-Identifier: MIT
#include "sensitivity.h"

#include <errno.h>
#include <linux/hidraw.h>
#include <string.h>
#include <sys/ioctl.h>

/* Reports 4 and 7 have one field each. */
static int ask(int fd, unsigned int id, uint32_t *value)
{
	const struct htt_report *report = htt_report_find(id);
	/* A byte more than the answer should have, so that a longer one shows. */
	uint8_t data[HTT_MAX_REPORT + 1] = { (uint8_t)id };
	uint32_t values[HTT_MAX_FIELDS] = { 0 };
	int got, ret;

	got = ioctl(fd, HIDIOCGFEATURE(report->size + 1u), data);
	if (got < 0)
		return -errno;
	ret = htt_decode(report, data, (size_t)got, values);
	if (!ret)
		*value = values[0];
	return ret;
}

void sensitivity_read(int fd, struct sensitivity *sensitivity)
{
	uint32_t driver = 0, level = 0;

	memset(sensitivity, 0, sizeof(*sensitivity));
	if (ask(fd, HTT_DRIVER, &driver))
		return;
	sensitivity->driver = driver;
	if (htt_driver_levels(driver) == 0 || ask(fd, HTT_SENSITIVITY, &level) || level >= htt_driver_levels(driver))
		return;
	sensitivity->level = level;
	sensitivity->levels = htt_driver_levels(driver);
}

int sensitivity_write(int fd, unsigned int level)
{
	uint8_t data[HTT_MAX_REPORT];
	int size = htt_encode(htt_report_find(HTT_SENSITIVITY), &level, data);

	if (size < 0)
		return size;
	return ioctl(fd, HIDIOCSFEATURE((unsigned int)size), data) < 0 ? -errno : 0;
}
