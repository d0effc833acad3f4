/* SPDX-License-Identifier: MIT */
/* The kernel's side of adapter/module.h as the tests of adapter/device.c need it. */
#ifndef TESTS_ADAPTER_FAKE_MODULE_H
#define TESTS_ADAPTER_FAKE_MODULE_H

#include "adapter/module.h"

/**
 * struct fake_kernel - what the fake did, and how it shall behave
 * @open_error: module_open() fails with it; @create_error, @adopt_error, @respond_error and @resume_error likewise
 * @orphan: what there is to adopt, while @adopt_error is 0; @adopted: how often that was done
 * @created: devices made so far; @alive: those not freed
 * @used_idx: of every ring; @idle: nothing is in flight
 */
struct fake_kernel {
	int open_error;
	int create_error;
	int adopt_error;
	int respond_error;
	int resume_error;
	struct module_orphan orphan;
	unsigned int adopted;
	unsigned int created;
	unsigned int alive;
	bool up;
	bool running;
	unsigned int rekicks;
	unsigned int config_changes;
	uint16_t used_idx;
	bool idle;
	struct module_device device;
	struct vlb_response response;
	unsigned int responses;
	int requests; /* the tests write struct vlb_request to it; -1 without a device */
};

struct fake_kernel *fake_kernel(void);
void fake_kernel_reset(void);

#endif /* TESTS_ADAPTER_FAKE_MODULE_H */
