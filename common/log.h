/*
 * Copyright (c) 2026 The quptimed authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#ifndef LOG_H
#define LOG_H

#include <stdarg.h>

/*
 * Every process of the daemon writes its log lines to standard error.  In the
 * foreground that is the operator's terminal or the service manager; in the
 * background it is a pipe to the parent, which hands the lines to syslog(3).
 * So a jailed process needs no socket to log, and what the C library or the
 * kernel makes it say as it dies is kept as well.
 */
enum log_style {
	LOG_STYLE_PLAIN,	/* role: text */
	LOG_STYLE_PRIORITY,	/* <n>role: text, n a syslog(3) severity */
};

void	 log_init(enum log_style, int);
/* Lines go to that function instead, without time or priority in front. */
void	 log_sink(void (*)(int, const char *));
void	 log_procinit(const char *);
const char *
	 log_procname(void);
void	 log_setverbose(int);
int	 log_getverbose(void);

/* errno is kept by all of these; messages have no trailing newline. */
void	 log_warn(const char *, ...) __attribute__((__format__(printf, 1, 2)));
void	 log_warnx(const char *, ...) __attribute__((__format__(printf, 1, 2)));
void	 log_info(const char *, ...) __attribute__((__format__(printf, 1, 2)));
void	 log_debug(const char *, ...) __attribute__((__format__(printf, 1, 2)));
void	 vlog(int, const char *, va_list)
	    __attribute__((__format__(printf, 2, 0)));
void	 fatal(const char *, ...)
	    __attribute__((__noreturn__, __format__(printf, 1, 2)));
void	 fatalx(const char *, ...)
	    __attribute__((__noreturn__, __format__(printf, 1, 2)));

#endif /* LOG_H */
