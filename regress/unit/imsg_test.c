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
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "imsg.h"
#include "tap.h"

#define MARK	0x80000000U

static struct imsgbuf	 a, b;		/* the two ends */
static int		 fds_before;

static int	 fds_open(void);
static void	 open_pair(int, int);
static void	 close_pair(void);
static int	 pump(struct imsg *);
static void	 raw(uint32_t, const void *, size_t, const int *, int);
static void	 send_with(const void *, size_t, int);
static ino_t	 inode(int);
static void	 test_simple(void);
static void	 test_accessors(void);
static void	 test_compose(void);
static void	 test_limits(void);
static void	 test_hostile(void);
static void	 test_truncated(void);
static void	 test_bytes(void);
static void	 test_many(void);
static void	 test_large(void);
static void	 test_fds(void);
static void	 test_fd_refused(void);
static void	 test_fd_claims(void);
static void	 test_fd_flood(void);
static void	 test_fd_bytes(void);
static void	 test_fd_partial(void);
static void	 test_forward(void);
static void	 test_clear(void);

int
main(void)
{
	static void	(*const tests[])(void) = {
		test_simple, test_accessors, test_compose, test_limits,
		test_hostile, test_truncated, test_bytes, test_many,
		test_large, test_fds, test_fd_refused, test_fd_claims,
		test_fd_flood, test_fd_bytes, test_fd_partial, test_forward,
		test_clear
	};
	size_t	 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i]();
	return (tap_done());
}

static int
fds_open(void)
{
	int	 fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			n++;
	return (n);
}

static void
open_pair(int fdpass_a, int fdpass_b)
{
	int	 pair[2];

	fds_before = fds_open();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    pair) == -1 || imsgbuf_init(&a, pair[0]) == -1 ||
	    imsgbuf_init(&b, pair[1]) == -1)
		err(1, "pair");
	if (fdpass_a)
		imsgbuf_allow_fdpass(&a);
	if (fdpass_b)
		imsgbuf_allow_fdpass(&b);
}

static void
close_pair(void)
{
	close(a.fd);
	close(b.fd);
	imsgbuf_clear(&a);
	imsgbuf_clear(&b);
	if (fds_open() != fds_before)
		ok(0, "%d descriptors left", fds_open() - fds_before);
}

/* One message from a to b, whatever it takes. */
static int
pump(struct imsg *imsg)
{
	struct pollfd	 pfd;
	int		 n;

	for (;;) {
		if ((n = imsgbuf_get(&b, imsg)) != 0)
			return (n);
		if (imsgbuf_write(&a) == -1)
			return (-1);
		pfd.fd = b.fd;
		pfd.events = POLLIN;
		if (poll(&pfd, 1, 0) == 0)
			return (0);
		if ((n = imsgbuf_read(&b)) != 1)
			return (n == 0 ? -2 : -1);
	}
}

/* A header with that length field, a body and descriptors, to b. */
static void
raw(uint32_t len, const void *body, size_t bodylen, const int *fds, int nfds)
{
	struct imsg_hdr	 hdr;
	struct iovec	 iov[2];
	struct msghdr	 msg;
	struct cmsghdr	*cmsg;
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int) * 64)];
	} c;

	memset(&hdr, 0, sizeof(hdr));
	hdr.type = 7;
	hdr.len = len;
	memset(&msg, 0, sizeof(msg));
	memset(&c, 0, sizeof(c));
	iov[0].iov_base = &hdr;
	iov[0].iov_len = sizeof(hdr);
	iov[1].iov_base = (void *)(uintptr_t)body;
	iov[1].iov_len = bodylen;
	msg.msg_iov = iov;
	msg.msg_iovlen = 2;
	if (nfds > 0) {
		msg.msg_control = c.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * nfds);
	}
	if (sendmsg(a.fd, &msg, MSG_NOSIGNAL) !=
	    (ssize_t)(sizeof(hdr) + bodylen))
		err(1, "sendmsg");
}

static ino_t
inode(int fd)
{
	struct stat	 st;

	return (fstat(fd, &st) == -1 ? 0 : st.st_ino);
}

