// SPDX-License-Identifier: MIT
#include "gpio-irq.h"

#include <linux/virtio_gpio.h>

#include "gpio-chip.h"

bool gpio_irq_type_valid(uint32_t type)
{
	switch (type) {
	case VIRTIO_GPIO_IRQ_TYPE_NONE:
	case VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING:
	case VIRTIO_GPIO_IRQ_TYPE_EDGE_FALLING:
	case VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH:
	case VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH:
	case VIRTIO_GPIO_IRQ_TYPE_LEVEL_LOW: return true;
	default: return false;
	}
}

unsigned int gpio_irq_edges(uint8_t type)
{
	switch (type) {
	case VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING:
	case VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH: return GPIO_EDGE_RISING;
	case VIRTIO_GPIO_IRQ_TYPE_EDGE_FALLING:
	case VIRTIO_GPIO_IRQ_TYPE_LEVEL_LOW: return GPIO_EDGE_FALLING;
	case VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH: return GPIO_EDGE_RISING | GPIO_EDGE_FALLING;
	default: return 0;
	}
}

bool gpio_irq_is_level(const struct gpio_irq *irq)
{
	return irq->type == VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH || irq->type == VIRTIO_GPIO_IRQ_TYPE_LEVEL_LOW;
}

static enum gpio_irq_answer fire(struct gpio_irq *irq)
{
	irq->unmasked = false;
	irq->latched = false;
	return GPIO_IRQ_VALID;
}

enum gpio_irq_answer gpio_irq_set_type(struct gpio_irq *irq, uint8_t type)
{
	bool had_buffer = irq->unmasked;

	if (type != irq->type)
		irq->latched = false;
	irq->type = type;
	if (type != VIRTIO_GPIO_IRQ_TYPE_NONE)
		return GPIO_IRQ_KEEP;
	irq->unmasked = false;
	return had_buffer ? GPIO_IRQ_INVALID : GPIO_IRQ_KEEP;
}

enum gpio_irq_answer gpio_irq_unmask(struct gpio_irq *irq)
{
	if (irq->type == VIRTIO_GPIO_IRQ_TYPE_NONE)
		return GPIO_IRQ_INVALID;
	if (irq->latched)
		return fire(irq);
	irq->unmasked = true;
	return GPIO_IRQ_KEEP;
}

enum gpio_irq_answer gpio_irq_edge(struct gpio_irq *irq, unsigned int edge)
{
	if (gpio_irq_is_level(irq) || !(gpio_irq_edges(irq->type) & edge))
		return GPIO_IRQ_KEEP;
	if (irq->unmasked)
		return fire(irq);
	irq->latched = true;
	return GPIO_IRQ_KEEP;
}

enum gpio_irq_answer gpio_irq_level(struct gpio_irq *irq, bool value)
{
	if (!gpio_irq_is_level(irq) || !irq->unmasked)
		return GPIO_IRQ_KEEP;
	return value == (irq->type == VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH) ? fire(irq) : GPIO_IRQ_KEEP;
}
