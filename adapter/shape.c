// SPDX-License-Identifier: MIT
#include "adapter/shape.h"

unsigned int shape_queues(const struct device_type *type, const struct frontend *fe)
{
	unsigned int num = type->num_queues;

	if (num == DEVICE_QUEUES_OF_DAEMON)
		num = frontend_max_queues(fe) ? frontend_max_queues(fe) : 1;
	return num < DEVICE_MAX_QUEUES ? num : DEVICE_MAX_QUEUES;
}

uint64_t shape_offer(const struct options *opt, const struct session *s)
{
	return devices_driver_features(
		&opt->type, config_features(&s->config, frontend_features(s->fe)), opt->indirect);
}

bool shape_fits(const struct options *opt, const struct session *s, uint64_t offered)
{
	uint64_t needed = s->started ? s->taken : offered;
	uint8_t config[VLB_MAX_CONFIG];

	if ((shape_offer(opt, s) & needed) != needed || s->config.num_queues > shape_queues(&opt->type, s->fe))
		return false;
	return !config_read(&s->config, s->fe, config);
}