static void
test_simple(void)
{
	struct imsg	 imsg;
	int		 n = 42, got = 0;

	open_pair(0, 0);
	is_int(imsgbuf_read(&b), 1, "nothing yet is no error");
	is_int(imsgbuf_get(&b, &imsg), 0, "and no message");
	is_int(imsg_compose(&a, 1, 2, 3, -1, &n, sizeof(n)), 1, "composed");
	is_int(imsgbuf_queuelen(&a), 1, "queued");
	is_int(imsgbuf_queuesize(&a), IMSG_HEADER_SIZE + sizeof(n), "in bytes");
	is_int(imsgbuf_write(&a), 0, "written");
	ok(imsgbuf_queuelen(&a) == 0 && imsgbuf_queuesize(&a) == 0,
	    "none is left");
	is_int(imsgbuf_read(&b), 1, "read");
	is_int(imsgbuf_get(&b, &imsg), 1, "a message");
	ok(imsg_get_type(&imsg) == 1 && imsg_get_id(&imsg) == 2 &&
	    imsg_get_pid(&imsg) == 3 && imsg_get_len(&imsg) == sizeof(n),
	    "with type, id, pid and length");
	is_int(imsg_get_data(&imsg, &got, sizeof(got)), 0, "its payload");
	is_int(got, 42, "is what it was");
	is_int(imsg_get_fd(&imsg), -1, "and no descriptor");
	imsg_free(&imsg);
	is_int(imsgbuf_get(&b, &imsg), 0, "once");
	imsg_compose(&a, 9, 0, 0, -1, NULL, 0);
	is_int(pump(&imsg), 1, "one without payload");
	ok(imsg_get_len(&imsg) == 0 && imsg_get_pid(&imsg) == getpid(),
	    "from this process");
	imsg_free(&imsg);
	shutdown(a.fd, SHUT_RDWR);
	is_int(imsgbuf_read(&b), 0, "the end");
	imsg_compose(&b, 9, 0, 0, -1, NULL, 0);
	ok(imsgbuf_write(&b) == -1 && errno == EPIPE,
	    "and nobody is killed for writing");
	close_pair();
}

static void
test_accessors(void)
{
	struct imsg	 imsg;
	struct ibuf	 buf;
	char		 s[9];
	uint32_t	 n, big[3];

	open_pair(0, 0);
	imsg_compose(&a, 1, 0, 0, -1, "12345678", 8);
	pump(&imsg);
	errno = 0;
	ok(imsg_get_data(&imsg, s, 7) == -1 && errno == EBADMSG, "too short");
	ok(imsg_get_data(&imsg, s, 9) == -1, "too long");
	ok(imsg_get_data(&imsg, s, 0) == -1, "nothing");
	is_int(imsg_get_ibuf(&imsg, &buf), 0, "a view");
	ok(ibuf_size(&buf) == 8 && ibuf_get_h32(&buf, &n) == 0 &&
	    memcmp(&n, "1234", 4) == 0 && ibuf_size(&buf) == 4, "is read");
	is_int(imsg_get_buf(&imsg, s, 4), 0, "some bytes");
	ok(memcmp(s, "1234", 4) == 0, "from the start");
	ok(imsg_get_strbuf(&imsg, s, 4) == -1 && strcmp(s, "567") == 0,
	    "no string without its end");
	is_int(imsg_get_len(&imsg), 8, "the length stays");
	ok(imsg_get_buf(&imsg, s, 1) == -1, "no more is there");
	imsg_free(&imsg);
	imsg_compose(&a, 1, 0, 0, -1, NULL, 0);
	pump(&imsg);
	ok(imsg_get_ibuf(&imsg, &buf) == -1 && errno == EBADMSG &&
	    imsg_get_data(&imsg, big, sizeof(big)) == -1,
	    "without payload there is none");
	imsg_free(&imsg);
	imsg_free(&imsg);
	close_pair();
}

