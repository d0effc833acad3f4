// SPDX-License-Identifier: MIT
#include <string.h>

#include "virtqueue.h"

/* Both directions differ only in which side memcpy() writes to. */
static size_t copy(const struct iovec *iov, unsigned int num, size_t offset, char *to, const char *from, size_t len)
{
	size_t done = 0;
	unsigned int i;

	for (i = 0; i < num && done < len; i++) {
		char *base = iov[i].iov_base;
		size_t part;

		if (offset >= iov[i].iov_len) {
			offset -= iov[i].iov_len;
			continue;
		}
		part = iov[i].iov_len - offset;
		if (part > len - done)
			part = len - done;
		if (to)
			memcpy(to + done, base + offset, part);
		else
			memcpy(base + offset, from + done, part);
		done += part;
		offset = 0;
	}
	return done;
}

size_t virtq_iov_read(const struct iovec *iov, unsigned int num, size_t offset, void *buf, size_t len)
{
	return len ? copy(iov, num, offset, buf, NULL, len) : 0;
}

size_t virtq_iov_write(const struct iovec *iov, unsigned int num, size_t offset, const void *buf, size_t len)
{
	return len ? copy(iov, num, offset, NULL, buf, len) : 0;
}
