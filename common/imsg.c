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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"

/*
 * The length field's highest bit says that a descriptor travels with the
 * message.  Descriptors arrive in the order of the messages that own them.
 */
#define IMSG_FD_MARK		0x80000000U
#define IMSGBUF_FDPASS		0x01
#define READ_FDS_MAX		8	/* taken in one recvmsg(2) */
#define WRITE_IOV_MAX		64

TAILQ_HEAD(ibufqueue, ibuf);

struct pending_fd {
	TAILQ_ENTRY(pending_fd)	 entry;
	int			 fd;
};
TAILQ_HEAD(fdqueue, pending_fd);

struct msgbuf {
	struct ibufqueue	 out;
	struct ibufqueue	 in;		/* whole messages */
	struct fdqueue		 fds;
	struct ibuf		*partial;	/* message in the making */
	unsigned char		 hdr[sizeof(struct imsg_hdr)];
	size_t			 hdrlen;
	size_t			 outbytes;
	uint32_t		 outcount;
	uint32_t		 infds;		/* waiting in fds */
};

/*
 * Bytes are read into one buffer for all channels: what is in it is taken apart
 * before the call returns.
 */
static unsigned char	 read_buffer[IBUF_READ_SIZE];

static int	 imsgbuf_recv(struct imsgbuf *, ssize_t *);
static int	 imsgbuf_take_fds(struct imsgbuf *, struct msghdr *);
static int	 imsgbuf_feed(struct imsgbuf *, const unsigned char *, size_t);
static int	 imsgbuf_start(struct imsgbuf *);
static int	 imsgbuf_finish(struct imsgbuf *);
static int	 imsgbuf_send(struct imsgbuf *);
static void	 imsgbuf_sent(struct imsgbuf *, size_t);
static void	 queue_clear(struct ibufqueue *);

int
imsgbuf_init(struct imsgbuf *imsgbuf, int fd)
{
	memset(imsgbuf, 0, sizeof(*imsgbuf));
	if ((imsgbuf->w = calloc(1, sizeof(*imsgbuf->w))) == NULL)
		return (-1);
	TAILQ_INIT(&imsgbuf->w->out);
	TAILQ_INIT(&imsgbuf->w->in);
	TAILQ_INIT(&imsgbuf->w->fds);
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

int
imsgbuf_set_maxsize(struct imsgbuf *imsgbuf, uint32_t maxsize)
{
	if (maxsize < IMSG_HEADER_SIZE || (maxsize & IMSG_FD_MARK) != 0) {
		errno = EINVAL;
		return (-1);
	}
	imsgbuf->maxsize = maxsize;
	return (0);
}

/* 1: something was read or would block; 0: end of file; -1: broken. */
int
imsgbuf_read(struct imsgbuf *imsgbuf)
{
	ssize_t	 n;
	int	 rc;

	if ((rc = imsgbuf_recv(imsgbuf, &n)) != 1)
		return (rc);
	if (n == 0)
		return (1);
	if (imsgbuf_feed(imsgbuf, read_buffer, n) == -1) {
		explicit_bzero(read_buffer, n);
		return (-1);
	}
	explicit_bzero(read_buffer, n);
	return (1);
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
	if (msg.msg_controllen > 0 && imsgbuf_take_fds(imsgbuf, &msg) == -1)
		return (-1);
	return (1);
}

static int
imsgbuf_take_fds(struct imsgbuf *imsgbuf, struct msghdr *msg)
{
	struct pending_fd	*pfd;
	struct cmsghdr		*cmsg;
	size_t			 i, n;
	int			 fd, failed = 0;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	    cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int),
			    sizeof(fd));
			/* More than the messages that are read can own. */
			if (imsgbuf->w->infds >= 2 * READ_FDS_MAX ||
			    (pfd = calloc(1, sizeof(*pfd))) == NULL) {
				close(fd);
				failed = 1;
				continue;
			}
			pfd->fd = fd;
			TAILQ_INSERT_TAIL(&imsgbuf->w->fds, pfd, entry);
			imsgbuf->w->infds++;
		}
	}
	if (msg->msg_flags & MSG_CTRUNC)
		failed = 1;
	if (failed)
		errno = EBADMSG;
	return (failed ? -1 : 0);
}

