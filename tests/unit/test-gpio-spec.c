// SPDX-License-Identifier: MIT
/* The text of --lines. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vhost-user-gpio/gpio-spec.h"

static struct gpio_spec *parse(const char *text, size_t want)
{
	struct gpio_spec *specs;
	char error[256] = "";
	size_t count;

	if (gpio_spec_parse(text, &specs, &count, error, sizeof(error)))
		fail_msg("%s: %s", text, error);
	assert_int_equal(count, want);
	return specs;
}

static void refused(const char *text, const char *word)
{
	struct gpio_spec *specs;
	char error[256] = "";
	size_t count;

	assert_int_equal(gpio_spec_parse(text, &specs, &count, error, sizeof(error)), -EINVAL);
	assert_null(specs);
	if (!strstr(error, word))
		fail_msg("\"%s\" does not say \"%s\" of %s", error, word, text);
}

static void an_offset(void **state)
{
	struct gpio_spec *specs = parse("7", 1);

	assert_int_equal(specs[0].chip, 0);
	assert_string_equal(specs[0].line, "");
	assert_int_equal(specs[0].first, 7);
	assert_int_equal(specs[0].last, 7);
	assert_string_equal(specs[0].name, "");
	assert_false(specs[0].read_only);
	assert_int_equal(specs[0].on_release, GPIO_RELEASE);
	free(specs);
}

static void order_is_kept(void **state)
{
	struct gpio_spec *specs = parse("3,1:0-2,LAMP", 3);

	assert_int_equal(specs[0].first, 3);
	assert_int_equal(specs[1].chip, 1);
	assert_int_equal(specs[1].first, 0);
	assert_int_equal(specs[1].last, 2);
	assert_string_equal(specs[2].line, "LAMP");
	free(specs);
}

static void names_that_look_like_numbers(void **state)
{
	struct gpio_spec *specs = parse("3V3_EN,1:5V-GOOD,4-wire", 3);

	assert_string_equal(specs[0].line, "3V3_EN");
	assert_int_equal(specs[1].chip, 1);
	assert_string_equal(specs[1].line, "5V-GOOD");
	assert_string_equal(specs[2].line, "4-wire");
	free(specs);
}

static void flags_and_a_name(void **state)
{
	struct gpio_spec *specs = parse("KEY=button/active-low/pull-up/debounce=5ms/ro,4=lamp/open-drain/safe=1", 2);

	assert_string_equal(specs[0].line, "KEY");
	assert_string_equal(specs[0].name, "button");
	assert_true(specs[0].wiring.active_low);
	assert_int_equal(specs[0].wiring.bias, GPIO_BIAS_PULL_UP);
	assert_int_equal(specs[0].wiring.debounce_us, 5000);
	assert_true(specs[0].read_only);
	assert_int_equal(specs[1].wiring.drive, GPIO_DRIVE_OPEN_DRAIN);
	assert_int_equal(specs[1].on_release, GPIO_RELEASE_SAFE_1);
	free(specs);
}

static void bad_entries(void **state)
{
	refused("", "1 to 31 characters");
	refused("1,,2", "1 to 31 characters");
	refused("1,", "1 to 31 characters");
	refused("5-3", "end comes before");
	refused("0-3=lamp", "cannot all be called");
	refused("1=", "1 to 31 characters");
	refused("1=a-name-that-is-much-too-long-for-the-kernel", "1 to 31 characters");
	refused("1/loud", "no flag");
	refused("1/", "no flag");
	refused("1/safe=2", "no flag");
	refused("1/debounce=5", "debounce wants");
	refused("1/debounce=5s", "debounce wants");
	refused("1/debounce=-5ms", "debounce wants");
	refused("1/debounce=10001ms", "debounce wants");
	refused("1/debounce=99999999999999999999us", "debounce wants");
}

/* More than fits a number is a name that no chip has. */
static void huge_numbers(void **state)
{
	struct gpio_spec *specs = parse("99999999999999999999", 1);

	assert_string_equal(specs[0].line, "99999999999999999999");
	free(specs);
}

static void too_many(void **state)
{
	char *text = malloc(2 * (GPIO_MAX_LINES + 1) + 1);

	assert_non_null(text);
	for (size_t i = 0; i <= GPIO_MAX_LINES; i++)
		memcpy(text + 2 * i, "1,", 3);
	text[2 * (GPIO_MAX_LINES + 1) - 1] = '\0';
	refused(text, "more than");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_offset),
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(names_that_look_like_numbers),
		cmocka_unit_test(flags_and_a_name),
		cmocka_unit_test(bad_entries),
		cmocka_unit_test(huge_numbers),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
