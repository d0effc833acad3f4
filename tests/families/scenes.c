// SPDX-License-Identifier: MIT
#include <string.h>

#include "scenes.h"

#define FRAME_TIME  100 /* of the scan time's tenths of a millisecond */
#define MAX_RECORDS (SCENE_MAX_FINGERS * 2)

void scene_init(struct scene *scene, const struct family *family, uint64_t seed, scene_send *send, void *context)
{
	*scene = (struct scene) { .family = family, .seed = seed, .send = send, .context = context };
}

static bool chance(struct scene *scene, unsigned int in)
{
	return draw(&scene->seed, in) == 0;
}

static void draw_value(struct scene *scene, struct record *finger, enum part_kind kind)
{
	int32_t min, max;

	if (!family_has(scene->family, kind))
		return;
	family_range(scene->family, kind, &min, &max);
	finger->value[kind] = min + (int32_t)draw(&scene->seed, (uint32_t)(max - min) + 1);
}

struct record scene_finger(struct scene *scene, int32_t id)
{
	struct record finger = { .value = {
					 [PART_TIP] = 1, [PART_CONFIDENCE] = 1, [PART_IN_RANGE] = 1, [PART_ID] = id } };
	enum part_kind kind;

	for (kind = PART_X; kind < NUM_PARTS; kind++)
		draw_value(scene, &finger, kind);
	return finger;
}

static struct record lifted(struct record finger)
{
	finger.value[PART_TIP] = 0;
	finger.value[PART_IN_RANGE] = 0;
	return finger;
}

static bool is_serial(const struct family *family)
{
	return family->contacts == 1 && family->count == COUNT_ABSENT;
}

/* Panels whose reports are always whole number their places; the id is the place. */
static bool has_places(const struct family *family)
{
	return family->contacts > 1 && family->count == COUNT_ABSENT;
}

static bool in_parts(const struct family *family)
{
	return family->contacts < family->fingers && family->count != COUNT_ABSENT;
}

/* How many places a frame can have. */
static unsigned int capacity(const struct family *family)
{
	return in_parts(family) ? family->fingers + 2 : family->contacts;
}

void scene_frame(struct scene *scene, const struct record *records, unsigned int num)
{
	const struct family *family = scene->family;
	uint8_t report[FAMILY_MAX_REPORT];
	unsigned int done, part;

	scene->records = records;
	scene->num_records = num;
	scene->time += FRAME_TIME;
	for (done = 0; done < num || done == 0; done += part) {
		unsigned int count = done == 0 || family->count == COUNT_EACH ? num : 0;
		size_t size;

		part = num - done < family->contacts ? num - done : family->contacts;
		size = family_report(family, records + done, part, count, scene->time, report);
		scene->send(scene->context, report, size, scene->num > 0);
		if (part == 0)
			break;
	}
}

static bool id_in_use(const struct scene *scene, int32_t id)
{
	unsigned int i;

	for (i = 0; i < scene->num; i++)
		if (scene->fingers[i].value[PART_ID] == id)
			return true;
	return false;
}

static int32_t draw_id(struct scene *scene)
{
	int32_t min, max, id;

	family_range(scene->family, PART_ID, &min, &max);
	if (has_places(scene->family))
		max = (int32_t)scene->family->contacts - 1;
	do
		id = (int32_t)draw(&scene->seed, (uint32_t)max + 1);
	while (id_in_use(scene, id));
	return id;
}

static struct record *add_finger(struct scene *scene)
{
	struct record finger = scene_finger(scene, draw_id(scene));

	scene->fingers[scene->num] = finger;
	return &scene->fingers[scene->num++];
}

static void remove_finger(struct scene *scene, unsigned int index)
{
	memmove(&scene->fingers[index], &scene->fingers[index + 1], (--scene->num - index) * sizeof(scene->fingers[0]));
}

static void change(struct scene *scene, struct record *finger)
{
	enum part_kind kind;

	for (kind = PART_X; kind < NUM_PARTS; kind++)
		if (chance(scene, 2))
			draw_value(scene, finger, kind);
	if (chance(scene, 10))
		finger->value[PART_CONFIDENCE] ^= 1;
	if (family_has(scene->family, PART_IN_RANGE) && chance(scene, 5))
		finger->value[PART_TIP] ^= 1;
}

/* The record of a finger that leaves, some of them as palms. */
static struct record leave(struct scene *scene, unsigned int index)
{
	struct record record = lifted(scene->fingers[index]);

	if (chance(scene, 3))
		record.value[PART_CONFIDENCE] ^= 1;
	if (chance(scene, 2))
		draw_value(scene, &record, PART_X);
	remove_finger(scene, index);
	return record;
}

/* Another finger comes with the id of one that leaves in this frame. */
static bool may_reuse(const struct scene *scene, const struct record *left)
{
	const struct family *family = scene->family;

	return family->count == COUNT_FIRST && left->value[PART_CONFIDENCE] && scene->num < family->fingers;
}

static void shuffle(struct scene *scene, struct record *records, unsigned int num)
{
	unsigned int i;

	for (i = num; i > 1; i--) {
		unsigned int other = draw(&scene->seed, i);
		struct record record = records[i - 1];

		records[i - 1] = records[other];
		records[other] = record;
	}
}

