/* SPDX-License-Identifier: MIT */
/* A device of the adapter between a scripted daemon and a fake kernel, for the tests of its life. */
#ifndef TESTS_ADAPTER_FIXTURE_H
#define TESTS_ADAPTER_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter-fake.h"
#include "adapter/device.h"

#define TIMEOUT_MS 150 /* of the adapter, for one request */

struct fixture {
	struct options opt;
	char path[64];
	sd_event *event;
	struct device *dev;
	struct fake fake;
	bool listening;
	bool over; /* the loop has ended */
	int exit_code;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

void start_daemon(struct fixture *x);
void stop_daemon(struct fixture *x);
void begin(struct fixture *x); /* the device's life */

/* Run the adapter's loop until @done is true; false after three seconds. */
bool run_until(struct fixture *x, bool (*done)(const struct fixture *x));
void run_for(struct fixture *x, int ms);
int64_t now_ms(void);

#endif /* TESTS_ADAPTER_FIXTURE_H */
