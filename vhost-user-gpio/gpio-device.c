// SPDX-License-Identifier: MIT
#include "gpio-device.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_gpio.h>
#include <stdlib.h>
#include <string.h>

#include "gpio-state.h"
#include "log.h"

#define BIT(n)	   (1ULL << (n))
#define NUM_QUEUES 2

static void *gpio_new(void)
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

static int gpio_init(struct vhu_dev *dev, void *state)
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
	gpio_plug_watch(gpio);
	ret = opts->state ? gpio_saved_open(gpio, opts->state) : 0;
	if (ret)
		return ret;
	vhu_dev_set_features(dev, BIT(VIRTIO_GPIO_F_IRQ));
	vhu_dev_set_queues(dev, NUM_QUEUES);
	vhu_dev_set_config_size(dev, sizeof(struct virtio_gpio_config));
	return 0;
}

static void gpio_free(void *state)
{
	struct gpio_dev *gpio = state;

	for (unsigned int i = 0; gpio->watched && i < gpio->lines.count; i++)
		gpio_watch_stop(&gpio->watched[i]);
	sd_event_source_disable_unref(gpio->nodes);
	sd_event_source_disable_unref(gpio->look);
	sd_event_source_disable_unref(gpio->orphan);
	gpio_saved_close(gpio);
	gpio_lines_close(&gpio->lines);
	free(gpio->watched);
	free(gpio->names);
	free(gpio);
}

static int gpio_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len)
{
	const struct gpio_dev *gpio = vhu_dev_state(dev);
	const struct virtio_gpio_config config = {
		.ngpio = htole16((uint16_t)gpio->lines.count),
		.gpio_names_size = htole32(gpio->names_size),
	};

	memcpy(data, (const uint8_t *)&config + offset, len);
	return 0;
}

static int set_direction(struct gpio_watched *watched, uint32_t direction)
{
	struct gpio_slot *slot = watched->slot;
	struct gpio_use use = { .value = slot->value };

	switch (direction) {
	case VIRTIO_GPIO_DIRECTION_NONE: gpio_watch_free(watched); return 0;
	case VIRTIO_GPIO_DIRECTION_IN: use.edges = gpio_irq_edges(slot->irq.type); break;
	case VIRTIO_GPIO_DIRECTION_OUT:
		if (slot->irq.type != VIRTIO_GPIO_IRQ_TYPE_NONE)
			return -EBUSY;
		use.output = true;
		break;
	default: return -EINVAL;
	}
	return gpio_watch_use(watched, &use);
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
	else if (slot->in_use && slot->use.output)
		ret = -ENODEV;
	/* A driver says the value first and then that it is an output. */
	if (!ret)
		slot->value = value;
	return ret;
}

static int set_irq_type(struct gpio_watched *watched, uint32_t type)
{
	const struct gpio_slot *slot = watched->slot;

	if (!gpio_irq_type_valid(type) || !(vhu_dev_features(watched->gpio->dev) & BIT(VIRTIO_GPIO_F_IRQ)))
		return -EINVAL;
	if (type != VIRTIO_GPIO_IRQ_TYPE_NONE && slot->in_use && slot->use.output)
		return -EBUSY;
	return gpio_watch_irq_type(watched, (uint8_t)type);
}

static int get_value(const struct gpio_slot *slot)
{
	if (slot->request)
		return gpio_line_get(slot->request);
	return slot->in_use ? -ENODEV : -ENOTCONN;
}

