// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "adapter/module.h"

#define VENDOR_ID 0x1af4 /* what virtio devices of QEMU carry */

struct module_queue {
	int kick_fd;
	int call_fd;
};

struct module {
	int fd;
	uint32_t flags; /* of VLB_CREATE that the kernel knows */
	bool mine; /* there is a device */
	unsigned int index;
	unsigned int num_queues;
	struct module_queue *queues;
	struct module_pool pool;
};

static int control(const struct module *mod, unsigned long request, void *arg)
{
	return ioctl(mod->fd, request, arg) < 0 ? -errno : 0;
}

static int check_abi(struct module *mod)
{
	struct vlb_info info = { 0 };
	int ret = control(mod, VLB_GET_INFO, &info);

	mod->flags = info.create_flags;
	if (ret)
		return ret;
	return info.abi_version == VLB_ABI_VERSION ? 0 : -EPROTONOSUPPORT;
}

int module_open(const char *control_path, struct module **mod)
{
	struct module *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return -ENOMEM;
	m->pool.fd = -1;
	/* Not blocking: the event loop may see a request that its driver has given up meanwhile. */
	m->fd = open(control_path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	ret = m->fd < 0 ? -errno : check_abi(m);
	if (ret)
		module_free(m);
	else
		*mod = m;
	return ret;
}

void module_free(struct module *mod)
{
	if (!mod)
		return;
	/* A file that is just closed may be that of a process that died. Old modules do not make the difference. */
	if (mod->mine)
		control(mod, VLB_DESTROY, NULL);
	if (mod->fd >= 0)
		close(mod->fd);
	if (mod->pool.fd >= 0)
		close(mod->pool.fd);
	for (unsigned int i = 0; i < mod->num_queues; i++) {
		if (mod->queues[i].kick_fd >= 0)
			close(mod->queues[i].kick_fd);
		if (mod->queues[i].call_fd >= 0)
			close(mod->queues[i].call_fd);
	}
	free(mod->queues);
	free(mod);
}

static int setup_queue(struct module *mod, unsigned int i, unsigned int size)
{
	struct module_queue *queue = &mod->queues[i];
	struct vlb_setup_queue setup = { .index = i, .size = size };

	/* Not blocking: neither we nor a daemon may sleep on a counter that the other one changes. */
	queue->call_fd = -1;
	queue->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	mod->num_queues = i + 1;
	if (queue->kick_fd < 0)
		return -errno;
	queue->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->call_fd < 0)
		return -errno;
	setup.kick_fd = queue->kick_fd;
	setup.call_fd = queue->call_fd;
	return control(mod, VLB_SETUP_QUEUE, &setup);
}

static int set_name(char (*to)[VLB_NAME_LEN], const char *name)
{
	if (strlen(name) >= sizeof(*to))
		return -ENAMETOOLONG;
	memcpy(*to, name, strlen(name));
	return 0;
}

int module_create(struct module *mod, const struct module_device *device)
{
	struct vlb_create create = {
		.abi_version = VLB_ABI_VERSION,
		.device_id = device->device_id,
		.vendor_id = VENDOR_ID,
		.num_queues = device->num_queues,
		.max_queue_size = device->queue_size,
		.config_size = device->config_size,
		.features = device->features,
		.bounce_size = device->bounce_size,
		.flags = device->adoptable ? mod->flags & VLB_CREATE_ADOPTABLE : 0,
		.pool_fd = -1,
	};
	int ret;

	ret = set_name(&create.name, device->name);
	if (ret)
		return ret;
	mod->queues = calloc(device->num_queues, sizeof(*mod->queues));
	if (!mod->queues)
		return -ENOMEM;
	ret = control(mod, VLB_CREATE, &create);
	if (ret)
		return ret;
	mod->mine = true;
	mod->pool = (struct module_pool) { create.pool_fd, create.pool_iova, create.pool_size };
	mod->index = create.index;
	for (unsigned int i = 0; !ret && i < device->num_queues; i++)
		ret = setup_queue(mod, i, device->queue_size);
	return ret;
}

int module_start(struct module *mod)
{
	return control(mod, VLB_START, NULL);
}

