/* SPDX-License-Identifier: MIT */
/*
 * The interrupt of one line (virtio 1.4, 5.18.7 and 5.18.8): when is it latched,
 * and when does the driver get its buffer back? No I/O.
 *
 * The driver enables the interrupt by giving it a type, and unmasks it by giving
 * the device a buffer. The device returns that buffer when the interrupt fires,
 * which masks it again. An edge that comes while it is masked is remembered, once;
 * a level never is.
 */
#ifndef GPIO_IRQ_H
#define GPIO_IRQ_H

#include <stdbool.h>
#include <stdint.h>

struct gpio_irq {
	uint8_t type; /* VIRTIO_GPIO_IRQ_TYPE_* */
	bool unmasked; /* the device has the driver's buffer */
	bool latched; /* an edge came while it did not */
};

/* What to do with the driver's buffer now. */
enum gpio_irq_answer {
	GPIO_IRQ_KEEP,
	GPIO_IRQ_VALID, /* return it: the interrupt fires */
	GPIO_IRQ_INVALID, /* return it: the interrupt is disabled */
};

bool gpio_irq_type_valid(uint32_t type);
unsigned int gpio_irq_edges(uint8_t type); /* GPIO_EDGE_* that have to be watched for it */
bool gpio_irq_is_level(const struct gpio_irq *irq);

/* @type is a valid one. Another type than before forgets what was latched. */
enum gpio_irq_answer gpio_irq_set_type(struct gpio_irq *irq, uint8_t type);
/* The driver gave a buffer. Only when the device has none for this line yet. */
enum gpio_irq_answer gpio_irq_unmask(struct gpio_irq *irq);
/* An edge came, GPIO_EDGE_*; means nothing to a level. */
enum gpio_irq_answer gpio_irq_edge(struct gpio_irq *irq, unsigned int edge);
/* The line's value was looked at; means nothing to an edge. */
enum gpio_irq_answer gpio_irq_level(struct gpio_irq *irq, bool value);

#endif /* GPIO_IRQ_H */
