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

#ifndef ENGINE_FIXTURE_H
#define ENGINE_FIXTURE_H

#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <tls.h>
#include <unistd.h>

#include "engine.h"
#include "pack.h"
#include "tap.h"

/*
 * The engine as it is, in a process of its own, between a quorum that is the
 * test and peers that speak TLS over the loopback interface.
 */

#define WAIT		5000		/* ms for what has to come */
#define QUIET		300		/* ms in which nothing may come */
#define CLOSED		((const char *)NULL)

struct identity {
	char		*cert, *key;
	size_t		 certlen, keylen;
	struct certinfo	 info;
};

static struct identity	 a, b, c;
static struct imsgbuf	 parent, quorum;
static uint16_t		 port;
static int		 family;
static pid_t		 pid;
static char		 logfile[] = "/tmp/engine_test.XXXXXXXX";

static inline void put(struct imsgbuf *, uint32_t, int, struct ibuf *);
static inline int get(struct imsgbuf *, struct imsg *, int);
static inline int server_listen(int, uint16_t *);

static inline void
node_load(struct identity *n, const char *dir)
{
	struct paths	 paths;
	struct keypair	 kp;
	struct verr	 ve;

	memset(&ve, 0, sizeof(ve));
	if (paths_init(&paths, dir) == -1 ||
	    keys_load(&paths, &kp, &ve) == -1 ||
	    keys_certinfo(kp.cert_pem, kp.cert_len, &n->info) == -1)
		errx(1, "%s", dir);
	n->cert = kp.cert_pem;
	n->certlen = kp.cert_len;
	n->key = kp.key_pem;
	n->keylen = kp.key_len;
}

/* A third one, made for the occasion. */
static inline void
node_make(struct identity *n)
{
	struct paths	 paths;
	struct verr	 ve;
	char		 dir[] = "/tmp/engine_keys.XXXXXXXX";

	memset(&ve, 0, sizeof(ve));
	if (mkdtemp(dir) == NULL || paths_init(&paths, dir) == -1 ||
	    keys_generate(&paths, "stranger", &ve) == -1)
		errx(1, "no key");
	node_load(n, dir);
	unlink(paths.privkey);
	unlink(paths.pubkey);
	unlink(paths.cert);
	rmdir(paths.keydir);
	rmdir(dir);
}

static inline void
engine_start(int af)
{
	struct imsg_fd	 what = { .use = FDU_LISTEN };
	struct ibuf	*buf;
	struct imsg	 imsg;
	int		 sp[2], sq[2], fd, log;
	int32_t		 id = PROC_QUORUM;

	family = af;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sp) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, sq) == -1 ||
	    (log = open(logfile, O_WRONLY | O_CREAT | O_TRUNC, 0600)) == -1)
		err(1, "engine_start");
	fd = server_listen(af, &port);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		/* Out of the way of the child's number. */
		if ((fd = fcntl(sp[1], F_DUPFD, 20)) == -1 ||
		    dup2(fd, CHILD_FD) == -1 || dup2(log, 2) == -1)
			err(1, "dup2");
		engine_main();
	}
	close(sp[1]);
	close(log);
	if (imsgbuf_init(&parent, sp[0]) == -1 ||
	    imsgbuf_set_maxsize(&parent, IPC_MAXSIZE) == -1 ||
	    imsgbuf_init(&quorum, sq[0]) == -1 ||
	    imsgbuf_set_maxsize(&quorum, MESH_MAXSIZE) == -1)
		err(1, "imsgbuf");
	imsgbuf_allow_fdpass(&parent);
	buf = ibuf_open(sizeof(id));
	ibuf_add(buf, &id, sizeof(id));
	put(&parent, IMSG_SETUP_PEER, sq[1], buf);
	buf = ibuf_open(sizeof(what));
	ibuf_add(buf, &what, sizeof(what));
	put(&parent, IMSG_SETUP_FD, fd, buf);
	buf = ibuf_dynamic(64, IPC_MAXSIZE);
	pack_string(buf, a.key);
	pack_string(buf, a.cert);
	put(&parent, IMSG_SETUP_KEYPAIR, -1, buf);
	put(&parent, IMSG_SETUP_DONE, -1, NULL);
	ok(get(&parent, &imsg, WAIT) == IMSG_SETUP_DONE, "the engine runs");
	imsg_free(&imsg);
}

static inline void
engine_stop(void)
{
	int	 status;

	close(parent.fd);
	close(quorum.fd);
	imsgbuf_clear(&parent);
	imsgbuf_clear(&quorum);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	is_int(status, 0, "it ends well");
}

