// SPDX-License-Identifier: MIT
#include "tests/protocol/fake-gpio-chip.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct fake_chip *fake_chip_map(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *mem = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (!ftruncate(fd, sizeof(struct fake_chip)))
		mem = mmap(NULL, sizeof(struct fake_chip), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return mem == MAP_FAILED ? NULL : mem;
}

void fake_chip_fifo(char fifo[FAKE_PATH], const char *path, unsigned int offset)
{
	snprintf(fifo, FAKE_PATH, "%s.%u", path, offset);
}
