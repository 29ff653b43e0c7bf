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


/*
 * The parent's side of the control socket, with quorum and clients at the
 * other ends of real sockets.  It is included, not linked, so that the clock
 * can be set and the queue of a client be looked at.
 */

#define mono_now	test_now
#include "control.c"	/* NOLINT(bugprone-suspicious-include) */

#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "tap.h"

#define WAIT_MSEC	10000

struct end {
	struct imsgbuf	 ibuf;
	int		 open;
};

static struct parent	 par;
static struct end	 kids[PROC_COUNT];	/* the children's ends */
static struct end	*quorum = &kids[PROC_QUORUM];
static char		 dir[] = "/tmp/control_test.XXXXXX";
static char		 sock[64];
static int64_t		 skipped;		/* ns the clock was set on */
static uint32_t		 reload_id;
static unsigned char	 big[2 * CTL_MAXSIZE];

struct monotime
test_now(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (MONO_NSEC((int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec +
	    skipped));
}

/* Instead of quptimed.c's. */
void
parent_reload(struct parent *p, uint32_t id)
{
	reload_id = id;
	ipc_send(&p->ipc[PROC_QUORUM], IMSG_RELOAD, id, NULL, 0);
}

static void
die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
pump(void)
{
	event_loop(EVLOOP_NONBLOCK);
}

static void
end_init(struct end *e, int fd)
{
	if (imsgbuf_init(&e->ibuf, fd) == -1 ||
	    imsgbuf_set_maxsize(&e->ibuf, 2 * CTL_MAXSIZE) == -1 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		die("end");
	e->open = 1;
}

static void
end_close(struct end *e)
{
	if (!e->open)
		return;
	close(e->ibuf.fd);
	imsgbuf_clear(&e->ibuf);
	e->open = 0;
	pump();
}

/* 1 and a message; 0: none yet; -1: the other side has closed. */
static int
try(struct end *e, struct imsg *imsg)
{
	struct pollfd	 pfd;
	int		 n;

	pump();
	while ((n = imsgbuf_get(&e->ibuf, imsg)) == 0) {
		pfd.fd = e->ibuf.fd;
		pfd.events = POLLIN;
		if (poll(&pfd, 1, 0) != 1)
			return (0);
		if (imsgbuf_read(&e->ibuf) != 1)
			return (-1);
		pump();
	}
	return (n);
}

/* 1 and a message; 0: the other side has closed. */
static int
next(struct end *e, struct imsg *imsg)
{
	int	 i, n;

	for (i = 0; i < WAIT_MSEC; i++) {
		if ((n = try(e, imsg)) != 0)
			return (n == 1);
		poll(NULL, 0, 1);
	}
	errno = ETIMEDOUT;
	die("next message");
	return (0);
}

/* Takes a message of that type; whether it was one. */
static int
expect(struct end *e, uint32_t type, uint32_t *id)
{
	struct imsg	 imsg;
	uint32_t	 got;

	if (!next(e, &imsg))
		return (0);
	got = imsg_get_type(&imsg);
	if (id != NULL)
		*id = imsg_get_id(&imsg);
	imsg_free(&imsg);
	if (got != type)
		printf("# %s, not %s\n", imsg_name(got), imsg_name(type));
	return (got == type);
}

static int
at_eof(struct end *e)
{
	struct imsg	 imsg;

	if (!next(e, &imsg))
		return (1);
	printf("# %s, not the end\n", imsg_name(imsg_get_type(&imsg)));
	imsg_free(&imsg);
	return (0);
}

/* Whether nothing waits there. */
static int
silent(struct end *e)
{
	struct imsg	 imsg;

	if (try(e, &imsg) != 1)
		return (1);
	imsg_free(&imsg);
	return (0);
}

/* The code and text of a result; -1: there was something else. */
static int
result(struct end *e, char *text, size_t size)
{
	struct ctl_result	 r;
	struct imsg		 imsg;
	struct ibuf		 buf;
	char			*s;
	int			 code = -1;

	text[0] = '\0';
	if (!next(e, &imsg))
		return (-1);
	if (imsg_get_type(&imsg) == IMSG_CTL_RESULT &&
	    imsg_get_ibuf(&imsg, &buf) == 0 &&
	    ibuf_get(&buf, &r, sizeof(r)) == 0 &&
	    (s = unpack_string(&buf, 4096)) != NULL) {
		strlcpy(text, s, size);
		free(s);
		code = r.code;
	}
	imsg_free(&imsg);
	return (code);
}

static void
say(struct end *e, uint32_t type, uint32_t id, const void *data, size_t len)
{
	if (imsg_compose(&e->ibuf, type, id, 0, -1, data, len) == -1)
		die("compose");
	while (imsgbuf_queuelen(&e->ibuf) > 0) {
		if (imsgbuf_write(&e->ibuf) == -1) {
			/* It may have been dropped in the middle. */
			if (errno != EPIPE && errno != ECONNRESET)
				die("write");
			return;
		}
		pump();
	}
	pump();
}

static void
connect_raw(struct end *e)
{
	struct sockaddr_un	 sun;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strlcpy(sun.sun_path, sock, sizeof(sun.sun_path));
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		die("connect");
	end_init(e, fd);
	pump();
}

static void
hello(struct end *e)
{
	uint32_t	 version = CTL_VERSION;

	connect_raw(e);
	say(e, IMSG_CTL_HELLO, 0, &version, sizeof(version));
}

/* Somebody whom the socket lets in, but who is neither root nor the owner. */
static void
hello_stranger(struct end *e)
{
	uid_t	 uid = geteuid();

	if (uid == 0) {
		if (seteuid(65534) == -1)
			die("seteuid");
	} else
		par.owner = uid + 1;
	hello(e);
	if (uid == 0 && seteuid(0) == -1)
		die("seteuid");
	par.owner = uid;
}

static void
finish(struct end *e, uint32_t id, const char *text)
{
	struct ctl_result	 r;
	struct ibuf		*buf;

	memset(&r, 0, sizeof(r));
	if ((buf = imsg_create(&e->ibuf, IMSG_CTL_RESULT, id, 0, 64)) == NULL ||
	    ibuf_add(buf, &r, sizeof(r)) == -1 ||
	    pack_string(buf, text) == -1)
		die("result");
	imsg_close(&e->ibuf, buf);
	if (imsgbuf_write(&e->ibuf) == -1)
		die("write");
	pump();
}

static void
test_hello(void)
{
	struct end	 c;
	char		 text[256];
	uint32_t	 version = CTL_VERSION + 1;

	connect_raw(&c);
	say(&c, IMSG_CTL_SHOW_STATUS, 0, NULL, 0);
	ok(at_eof(&c), "a request before the version ends the connection");
	end_close(&c);

	connect_raw(&c);
	say(&c, IMSG_CTL_HELLO, 0, &version, 2);
	ok(at_eof(&c), "half a version too");
	end_close(&c);

	connect_raw(&c);
	say(&c, IMSG_CTL_HELLO, 0, &version, sizeof(version));
	is_int(result(&c, text, sizeof(text)), CTL_REFUSED,
	    "another version is refused");
	ok(strstr(text, "version") != NULL, "with words: %s", text);
	say(&c, IMSG_CTL_SHOW_STATUS, 0, NULL, 0);
	ok(at_eof(&c), "and gets nothing else");
	ok(silent(quorum), "quorum does not hear of any of them");
	end_close(&c);
}

enum fate {
	RELAYED,
	ANSWERED,	/* by the parent */
	DENIED,
	DROPPED
};

static enum fate
fate_of(struct end *c, uint32_t type, size_t len, uint32_t *id)
{
	struct imsg	 imsg;
	enum fate	 fate;
	char		 text[256];
	int		 n;

	say(c, type, 4711, big, len);
	for (;;) {
		if (try(quorum, &imsg) == 1) {
			n = imsg_get_type(&imsg) == IMSG_LOG_VERBOSE;
			imsg_free(&imsg);
			if (!n)
				return (RELAYED);
		}
		if ((n = try(c, &imsg)) == -1)
			return (DROPPED);
		if (n == 1 && imsg_get_type(&imsg) == IMSG_CTL_RESULT)
			break;
		if (n == 1)
			imsg_free(&imsg);
	}
	fate = ANSWERED;
	if (imsg_get_buf(&imsg, text, sizeof(struct ctl_result)) == 0 &&
	    ((struct ctl_result *)(void *)text)->code == CTL_DENIED)
		fate = DENIED;
	*id = imsg_get_id(&imsg);
	imsg_free(&imsg);
	return (fate);
}

/* What owner and stranger get for each type and length. */
static void
test_table(void)
{
	static const struct {
		uint32_t	 type;
		size_t		 len;
		enum fate	 owner;
		enum fate	 stranger;
	} rows[] = {
		{ IMSG_CTL_SHOW_STATUS, 0, RELAYED, RELAYED },
		{ IMSG_CTL_SHOW_STATUS, 1, DROPPED, DROPPED },
		{ IMSG_CTL_SHOW_CHECKS, 0, RELAYED, RELAYED },
		{ IMSG_CTL_SHOW_CHECKS, 512, RELAYED, RELAYED },
		{ IMSG_CTL_SHOW_CHECKS, 513, DROPPED, DROPPED },
		{ IMSG_CTL_SHOW_ALERTS, 0, RELAYED, RELAYED },
		{ IMSG_CTL_SHOW_ALERTS, 1, DROPPED, DROPPED },
		{ IMSG_CTL_SHOW_PROCS, 0, ANSWERED, ANSWERED },
		{ IMSG_CTL_SHOW_PROCS, 4, DROPPED, DROPPED },
		{ IMSG_CTL_MUTATE, sizeof(struct ctl_mutate), RELAYED,
		    DENIED },
		{ IMSG_CTL_MUTATE, sizeof(struct ctl_mutate) - 1, DROPPED,
		    DROPPED },
		{ IMSG_CTL_MUTATE, CTL_MAXSIZE, RELAYED, DENIED },
		{ IMSG_CTL_MUTATE, CTL_MAXSIZE + 1, DROPPED, DROPPED },
		{ IMSG_CTL_ALERT_TEST, 0, DROPPED, DROPPED },
		{ IMSG_CTL_ALERT_TEST, 1, RELAYED, DENIED },
		{ IMSG_CTL_ALERT_TEST, 513, DROPPED, DROPPED },
		{ IMSG_CTL_SHOW_CONFIG, 0, RELAYED, DENIED },
		{ IMSG_CTL_SHOW_CONFIG, 1, DROPPED, DROPPED },
		{ IMSG_CTL_APPLY, sizeof(struct ctl_apply) - 1, DROPPED,
		    DROPPED },
		{ IMSG_CTL_APPLY, sizeof(struct ctl_apply), RELAYED, DENIED },
		{ IMSG_CTL_APPLY, CTL_MAXSIZE + 1, DROPPED, DROPPED },
		{ IMSG_CTL_CHECK_TEST, 1, DROPPED, DROPPED },
		{ IMSG_CTL_CHECK_TEST, 2, RELAYED, DENIED },
		{ IMSG_CTL_CHECK_TEST, 513, DROPPED, DROPPED },
		{ IMSG_CTL_RELOAD, 0, RELAYED, DENIED },
		{ IMSG_CTL_RELOAD, 1, DROPPED, DROPPED },
		{ IMSG_CTL_LOG, 4, ANSWERED, DENIED },
		{ IMSG_CTL_LOG, 3, DROPPED, DROPPED },
		{ IMSG_CTL_LOG, 5, DROPPED, DROPPED },
		/* What is not a client's to say. */
		{ IMSG_NONE, 0, DROPPED, DROPPED },
		{ IMSG_SETUP_FD, 8, DROPPED, DROPPED },
		{ IMSG_SETUP_DONE, 0, DROPPED, DROPPED },
		{ IMSG_LOG_VERBOSE, 4, DROPPED, DROPPED },
		{ IMSG_RELOAD, 0, DROPPED, DROPPED },
		{ IMSG_PROBE_RESULT, 16, DROPPED, DROPPED },
		{ IMSG_ALERT_RESULT, 16, DROPPED, DROPPED },
		{ IMSG_CTL_HELLO, 4, DROPPED, DROPPED },
		{ IMSG_CTL_XOFF, 0, DROPPED, DROPPED },
		{ IMSG_CTL_XON, 0, DROPPED, DROPPED },
		{ IMSG_CTL_CLOSE, 0, DROPPED, DROPPED },
		{ IMSG_CTL_RESULT, 24, DROPPED, DROPPED },
		{ IMSG_MAX, 0, DROPPED, DROPPED },
		{ UINT32_MAX, 0, DROPPED, DROPPED }
	};
	struct end	 c;
	size_t		 i;
	uint32_t	 id;
	int		 stranger;

	for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		stranger = i & 1;
		if (stranger)
			hello_stranger(&c);
		else
			hello(&c);
		is_int(fate_of(&c, rows[i / 2].type, rows[i / 2].len, &id),
		    stranger ? rows[i / 2].stranger : rows[i / 2].owner,
		    "%s of %zu bytes by %s", imsg_name(rows[i / 2].type),
		    rows[i / 2].len, stranger ? "a stranger" : "the owner");
		end_close(&c);
		/* IMSG_CTL_CLOSE, or nothing. */
		while (!silent(quorum))
			;
	}
	for (i = 0; i < PROC_COUNT; i++)
		while (i != PROC_PARENT && !silent(&kids[i]))
			;
}

static void
test_relay(void)
{
	struct end	 a, b;
	struct imsg	 imsg;
	char		 text[256];
	uint32_t	 ida, idb, id;

	hello(&a);
	hello(&b);
	say(&a, IMSG_CTL_SHOW_CHECKS, 99, "\0\0\0\3one", 7);
	say(&b, IMSG_CTL_SHOW_STATUS, 99, NULL, 0);
	if (!next(quorum, &imsg))
		die("quorum");
	ida = imsg_get_id(&imsg);
	ok(imsg_get_type(&imsg) == IMSG_CTL_SHOW_CHECKS &&
	    imsg_get_len(&imsg) == 7 && imsg_get_buf(&imsg, text, 7) == 0 &&
	    memcmp(text, "\0\0\0\3one", 7) == 0,
	    "the request comes to quorum as it was");
	imsg_free(&imsg);
	ok(expect(quorum, IMSG_CTL_SHOW_STATUS, &idb), "the other one too");
	ok(ida != 0 && idb != 0 && ida != idb && ida != 99 && idb != 99,
	    "with numbers of the parent's own");

	say(quorum, IMSG_CTL_STATUS, idb, "bb", 2);
	say(quorum, IMSG_CTL_CHECK, ida, "aa", 2);
	say(quorum, IMSG_CTL_CHECK, ida + 1000, "nobody's", 8);
	say(quorum, IMSG_CTL_CHECK, 0, "nobody's", 8);
	finish(quorum, ida, "done");
	ok(expect(&a, IMSG_CTL_CHECK, NULL), "a row for one");
	is_int(result(&a, text, sizeof(text)), CTL_OK, "and the result");
	is_str(text, "done", "with quorum's text");
	ok(expect(&b, IMSG_CTL_STATUS, NULL), "a row for the other");
	ok(silent(&a) && silent(&b), "and nothing else for either");

	say(&a, IMSG_CTL_SHOW_ALERTS, 0, NULL, 0);
	ok(expect(quorum, IMSG_CTL_SHOW_ALERTS, &id) && id == ida,
	    "a client may ask again once it is answered");
	say(&a, IMSG_CTL_SHOW_ALERTS, 0, NULL, 0);
	ok(at_eof(&a), "but not before");
	ok(expect(quorum, IMSG_CTL_CLOSE, &id) && id == ida,
	    "quorum is told that it has gone");
	end_close(&b);
	ok(expect(quorum, IMSG_CTL_CLOSE, &id) && id == idb,
	    "and of one that leaves by itself");
	finish(quorum, idb, "late");
	ok(silent(quorum), "a late result is nobody's");
	end_close(&a);

	hello(&a);
	end_close(&a);
	ok(silent(quorum), "who asked nothing is not missed");
}

static void
test_own(void)
{
	struct ctl_proc	 row;
	struct end	 c;
	struct imsg	 imsg;
	char		 text[256];
	uint32_t	 id;
	int32_t		 on = 1;
	int		 i, good = 0, rounds;

	hello(&c);
	for (rounds = 0; rounds < 3; rounds++) {
		say(&c, IMSG_CTL_SHOW_PROCS, 0, NULL, 0);
		for (i = 0; i < PROC_COUNT && next(&c, &imsg); i++) {
			good += imsg_get_type(&imsg) == IMSG_CTL_PROC &&
			    imsg_get_data(&imsg, &row, sizeof(row)) == 0 &&
			    row.proc == i && row.pid ==
			    (i == PROC_PARENT ? getpid() : 1000 + i);
			imsg_free(&imsg);
		}
		is_int(result(&c, text, sizeof(text)), CTL_OK, "procs end");
	}
	is_int(good, 3 * PROC_COUNT, "every process has its row, each time");

	log_setverbose(0);
	say(&c, IMSG_CTL_LOG, 0, &on, sizeof(on));
	is_int(result(&c, text, sizeof(text)), CTL_OK, "log verbose");
	is_int(log_getverbose(), 1, "the parent itself logs more");
	log_setverbose(0);
	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++)
		ok(expect(&kids[i], IMSG_LOG_VERBOSE, NULL), "%s is told",
		    proc_name(i));

	reload_id = 0;
	say(&c, IMSG_CTL_RELOAD, 0, NULL, 0);
	ok(expect(quorum, IMSG_RELOAD, &id) && id != 0 && id == reload_id,
	    "a reload has its client's number");
	control_note(id, "restart");
	finish(quorum, id, "version 7");
	is_int(result(&c, text, sizeof(text)), CTL_OK, "it is answered");
	is_str(text, "version 7; restart", "with the parent's note behind");
	say(&c, IMSG_CTL_RELOAD, 0, NULL, 0);
	ok(expect(quorum, IMSG_RELOAD, &id), "another reload");
	finish(quorum, id, "version 8");
	(void)result(&c, text, sizeof(text));
	is_str(text, "version 8", "has no note of the one before");
	end_close(&c);
	control_result(4711, CTL_OK, "");
	control_note(0, "nobody");
	ok(silent(quorum), "an answer to nobody is dropped");
}

