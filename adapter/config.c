// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "adapter/config.h"
#include "adapter/display/display.h"
#include "log.h"

static int only_for(const char *option, const char *name)
{
	vhu_err("%s is for devices of type %s only: leave it out", option, name);
	return -EINVAL;
}

int config_check_options(const struct device_type *type, const struct config_options *opt)
{
	if (opt->fs_tag && type->own != &config_fs)
		return only_for("--fs-tag", "fs");
	if (opt->have_mac && type->own != &config_net)
		return only_for("--mac", "net");
	if (opt->mtu && type->own != &config_net)
		return only_for("--mtu", "net");
	if (opt->width && type->own != &config_gpu)
		return only_for("--screen", "gpu");
	return 0;
}

uint64_t config_features(const struct config *c, uint64_t daemon)
{
	const struct config_own *own = c->type->own;

	return own && own->features ? own->features(c->opt, daemon) : daemon;
}

static bool asks_daemon(const struct config *c)
{
	const struct config_own *own = c->type->own;

	return !own || (own->asks_daemon && own->asks_daemon(c->opt));
}

int config_read(const struct config *c, struct frontend *fe, void *space)
{
	int ret = 0;

	if (!c->type->config_size)
		return 0;
	memset(space, 0, c->type->config_size);
	if (asks_daemon(c))
		ret = frontend_get_config(fe, space, c->type->config_size);
	if (!ret && c->type->own)
		c->type->own->fill(c, space);
	return ret;
}

int config_write(struct config *c, struct frontend *fe, uint32_t offset, const void *data, uint32_t len)
{
	const struct config_own *own = c->type->own;
	int ret = own && own->write ? own->write(c, offset, data, len) : -EOPNOTSUPP;

	return ret == -EOPNOTSUPP ? frontend_set_config(fe, offset, data, len) : ret;
}

int config_start(struct config *c, struct frontend *fe, uint64_t negotiated)
{
	const struct config_own *own = c->type->own;

	return own && own->start ? own->start(c, fe, negotiated) : 0;
}

void config_end(struct config *c)
{
	display_free(c->display);
	c->display = NULL;
}

const char *config_missing(const struct device_type *type)
{
	return type->own ? type->own->missing : NULL;
}
