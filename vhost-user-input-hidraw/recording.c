// SPDX-License-Identifier: MIT
#include "recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hidraw.h"

/* Some hours of a panel at full rate. */
#define MAX_REPORTS 4000000
#define MAX_BYTES   (256u << 20)

struct report {
	uint64_t time_us; /* after the first one */
	size_t offset; /* into the recording's bytes */
	size_t size;
};

struct recording {
	struct source_info info;
	uint8_t *bytes;
	size_t num_bytes;
	size_t room_bytes;
	struct report *reports;
	size_t num_reports;
	size_t room_reports;
	size_t next;
	uint64_t start_us;
	sd_event_source *timer;
	const struct source_ops *ops;
	void *context;
};

/* Where the reader of the file is. */
struct reader {
	struct recording *recording;
	struct hid_error *error;
	const char *path;
	unsigned int line;
	bool other_device;
	uint64_t first_us;
	uint64_t last_us;
	size_t descriptor_size;
	uint8_t descriptor[HID_MAX_DESCRIPTOR];
};

static int fail(const struct reader *reader, int code, const char *what)
{
	snprintf(reader->error->text, sizeof(reader->error->text), "%s, line %u: %s", reader->path, reader->line, what);
	return code;
}

/* "COUNT XX XX ...", as many bytes as it says. Returns the count or -EINVAL. */
static ssize_t parse_bytes(const char *text, uint8_t *bytes, size_t room)
{
	unsigned long count, i, value;
	char *end;

	count = strtoul(text, &end, 10);
	if (end == text || count > room)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		text = end;
		value = strtoul(text, &end, 16);
		if (end == text || value > 0xff)
			return -EINVAL;
		bytes[i] = (uint8_t)value;
	}
	return (ssize_t)count;
}

static int grow(void **array, size_t *room, size_t needed, size_t item)
{
	size_t wanted = *room ? *room * 2 : 4096;
	void *bigger;

	if (needed <= *room)
		return 0;
	if (wanted < needed)
		wanted = needed;
	bigger = realloc(*array, wanted * item);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*room = wanted;
	return 0;
}

static int read_descriptor(struct reader *reader, const char *text)
{
	ssize_t size = parse_bytes(text, reader->descriptor, sizeof(reader->descriptor));

	if (size < 0)
		return fail(reader, -EINVAL, "the report descriptor is not \"R: SIZE BYTE BYTE ...\"");
	reader->descriptor_size = (size_t)size;
	return 0;
}

static int read_ids(struct reader *reader, const char *text)
{
	struct input_identity *identity = &reader->recording->info.identity;
	unsigned int bus, vendor, product;

	if (sscanf(text, "%x %x %x", &bus, &vendor, &product) != 3)
		return fail(reader, -EINVAL, "the ids are not \"I: BUS VENDOR PRODUCT\"");
	identity->bus = (uint16_t)bus;
	identity->vendor = (uint16_t)vendor;
	identity->product = (uint16_t)product;
	return 0;
}

/* "SECONDS.MICROSECONDS COUNT XX XX ..." */
static int read_event(struct reader *reader, const char *text)
{
	struct recording *recording = reader->recording;
	unsigned long long seconds;
	uint64_t time_us;
	unsigned int us;
	int used = 0;
	ssize_t size;

	if (sscanf(text, "%llu.%6u%n", &seconds, &us, &used) != 2 || seconds > UINT32_MAX)
		return fail(reader, -EINVAL, "the report is not \"E: SECONDS.MICROSECONDS SIZE BYTE BYTE ...\"");
	if (recording->num_reports == MAX_REPORTS || recording->num_bytes > MAX_BYTES)
		return fail(reader, -E2BIG, "the recording is too long");
	if (grow((void **)&recording->bytes, &recording->room_bytes, recording->num_bytes + HID_MAX_REPORT, 1) ||
		grow((void **)&recording->reports, &recording->room_reports, recording->num_reports + 1,
			sizeof(*recording->reports)))
		return fail(reader, -ENOMEM, "out of memory");
	size = parse_bytes(text + used, recording->bytes + recording->num_bytes, HID_MAX_REPORT);
	if (size < 0)
		return fail(reader, -EINVAL, "the report has not as many bytes as it says");
	time_us = seconds * 1000000 + us;
	if (recording->num_reports == 0)
		reader->first_us = time_us;
	/* A clock that was set back while recording must not stop the playing. */
	if (time_us < reader->last_us)
		time_us = reader->last_us;
	reader->last_us = time_us;
	recording->reports[recording->num_reports++] = (struct report) {
		.time_us = time_us - reader->first_us,
		.offset = recording->num_bytes,
		.size = (size_t)size,
	};
	recording->num_bytes += (size_t)size;
	return 0;
}

