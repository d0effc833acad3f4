// SPDX-License-Identifier: MIT
/*
 * hid-families --list
 * hid-families --seeds=DIRECTORY
 * hid-families --compare=FAMILY [--seed=N] [--frames=N]
 *
 * --compare plugs in a panel of the family (uhid), says "READY /dev/hidrawN", waits for somebody to make a virtio touch
 * screen of it, and then sends reports and compares, event for event, what that one's event node says with what
 * hid-multitouch says. What differs on purpose is in the table below, with the reason, and has to differ just so.
 *
 * Exit status: 0 all is as it should be, 1 it is not, 2 the machine is not fit, 3 the machine stood still for so long
 * that the kernel's timer may have lifted fingers in between: nothing is known, try again.
 */
#include <argp.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "node.h"
#include "panel.h"
#include "scenes.h"

#define MAX_LAG	  6 /* frames; the kernel keeps eight for a reader */
#define PATIENCE  20000 /* ms for a frame to come through */
#define STICKY_MS 100 /* hid-multitouch lifts the fingers of a certified panel that is silent for so long */
#define STUCK_MS  200

enum {
	EXIT_SAME,
	EXIT_DIFFERENT,
	EXIT_UNFIT,
	EXIT_DISTURBED
};

struct options {
	const char *compare;
	const char *seeds;
	bool list;
	unsigned long seed;
	unsigned long frames;
};

