// SPDX-License-Identifier: MIT
#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "evdev.h"
#include "trace.h"

#define MAX_MS 3600000

enum {
	KEY_NAME = 256,
	KEY_PHYS,
	KEY_INFO,
	KEY_IDLE,
	KEY_TIMEOUT,
	KEY_FRAMES,
	KEY_COMPARE,
	KEY_TOLERANCE,
};

struct arguments {
	const char *device;
	struct evdev_match match;
	const char *output;
	const char *compare; /* the trace of what was sent */
	const char *arrived; /* the trace of what arrived */
	unsigned int idle_ms; /* 0: never end for that reason */
	unsigned int timeout_ms;
	unsigned int frames; /* 0: no limit */
	unsigned int tolerance;
	bool info;
};

static const struct argp_option options[] = {
	{ "device", 'd', "NODE", 0, "Read this event node", 0 },
	{ "name", KEY_NAME, "TEXT", 0, "Find the touch screen of this name", 0 },
	{ "phys", KEY_PHYS, "TEXT", 0, "Find the one whose physical path begins so: virtio, htt70a, ...", 0 },
	{ "timeout", KEY_TIMEOUT, "MS", 0, "Wait so long for the device and for the first frame (10000)", 0 },
	{ "info", KEY_INFO, NULL, 0, "Say what the device is and end", 1 },
	{ "output", 'o', "FILE", 0, "Write the frames there instead of to stdout", 1 },
	{ "idle", KEY_IDLE, "MS", 0, "End when no frame came for so long after the first one", 1 },
	{ "frames", 'n', "N", 0, "End after N frames", 1 },
	{ "compare", KEY_COMPARE, "SENT", 0, "Compare the trace ARRIVED with SENT, the --log of htt70a", 2 },
	{ "tolerance", KEY_TOLERANCE, "UNITS", 0, "Accept positions that are off by so much (0)", 2 },
	{ 0 },
};

static unsigned int parse_number(const char *text, unsigned long max, const struct argp_state *state)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > max)
		argp_error(state, "'%s' is not a number up to %lu", text, max);
	return (unsigned int)value;
}