/* The value to answer with, or -errno. */
static int serve(struct gpio_watched *watched, uint16_t type, uint32_t value)
{
	struct gpio_slot *slot = watched->slot;
	int ret;

	switch (type) {
	case VIRTIO_GPIO_MSG_GET_DIRECTION:
		ret = gpio_slot_is_output(slot);
		return ret < 0 ? ret : ret ? VIRTIO_GPIO_DIRECTION_OUT : VIRTIO_GPIO_DIRECTION_IN;
	case VIRTIO_GPIO_MSG_SET_DIRECTION: return set_direction(watched, value);
	case VIRTIO_GPIO_MSG_GET_VALUE: return get_value(slot);
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

/* One of the lines; 0 to 255 is the answer's value. */
static int serve_line(struct gpio_dev *gpio, const struct virtio_gpio_request *request)
{
	uint16_t type = le16toh(request->type), line = le16toh(request->gpio);
	uint32_t value = le32toh(request->value);
	struct gpio_slot *slot;
	int ret = -EINVAL;

	if (line < gpio->lines.count) {
		ret = serve(&gpio->watched[line], type, value);
		gpio_saved_store(gpio, line);
	}
	vhu_debug("request %u of line %u, value %u: %s", type, line, value, ret < 0 ? strerror(-ret) : "done");
	if (ret != -ENODEV)
		return ret;
	slot = &gpio->lines.slots[line];
	if (!gpio_plug_lost(gpio, slot->board))
		vhu_warn("line %u (%s) has no such ability; perhaps its chip has no interrupts", slot->offset,
			slot->name);
	return ret;
}

static uint32_t serve_element(struct gpio_dev *gpio, struct virtq_elem *elem)
{
	struct virtio_gpio_response response = { .status = VIRTIO_GPIO_STATUS_ERR };
	struct virtio_gpio_request request;
	int ret;

	if (virtq_iov_read(elem->out, elem->out_num, 0, &request, sizeof(request)) != sizeof(request))
		return answer(elem, &response, sizeof(response));
	if (le16toh(request.type) == VIRTIO_GPIO_MSG_GET_NAMES)
		return answer(elem, gpio->names, gpio->names_size + 1);
	ret = serve_line(gpio, &request);
	if (ret >= 0) {
		response.status = VIRTIO_GPIO_STATUS_OK;
		response.value = (uint8_t)ret;
	}
	return answer(elem, &response, sizeof(response));
}

static void unmask(struct gpio_dev *gpio, struct virtq_elem *elem)
{
	struct virtio_gpio_irq_request request;
	size_t got = virtq_iov_read(elem->out, elem->out_num, 0, &request, sizeof(request));
	uint16_t line = le16toh(request.gpio);

	/* A second buffer for a line makes no sense: it is not kept. */
	if (got != sizeof(request) || line >= gpio->lines.count || gpio->watched[line].buffer) {
		gpio_watch_return(gpio, elem, VIRTIO_GPIO_IRQ_STATUS_INVALID);
		return;
	}
	gpio_watch_unmask(&gpio->watched[line], elem);
}

static void gpio_queue_kick(struct vhu_dev *dev, struct virtq *vq)
{
	struct gpio_dev *gpio = vhu_dev_state(dev);
	struct virtq_elem *elem;
	int ret;

	while ((ret = virtq_pop(vq, &elem)) > 0) {
		if (virtq_index(vq) == GPIO_EVENT_QUEUE)
			unmask(gpio, elem);
		else
			virtq_push(vq, elem, serve_element(gpio, elem));
	}
	virtq_notify(vq);
	if (ret < 0)
		vhu_dev_fail(dev, virtq_broken(vq));
}

static void gpio_queue_stop(struct vhu_dev *dev, struct virtq *vq)
{
	struct gpio_dev *gpio = vhu_dev_state(dev);

	if (virtq_index(vq) != GPIO_EVENT_QUEUE)
		return;
	for (unsigned int i = 0; i < gpio->lines.count; i++)
		gpio_watch_mask(&gpio->watched[i]);
}

/* Whoever drove the lines is gone. At the end of the program the driver may still be there, and get another one. */
static void gpio_reset(struct vhu_dev *dev)
{
	struct gpio_dev *gpio = vhu_dev_state(dev);
	bool ends = sd_event_get_state(vhu_dev_event(dev)) >= SD_EVENT_EXITING;

	if (ends || (!vhu_dev_connected(dev) && gpio_saved_hold(gpio)))
		return;
	gpio_saved_release(gpio);
}

/* The ring of a driver that was never served begins at its first entry: each driver asks for directions first of all. */
static void gpio_queue_start(struct vhu_dev *dev, struct virtq *vq)
{
	if (virtq_index(vq) != GPIO_EVENT_QUEUE)
		gpio_saved_resume(vhu_dev_state(dev), virtq_resumed(vq));
}

const struct vhu_device_type gpio_type = {
	.type = "gpio",
	.description = "A vhost-user device that makes a virtio GPIO controller of lines of GPIO chips.",
	.options = &gpio_argp,
	.new = gpio_new,
	.init = gpio_init,
	.free = gpio_free,
	.get_config = gpio_get_config,
	.queue_start = gpio_queue_start,
	.queue_stop = gpio_queue_stop,
	.queue_kick = gpio_queue_kick,
	.reset = gpio_reset,
};
