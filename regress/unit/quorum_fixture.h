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


#ifndef QUORUM_FIXTURE_H
#define QUORUM_FIXTURE_H

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "pack.h"
#include "quorum.h"
#include "tap.h"

/*
 * A quorum process without the process: its state in a directory of its own,
 * and the other processes' ends of its channels.
 */

#define FIX_WAIT	10000	/* ms for a message that has to come */
#define CLIENT		7

static struct quorum	 q;
static struct imsgbuf	 parent, prober, notifier, engine;
static int		 fix_mesh;	/* with an engine, from the start */
static struct imsgbuf	 fix_tx, fix_rx;
static char		 fix_dir[] = "/tmp/quorum_test.XXXXXX";

/* Of the last result that fix_result() has seen. */
static struct ctl_result fix_res;
static char		 fix_text[2048];
static int		 fix_rows;

static inline void __attribute__((__noreturn__))
fix_die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static inline void
fix_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    fds) == -1)
		fix_die("socketpair");
}

static inline void
fix_buf(struct imsgbuf *b, int fd, uint32_t maxsize)
{
	if (imsgbuf_init(b, fd) == -1 ||
	    imsgbuf_set_maxsize(b, maxsize) == -1)
		fix_die("imsgbuf");
}

static inline void
fix_link(struct ipc *ipc, int peer, struct imsgbuf *other)
{
	uint32_t	 maxsize = IPC_MAXSIZE;
	int		 fds[2];

	if (peer == PROC_ENGINE)
		maxsize = MESH_MAXSIZE;
	fix_pair(fds);
	ipc_init(ipc, fds[0], peer, NULL, 0, &q.child.phase, maxsize, 0);
	fix_buf(other, fds[1], maxsize);
}

static inline void
fix_write(const char *name, const char *text)
{
	FILE	*f;

	if ((f = fopen(name, "w")) == NULL || fputs(text, f) == EOF ||
	    fclose(f) == EOF)
		fix_die(name);
}

/* The text of a file, from a buffer that the next call reuses. */
static inline const char *
fix_read(const char *name)
{
	static char	 buf[65536];
	size_t		 n;
	FILE		*f;

	buf[0] = '\0';
	if ((f = fopen(name, "r")) == NULL)
		return (buf);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	fclose(f);
	return (buf);
}

/* The directory of the vectors; asked for before fix_start(). */
static inline void
fix_vectors(const char *argv0, char *place)
{
	const char	*places[] = { ".", "regress/unit", NULL };
	char		 path[PATH_MAX], copy[PATH_MAX];
	size_t		 i;

	strlcpy(copy, argv0, sizeof(copy));
	places[2] = dirname(copy);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%.3000s/vectors", places[i]);
		if (realpath(path, place) != NULL)
			return;
	}
	fix_die("vectors");
}

/* As setup_done() does. */
static inline int
fix_load(struct verr *ve)
{
	memset(&q, 0, sizeof(q));
	q.child.phase = PH_RUN;
	quorum_init(&q);
	store_init(&q.store, fix_dir);
	q.node.node_id = strdup("node-a");
	if (store_load(&q.store, &q.cluster, ve) == -1)
		return (-1);
	checks_replace(&q, &q.cluster.checks);
	fix_link(&q.child.parent, PROC_PARENT, &parent);
	fix_link(&q.prober, PROC_PROBER, &prober);
	fix_link(&q.notifier, PROC_NOTIFIER, &notifier);
	if (fix_mesh)
		fix_link(&q.engine, PROC_ENGINE, &engine);
	quorum_config_changed(&q);
	return (0);
}

static inline void
fix_buf_free(struct imsgbuf *b)
{
	if (b->w == NULL)
		return;
	close(b->fd);
	imsgbuf_clear(b);
	memset(b, 0, sizeof(*b));
}

static inline void
fix_unload(void)
{
	ipc_close(&q.child.parent);
	quorum_clear(&q);
	fix_buf_free(&parent);
	fix_buf_free(&prober);
	fix_buf_free(&notifier);
	fix_buf_free(&engine);
}

static inline void
fix_start(void)
{
	int	 fds[2];

	log_init(LOG_STYLE_PLAIN, 0);
	log_procinit("test");
	event_init();
	if (mkdtemp(fix_dir) == NULL || chdir(fix_dir) == -1)
		fix_die(fix_dir);
	fix_pair(fds);
	fix_buf(&fix_tx, fds[0], MESH_MAXSIZE);
	fix_buf(&fix_rx, fds[1], MESH_MAXSIZE);
}

static inline int
fix_unlink(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return (remove(path));
}