static inline void
put(struct imsgbuf *ib, uint32_t type, int fd, struct ibuf *buf)
{
	if (imsg_compose(ib, type, 0, 0, fd, buf != NULL ? ibuf_data(buf) :
	    NULL, buf != NULL ? ibuf_size(buf) : 0) == -1 ||
	    imsgbuf_flush(ib) == -1)
		err(1, "put");
	ibuf_free(buf);
}

/* The type of the next message, IMSG_NONE when there is none in time. */
static inline int
get(struct imsgbuf *ib, struct imsg *imsg, int msec)
{
	struct monotime	 end = mono_add(mono_now(), MONO_MSEC(msec)), left;
	struct pollfd	 pfd = { .fd = ib->fd, .events = POLLIN };
	int		 n;

	for (;;) {
		if ((n = imsgbuf_get(ib, imsg)) == -1)
			errx(1, "imsgbuf_get");
		if (n == 1)
			return (imsg_get_type(imsg));
		left = mono_sub(end, mono_now());
		if (left.ns <= 0 ||
		    poll(&pfd, 1, (int)(left.ns / 1000000) + 1) != 1)
			return (IMSG_NONE);
		if (imsgbuf_read(ib) != 1)
			return (IMSG_NONE);
	}
}

/* Skips what is of another type. */
static inline int
wants(uint32_t type, struct ibuf *buf, struct imsg *imsg)
{
	uint32_t	 got;

	while ((got = get(&quorum, imsg, WAIT)) != type) {
		if (got == IMSG_NONE)
			return (0);
		imsg_free(imsg);
	}
	return (imsg_get_ibuf(imsg, buf) == 0);
}

static inline int
silent(int msec)
{
	struct imsg	 imsg;

	if (get(&quorum, &imsg, msec) == IMSG_NONE)
		return (1);
	printf("# got %s\n", imsg_name(imsg_get_type(&imsg)));
	imsg_free(&imsg);
	return (0);
}

static inline void
say_peer(uint32_t peer, int dial, const char *address, const char *key)
{
	struct mesh_peer	 m = { .peer = peer, .dial = dial };
	struct ibuf		*buf = ibuf_dynamic(64, 4096);

	ibuf_add(buf, &m, sizeof(m));
	pack_string(buf, "the-peer");
	pack_string(buf, address);
	pack_string(buf, key);
	put(&quorum, IMSG_MESH_PEER, -1, buf);
}

static inline void
say_forget(uint32_t peer)
{
	struct ibuf	*buf = ibuf_open(sizeof(peer));

	ibuf_add(buf, &peer, sizeof(peer));
	put(&quorum, IMSG_MESH_FORGET, -1, buf);
}

static inline void
say_call(uint32_t peer, uint32_t gen, const char *text)
{
	struct mesh_frame	 m = { .peer = peer, .gen = gen };
	struct ibuf		*buf = ibuf_dynamic(64, 4096);

	ibuf_add(buf, &m, sizeof(m));
	ibuf_add(buf, text, strlen(text));
	put(&quorum, IMSG_MESH_CALL, -1, buf);
}

static inline void
say_drop(uint32_t peer, uint32_t gen, const char *why)
{
	struct mesh_frame	 m = { .peer = peer, .gen = gen };
	struct ibuf		*buf = ibuf_dynamic(64, 4096);

	ibuf_add(buf, &m, sizeof(m));
	pack_string(buf, why);
	put(&quorum, IMSG_MESH_DROP, -1, buf);
}

static inline void
say_reply(const struct mesh_request *rq, uint32_t flags, const char *why,
    const char *text)
{
	struct mesh_reply	 m;
	struct ibuf		*buf = ibuf_dynamic(64, 4096);

	memset(&m, 0, sizeof(m));
	m.conn = rq->conn;
	m.seq = rq->seq;
	m.flags = flags;
	strlcpy(m.why, why, sizeof(m.why));
	ibuf_add(buf, &m, sizeof(m));
	ibuf_add(buf, text, strlen(text));
	put(&quorum, IMSG_MESH_REPLY, -1, buf);
}

/* The request with its frame; who sent it is checked by its key. */
static inline int
hear_request(struct mesh_request *rq, char *text, size_t size)
{
	static char	 key[72];
	struct ibuf	 buf;
	struct imsg	 imsg;
	char		*s[3];
	size_t		 i, n;

	if (!wants(IMSG_MESH_REQUEST, &buf, &imsg))
		return (0);
	if (ibuf_get(&buf, rq, sizeof(*rq)) == -1)
		errx(1, "short request");
	for (i = 0; i < 3; i++)
		if ((s[i] = unpack_string(&buf, 1024)) == NULL)
			errx(1, "request without strings");
	strlcpy(key, s[1], sizeof(key));
	for (i = 0; i < 3; i++)
		free(s[i]);
	n = ibuf_size(&buf);
	if (n >= size)
		n = size - 1;
	memcpy(text, ibuf_data(&buf), n);
	text[n] = '\0';
	imsg_free(&imsg);
	return (strcmp(key, b.info.fingerprint) == 0 ||
	    strcmp(key, c.info.fingerprint) == 0);
}

