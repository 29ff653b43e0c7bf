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
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "monotime.h"
#include "proc.h"
#include "tap.h"

enum { M_ANY = 1, M_SETUP, M_RUN, M_FIXED, M_RANGE, M_EMPTY, M_ECHO, M_CLOSE,
    M_FD, M_LARGE };

#define TOO_LONG	10		/* seconds; nothing takes one */

struct end {
	struct ipc	 ipc;
	uint32_t	 got;		/* messages */
	uint32_t	 last;		/* id */
	uint32_t	 disorder;
	uint32_t	 first_at;	/* of all messages */
	int		 closed;
	int		 fd;
};

static void	 any(struct ipc *, struct imsg *);
static void	 echo(struct ipc *, struct imsg *);
static void	 close_it(struct ipc *, struct imsg *);
static void	 take_fd(struct ipc *, struct imsg *);

static const struct ipc_rule	 rules[] = {
	{ M_ANY, PROC_ENGINE, PH_ANY, 0, 128, any },
	{ M_SETUP, PROC_ENGINE, PH_SETUP, 0, 0, any },
	{ M_RUN, PROC_ENGINE, PH_RUN, 0, 0, any },
	{ M_FIXED, PROC_ENGINE, PH_ANY, 8, 8, any },
	{ M_RANGE, PROC_ENGINE, PH_ANY, 4, 8, any },
	{ M_EMPTY, PROC_ENGINE, PH_ANY, 0, 0, any },
	{ M_ECHO, PROC_ENGINE, PH_ANY, 0, 65536, echo },
	{ M_CLOSE, PROC_ENGINE, PH_ANY, 0, 0, close_it },
	{ M_FD, PROC_ENGINE, PH_ANY, 0, 0, take_fd },
	{ M_LARGE, PROC_ENGINE, PH_ANY, 0, 65536, any }
};

static struct end	 ends[4];	/* 0 to 1 and 2 to 3 are channels */
static int		 phase = PH_RUN;
static uint32_t		 total;

static const char	*name(uint32_t);
static void		 closed(struct ipc *);
static void		 channel(int, int);
static void		 channels_close(void);
static int		 turn_until(const uint32_t *, uint32_t);
static void		 test_exchange(void);
static void		 test_fair(void);
static void		 test_leftover(void);
static void		 test_backlog(void);
static void		 test_fd(void);
static void		 test_end(void);
static void		 test_last_words(void);
static void		 test_close_in_handler(void);
static void		 test_flush(void);
static void		 test_violations(void);

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	log_init(LOG_STYLE_PRIORITY, 0);
	log_procinit("quorum");
	ipc_set_namer(name);
	event_init();
	test_exchange();
	test_fair();
	test_leftover();
	test_backlog();
	test_fd();
	test_end();
	test_last_words();
	test_close_in_handler();
	test_flush();
	test_violations();
	return (tap_done());
}

static const char *
name(uint32_t type)
{
	static const char	*const names[] = { "M_NONE", "M_ANY",
	    "M_SETUP", "M_RUN", "M_FIXED", "M_RANGE", "M_EMPTY" };

	return (type < sizeof(names) / sizeof(names[0]) ? names[type] :
	    "unknown message");
}

static void
any(struct ipc *ipc, struct imsg *imsg)
{
	struct end	*end = (struct end *)ipc;

	if (end->got++ == 0)
		end->first_at = total;
	total++;
	if (imsg_get_id(imsg) != end->last + 1)
		end->disorder++;
	end->last = imsg_get_id(imsg);
}

static void
echo(struct ipc *ipc, struct imsg *imsg)
{
	struct ibuf	 view, *buf;

	any(ipc, imsg);
	if (imsg_get_len(imsg) == 0) {
		ipc_send(ipc, M_ANY, imsg_get_id(imsg), NULL, 0);
		return;
	}
	if (imsg_get_ibuf(imsg, &view) == -1 ||
	    (buf = ibuf_open(ibuf_size(&view))) == NULL ||
	    ibuf_add_ibuf(buf, &view) == -1)
		err(1, "ibuf");
	ipc_send_ibuf(ipc, M_ANY, imsg_get_id(imsg), buf);
}

