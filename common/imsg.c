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

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"

/*
 * The length field's highest bit says that a descriptor travels with the
 * message: one, that comes with its first byte.
 */
#define IMSG_FD_MARK		0x80000000U
#define IMSGBUF_FDPASS		0x01
#define READ_FDS_MAX		8	/* taken, and closed but for one */

TAILQ_HEAD(ibufqueue, ibuf);

struct msgbuf {
	struct ibufqueue	 out;
	struct ibufqueue	 in;		/* whole messages */
	struct ibuf		*partial;	/* message in the making */
	unsigned char		 hdr[sizeof(struct imsg_hdr)];
	size_t			 hdrlen;
	int			 hdrfd;		/* came with that half header */
	int			 readfd;	/* came with the latest read */
	size_t			 outbytes;
	uint32_t		 outcount;
};

/*
 * Bytes are read into one buffer for all channels: what is in it is taken apart
 * before the call returns.
 */
static unsigned char	 read_buffer[IBUF_READ_SIZE];

static int	 imsgbuf_recv(struct imsgbuf *, ssize_t *);
static void	 imsgbuf_take_fd(struct imsgbuf *, struct msghdr *);
static int	 imsgbuf_feed(struct imsgbuf *, const unsigned char *, size_t);
static int	 imsgbuf_start(struct imsgbuf *, int *);
static int	 imsgbuf_send(struct imsgbuf *);
static void	 imsgbuf_sent(struct imsgbuf *, size_t);
static void	 fd_drop(int *);
static void	 queue_clear(struct ibufqueue *);
static int	 imsg_setfd(struct imsgbuf *, struct ibuf *, int);
static void	 imsg_seal(struct ibuf *, size_t);

int
imsgbuf_init(struct imsgbuf *imsgbuf, int fd)
{
	memset(imsgbuf, 0, sizeof(*imsgbuf));
	if ((imsgbuf->w = calloc(1, sizeof(*imsgbuf->w))) == NULL)
		return (-1);
	TAILQ_INIT(&imsgbuf->w->out);
	TAILQ_INIT(&imsgbuf->w->in);
	imsgbuf->w->hdrfd = imsgbuf->w->readfd = -1;
	imsgbuf->pid = getpid();
	imsgbuf->maxsize = MAX_IMSGSIZE;
	imsgbuf->fd = fd;
	return (0);
}

void
imsgbuf_allow_fdpass(struct imsgbuf *imsgbuf)
{
	imsgbuf->flags |= IMSGBUF_FDPASS;
}

/* Of the payload. */
int
imsgbuf_set_maxsize(struct imsgbuf *imsgbuf, uint32_t maxsize)
{
	if (maxsize == 0 || maxsize >= IMSG_FD_MARK - IMSG_HEADER_SIZE) {
		errno = EINVAL;
		return (-1);
	}
	imsgbuf->maxsize = maxsize + IMSG_HEADER_SIZE;
	return (0);
}

/* 1: something was read or would block; 0: end of file; -1: broken. */
int
imsgbuf_read(struct imsgbuf *imsgbuf)
{
	ssize_t	 n;
	int	 rc;

	if ((rc = imsgbuf_recv(imsgbuf, &n)) != 1 || n == 0)
		return (rc);
	rc = imsgbuf_feed(imsgbuf, read_buffer, n);
	explicit_bzero(read_buffer, n);
	return (rc == -1 ? -1 : 1);
}

/* As imsgbuf_read(); *n is 0 when there was nothing yet. */
static int
imsgbuf_recv(struct imsgbuf *imsgbuf, ssize_t *n)
{
	struct msghdr	 msg;
	struct iovec	 iov;
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int) * READ_FDS_MAX)];
	} cmsgbuf;

	memset(&msg, 0, sizeof(msg));
	iov.iov_base = read_buffer;
	iov.iov_len = sizeof(read_buffer);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	/* Without room for them the kernel keeps descriptors out. */
	if (imsgbuf->flags & IMSGBUF_FDPASS) {
		msg.msg_control = &cmsgbuf.buf;
		msg.msg_controllen = sizeof(cmsgbuf.buf);
	}
	do {
		*n = recvmsg(imsgbuf->fd, &msg, MSG_CMSG_CLOEXEC);
	} while (*n == -1 && errno == EINTR);
	if (*n == -1) {
		*n = 0;
		return (errno == EAGAIN || errno == EWOULDBLOCK ? 1 : -1);
	}
	if (*n == 0)
		return (0);
	if (imsgbuf->flags & IMSGBUF_FDPASS)
		imsgbuf_take_fd(imsgbuf, &msg);
	return (1);
}