static void
test_compose(void)
{
	struct imsg	 imsg;
	struct iovec	 iov[2];
	struct ibuf	*buf;
	char		 s[16];

	open_pair(0, 0);
	iov[0].iov_base = s;
	memcpy(s, "hello, world", 12);
	iov[0].iov_len = 5;
	iov[1].iov_base = s + 5;
	iov[1].iov_len = 7;
	is_int(imsg_composev(&a, 1, 0, 0, -1, iov, 2), 1, "of pieces");
	buf = imsg_create(&a, 2, 0, 0, 0);
	ok(imsg_add(buf, "abc", 3) == 3 && imsg_add(buf, "def", 3) == 3,
	    "bit by bit");
	imsg_close(&a, buf);
	buf = ibuf_dynamic(0, 100);
	ibuf_add(buf, "xxpayload", 9);
	ibuf_skip(buf, 2);
	is_int(imsg_compose_ibuf(&a, 3, 4, 5, buf), 1, "of a buffer");
	is_int(imsg_compose_ibuf(&a, 4, 0, 0, ibuf_open(1)), 1, "of none");
	is_int(imsgbuf_queuesize(&a), 4 * IMSG_HEADER_SIZE + 12 + 6 + 7,
	    "all are queued");
	ok(pump(&imsg) == 1 && imsg_get_len(&imsg) == 12 &&
	    imsg_get_data(&imsg, s, 12) == 0 &&
	    memcmp(s, "hello, world", 12) == 0, "the pieces");
	imsg_free(&imsg);
	ok(pump(&imsg) == 1 && imsg_get_data(&imsg, s, 6) == 0 &&
	    memcmp(s, "abcdef", 6) == 0, "the bits");
	imsg_free(&imsg);
	ok(pump(&imsg) == 1 && imsg_get_type(&imsg) == 3 &&
	    imsg_get_id(&imsg) == 4 && imsg_get_pid(&imsg) == 5 &&
	    imsg_get_data(&imsg, s, 7) == 0 && memcmp(s, "payload", 7) == 0,
	    "the buffer, from where it is read");
	imsg_free(&imsg);
	ok(pump(&imsg) == 1 && imsg_get_type(&imsg) == 4 &&
	    imsg_get_len(&imsg) == 0, "the empty one");
	imsg_free(&imsg);
	close_pair();
}

static void
test_limits(void)
{
	static char	 big[MAX_IMSGSIZE];
	struct imsg	 imsg;
	struct ibuf	*buf;

	open_pair(0, 0);
	is_int(imsg_compose(&a, 1, 0, 0, -1, big, sizeof(big) -
	    IMSG_HEADER_SIZE), 1, "as large as it may be");
	ok(pump(&imsg) == 1 && imsg_get_len(&imsg) == sizeof(big) -
	    IMSG_HEADER_SIZE, "arrives");
	imsg_free(&imsg);
	errno = 0;
	ok(imsg_compose(&a, 1, 0, 0, -1, big, sizeof(big) - IMSG_HEADER_SIZE +
	    1) == -1 && errno == ERANGE, "larger is refused");
	ok(imsg_create(&a, 1, 0, 0, SIZE_MAX) == NULL, "as is anything");
	buf = imsg_create(&a, 1, 0, 0, 0);
	ok(imsg_add(buf, big, sizeof(big)) == -1, "and bit by bit");
	buf = ibuf_dynamic(0, 100000);
	ibuf_add_zero(buf, sizeof(big));
	ok(imsg_compose_ibuf(&a, 1, 0, 0, buf) == -1, "and as a buffer");
	is_int(imsgbuf_queuelen(&a), 0, "nothing of it is queued");
	is_int(imsgbuf_set_maxsize(&a, 100), 0, "another limit");
	ok(imsg_compose(&a, 1, 0, 0, -1, big, 100) == 1 &&
	    imsg_compose(&a, 1, 0, 0, -1, big, 101) == -1,
	    "is one of the payload");
	ok(imsgbuf_set_maxsize(&a, 0) == -1 &&
	    imsgbuf_set_maxsize(&a, 0x80000000U) == -1 &&
	    imsgbuf_set_maxsize(&a, 0x7fffffffU) == -1 &&
	    imsgbuf_set_maxsize(&a, UINT32_MAX) == -1, "within reason");
	close_pair();
}

static void
test_hostile(void)
{
	static const struct {
		const char	*name;
		uint32_t	 len;
		int		 err;
	} tests[] = {
		{ "length 0", 0, ERANGE },
		{ "shorter than its header", IMSG_HEADER_SIZE - 1, ERANGE },
		{ "longer than allowed", MAX_IMSGSIZE + 1, ERANGE },
		{ "as long as can be", 0x7fffffff, ERANGE },
		{ "a descriptor on a channel for none",
		    IMSG_HEADER_SIZE | MARK, EBADMSG },
		{ "a descriptor and length 0", MARK, ERANGE },
		{ "all bits", UINT32_MAX, ERANGE }
	};
	struct imsg	 imsg;
	size_t		 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		open_pair(0, 0);
		raw(IMSG_HEADER_SIZE, NULL, 0, NULL, 0);
		raw(tests[i].len, "rest", 4, NULL, 0);
		errno = 0;
		ok(imsgbuf_read(&b) == -1 && errno == tests[i].err, "%s",
		    tests[i].name);
		is_int(imsgbuf_get(&b, &imsg), 1, "what came before is good");
		imsg_free(&imsg);
		is_int(imsgbuf_get(&b, &imsg), 0, "what came after is not");
		raw(IMSG_HEADER_SIZE, NULL, 0, NULL, 0);
		is_int(imsgbuf_read(&b), -1, "there is no way back");
		close_pair();
	}
}