static void
close_it(struct ipc *ipc, struct imsg *imsg)
{
	any(ipc, imsg);
	ipc_close(ipc);
}

static void
take_fd(struct ipc *ipc, struct imsg *imsg)
{
	any(ipc, imsg);
	((struct end *)ipc)->fd = imsg_get_fd(imsg);
}

static void
closed(struct ipc *ipc)
{
	((struct end *)ipc)->closed++;
}

/* Between ends n and n + 1, each with the engine as the other. */
static void
channel(int n, int fdpass)
{
	int	 pair[2], i;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		err(1, "socketpair");
	for (i = 0; i < 2; i++) {
		memset(&ends[n + i], 0, sizeof(ends[n + i]));
		ends[n + i].fd = -1;
		ipc_init(&ends[n + i].ipc, pair[i], PROC_ENGINE, rules,
		    sizeof(rules) / sizeof(rules[0]), &phase, 65536, fdpass);
		ends[n + i].ipc.closed = closed;
	}
	total = 0;
}

static void
channels_close(void)
{
	int	 i;

	for (i = 0; i < 4; i++)
		ipc_close(&ends[i].ipc);
}

static int
turn_until(const uint32_t *what, uint32_t value)
{
	struct monotime	 end = mono_add(mono_now(), MONO_SEC(TOO_LONG));

	while (*what != value) {
		if (mono_cmp(mono_now(), end) > 0)
			return (0);
		event_loop(EVLOOP_NONBLOCK);
	}
	return (1);
}

static void
test_exchange(void)
{
	channel(0, 0);
	ok(fcntl(ends[0].ipc.ibuf.fd, F_GETFL) & O_NONBLOCK,
	    "a channel never blocks");
	ipc_send(&ends[0].ipc, M_ECHO, 1, "hello", 5);
	ok(turn_until(&ends[0].got, 1) && ends[1].got == 1, "there and back");
	ipc_send(&ends[0].ipc, M_ECHO, 2, NULL, 0);
	ipc_send(&ends[0].ipc, M_FIXED, 3, "12345678", 8);
	ipc_send(&ends[0].ipc, M_RANGE, 4, "1234", 4);
	ipc_send(&ends[0].ipc, M_RANGE, 5, "12345678", 8);
	ipc_send(&ends[0].ipc, M_RUN, 6, NULL, 0);
	ok(turn_until(&ends[1].got, 6) && ends[1].disorder == 0,
	    "what the table allows");
	ok(ends[0].closed == 0 && ends[1].closed == 0, "both are open");
	channels_close();
}

static void
test_fair(void)
{
	uint32_t	 i;

	channel(0, 0);
	channel(2, 0);
	for (i = 1; i <= 3000; i++)
		ipc_send(&ends[0].ipc, M_EMPTY, i, NULL, 0);
	ipc_send(&ends[2].ipc, M_EMPTY, 1, NULL, 0);
	/* All lie there to be read. */
	imsgbuf_write(&ends[0].ipc.ibuf);
	imsgbuf_write(&ends[2].ipc.ibuf);
	ok(turn_until(&ends[1].got, 3000), "a busy channel");
	ok(turn_until(&ends[3].got, 1), "beside a quiet one");
	ok(ends[3].first_at < 300, "that is not kept waiting: %u messages",
	    ends[3].first_at);
	is_int(ends[1].disorder, 0, "in order");
	channels_close();
}

/* Read at once, handled over many turns, with nothing more to come. */
static void
test_leftover(void)
{
	uint32_t	 i;

	channel(0, 0);
	for (i = 1; i <= 1000; i++)
		ipc_send(&ends[0].ipc, M_EMPTY, i, NULL, 0);
	imsgbuf_flush(&ends[0].ipc.ibuf);
	ipc_close(&ends[0].ipc);
	ok(turn_until(&ends[1].got, 1000), "all are handled");
	is_int(ends[1].disorder, 0, "in order");
	while (ends[1].closed == 0 && event_loop(EVLOOP_ONCE) == 0)
		;
	is_int(ends[1].closed, 1, "and then the end");
	channels_close();
}