/* The first; no message has two. */
static void
imsgbuf_take_fd(struct imsgbuf *imsgbuf, struct msghdr *msg)
{
	struct cmsghdr	*cmsg;
	size_t		 i, n;
	int		 fd;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	    cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int),
			    sizeof(fd));
			if (imsgbuf->w->readfd == -1)
				imsgbuf->w->readfd = fd;
			else
				close(fd);
		}
	}
}

/*
 * Cuts what was read into messages, whatever the pieces in which it comes.  A
 * descriptor can only belong to a message that began in the read with which it
 * came; whatever nobody claims is closed.
 */
static int
imsgbuf_feed(struct imsgbuf *imsgbuf, const unsigned char *p, size_t len)
{
	struct msgbuf	*w = imsgbuf->w;
	size_t		 n;
	int		*fd = w->hdrlen > 0 ? &w->hdrfd : &w->readfd;
	int		 rc = 0;

	for (;;) {
		if (w->partial == NULL) {
			n = sizeof(w->hdr) - w->hdrlen;
			if (n > len)
				n = len;
			memcpy(w->hdr + w->hdrlen, p, n);
			w->hdrlen += n;
			p += n;
			len -= n;
			if (w->hdrlen < sizeof(w->hdr))
				break;
			if ((rc = imsgbuf_start(imsgbuf, fd)) == -1)
				break;
			fd_drop(&w->hdrfd);
			fd = &w->readfd;
		}
		n = ibuf_left(w->partial);
		if (n > len)
			n = len;
		if ((rc = ibuf_add(w->partial, p, n)) == -1)
			break;
		p += n;
		len -= n;
		if (ibuf_left(w->partial) > 0)
			break;
		TAILQ_INSERT_TAIL(&w->in, w->partial, entry);
		w->partial = NULL;
	}
	if (w->hdrlen > 0 && fd == &w->readfd) {
		w->hdrfd = w->readfd;
		w->readfd = -1;
	}
	fd_drop(&w->readfd);
	return (rc);
}

/* The header is whole: a message of that length, if it may have that. */
static int
imsgbuf_start(struct imsgbuf *imsgbuf, int *fd)
{
	struct msgbuf	*w = imsgbuf->w;
	struct imsg_hdr	 hdr;
	uint32_t	 len;
	size_t		 first;

	memcpy(&hdr, w->hdr, sizeof(hdr));
	len = hdr.len & ~IMSG_FD_MARK;
	if (len < sizeof(hdr) || len > imsgbuf->maxsize) {
		errno = ERANGE;
		return (-1);
	}
	if ((hdr.len & IMSG_FD_MARK) && !(imsgbuf->flags & IMSGBUF_FDPASS)) {
		errno = EBADMSG;
		return (-1);
	}
	/* Memory is spent as bytes arrive, not as they are announced. */
	first = len < sizeof(read_buffer) ? len : sizeof(read_buffer);
	if ((w->partial = ibuf_dynamic(first, len)) == NULL)
		return (-1);
	w->hdrlen = 0;
	if (hdr.len & IMSG_FD_MARK) {
		ibuf_fd_set(w->partial, *fd);
		*fd = -1;
	}
	return (ibuf_add(w->partial, w->hdr, sizeof(w->hdr)));
}

/* 1: a message, which the caller frees; 0: none yet; -1: broken. */
int
imsgbuf_get(struct imsgbuf *imsgbuf, struct imsg *imsg)
{
	struct msgbuf	*w = imsgbuf->w;
	struct ibuf	*buf;

	memset(imsg, 0, sizeof(*imsg));
	if ((buf = TAILQ_FIRST(&w->in)) == NULL)
		return (0);
	TAILQ_REMOVE(&w->in, buf, entry);
	if (ibuf_get(buf, &imsg->hdr, sizeof(imsg->hdr)) == -1) {
		ibuf_free(buf);
		return (-1);
	}
	imsg->hdr.len &= ~IMSG_FD_MARK;
	imsg->data = ibuf_data(buf);
	imsg->buf = buf;
	return (1);
}

/* 0 when all that can be written now is; -1 when the channel is broken. */
int
imsgbuf_write(struct imsgbuf *imsgbuf)
{
	int	 rc;

	while (imsgbuf->w->outcount > 0) {
		if ((rc = imsgbuf_send(imsgbuf)) == -1)
			return (-1);
		if (rc == 0)
			break;
	}
	return (0);
}