/* Rows to one that does not read, until quorum is told to wait. */
static void
test_slow(void)
{
	struct end	 c;
	struct client	*cl;
	struct imsg	 imsg;
	uint32_t	 id, offid = 0, onid = 0;
	size_t		 most;
	int		 rows = 0, got = 0, more;

	hello(&c);
	say(&c, IMSG_CTL_SHOW_CHECKS, 0, NULL, 0);
	if (!expect(quorum, IMSG_CTL_SHOW_CHECKS, &id) ||
	    (cl = client_find(id)) == NULL)
		die("client");
	for (most = 0; offid == 0 && rows < 10000; rows++) {
		say(quorum, IMSG_CTL_CHECK, id, big, 1000);
		if (imsgbuf_queuesize(&cl->ibuf) > most)
			most = imsgbuf_queuesize(&cl->ibuf);
		if (imsgbuf_read(&quorum->ibuf) == 1 &&
		    imsgbuf_get(&quorum->ibuf, &imsg) == 1) {
			if (imsg_get_type(&imsg) == IMSG_CTL_XOFF)
				offid = imsg_get_id(&imsg);
			imsg_free(&imsg);
		}
	}
	is_int(offid, id, "a client that does not read stops quorum");
	ok(most <= CTL_HIGH_MARK + 1000 + IMSG_HEADER_SIZE,
	    "and has cost %zu bytes", most);

	for (more = 0; more < 10; more++)
		say(quorum, IMSG_CTL_CHECK, id, big, 1000);
	ok(silent(quorum), "it is told once, whatever was under way");
	while (onid == 0 && next(&c, &imsg)) {
		got += imsg_get_type(&imsg) == IMSG_CTL_CHECK;
		imsg_free(&imsg);
		if (imsgbuf_read(&quorum->ibuf) == 1 &&
		    imsgbuf_get(&quorum->ibuf, &imsg) == 1) {
			if (imsg_get_type(&imsg) == IMSG_CTL_XON)
				onid = imsg_get_id(&imsg);
			imsg_free(&imsg);
			ok(imsgbuf_queuesize(&cl->ibuf) < CTL_LOW_MARK,
			    "quorum goes on when little is left");
		}
	}
	is_int(onid, id, "for that client");
	for (; got < rows + more && next(&c, &imsg); got++)
		imsg_free(&imsg);
	is_int(got, rows + more, "no row was lost");
	finish(quorum, id, "");
	ok(expect(&c, IMSG_CTL_RESULT, NULL), "and the result comes");
	ok(silent(quorum), "nothing more is said about it");
	end_close(&c);
}

