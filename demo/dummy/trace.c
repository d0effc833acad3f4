// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

/* The fingers of one frame without their ids, sorted. */
struct scene {
	unsigned int count;
	struct {
		int x;
		int y;
	} at[PANEL_MAX_CONTACTS];
};

void trace_write_frame(FILE *out, uint64_t time_us, const struct frame *frame)
{
	unsigned int i;

	fprintf(out, "F %" PRIu64 " %u", time_us, frame_touching(frame));
	for (i = 0; i < frame->count; i++)
		if (frame->contacts[i].tip)
			fprintf(out, " %u:%u,%u", frame->contacts[i].id, frame->contacts[i].x, frame->contacts[i].y);
	fputc('\n', out);
}

void trace_write_unfelt(FILE *out, uint64_t time_us, const struct frame *frame, unsigned int level)
{
	struct frame unfelt = { 0 };
	unsigned int i;

	for (i = 0; i < frame->count; i++)
		if (frame->contacts[i].tip && !strength_felt(frame->contacts[i].strength, level))
			unfelt.contacts[unfelt.count++] = frame->contacts[i];
	if (unfelt.count == 0)
		return;
	fprintf(out, "U %" PRIu64 " %u", time_us, unfelt.count);
	for (i = 0; i < unfelt.count; i++)
		fprintf(out, " %u:%u,%u:%s", unfelt.contacts[i].id, unfelt.contacts[i].x, unfelt.contacts[i].y,
			strength_name(unfelt.contacts[i].strength));
	fputc('\n', out);
}

void trace_write_raw(FILE *out, uint64_t time_us, const uint8_t *data, size_t size)
{
	size_t i;

	fprintf(out, "R %" PRIu64 " ", time_us);
	for (i = 0; i < size; i++)
		fprintf(out, "%02x", data[i]);
	fputc('\n', out);
}

static int by_position(const void *a, const void *b)
{
	return memcmp(a, b, 2 * sizeof(int));
}

static int parse_scene(const char *line, struct scene *scene)
{
	unsigned int id, i;
	int length = 0;

	memset(scene, 0, sizeof(*scene));
	if (sscanf(line, "F %*u %u%n", &scene->count, &length) != 1 || length == 0 || scene->count > PANEL_MAX_CONTACTS)
		return -EINVAL;
	for (i = 0; i < scene->count; i++) {
		line += length;
		if (sscanf(line, " %u:%d,%d%n", &id, &scene->at[i].x, &scene->at[i].y, &length) != 3)
			return -EINVAL;
	}
	qsort(scene->at, scene->count, sizeof(scene->at[0]), by_position);
	return 0;
}

/* All scenes of one trace, without those that repeat the one before. */
struct scenes {
	struct scene *scene;
	size_t count;
};

static int append_scene(struct scenes *scenes, const struct scene *scene)
{
	struct scene *grown;

	/* The glass is empty before the first frame. */
	if (scenes->count == 0 && scene->count == 0)
		return 0;
	if (scenes->count && memcmp(scene, &scenes->scene[scenes->count - 1], sizeof(*scene)) == 0)
		return 0;
	if ((scenes->count & (scenes->count - 1)) == 0) {
		grown = reallocarray(scenes->scene, scenes->count ? 2 * scenes->count : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		scenes->scene = grown;
	}
	scenes->scene[scenes->count++] = *scene;
	return 0;
}

static int read_scenes(FILE *file, struct scenes *scenes, const char *what, struct fault *fault)
{
	struct scene scene;
	char line[1024];

	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || line[0] == 'U' || line[0] == '\n')
			continue;
		if (line[0] == 'R')
			return fault_set(fault, -EINVAL,
				"the trace of what %s holds raw reports, which cannot be compared", what);
		if (parse_scene(line, &scene))
			return fault_set(fault, -EINVAL, "the trace of what %s has a broken line: %.60s", what, line);
		if (append_scene(scenes, &scene))
			return fault_set(fault, -ENOMEM, "out of memory");
	}
	if (ferror(file))
		return fault_set(fault, -EIO, "cannot read the trace of what %s", what);
	return 0;
}

static bool scene_matches(const struct scene *a, const struct scene *b, int tolerance)
{
	bool used[PANEL_MAX_CONTACTS] = { false };
	unsigned int i, j;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		for (j = 0; j < b->count; j++)
			if (!used[j] && abs(a->at[i].x - b->at[j].x) <= tolerance &&
				abs(a->at[i].y - b->at[j].y) <= tolerance)
				break;
		if (j == b->count)
			return false;
		used[j] = true;
	}
	return true;
}

/* After a loss the next frame that arrived is looked for this far ahead. */
#define RESYNC_FRAMES 4096

static void match_scenes(
	const struct scenes *sent, const struct scenes *arrived, unsigned int tolerance, struct trace_result *result)
{
	size_t next = 0, i, ahead;

	for (i = 0; i < arrived->count; i++) {
		size_t end = sent->count - next > RESYNC_FRAMES ? next + RESYNC_FRAMES : sent->count;

		for (ahead = next; ahead < end; ahead++)
			if (scene_matches(&sent->scene[ahead], &arrived->scene[i], (int)tolerance))
				break;
		if (ahead < end) {
			result->matched++;
			next = ahead + 1;
		} else {
			result->unexpected++;
		}
	}
	result->frames = sent->count;
	result->left_down = arrived->count ? arrived->scene[arrived->count - 1].count : 0;
}

int trace_compare(FILE *sent, FILE *arrived, unsigned int tolerance, struct trace_result *result, struct fault *fault)
{
	struct scenes sent_scenes = { 0 }, arrived_scenes = { 0 };
	int ret;

	memset(result, 0, sizeof(*result));
	ret = read_scenes(sent, &sent_scenes, "was sent", fault);
	if (!ret)
		ret = read_scenes(arrived, &arrived_scenes, "arrived", fault);
	if (!ret)
		match_scenes(&sent_scenes, &arrived_scenes, tolerance, result);
	free(sent_scenes.scene);
	free(arrived_scenes.scene);
	return ret;
}