static void read_name(struct reader *reader, const char *text)
{
	char *name = reader->recording->info.identity.name;

	snprintf(name, INPUT_CONFIG_STRING, "%s", text + strspn(text, " "));
	name[strcspn(name, "\r\n")] = '\0';
}

/* Lines of other kinds belong to newer versions of the format or are comments. */
static int read_line(struct reader *reader, const char *line)
{
	reader->line++;
	if (!line[0] || line[1] != ':')
		return 0;
	if (line[0] == 'D')
		reader->other_device = strtoul(line + 2, NULL, 10) != 0;
	if (reader->other_device)
		return 0;
	switch (line[0]) {
	case 'R': return read_descriptor(reader, line + 2);
	case 'I': return read_ids(reader, line + 2);
	case 'E': return read_event(reader, line + 2);
	case 'N': read_name(reader, line + 2); return 0;
	default: return 0;
	}
}

static int read_file(struct reader *reader, FILE *file)
{
	size_t room = 0;
	char *line = NULL;
	int ret = 0;

	while (!ret && getline(&line, &room, file) >= 0)
		ret = read_line(reader, line);
	free(line);
	if (ret)
		return ret;
	if (ferror(file))
		return fail(reader, -EIO, "cannot read on");
	if (reader->descriptor_size == 0)
		return fail(reader, -EINVAL, "the file ends without a report descriptor; is it of hid-recorder?");
	return hidraw_understand(reader->path, reader->descriptor, reader->descriptor_size,
		&reader->recording->info.touch, reader->error);
}

int recording_open(const char *path, struct recording **result, struct hid_error *error)
{
	struct reader reader = { .path = path, .error = error };
	FILE *file = fopen(path, "re");
	int ret;

	*result = NULL;
	if (!file) {
		ret = -errno;
		snprintf(error->text, sizeof(error->text), "cannot open the recording %s: %s", path, strerror(-ret));
		return ret;
	}
	reader.recording = calloc(1, sizeof(*reader.recording));
	ret = reader.recording ? read_file(&reader, file) : fail(&reader, -ENOMEM, "out of memory");
	fclose(file);
	if (ret) {
		recording_free(reader.recording);
		return ret;
	}
	snprintf(reader.recording->info.node, sizeof(reader.recording->info.node), "%s", path);
	reader.recording->info.fd = -1;
	*result = reader.recording;
	return 0;
}

void recording_free(struct recording *recording)
{
	if (!recording)
		return;
	sd_event_source_disable_unref(recording->timer);
	hid_touch_free(recording->info.touch);
	free(recording->reports);
	free(recording->bytes);
	free(recording);
}

void recording_info(struct recording *recording, struct source_info *info)
{
	*info = recording->info;
	recording->info.touch = NULL;
}

static int on_time(sd_event_source *timer, uint64_t due, void *userdata)
{
	struct recording *recording = userdata;
	const struct report *report;
	uint64_t now = due;

	sd_event_now(sd_event_source_get_event(timer), CLOCK_MONOTONIC, &now);
	while (recording->next < recording->num_reports) {
		report = &recording->reports[recording->next];
		if (recording->start_us + report->time_us > now)
			break;
		recording->next++;
		recording->ops->report(recording->context, recording->bytes + report->offset, report->size);
	}
	recording->ops->drained(recording->context, false);
	if (recording->next == recording->num_reports) {
		recording->ops->gone(recording->context);
		return 0;
	}
	sd_event_source_set_time(timer, recording->start_us + recording->reports[recording->next].time_us);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
	return 0;
}

int recording_play(struct recording *recording, sd_event *event, const struct source_ops *ops, void *context)
{
	int ret;

	if (recording->timer)
		return 0;
	ret = sd_event_now(event, CLOCK_MONOTONIC, &recording->start_us);
	if (ret < 0)
		return ret;
	recording->ops = ops;
	recording->context = context;
	return sd_event_add_time(event, &recording->timer, CLOCK_MONOTONIC, recording->start_us, 1, on_time, recording);
}
