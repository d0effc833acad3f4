// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "player.h"
#include "recording.h"

/* Frames a second that make the shape of a gesture when none is asked for. */
#define NOMINAL_RATE 125

/* A sender that is later than this many frames goes on from now: a burst that
 * no panel can make would only overflow the host's queue.
 */
#define MAX_LAG_FRAMES 8

/* Frames sent in one go before the event loop gets its turn. */
#define BATCH 32

struct player {
	struct panel *panel;
	sd_event_source *timer;
	unsigned int rate;
	struct command *commands; /* the run, NULL while idle */
	unsigned int count;
	unsigned int current;
	bool begun; /* the current command's steps are set up */
	unsigned int step; /* the current command's next step */
	unsigned int steps;
	uint64_t base; /* when the current command began, us */
	uint64_t started; /* when the run began, us */
	struct recording recording; /* of the current replay */
	struct frame held; /* fingers put down with "down" */
	struct player_result result;
	void (*done)(void *data, const struct player_result *result);
	void *data;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t frames_us(const struct player *player, unsigned int frames)
{
	return player->rate ? (uint64_t)frames * 1000000 / player->rate : 0;
}

static void arm(struct player *player, uint64_t time_us)
{
	sd_event_source_set_time(player->timer, time_us);
	sd_event_source_set_enabled(player->timer, SD_EVENT_ONESHOT);
}

static int fail(struct player *player, int error, const char *what)
{
	return fault_set(&player->result.fault, error, "%s: %s", what, strerror(-error));
}

static int begin_replay(struct player *player, const struct command *command)
{
	int ret = recording_load(command->path, &player->recording, &player->result.fault);

	if (ret)
		return ret;
	if (!panel_understands(player->panel, &player->recording))
		return fault_set(&player->result.fault, -EINVAL,
			"%s is of a panel with another report descriptor: start htt70a with --like=%s", command->path,
			command->path);
	player->steps = player->recording.count;
	return 0;
}

static int begin(struct player *player, const struct command *command)
{
	player->begun = true;
	player->step = 0;
	player->steps = 1;
	switch (command->kind) {
	case COMMAND_GESTURE:
		player->steps = gesture_frames(&command->gesture, player->rate ? player->rate : NOMINAL_RATE);
		return 0;
	case COMMAND_REPLAY: return begin_replay(player, command);
	default: return 0;
	}
}

/* When step @step is due after the command's start; step number @steps is its end. */
static uint64_t step_offset(const struct player *player, const struct command *command, unsigned int step)
{
	const struct recording *recording = &player->recording;

	switch (command->kind) {
	case COMMAND_WAIT: return step ? (uint64_t)command->ms * 1000 : 0;
	case COMMAND_REPLAY:
		if (recording->count == 0)
			return 0;
		if (step < recording->count)
			return recording->reports[step].time_us - recording->reports[0].time_us;
		return recording->reports[step - 1].time_us - recording->reports[0].time_us + frames_us(player, 1);
	default: return frames_us(player, step);
	}
}

static struct contact *held_contact(struct player *player, unsigned int id)
{
	unsigned int i;

