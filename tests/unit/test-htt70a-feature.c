// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "demo/dummy/descriptors.h"
#include "demo/dummy/feature.h"

/* What the vendor's utility reads and writes; sizes with the id byte. */
static const struct {
	uint8_t id;
	size_t size;
	bool readable;
	bool writable;
	bool reboots;
} reports[] = {
	{ 2, 2, true, false, false },
	{ 4, 2, true, false, false },
	{ 7, 2, true, true, true },
	{ 8, 2, true, true, false },
	{ 9, 5, true, false, false },
	{ 10, 3, true, true, false },
	{ 11, 2, false, true, false },
	{ 12, 2, false, true, false },
	{ 15, 2, true, true, false },
	{ 16, 13, true, true, false },
	{ 17, 2, false, true, false },
	{ 18, 4, true, true, false },
	{ 19, 2, false, true, true },
	{ 20, 5, false, true, false },
	{ 26, 3, true, true, false },
};

#define NUM_REPORTS (sizeof(reports) / sizeof(reports[0]))

static int set(struct features *features, const char *bytes, size_t size, bool *reboot)
{
	return features_set(features, (const uint8_t *)bytes, size, reboot);
}

static void assert_value(const struct features *features, const char *bytes, size_t size)
{
	uint8_t report[16];

	assert_int_equal(features_get(features, (uint8_t)bytes[0], report, sizeof(report)), size);
	assert_memory_equal(report, bytes, size);
}

static void every_report_has_its_length(void **state)
{
	struct features features;
	uint8_t report[16], answer[16];
	bool reboot;
	size_t i;

	assert_int_equal(NUM_REPORTS, FEATURE_REPORTS);
	for (i = 0; i < NUM_REPORTS; i++) {
		size_t size = reports[i].size;

		features_init(&features, DRIVER_MXT, false);
		memset(report, 0, sizeof(report));
		report[0] = reports[i].id;
		assert_int_equal(features_get(&features, reports[i].id, answer, sizeof(answer)),
			reports[i].readable ? (int)size : -EACCES);
		if (reports[i].readable)
			assert_int_equal(features_get(&features, reports[i].id, answer, size - 1), -ENOSPC);
		assert_int_equal(features_set(&features, report, size - 1, &reboot), -EINVAL);
		assert_int_equal(features_set(&features, report, size + 1, &reboot), -EINVAL);
		assert_false(reboot);
		assert_int_equal(features_set(&features, report, size, &reboot), reports[i].writable ? 0 : -EPERM);
		assert_int_equal(reboot, reports[i].reboots);
	}
}

static void other_reports_are_refused(void **state)
{
	struct features features;
	uint8_t report[16] = { 0 };
	unsigned int id;
	bool reboot;
	size_t i;

	features_init(&features, DRIVER_MXT, false);
	assert_int_equal(features_set(&features, report, 0, &reboot), -EINVAL);
	for (id = 0; id < 256; id++) {
		for (i = 0; i < NUM_REPORTS && reports[i].id != id; i++)
			;
		if (i < NUM_REPORTS)
			continue;
		report[0] = (uint8_t)id;
		assert_int_equal(features_get(&features, (uint8_t)id, report, sizeof(report)), -ENXIO);
		assert_int_equal(features_set(&features, report, 2, &reboot), -ENXIO);
	}
}

static void values_out_of_range_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} wrong[] = {
		{ "\x07\x03", 2 },
		{ "\x08\x04", 2 },
		{ "\x0a\x80\x02", 3 },
		{ "\x0b\x65", 2 },
		{ "\x0c\xff", 2 },
		{ "\x0f\x04", 2 },
		{ "\x11\x01", 2 },
		{ "\x12\x00\x10\x02", 4 },
		{ "\x13\x01", 2 },
		{ "\x14\x12\x00\x10\x01", 5 },
		{ "\x14\x11\x00\x10\x0b", 5 },
	};
	struct features features, before;
	bool reboot;
	size_t i;

	features_init(&features, DRIVER_MXT, false);
	before = features;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(set(&features, wrong[i].bytes, wrong[i].size, &reboot), -EINVAL);
		assert_false(reboot);
	}
	assert_memory_equal(&features, &before, sizeof(features));
}