/* Cuts a stream into messages, whatever the pieces in which it comes. */
static int
imsgbuf_feed(struct imsgbuf *imsgbuf, const unsigned char *p, size_t len)
{
	struct msgbuf	*w = imsgbuf->w;
	size_t		 n;

	while (len > 0) {
		if (w->partial == NULL) {
			n = sizeof(w->hdr) - w->hdrlen;
			if (n > len)
				n = len;
			memcpy(w->hdr + w->hdrlen, p, n);
			w->hdrlen += n;
			p += n;
			len -= n;
			if (w->hdrlen < sizeof(w->hdr))
				return (0);
			if (imsgbuf_start(imsgbuf) == -1)
				return (-1);
		}
		n = ibuf_left(w->partial);
		if (n > len)
			n = len;
		if (ibuf_add(w->partial, p, n) == -1)
			return (-1);
		p += n;
		len -= n;
		if (ibuf_left(w->partial) == 0 && imsgbuf_finish(imsgbuf) == -1)
			return (-1);
	}
	return (0);
}

/* The header is whole: a message of that length, if it may have that. */
static int
imsgbuf_start(struct imsgbuf *imsgbuf)
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
	return (ibuf_add(w->partial, w->hdr, sizeof(w->hdr)));
}

static int
imsgbuf_finish(struct imsgbuf *imsgbuf)
{
	struct msgbuf		*w = imsgbuf->w;
	struct pending_fd	*pfd;
	struct imsg_hdr		 hdr;

	memcpy(&hdr, ibuf_data(w->partial), sizeof(hdr));
	if (hdr.len & IMSG_FD_MARK) {
		if ((pfd = TAILQ_FIRST(&w->fds)) == NULL) {
			errno = EBADMSG;
			return (-1);
		}
		TAILQ_REMOVE(&w->fds, pfd, entry);
		w->infds--;
		ibuf_fd_set(w->partial, pfd->fd);
		free(pfd);
	}
	TAILQ_INSERT_TAIL(&w->in, w->partial, entry);
	w->partial = NULL;
	return (0);
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
	imsg->data = ibuf_size(buf) > 0 ? ibuf_data(buf) : NULL;
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
	struct iovec	 iov[WRITE_IOV_MAX];
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
		if (i == WRITE_IOV_MAX || (i > 0 && buf->fd != -1))
			break;
		if (buf->fd != -1)
			owner = buf;
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

/* Writes everything on a blocking descriptor. */
int
imsgbuf_flush(struct imsgbuf *imsgbuf)
{
	while (imsgbuf->w->outcount > 0)
		if (imsgbuf_write(imsgbuf) == -1)
			return (-1);
	return (0);
}

void
imsgbuf_clear(struct imsgbuf *imsgbuf)
{
	struct pending_fd	*pfd;
	struct msgbuf		*w = imsgbuf->w;

	if (w == NULL)
		return;
	queue_clear(&w->out);
	queue_clear(&w->in);
	while ((pfd = TAILQ_FIRST(&w->fds)) != NULL) {
		TAILQ_REMOVE(&w->fds, pfd, entry);
		close(pfd->fd);
		free(pfd);
	}
	ibuf_free(w->partial);
	free(w);
	imsgbuf->w = NULL;
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
	return (ibuf_size(imsg->buf));
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

/* The payload as it came, without a descriptor. */
int
imsg_forward(struct imsgbuf *imsgbuf, struct imsg *imsg)
{
	return (imsg_compose(imsgbuf, imsg->hdr.type, imsg->hdr.peerid,
	    (pid_t)imsg->hdr.pid, -1, ibuf_data(imsg->buf),
	    ibuf_size(imsg->buf)));
}

int
imsg_compose(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    int fd, const void *data, size_t len)
{
	struct iovec	 iov;

	memset(&iov, 0, sizeof(iov));
	memcpy(&iov.iov_base, &data, sizeof(data));
	iov.iov_len = len;
	return (imsg_composev(imsgbuf, type, id, pid, fd, &iov, 1));
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
	if (fd != -1)
		ibuf_fd_set(buf, fd);
	imsg_close(imsgbuf, buf);
	return (1);
}

/* The buffer is the payload; it is taken over in any case. */
int
imsg_compose_ibuf(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id,
    pid_t pid, struct ibuf *payload)
{
	int	 rc;

	rc = imsg_compose(imsgbuf, type, id, pid, ibuf_fd_get(payload),
	    ibuf_data(payload), ibuf_size(payload));
	ibuf_free(payload);
	return (rc);
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
	struct imsg_hdr	 hdr;

	memcpy(&hdr, ibuf_data(buf), sizeof(hdr));
	hdr.len = ibuf_size(buf);
	if (ibuf_fd_avail(buf))
		hdr.len |= IMSG_FD_MARK;
	ibuf_set(buf, 0, &hdr, sizeof(hdr));
	ibuf_close(imsgbuf->w, buf);
}

void
imsg_free(struct imsg *imsg)
{
	ibuf_free(imsg->buf);
	imsg->buf = NULL;
	imsg->data = NULL;
}