static inline void
fix_end(void)
{
	fix_buf_free(&fix_tx);
	fix_buf_free(&fix_rx);
	if (chdir("/") == -1)
		fix_die("/");
	(void)nftw(fix_dir, fix_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

/* For what would log thousands of lines. */
static inline void
fix_mute(int on)
{
	static int	 saved = -1;
	int		 fd;

	if (on) {
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (fd == -1 || (saved = dup(STDERR_FILENO)) == -1 ||
		    dup2(fd, STDERR_FILENO) == -1)
			fix_die("/dev/null");
		close(fd);
	} else {
		if (dup2(saved, STDERR_FILENO) == -1)
			fix_die("stderr");
		close(saved);
	}
}

/* One turn of the quorum's event loop. */
static inline void
fix_turn(void)
{
	(void)event_loop(EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* The next message at a far end, with turns of the loop until it comes. */
static inline int
fix_next(struct imsgbuf *b, struct imsg *imsg)
{
	struct monotime	 end = mono_add(mono_now(), MONO_MSEC(FIX_WAIT));
	int		 n;

	for (;;) {
		if ((n = imsgbuf_get(b, imsg)) == -1)
			fix_die("imsgbuf_get");
		if (n == 1)
			return (1);
		fix_turn();
		if (imsgbuf_read(b) != 1)
			fix_die("imsgbuf_read");
		if (mono_cmp(mono_now(), end) > 0)
			return (0);
	}
}

/* Whether nothing comes: the loop is idle and the channel empty. */
static inline int
fix_silent(struct imsgbuf *b)
{
	struct imsg	 imsg;
	int		 i;

	for (i = 0; i < 10; i++) {
		fix_turn();
		if (imsgbuf_read(b) != 1)
			fix_die("imsgbuf_read");
		if (imsgbuf_get(b, &imsg) == 1) {
			imsg_free(&imsg);
			return (0);
		}
	}
	return (1);
}

/* Makes a message as one of the others would send it; takes buf over. */
static inline void
fix_imsg(struct imsg *imsg, uint32_t type, uint32_t id, struct ibuf *buf)
{
	if (buf == NULL) {
		if (imsg_compose(&fix_tx, type, id, 0, -1, NULL, 0) == -1)
			fix_die("imsg_compose");
	} else if (imsg_compose_ibuf(&fix_tx, type, id, 0, buf) == -1)
		fix_die("imsg_compose_ibuf");
	for (;;) {
		if (imsgbuf_write(&fix_tx) == -1 ||
		    imsgbuf_read(&fix_rx) != 1)
			fix_die("fix_imsg");
		if (imsgbuf_get(&fix_rx, imsg) == 1)
			return;
	}
}

static inline struct ibuf *
fix_ibuf(void)
{
	struct ibuf	*buf;

	if ((buf = ibuf_dynamic(0, IPC_MAXSIZE - IMSG_HEADER_SIZE)) == NULL)
		fix_die("ibuf");
	return (buf);
}

/* A request whose payload is one string, handed to its handler. */
static inline void
fix_ask(void (*fn)(struct quorum *, struct imsg *), uint32_t type,
    const char *s)
{
	struct imsg	 imsg;
	struct ibuf	*buf = NULL;

	if (s != NULL) {
		buf = fix_ibuf();
		pack_string(buf, s);
	}
	fix_imsg(&imsg, type, CLIENT, buf);
	fn(&q, &imsg);
	imsg_free(&imsg);
}

/* Reads rows until the result; its code, or -1 when there is none. */
static inline int
fix_result(void)
{
	struct imsg	 imsg;
	struct ibuf	 buf;
	char		*s = NULL;

	fix_rows = 0;
	fix_text[0] = '\0';
	for (;;) {
		if (!fix_next(&parent, &imsg))
			return (-1);
		if (imsg_get_id(&imsg) != CLIENT) {
			imsg_free(&imsg);
			return (-1);
		}
		if (imsg_get_type(&imsg) == IMSG_CTL_RESULT)
			break;
		fix_rows++;
		imsg_free(&imsg);
	}
	if (imsg_get_ibuf(&imsg, &buf) == -1 ||
	    ibuf_get(&buf, &fix_res, sizeof(fix_res)) == -1 ||
	    (s = unpack_string(&buf, sizeof(fix_text))) == NULL)
		fix_die("result");
	strlcpy(fix_text, s, sizeof(fix_text));
	free(s);
	imsg_free(&imsg);
	return (fix_res.code);
}

/* The next message, which has to be a row of that kind. */
static inline void
fix_row(uint32_t client, uint32_t type, const struct record *rec, void *row)
{
	struct imsg	 imsg;
	struct ibuf	 buf;

	memset(row, 0, rec->size);
	if (!fix_next(&parent, &imsg) || imsg_get_type(&imsg) != type ||
	    imsg_get_id(&imsg) != client ||
	    imsg_get_ibuf(&imsg, &buf) == -1 ||
	    unpack_record(&buf, rec, row) == -1)
		fix_die(rec->name);
	imsg_free(&imsg);
}

/* A change, as quptimectl asks for it: pairs of strings, then NULL. */
#define fix_mutate(...)	FIX_MUTATE(__VA_ARGS__)
#define FIX_MUTATE(op, object, name, ...)				\
	fix_change((op), (object), (name),				\
	    (const char *const[]){ __VA_ARGS__ })

static inline int
fix_change(enum ctl_op op, enum ctl_object object, const char *name,
    const char *const *strings)
{
	struct ctl_mutate	 m;
	struct imsg		 imsg;
	struct ibuf		*buf, *pairs;
	uint32_t		 n;

	pairs = fix_ibuf();
	for (n = 0; strings[n] != NULL; n++)
		pack_string(pairs, strings[n]);
	memset(&m, 0, sizeof(m));
	m.op = op;
	m.object = object;
	m.npairs = n / 2;
	buf = fix_ibuf();
	ibuf_add(buf, &m, sizeof(m));
	pack_string(buf, name);
	if (n > 0)
		ibuf_add_ibuf(buf, pairs);
	ibuf_free(pairs);
	fix_imsg(&imsg, IMSG_CTL_MUTATE, CLIENT, buf);
	mutate_request(&q, &imsg);
	imsg_free(&imsg);
	return (fix_result());
}

#define FIX_TCP(name)	fix_mutate(CTL_ADD, CTL_CHECK, name, "type", "tcp", \
	    "target", "127.0.0.1:9", NULL)
#define FIX_HOOK(name)	fix_mutate(CTL_ADD, CTL_ALERT, name, "type",	\
	    "webhook", "webhook_url", "http://127.0.0.1:9/s3cret", NULL)

#endif /* QUORUM_FIXTURE_H */
