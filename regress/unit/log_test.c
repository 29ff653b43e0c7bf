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

#include <sys/types.h>
#include <sys/wait.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "tap.h"

#define LINES_EACH	500
#define WRITERS		5

static char	 out[1024 * 1024];
static char	 sunk[256];
static int	 sunk_priority;

static int	 said(void (*)(void));
static void	 plain(void);
static void	 priority(void);
static void	 quiet(void);
static void	 verbose(void);
static void	 long_line(void);
static void	 two_lines(void);
static void	 dies(void);
static void	 dies_errno(void);
static void	 everybody(void);
static void	 sink(int, const char *);
static void	 test_interleave(void);
static void	 test_sink(void);

int
main(void)
{
	char	*p;
	int	 i, sep = 1;

	is_int(said(plain), 0, "errno is kept");
	for (i = 0; i < 8; i++)
		sep = sep && (i % 3 == 2 ? out[i] == ':' :
		    isdigit((unsigned char)out[i]));
	ok(sep, "plain lines begin with the time of day");
	is_str(out + 8, " prober: text 7\n", "role and text");

	said(priority);
	is_str(out, "<3>quorum: open: No such file or directory\n"
	    "<3>quorum: wrong\n<6>quorum: fine\n<3>quorum: "
	    "Permission denied\n", "with severities");
	said(quiet);
	is_str(out, "", "nothing to debug unless asked");
	said(verbose);
	is_str(out, "<7>quorum: detail\n", "but when asked");

	said(long_line);
	ok((p = strchr(out, '\n')) != NULL && p[1] == '\0',
	    "a long line is one line");
	ok(strlen(out) > 1000 && strlen(out) <= PIPE_BUF,
	    "cut to what a pipe takes at once: %zu", strlen(out));
	said(two_lines);
	is_str(out, "<6>quorum: one <0>two  [31m\n", "no line can be forged");

	is_int(said(dies), 1, "fatalx ends with 1");
	is_str(out, "<2>quorum: bad thing\n", "and says why");
	is_int(said(dies_errno), 1, "fatal ends with 1");
	is_str(out, "<2>quorum: socket: Too many open files\n",
	    "and says why");
	test_interleave();
	test_sink();
	return (tap_done());
}

/* What it writes goes to out, what it exits with is returned. */
static int
said(void (*fn)(void))
{
	size_t	 len = 0;
	ssize_t	 n;
	pid_t	 pid;
	int	 pair[2], status;

	if (pipe(pair) == -1 || (pid = fork()) == -1)
		err(1, "pipe, fork");
	if (pid == 0) {
		dup2(pair[1], STDERR_FILENO);
		close(pair[0]);
		close(pair[1]);
		log_init(LOG_STYLE_PRIORITY, 0);
		log_procinit("quorum");
		fn();
		_exit(0);
	}
	close(pair[1]);
	while ((n = read(pair[0], out + len, sizeof(out) - len - 1)) > 0)
		len += n;
	out[len] = '\0';
	close(pair[0]);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void
plain(void)
{
	log_init(LOG_STYLE_PLAIN, 0);
	log_procinit("prober");
	errno = EXDEV;
	log_info("text %d", 7);
	log_debug("nothing");
	if (errno != EXDEV || strcmp(log_procname(), "prober") != 0)
		_exit(1);
}

static void
priority(void)
{
	errno = ENOENT;
	log_warn("%s", "open");
	if (errno != ENOENT)
		_exit(1);
	log_warnx("wrong");
	log_info("fine");
	errno = EACCES;
	log_warn(NULL);
}

static void
quiet(void)
{
	log_debug("detail");
	if (log_getverbose() != 0)
		_exit(1);
}

static void
verbose(void)
{
	log_setverbose(1);
	log_debug("detail");
}

static void
long_line(void)
{
	char	 text[10000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	errno = ENOENT;
	log_warn("%s", text);
}

static void
two_lines(void)
{
	log_info("one\n<0>two\r\033[31m");
}

static void
dies(void)
{
	errno = ENOENT;
	fatalx("bad %s", "thing");
}

static void
dies_errno(void)
{
	errno = EMFILE;
	fatal("socket");
}

/* All at once into one pipe. */
static void
everybody(void)
{
	char	 text[1001];
	pid_t	 pids[WRITERS];
	int	 i, j;

	for (i = 0; i < WRITERS; i++)
		if ((pids[i] = fork()) == 0) {
			memset(text, 'a' + i, sizeof(text) - 1);
			text[sizeof(text) - 1] = '\0';
			for (j = 0; j < LINES_EACH / 5; j++)
				log_info("%s", text);
			_exit(0);
		}
	for (i = 0; i < WRITERS; i++)
		waitpid(pids[i], NULL, 0);
}

static void
test_interleave(void)
{
	char	*p, *line;
	int	 n = 0, bad = 0;
	size_t	 len;

	said(everybody);
	for (p = out; (line = strsep(&p, "\n")) != NULL && *line != '\0'; n++) {
		len = strlen("<6>quorum: ");
		if (strncmp(line, "<6>quorum: ", len) != 0 ||
		    strlen(line) != len + 1000 ||
		    strspn(line + len, (char []){ line[len], '\0' }) != 1000)
			bad++;
	}
	is_int(n, WRITERS * LINES_EACH / 5, "every line has come");
	is_int(bad, 0, "whole");
}

static void
sink(int severity, const char *line)
{
	sunk_priority = severity;
	strlcpy(sunk, line, sizeof(sunk));
	errno = 0;
}

static void
test_sink(void)
{
	log_sink(sink);
	log_procinit("parent");
	errno = ENOENT;
	log_warn("open");
	is_int(errno, ENOENT, "errno is kept");
	is_str(sunk, "parent: open: No such file or directory",
	    "the line without time, severity and newline");
	is_int(sunk_priority, LOG_ERR, "and the severity");
	log_sink(NULL);
}
