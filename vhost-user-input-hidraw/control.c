// SPDX-License-Identifier: MIT
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "level-policy.h"
#include "log.h"

/* A panel that is about to restart does so within this time, else it is asked what it made of the order. */
#define RESTART_BEGINS_US (3 * UINT64_C(1000000))
/* One that restarts is back within this time. */
#define RESTART_ENDS_US (30 * UINT64_C(1000000))

/**
 * struct control - see the header
 * @fd: -1 while the panel is away
 * @job: the one that runs, or NULL
 * @timer: runs while a level is being set
 */
struct control {
	sd_event *event;
	struct worker *worker;
	control_tell tell;
	void *context;
	struct level_policy policy;
	int fd;
	struct control_job *job;
	sd_event_source *timer;
};

/* @control is NULL when nobody wants to hear of its end any more. @fd is its own. */
struct control_job {
	struct worker_job job;
	struct control *control;
	int fd;
	bool write;
	unsigned int level;
	int ret;
	struct sensitivity sensitivity;
};

static void take_step(struct control *control, enum level_step step);

static uint64_t now_us(const struct control *control)
{
	uint64_t now = 0;

	sd_event_now(control->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void arm(struct control *control, uint64_t delay)
{
	sd_event_source_set_time(control->timer, now_us(control) + delay);
	sd_event_source_set_enabled(control->timer, SD_EVENT_ONESHOT);
}

static void seen(struct control *control, const struct sensitivity *sensitivity)
{
	unsigned int target = (unsigned int)control->policy.target;
	enum level_fault fault;
	enum level_step step;

	sd_event_source_set_enabled(control->timer, SD_EVENT_OFF);
	step = level_policy_seen(&control->policy, sensitivity->levels, sensitivity->level, now_us(control), &fault);
	if (fault == LEVEL_NOT_KEPT)
		vhu_warn("the panel does not keep the sensitivity %s; it is used as it is", htt_level_name(target));
	if (fault == LEVEL_LACKING)
		vhu_warn(
			"this panel, with a touch controller of type %s, lacks the sensitivity %s; it is used as it is",
			htt_driver_name(sensitivity->driver), htt_level_name((unsigned int)control->policy.wish));
	take_step(control, step);
}

static void give_up(struct control *control, const char *why)
{
	vhu_warn("setting the sensitivity %s: %s", htt_level_name((unsigned int)control->policy.target), why);
	take_step(control, level_policy_give_up(&control->policy));
}

/* A panel that fell silent is no reason to forget what it said before. */
static void answered(struct control *control, const struct sensitivity *sensitivity)
{
	if (control->policy.target == LEVEL_NONE)
		return;
	if (sensitivity->levels)
		seen(control, sensitivity);
	else
		give_up(control, "the panel does not answer");
}

static void run_job(struct worker_job *job)
{
	struct control_job *this = (struct control_job *)job;

	if (this->write)
		this->ret = sensitivity_write(this->fd, this->level);
	else
		sensitivity_read(this->fd, &this->sensitivity);
}

static void end_job(struct worker_job *job, bool cancelled)
{
	struct control_job *this = (struct control_job *)job;
	struct control *control = this->control;

	close(this->fd);
	if (control && !cancelled) {
		control->job = NULL;
		if (this->write && this->ret)
			vhu_debug("the panel's answer to the sensitivity %s: %s", htt_level_name(this->level),
				strerror(-this->ret));
		if (!this->write)
			answered(control, &this->sensitivity);
	}
	free(this);
}

/* Ask the panel, or tell it a level. */
static int start_job(struct control *control, bool write)
{
	struct control_job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->job.run = run_job;
	job->job.done = end_job;
	job->control = control;
	job->write = write;
	job->level = (unsigned int)control->policy.target;
	/* The panel may be closed, and its number used again, before the job comes to it. */
	job->fd = fcntl(control->fd, F_DUPFD_CLOEXEC, 0);
	if (job->fd < 0) {
		free(job);
		return -errno;
	}
	control->job = job;
	worker_start(control->worker, &job->job);
	return 0;
}

static void take_step(struct control *control, enum level_step step)
{
	struct level_policy *policy = &control->policy;
	int ret;

	if (step == LEVEL_REST)
		return;
	control->tell(control->context, (unsigned int)policy->level);
	if (step != LEVEL_SET)
		return;
	vhu_info("the panel's sensitivity is %s; setting it to %s, which restarts it",
		htt_level_name((unsigned int)policy->level), htt_level_name((unsigned int)policy->target));
	ret = start_job(control, true);
	if (ret)
		give_up(control, strerror(-ret));
	else
		arm(control, RESTART_BEGINS_US);
}

/* No restart, or no return from it. */
static int on_late(sd_event_source *timer, uint64_t due, void *userdata)
{
	struct control *control = userdata;

	if (control->policy.target == LEVEL_NONE)
		return 0;
	if (control->job) {
		arm(control, RESTART_BEGINS_US); /* the kernel bounds how long it takes */
		return 0;
	}
	if (control->fd < 0)
		give_up(control, "the panel has not come back");
	else if (start_job(control, false))
		give_up(control, "it cannot be asked");
	return 0;
}

int control_check(int wish, const struct sensitivity *sensitivity, const char *name)
{
	char names[HTT_LEVEL_NAMES];

	if (wish < (int)sensitivity->levels)
		return 0;
	if (sensitivity->levels == 0) {
		vhu_err("%s has no sensitivity that can be set; leave --sensitivity away", name);
		return -EINVAL;
	}
	htt_driver_level_names(sensitivity->driver, names);
	vhu_err("%s has a touch controller of type %s, which lacks the sensitivity %s; choose one of %s", name,
		htt_driver_name(sensitivity->driver), htt_level_name((unsigned int)wish), names);
	return -EINVAL;
}

int control_new(
	sd_event *event, struct worker *worker, int wish, control_tell tell, void *context, struct control **result)
{
	struct control *control = calloc(1, sizeof(*control));
	int ret;

	*result = NULL;
	if (!control)
		return -ENOMEM;
	control->event = event;
	control->worker = worker;
	control->tell = tell;
	control->context = context;
	control->fd = -1;
	ret = sd_event_add_time(event, &control->timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_late, control);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(control->timer, SD_EVENT_OFF);
	if (ret < 0) {
		control_free(control);
		return ret;
	}
	level_policy_init(&control->policy, wish, now_us(control));
	*result = control;
	return 0;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	if (control->job)
		control->job->control = NULL;
	sd_event_source_disable_unref(control->timer);
	free(control);
}

void control_attached(struct control *control, int fd, const struct sensitivity *sensitivity)
{
	control->fd = fd;
	if (control->job) {
		control->job->control = NULL; /* it was for the panel that has gone */
		control->job = NULL;
	}
	seen(control, sensitivity);
}

void control_gone(struct control *control)
{
	control->fd = -1;
	level_policy_gone(&control->policy);
	if (control->policy.target != LEVEL_NONE)
		arm(control, RESTART_ENDS_US);
}

void control_request(struct control *control, uint32_t value)
{
	int level = htt_request_to_level(value);
	const char *refusal = "only report 7 with a level is taken";
	enum level_step step = LEVEL_REST;

	if (level >= 0)
		step = level_policy_request(&control->policy, (unsigned int)level, now_us(control), &refusal);
	if (refusal)
		vhu_log_limited(VHU_LOG_INFO, "the driver's request %#x is refused: %s", value, refusal);
	take_step(control, step);
}
