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

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define LOG_LINE_MAX	2048

static enum log_style	 style;
static int		 verbose;
static const char	*procname = "quptimed";
static void		(*sink)(int, const char *);

static void	 vlog_errno(int, int, const char *, va_list)
		    __attribute__((__format__(printf, 3, 0)));
static void	 log_line(int, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));

void
log_init(enum log_style s, int v)
{
	style = s;
	verbose = v;
}

void
log_sink(void (*fn)(int, const char *))
{
	sink = fn;
}

void
log_procinit(const char *name)
{
	if (name != NULL)
		procname = name;
}

const char *
log_procname(void)
{
	return (procname);
}

void
log_setverbose(int v)
{
	verbose = v;
}

int
log_getverbose(void)
{
	return (verbose);
}

/*
 * One write(2) a line: five processes share the descriptor, and lines of up to
 * PIPE_BUF bytes stay whole.  UTC, because a jail has no time zones.
 */
void
vlog(int priority, const char *fmt, va_list ap)
{
	char		 line[LOG_LINE_MAX];
	struct timespec	 ts;
	int		 saved_errno = errno;
	int		 len, n;

	if (sink != NULL)
		len = snprintf(line, sizeof(line), "%s: ", procname);
	else if (style == LOG_STYLE_PRIORITY)
		len = snprintf(line, sizeof(line), "<%d>%s: ", priority,
		    procname);
	else {
		clock_gettime(CLOCK_REALTIME, &ts);
		len = snprintf(line, sizeof(line), "%02d:%02d:%02d %s: ",
		    (int)(ts.tv_sec / 3600 % 24), (int)(ts.tv_sec / 60 % 60),
		    (int)(ts.tv_sec % 60), procname);
	}
	if (len < 0 || (size_t)len >= sizeof(line) - 1)
		len = 0;
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	if (n > 0)
		len += n;
	if ((size_t)len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len] = '\0';
	/* Nobody forges a second line, whatever a library's text held. */
	for (n = 0; n < len; n++)
		if ((unsigned char)line[n] < ' ' || line[n] == 0x7f)
			line[n] = ' ';
	if (sink != NULL) {
		sink(priority, line);
		errno = saved_errno;
		return;
	}
	line[len++] = '\n';
	while (write(STDERR_FILENO, line, len) == -1 && errno == EINTR)
		;
	errno = saved_errno;
}

/* With the text of an errno behind, when there is one. */
static void
vlog_errno(int priority, int error, const char *fmt, va_list ap)
{
	char	 text[LOG_LINE_MAX];
	int	 n;

	if (fmt == NULL) {
		text[0] = '\0';
		n = 0;
	} else if ((n = vsnprintf(text, sizeof(text), fmt, ap)) < 0)
		n = 0;
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	if (error != 0)
		snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? ": " : "",
		    strerror(error));
	log_line(priority, "%s", text);
}

static void
log_line(int priority, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(priority, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	int	 saved_errno = errno;
	va_list	 ap;

	va_start(ap, fmt);
	vlog_errno(LOG_ERR, saved_errno, fmt, ap);
	va_end(ap);
	errno = saved_errno;
}

void
log_warnx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_ERR, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_INFO, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list	 ap;

	if (verbose == 0)
		return;
	va_start(ap, fmt);
	vlog(LOG_DEBUG, fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	int	 saved_errno = errno;
	va_list	 ap;

	va_start(ap, fmt);
	vlog_errno(LOG_CRIT, saved_errno, fmt, ap);
	va_end(ap);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_CRIT, fmt, ap);
	va_end(ap);
	exit(1);
}