	for (i = 0; i < player->held.count; i++)
		if (player->held.contacts[i].id == id)
			return &player->held.contacts[i];
	return NULL;
}

/* Sends the held fingers and forgets those that have left. */
static int send_held(struct player *player)
{
	unsigned int i, kept = 0;
	int ret = panel_send_frame(player->panel, &player->held);

	for (i = 0; i < player->held.count; i++)
		if (player->held.contacts[i].tip)
			player->held.contacts[kept++] = player->held.contacts[i];
	player->held.count = kept;
	return ret;
}

static int finger_down(struct player *player, const struct command *command)
{
	struct contact *contact = held_contact(player, command->id);

	if (!contact)
		contact = &player->held.contacts[player->held.count++];
	contact->id = (uint8_t)command->id;
	contact->tip = true;
	contact->strength = command->strength;
	contact->x = frame_units(command->point.x);
	contact->y = frame_units(command->point.y);
	return send_held(player);
}

static int fingers_up(struct player *player, const struct command *command)
{
	unsigned int i;

	for (i = 0; i < player->held.count; i++)
		if (command->kind == COMMAND_LIFT || player->held.contacts[i].id == command->id)
			player->held.contacts[i].tip = false;
	return send_held(player);
}

static bool is_touch(const struct command *command)
{
	switch (command->kind) {
	case COMMAND_GESTURE:
	case COMMAND_DOWN:
	case COMMAND_UP:
	case COMMAND_LIFT:
	case COMMAND_REPLAY: return true;
	default: return false;
	}
}

/* One step; returns the number of reports sent or -errno. */
static int perform(struct player *player, const struct command *command)
{
	const struct recording_report *report;
	struct frame frame;

	switch (command->kind) {
	case COMMAND_GESTURE:
		gesture_frame(&command->gesture, player->steps, player->step, &frame);
		return panel_send_frame(player->panel, &frame);
	case COMMAND_DOWN: return finger_down(player, command);
	case COMMAND_UP:
	case COMMAND_LIFT: return fingers_up(player, command);
	case COMMAND_REPLAY:
		report = &player->recording.reports[player->step];
		return panel_send_raw(player->panel, report->data, report->size, report->strength);
	case COMMAND_RAW: return panel_send_raw(player->panel, command->raw, command->raw_size, STRENGTH_BARE);
	case COMMAND_REPLUG: player->held.count = 0; return panel_replug(player->panel, command->ms);
	default: return 0;
	}
}

static void finish(struct player *player, int error)
{
	void (*done)(void *data, const struct player_result *result) = player->done;

	recording_release(&player->recording);
	free(player->commands);
	player->commands = NULL;
	player->begun = false;
	player->result.error = error;
	player->result.us = now_us() - player->started;
	if (done)
		done(player->data, &player->result);
}

/* 1 when a step was done, 0 when its time has not come (the timer is armed), or -errno. */
static int advance(struct player *player)
{
	const struct command *command = &player->commands[player->current];
	uint64_t due, now = now_us();
	int ret = 0;

	if (!player->begun)
		ret = begin(player, command);
	if (ret)
		return ret;
	due = player->base + step_offset(player, command, player->step);
	if (now < due) {
		arm(player, due);
		return 0;
	}
	if (now - due > frames_us(player, MAX_LAG_FRAMES))
		player->base += now - due;
	if (player->step == player->steps) {
		player->base += step_offset(player, command, player->steps);
		recording_release(&player->recording);
		player->begun = false;
		player->current++;
		return 1;
	}
	ret = perform(player, command);
	if (ret == -EOPNOTSUPP)
		return fail(player, ret, "a recorded panel can replay and send raw reports only");
	if (ret < 0)
		return fail(player, ret, "the panel could not send a report");
	player->step++;
	player->result.frames += ret > 0;
	player->result.unfelt += ret == 0 && is_touch(command);
	player->result.reports += (unsigned int)ret;
	return 1;
}

static int on_timer(sd_event_source *source, uint64_t now, void *data)
{
	struct player *player = data;
	unsigned int i;
	int ret;

	for (i = 0; player->commands && panel_ready(player->panel); i++) {
		if (player->current == player->count) {
			finish(player, 0);
			return 0;
		}
		if (i == BATCH) {
			arm(player, now_us());
			return 0;
		}
		ret = advance(player);
		if (ret < 0)
			finish(player, ret);
		if (ret <= 0)
			return 0;
	}
	return 0;
}

int player_new(struct player **result, sd_event *event, struct panel *panel, unsigned int rate)
{
	struct player *player = calloc(1, sizeof(*player));
	int ret;

	if (!player)
		return -ENOMEM;
	player->panel = panel;
	player->rate = rate;
	/* One microsecond of slack: the default of 250 ms suits no touch panel. */
	ret = sd_event_add_time(event, &player->timer, CLOCK_MONOTONIC, UINT64_MAX, 1, on_timer, player);
	if (ret < 0) {
		free(player);
		return ret;
	}
	*result = player;
	return 0;
}

void player_free(struct player *player)
{
	if (!player)
		return;
	sd_event_source_disable_unref(player->timer);
	recording_release(&player->recording);
	free(player->commands);
	free(player);
}

int player_run(struct player *player, struct command *commands, unsigned int count,
	void (*done)(void *data, const struct player_result *result), void *data)
{
	if (player->commands)
		return -EBUSY;
	memset(&player->result, 0, sizeof(player->result));
	player->commands = commands;
	player->count = count;
	player->current = 0;
	player->begun = false;
	player->done = done;
	player->data = data;
	player->base = now_us();
	player->started = player->base;
	arm(player, player->base);
	return 0;
}

void player_panel_ready(struct player *player)
{
	uint64_t now = now_us();

	if (!player->commands)
		return;
	/* The time without a panel does not count: go on where the gesture was. */
	player->base = now;
	if (player->current == 0 && !player->begun)
		player->started = now;
	if (player->begun)
		player->base -= step_offset(player, &player->commands[player->current], player->step);
	arm(player, now);
}