/* Questions without reading the answers must not cost memory either. */
static void
test_flood(void)
{
	struct end	 c;
	struct imsg	 imsg;
	uint32_t	 version = CTL_VERSION + 1;
	size_t		 most = 0;
	int		 i, n = 0;

	hello(&c);
	for (i = 0; i < 5; i++)
		if (imsg_compose(&c.ibuf, IMSG_CTL_SHOW_PROCS, 0, 0, -1, NULL,
		    0) == -1)
			die("compose");
	if (imsgbuf_write(&c.ibuf) == -1)
		die("write");
	for (; next(&c, &imsg); n++)
		imsg_free(&imsg);
	ok(n <= PROC_COUNT + 1, "five questions at once get %d messages", n);
	end_close(&c);

	connect_raw(&c);
	for (i = 0; i < 100000 && nclients == 1; i++) {
		say(&c, IMSG_CTL_HELLO, 0, &version, sizeof(version));
		if (nclients == 1 && imsgbuf_queuesize(
		    &LIST_FIRST(&clients)->ibuf) > most)
			most = imsgbuf_queuesize(&LIST_FIRST(&clients)->ibuf);
	}
	is_int(nclients, 0, "who repeats a wrong version unread is dropped");
	ok(most < 1024, "and has cost %zu bytes", most);
	end_close(&c);
}

