// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapter-fake-module.h"

#define POOL_IOVA 0x100000000ULL
#define POOL_SIZE 0x40000ULL

struct module {
	int fd;
	int pool_fd;
	int event_fd;
};

/* The code under test has no way to hand its module to the test. */
static struct fake_kernel kernel;

struct fake_kernel *fake_kernel(void)
{
	return &kernel;
}

void fake_kernel_reset(void)
{
	kernel = (struct fake_kernel) { .requests = -1, .adopt_error = -ENOENT };
}

int module_open(const char *control, struct module **mod)
{
	int fds[2];

	if (kernel.open_error)
		return kernel.open_error;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		abort();
	*mod = calloc(1, sizeof(**mod));
	(*mod)->fd = fds[0];
	(*mod)->pool_fd = memfd_create("pool", MFD_CLOEXEC);
	(*mod)->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	kernel.requests = fds[1];
	kernel.alive++;
	return 0;
}

void module_free(struct module *mod)
{
	if (!mod)
		return;
	close(mod->fd);
	close(mod->pool_fd);
	close(mod->event_fd);
	close(kernel.requests);
	kernel.requests = -1;
	kernel.running = kernel.up = false;
	kernel.alive--;
	free(mod);
}

int module_create(struct module *mod, const struct module_device *device)
{
	if (kernel.create_error)
		return kernel.create_error;
	kernel.device = *device;
	kernel.created++;
	return 0;
}

int module_adopt(struct module *mod, const char *name, uint32_t device_id, struct module_orphan *orphan)
{
	if (kernel.adopt_error)
		return kernel.adopt_error;
	/* Of this type, as the kernel makes sure */
	*orphan = kernel.orphan;
	orphan->device.device_id = device_id;
	kernel.adopted++;
	kernel.adopt_error = -ENOENT;
	kernel.running = true;
	return 0;
}

int module_start(struct module *mod)
{
	kernel.running = true;
	return 0;
}

unsigned int module_index(const struct module *mod)
{
	return kernel.created + kernel.adopted - 1;
}

void module_pool(const struct module *mod, struct module_pool *pool)
{
	*pool = (struct module_pool) { mod->pool_fd, POOL_IOVA, POOL_SIZE };
}

int module_kick_fd(const struct module *mod, unsigned int queue)
{
	return mod->event_fd;
}

int module_call_fd(const struct module *mod, unsigned int queue)
{
	return mod->event_fd;
}

int module_rekick(struct module *mod)
{
	kernel.rekicks++;
	return 0;
}

int module_set_backend(struct module *mod, bool up)
{
	kernel.up = up;
	return 0;
}

int module_get_queue(struct module *mod, unsigned int queue, struct vlb_queue_state *state)
{
	*state = (struct vlb_queue_state) {
		.index = queue,
		.ready = 1,
		.size = 64,
		.used_idx = kernel.used_idx,
		.avail_idx = (uint16_t)(kernel.used_idx + (kernel.idle ? 0 : 3)),
		.desc = POOL_IOVA,
		.avail = POOL_IOVA + 0x1000,
		.used = POOL_IOVA + 0x2000,
	};
	return 0;
}

int module_resume_queue(struct module *mod, unsigned int queue, struct vlb_queue_state *state)
{
	return kernel.resume_error ? kernel.resume_error : module_get_queue(mod, queue, state);
}

int module_config_changed(struct module *mod)
{
	kernel.config_changes++;
	return 0;
}

int module_fd(const struct module *mod)
{
	return mod->fd;
}

int module_read(struct module *mod, struct vlb_request *req)
{
	ssize_t n = recv(mod->fd, req, sizeof(*req), MSG_DONTWAIT);

	return n == sizeof(*req) ? 0 : n < 0 ? -errno : -EPROTO;
}

int module_respond(struct module *mod, const struct vlb_response *resp)
{
	kernel.response = *resp;
	kernel.responses++;
	return kernel.respond_error;
}