/* One sendmsg(2): 1 something was sent, 0 it would block, -1 broken. */
static int
imsgbuf_send(struct imsgbuf *imsgbuf)
{
	struct iovec	 iov[IOV_MAX];
	struct msghdr	 msg;
	struct cmsghdr	*cmsg;
	struct ibuf	*buf, *owner = NULL;
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} cmsgbuf;
	ssize_t		 n;
	int		 i = 0;

	memset(&msg, 0, sizeof(msg));
	memset(&cmsgbuf, 0, sizeof(cmsgbuf));
	/* A descriptor goes with the first byte of its own message. */
	TAILQ_FOREACH(buf, &imsgbuf->w->out, entry) {
		if (i == IOV_MAX)
			break;
		if (ibuf_fd_avail(buf)) {
			if (i > 0)
				break;
			owner = buf;
		}
		iov[i].iov_base = ibuf_data(buf);
		iov[i++].iov_len = ibuf_size(buf);
	}
	msg.msg_iov = iov;
	msg.msg_iovlen = i;
	if (owner != NULL) {
		msg.msg_control = &cmsgbuf.buf;
		msg.msg_controllen = sizeof(cmsgbuf.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(cmsg), &owner->fd, sizeof(int));
	}
	do {
		n = sendmsg(imsgbuf->fd, &msg, MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return (errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == ENOBUFS ? 0 : -1);
	if (owner != NULL) {
		close(owner->fd);
		owner->fd = -1;
	}
	imsgbuf_sent(imsgbuf, n);
	return (1);
}

static void
imsgbuf_sent(struct imsgbuf *imsgbuf, size_t n)
{
	struct msgbuf	*w = imsgbuf->w;
	struct ibuf	*buf;
	size_t		 size;

	w->outbytes -= n;
	while ((buf = TAILQ_FIRST(&w->out)) != NULL) {
		size = ibuf_size(buf);
		if (n < size) {
			ibuf_skip(buf, n);
			return;
		}
		n -= size;
		TAILQ_REMOVE(&w->out, buf, entry);
		w->outcount--;
		ibuf_free(buf);
	}
}

/* Writes everything, however long that takes. */
int
imsgbuf_flush(struct imsgbuf *imsgbuf)
{
	struct pollfd	 pfd;

	for (;;) {
		if (imsgbuf_write(imsgbuf) == -1)
			return (-1);
		if (imsgbuf->w->outcount == 0)
			return (0);
		pfd.fd = imsgbuf->fd;
		pfd.events = POLLOUT;
		if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			return (-1);
	}
}

void
imsgbuf_clear(struct imsgbuf *imsgbuf)
{
	struct msgbuf	*w = imsgbuf->w;

	if (w == NULL)
		return;
	queue_clear(&w->out);
	queue_clear(&w->in);
	fd_drop(&w->hdrfd);
	ibuf_free(w->partial);
	free(w);
	imsgbuf->w = NULL;
}

static void
fd_drop(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
queue_clear(struct ibufqueue *queue)
{
	struct ibuf	*buf;

	while ((buf = TAILQ_FIRST(queue)) != NULL) {
		TAILQ_REMOVE(queue, buf, entry);
		ibuf_free(buf);
	}
}

uint32_t
imsgbuf_queuelen(struct imsgbuf *imsgbuf)
{
	return (imsgbuf->w->outcount);
}

size_t
imsgbuf_queuesize(const struct imsgbuf *imsgbuf)
{
	return (imsgbuf->w->outbytes);
}

void
ibuf_close(struct msgbuf *w, struct ibuf *buf)
{
	TAILQ_INSERT_TAIL(&w->out, buf, entry);
	w->outbytes += ibuf_size(buf);
	w->outcount++;
}

int
imsg_get_ibuf(struct imsg *imsg, struct ibuf *buf)
{
	if (ibuf_size(imsg->buf) == 0) {
		errno = EBADMSG;
		return (-1);
	}
	ibuf_from_ibuf(buf, imsg->buf);
	return (0);
}

/* Exactly that many bytes, or nothing. */
int
imsg_get_data(struct imsg *imsg, void *data, size_t len)
{
	if (len == 0 || ibuf_size(imsg->buf) != len) {
		errno = EBADMSG;
		return (-1);
	}
	return (ibuf_get(imsg->buf, data, len));
}

int
imsg_get_buf(struct imsg *imsg, void *data, size_t len)
{
	return (ibuf_get(imsg->buf, data, len));
}

int
imsg_get_strbuf(struct imsg *imsg, char *s, size_t len)
{
	return (ibuf_get_strbuf(imsg->buf, s, len));
}

int
imsg_get_fd(struct imsg *imsg)
{
	return (ibuf_fd_get(imsg->buf));
}

uint32_t
imsg_get_id(struct imsg *imsg)
{
	return (imsg->hdr.peerid);
}

size_t
imsg_get_len(struct imsg *imsg)
{
	return (imsg->hdr.len - IMSG_HEADER_SIZE);
}

pid_t
imsg_get_pid(struct imsg *imsg)
{
	return ((pid_t)imsg->hdr.pid);
}

uint32_t
imsg_get_type(struct imsg *imsg)
{
	return (imsg->hdr.type);
}

/* The message as it came, without its descriptor. */
int
imsg_forward(struct imsgbuf *imsgbuf, struct imsg *imsg)
{
	return (imsg_compose(imsgbuf, imsg->hdr.type, imsg->hdr.peerid,
	    (pid_t)imsg->hdr.pid, -1, imsg->data, imsg_get_len(imsg)));
}

int
imsg_compose(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    int fd, const void *data, size_t len)
{
	struct ibuf	*buf;

	if ((buf = imsg_create(imsgbuf, type, id, pid, len)) == NULL ||
	    imsg_add(buf, data, len) == -1 ||
	    imsg_setfd(imsgbuf, buf, fd) == -1)
		return (-1);
	imsg_close(imsgbuf, buf);
	return (1);
}

int
imsg_composev(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    int fd, const struct iovec *iov, int iovcnt)
{
	struct ibuf	*buf;
	size_t		 len = 0;
	int		 i;

	for (i = 0; i < iovcnt; i++)
		len += iov[i].iov_len;
	if ((buf = imsg_create(imsgbuf, type, id, pid, len)) == NULL)
		return (-1);
	for (i = 0; i < iovcnt; i++)
		if (imsg_add(buf, iov[i].iov_base, iov[i].iov_len) == -1)
			return (-1);
	if (imsg_setfd(imsgbuf, buf, fd) == -1)
		return (-1);
	imsg_close(imsgbuf, buf);
	return (1);
}

/* When this fails the message is freed and the descriptor is not closed. */
static int
imsg_setfd(struct imsgbuf *imsgbuf, struct ibuf *buf, int fd)
{
	if (fd != -1 && !(imsgbuf->flags & IMSGBUF_FDPASS)) {
		ibuf_free(buf);
		errno = EINVAL;
		return (-1);
	}
	ibuf_fd_set(buf, fd);
	return (0);
}

/*
 * The buffer is the payload; it is taken over in any case, and queued as it is
 * behind a header of its own.
 */
int
imsg_compose_ibuf(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id,
    pid_t pid, struct ibuf *payload)
{
	struct ibuf	*buf;
	size_t		 len = ibuf_size(payload);

	if (len > imsgbuf->maxsize - IMSG_HEADER_SIZE) {
		errno = ERANGE;
		buf = NULL;
	} else
		buf = imsg_create(imsgbuf, type, id, pid, 0);
	if (buf == NULL || imsg_setfd(imsgbuf, buf, payload->fd) == -1) {
		ibuf_free(payload);
		return (-1);
	}
	payload->fd = -1;
	imsg_seal(buf, len);
	ibuf_close(imsgbuf->w, buf);
	if (len > 0)
		ibuf_close(imsgbuf->w, payload);
	else
		ibuf_free(payload);
	return (1);
}

/* Room for len bytes of payload at first, for as many as may be at most. */
struct ibuf *
imsg_create(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    size_t len)
{
	struct imsg_hdr	 hdr;
	struct ibuf	*buf;

	if (len > imsgbuf->maxsize - IMSG_HEADER_SIZE) {
		errno = ERANGE;
		return (NULL);
	}
	memset(&hdr, 0, sizeof(hdr));
	hdr.type = type;
	hdr.peerid = id;
	hdr.pid = pid != 0 ? (uint32_t)pid : (uint32_t)imsgbuf->pid;
	if ((buf = ibuf_dynamic(len + sizeof(hdr), imsgbuf->maxsize)) == NULL)
		return (NULL);
	if (imsg_add(buf, &hdr, sizeof(hdr)) == -1)
		return (NULL);
	return (buf);
}

/* A failure frees the message. */
int
imsg_add(struct ibuf *buf, const void *data, size_t len)
{
	if (ibuf_add(buf, data, len) == -1) {
		ibuf_free(buf);
		return (-1);
	}
	return ((int)len);
}

void
imsg_close(struct imsgbuf *imsgbuf, struct ibuf *buf)
{
	imsg_seal(buf, 0);
	ibuf_close(imsgbuf->w, buf);
}

/* The header as it goes out; more bytes of payload follow in a buffer. */
static void
imsg_seal(struct ibuf *buf, size_t more)
{
	struct imsg_hdr	 hdr;

	memcpy(&hdr, ibuf_data(buf), sizeof(hdr));
	hdr.len = ibuf_size(buf) + more;
	if (ibuf_fd_avail(buf))
		hdr.len |= IMSG_FD_MARK;
	ibuf_set(buf, 0, &hdr, sizeof(hdr));
}

void
imsg_free(struct imsg *imsg)
{
	ibuf_free(imsg->buf);
	imsg->buf = NULL;
	imsg->data = NULL;
}