static void
test_many(void)
{
	static struct end	 c[CTL_CLIENTS];
	struct end		 extra;
	char			 text[256];
	int			 i;

	for (i = 0; i < CTL_CLIENTS; i++)
		hello(&c[i]);
	is_int(nclients, CTL_CLIENTS, "%d clients", CTL_CLIENTS);
	connect_raw(&extra);
	is_int(result(&extra, text, sizeof(text)), CTL_REFUSED,
	    "one more is refused");
	is_str(text, "too many clients", "and told why");
	ok(at_eof(&extra), "and closed");
	end_close(&extra);
	say(&c[5], IMSG_CTL_SHOW_PROCS, 0, NULL, 0);
	ok(expect(&c[5], IMSG_CTL_PROC, NULL), "the others are served");
	end_close(&c[5]);
	hello(&c[5]);
	say(&c[5], IMSG_CTL_SHOW_PROCS, 0, NULL, 0);
	ok(expect(&c[5], IMSG_CTL_PROC, NULL), "when one leaves, one may come");
	for (i = 0; i < CTL_CLIENTS; i++)
		end_close(&c[i]);
	is_int(nclients, 0, "all leave");
}

static void
test_rubbish(void)
{
	static const struct {
		const char		*what;
		struct imsg_hdr		 hdr;
	} bad[] = {
		{ "no length", { IMSG_CTL_HELLO, 0, 0, 0 } },
		{ "shorter than its header", { IMSG_CTL_HELLO, 15, 0, 0 } },
		{ "too long", { IMSG_CTL_HELLO, CTL_MAXSIZE + 17, 0, 0 } },
		{ "as long as can be", { IMSG_CTL_HELLO, UINT32_MAX, 0, 0 } }
	};
	struct end	 c;
	size_t		 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		connect_raw(&c);
		if (write(c.ibuf.fd, &bad[i].hdr, sizeof(bad[i].hdr)) == -1)
			die("write");
		ok(at_eof(&c), "a message that is %s", bad[i].what);
		end_close(&c);
	}
}

