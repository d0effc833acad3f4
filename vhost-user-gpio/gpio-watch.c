// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/virtio_gpio.h>
#include <string.h>
#include <sys/epoll.h>

#include "gpio-state.h"
#include "log.h"

/* Edges of one line taken in one go before the loop's other sources get their turn. */
#define MAX_BATCH 64

void gpio_watch_return(struct gpio_dev *gpio, struct virtq_elem *buffer, uint8_t status)
{
	struct virtq *vq = vhu_dev_queue(gpio->dev, GPIO_EVENT_QUEUE);

	virtq_push(vq, buffer, (uint32_t)virtq_iov_write(buffer->in, buffer->in_num, 0, &status, sizeof(status)));
	virtq_notify(vq);
}

static void answer_irq(struct gpio_watched *watched, enum gpio_irq_answer answer)
{
	struct virtq_elem *buffer = watched->buffer;

	if (answer == GPIO_IRQ_KEEP || !buffer)
		return;
	watched->buffer = NULL;
	gpio_watch_return(watched->gpio, buffer,
		answer == GPIO_IRQ_VALID ? VIRTIO_GPIO_IRQ_STATUS_VALID : VIRTIO_GPIO_IRQ_STATUS_INVALID);
}

/* A level has no moment at which it comes: it is looked at whenever it might matter. */
static void check_level(struct gpio_watched *watched)
{
	struct gpio_slot *slot = watched->slot;
	int value;

	if (!gpio_irq_is_level(&slot->irq) || !slot->irq.unmasked || !slot->request)
		return;
	value = gpio_line_get(slot->request);
	if (value >= 0)
		answer_irq(watched, gpio_irq_level(&slot->irq, value));
}

static int on_edge(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct gpio_watched *watched = userdata;
	struct gpio_slot *slot = watched->slot;
	int edge = -EAGAIN;

	for (unsigned int i = 0; i < MAX_BATCH; i++) {
		edge = gpio_line_read_edge(slot->request);
		if (edge < 0)
			break;
		answer_irq(watched, gpio_irq_edge(&slot->irq, (unsigned int)edge));
	}
	check_level(watched);
	if (edge >= 0 || edge == -EAGAIN)
		return 0;
	gpio_watch_stop(watched);
	if (!gpio_plug_lost(watched->gpio, slot->board))
		vhu_warn("line %u (%s) tells no more edges: %s", slot->offset, slot->name, strerror(-edge));
	return 0;
}

void gpio_watch_stop(struct gpio_watched *watched)
{
	watched->source = sd_event_source_disable_unref(watched->source);
}

static int watch(struct gpio_watched *watched)
{
	const struct gpio_slot *slot = watched->slot;
	int fd = slot->request && !slot->board->gone ? gpio_line_fd(slot->request) : -1, ret;

	gpio_watch_stop(watched);
	if (fd < 0)
		return 0;
	ret = sd_event_add_io(vhu_dev_event(watched->gpio->dev), &watched->source, fd, EPOLLIN, on_edge, watched);
	if (ret < 0)
		vhu_warn("cannot watch line %u: %s", watched->slot->offset, strerror(-ret));
	return ret < 0 ? ret : 0;
}

int gpio_watch_use(struct gpio_watched *watched, const struct gpio_use *use)
{
	const struct gpio_use *now = &watched->slot->use;
	int ret, watching;

	/* Asking anew may cost edges that wait. */
	if (watched->slot->request && !use->output && !now->output && use->edges == now->edges)
		return 0;
	/* Its descriptor may be another one afterwards. */
	gpio_watch_stop(watched);
	ret = gpio_slot_use(&watched->gpio->lines, watched->slot, use);
	watching = watch(watched);
	return ret ? ret : watching;
}

int gpio_watch_irq_type(struct gpio_watched *watched, uint8_t type)
{
	struct gpio_slot *slot = watched->slot;
	const struct gpio_use use = { .edges = gpio_irq_edges(type) };
	int ret = 0;

	if (type != VIRTIO_GPIO_IRQ_TYPE_NONE || (slot->request && !slot->use.output))
		ret = gpio_watch_use(watched, &use);
	/*
	 * Also if that failed, as Linux' driver takes no notice, and gives a buffer that comes back as
	 * invalid again at once, for ever. Like this it stays here until the driver disables the interrupt.
	 */
	answer_irq(watched, gpio_irq_set_type(&slot->irq, type));
	check_level(watched);
	return type == VIRTIO_GPIO_IRQ_TYPE_NONE ? 0 : ret;
}

void gpio_watch_unmask(struct gpio_watched *watched, struct virtq_elem *buffer)
{
	watched->buffer = buffer;
	answer_irq(watched, gpio_irq_unmask(&watched->slot->irq));
	check_level(watched);
}

/*
 * Back as invalid, which Linux' driver takes for "once more, please": a ring that stops with some of its
 * buffers in flight, but not the last ones, could not be gone on with.
 */
void gpio_watch_mask(struct gpio_watched *watched)
{
	watched->slot->irq.unmasked = false;
	answer_irq(watched, GPIO_IRQ_INVALID);
}

void gpio_watch_free(struct gpio_watched *watched)
{
	answer_irq(watched, gpio_irq_set_type(&watched->slot->irq, VIRTIO_GPIO_IRQ_TYPE_NONE));
	gpio_watch_stop(watched);
	gpio_slot_release(watched->slot);
}

void gpio_watch_resume(struct gpio_watched *watched)
{
	struct gpio_slot *slot = watched->slot;
	struct gpio_use use = { .output = slot->use.output, .value = slot->value };

	if (!slot->in_use)
		return;
	if (!use.output)
		use.edges = gpio_irq_edges(slot->irq.type);
	if (!gpio_watch_use(watched, &use))
		check_level(watched);
}
