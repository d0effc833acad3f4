// SPDX-License-Identifier: MIT
/* The adapter's command line, its table of devices, and what it lets through to the driver. */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter/options.h"

#define BIT(n) (1ULL << (n))
#define ARGS   16

/* Parse a command line of words; what goes to standard error lands in @said. */
static int parse(const char *line, struct options *opt, char *copy, size_t size, char *said, size_t said_size)
{
	char *argv[ARGS] = { (char *)"adapter" };
	int argc = 1, pipefd[2], saved, ret;
	ssize_t n;

	snprintf(copy, size, "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	assert_int_equal(pipe(pipefd), 0);
	saved = dup(STDERR_FILENO);
	dup2(pipefd[1], STDERR_FILENO);
	close(pipefd[1]);
	ret = options_parse(argc, argv, opt);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(pipefd[0], said, said_size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(pipefd[0]);
	return ret;
}

static void good_lines(void **state)
{
	struct options opt;
	char copy[256], said[512];

	assert_int_equal(parse("--device input --socket-path /s", &opt, copy, sizeof(copy), said, sizeof(said)), 0);
	assert_int_equal(opt.type.id, VIRTIO_ID_INPUT);
	assert_int_equal(opt.type.config_size, 136);
	assert_int_equal(opt.grace, 5);
	assert_int_equal(opt.wait_timeout, OPTIONS_FOREVER);
	assert_true(opt.indirect);
	assert_string_equal(said, "");

	assert_int_equal(parse("--device=blk --num-queues=4 --queue-size=256 --config-size=96 --bounce-size=1M "
			       "--no-indirect --grace=-1 --wait-timeout=0 --name=a.b-c_1 --socket-path=/s",
				 &opt, copy, sizeof(copy), said, sizeof(said)),
		0);
	assert_int_equal(opt.type.num_queues, 4);
	assert_int_equal(opt.type.queue_size, 256);
	assert_int_equal(opt.type.config_size, 96);
	assert_int_equal(opt.type.bounce_size, 1 << 20);
	assert_false(opt.indirect);
	assert_int_equal(opt.grace, OPTIONS_FOREVER);
	assert_int_equal(opt.wait_timeout, 0);

	assert_int_equal(
		parse("--device-id 29 --num-queues 2 --socket-path /s", &opt, copy, sizeof(copy), said, sizeof(said)),
		0);
	assert_int_equal(opt.type.id, 29);
	assert_int_equal(opt.type.config_size, 0);
	assert_false(opt.type.resumable);
	assert_int_equal(parse("--device=gpio --socket-path=/s", &opt, copy, sizeof(copy), said, sizeof(said)), 0);
	assert_false(opt.type.resumable);
	assert_int_equal(
		parse("--device=gpio --resumable --socket-path=/s", &opt, copy, sizeof(copy), said, sizeof(said)), 0);
	assert_true(opt.type.resumable);
	assert_int_equal(
		parse("--device=fs --fs-tag=a_tag --socket-path=/s", &opt, copy, sizeof(copy), said, sizeof(said)), 0);
	assert_string_equal(opt.config.fs_tag, "a_tag");
	assert_int_equal(parse("--device=net --mac=52:54:00:aB:Cd:ff --mtu=1280 --socket-path=/s", &opt, copy,
				 sizeof(copy), said, sizeof(said)),
		0);
	assert_true(opt.config.have_mac);
	assert_memory_equal(opt.config.mac, "\x52\x54\x00\xab\xcd\xff", 6);
	assert_int_equal(opt.config.mtu, 1280);
	assert_int_equal(
		parse("--device=gpu --screen=800x480 --socket-path=/s", &opt, copy, sizeof(copy), said, sizeof(said)),
		0);
	assert_int_equal(opt.config.width, 800);
	assert_int_equal(opt.config.height, 480);
	assert_int_equal(parse("--list-devices", &opt, copy, sizeof(copy), said, sizeof(said)), 0);
	assert_true(opt.list);
}

static void bad_lines(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "", "Give --device" },
		{ "--device toaster --socket-path /s", "input, rng" },
		{ "--device input", "--socket-path is missing" },
		{ "--device-id 29 --socket-path /s", "needs --num-queues" },
		{ "--device-id 64 --num-queues 1 --socket-path /s", "from 1 to 63" },
		{ "--device-id 0 --num-queues 1 --socket-path /s", "from 1 to 63" },
		{ "--device input --num-queues 257 --socket-path /s", "from 1 to 256" },
		{ "--device input --num-queues 0 --socket-path /s", "from 1 to 256" },
		{ "--device fs --fs-tag t --num-queues 1 --socket-path /s", "has 2 or more" },
		{ "--device input --queue-size 63 --socket-path /s", "power of two" },
		{ "--device input --queue-size 2048 --socket-path /s", "from 1 to 1024" },
		{ "--device input --config-size 257 --socket-path /s", "from 0 to 256" },
		{ "--device input --config-size 1x --socket-path /s", "from 0 to 256" },
		{ "--device input --bounce-size 100 --socket-path /s", "multiple of 64K" },
		{ "--device input --bounce-size 64G --socket-path /s", "multiple of 64K" },
		{ "--device input --bounce-size -64K --socket-path /s", "multiple of 64K" },
		{ "--device input --bounce-size 0 --socket-path /s", "multiple of 64K" },
		{ "--device input --bounce-size 18446744073709551615M --socket-path /s", "multiple of 64K" },
		{ "--device input --grace -2 --socket-path /s", "--grace wants" },
		{ "--device input --wait-timeout soon --socket-path /s", "--wait-timeout wants" },
		{ "--device input --deadline 0 --socket-path /s", "--deadline wants" },
		{ "--device input --stall-timeout -1 --socket-path /s", "--stall-timeout wants" },
		{ "--device input --log-level loud --socket-path /s", "--log-level wants" },
		{ "--device input --name a/b --socket-path /s", "--name wants" },
		{ "--device input --name 0123456789012345678901234567890123456789 --socket-path /s", "--name wants" },
		{ "--device fs --fs-tag= --socket-path /s", "1 to 36 bytes" },
		{ "--device fs --fs-tag=0123456789012345678901234567890123456 --socket-path /s", "1 to 36 bytes" },
		{ "--device input --fs-tag=x --socket-path /s", "--fs-tag is for" },
		{ "--device fs --mac=52:54:00:12:34:56 --socket-path /s", "--mac is for" },
		{ "--device-id 1 --num-queues 2 --mtu=1400 --socket-path /s", "--mtu is for" },
		{ "--device net --screen=8x8 --socket-path /s", "--screen is for" },
		{ "--device net --mac=52:54:00:12:34 --socket-path /s", "--mac wants" },
		{ "--device net --mac=52:54:00:12:34:56:78 --socket-path /s", "--mac wants" },
		{ "--device net --mac=52:54:00:12:34:5 --socket-path /s", "--mac wants" },
		{ "--device net --mac=52:54:00:+2:34:56 --socket-path /s", "--mac wants" },
		{ "--device net --mac=53:54:00:12:34:56 --socket-path /s", "--mac wants" },
		{ "--device net --mtu=67 --socket-path /s", "from 68 to 65535" },
		{ "--device gpu --screen=800 --socket-path /s", "--screen wants" },
		{ "--device gpu --screen=800x0 --socket-path /s", "--screen wants" },
		{ "--device gpu --screen=8193x8 --socket-path /s", "--screen wants" },
		{ "--device gpu --screen=-1x8 --socket-path /s", "--screen wants" },
		{ "--device gpu --screen=8x8x8 --socket-path /s", "--screen wants" },
		{ "--device input --socket-path /s nonsense", "is no option" },
	};
	struct options opt;
	char copy[256], said[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int ret = parse(cases[i].line, &opt, copy, sizeof(copy), said, sizeof(said));
		const char *newline = strchr(said, '\n');

		if (ret != -EINVAL || !strstr(said, cases[i].says) || !newline || newline[1])
			fail_msg("\"%s\" returned %d and said: %s", cases[i].line, ret, said);
	}
}

