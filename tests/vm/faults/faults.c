// SPDX-License-Identifier: MIT
/* Breaks a kernel on purpose, in the way that the parameter says, so that the test machine can prove that it notices. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *kind = "none";
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "warn, oops, hung, lockdep, sleep, kasan, leak");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);

static int take_twice(void *unused)
{
	mutex_lock(&first);
	mutex_lock(&first);
	return 0;
}

static void both_orders(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_atomic(void)
{
	spin_lock(&spin);
	msleep(1);
	spin_unlock(&spin);
}

static void use_after_free(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	kfree(p);
	WRITE_ONCE(p[3], 1);
}

static noinline void lose_memory(void)
{
	int i;

	/* More than one: a stale copy in a register or on a stack may hide one. */
	for (i = 0; i < 16; i++)
		kfree(NULL), (void)kmalloc(96, GFP_KERNEL);
}

static int __init faults_init(void)
{
	if (!strcmp(kind, "warn"))
		WARN(1, "faults: on purpose\n");
	else if (!strcmp(kind, "oops"))
		WRITE_ONCE(*(int *)8, 1);
	else if (!strcmp(kind, "hung"))
		kthread_run(take_twice, NULL, "faults");
	else if (!strcmp(kind, "lockdep"))
		both_orders();
	else if (!strcmp(kind, "sleep"))
		sleep_atomic();
	else if (!strcmp(kind, "kasan"))
		use_after_free();
	else if (!strcmp(kind, "leak"))
		lose_memory();
	return 0;
}

static void __exit faults_exit(void)
{
}

module_init(faults_init);
module_exit(faults_exit);
MODULE_DESCRIPTION("Faults on purpose, for the test machine's own test");
MODULE_LICENSE("Dual MIT/GPL");
