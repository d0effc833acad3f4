/* SPDX-License-Identifier: MIT */
/*
 * One place that logs. Lines go to stderr with the sd-daemon(3) level prefix
 * when the journal reads them, else with the program's name. The level is set by
 * --log-level=error|warn|info|debug or $VHU_LOG_LEVEL; the default is info.
 */
#ifndef VHU_LOG_H
#define VHU_LOG_H

#include <stdbool.h>

enum vhu_log_level {
	VHU_LOG_ERROR,
	VHU_LOG_WARN,
	VHU_LOG_INFO,
	VHU_LOG_DEBUG,
};

int vhu_log_set_level(const char *name); /* 0, or -EINVAL for a name that is none */
bool vhu_log_enabled(enum vhu_log_level level);
void vhu_log(enum vhu_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The same for what a peer can cause as often as it likes: after ten lines in
 * five seconds the rest is counted, and the next line that passes says how many.
 */
void vhu_log_limited(enum vhu_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define vhu_err(...)   vhu_log(VHU_LOG_ERROR, __VA_ARGS__)
#define vhu_warn(...)  vhu_log(VHU_LOG_WARN, __VA_ARGS__)
#define vhu_info(...)  vhu_log(VHU_LOG_INFO, __VA_ARGS__)
#define vhu_debug(...) vhu_log(VHU_LOG_DEBUG, __VA_ARGS__)

#endif /* VHU_LOG_H */