static void families_have_their_levels(void **state)
{
	static const unsigned int levels[DRIVER_COUNT] = { 0, 0, 3, 2, 0, 0 };
	static const char *const names[DRIVER_COUNT] = { "none", "resistive", "mxt", "gt9xx", "ft5xx", "ili25xx" };
	struct features features;
	unsigned int driver, level;
	bool reboot;

	for (driver = 0; driver < DRIVER_COUNT; driver++) {
		const uint8_t type[] = { 4, (uint8_t)driver };

		assert_int_equal(features_find_driver(names[driver]), driver);
		features_init(&features, driver, false);
		assert_value(&features, (const char *)type, sizeof(type));
		for (level = 0; level < 4; level++) {
			const uint8_t report[] = { 7, (uint8_t)level };
			bool has = level < levels[driver];

			assert_int_equal(features_set(&features, report, sizeof(report), &reboot), has ? 0 : -EINVAL);
			assert_int_equal(reboot, has);
			if (has)
				assert_int_equal(features_sensitivity(&features), level);
		}
	}
	assert_int_equal(features_find_driver("MXT2"), -ENOENT);
}

static void what_is_saved_lives_through_a_reboot(void **state)
{
	struct features features;
	bool reboot;

	features_init(&features, DRIVER_MXT, false);
	assert_int_equal(set(&features, "\x07\x02", 2, &reboot), 0);
	assert_int_equal(set(&features, "\x08\x03", 2, &reboot), 0);
	assert_int_equal(set(&features, "\x1a\x12\x34", 3, &reboot), 0);
	assert_int_equal(set(&features, "\x10\x50\x40\x30\x20\x00\x0a\x00\x14\x00\x1e\x01\x00", 13, &reboot), 0);
	assert_int_equal(set(&features, "\x0a\x40\x01", 3, &reboot), 0);
	assert_int_equal(set(&features, "\x0a\x10\x00", 3, &reboot), 0);
	assert_int_equal(set(&features, "\x12\x01\x00\x00", 4, &reboot), 0);
	assert_value(&features, "\x0a\x10\x00", 3);
	assert_value(&features, "\x12\x01\x00\x00", 4);
	features_restart(&features);
	assert_value(&features, "\x0a\x40\x00", 3);
	assert_value(&features, "\x12\x00\xc8\x00", 4);
	assert_value(&features, "\x07\x02", 2);
	assert_value(&features, "\x1a\x12\x34", 3);
	assert_value(&features, "\x10\x50\x40\x30\x20\x00\x0a\x00\x14\x00\x1e\x01\x00", 13);
	assert_int_equal(features_rotation(&features), 3);
}

static void a_factory_reset_forgets_all(void **state)
{
	struct features features, fresh;
	bool reboot;

	features_init(&fresh, DRIVER_GT9XX, false);
	features = fresh;
	assert_int_equal(set(&features, "\x07\x01", 2, &reboot), 0);
	assert_int_equal(set(&features, "\x0a\x40\x01", 3, &reboot), 0);
	assert_int_equal(set(&features, "\x13\x00", 2, &reboot), 0);
	assert_true(reboot);
	features_restart(&features);
	assert_memory_equal(&features, &fresh, sizeof(features));
}

static void a_forgetful_panel_reboots_in_vain(void **state)
{
	struct features features;
	bool reboot;

	features_init(&features, DRIVER_MXT, true);
	assert_int_equal(set(&features, "\x07\x02", 2, &reboot), 0);
	assert_true(reboot);
	features_restart(&features);
	assert_int_equal(features_sensitivity(&features), 0);
	assert_int_equal(set(&features, "\x08\x01", 2, &reboot), 0);
	assert_int_equal(features_rotation(&features), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_report_has_its_length),
		cmocka_unit_test(other_reports_are_refused),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(families_have_their_levels),
		cmocka_unit_test(what_is_saved_lives_through_a_reboot),
		cmocka_unit_test(a_factory_reset_forgets_all),
		cmocka_unit_test(a_forgetful_panel_reboots_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