static void
test_truncated(void)
{
	struct imsg	 imsg;

	open_pair(0, 0);
	raw(IMSG_HEADER_SIZE + 100, "only these", 10, NULL, 0);
	is_int(imsgbuf_read(&b), 1, "a part of a message");
	is_int(imsgbuf_get(&b, &imsg), 0, "is none");
	shutdown(a.fd, SHUT_WR);
	is_int(imsgbuf_read(&b), 0, "the end comes before the rest");
	is_int(imsgbuf_get(&b, &imsg), 0, "still none");
	close_pair();
	open_pair(0, 0);
	if (write(a.fd, "half a", 6) != 6)
		err(1, "write");
	shutdown(a.fd, SHUT_WR);
	ok(imsgbuf_read(&b) == 1 && imsgbuf_read(&b) == 0 &&
	    imsgbuf_get(&b, &imsg) == 0, "half a header");
	close_pair();
}

/* The stream of some messages, byte by byte. */
static void
test_bytes(void)
{
	struct imsg	 imsg;
	char		 stream[4096], body[64];
	ssize_t		 i, len;
	int		 n, got = 0, bad = 0;

	open_pair(0, 0);
	memset(body, 'b', sizeof(body));
	for (n = 0; n < 20; n++)
		imsg_compose(&a, n, n, 0, -1, body, n * 3);
	imsgbuf_write(&a);
	if ((len = read(b.fd, stream, sizeof(stream))) == -1)
		err(1, "read");
	for (i = 0; i < len; i++) {
		if (write(a.fd, stream + i, 1) != 1)
			err(1, "write");
		if (imsgbuf_read(&b) != 1)
			bad++;
		while (imsgbuf_get(&b, &imsg) == 1) {
			if (imsg_get_type(&imsg) != (uint32_t)got ||
			    imsg_get_len(&imsg) != (size_t)got * 3)
				bad++;
			got++;
			imsg_free(&imsg);
		}
	}
	is_int(got, 20, "all messages, byte by byte");
	is_int(bad, 0, "and all are right");
	close_pair();
}

static void
test_many(void)
{
	struct imsg	 imsg;
	struct timespec	 t0, t1;
	uint32_t	 i, n, bad = 0;
	double		 secs[2];
	int		 round, rc;

	for (round = 0; round < 2; round++) {
		n = round == 0 ? 10000 : 100000;
		open_pair(0, 0);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
		for (i = 0; i < n; i++)
			if (imsg_compose(&a, 5, i, 0, -1, &i, sizeof(i)) != 1)
				bad++;
		is_int(imsgbuf_queuelen(&a), n, "%u messages wait", n);
		for (i = 0; (rc = pump(&imsg)) == 1; i++) {
			if (imsg_get_id(&imsg) != i)
				bad++;
			imsg_free(&imsg);
		}
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
		secs[round] = (t1.tv_sec - t0.tv_sec) +
		    (t1.tv_nsec - t0.tv_nsec) / 1e9;
		is_int(i, n, "and all arrive");
		is_int(rc, 0, "and then none");
		ok(imsgbuf_queuelen(&a) == 0 && imsgbuf_queuesize(&a) == 0,
		    "none waits");
		close_pair();
	}
	is_int(bad, 0, "in order");
	/* Ten times the messages: 10 if linear, 100 if quadratic. */
	ok(secs[1] < secs[0] * 40 + 0.1, "in time: %.3f s, then %.3f s",
	    secs[0], secs[1]);
}

