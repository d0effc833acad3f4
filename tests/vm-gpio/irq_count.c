// SPDX-License-Identifier: MIT
/*
 * A driver that counts the interrupts of one GPIO line, for tests.
 *
 * /dev/irq-count: a read returns the count as eight bytes, as soon as it is another one than the last that this file
 * returned. With hold=1 the interrupt stays masked, as that of a device that asks for service, until a write says that
 * it was served.
 */
#include <linux/fs.h>
#include <linux/gpio/consumer.h>
#include <linux/gpio/machine.h>
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define NAME "irq-count"

static char *chip = "";
module_param(chip, charp, 0444);
MODULE_PARM_DESC(chip, "Label of the GPIO chip");
static ushort line;
module_param(line, ushort, 0444);
MODULE_PARM_DESC(line, "Offset of the line");
static char *type = "both";
module_param(type, charp, 0444);
MODULE_PARM_DESC(type, "rising, falling, both, high or low");
static bool hold;
module_param(hold, bool, 0444);
MODULE_PARM_DESC(hold, "Keep the interrupt masked until somebody writes");

struct counter {
	struct platform_device *pdev;
	struct gpiod_lookup_table *lookup;
	struct gpio_desc *desc;
	struct miscdevice misc;
	wait_queue_head_t changed;
	atomic64_t count;
	atomic64_t served;
	bool end;
	int irq;
};

static struct counter *counter;

static irqreturn_t on_irq(int irq, void *data)
{
	struct counter *c = data;

	atomic64_inc(&c->count);
	wake_up_all(&c->changed);
	return IRQ_HANDLED;
}

static irqreturn_t on_irq_thread(int irq, void *data)
{
	struct counter *c = data;

	on_irq(irq, c);
	wait_event(c->changed, atomic64_read(&c->served) >= atomic64_read(&c->count) || READ_ONCE(c->end));
	return IRQ_HANDLED;
}

static ssize_t count_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct counter *c = container_of(file->private_data, struct counter, misc);
	s64 count;

	if (size < sizeof(count))
		return -EINVAL;
	if (file->f_flags & O_NONBLOCK && atomic64_read(&c->count) == *pos)
		return -EAGAIN;
	if (wait_event_interruptible(c->changed, atomic64_read(&c->count) != *pos))
		return -ERESTARTSYS;
	count = atomic64_read(&c->count);
	*pos = count;
	return copy_to_user(buf, &count, sizeof(count)) ? -EFAULT : sizeof(count);
}

static ssize_t count_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	struct counter *c = container_of(file->private_data, struct counter, misc);

	atomic64_inc(&c->served);
	wake_up_all(&c->changed);
	return size;
}

static __poll_t count_poll(struct file *file, poll_table *wait)
{
	struct counter *c = container_of(file->private_data, struct counter, misc);

	poll_wait(file, &c->changed, wait);
	return atomic64_read(&c->count) != file->f_pos ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations count_fops = {
	.owner = THIS_MODULE,
	.read = count_read,
	.write = count_write,
	.poll = count_poll,
};

static int flags_of(const char *text, unsigned long *flags)
{
	static const struct {
		const char *text;
		unsigned long flags;
	} types[] = {
		{ "rising", IRQF_TRIGGER_RISING },
		{ "falling", IRQF_TRIGGER_FALLING },
		{ "both", IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING },
		{ "high", IRQF_TRIGGER_HIGH },
		{ "low", IRQF_TRIGGER_LOW },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (!strcmp(types[i].text, text)) {
			*flags = types[i].flags;
			return 0;
		}
	}
	return -EINVAL;
}

static int get_line(struct counter *c)
{
	/* Up to 5.x the macro is an initializer only. */
	struct gpiod_lookup entry = GPIO_LOOKUP(chip, line, NULL, GPIO_ACTIVE_HIGH);

	c->lookup = kzalloc(struct_size(c->lookup, table, 2), GFP_KERNEL);
	if (!c->lookup)
		return -ENOMEM;
	c->lookup->dev_id = NAME;
	c->lookup->table[0] = entry;
	gpiod_add_lookup_table(c->lookup);
	c->pdev = platform_device_register_simple(NAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(c->pdev))
		return PTR_ERR(c->pdev);
	c->desc = gpiod_get(&c->pdev->dev, NULL, GPIOD_IN);
	if (IS_ERR(c->desc))
		return PTR_ERR(c->desc);
	c->irq = gpiod_to_irq(c->desc);
	return c->irq < 0 ? c->irq : 0;
}

static void put_line(struct counter *c)
{
	if (!IS_ERR_OR_NULL(c->desc))
		gpiod_put(c->desc);
	if (!IS_ERR_OR_NULL(c->pdev))
		platform_device_unregister(c->pdev);
	if (c->lookup)
		gpiod_remove_lookup_table(c->lookup);
	kfree(c->lookup);
	kfree(c);
}

static int __init irq_count_init(void)
{
	struct counter *c = kzalloc(sizeof(*c), GFP_KERNEL);
	unsigned long flags = 0;
	int ret;

	if (!c)
		return -ENOMEM;
	init_waitqueue_head(&c->changed);
	c->misc = (struct miscdevice) { .minor = MISC_DYNAMIC_MINOR, .name = NAME, .fops = &count_fops };
	ret = flags_of(type, &flags);
	if (!ret)
		ret = get_line(c);
	if (!ret)
		ret = request_threaded_irq(c->irq, hold ? NULL : on_irq, hold ? on_irq_thread : NULL,
			flags | (hold ? IRQF_ONESHOT : 0), NAME, c);
	if (ret)
		goto no_irq;
	ret = misc_register(&c->misc);
	if (ret)
		goto no_node;
	counter = c;
	return 0;
no_node:
	WRITE_ONCE(c->end, true);
	wake_up_all(&c->changed);
	free_irq(c->irq, c);
no_irq:
	put_line(c);
	return ret;
}

static void __exit irq_count_exit(void)
{
	struct counter *c = counter;

	misc_deregister(&c->misc);
	WRITE_ONCE(c->end, true);
	wake_up_all(&c->changed);
	free_irq(c->irq, c);
	put_line(c);
}

module_init(irq_count_init);
module_exit(irq_count_exit);
MODULE_DESCRIPTION("Counts the interrupts of a GPIO line");
MODULE_LICENSE("Dual MIT/GPL");