static int
count_fds(void)
{
	int	 fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return (n);
}

static void
test_descriptors(void)
{
	struct end	 c;
	int		 before, null;

	hello(&c);
	before = count_fds();
	if ((null = open("/dev/null", O_RDONLY)) == -1)
		die("/dev/null");
	imsgbuf_allow_fdpass(&c.ibuf);
	if (imsg_compose(&c.ibuf, IMSG_CTL_SHOW_PROCS, 0, 0, null, NULL,
	    0) == -1 || imsgbuf_write(&c.ibuf) == -1)
		die("compose");
	ok(at_eof(&c), "a client that sends a descriptor is dropped");
	is_int(count_fds(), before - 1, "and it stays out");
	end_close(&c);
}

static void
test_idle(void)
{
	struct end	 busy, idle, stuck;
	uint32_t	 id;
	int		 i;

	hello(&busy);
	hello(&stuck);
	say(&busy, IMSG_CTL_SHOW_STATUS, 0, NULL, 0);
	say(&stuck, IMSG_CTL_SHOW_CHECKS, 0, NULL, 0);
	ok(expect(quorum, IMSG_CTL_SHOW_STATUS, NULL) &&
	    expect(quorum, IMSG_CTL_SHOW_CHECKS, &id), "two that ask");
	for (i = 0; i < 5000 && imsgbuf_queuelen(&client_find(id)->ibuf) == 0;
	    i++)
		say(quorum, IMSG_CTL_CHECK, id, big, 1000);
	skipped += MONO_SEC(20).ns;
	hello(&idle);
	skipped += MONO_SEC(29).ns;
	control_sweep(-1, EV_TIMEOUT, NULL);
	is_int(nclients, 3, "49 and 29 seconds: all may stay");
	skipped += MONO_SEC(2).ns;
	control_sweep(-1, EV_TIMEOUT, NULL);
	ok(nclients == 2 && at_eof(&idle), "31 seconds without a request");
	skipped += MONO_SEC(10).ns;
	control_sweep(-1, EV_TIMEOUT, NULL);
	ok(nclients == 1 && expect(quorum, IMSG_CTL_CLOSE, &id),
	    "61 seconds without reading the answer");
	skipped += MONO_SEC(3600).ns;
	control_sweep(-1, EV_TIMEOUT, NULL);
	is_int(nclients, 1, "who waits for quorum may wait");
	end_close(&idle);
	end_close(&stuck);
	end_close(&busy);
	ok(expect(quorum, IMSG_CTL_CLOSE, NULL), "until it leaves");
}