static inline int
hear_up(struct mesh_up *up, char *cn, char *address)
{
	struct ibuf	 buf;
	struct imsg	 imsg;
	char		*s[2];

	if (!wants(IMSG_MESH_UP, &buf, &imsg))
		return (0);
	if (ibuf_get(&buf, up, sizeof(*up)) == -1 ||
	    (s[0] = unpack_string(&buf, 127)) == NULL ||
	    (s[1] = unpack_string(&buf, 127)) == NULL ||
	    ibuf_size(&buf) != 0)
		errx(1, "IMSG_MESH_UP");
	strlcpy(cn, s[0], 128);
	strlcpy(address, s[1], 128);
	free(s[0]);
	free(s[1]);
	imsg_free(&imsg);
	return (1);
}

static inline int
hear_down(uint32_t peer, char *why, size_t size)
{
	struct mesh_frame	 m;
	struct ibuf		 buf;
	struct imsg		 imsg;
	char			*s;

	if (!wants(IMSG_MESH_DOWN, &buf, &imsg))
		return (0);
	if (ibuf_get(&buf, &m, sizeof(m)) == -1 ||
	    (s = unpack_string(&buf, 1024)) == NULL || ibuf_size(&buf) != 0)
		errx(1, "IMSG_MESH_DOWN");
	strlcpy(why, s, size);
	free(s);
	imsg_free(&imsg);
	return (m.peer == peer);
}

