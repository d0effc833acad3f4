// SPDX-License-Identifier: MIT
/* The interrupt of a GPIO line: every order of enabling, unmasking and firing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/virtio_gpio.h>

#include "vhost-user-gpio/gpio-chip.h"
#include "vhost-user-gpio/gpio-irq.h"

#define NONE	VIRTIO_GPIO_IRQ_TYPE_NONE
#define RISING	VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING
#define FALLING VIRTIO_GPIO_IRQ_TYPE_EDGE_FALLING
#define BOTH	VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH
#define HIGH	VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH
#define LOW	VIRTIO_GPIO_IRQ_TYPE_LEVEL_LOW

static void only_the_six_types(void **state)
{
	for (uint32_t type = 0; type < 300; type++)
		assert_int_equal(gpio_irq_type_valid(type), type <= 4 || type == 8);
	assert_false(gpio_irq_type_valid(UINT32_MAX));
	assert_false(gpio_irq_type_valid(0x10001));
}

static void watches_what_the_type_needs(void **state)
{
	assert_int_equal(gpio_irq_edges(NONE), 0);
	assert_int_equal(gpio_irq_edges(RISING), GPIO_EDGE_RISING);
	assert_int_equal(gpio_irq_edges(FALLING), GPIO_EDGE_FALLING);
	assert_int_equal(gpio_irq_edges(BOTH), GPIO_EDGE_RISING | GPIO_EDGE_FALLING);
	assert_int_equal(gpio_irq_edges(HIGH), GPIO_EDGE_RISING);
	assert_int_equal(gpio_irq_edges(LOW), GPIO_EDGE_FALLING);
}

static void unmasked_edge_fires_and_masks(void **state)
{
	struct gpio_irq irq = { 0 };

	assert_int_equal(gpio_irq_set_type(&irq, RISING), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_edge(&irq, GPIO_EDGE_FALLING), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_edge(&irq, GPIO_EDGE_RISING), GPIO_IRQ_VALID);
	/* The buffer is gone: the next edge waits for the next one. */
	assert_int_equal(gpio_irq_edge(&irq, GPIO_EDGE_RISING), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_VALID);
}

static void masked_edges_are_latched_once(void **state)
{
	struct gpio_irq irq = { 0 };

	gpio_irq_set_type(&irq, BOTH);
	for (int i = 0; i < 5; i++)
		assert_int_equal(gpio_irq_edge(&irq, i % 2 ? GPIO_EDGE_RISING : GPIO_EDGE_FALLING), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_VALID);
	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_KEEP);
}

static void latching_begins_with_the_type(void **state)
{
	struct gpio_irq irq = { 0 };

	assert_int_equal(gpio_irq_edge(&irq, GPIO_EDGE_RISING), GPIO_IRQ_KEEP);
	gpio_irq_set_type(&irq, RISING);
	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_KEEP);
}

static void disabling_returns_the_buffer(void **state)
{
	struct gpio_irq irq = { 0 };

	gpio_irq_set_type(&irq, RISING);
	gpio_irq_unmask(&irq);
	assert_int_equal(gpio_irq_set_type(&irq, NONE), GPIO_IRQ_INVALID);
	/* Once, as there is one buffer. */
	assert_int_equal(gpio_irq_set_type(&irq, NONE), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_edge(&irq, GPIO_EDGE_RISING), GPIO_IRQ_KEEP);
}

static void disabling_forgets_the_latch(void **state)
{
	struct gpio_irq irq = { 0 };

	gpio_irq_set_type(&irq, FALLING);
	gpio_irq_edge(&irq, GPIO_EDGE_FALLING);
	assert_int_equal(gpio_irq_set_type(&irq, NONE), GPIO_IRQ_KEEP);
	gpio_irq_set_type(&irq, FALLING);
	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_KEEP);
}

static void unmasking_what_is_disabled(void **state)
{
	struct gpio_irq irq = { 0 };

	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_INVALID);
	/* And the device holds nothing then. */
	assert_int_equal(gpio_irq_set_type(&irq, NONE), GPIO_IRQ_KEEP);
}