static void
setup(void)
{
	static const struct ipc_rule	 rules[] = {
		{ IMSG_CTL_STATUS, PROC_QUORUM, PH_RUN, 1, CTL_MAXSIZE,
		    control_relay },
		{ IMSG_CTL_CHECK, PROC_QUORUM, PH_RUN, 1, CTL_MAXSIZE,
		    control_relay },
		{ IMSG_CTL_RESULT, PROC_QUORUM, PH_RUN, 1, CTL_MAXSIZE,
		    control_relay }
	};
	struct sockaddr_un		 sun;
	int				 fd, i, pair[2];

	log_init(LOG_STYLE_PLAIN, 0);
	signal(SIGPIPE, SIG_IGN);
	event_init();
	ipc_set_namer(imsg_name);
	if (mkdtemp(dir) == NULL || chmod(dir, 0755) == -1)
		die(dir);
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strlcpy(sun.sun_path, sock, sizeof(sun.sun_path));
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    chmod(sock, 0777) == -1 || listen(fd, CTL_CLIENTS) == -1)
		die(sock);
	par.phase = PH_RUN;
	par.owner = geteuid();
	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
		    pair) == -1)
			die("socketpair");
		ipc_init(&par.ipc[i], pair[0], i, rules,
		    sizeof(rules) / sizeof(rules[0]), &par.phase, IPC_MAXSIZE,
		    1);
		end_init(&kids[i], pair[1]);
		par.pid[i] = 1000 + i;
	}
	control_init(&par, fd);
}

int
main(void)
{
	struct end	 c;
	int		 i;

	setup();
	test_hello();
	test_table();
	test_relay();
	test_own();
	test_slow();
	test_flood();
	test_many();
	test_rubbish();
	test_descriptors();
	test_idle();

	hello(&c);
	control_stop();
	ok(at_eof(&c), "control_stop() ends all clients");
	end_close(&c);
	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++) {
		ipc_close(&par.ipc[i]);
		end_close(&kids[i]);
	}
	unlink(sock);
	rmdir(dir);
	return (tap_done());
}
