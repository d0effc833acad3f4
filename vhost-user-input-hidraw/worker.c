// SPDX-License-Identifier: MIT
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* First in, first out. */
struct job_list {
	struct worker_job *first;
	struct worker_job **end;
};

/**
 * struct worker - see the header
 * @lock: guards @stop and the two lists
 * @finished: eventfd, readable when @over has jobs
 */
struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	bool stop;
	struct job_list waiting;
	struct job_list over;
	int finished;
	sd_event_source *source;
};

static void list_init(struct job_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void list_add(struct job_list *list, struct worker_job *job)
{
	job->next = NULL;
	*list->end = job;
	list->end = &job->next;
}

static struct worker_job *list_take(struct job_list *list)
{
	struct worker_job *job = list->first;

	if (!job)
		return NULL;
	list->first = job->next;
	if (!list->first)
		list->end = &list->first;
	return job;
}

static void *work(void *context)
{
	struct worker *worker = context;
	struct worker_job *job;

	pthread_mutex_lock(&worker->lock);
	for (;;) {
		while (!worker->stop && !worker->waiting.first)
			pthread_cond_wait(&worker->work, &worker->lock);
		if (worker->stop)
			break;
		job = list_take(&worker->waiting);
		pthread_mutex_unlock(&worker->lock);
		job->run(job);
		pthread_mutex_lock(&worker->lock);
		list_add(&worker->over, job);
		eventfd_write(worker->finished, 1);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

static struct worker_job *take_finished(struct worker *worker)
{
	struct worker_job *job;

	pthread_mutex_lock(&worker->lock);
	job = list_take(&worker->over);
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static int on_finished(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct worker *worker = userdata;
	struct worker_job *job;
	eventfd_t count;

	eventfd_read(fd, &count);
	while ((job = take_finished(worker)))
		job->done(job, false);
	return 0;
}

static int start_thread(struct worker *worker)
{
	int ret;

	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->work, NULL);
	ret = pthread_create(&worker->thread, NULL, work, worker);
	if (ret) {
		pthread_cond_destroy(&worker->work);
		pthread_mutex_destroy(&worker->lock);
	}
	return -ret;
}

int worker_new(sd_event *event, struct worker **result)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int ret;

	*result = NULL;
	if (!worker)
		return -ENOMEM;
	list_init(&worker->waiting);
	list_init(&worker->over);
	worker->finished = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = worker->finished < 0 ? -errno : 0;
	if (!ret)
		ret = sd_event_add_io(event, &worker->source, worker->finished, EPOLLIN, on_finished, worker);
	/* What took so long need not wait any longer. */
	if (ret >= 0)
		ret = sd_event_source_set_priority(worker->source, SD_EVENT_PRIORITY_NORMAL - 1);
	if (ret >= 0)
		ret = start_thread(worker);
	if (ret < 0) {
		sd_event_source_disable_unref(worker->source);
		if (worker->finished >= 0)
			close(worker->finished);
		free(worker);
		return ret;
	}
	*result = worker;
	return 0;
}

static void cancel(struct job_list *list)
{
	struct worker_job *job;

	while ((job = list_take(list)))
		job->done(job, true);
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->stop = true;
	pthread_cond_signal(&worker->work);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	cancel(&worker->over);
	cancel(&worker->waiting);
	sd_event_source_disable_unref(worker->source);
	close(worker->finished);
	pthread_cond_destroy(&worker->work);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

void worker_start(struct worker *worker, struct worker_job *job)
{
	pthread_mutex_lock(&worker->lock);
	list_add(&worker->waiting, job);
	pthread_cond_signal(&worker->work);
	pthread_mutex_unlock(&worker->lock);
}