static void another_type_while_enabled(void **state)
{
	struct gpio_irq irq = { 0 };

	gpio_irq_set_type(&irq, RISING);
	gpio_irq_edge(&irq, GPIO_EDGE_RISING);
	gpio_irq_set_type(&irq, RISING);
	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_VALID);
	gpio_irq_edge(&irq, GPIO_EDGE_RISING);
	gpio_irq_set_type(&irq, FALLING);
	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_KEEP);
	/* The driver's buffer stays where it is. */
	assert_int_equal(gpio_irq_set_type(&irq, BOTH), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_edge(&irq, GPIO_EDGE_RISING), GPIO_IRQ_VALID);
}

static void levels_are_not_latched(void **state)
{
	struct gpio_irq irq = { 0 };

	gpio_irq_set_type(&irq, HIGH);
	assert_int_equal(gpio_irq_edge(&irq, GPIO_EDGE_RISING), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_level(&irq, true), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_level(&irq, false), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_level(&irq, true), GPIO_IRQ_VALID);
	/* It fires again as long as it lasts. */
	assert_int_equal(gpio_irq_unmask(&irq), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_level(&irq, true), GPIO_IRQ_VALID);
}

static void a_low_level(void **state)
{
	struct gpio_irq irq = { 0 };

	gpio_irq_set_type(&irq, LOW);
	gpio_irq_unmask(&irq);
	assert_int_equal(gpio_irq_level(&irq, true), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_level(&irq, false), GPIO_IRQ_VALID);
}

static void a_value_means_nothing_to_an_edge(void **state)
{
	struct gpio_irq irq = { 0 };

	gpio_irq_set_type(&irq, BOTH);
	gpio_irq_unmask(&irq);
	assert_int_equal(gpio_irq_level(&irq, true), GPIO_IRQ_KEEP);
	assert_int_equal(gpio_irq_level(&irq, false), GPIO_IRQ_KEEP);
}

/* Whatever the order: a buffer is never returned twice, and never while there is none. */
static void one_answer_a_buffer(void **state)
{
	static const uint8_t types[] = { NONE, RISING, FALLING, BOTH, HIGH, LOW };
	struct gpio_irq irq = { 0 };
	enum gpio_irq_answer answer;
	uint32_t seed = 12345;
	bool given = false;

	for (int i = 0; i < 200000; i++) {
		seed = seed * 1664525 + 1013904223;
		switch (seed >> 29) {
		case 0: answer = gpio_irq_set_type(&irq, types[(seed >> 8) % 6]); break;
		case 1:
		case 2:
			if (given)
				continue;
			given = true;
			answer = gpio_irq_unmask(&irq);
			break;
		case 3: answer = gpio_irq_level(&irq, seed >> 8 & 1); break;
		default: answer = gpio_irq_edge(&irq, seed >> 8 & 1 ? GPIO_EDGE_RISING : GPIO_EDGE_FALLING); break;
		}
		if (answer != GPIO_IRQ_KEEP) {
			assert_true(given);
			given = false;
		}
		assert_int_equal(irq.unmasked, given);
		assert_false(irq.latched && irq.unmasked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_six_types),
		cmocka_unit_test(watches_what_the_type_needs),
		cmocka_unit_test(unmasked_edge_fires_and_masks),
		cmocka_unit_test(masked_edges_are_latched_once),
		cmocka_unit_test(latching_begins_with_the_type),
		cmocka_unit_test(disabling_returns_the_buffer),
		cmocka_unit_test(disabling_forgets_the_latch),
		cmocka_unit_test(unmasking_what_is_disabled),
		cmocka_unit_test(another_type_while_enabled),
		cmocka_unit_test(levels_are_not_latched),
		cmocka_unit_test(a_low_level),
		cmocka_unit_test(a_value_means_nothing_to_an_edge),
		cmocka_unit_test(one_answer_a_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
