// SPDX-License-Identifier: MIT
#include "escape.h"

#include <errno.h>
#include <string.h>

#define QUIT 'q'

int escape_parse(const char *text, int *key)
{
	if (!strcmp(text, "none"))
		*key = ESCAPE_NONE;
	else if (text[0] == '^' && text[1] >= '@' && text[1] <= '_' && !text[2])
		*key = text[1] - '@';
	else if (text[0] && !text[1])
		*key = (uint8_t)text[0];
	else
		return -EINVAL;
	return 0;
}

size_t escape_filter(struct escape *e, const uint8_t *in, size_t len, uint8_t *out, bool *quit)
{
	size_t n = 0;

	*quit = false;
	for (size_t i = 0; i < len; i++) {
		if (!e->armed && in[i] == e->key) {
			e->armed = true;
			continue;
		}
		if (e->armed) {
			e->armed = false;
			if (in[i] == QUIT) {
				*quit = true;
				break;
			}
			/* no command: the key was meant for the driver after all */
			if (in[i] != e->key)
				out[n++] = (uint8_t)e->key;
		}
		out[n++] = in[i];
	}
	return n;
}