static void
test_large(void)
{
	static unsigned char	 big[4 * 1024 * 1024];
	struct imsg		 imsg;
	struct ibuf		*buf, view;
	size_t			 i;

	open_pair(0, 0);
	ok(imsgbuf_set_maxsize(&a, 16 * 1024 * 1024) == 0 &&
	    imsgbuf_set_maxsize(&b, 16 * 1024 * 1024) == 0, "a frame's limit");
	for (i = 0; i < sizeof(big); i++)
		big[i] = i * 2654435761U >> 24;
	buf = ibuf_dynamic(sizeof(big), sizeof(big));
	ibuf_add(buf, big, sizeof(big));
	imsg_compose(&a, 1, 0, 0, -1, "before", 6);
	imsg_compose_ibuf(&a, 2, 0, 0, buf);
	imsg_compose(&a, 3, 0, 0, -1, "after", 5);
	ok(pump(&imsg) == 1 && imsg_get_type(&imsg) == 1, "a small message");
	imsg_free(&imsg);
	ok(pump(&imsg) == 1 && imsg_get_type(&imsg) == 2 &&
	    imsg_get_ibuf(&imsg, &view) == 0 && ibuf_size(&view) ==
	    sizeof(big) && memcmp(ibuf_data(&view), big, sizeof(big)) == 0,
	    "a large one, whole");
	imsg_free(&imsg);
	ok(pump(&imsg) == 1 && imsg_get_type(&imsg) == 3 &&
	    imsg_get_len(&imsg) == 5, "a small one");
	imsg_free(&imsg);
	close_pair();
}

static void
test_fds(void)
{
	struct imsg	 imsg;
	ino_t		 want[50];
	int		 i, fd, fds[2], bad = 0;

	open_pair(1, 1);
	for (i = 0; i < 50; i++) {
		imsg_compose(&a, 0, i, 0, -1, "without", 7);
		if (pipe(fds) == -1)
			err(1, "pipe");
		close(fds[1]);
		want[i] = inode(fds[0]);
		if (imsg_compose(&a, 1, i, 0, fds[0], &i, sizeof(i)) != 1)
			bad++;
	}
	for (i = 0; i < 100; i++) {
		if (pump(&imsg) != 1) {
			bad++;
			break;
		}
		fd = imsg_get_fd(&imsg);
		if ((i % 2 == 0) != (fd == -1) ||
		    imsg_get_id(&imsg) != (uint32_t)i / 2)
			bad++;
		else if (fd != -1) {
			if (inode(fd) != want[i / 2] ||
			    fcntl(fd, F_GETFD) != FD_CLOEXEC ||
			    imsg_get_fd(&imsg) != -1)
				bad++;
			close(fd);
		}
		imsg_free(&imsg);
	}
	is_int(i, 100, "messages with and without");
	is_int(bad, 0, "each with its own descriptor, close on exec");
	fd = open("/dev/null", O_RDONLY);
	imsg_compose(&a, 1, 0, 0, fd, NULL, 0);
	imsgbuf_write(&a);
	is_int(fcntl(fd, F_GETFD), -1, "one more is closed once sent");
	is_int(pump(&imsg), 1, "and arrives");
	imsg_free(&imsg);
	close_pair();
	ok(1, "and what nobody took is closed");
}

static void
test_fd_refused(void)
{
	struct imsg	 imsg;
	struct ibuf	*buf;
	int		 fd;

	open_pair(0, 0);
	fd = open("/dev/null", O_RDONLY);
	errno = 0;
	ok(imsg_compose(&a, 1, 0, 0, fd, NULL, 0) == -1 && errno == EINVAL,
	    "no descriptor goes where none may");
	ok(fcntl(fd, F_GETFD) != -1, "and it is not closed");
	buf = ibuf_open(1);
	ibuf_fd_set(buf, fd);
	ok(imsg_compose_ibuf(&a, 1, 0, 0, buf) == -1, "nor in a buffer");
	ok(fcntl(fd, F_GETFD) == -1, "which has taken it over");
	fd = open("/dev/null", O_RDONLY);
	raw(IMSG_HEADER_SIZE, NULL, 0, &fd, 1);
	close(fd);
	ok(pump(&imsg) == 1 && imsg_get_fd(&imsg) == -1,
	    "none comes where none may");
	imsg_free(&imsg);
	close_pair();
}

