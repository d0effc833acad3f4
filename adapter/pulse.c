// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "adapter/pulse.h"

#define SECOND 1000000ULL /* of sd-event's clock */

struct pulse {
	struct session *session;
	sd_event_source *timer;
	uint64_t period;
	void (*lost)(void *data);
	void *data;
};

/* A question that is as old as the period is too old. */
static int on_beat(sd_event_source *source, uint64_t usec, void *data)
{
	struct pulse *p = data;
	struct session *s = p->session;
	int ret;

	ret = sd_event_source_set_time_relative(source, p->period);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (ret < 0)
		return ret;
	if (!s->fe || !s->started || !session_waits(s))
		return 0;
	frontend_ping(s->fe);
	if (frontend_broken(s->fe))
		p->lost(p->data);
	return 0;
}

int pulse_new(
	struct session *s, sd_event *event, int seconds, void (*lost)(void *data), void *data, struct pulse **pulse)
{
	struct pulse *p = calloc(1, sizeof(*p));
	int ret = 0;

	if (!p)
		return -ENOMEM;
	p->session = s;
	p->period = (uint64_t)seconds * SECOND / 2;
	p->lost = lost;
	p->data = data;
	if (seconds)
		ret = sd_event_add_time_relative(event, &p->timer, CLOCK_MONOTONIC, p->period, 0, on_beat, p);
	if (ret < 0) {
		free(p);
		return ret;
	}
	*pulse = p;
	return 0;
}

void pulse_free(struct pulse *pulse)
{
	if (!pulse)
		return;
	sd_event_source_disable_unref(pulse->timer);
	free(pulse);
}