/* @gap: the longest time between two reports, in ms. */
struct run {
	const struct family *family;
	struct panel *panel;
	struct node native;
	struct node ours;
	struct scene scene;
	uint64_t last;
	uint64_t gap;
	bool stuck;
	unsigned long reports;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits until at most @lag frames of the native node are missing in ours. */
static void follow(struct run *run, unsigned int lag)
{
	node_read(&run->native);
	node_read(&run->ours);
	while (!run->stuck && run->native.frames > run->ours.frames + lag) {
		run->stuck = !node_wait(&run->ours, PATIENCE);
		node_read(&run->ours);
	}
}

static void send_report(void *context, const uint8_t *report, size_t size, bool down)
{
	struct run *run = context;
	uint64_t before = now_ms();

	panel_send(run->panel, report, size);
	if (run->last && now_ms() - run->last > run->gap)
		run->gap = now_ms() - run->last;
	run->last = down ? before : 0;
	run->reports++;
	follow(run, MAX_LAG);
}

static void settle(struct run *run, unsigned int ms)
{
	usleep(ms * 1000);
	follow(run, 0);
	while (node_wait(&run->ours, 100))
		node_read(&run->ours);
	run->last = 0;
}

static bool report_line(bool good, const struct family *family, const char *what)
{
	printf("%s %s: %s\n", good ? "pass" : "FAIL", family->name, what);
	return good;
}

/* A finger, and then its panel says no more: of a certified one that means that the finger has gone. */
static bool silence(struct run *run)
{
	bool lifts = run->family->flags & FAMILY_CERTIFIED;
	struct record finger = scene_finger(&run->scene, 1);
	unsigned int native, ours, waited = 0;
	bool good;

	run->scene.num = 1;
	scene_frame(&run->scene, &finger, 1);
	do {
		settle(run, STUCK_MS);
		native = node_fingers(&run->native);
		ours = node_fingers(&run->ours);
		waited += STUCK_MS;
	} while (lifts && native + ours > 0 && waited < PATIENCE);
	good = native == !lifts && ours == !lifts && node_compare(&run->native, &run->ours, 1);
	run->scene.fingers[0] = finger;
	scene_clear(&run->scene);
	settle(run, 0);
	return report_line(good, run->family, "a panel falls silent with a finger down");
}

/*
 * Differences, each with what is left on the glass afterwards as the two see it. They come last: what hid-multitouch
 * takes to be down stays so.
 */
struct difference {
	const char *what;
	const char *reason;
	enum count_mode count;
	unsigned int flags;
	unsigned int native;
	unsigned int ours;
	void (*play)(struct run *run);
};

static void missing_release(struct run *run)
{
	struct record fingers[2] = { scene_finger(&run->scene, 1), scene_finger(&run->scene, 2) };

	scene_frame(&run->scene, fingers, 2);
	scene_frame(&run->scene, fingers + 1, 1);
}

static void count_of_zero(struct run *run)
{
	struct record finger = scene_finger(&run->scene, 1);

	scene_frame(&run->scene, &finger, 1);
	scene_frame(&run->scene, &finger, 0);
}

static void twice_down_and_up(struct run *run)
{
	struct record places[2] = { scene_finger(&run->scene, 1) };

	places[1] = places[0];
	places[1].value[PART_TIP] = 0;
	places[1].value[PART_IN_RANGE] = 0;
	scene_frame(&run->scene, places, 2);
}

static void unused_places(struct run *run)
{
	struct record places[2] = { scene_finger(&run->scene, 0) };

	scene_frame(&run->scene, places, 2);
}

static const struct difference differences[] = {
	{ "a finger is no longer listed",
		"who is not listed in a frame has left: a lost release leaves no finger behind", COUNT_FIRST, 0, 2, 1,
		missing_release },
	{ "a count of zero", "an empty glass, as the panel says; hid-multitouch looks at no place then", COUNT_FIRST, 0,
		1, 0, count_of_zero },
	{ "one id, down and then up, in one frame",
		"the first is believed, as Windows does; hid-multitouch lifts the finger", COUNT_FIRST, 0, 0, 1,
		twice_down_and_up },
	{ "places of zeros behind finger 0", "a place that is not in use is no release of finger 0", COUNT_FIRST, 0, 0,
		1, unused_places },
};

/* Each on an empty glass: whoever still sees a finger is told that all have left, under every id in question. */
static bool differs(struct run *run, const struct difference *difference)
{
	struct record gone[3];
	unsigned int i, native, ours;
	bool good;

	difference->play(run);
	usleep(20000);
	settle(run, 0);
	native = node_fingers(&run->native);
	ours = node_fingers(&run->ours);
	good = native == difference->native && ours == difference->ours;
	if (!good)
		printf("# fingers left: hid-multitouch %u, not %u; the daemon %u, not %u\n", native, difference->native,
			ours, difference->ours);
	for (i = 0; i < 3; i++) {
		gone[i] = (struct record) { .value = { [PART_ID] = (int32_t)i, [PART_X] = 1, [PART_CONFIDENCE] = 1 } };
		scene_frame(&run->scene, &gone[i], 1);
	}
	settle(run, 0);
	printf("# on purpose: %s: %s\n", difference->what, difference->reason);
	return report_line(good, run->family, difference->what);
}

static bool has_differences(const struct family *family)
{
	return strcmp(family->name, "parallel") == 0;
}

static int compare(struct run *run, unsigned long frames)
{
	bool good;
	size_t i;

	good = report_line(node_compare_axes(&run->native, &run->ours) == 0, run->family, "axes, keys and properties");
	scene_directed(&run->scene);
	scene_random(&run->scene, (unsigned int)frames);
	scene_clear(&run->scene);
	settle(run, 0);
	if (!node_compare(&run->native, &run->ours, 2)) {
		if (run->gap >= STICKY_MS && (run->family->flags & FAMILY_CERTIFIED))
			return EXIT_DISTURBED;
		good = report_line(false, run->family, "events");
	}
	if (run->native.overrun || run->ours.overrun)
		return EXIT_DISTURBED;
	printf("pass %s: %u frames of %lu reports, %u events are the same\n", run->family->name, run->native.frames,
		run->reports, run->native.end_of_last);
	good &= silence(run);
	for (i = 0; i < sizeof(differences) / sizeof(differences[0]) && has_differences(run->family); i++)
		good &= differs(run, &differences[i]);
	return good ? EXIT_SAME : EXIT_DIFFERENT;
}

static int do_compare(const struct options *options)
{
	struct run *run = calloc(1, sizeof(*run));
	char name[64], node[80];
	int ret;

	if (!run)
		err(EXIT_UNFIT, "no memory");
	run->family = family_find(options->compare);
	if (!run->family)
		errx(EXIT_UNFIT, "there is no family '%s'; see --list", options->compare);
	snprintf(name, sizeof(name), "Family %s", run->family->name);
	scene_init(&run->scene, run->family, options->seed, send_report, run);
	run->panel = panel_plug(run->family, name);
	panel_hidraw(run->panel, node, sizeof(node));
	node_open(&run->native, name, name);
	printf("READY %s\n", node);
	fflush(stdout);
	node_open(&run->ours, name, "virtio");
	ret = compare(run, options->frames);
	printf("# seed %lu, longest gap %lu ms\n", options->seed, (unsigned long)run->gap);
	panel_unplug(run->panel);
	node_close(&run->native);
	node_close(&run->ours);
	free(run);
	return ret;
}

static void write_report(void *context, const uint8_t *report, size_t size, bool down)
{
	FILE *file = context;

	if (size > 0 && size < 255) {
		fputc((int)size, file);
		fwrite(report, 1, size, file);
	}
}

/* What the fuzzer begins with: see tests/fuzz/fuzz-hid.c for the format. */
static int write_seeds(const char *directory, unsigned long seed)
{
	unsigned int i;

	for (i = 0; i < num_families; i++) {
		struct builder b = { 0 };
		struct scene scene;
		char path[4096];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", directory, families[i].name);
		file = fopen(path, "we");
		if (!file)
			err(EXIT_UNFIT, "cannot write %s", path);
		family_descriptor(&families[i], &b);
		fputc((int)(b.size & 0xff), file);
		fputc((int)(b.size >> 8), file);
		fputc((int)families[i].maximum, file);
		fwrite(b.bytes, 1, b.size, file);
		scene_init(&scene, &families[i], seed + i, write_report, file);
		scene_directed(&scene);
		scene_random(&scene, 20);
		if (fclose(file))
			err(EXIT_UNFIT, "cannot write %s", path);
	}
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'l': options->list = true; return 0;
	case 'c': options->compare = arg; return 0;
	case 'w': options->seeds = arg; return 0;
	case 's': options->seed = strtoul(arg, NULL, 0); return 0;
	case 'f': options->frames = strtoul(arg, NULL, 0); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp_option known[] = {
		{ "list", 'l', NULL, 0, "Print the names of all families", 0 },
		{ "compare", 'c', "FAMILY", 0, "Compare with hid-multitouch", 0 },
		{ "seeds", 'w', "DIRECTORY", 0, "Write first inputs for tests/fuzz/fuzz-hid.c", 0 },
		{ "seed", 's', "N", 0, "Of what is drawn (1)", 0 },
		{ "frames", 'f', "N", 0, "That are drawn (300)", 0 },
		{ 0 },
	};
	const struct argp argp = { known, parse_option, NULL, "Touch panels of all kinds, for tests.", NULL, NULL,
		NULL };
	struct options options = { .seed = 1, .frames = 300 };
	unsigned int i;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (options.list) {
		for (i = 0; i < num_families; i++)
			puts(families[i].name);
		return 0;
	}
	if (options.seeds)
		return write_seeds(options.seeds, options.seed);
	if (!options.compare)
		errx(EXIT_UNFIT, "nothing to do; see --help");
	/* xorshift cannot leave zero */
	options.seed = options.seed ? options.seed : 1;
	return do_compare(&options);
}
