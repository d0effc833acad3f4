// SPDX-License-Identifier: MIT
/* The text of --filter, and what passes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vhost-user-can/can-filter.h"

static struct can_filters parse(const char *text)
{
	struct can_filters filters = { 0 };
	char error[160] = "";

	if (can_filters_parse(&filters, text, error, sizeof(error)))
		fail_msg("%s: %s", text, error);
	return filters;
}

static void refused(const char *text)
{
	struct can_filters filters = { 0 };
	char error[160] = "";

	if (can_filters_parse(&filters, text, error, sizeof(error)) != -EINVAL)
		fail_msg("\"%s\" was taken", text);
	assert_true(strlen(error) > 10);
}

static void nothing_lets_all_pass(void **state)
{
	struct can_filters filters = { 0 };

	assert_true(can_filters_pass(&filters, 0));
	assert_true(can_filters_pass(&filters, CAN_EFF_FLAG | CAN_EFF_MASK));
}

/* All identifiers of eleven bits against what the words say. */
static void each_identifier(void **state)
{
	struct can_filters only = parse("123:7FF"), not = parse("123~7ff"), range = parse("120:7F0");

	for (canid_t id = 0; id <= CAN_SFF_MASK; id++) {
		assert_int_equal(can_filters_pass(&only, id), id == 0x123);
		assert_int_equal(can_filters_pass(&not, id), id != 0x123);
		assert_int_equal(can_filters_pass(&range, id), id >= 0x120 && id <= 0x12f);
	}
}

static void several_and_all_of_several(void **state)
{
	struct can_filters any = parse("100:7FF,200:7FF"), all = parse("100:700,10F~7FF,j");

	for (canid_t id = 0; id <= CAN_SFF_MASK; id++) {
		assert_int_equal(can_filters_pass(&any, id), id == 0x100 || id == 0x200);
		assert_int_equal(can_filters_pass(&all, id), (id & 0x700) == 0x100 && id != 0x10f);
	}
}

static void kinds_matter_if_the_mask_says_so(void **state)
{
	struct can_filters either = parse("123:7FF"), standard = parse("123:C00007FF"),
			   extended = parse("00000123:DFFFFFFF");

	assert_true(can_filters_pass(&either, 0x123 | CAN_EFF_FLAG));
	assert_true(can_filters_pass(&either, 0x123 | CAN_RTR_FLAG));
	assert_true(can_filters_pass(&standard, 0x123));
	assert_false(can_filters_pass(&standard, 0x123 | CAN_EFF_FLAG));
	assert_false(can_filters_pass(&standard, 0x123 | CAN_RTR_FLAG));
	assert_true(can_filters_pass(&extended, 0x123 | CAN_EFF_FLAG));
	assert_false(can_filters_pass(&extended, 0x123));
}

static void two_options_add_up(void **state)
{
	struct can_filters filters = parse("100:7FF");
	char error[160];

	assert_int_equal(can_filters_parse(&filters, "200:7FF", error, sizeof(error)), 0);
	assert_int_equal(filters.count, 2);
	assert_true(can_filters_pass(&filters, 0x200));
}

static void nonsense(void **state)
{
	static const char *const texts[] = { "", ",", "123", "123:", ":7FF", "~", "123:7FF,", ",123:7FF", "123:7FF 1:2",
		"x:7FF", "123:7FG", "123456789:7FF", "123:123456789", "123:7FF:1", "-1:7FF", "0x123:7FF", "123=7FF",
		"jj", "#FFFFFFFF" };
	char many[CAN_MAX_FILTERS * 4 + 5];
	size_t used = 0;

	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refused(texts[i]);
	for (int i = 0; i < CAN_MAX_FILTERS; i++)
		used += (size_t)snprintf(many + used, sizeof(many) - used, "1:1,");
	snprintf(many + used, sizeof(many) - used, "1:1");
	refused(many);
	many[strlen(many) - 4] = '\0';
	assert_int_equal(parse(many).count, CAN_MAX_FILTERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_lets_all_pass),
		cmocka_unit_test(each_identifier),
		cmocka_unit_test(several_and_all_of_several),
		cmocka_unit_test(kinds_matter_if_the_mask_says_so),
		cmocka_unit_test(two_options_add_up),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests_name("can-filter", tests, NULL, NULL);
}
