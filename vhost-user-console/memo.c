// SPDX-License-Identifier: MIT
#include "memo.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

uint32_t memo_read(const char *path)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	uint32_t open;

	if (!file)
		return UINT32_MAX;
	if (fscanf(file, "open ports %" SCNx32, &open) != 1)
		open = UINT32_MAX;
	fclose(file);
	return open;
}

static int write_all(const char *path, uint32_t open)
{
	FILE *file = fopen(path, "we");
	int ret;

	if (!file)
		return -errno;
	ret = fprintf(file, "open ports %08" PRIx32 "\n", open) < 0 ? -EIO : 0;
	return fclose(file) ? -errno : ret;
}

void memo_write(const char *path, uint32_t open)
{
	char temporary[PATH_MAX];
	int ret;

	if (!path)
		return;
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	ret = write_all(temporary, open);
	if (!ret && rename(temporary, path) < 0)
		ret = -errno;
	if (ret < 0)
		vhu_log_limited(VHU_LOG_WARN, "cannot write %s: %s", path, strerror(-ret));
}