static void
test_backlog(void)
{
	static char	 big[60000];
	uint32_t	 i;

	channel(0, 0);
	for (i = 1; i <= 200; i++)
		ipc_send(&ends[0].ipc, M_LARGE, i, big, sizeof(big));
	ok(imsgbuf_queuesize(&ends[0].ipc.ibuf) > 200 * sizeof(big),
	    "more than a socket holds");
	ok(turn_until(&ends[1].got, 200) && ends[1].disorder == 0,
	    "arrives as there is room");
	is_int(imsgbuf_queuelen(&ends[0].ipc.ibuf), 0, "to the last");
	is_int(ends[0].ipc.events & EV_WRITE, 0, "and then rests");
	channels_close();
}

static void
test_fd(void)
{
	int	 fd = open("/dev/null", O_RDONLY);

	channel(0, 1);
	ipc_send_fd(&ends[0].ipc, M_FD, 1, fd, NULL, 0);
	ok(turn_until(&ends[1].got, 1) && ends[1].fd != -1 &&
	    fcntl(ends[1].fd, F_GETFD) == FD_CLOEXEC, "a descriptor");
	close(ends[1].fd);
	channels_close();
	fd = open("/dev/null", O_RDONLY);
	ipc_send_fd(&ends[0].ipc, M_FD, 1, fd, NULL, 0);
	ok(fcntl(fd, F_GETFD) == -1, "is closed when it can go nowhere");
	ipc_send(&ends[0].ipc, M_ANY, 1, "lost", 4);
	ipc_send_ibuf(&ends[0].ipc, M_ANY, 1, ibuf_open(4));
	ipc_arm(&ends[0].ipc);
	ipc_flush(&ends[0].ipc, 1000);
	ipc_close(&ends[0].ipc);
	ok(1, "a closed channel takes everything");
}

static void
test_end(void)
{
	int	 i;

	channel(0, 0);
	ipc_close(&ends[0].ipc);
	while (ends[1].closed == 0 && event_loop(EVLOOP_ONCE) == 0)
		;
	for (i = 0; i < 10; i++)
		event_loop(EVLOOP_NONBLOCK);
	is_int(ends[1].closed, 1, "an end is told once");
	ipc_send(&ends[1].ipc, M_ANY, 1, "lost", 4);
	is_int(imsgbuf_queuelen(&ends[1].ipc.ibuf), 0,
	    "nothing is queued for nobody");
	channels_close();
	channel(0, 0);
	ends[1].ipc.closed = NULL;
	ipc_close(&ends[0].ipc);
	while (!ends[1].ipc.gone && event_loop(EVLOOP_ONCE) == 0)
		;
	ok(ends[1].ipc.gone, "or seen by those who look");
	channels_close();
}

/* The peer writes and dies while it is written to. */
static void
test_last_words(void)
{
	uint32_t	 i;

	channel(0, 0);
	for (i = 1; i <= 100; i++)
		ipc_send(&ends[0].ipc, M_EMPTY, i, NULL, 0);
	imsgbuf_write(&ends[0].ipc.ibuf);
	ipc_close(&ends[0].ipc);
	ipc_send(&ends[1].ipc, M_ANY, 1, "unread", 6);
	while (ends[1].closed == 0 && event_loop(EVLOOP_ONCE) == 0)
		;
	is_int(ends[1].got, 100, "its last words are heard");
	is_int(ends[1].closed, 1, "and then its end");
	channels_close();
}

static void
test_close_in_handler(void)
{
	uint32_t	 i;

	channel(0, 0);
	for (i = 1; i <= 20; i++)
		ipc_send(&ends[0].ipc, i == 10 ? M_CLOSE : M_EMPTY, i, NULL,
		    0);
	while (ends[0].closed == 0 && event_loop(EVLOOP_ONCE) == 0)
		;
	is_int(ends[1].got, 10, "nothing is handled after a close");
	ok(ends[1].closed == 0 && ends[1].ipc.ibuf.w == NULL,
	    "of which nobody need be told");
	channels_close();
}

