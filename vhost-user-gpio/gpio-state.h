/* SPDX-License-Identifier: MIT */
/* What the parts of the device share: its state, interrupts of lines, chips that are unplugged. */
#ifndef GPIO_STATE_H
#define GPIO_STATE_H

#include "device.h"
#include "gpio-lines.h"
#include "options.h"

#define GPIO_EVENT_QUEUE 1

struct gpio_dev;
struct gpio_saved;

/**
 * struct gpio_watched - what the device adds to a line
 * @buffer: the driver's, for its interrupt; NULL while that is masked
 * @source: its edges, NULL while nobody wants to know of them
 */
struct gpio_watched {
	struct gpio_dev *gpio;
	struct gpio_slot *slot;
	struct virtq_elem *buffer;
	sd_event_source *source;
};

/**
 * struct gpio_dev - the device
 * @options: first, for they are argp's input
 * @watched: one for each of @lines
 * @names: the answer to GET_NAMES, with room for its status in front
 * @names_size: without the status
 * @nodes: chips in /dev that come and go
 * @saved: the state file, or NULL
 * @may_resume: it has what a program before this one left
 * @orphan: the timer while lines are held for a driver whose front-end has gone
 * @look: the timer while a chip is unplugged
 */
struct gpio_dev {
	struct gpio_options options;
	struct vhu_dev *dev;
	struct gpio_lines lines;
	struct gpio_watched *watched;
	uint8_t *names;
	uint32_t names_size;
	struct gpio_saved *saved;
	bool may_resume;
	sd_event_source *orphan;
	sd_event_source *nodes;
	sd_event_source *look;
};

/* gpio-watch.c: lines and their interrupts. 0 or -errno; after an error the line is used as before, if at all. */
int gpio_watch_use(struct gpio_watched *watched, const struct gpio_use *use);
int gpio_watch_irq_type(struct gpio_watched *watched, uint8_t type); /* a valid type */
void gpio_watch_unmask(struct gpio_watched *watched, struct virtq_elem *buffer); /* when there is none yet */
void gpio_watch_return(struct gpio_dev *gpio, struct virtq_elem *buffer, uint8_t status);
void gpio_watch_mask(struct gpio_watched *watched); /* the event queue stops: its buffer, if any, goes back */
void gpio_watch_free(struct gpio_watched *watched); /* the driver has no more use for the line */
void gpio_watch_stop(struct gpio_watched *watched); /* do not look for edges */
/* Its chip is there again: the line becomes what the driver has made of it. */
void gpio_watch_resume(struct gpio_watched *watched);

/* gpio-plug.c: something said -ENODEV. True if the chip has gone: then it is looked for from now on. */
bool gpio_plug_lost(struct gpio_dev *gpio, struct gpio_board *board);
void gpio_plug_watch(struct gpio_dev *gpio); /* from gpio_init() on */

/*
 * gpio-saved.c: a file with what the driver has made of the lines, for the program that takes the place of
 * this one under a running driver. Without the file nothing is stored or held.
 */
int gpio_saved_open(struct gpio_dev *gpio, const char *path); /* 0, or -errno after it was logged */
void gpio_saved_close(struct gpio_dev *gpio);
void gpio_saved_store(struct gpio_dev *gpio, unsigned int line); /* after each change of it */
void gpio_saved_release(struct gpio_dev *gpio); /* the driver has no more use for any line */
/* The front-end has gone without a word of its driver: keep the lines for a while, in case another one brings that back. */
bool gpio_saved_hold(struct gpio_dev *gpio);
/* The request queue starts; @same_driver: with a driver that was served before, not a new one, which finds lines that are free. */
void gpio_saved_resume(struct gpio_dev *gpio, bool same_driver);

#endif /* GPIO_STATE_H */
