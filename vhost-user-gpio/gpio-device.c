// SPDX-License-Identifier: MIT
#include "gpio-device.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_gpio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "gpio-lines.h"
#include "log.h"
#include "options.h"

#define BIT(n)	      (1ULL << (n))
#define REQUEST_QUEUE 0
#define EVENT_QUEUE   1
#define NUM_QUEUES    2

/* Edges of one line taken in one go before the loop's other sources get their turn. */
#define MAX_BATCH 64

struct gpio_dev;

/**
 * struct watched - what the device adds to a line
 * @buffer: the driver's, for its interrupt; NULL while that is masked
 * @source: its edges, NULL while nobody wants to know of them
 */
struct watched {
	struct gpio_dev *gpio;
	struct gpio_slot *slot;
	struct virtq_elem *buffer;
	sd_event_source *source;
};

/**
 * struct gpio_dev - the device
 * @options: first, for they are argp's input
 * @names: the answer to GET_NAMES, with room for its status in front
 * @names_size: without the status
 */
struct gpio_dev {
	struct gpio_options options;
	struct vhu_dev *dev;
	struct gpio_lines lines;
	struct watched *watched;
	uint8_t *names;
	uint32_t names_size;
};

void *gpio_new(void)
{
	return calloc(1, sizeof(struct gpio_dev));
}

static int make_names(struct gpio_dev *gpio)
{
	size_t room = (size_t)gpio->lines.count * GPIO_NAME_SIZE;

	gpio->names = calloc(1, room + 1);
	if (!gpio->names)
		return -ENOMEM;
	gpio->names_size = gpio_lines_names(&gpio->lines, (char *)gpio->names + 1, room);
	return 0;
}

int gpio_init(struct vhu_dev *dev, void *state)
{
	struct gpio_dev *gpio = state;
	const struct gpio_options *opts = &gpio->options;
	int ret;

	gpio->dev = dev;
	ret = gpio_lines_open(&gpio->lines, opts->chips, opts->num_chips, opts->lines, opts->consumer);
	if (ret)
		return ret;
	gpio->watched = calloc(gpio->lines.count, sizeof(*gpio->watched));
	if (!gpio->watched || make_names(gpio))
		return -ENOMEM;
	for (unsigned int i = 0; i < gpio->lines.count; i++) {
		gpio->lines.slots[i].read_only |= opts->read_only;
		gpio->watched[i].gpio = gpio;
		gpio->watched[i].slot = &gpio->lines.slots[i];
	}
	vhu_dev_set_features(dev, BIT(VIRTIO_GPIO_F_IRQ));
	vhu_dev_set_queues(dev, NUM_QUEUES);
	vhu_dev_set_config_size(dev, sizeof(struct virtio_gpio_config));
	return 0;
}

static void unwatch(struct watched *watched)
{
	watched->source = sd_event_source_disable_unref(watched->source);
}

void gpio_free(void *state)
{
	struct gpio_dev *gpio = state;

	for (unsigned int i = 0; gpio->watched && i < gpio->lines.count; i++)
		unwatch(&gpio->watched[i]);
	gpio_lines_close(&gpio->lines);
	free(gpio->watched);
	free(gpio->names);
	free(gpio);
}

int gpio_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len)
{
	const struct gpio_dev *gpio = vhu_dev_state(dev);
	const struct virtio_gpio_config config = {
		.ngpio = htole16((uint16_t)gpio->lines.count),
		.gpio_names_size = htole32(gpio->names_size),
	};

	memcpy(data, (const uint8_t *)&config + offset, len);
	return 0;
}

/* Gives a buffer of the event queue back. */
static void return_buffer(struct gpio_dev *gpio, struct virtq_elem *elem, uint8_t status)
{
	struct virtq *vq = vhu_dev_queue(gpio->dev, EVENT_QUEUE);

	virtq_push(vq, elem, (uint32_t)virtq_iov_write(elem->in, elem->in_num, 0, &status, sizeof(status)));
	virtq_notify(vq);
}

static void answer_irq(struct watched *watched, enum gpio_irq_answer answer)
{
	struct virtq_elem *buffer = watched->buffer;

	if (answer == GPIO_IRQ_KEEP || !buffer)
		return;
	watched->buffer = NULL;
	return_buffer(watched->gpio, buffer,
		answer == GPIO_IRQ_VALID ? VIRTIO_GPIO_IRQ_STATUS_VALID : VIRTIO_GPIO_IRQ_STATUS_INVALID);
}