static unsigned int random_records(struct scene *scene, struct record *records)
{
	bool all_leave = chance(scene, 30);
	unsigned int i = 0, num = 0, room = capacity(scene->family);
	int32_t reused = -1;

	while (i < scene->num) {
		if (!all_leave && !chance(scene, 10)) {
			change(scene, &scene->fingers[i]);
			records[num++] = scene->fingers[i++];
			continue;
		}
		records[num] = leave(scene, i);
		if (reused < 0 && may_reuse(scene, &records[num]) && chance(scene, 3))
			reused = records[num].value[PART_ID];
		num++;
	}
	if (chance(scene, 4))
		shuffle(scene, records, num);
	if (reused >= 0 && num < room) {
		scene->fingers[scene->num++] = scene_finger(scene, reused);
		records[num++] = scene->fingers[scene->num - 1];
	}
	while (!all_leave && num < room && scene->num < scene->family->fingers && chance(scene, 3)) {
		/* an id that has just left is only free if it was not drawn on purpose */
		struct record *finger = add_finger(scene);
		bool listed = false;

		for (i = 0; i < num; i++)
			listed |= records[i].value[PART_ID] == finger->value[PART_ID];
		if (listed)
			scene->num--;
		else
			records[num++] = *finger;
	}
	return num;
}

/* All places, those of nobody included. */
static unsigned int by_place(const struct scene *scene, struct record *records, unsigned int num)
{
	struct record places[SCENE_MAX_FINGERS];
	unsigned int i;

	memset(places, 0, sizeof(places));
	for (i = 0; i < scene->family->contacts; i++)
		places[i].value[PART_ID] = (int32_t)i;
	for (i = 0; i < num; i++)
		places[records[i].value[PART_ID]] = records[i];
	memcpy(records, places, scene->family->contacts * sizeof(places[0]));
	return scene->family->contacts;
}

/* One finger does something, the others are not heard of. */
static void random_serial(struct scene *scene)
{
	unsigned int index = scene->num ? draw(&scene->seed, scene->num) : 0;
	struct record record;

	if (scene->num < scene->family->fingers && (scene->num == 0 || chance(scene, 6))) {
		record = *add_finger(scene);
	} else if (chance(scene, 8)) {
		record = leave(scene, index);
	} else {
		change(scene, &scene->fingers[index]);
		record = scene->fingers[index];
	}
	scene_frame(scene, &record, 1);
}

void scene_random(struct scene *scene, unsigned int frames)
{
	struct record records[MAX_RECORDS];
	unsigned int num;

	while (frames-- > 0) {
		if (is_serial(scene->family)) {
			random_serial(scene);
			continue;
		}
		num = random_records(scene, records);
		if (has_places(scene->family))
			num = by_place(scene, records, num);
		if (num > 0)
			scene_frame(scene, records, num);
	}
}

void scene_clear(struct scene *scene)
{
	struct record records[MAX_RECORDS];
	unsigned int num = 0;

	while (scene->num > 0) {
		records[num++] = lifted(scene->fingers[scene->num - 1]);
		scene->num--;
		if (is_serial(scene->family)) {
			scene_frame(scene, records, 1);
			num = 0;
		}
	}
	if (has_places(scene->family))
		num = by_place(scene, records, num);
	if (num > 0)
		scene_frame(scene, records, num);
}

/* All that the panel tracks, then none. */
static void all_up(struct scene *scene)
{
	unsigned int i;

	for (i = 0; i < scene->family->fingers; i++)
		add_finger(scene);
	if (is_serial(scene->family))
		for (i = 0; i < scene->num; i++)
			scene_frame(scene, &scene->fingers[i], 1);
	else if (has_places(scene->family))
		scene_frame(scene, scene->fingers, by_place(scene, scene->fingers, scene->num));
	else
		scene_frame(scene, scene->fingers, scene->num);
	scene_clear(scene);
}

/* One finger goes and another one comes, in the same frame, with the same and with another id; as a palm and not. */
static void exchange(struct scene *scene, int32_t id, bool palm)
{
	struct record records[SCENE_MAX_FINGERS + 1];
	unsigned int i, num;

	while (scene->num < scene->family->fingers - 1 && scene->num < capacity(scene->family) - 1)
		add_finger(scene);
	scene_frame(scene, scene->fingers, scene->num);
	for (i = 0; i < scene->num; i++)
		records[i] = scene->fingers[i];
	num = scene->num;
	records[0] = lifted(records[0]);
	records[0].value[PART_CONFIDENCE] = !palm;
	scene->fingers[0] = scene_finger(scene, id < 0 ? draw_id(scene) : records[0].value[PART_ID]);
	records[num++] = scene->fingers[0];
	scene_frame(scene, records, num);
	scene_frame(scene, scene->fingers, scene->num);
}

void scene_directed(struct scene *scene)
{
	all_up(scene);
	all_up(scene);
	if (scene->family->count != COUNT_FIRST)
		return;
	exchange(scene, -1, false);
	exchange(scene, -1, true);
	exchange(scene, 0, false);
	scene_clear(scene);
}
