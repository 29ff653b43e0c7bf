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

#include "engine_fixture.h"

#include <limits.h>

/*
 * A peer goes on with its heartbeats while a crowd does what it can: nothing,
 * rubbish, half a handshake, or a whole one and then a frame that is none.
 * CROWD=n in the environment makes it larger.
 */

#define LATE		1500		/* ms: a heartbeat's limit */
#define IDLERS		1000
#define CALM		70		/* heartbeats, 50 ms apart */
#define GUESTS		250
#define MEMORY_IDLE	(20 * 1024)	/* KB */
#define MEMORY_AFTER	(2 * 1024)

static pid_t		 crowd(void (*)(unsigned int), unsigned int);
static void		 idlers(unsigned int);
static void		 guests(unsigned int);
static void		 hostile(unsigned int);
static int		 tcp_from(unsigned int);
static void		 hostile_raw(unsigned int);
static void		 hostile_tls(unsigned int);
static long		 beat(struct tls *);
static long		 memory(void);
static void		 run(const char *, void (*)(unsigned int), unsigned int,
			    long, long);

static struct tls	*friend;

static pid_t
crowd(void (*fn)(unsigned int), unsigned int n)
{
	pid_t	 child;

	if ((child = fork()) == -1)
		err(1, "fork");
	if (child == 0) {
		fn(n);
		_exit(0);
	}
	return (child);
}

/* From so many addresses of 127/8. */
static int
tcp_from(unsigned int i)
{
	struct sockaddr_in	 sin;
	int			 fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(0x7f010000 + i % 50);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "bind");
	sin.sin_port = htons(port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "connect");
	return (fd);
}

static void
idlers(unsigned int n)
{
	unsigned int	 i;

	for (i = 0; i < n; i++)
		(void)tcp_from(i);
	sleep(3);
}

/* Hands shaken, from more addresses than one, and then nothing. */
static void
guests(unsigned int n)
{
	struct tls_config	*conf = config(&c, NULL);
	struct tls		*ctx;
	unsigned int		 i;

	for (i = 0; i < n; i++) {
		if ((ctx = tls_client()) == NULL ||
		    tls_configure(ctx, conf) == -1 ||
		    tls_connect_socket(ctx, tcp_from(i), NULL) == -1)
			errx(1, "client");
		(void)tls_handshake(ctx);
	}
	sleep(1);
}

static void
hostile(unsigned int n)
{
	unsigned int	 i;

	for (i = 0; i < n; i++)
		if (i % 8 == 0)
			hostile_tls(i);
		else
			hostile_raw(i);
}

/* Rubbish, the beginning of a handshake that leads nowhere, or nothing. */
static void
hostile_raw(unsigned int i)
{
	static const uint8_t	 hello[] = { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3,
				    3 };
	static int		 kept[64];
	uint8_t			 junk[512];
	int			 fd = tcp_from(i);

	arc4random_buf(junk, sizeof(junk));
	switch (i % 8) {
	case 1:
		(void)send(fd, hello, sizeof(hello), MSG_NOSIGNAL);
		break;
	case 2:
		(void)send(fd, hello, 3, MSG_NOSIGNAL);
		break;
	case 3:
		break;
	default:
		(void)send(fd, junk, sizeof(junk), MSG_NOSIGNAL);
		break;
	}
	/* The slow ones stay for a while. */
	if (kept[i % 64] != 0)
		close(kept[i % 64]);
	kept[i % 64] = fd;
}

static void
hostile_tls(unsigned int i)
{
	static const uint8_t	 tails[4][8] = {
		{ 0xff, 0xff, 0xff, 0xff }, { 0, 0, 0x40, 1, 'x' },
		{ 0, 0, 0, 100, '{', '}' }, { 0, 0 }
	};
	struct tls_config	*conf = config(&c, NULL);
	struct tls		*ctx;
	int			 fd = tcp_from(i);

	if ((ctx = tls_client()) == NULL || tls_configure(ctx, conf) == -1 ||
	    tls_connect_socket(ctx, fd, NULL) == -1)
		errx(1, "client");
	tls_config_free(conf);
	if (tls_handshake(ctx) == 0) {
		(void)tls_write(ctx, tails[i / 8 % 4], 8);
		if (i % 16 == 0)
			frame(ctx, "[[[[[[[[");
	}
	tls_free(ctx);
	close(fd);
}

