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

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"

/*
 * Buffers that are written at one end and read at the other.  What comes from
 * another process is only ever taken apart through these calls, which fail
 * rather than read past the end.
 */

#define IBUF_MIN	64

static int	 ibuf_grow(struct ibuf *, size_t);

struct ibuf *
ibuf_open(size_t len)
{
	return (ibuf_dynamic(len, len));
}

struct ibuf *
ibuf_dynamic(size_t len, size_t max)
{
	struct ibuf	*buf;

	if (max == 0 || max < len) {
		errno = EINVAL;
		return (NULL);
	}
	if ((buf = calloc(1, sizeof(*buf))) == NULL)
		return (NULL);
	if (len > 0 && (buf->buf = calloc(1, len)) == NULL) {
		free(buf);
		return (NULL);
	}
	buf->size = len;
	buf->max = max;
	buf->fd = -1;
	return (buf);
}

/* Room for that many more bytes: at least as much again as there was. */
static int
ibuf_grow(struct ibuf *buf, size_t len)
{
	unsigned char	*nb;
	size_t		 need, size;

	if (len > buf->max || buf->wpos > buf->max - len || buf->max == 0) {
		errno = ERANGE;
		return (-1);
	}
	need = buf->wpos + len;
	if (need <= buf->size)
		return (0);
	size = buf->size < IBUF_MIN ? IBUF_MIN : buf->size * 2;
	if (size < need)
		size = need;
	if (size > buf->max || buf->size > buf->max / 2)
		size = buf->max;
	/* What was there may be a secret. */
	if ((nb = recallocarray(buf->buf, buf->size, size, 1)) == NULL)
		return (-1);
	buf->buf = nb;
	buf->size = size;
	return (0);
}

void *
ibuf_reserve(struct ibuf *buf, size_t len)
{
	void	*p;

	if (ibuf_grow(buf, len) == -1)
		return (NULL);
	p = buf->buf == NULL ? NULL : buf->buf + buf->wpos;
	buf->wpos += len;
	return (p);
}

int
ibuf_add(struct ibuf *buf, const void *data, size_t len)
{
	void	*p;

	if (len == 0)
		return (0);
	if ((p = ibuf_reserve(buf, len)) == NULL)
		return (-1);
	memcpy(p, data, len);
	return (0);
}

int
ibuf_add_ibuf(struct ibuf *buf, const struct ibuf *from)
{
	return (ibuf_add(buf, ibuf_data(from), ibuf_size(from)));
}

int
ibuf_add_zero(struct ibuf *buf, size_t len)
{
	void	*p;

	if (len == 0)
		return (0);
	if ((p = ibuf_reserve(buf, len)) == NULL)
		return (-1);
	memset(p, 0, len);
	return (0);
}

/* A string in a field of that size, padded with zeros, always ended. */
int
ibuf_add_strbuf(struct ibuf *buf, const char *s, size_t len)
{
	char	*p;

	if (strlen(s) >= len) {
		errno = EOVERFLOW;
		return (-1);
	}
	if ((p = ibuf_reserve(buf, len)) == NULL)
		return (-1);
	memset(p, 0, len);
	memcpy(p, s, strlen(s));
	return (0);
}

/* Numbers: checked to fit, then in host (h) or network (n) order. */
#define IBUF_ADD(name, type, conv, max)					\
int									\
name(struct ibuf *buf, uint64_t value)					\
{									\
	type	 v;							\
									\
	if (value > (max)) {						\
		errno = EINVAL;						\
		return (-1);						\
	}								\
	v = conv((type)value);						\
	return (ibuf_add(buf, &v, sizeof(v)));				\
}

IBUF_ADD(ibuf_add_n8, uint8_t, (uint8_t), UINT8_MAX)
IBUF_ADD(ibuf_add_n16, uint16_t, htobe16, UINT16_MAX)
IBUF_ADD(ibuf_add_n32, uint32_t, htobe32, UINT32_MAX)
IBUF_ADD(ibuf_add_n64, uint64_t, htobe64, UINT64_MAX)
IBUF_ADD(ibuf_add_h16, uint16_t, (uint16_t), UINT16_MAX)
IBUF_ADD(ibuf_add_h32, uint32_t, (uint32_t), UINT32_MAX)
IBUF_ADD(ibuf_add_h64, uint64_t, (uint64_t), UINT64_MAX)

#define IBUF_GET(name, type, conv)					\
int									\
name(struct ibuf *buf, type *value)					\
{									\
	type	 v;							\
									\
	if (ibuf_get(buf, &v, sizeof(v)) == -1)				\
		return (-1);						\
	*value = conv(v);						\
	return (0);							\
}

