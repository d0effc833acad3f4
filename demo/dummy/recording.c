// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording.h"

/* Nothing that a person records by hand comes near this. */
#define MAX_FILE (256u << 20)

#define STRENGTH_COMMENT "# strength "

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "LENGTH xx xx ..." with exactly LENGTH bytes; the result is malloc'ed. */
static int parse_bytes(const char *p, size_t max, uint8_t **data, size_t *size, struct fault *fault)
{
	unsigned long length;
	uint8_t *bytes;
	size_t i;
	char *end;

	length = strtoul(p, &end, 10);
	if (!isdigit((unsigned char)*p) || length == 0 || length > max)
		return fault_set(fault, -EINVAL, "the length must be a number from 1 to %zu", max);
	bytes = malloc(length);
	if (!bytes)
		return fault_set(fault, -ENOMEM, "out of memory");
	p = end;
	for (i = 0; i < length; i++) {
		int high, low;

		p = skip_blanks(p);
		high = hex_digit(p[0]);
		low = high < 0 ? -1 : hex_digit(p[1]);
		if (low < 0)
			break;
		bytes[i] = (uint8_t)(high << 4 | low);
		p += 2;
	}
	if (i < length || *skip_blanks(p)) {
		free(bytes);
		return fault_set(fault, -EINVAL, "%lu bytes are announced, but %s", length,
			i < length ? "fewer follow" : "something else follows them");
	}
	*data = bytes;
	*size = length;
	return 0;
}

static int parse_descriptor(const char *p, struct recording *recording, struct fault *fault)
{
	if (recording->descriptor)
		return fault_set(fault, -EINVAL, "a second report descriptor: keep one device in the recording");
	return parse_bytes(p, RECORDING_MAX_DESCRIPTOR, &recording->descriptor, &recording->descriptor_size, fault);
}

static int parse_text(const char *p, char *text, size_t size, struct fault *fault)
{
	if (snprintf(text, size, "%s", p) >= (int)size)
		return fault_set(fault, -EINVAL, "longer than %zu characters", size - 1);
	return 0;
}

static int parse_ids(const char *p, struct recording *recording, struct fault *fault)
{
	int length = 0;

	if (sscanf(p, "%4x %4x %4x %n", &recording->bus, &recording->vendor, &recording->product, &length) != 3 ||
		p[length])
		return fault_set(fault, -EINVAL, "expected bus, vendor and product as hexadecimal numbers");
	recording->has_ids = true;
	return 0;
}

/* "seconds.microseconds", both padded with zeroes by hid-recorder. */
static int parse_time(const char **p, uint64_t *time_us, struct fault *fault)
{
	unsigned long long seconds;
	unsigned int digits, us = 0;
	char *end;

	seconds = strtoull(*p, &end, 10);
	if (!isdigit((unsigned char)**p) || *end != '.' || seconds > UINT32_MAX)
		return fault_set(fault, -EINVAL, "expected a time as seconds.microseconds");
	end++;
	for (digits = 0; digits < 6 && isdigit((unsigned char)*end); digits++)
		us = us * 10 + (unsigned int)(*end++ - '0');
	if (digits < 6 || (*end != ' ' && *end != '\t'))
		return fault_set(fault, -EINVAL, "expected six digits of microseconds");
	*time_us = seconds * 1000000 + us;
	*p = skip_blanks(end);
	return 0;
}

static int parse_report(const char *p, struct recording *recording, struct fault *fault)
{
	struct recording_report report, *grown;
	unsigned int count = recording->count;
	int ret;

	ret = parse_time(&p, &report.time_us, fault);
	if (ret)
		return ret;
	if (count && report.time_us < recording->reports[count - 1].time_us)
		return fault_set(fault, -EINVAL, "the time runs backwards");
	report.strength = recording->strength;
	ret = parse_bytes(p, RECORDING_MAX_REPORT, &report.data, &report.size, fault);
	if (ret)
		return ret;
	/* Powers of two: the array is full exactly when count is one. */
	if ((count & (count - 1)) == 0) {
		grown = reallocarray(recording->reports, count ? 2 * count : 1, sizeof(*grown));
		if (!grown) {
			free(report.data);
			return fault_set(fault, -ENOMEM, "out of memory");
		}
		recording->reports = grown;
	}
	recording->reports[recording->count++] = report;
	return 0;
}

/* The comment of recording_write_strength(); any other is somebody else's. */
static void parse_comment(const char *p, struct recording *recording)
{
	size_t keyword = strlen(STRENGTH_COMMENT);
	int strength;

	if (strncmp(p, STRENGTH_COMMENT, keyword) != 0)
		return;
	p = skip_blanks(p + keyword);
	strength = strength_find(p, strcspn(p, " \t\r"));
	if (strength >= 0)
		recording->strength = (enum touch_strength)strength;
}