/* One there and back, in ms; what strangers ask is refused meanwhile. */
static long
beat(struct tls *s)
{
	struct mesh_request	 rq;
	struct monotime		 start = mono_now();
	char			 text[1024];

	frame(s, "heartbeat");
	do {
		if (!hear_request(&rq, text, sizeof(text)))
			return (-1);
		say_reply(&rq, rq.peer == MESH_STRANGER ? MESH_COMPLAIN : 0,
		    "not invited", "reply");
	} while (rq.peer == MESH_STRANGER);
	if (strcmp(text, "heartbeat") != 0 || strcmp(read_frame(s, WAIT),
	    "reply") != 0)
		return (-1);
	return (mono_sub(mono_now(), start).ns / 1000000);
}

/* Resident, in KB. */
static long
memory(void)
{
	FILE	*f;
	char	 path[64];
	long	 all, pages = 0;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	if ((f = fopen(path, "r")) == NULL)
		return (0);
	if (fscanf(f, "%ld %ld", &all, &pages) != 2)
		pages = 0;
	fclose(f);
	return (pages * (sysconf(_SC_PAGESIZE) / 1024));
}

static void
run(const char *name, void (*fn)(unsigned int), unsigned int n, long peak,
    long after)
{
	const struct timespec	 pause = { 0, 50 * 1000 * 1000 };
	struct tls		*late;
	long			 before, most = 0, ms, worst = 0;
	pid_t			 child;
	int			 i, status, beats = 0, calm = 0;

	before = memory();
	child = crowd(fn, n);
	for (i = 0; calm < CALM; i++) {
		if ((ms = beat(friend)) == -1)
			break;
		worst = ms > worst ? ms : worst;
		most = memory() > most ? memory() : most;
		beats++;
		/* Somebody new, in the thick of it. */
		if (i == 20) {
			late = client(&b, NULL);
			ms = beat(late);
			ok(ms >= 0 && ms < LATE, "%s: another connection of "
			    "the peer: %ld ms", name, ms);
			client_end(late);
		}
		nanosleep(&pause, NULL);
		if (calm > 0 || waitpid(child, &status, WNOHANG) == child)
			calm++;
	}
	ok(ms != -1 && worst < LATE, "%s: %d heartbeats in %ld ms at most",
	    name, beats, worst);
#ifdef QUPTIMED_SANITIZE
	/* What is freed stays for a while. */
	peak = after = LONG_MAX;
#endif
	ok(most - before < peak, "%s: %ld KB at the most", name,
	    most - before);
	ok(memory() - before < after, "%s: %ld KB afterwards", name,
	    memory() - before);
}

int
main(int argc, char *argv[])
{
	const char	*n = getenv("CROWD");
	unsigned int	 i, lines;

	(void)argc;
	fixture_init(argv[0]);
	engine_start(AF_INET);
	say_peer(1, 0, "", b.info.fingerprint);
	friend = client(&b, NULL);
	/* The first of everything costs memory that stays. */
	run("guests", guests, GUESTS, MEMORY_IDLE, 2 * MEMORY_AFTER);
	run("idle", idlers, IDLERS, MEMORY_IDLE, MEMORY_AFTER);
	run("hostile", hostile, n != NULL ? (unsigned int)atoi(n) : 1000,
	    MEMORY_IDLE, MEMORY_AFTER);
	lines = log_count("stranger 127.1.0.7: ");
	ok(lines == 1 || (lines == 2 && n != NULL), "%u line for an address",
	    lines);
	client_end(friend);
	/* An address that has nothing left is still that of the peer. */
	for (i = 0; i < 400; i++) {
		friend = client(NULL, NULL);
		client_end(friend);
	}
	friend = client(&b, NULL);
	ok(beat(friend) != -1, "a peer at a noisy address gets in");
	close(tcp());
	client_end(friend);
	engine_stop();
	unlink(logfile);
	return (tap_done());
}