static void long_socket_path(void **state)
{
	char path[300], *argv[] = { (char *)"adapter", (char *)"--device=input", path };
	struct options opt;

	memset(path, 'x', sizeof(path));
	memcpy(path, "--socket-path=/", 15);
	path[14 + 108] = '\0';
	assert_int_equal(options_parse(3, argv, &opt), -EINVAL);
	path[14 + 107] = '\0';
	assert_int_equal(options_parse(3, argv, &opt), 0);
}

static void every_type_is_sane(void **state)
{
	const struct device_type *type;
	char names[128];

	devices_names(names, sizeof(names));
	for (size_t i = 0; (type = devices_entry(i)); i++) {
		assert_ptr_equal(devices_find(type->name), type);
		assert_non_null(strstr(names, type->name));
		assert_true(type->id >= 1 && type->id <= 63);
		assert_true(type->num_queues <= DEVICE_MAX_QUEUES && type->config_size <= 256);
		assert_int_equal(type->queue_size & (type->queue_size - 1), 0);
		assert_int_equal(type->bounce_size % 65536, 0);
	}
	assert_null(devices_find("toaster"));
	devices_names(names, 6);
	assert_int_equal(strlen(names), 5);
}

static void features_are_masked(void **state)
{
	const struct device_type *input = devices_find("input");
	struct device_type special = *input;

	assert_int_equal(devices_driver_features(input, 0, true), 0);
	/* What each reserved bit means: virtio 1.4, chapter 6. */
	assert_int_equal(
		devices_driver_features(input, ~0ULL, true), (BIT(24) - 1) | BIT(28) | BIT(29) | BIT(32) | ~0ULL << 50);
	assert_int_equal(devices_driver_features(input, ~0ULL, false), (BIT(24) - 1) | BIT(29) | BIT(32) | ~0ULL << 50);
	special.forbidden = BIT(3) | BIT(60);
	assert_int_equal(
		devices_driver_features(&special, BIT(2) | BIT(3) | BIT(60) | BIT(61), true), BIT(2) | BIT(61));
	/* qemu-storage-daemon and dpdk-testpmd as they are */
	assert_int_equal(devices_driver_features(devices_find("blk"), 0x175007e46, true), 0x130007e46);
	assert_int_equal(devices_driver_features(input, 0xd7c66e7cb, true) & (BIT(34) | BIT(35)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines),
		cmocka_unit_test(bad_lines),
		cmocka_unit_test(long_socket_path),
		cmocka_unit_test(every_type_is_sane),
		cmocka_unit_test(features_are_masked),
	};

	return cmocka_run_group_tests_name("adapter-options", tests, NULL, NULL);
}
