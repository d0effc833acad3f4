// SPDX-License-Identifier: MIT
/* When a panel is restarted for its sensitivity, and when not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vhost-user-input-hidraw/level-policy.h"

#define LEVELS 3

static const char *why;
static enum level_fault fault;

static struct level_policy make(int wish)
{
	struct level_policy policy;

	level_policy_init(&policy, wish, 1000);
	return policy;
}

static enum level_step seen(struct level_policy *policy, unsigned int level)
{
	return level_policy_seen(policy, LEVELS, level, 1000, &fault);
}

static enum level_step request(struct level_policy *policy, unsigned int level, uint64_t now)
{
	return level_policy_request(policy, level, now, &why);
}

/* The panel restarts and has the level that was set. */
static enum level_step restart(struct level_policy *policy)
{
	unsigned int level = (unsigned int)policy->target;

	level_policy_gone(policy);
	return seen(policy, level);
}

static void option_is_applied_at_each_attach(void **state)
{
	struct level_policy policy = make(HTT_EXTRA);

	assert_int_equal(seen(&policy, HTT_NORMAL), LEVEL_SET);
	assert_int_equal(policy.target, HTT_EXTRA);
	assert_int_equal(restart(&policy), LEVEL_TELL);
	assert_int_equal(fault, LEVEL_FINE);
	level_policy_gone(&policy);
	assert_int_equal(seen(&policy, HTT_EXTRA), LEVEL_TELL);
	level_policy_gone(&policy);
	assert_int_equal(seen(&policy, HTT_HIGH), LEVEL_SET);
	assert_int_equal(policy.target, HTT_EXTRA);
}

static void panel_that_forgets_is_restarted_once(void **state)
{
	struct level_policy policy = make(HTT_EXTRA);
	unsigned int i, complaints = 0;

	assert_int_equal(seen(&policy, HTT_NORMAL), LEVEL_SET);
	for (i = 0; i < 100; i++) {
		level_policy_gone(&policy);
		assert_int_equal(seen(&policy, HTT_NORMAL), LEVEL_TELL);
		complaints += fault == LEVEL_NOT_KEPT;
	}
	assert_int_equal(complaints, 1);
}

static void panel_without_levels(void **state)
{
	struct level_policy policy = make(HTT_NORMAL);

	assert_int_equal(level_policy_seen(&policy, 0, 0, 1000, &fault), LEVEL_REST);
	assert_int_equal(request(&policy, HTT_NORMAL, 1000), LEVEL_REST);
	assert_non_null(why);
	assert_int_equal(level_policy_give_up(&policy), LEVEL_REST);
}

static void level_that_the_panel_lacks(void **state)
{
	struct level_policy policy = make(HTT_EXTRA);

	assert_int_equal(level_policy_seen(&policy, 2, HTT_NORMAL, 1000, &fault), LEVEL_TELL);
	assert_int_equal(fault, LEVEL_LACKING);
	assert_int_equal(request(&policy, HTT_EXTRA, 1000), LEVEL_TELL);
	assert_non_null(why);
	assert_int_equal(request(&policy, HTT_HIGH, 1000), LEVEL_SET);
	assert_null(why);
}

static void another_panel_that_lacks_the_level(void **state)
{
	struct level_policy policy = make(HTT_EXTRA);
	unsigned int i, complaints = 0;

	seen(&policy, HTT_EXTRA);
	assert_int_equal(fault, LEVEL_FINE);
	for (i = 0; i < 100; i++) {
		level_policy_gone(&policy);
		/* Of a type with two levels, or with none */
		assert_int_not_equal(level_policy_seen(&policy, i % 2 * 2, HTT_NORMAL, 1000, &fault), LEVEL_SET);
		complaints += fault == LEVEL_LACKING;
	}
	assert_int_equal(complaints, 1);
	/* The first one again, and then the other one again */
	level_policy_gone(&policy);
	assert_int_equal(seen(&policy, HTT_NORMAL), LEVEL_SET);
	assert_int_equal(fault, LEVEL_FINE);
	assert_int_equal(restart(&policy), LEVEL_TELL);
	level_policy_gone(&policy);
	assert_int_equal(level_policy_seen(&policy, 2, HTT_HIGH, 1000, &fault), LEVEL_TELL);
	assert_int_equal(fault, LEVEL_LACKING);
}

static void present_level_costs_no_restart(void **state)
{
	struct level_policy policy = make(LEVEL_NONE);
	unsigned int i;

	seen(&policy, HTT_HIGH);
	for (i = 0; i < 1000; i++)
		assert_int_equal(request(&policy, HTT_HIGH, 1000), LEVEL_TELL);
	assert_null(why);
	assert_int_equal(policy.restarts, LEVEL_POLICY_RESTARTS);
}