static void
test_fd_claims(void)
{
	struct imsg	 imsg;
	int		 fds[3], fd = -1, i;
	ino_t		 want;

	open_pair(1, 1);
	if ((fds[0] = open("/dev/null", O_RDONLY)) == -1 ||
	    (fds[1] = open("/dev/null", O_RDONLY)) == -1 ||
	    (fds[2] = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		err(1, "open, socket");
	want = inode(fds[2]);
	/* One that does not say so, then one that does. */
	raw(IMSG_HEADER_SIZE, NULL, 0, &fds[0], 1);
	raw(IMSG_HEADER_SIZE | MARK, NULL, 0, &fds[2], 1);
	ok(pump(&imsg) == 1 && imsg_get_fd(&imsg) == -1,
	    "a descriptor that is not announced is not there");
	imsg_free(&imsg);
	ok(pump(&imsg) == 1 && (fd = imsg_get_fd(&imsg)) != -1 &&
	    inode(fd) == want, "nor is it the next one's");
	close(fd);
	imsg_free(&imsg);
	/* Announced and not sent, then one that is. */
	raw(IMSG_HEADER_SIZE | MARK, NULL, 0, NULL, 0);
	ok(pump(&imsg) == 1 && imsg_get_fd(&imsg) == -1,
	    "one that is announced only");
	imsg_free(&imsg);
	/* Three with one message. */
	fd = fds[0];
	fds[0] = fds[2];
	fds[2] = fd;
	raw((IMSG_HEADER_SIZE + 2) | MARK, "ab", 2, fds, 3);
	ok(pump(&imsg) == 1 && imsg_get_len(&imsg) == 2 &&
	    (fd = imsg_get_fd(&imsg)) != -1 && inode(fd) == want,
	    "the first of three");
	close(fd);
	imsg_free(&imsg);
	for (i = 0; i < 3; i++)
		close(fds[i]);
	close_pair();
}

static void
test_fd_flood(void)
{
	struct imsg	 imsg;
	int		 fds[64], fd, i, n, before, max = 0;

	open_pair(1, 1);
	if ((fd = open("/dev/null", O_RDONLY)) == -1)
		err(1, "open");
	for (i = 0; i < 64; i++)
		fds[i] = fd;
	before = fds_open();
	for (i = 0; i < 300; i++) {
		raw(i % 3 == 0 ? IMSG_HEADER_SIZE | MARK : IMSG_HEADER_SIZE,
		    NULL, 0, fds, i % 2 == 0 ? 64 : 1);
		if (imsgbuf_read(&b) != 1)
			break;
		while (imsgbuf_get(&b, &imsg) == 1)
			imsg_free(&imsg);
		n = fds_open() - before;
		if (n > max)
			max = n;
	}
	is_int(i, 300, "thousands of descriptors");
	is_int(max, 0, "none stays");
	/* And in a message that never ends. */
	raw((IMSG_HEADER_SIZE + 10) | MARK, NULL, 0, fds, 64);
	is_int(imsgbuf_read(&b), 1, "one in half a message");
	is_int(fds_open() - before, 1, "is kept for it");
	close(fd);
	close_pair();
}

/* Some bytes with a descriptor. */
static void
send_with(const void *p, size_t len, int fd)
{
	struct msghdr	 msg;
	struct iovec	 iov;
	struct cmsghdr	*cmsg;
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} c;

	memset(&msg, 0, sizeof(msg));
	memset(&c, 0, sizeof(c));
	iov.iov_base = (void *)(uintptr_t)p;
	iov.iov_len = len;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = c.buf;
	msg.msg_controllen = sizeof(c.buf);
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	if (sendmsg(a.fd, &msg, 0) != (ssize_t)len)
		err(1, "sendmsg");
}

/* With every byte a descriptor of its own. */
static void
test_fd_bytes(void)
{
	struct imsg_hdr	 hdr;
	struct imsg	 imsg;
	int		 fds[sizeof(hdr)], fd = -1;
	ino_t		 want;
	size_t		 i;

	open_pair(1, 1);
	memset(&hdr, 0, sizeof(hdr));
	hdr.len = sizeof(hdr) | MARK;
	for (i = 0; i < sizeof(hdr); i++) {
		if ((fds[i] = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
			err(1, "socket");
		send_with((char *)&hdr + i, 1, fds[i]);
	}
	want = inode(fds[0]);
	for (i = 0; i < sizeof(hdr); i++)
		close(fds[i]);
	for (i = 0; i < sizeof(hdr); i++)
		if (imsgbuf_read(&b) != 1)
			break;
	is_int(imsgbuf_get(&b, &imsg), 1, "a header in as many pieces");
	ok((fd = imsg_get_fd(&imsg)) != -1 && inode(fd) == want,
	    "has what came with its first byte");
	close(fd);
	imsg_free(&imsg);
	/* Half a header that does not claim its own, then one that would. */
	if ((fd = open("/dev/null", O_RDONLY)) == -1)
		err(1, "open");
	hdr.len = sizeof(hdr);
	send_with(&hdr, 4, fd);
	close(fd);
	imsgbuf_read(&b);
	if (write(a.fd, (char *)&hdr + 4, sizeof(hdr) - 4) == -1)
		err(1, "write");
	imsgbuf_read(&b);
	hdr.len = sizeof(hdr) | MARK;
	for (i = 0; i < sizeof(hdr); i++)
		if (write(a.fd, (char *)&hdr + i, 1) != 1 ||
		    imsgbuf_read(&b) != 1)
			break;
	ok(imsgbuf_get(&b, &imsg) == 1 && imsg_get_fd(&imsg) == -1,
	    "what is not claimed is gone");
	imsg_free(&imsg);
	ok(imsgbuf_get(&b, &imsg) == 1 && imsg_get_fd(&imsg) == -1,
	    "and nobody else's");
	imsg_free(&imsg);
	close_pair();
}

/* A full socket splits a message from its descriptor's first byte on. */
static void
test_fd_partial(void)
{
	static char	 big[MAX_IMSGSIZE - IMSG_HEADER_SIZE];
	struct imsg	 imsg;
	int		 i, fd, size = 4096, bad = 0;
	ino_t		 want[40];

	open_pair(1, 1);
	setsockopt(a.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (i = 0; i < 40; i++) {
		if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
			err(1, "socket");
		want[i] = inode(fd);
		imsg_compose(&a, 1, i, 0, fd, big, sizeof(big) - i * 7);
		imsg_compose(&a, 2, i, 0, -1, big, i);
	}
	for (i = 0; i < 80 && pump(&imsg) == 1; i++) {
		fd = imsg_get_fd(&imsg);
		if (imsg_get_type(&imsg) == 1) {
			if (fd == -1 || inode(fd) != want[i / 2])
				bad++;
			close(fd);
		} else if (fd != -1)
			bad++;
		imsg_free(&imsg);
	}
	is_int(i, 80, "large messages through a small socket");
	is_int(bad, 0, "each with its own descriptor");
	close_pair();
}

static void
test_forward(void)
{
	struct imsg	 imsg;
	char		 s[8];
	int		 fd;

	open_pair(1, 1);
	fd = open("/dev/null", O_RDONLY);
	imsg_compose(&a, 1, 2, 3, fd, "payload", 8);
	pump(&imsg);
	is_int(imsg_get_data(&imsg, s, 8), 0, "read");
	ok(imsg_forward(&a, &imsg) == 1 && imsg_forward(&a, &imsg) == 1,
	    "and forwarded twice");
	imsg_free(&imsg);
	pump(&imsg);
	imsg_free(&imsg);
	ok(pump(&imsg) == 1 && imsg_get_type(&imsg) == 1 &&
	    imsg_get_id(&imsg) == 2 && imsg_get_pid(&imsg) == 3 &&
	    imsg_get_data(&imsg, s, 8) == 0 && strcmp(s, "payload") == 0,
	    "as it was");
	is_int(imsg_get_fd(&imsg), -1, "but for its descriptor");
	imsg_free(&imsg);
	close_pair();
}

static void
test_clear(void)
{
	int	 fd = open("/dev/null", O_RDONLY);

	open_pair(1, 1);
	fds_before--;			/* fd goes too */
	imsg_compose(&a, 1, 0, 0, fd, "queued", 6);
	imsg_compose(&b, 1, 0, 0, -1, "unread", 6);
	imsgbuf_write(&b);
	imsgbuf_read(&a);
	raw(IMSG_HEADER_SIZE + 50, "part", 4, NULL, 0);
	imsgbuf_read(&b);
	close_pair();
	ok(a.w == NULL && b.w == NULL, "cleared");
	imsgbuf_clear(&a);
	is_int(fds_open(), fds_before, "with all descriptors");
	open_pair(0, 0);
	imsg_compose(&a, 1, 0, 0, -1, "flushed", 7);
	is_int(imsgbuf_flush(&a), 0, "flushed");
	is_int(imsgbuf_queuelen(&a), 0, "to the last");
	close_pair();
}