/* A level has no moment at which it comes: it is looked at whenever it might matter. */
static void check_level(struct watched *watched)
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
	struct watched *watched = userdata;
	struct gpio_slot *slot = watched->slot;
	int edge = -EAGAIN;

	for (unsigned int i = 0; i < MAX_BATCH; i++) {
		edge = gpio_line_read_edge(slot->request);
		if (edge < 0)
			break;
		answer_irq(watched, gpio_irq_edge(&slot->irq, (unsigned int)edge));
	}
	check_level(watched);
	if (edge < 0 && edge != -EAGAIN) {
		vhu_warn("line %u (%s) tells no more edges: %s; was its chip unplugged?", slot->offset, slot->name,
			strerror(-edge));
		unwatch(watched);
	}
	return 0;
}

static int watch(struct watched *watched)
{
	int fd = gpio_line_fd(watched->slot->request), ret;

	unwatch(watched);
	if (fd < 0)
		return 0;
	ret = sd_event_add_io(vhu_dev_event(watched->gpio->dev), &watched->source, fd, EPOLLIN, on_edge, watched);
	if (ret < 0)
		vhu_warn("cannot watch line %u: %s", watched->slot->offset, strerror(-ret));
	return ret < 0 ? ret : 0;
}

static int use_line(struct watched *watched, const struct gpio_use *use)
{
	const struct gpio_use *now = &watched->slot->use;
	int ret;

	/* Asking anew may cost edges that wait. */
	if (watched->slot->request && !use->output && !now->output && use->edges == now->edges)
		return 0;
	/* Its descriptor may be another one afterwards. */
	unwatch(watched);
	ret = gpio_slot_use(&watched->gpio->lines, watched->slot, use);
	return ret ? ret : watch(watched);
}

static void free_line(struct watched *watched)
{
	answer_irq(watched, gpio_irq_set_type(&watched->slot->irq, VIRTIO_GPIO_IRQ_TYPE_NONE));
	unwatch(watched);
	gpio_slot_release(watched->slot);
}

static int set_direction(struct watched *watched, uint32_t direction)
{
	struct gpio_slot *slot = watched->slot;
	struct gpio_use use = { .value = slot->value };

	switch (direction) {
	case VIRTIO_GPIO_DIRECTION_NONE: free_line(watched); return 0;
	case VIRTIO_GPIO_DIRECTION_IN: use.edges = gpio_irq_edges(slot->irq.type); break;
	case VIRTIO_GPIO_DIRECTION_OUT:
		if (slot->irq.type != VIRTIO_GPIO_IRQ_TYPE_NONE)
			return -EBUSY;
		use.output = true;
		break;
	default: return -EINVAL;
	}
	return use_line(watched, &use);
}

static int set_value(struct gpio_slot *slot, uint32_t value)
{
	int ret = 0;

	if (value > 1)
		return -EINVAL;
	if (slot->read_only)
		return -EPERM;
	if (slot->request && slot->use.output)
		ret = gpio_line_set(slot->request, value);
	/* A driver says the value first and then that it is an output. */
	if (!ret)
		slot->value = value;
	return ret;
}

static int set_irq_type(struct watched *watched, uint32_t type)
{
	struct gpio_slot *slot = watched->slot;
	struct gpio_use use = { .edges = gpio_irq_edges((uint8_t)type) };
	int ret = 0;

	if (!gpio_irq_type_valid(type) || !(vhu_dev_features(watched->gpio->dev) & BIT(VIRTIO_GPIO_F_IRQ)))
		return -EINVAL;
	if (type != VIRTIO_GPIO_IRQ_TYPE_NONE && slot->request && slot->use.output)
		return -EBUSY;
	if (type != VIRTIO_GPIO_IRQ_TYPE_NONE || (slot->request && !slot->use.output))
		ret = use_line(watched, &use);
	if (ret && type != VIRTIO_GPIO_IRQ_TYPE_NONE)
		return ret;
	answer_irq(watched, gpio_irq_set_type(&slot->irq, (uint8_t)type));
	check_level(watched);
	return 0;
}