static inline int
tcp(void)
{
	struct sockaddr_in6	 in6;
	struct sockaddr_in	 in;
	int			 fd, rc;

	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_port = htons(port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(&in6, 0, sizeof(in6));
	in6.sin6_family = AF_INET6;
	in6.sin6_port = htons(port);
	in6.sin6_addr = in6addr_loopback;
	if ((fd = socket(family, SOCK_STREAM, 0)) == -1)
		err(1, "socket");
	rc = family == AF_INET ?
	    connect(fd, (struct sockaddr *)&in, sizeof(in)) :
	    connect(fd, (struct sockaddr *)&in6, sizeof(in6));
	if (rc == -1)
		err(1, "connect");
	return (fd);
}

static inline struct tls_config *
config(const struct identity *n, const char *alpn)
{
	struct tls_config	*conf;

	if ((conf = tls_config_new()) == NULL ||
	    tls_config_set_protocols(conf, TLS_PROTOCOL_TLSv1_3) == -1 ||
	    (n != NULL && tls_config_set_keypair_mem(conf, (uint8_t *)n->cert,
	    n->certlen, (uint8_t *)n->key, n->keylen) == -1) ||
	    (alpn != NULL && tls_config_set_alpn(conf, alpn) == -1))
		errx(1, "config");
	tls_config_insecure_noverifycert(conf);
	tls_config_insecure_noverifyname(conf);
	return (conf);
}

/* Descriptors by context, which does not give its own. */
static int	 fds[1024];
static struct tls
		*ctxs[1024];

static inline struct tls *
remember(struct tls *ctx, int fd)
{
	size_t	 i;

	for (i = 0; i < 1024; i++)
		if (ctxs[i] == NULL) {
			ctxs[i] = ctx;
			fds[i] = fd;
			return (ctx);
		}
	errx(1, "too many");
}

static inline int
fd_of(struct tls *ctx)
{
	size_t	 i;

	for (i = 0; i < 1024; i++)
		if (ctxs[i] == ctx)
			return (fds[i]);
	errx(1, "unknown");
}

static inline struct tls *
client(const struct identity *n, const char *alpn)
{
	struct tls_config	*conf = config(n, alpn);
	struct tls		*ctx;
	int			 fd = tcp();

	if ((ctx = tls_client()) == NULL || tls_configure(ctx, conf) == -1 ||
	    tls_connect_socket(ctx, fd, NULL) == -1)
		errx(1, "client");
	tls_config_free(conf);
	if (tls_handshake(ctx) == -1)
		printf("# handshake: %s\n", tls_error(ctx));
	return (remember(ctx, fd));
}

static inline void
client_end(struct tls *ctx)
{
	size_t	 i;

	for (i = 0; ctxs[i] != ctx; i++)
		;
	tls_close(ctx);
	close(fds[i]);
	tls_free(ctx);
	ctxs[i] = NULL;
}

static inline int
tls_all(struct tls *ctx, const void *data, size_t len)
{
	const char	*p = data;
	ssize_t		 n;

	while (len > 0) {
		n = tls_write(ctx, p, len);
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
			continue;
		if (n == -1)
			return (-1);
		p += n;
		len -= n;
	}
	return (0);
}

static inline void
frame(struct tls *ctx, const char *text)
{
	uint32_t	 len = htonl(strlen(text));

	tls_all(ctx, &len, sizeof(len));
	tls_all(ctx, text, strlen(text));
}

static inline int
read_all(struct tls *ctx, void *data, size_t len, int msec)
{
	struct pollfd	 pfd = { .fd = fd_of(ctx), .events = POLLIN };
	char		*p = data;
	ssize_t		 n;

	fcntl(pfd.fd, F_SETFL, O_NONBLOCK);
	while (len > 0) {
		n = tls_read(ctx, p, len);
		if (n == TLS_WANT_POLLIN) {
			if (poll(&pfd, 1, msec) != 1)
				return (-1);
			continue;
		}
		if (n <= 0)
			return (0);
		p += n;
		len -= n;
	}
	return (1);
}

/* The next frame; "" nothing in time, CLOSED. */
static inline const char *
read_frame(struct tls *ctx, int msec)
{
	static char	 text[65536];
	uint32_t	 len;
	int		 rc;

	if ((rc = read_all(ctx, &len, sizeof(len), msec)) != 1)
		return (rc == 0 ? CLOSED : "");
	if ((len = ntohl(len)) >= sizeof(text))
		return ("too long");
	if ((rc = read_all(ctx, text, len, msec)) != 1)
		return (rc == 0 ? CLOSED : "");
	text[len] = '\0';
	return (text);
}

static inline int
ended(struct tls *ctx, int msec)
{
	return (read_frame(ctx, msec) == CLOSED);
}

static inline int
server_listen(int af, uint16_t *p)
{
	struct sockaddr_storage	 ss;
	struct sockaddr_in	*in = (struct sockaddr_in *)&ss;
	struct sockaddr_in6	*in6 = (struct sockaddr_in6 *)&ss;
	socklen_t		 len;
	int			 fd;

	memset(&ss, 0, sizeof(ss));
	ss.ss_family = af;
	if (af == AF_INET)
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		in6->sin6_addr = in6addr_loopback;
	len = af == AF_INET ? sizeof(*in) : sizeof(*in6);
	if ((fd = socket(af, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		err(1, "listen");
	*p = ntohs(af == AF_INET ? in->sin_port : in6->sin6_port);
	return (fd);
}

/* Whoever is the engine's next call; NULL when it does not come. */
static inline struct tls *
server_accept(int fd, const struct identity *n, const char *alpn)
{
	struct pollfd		 pfd = { .fd = fd, .events = POLLIN };
	struct tls_config	*conf = config(n, alpn);
	struct tls		*srv, *ctx;
	int			 cfd;

	tls_config_verify_client(conf);
	tls_config_insecure_noverifycert(conf);
	if ((srv = tls_server()) == NULL || tls_configure(srv, conf) == -1)
		errx(1, "server");
	tls_config_free(conf);
	if (poll(&pfd, 1, WAIT) != 1 || (cfd = accept(fd, NULL, NULL)) == -1)
		return (NULL);
	if (tls_accept_socket(srv, &ctx, cfd) == -1)
		errx(1, "accept");
	if (tls_handshake(ctx) == -1)
		printf("# handshake: %s\n", tls_error(ctx));
	tls_free(srv);
	return (remember(ctx, cfd));
}

/* Lines of the engine's log that have these words. */
static inline unsigned int
log_count(const char *words)
{
	FILE		*f;
	char		 line[1024];
	unsigned int	 n = 0;

	if ((f = fopen(logfile, "r")) == NULL)
		err(1, "%s", logfile);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, words) != NULL;
	fclose(f);
	return (n);
}

static inline void
fixture_init(char *argv0)
{
	char	 dir[1024];
	int	 fd;

	strlcpy(dir, argv0, sizeof(dir));
	if (chdir(dirname(dir)) == -1)
		err(1, "%s", dir);
	signal(SIGPIPE, SIG_IGN);
	if ((fd = mkstemp(logfile)) == -1)
		err(1, "%s", logfile);
	close(fd);
	node_load(&a, "vectors/keys/node-a");
	node_load(&b, "vectors/keys/node-b");
	node_make(&c);
}

#endif /* ENGINE_FIXTURE_H */