static int adopt_queue(struct module *mod, unsigned int i)
{
	struct vlb_setup_queue queue = { .index = i };
	int ret = control(mod, VLB_ADOPT_QUEUE, &queue);

	if (ret)
		return ret;
	mod->queues[i] = (struct module_queue) { queue.kick_fd, queue.call_fd };
	mod->num_queues = i + 1;
	return 0;
}

int module_adopt(struct module *mod, const char *name, uint32_t device_id, struct module_orphan *orphan)
{
	struct vlb_adopt adopt = { .abi_version = VLB_ABI_VERSION, .device_id = device_id, .pool_fd = -1 };
	int ret;

	if (!(mod->flags & VLB_CREATE_ADOPTABLE))
		return -ENOENT;
	ret = set_name(&adopt.name, name);
	if (!ret)
		ret = control(mod, VLB_ADOPT, &adopt);
	if (ret)
		return ret;
	mod->mine = true;
	mod->pool = (struct module_pool) { adopt.pool_fd, adopt.pool_iova, adopt.pool_size };
	mod->index = adopt.index;
	mod->queues = calloc(adopt.num_queues, sizeof(*mod->queues));
	if (!mod->queues)
		return -ENOMEM;
	for (unsigned int i = 0; !ret && i < adopt.num_queues; i++)
		ret = adopt_queue(mod, i);
	*orphan = (struct module_orphan) {
		.device = {
			.device_id = device_id,
			.num_queues = adopt.num_queues,
			.queue_size = adopt.max_queue_size,
			.config_size = adopt.config_size,
			.features = adopt.features,
			.bounce_size = adopt.bounce_size,
		},
		.status = adopt.status,
		.driver_features = adopt.driver_features,
	};
	return ret;
}

unsigned int module_index(const struct module *mod)
{
	return mod->index;
}

void module_pool(const struct module *mod, struct module_pool *pool)
{
	*pool = mod->pool;
}

int module_kick_fd(const struct module *mod, unsigned int queue)
{
	return mod->queues[queue].kick_fd;
}

int module_call_fd(const struct module *mod, unsigned int queue)
{
	return mod->queues[queue].call_fd;
}

int module_rekick(struct module *mod)
{
	eventfd_t count;

	for (unsigned int i = 0; i < mod->num_queues; i++) {
		if (eventfd_read(mod->queues[i].call_fd, &count) && errno != EAGAIN)
			return -errno;
		if (eventfd_read(mod->queues[i].kick_fd, &count) && errno != EAGAIN)
			return -errno;
		if (eventfd_write(mod->queues[i].kick_fd, 1) || eventfd_write(mod->queues[i].call_fd, 1))
			return -errno;
	}
	return 0;
}

int module_set_backend(struct module *mod, bool up)
{
	uint32_t state = up ? VLB_BACKEND_UP : VLB_BACKEND_DOWN;

	return control(mod, VLB_SET_BACKEND, &state);
}

int module_get_queue(struct module *mod, unsigned int queue, struct vlb_queue_state *state)
{
	*state = (struct vlb_queue_state) { .index = queue };
	return control(mod, VLB_GET_QUEUE, state);
}

int module_resume_queue(struct module *mod, unsigned int queue, struct vlb_queue_state *state)
{
	*state = (struct vlb_queue_state) { .index = queue };
	return control(mod, VLB_RESUME_QUEUE, state);
}

int module_config_changed(struct module *mod)
{
	return control(mod, VLB_CONFIG_CHANGED, NULL);
}

int module_fd(const struct module *mod)
{
	return mod->fd;
}

int module_read(struct module *mod, struct vlb_request *req)
{
	ssize_t n = read(mod->fd, req, sizeof(*req));

	if (n < 0)
		return -errno;
	return n == sizeof(*req) ? 0 : -EPROTO;
}

int module_respond(struct module *mod, const struct vlb_response *resp)
{
	ssize_t n = write(mod->fd, resp, sizeof(*resp));

	if (n < 0)
		return -errno;
	return n == sizeof(*resp) ? 0 : -EPROTO;
}