/* The value to answer with, or -errno. */
static int serve(struct watched *watched, uint16_t type, uint32_t value)
{
	struct gpio_slot *slot = watched->slot;
	int ret;

	switch (type) {
	case VIRTIO_GPIO_MSG_GET_DIRECTION:
		ret = gpio_slot_is_output(slot);
		return ret < 0 ? ret : ret ? VIRTIO_GPIO_DIRECTION_OUT : VIRTIO_GPIO_DIRECTION_IN;
	case VIRTIO_GPIO_MSG_SET_DIRECTION: return set_direction(watched, value);
	case VIRTIO_GPIO_MSG_GET_VALUE: return slot->request ? gpio_line_get(slot->request) : -ENOTCONN;
	case VIRTIO_GPIO_MSG_SET_VALUE: return set_value(slot, value);
	case VIRTIO_GPIO_MSG_IRQ_TYPE: return set_irq_type(watched, value);
	default: return -EOPNOTSUPP;
	}
}

/* Drivers check the length, so an answer is whole even if it says no. */
static uint32_t answer(struct virtq_elem *elem, const void *data, size_t len)
{
	return (uint32_t)virtq_iov_write(elem->in, elem->in_num, 0, data, len);
}

static uint32_t serve_element(struct gpio_dev *gpio, struct virtq_elem *elem)
{
	struct virtio_gpio_response response = { .status = VIRTIO_GPIO_STATUS_ERR };
	struct virtio_gpio_request request;
	uint16_t line;
	int ret;

	if (virtq_iov_read(elem->out, elem->out_num, 0, &request, sizeof(request)) != sizeof(request))
		return answer(elem, &response, sizeof(response));
	if (le16toh(request.type) == VIRTIO_GPIO_MSG_GET_NAMES)
		return answer(elem, gpio->names, gpio->names_size + 1);
	line = le16toh(request.gpio);
	ret = line < gpio->lines.count ? serve(&gpio->watched[line], le16toh(request.type), le32toh(request.value))
				       : -EINVAL;
	vhu_debug("request %u of line %u, value %u: %s", le16toh(request.type), line, le32toh(request.value),
		ret < 0 ? strerror(-ret) : "done");
	if (ret >= 0) {
		response.status = VIRTIO_GPIO_STATUS_OK;
		response.value = (uint8_t)ret;
	}
	return answer(elem, &response, sizeof(response));
}

static void unmask(struct gpio_dev *gpio, struct virtq_elem *elem)
{
	struct virtio_gpio_irq_request request;
	struct watched *watched;
	size_t got = virtq_iov_read(elem->out, elem->out_num, 0, &request, sizeof(request));
	uint16_t line = le16toh(request.gpio);

	/* A second buffer for a line makes no sense: it is not kept. */
	if (got != sizeof(request) || line >= gpio->lines.count || gpio->watched[line].buffer) {
		return_buffer(gpio, elem, VIRTIO_GPIO_IRQ_STATUS_INVALID);
		return;
	}
	watched = &gpio->watched[line];
	watched->buffer = elem;
	answer_irq(watched, gpio_irq_unmask(&watched->slot->irq));
	check_level(watched);
}

void gpio_queue_kick(struct vhu_dev *dev, struct virtq *vq)
{
	struct gpio_dev *gpio = vhu_dev_state(dev);
	struct virtq_elem *elem;
	int ret;

	while ((ret = virtq_pop(vq, &elem)) > 0) {
		if (virtq_index(vq) == EVENT_QUEUE)
			unmask(gpio, elem);
		else
			virtq_push(vq, elem, serve_element(gpio, elem));
	}
	virtq_notify(vq);
	if (ret < 0)
		vhu_dev_fail(dev, virtq_broken(vq));
}

void gpio_queue_stop(struct vhu_dev *dev, struct virtq *vq)
{
	struct gpio_dev *gpio = vhu_dev_state(dev);

	if (virtq_index(vq) != EVENT_QUEUE)
		return;
	for (unsigned int i = 0; i < gpio->lines.count; i++) {
		gpio->watched[i].buffer = NULL;
		gpio->watched[i].slot->irq.unmasked = false;
	}
}

/* Whoever drove the lines is gone. */
void gpio_reset(struct vhu_dev *dev)
{
	struct gpio_dev *gpio = vhu_dev_state(dev);

	for (unsigned int i = 0; i < gpio->lines.count; i++)
		free_line(&gpio->watched[i]);
}
