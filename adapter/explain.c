// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/stat.h>

#include <virtio_loopback.h>

#include "adapter/explain.h"
#include "log.h"

#define BIT(n) (1ULL << (n))

void explain_module(const struct options *opt, int err)
{
	const char *path = opt->control;

	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		vhu_err("%s is not there: load the module with \"modprobe virtio_loopback\"", path);
	else if (err == -EACCES || err == -EPERM)
		vhu_err("no permission to open %s: run as root or as a member of its group", path);
	else if (err == -ENOTTY)
		vhu_err("%s is not the device file of virtio_loopback: check --control", path);
	else if (err == -EPROTONOSUPPORT)
		vhu_err("the loaded module virtio_loopback is of another version: install the one that came with "
			"this program, and load that");
	else if (err == -EEXIST)
		vhu_err("there is a device of the name \"%s\" already: choose another --name", opt->name);
	else if (err == -ENOMEM)
		vhu_err("the kernel has no memory for the device: use a smaller --bounce-size");
	else if (err == -EINVAL)
		vhu_err("the kernel refuses the device: check --device-id, --num-queues and --bounce-size");
	else
		vhu_err("cannot create the device by %s: %s", path, strerror(-err));
}

static int explain_config(const struct options *opt, struct frontend *fe)
{
	const char *remedy = config_missing(&opt->type);

	if (frontend_broken(fe))
		return -EPROTO;
	if (remedy && !frontend_has_config(fe))
		vhu_err("the daemon at %s serves no configuration space: %s", opt->socket_path, remedy);
	else
		vhu_err("the daemon at %s %s, which a device of type %s needs: is it the right daemon?",
			opt->socket_path, frontend_why(fe), opt->type.name);
	return -EPROTONOSUPPORT;
}

int explain_daemon(const struct options *opt, const struct config *config, struct frontend *fe)
{
	const struct device_type *type = &opt->type;
	unsigned int max = frontend_max_queues(fe);
	uint64_t features = frontend_features(fe);
	uint8_t space[VLB_MAX_CONFIG];

	if (!(features & BIT(VIRTIO_F_VERSION_1))) {
		vhu_err("the daemon at %s only speaks the legacy protocol (no VIRTIO_F_VERSION_1): use a newer one",
			opt->socket_path);
		return -EPROTONOSUPPORT;
	}
	if (max && type->num_queues > max + type->unserved) {
		vhu_err("the daemon at %s has %u queues and a device of type %s needs %u: is it the right daemon?",
			opt->socket_path, max, type->name, type->num_queues - type->unserved);
		return -EPROTONOSUPPORT;
	}
	if (opt->config.mtu && !(features & BIT(VIRTIO_NET_F_MTU))) {
		vhu_err("the daemon at %s does not let the front-end choose the MTU: leave --mtu out",
			opt->socket_path);
		return -EPROTONOSUPPORT;
	}
	/* Reading all of it tells both whether the daemon can and whether it is of this type. */
	return config_read(config, fe, space) ? explain_config(opt, fe) : 0;
}

static bool waiting_helps(int err)
{
	return err == -ENOENT || err == -ECONNREFUSED || err == -EAGAIN;
}

int explain_connect(const struct options *opt, int err)
{
	const char *path = opt->socket_path;
	struct stat st;

	/* A file that is no socket refuses connections just as a socket without a daemon does. */
	if (!stat(path, &st) && !S_ISSOCK(st.st_mode)) {
		vhu_err("%s is not a socket: check --socket-path", path);
		return -ENOTSOCK;
	}
	if (!waiting_helps(err)) {
		vhu_err("cannot connect to %s (%s): check --socket-path and its permissions", path, strerror(-err));
		return err;
	}
	return 0;
}