IBUF_GET(ibuf_get_n8, uint8_t, (uint8_t))
IBUF_GET(ibuf_get_n16, uint16_t, be16toh)
IBUF_GET(ibuf_get_n32, uint32_t, be32toh)
IBUF_GET(ibuf_get_n64, uint64_t, be64toh)
IBUF_GET(ibuf_get_h16, uint16_t, (uint16_t))
IBUF_GET(ibuf_get_h32, uint32_t, (uint32_t))
IBUF_GET(ibuf_get_h64, uint64_t, (uint64_t))

void *
ibuf_seek(struct ibuf *buf, size_t pos, size_t len)
{
	if (len > ibuf_size(buf) || pos > ibuf_size(buf) - len) {
		errno = ERANGE;
		return (NULL);
	}
	return (buf->buf == NULL ? NULL : buf->buf + buf->rpos + pos);
}

int
ibuf_set(struct ibuf *buf, size_t pos, const void *data, size_t len)
{
	void	*p;

	if ((p = ibuf_seek(buf, pos, len)) == NULL)
		return (-1);
	memcpy(p, data, len);
	return (0);
}

int
ibuf_set_n32(struct ibuf *buf, size_t pos, uint64_t value)
{
	uint32_t	 v;

	if (value > UINT32_MAX) {
		errno = EINVAL;
		return (-1);
	}
	v = htobe32((uint32_t)value);
	return (ibuf_set(buf, pos, &v, sizeof(v)));
}

void *
ibuf_data(const struct ibuf *buf)
{
	return (buf->buf == NULL ? NULL : buf->buf + buf->rpos);
}

size_t
ibuf_size(const struct ibuf *buf)
{
	return (buf->wpos - buf->rpos);
}

size_t
ibuf_left(const struct ibuf *buf)
{
	return (buf->max == 0 ? 0 : buf->max - buf->wpos);
}

/* Cut, or filled up with zeros, to that size. */
int
ibuf_truncate(struct ibuf *buf, size_t len)
{
	if (len > ibuf_size(buf))
		return (ibuf_add_zero(buf, len - ibuf_size(buf)));
	buf->wpos = buf->rpos + len;
	return (0);
}

void
ibuf_rewind(struct ibuf *buf)
{
	buf->rpos = 0;
}

/* A view on memory of somebody else: nothing can be added to it. */
void
ibuf_from_buffer(struct ibuf *buf, void *data, size_t len)
{
	memset(buf, 0, sizeof(*buf));
	buf->buf = data;
	buf->size = buf->wpos = len;
	buf->fd = -1;
}

void
ibuf_from_ibuf(struct ibuf *buf, const struct ibuf *from)
{
	ibuf_from_buffer(buf, ibuf_data(from), ibuf_size(from));
}

int
ibuf_get(struct ibuf *buf, void *data, size_t len)
{
	if (ibuf_size(buf) < len) {
		errno = EBADMSG;
		return (-1);
	}
	if (len > 0)
		memcpy(data, ibuf_data(buf), len);
	buf->rpos += len;
	return (0);
}

int
ibuf_get_ibuf(struct ibuf *buf, size_t len, struct ibuf *part)
{
	if (ibuf_size(buf) < len) {
		errno = EBADMSG;
		return (-1);
	}
	ibuf_from_buffer(part, ibuf_data(buf), len);
	buf->rpos += len;
	return (0);
}

char *
ibuf_get_string(struct ibuf *buf, size_t len)
{
	char	*s;

	if (ibuf_size(buf) < len) {
		errno = EBADMSG;
		return (NULL);
	}
	if ((s = malloc(len + 1)) == NULL)
		return (NULL);
	memcpy(s, ibuf_data(buf), len);
	s[len] = '\0';
	buf->rpos += len;
	return (s);
}

int
ibuf_get_strbuf(struct ibuf *buf, char *s, size_t len)
{
	if (len == 0) {
		errno = EINVAL;
		return (-1);
	}
	if (ibuf_get(buf, s, len) == -1)
		return (-1);
	if (s[len - 1] != '\0') {
		s[len - 1] = '\0';
		errno = EOVERFLOW;
		return (-1);
	}
	return (0);
}

int
ibuf_skip(struct ibuf *buf, size_t len)
{
	if (ibuf_size(buf) < len) {
		errno = EBADMSG;
		return (-1);
	}
	buf->rpos += len;
	return (0);
}

void
ibuf_free(struct ibuf *buf)
{
	int	 saved_errno = errno;

	if (buf == NULL)
		return;
	if (buf->max == 0)
		abort();		/* a view: not ours to free */
	if (buf->fd != -1)
		close(buf->fd);
	freezero(buf->buf, buf->size);
	free(buf);
	errno = saved_errno;
}

int
ibuf_fd_avail(struct ibuf *buf)
{
	return (buf->fd != -1);
}

/* The caller owns it from here on. */
int
ibuf_fd_get(struct ibuf *buf)
{
	int	 fd = buf->fd;

	buf->fd = -1;
	return (fd);
}

void
ibuf_fd_set(struct ibuf *buf, int fd)
{
	if (buf->fd != -1)
		close(buf->fd);
	buf->fd = fd;
}