static void last_request_of_a_restart_wins(void **state)
{
	struct level_policy policy = make(LEVEL_NONE);
	unsigned int i;

	seen(&policy, HTT_NORMAL);
	assert_int_equal(request(&policy, HTT_EXTRA, 1000), LEVEL_SET);
	for (i = 0; i < 999; i++)
		assert_int_equal(request(&policy, i % LEVELS, 1000), LEVEL_REST);
	assert_int_equal(request(&policy, HTT_HIGH, 1000), LEVEL_REST);
	assert_int_equal(policy.restarts, LEVEL_POLICY_RESTARTS - 1);
	assert_int_equal(restart(&policy), LEVEL_SET);
	assert_int_equal(policy.target, HTT_HIGH);
	assert_int_equal(restart(&policy), LEVEL_TELL);
	assert_int_equal(policy.level, HTT_HIGH);
	/* One that asks for what comes anyway */
	assert_int_equal(request(&policy, HTT_EXTRA, 1000), LEVEL_SET);
	assert_int_equal(request(&policy, HTT_EXTRA, 1000), LEVEL_REST);
	assert_int_equal(restart(&policy), LEVEL_TELL);
}

static void requests_while_the_panel_is_away(void **state)
{
	struct level_policy policy = make(LEVEL_NONE);

	assert_int_equal(request(&policy, HTT_HIGH, 1000), LEVEL_REST);
	seen(&policy, HTT_NORMAL);
	level_policy_gone(&policy);
	assert_int_equal(request(&policy, HTT_HIGH, 1000), LEVEL_TELL);
	assert_non_null(why);
	assert_int_equal(seen(&policy, HTT_NORMAL), LEVEL_TELL);
}

static unsigned int restarts_in(struct level_policy *policy, uint64_t from, uint64_t span)
{
	unsigned int count = 0;
	uint64_t now;

	for (now = from; now < from + span; now += 1000000)
		if (request(policy, (unsigned int)(policy->level + 1) % LEVELS, now) == LEVEL_SET) {
			count++;
			restart(policy);
		}
	return count;
}

static void driver_cannot_keep_the_panel_restarting(void **state)
{
	struct level_policy policy = make(LEVEL_NONE);

	seen(&policy, HTT_NORMAL);
	assert_int_equal(restarts_in(&policy, 2000, LEVEL_POLICY_PERIOD_US / 2), LEVEL_POLICY_RESTARTS);
	assert_non_null(why);
	assert_int_equal(restarts_in(&policy, LEVEL_POLICY_PERIOD_US + 2000, 10 * LEVEL_POLICY_PERIOD_US), 10);
	/* A long pause gives no more than the first allowance. */
	assert_int_equal(
		restarts_in(&policy, 1000 * LEVEL_POLICY_PERIOD_US, LEVEL_POLICY_PERIOD_US / 2), LEVEL_POLICY_RESTARTS);
}

static void request_outlives_the_option(void **state)
{
	struct level_policy policy = make(HTT_NORMAL);

	seen(&policy, HTT_NORMAL);
	assert_int_equal(request(&policy, HTT_HIGH, 1000), LEVEL_SET);
	assert_int_equal(restart(&policy), LEVEL_TELL);
	assert_int_equal(policy.level, HTT_HIGH);
	level_policy_gone(&policy);
	assert_int_equal(seen(&policy, HTT_NORMAL), LEVEL_SET);
	assert_int_equal(policy.target, HTT_HIGH);
}

static void panel_that_does_not_come_back(void **state)
{
	struct level_policy policy = make(LEVEL_NONE);

	seen(&policy, HTT_NORMAL);
	assert_int_equal(request(&policy, HTT_HIGH, 1000), LEVEL_SET);
	request(&policy, HTT_EXTRA, 1000);
	level_policy_gone(&policy);
	assert_int_equal(level_policy_give_up(&policy), LEVEL_TELL);
	/* Plugged in much later: nothing is left of the old request. */
	assert_int_equal(seen(&policy, HTT_NORMAL), LEVEL_TELL);
	assert_int_equal(fault, LEVEL_FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(option_is_applied_at_each_attach),
		cmocka_unit_test(panel_that_forgets_is_restarted_once),
		cmocka_unit_test(panel_without_levels),
		cmocka_unit_test(level_that_the_panel_lacks),
		cmocka_unit_test(another_panel_that_lacks_the_level),
		cmocka_unit_test(present_level_costs_no_restart),
		cmocka_unit_test(last_request_of_a_restart_wins),
		cmocka_unit_test(requests_while_the_panel_is_away),
		cmocka_unit_test(driver_cannot_keep_the_panel_restarting),
		cmocka_unit_test(request_outlives_the_option),
		cmocka_unit_test(panel_that_does_not_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