static void
test_flush(void)
{
	static char	 big[60000];
	struct monotime	 t0;
	uint32_t	 i;
	int64_t		 took;

	channel(0, 0);
	ipc_send(&ends[0].ipc, M_EMPTY, 1, NULL, 0);
	ipc_flush(&ends[0].ipc, 10000);
	is_int(imsgbuf_queuelen(&ends[0].ipc.ibuf), 0, "flushed");
	for (i = 0; i < 50; i++)
		ipc_send(&ends[0].ipc, M_LARGE, i, big, sizeof(big));
	t0 = mono_now();
	ipc_flush(&ends[0].ipc, 50);
	took = mono_sub(mono_now(), t0).ns;
	ok(took >= 50000000 && took < 5000000000,
	    "or given up: %lld ms", (long long)took / 1000000);
	ok(imsgbuf_queuelen(&ends[0].ipc.ibuf) > 0, "when nobody reads");
	ipc_close(&ends[1].ipc);
	t0 = mono_now();
	ipc_flush(&ends[0].ipc, 60000);
	ok(mono_sub(mono_now(), t0).ns < 10000000000,
	    "at once when there is nobody");
	channels_close();
}

/* In a process of its own, as it dies: what it says, and how it ends. */
static int
dies(int in_phase, uint32_t type, const void *data, size_t len, char *text,
    size_t size)
{
	struct imsgbuf	 out;
	struct ipc	 in;
	ssize_t		 n;
	size_t		 got = 0;
	pid_t		 pid;
	int		 pair[2], said[2], status;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1 ||
	    pipe(said) == -1 || (pid = fork()) == -1)
		err(1, "socketpair, pipe, fork");
	if (pid == 0) {
		dup2(said[1], STDERR_FILENO);
		close(said[0]);
		close(pair[0]);
		event_init();
		phase = in_phase;
		ipc_init(&in, pair[1], PROC_ENGINE, rules,
		    sizeof(rules) / sizeof(rules[0]), &phase, 65536, 0);
		event_dispatch();
		_exit(0);
	}
	close(said[1]);
	close(pair[1]);
	if (type == 0) {
		if (write(pair[0], data, len) != (ssize_t)len)
			err(1, "write");
	} else if (imsgbuf_init(&out, pair[0]) == -1 ||
	    imsgbuf_set_maxsize(&out, 65536) == -1 ||
	    imsg_compose(&out, type, 1, 0, -1, data, len) == -1 ||
	    imsgbuf_flush(&out) == -1)
		err(1, "imsg");
	else
		imsgbuf_clear(&out);
	close(pair[0]);
	while ((n = read(said[0], text + got, size - got - 1)) > 0)
		got += n;
	text[got] = '\0';
	close(said[0]);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void
test_violations(void)
{
	static const struct {
		int		 phase;
		uint32_t	 type;	/* 0: as it is */
		size_t		 len;
		const char	*text;
	} tests[] = {
		{ PH_RUN, M_FIXED, 7, "M_FIXED from engine: length 7, not 8 "
		    "to 8" },
		{ PH_RUN, M_FIXED, 9, "M_FIXED from engine: length 9, not 8 "
		    "to 8" },
		{ PH_RUN, M_FIXED, 0, "M_FIXED from engine: length 0, not 8 "
		    "to 8" },
		{ PH_RUN, M_RANGE, 3, "M_RANGE from engine: length 3, not 4 "
		    "to 8" },
		{ PH_RUN, M_EMPTY, 1, "M_EMPTY from engine: length 1, not 0 "
		    "to 0" },
		{ PH_RUN, M_SETUP, 0, "M_SETUP from engine: not allowed after "
		    "set-up is done" },
		{ PH_SETUP, M_RUN, 0, "M_RUN from engine: not allowed before "
		    "set-up is done" },
		{ PH_RUN, 4711, 0, "unknown message (4711) from engine: not "
		    "expected" },
		{ PH_RUN, 0, 16, "malformed message from engine" }
	};
	static const char	 zeros[64];
	char			 text[1024], want[256];
	size_t			 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		is_int(dies(tests[i].phase, tests[i].type, zeros,
		    tests[i].len, text, sizeof(text)), 1, "violation %zu ends "
		    "the process", i);
		snprintf(want, sizeof(want), "<2>quorum: %s\n", tests[i].text);
		is_str(text, want, "and is named");
	}
}