static int parse_line(const char *line, struct recording *recording, struct fault *fault)
{
	const char *value;

	line = skip_blanks(line);
	if (*line == '#')
		parse_comment(line, recording);
	if (*line == '\0' || *line == '#')
		return 0;
	if (line[1] != ':')
		return fault_set(fault, -EINVAL, "expected one of R: N: P: I: E: D: or #");
	value = skip_blanks(line + 2);
	switch (line[0]) {
	case 'R': return parse_descriptor(value, recording, fault);
	case 'N': return parse_text(value, recording->name, sizeof(recording->name), fault);
	case 'P': return parse_text(value, recording->phys, sizeof(recording->phys), fault);
	case 'I': return parse_ids(value, recording, fault);
	case 'E': return parse_report(value, recording, fault);
	case 'D':
		if (strcmp(value, "0") == 0)
			return 0;
		return fault_set(fault, -EINVAL, "several devices in one recording: keep the lines of one");
	default: return fault_set(fault, -EINVAL, "'%c:' is not an item of a hid-recorder file", line[0]);
	}
}

int recording_parse(const char *text, struct recording *recording, struct fault *fault)
{
	unsigned int number = 0;
	struct fault inner;
	int ret = 0;

	memset(recording, 0, sizeof(*recording));
	while (*text && !ret) {
		size_t length = strcspn(text, "\n");
		char *line = strndup(text, length);

		number++;
		if (!line) {
			ret = fault_set(fault, -ENOMEM, "out of memory");
			break;
		}
		line[strcspn(line, "\r")] = '\0';
		ret = parse_line(line, recording, &inner);
		if (ret)
			fault_format(fault, "line %u: %.250s", number, inner.text);
		free(line);
		text += length + (text[length] == '\n');
	}
	if (ret)
		recording_release(recording);
	return ret;
}

static int read_file(FILE *file, const char *path, char **text, struct fault *fault)
{
	size_t size = 0, room = 0, got;
	char *buffer = NULL, *grown;

	do {
		if (size + 1 >= room) {
			room = room ? room * 2 : 65536;
			grown = room > MAX_FILE ? NULL : realloc(buffer, room);
			if (!grown) {
				free(buffer);
				return fault_set(fault, -EFBIG, "%s is too long", path);
			}
			buffer = grown;
		}
		got = fread(buffer + size, 1, room - size - 1, file);
		size += got;
	} while (got);
	buffer[size] = '\0';
	if (ferror(file) || strlen(buffer) != size) {
		free(buffer);
		return fault_set(fault, -EINVAL, "%s is not a readable text file", path);
	}
	*text = buffer;
	return 0;
}

int recording_load(const char *path, struct recording *recording, struct fault *fault)
{
	struct fault inner;
	char *text = NULL;
	FILE *file;
	int ret;

	file = fopen(path, "re");
	if (!file) {
		ret = -errno;
		return fault_set(fault, ret, "cannot open the recording %s: %s", path, strerror(-ret));
	}
	ret = read_file(file, path, &text, fault);
	fclose(file);
	if (ret)
		return ret;
	ret = recording_parse(text, recording, &inner);
	free(text);
	return ret ? fault_set(fault, ret, "%s, %.250s", path, inner.text) : 0;
}

void recording_release(struct recording *recording)
{
	unsigned int i;

	for (i = 0; i < recording->count; i++)
		free(recording->reports[i].data);
	free(recording->reports);
	free(recording->descriptor);
	memset(recording, 0, sizeof(*recording));
}

static void write_bytes(FILE *out, const uint8_t *data, size_t size)
{
	size_t i;

	fprintf(out, "%zu", size);
	for (i = 0; i < size; i++)
		fprintf(out, " %02x", data[i]);
	fputc('\n', out);
}

void recording_write_header(FILE *out, const struct recording *recording)
{
	fputs("D: 0\nR: ", out);
	write_bytes(out, recording->descriptor, recording->descriptor_size);
	fprintf(out, "N: %s\nP: %s\n", recording->name, recording->phys);
	fprintf(out, "I: %x %04x %04x\n", recording->bus, recording->vendor, recording->product);
}

void recording_write_strength(FILE *out, enum touch_strength strength)
{
	fprintf(out, STRENGTH_COMMENT "%s\n", strength_name(strength));
}

void recording_write_report(FILE *out, uint64_t time_us, const uint8_t *data, size_t size)
{
	fprintf(out, "E: %06llu.%06llu ", (unsigned long long)(time_us / 1000000),
		(unsigned long long)(time_us % 1000000));
	write_bytes(out, data, size);
}
