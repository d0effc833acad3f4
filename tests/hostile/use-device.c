// SPDX-License-Identifier: MIT
/*
 * Uses a device for which the test machine has no small tool of its own: plays and records sound, asks on an
 * I2C bus. Whether the device does what it is asked is no matter here: it is hostile.
 */
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <sound/asound.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define RATE	 48000
#define CHANNELS 2

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void any_interval(struct snd_pcm_hw_params *params, int what, unsigned int min, unsigned int max)
{
	struct snd_interval *i = &params->intervals[what - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];

	i->min = min;
	i->max = max;
}

static int set_up_pcm(int fd)
{
	struct snd_pcm_sw_params sw = { .avail_min = 1, .start_threshold = 1, .stop_threshold = 1U << 30 };
	struct snd_pcm_hw_params hw = { .rmask = ~0U, .info = ~0U };
	int i;

	memset(hw.masks, 0xff, sizeof(hw.masks));
	for (i = SNDRV_PCM_HW_PARAM_FIRST_INTERVAL; i <= SNDRV_PCM_HW_PARAM_LAST_INTERVAL; i++)
		any_interval(&hw, i, 0, ~0U);
	memset(&hw.masks[SNDRV_PCM_HW_PARAM_ACCESS], 0, sizeof(hw.masks[0]));
	hw.masks[SNDRV_PCM_HW_PARAM_ACCESS].bits[0] = 1U << SNDRV_PCM_ACCESS_RW_INTERLEAVED;
	any_interval(&hw, SNDRV_PCM_HW_PARAM_BUFFER_TIME, 50000, 200000);
	if (ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hw) || ioctl(fd, SNDRV_PCM_IOCTL_SW_PARAMS, &sw))
		return -1;
	return ioctl(fd, SNDRV_PCM_IOCTL_PREPARE);
}

static int use_snd(const char *node, time_t end)
{
	static int16_t frames[RATE / 100 * CHANNELS];
	struct snd_xferi transfer = { .buf = frames, .frames = RATE / 100 };
	/* Capture nodes end with a c. */
	int capture = node[strlen(node) - 1] == 'c', fd = open(node, (capture ? O_RDONLY : O_WRONLY) | O_NONBLOCK);

	if (fd < 0 || set_up_pcm(fd) || (capture && ioctl(fd, SNDRV_PCM_IOCTL_START)))
		return 1;
	while (now() < end) {
		if (ioctl(fd, capture ? SNDRV_PCM_IOCTL_READI_FRAMES : SNDRV_PCM_IOCTL_WRITEI_FRAMES, &transfer) < 0)
			usleep(10000);
	}
	return ioctl(fd, SNDRV_PCM_IOCTL_DROP) ? 1 : 0;
}

static int use_i2c(const char *node, time_t end)
{
	uint8_t out[4] = { 1, 2, 3, 4 }, in[32];
	struct i2c_msg msgs[] = { { .addr = 0x50, .len = sizeof(out), .buf = out },
		{ .addr = 0x50, .flags = I2C_M_RD, .len = sizeof(in), .buf = in } };
	struct i2c_rdwr_ioctl_data data = { .msgs = msgs, .nmsgs = 2 };
	int fd = open(node, O_RDWR);

	while (fd >= 0 && now() < end)
		if (ioctl(fd, I2C_RDWR, &data) < 0)
			usleep(10000);
	return fd < 0;
}

/* Memory of a process that has nothing to do with all this stays as it was. */
static int watch_canary(const char *megabytes, time_t end)
{
	size_t i, size = strtoul(megabytes, NULL, 0) << 20;
	uint64_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (at == MAP_FAILED)
		return 2;
	for (i = 0; i < size / sizeof(*at); i++)
		at[i] = i * UINT64_C(0x9e3779b97f4a7c15);
	do {
		sleep(1);
		for (i = 0; i < size / sizeof(*at); i++) {
			if (at[i] == i * UINT64_C(0x9e3779b97f4a7c15))
				continue;
			fprintf(stderr, "byte %zu of the canary's memory was changed to %#llx\n", i * sizeof(*at),
				(unsigned long long)at[i]);
			return 1;
		}
	} while (now() < end);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*use)(const char *what, time_t end);
	} uses[] = { { "snd", use_snd }, { "i2c", use_i2c }, { "canary", watch_canary } };
	size_t i;

	for (i = 0; argc == 4 && i < sizeof(uses) / sizeof(uses[0]); i++)
		if (!strcmp(argv[1], uses[i].name))
			return uses[i].use(argv[2], now() + strtol(argv[3], NULL, 10));
	fprintf(stderr, "usage: use-device snd|i2c NODE SECONDS\n       use-device canary MEGABYTES SECONDS\n");
	return 2;
}
