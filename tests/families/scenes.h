/* SPDX-License-Identifier: MIT */
/* What happens on the glass of a family's panel, as the reports that it sends. */
#ifndef TEST_SCENES_H
#define TEST_SCENES_H

#include "families.h"

#define SCENE_MAX_FINGERS 16

/* Called with each report; @down: fingers are on the glass after it. */
typedef void scene_send(void *context, const uint8_t *report, size_t size, bool down);

/**
 * struct scene - a panel and the fingers on it
 * @seed: of all that is drawn
 * @num: fingers that the panel sees
 * @records, @num_records: of the frame that is being sent
 */
struct scene {
	const struct family *family;
	uint64_t seed;
	uint16_t time;
	unsigned int num;
	struct record fingers[SCENE_MAX_FINGERS];
	const struct record *records;
	unsigned int num_records;
	scene_send *send;
	void *context;
};

void scene_init(struct scene *scene, const struct family *family, uint64_t seed, scene_send *send, void *context);

/* A finger somewhere, with confidence and in range. */
struct record scene_finger(struct scene *scene, int32_t id);

/* One frame with just these places, in as many reports as the family takes for it. */
void scene_frame(struct scene *scene, const struct record *records, unsigned int num);

/* So many frames in which fingers come, go, move, hover and turn into palms, all as a good panel reports it. */
void scene_random(struct scene *scene, unsigned int frames);

/* The few things that chance seldom brings about. The glass is empty before and afterwards. */
void scene_directed(struct scene *scene);

/* All fingers leave, in one frame (or one after the other, where a report has one contact and no count). */
void scene_clear(struct scene *scene);

#endif /* TEST_SCENES_H */