static void check_usage(const struct arguments *arguments, const struct argp_state *state)
{
	if (!arguments->compare != !arguments->arrived)
		argp_error(state, "--compare=SENT and the file ARRIVED go together");
	if (arguments->compare)
		return;
	if (!arguments->device && !arguments->match.name && !arguments->match.phys)
		argp_error(state, "say which device: --device, --name or --phys");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'd': arguments->device = arg; return 0;
	case KEY_NAME: arguments->match.name = arg; return 0;
	case KEY_PHYS: arguments->match.phys = arg; return 0;
	case KEY_TIMEOUT: arguments->timeout_ms = parse_number(arg, MAX_MS, state); return 0;
	case KEY_INFO: arguments->info = true; return 0;
	case 'o': arguments->output = arg; return 0;
	case KEY_IDLE: arguments->idle_ms = parse_number(arg, MAX_MS, state); return 0;
	case 'n': arguments->frames = parse_number(arg, UINT32_MAX, state); return 0;
	case KEY_COMPARE: arguments->compare = arg; return 0;
	case KEY_TOLERANCE: arguments->tolerance = parse_number(arg, PANEL_LOGICAL_MAX, state); return 0;
	case ARGP_KEY_ARG:
		if (arguments->arrived)
			argp_usage(state);
		arguments->arrived = arg;
		return 0;
	case ARGP_KEY_END: check_usage(arguments, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int open_trace(const char *path, FILE **file, struct fault *fault)
{
	*file = fopen(path, "re");
	return *file ? 0 : fault_set(fault, -errno, "cannot open the trace %s: %s", path, strerror(errno));
}

/* 0 only when everything that was sent arrived, nothing else did and no finger is left. */
static int compare(const struct arguments *arguments, struct fault *fault)
{
	FILE *sent = NULL, *arrived = NULL;
	struct trace_result result;
	int ret;

	ret = open_trace(arguments->compare, &sent, fault);
	if (!ret)
		ret = open_trace(arguments->arrived, &arrived, fault);
	if (!ret)
		ret = trace_compare(sent, arrived, arguments->tolerance, &result, fault);
	if (sent)
		fclose(sent);
	if (arrived)
		fclose(arrived);
	if (ret)
		return ret;
	printf("frames=%lu matched=%lu unexpected=%lu left_down=%u\n", result.frames, result.matched, result.unexpected,
		result.left_down);
	if (result.frames == 0)
		return fault_set(fault, -ENODATA, "%s has no frame, so nothing was compared", arguments->compare);
	if (result.matched != result.frames || result.unexpected || result.left_down)
		return fault_set(fault, -EILSEQ, "what arrived is not what was sent");
	return 0;
}

static int report_end(int ret, unsigned int frames, unsigned int dropped, struct fault *fault)
{
	/* A device that leaves is the end of what it had to say, not a failure to read it. */
	if (ret == -ENODEV && frames)
		ret = 0;
	if (ret < 0)
		return fault_set(fault, ret, "cannot read events: %s", strerror(-ret));
	if (dropped)
		return fault_set(
			fault, -EOVERFLOW, "the kernel dropped events %u times: this reader was too slow", dropped);
	if (frames == 0)
		return fault_set(fault, -ENODATA, "no frame came");
	return 0;
}

/*
 * The kernel keeps some twenty frames of ten fingers for a reader. A compositor
 * that is busy with the same frames must not keep us from taking them in time;
 * without the right to overtake it we do what we can. Whoever started us in a
 * hurry already knows better how much of it there is to be.
 */
static void hurry(void)
{
	const struct sched_param priority = { .sched_priority = 1 };

	if (sched_getscheduler(0) == SCHED_OTHER)
		sched_setscheduler(0, SCHED_FIFO, &priority);
}

static int log_frames(struct evdev *evdev, const struct arguments *arguments, FILE *out, struct fault *fault)
{
	unsigned int frames = 0, dropped = 0;
	struct frame frame;
	uint64_t time_us;
	int ret, timeout;

	/* Whole lines reach the file at once: it may be read while we write. */
	setvbuf(out, NULL, _IOLBF, 0);
	hurry();
	for (;;) {
		timeout = frames == 0 ? (int)arguments->timeout_ms : -1;
		if (frames && arguments->idle_ms)
			timeout = (int)arguments->idle_ms;
		ret = evdev_next_frame(evdev, timeout, &frame, &time_us);
		if (ret == -EOVERFLOW) {
			fputs("# the kernel dropped events here\n", out);
			dropped++;
		} else if (ret == -ENODEV) {
			fputs("# the device went away here\n", out);
			break;
		} else if (ret <= 0) {
			break;
		}
		trace_write_frame(out, time_us, &frame);
		frames++;
		if (arguments->frames && frames == arguments->frames)
			break;
	}
	return report_end(ret, frames, dropped, fault);
}

static int listen_to(const struct arguments *arguments, struct fault *fault)
{
	const char *path = arguments->device;
	struct evdev *evdev;
	FILE *out = stdout;
	char found[64];
	int ret;

	if (!path) {
		ret = evdev_find(&arguments->match, arguments->timeout_ms, found, sizeof(found), fault);
		if (ret)
			return ret;
		path = found;
	}
	ret = evdev_open(&evdev, path, fault);
	if (ret)
		return ret;
	if (arguments->info) {
		printf("node %s\n", path);
		evdev_describe(evdev, stdout);
		evdev_close(evdev);
		return 0;
	}
	if (arguments->output)
		out = fopen(arguments->output, "we");
	if (!out) {
		ret = fault_set(fault, -errno, "cannot write %s: %s", arguments->output, strerror(errno));
	} else {
		if (arguments->output)
			printf("LISTENING %s\n", path);
		fflush(stdout);
		ret = log_frames(evdev, arguments, out, fault);
	}
	if (out && out != stdout && fclose(out) && !ret)
		ret = fault_set(fault, -EIO, "%s is incomplete: is the disk full?", arguments->output);
	evdev_close(evdev);
	return ret;
}

int main(int argc, char **argv)
{
	const struct argp argp = {
		options,
		parse_option,
		"[ARRIVED]",
		"Writes what the fingers on a touch screen do, frame by frame, or compares two such records."
		"\vOne line a frame: F <microseconds> <fingers> <slot>:<x>,<y> ...\n"
		"With --compare the status is 0 only when every frame sent has arrived, nothing else"
		" has, and no finger is left on the glass.",
		NULL,
		NULL,
		NULL,
	};
	struct arguments arguments = { .timeout_ms = 10000 };
	struct fault fault = { "" };
	int ret;

	argp_program_version = "touchlog " VERSION;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	ret = arguments.compare ? compare(&arguments, &fault) : listen_to(&arguments, &fault);
	if (ret == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "touchlog: %s\n", fault.text);
	return EXIT_FAILURE;
}
