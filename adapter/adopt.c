// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/virtio_config.h>
#include <string.h>

#include "adapter/adopt.h"
#include "log.h"

#define BIT(n) (1ULL << (n))

bool adopt_wanted(const struct options *opt)
{
	/* Who wants no grace for the daemon wants none for us. */
	return *opt->name && opt->type.resumable && opt->grace;
}

/* The command line may be another one than the dead adapter's. */
static bool is_as_wanted(const struct options *opt, const struct module_device *device)
{
	const struct device_type *type = &opt->type;

	if (type->num_queues != DEVICE_QUEUES_OF_DAEMON && device->num_queues != type->num_queues)
		return false;
	/* Created by somebody else, if it has more than a message can name. */
	if (device->num_queues > DEVICE_MAX_QUEUES || device->num_queues <= type->unserved)
		return false;
	return device->queue_size == type->queue_size && device->config_size == type->config_size &&
		device->bounce_size == type->bounce_size;
}

static void take(const struct options *opt, struct session *s, struct module *mod, const struct module_orphan *orphan)
{
	s->mod = mod;
	s->config.num_queues = orphan->device.num_queues;
	s->num_queues = orphan->device.num_queues - opt->type.unserved;
	s->config_size = orphan->device.config_size;
	s->status = orphan->status;
	s->started = orphan->status & VIRTIO_CONFIG_S_DRIVER_OK;
	s->taken = orphan->driver_features & ~BIT(VIRTIO_F_ACCESS_PLATFORM);
}

int adopt_orphan(const struct options *opt, struct session *s, uint64_t *offered)
{
	struct module_orphan orphan;
	struct module *mod;
	int ret;

	/* Even if there is nothing to adopt: better to learn now that the module is missing than from the daemon on. */
	ret = module_open(opt->control, &mod);
	if (ret)
		return ret;
	ret = adopt_wanted(opt) ? module_adopt(mod, opt->name, opt->type.id, &orphan) : -ENOENT;
	if (!ret && is_as_wanted(opt, &orphan.device)) {
		take(opt, s, mod, &orphan);
		*offered = orphan.device.features & ~BIT(VIRTIO_F_ACCESS_PLATFORM);
		vhu_info("%s: goes on with virtio-loopback.%u, whose adapter died", opt->name, module_index(mod));
		return 0;
	}
	if (!ret)
		vhu_warn(
			"%s: the device of an adapter that died is not as it is wanted now; it begins anew", opt->name);
	else if (ret != -ENOENT && ret != -EBUSY)
		vhu_warn("%s: cannot go on with the device of that name: %s", opt->name, strerror(-ret));
	module_free(mod);
	return 0;
}
