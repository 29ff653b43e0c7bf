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

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dnsmsg.h"

#define HEADER		12
#define CLASS_IN	1
#define TYPE_OPT	41
#define FLAG_QR		0x8000
#define FLAG_AA		0x0400
#define FLAG_TC		0x0200
#define FLAG_RD		0x0100
#define FLAG_RA		0x0080
#define RCODE(flags)	((flags) & 0x000f)
#define LABEL_MAX	63
#define NAME_WIRE	255		/* bytes of a name, with its end */
#define POINTERS_MAX	126		/* of one name */
#define ALIASES_MAX	16		/* from the name asked for */
#define RECORDS_MAX	2000		/* looked at in one answer */

struct msg {
	const uint8_t	*p;
	size_t		 len;
	size_t		 first;		/* where the answers begin */
	unsigned int	 nanswers;
};

struct rr {
	size_t		 owner;		/* offsets in the message */
	size_t		 data;
	size_t		 next;
	uint16_t	 type;
	uint16_t	 class;
	uint16_t	 datalen;
};

static enum dns_status
		 header(struct msg *, const uint8_t *, size_t);
static int	 name_wire(uint8_t *, size_t, const char *);
static int	 name_skip(const struct msg *, size_t *);
static int	 name_read(const struct msg *, size_t, uint8_t *);
static int	 name_equal(const uint8_t *, const uint8_t *);
static size_t	 name_text(const uint8_t *, char *, size_t);
static int	 rr_read(const struct msg *, size_t, struct rr *);
static int	 alias(const struct msg *, uint8_t *, int *);
static int	 records(const struct msg *, const uint8_t *, uint16_t,
		    void (*)(const char *, size_t, void *), void *);
static int	 rr_text(const struct msg *, const struct rr *, char *, size_t,
		    size_t *);
static int	 txt_join(const uint8_t *, size_t, char *, size_t, size_t *);
static uint16_t	 get16(const uint8_t *);
static void	 put16(uint8_t *, uint16_t);

static const struct {
	const char	*name;
	uint16_t	 type;
} types[] = {
	{ "A",		DNS_A },
	{ "AAAA",	DNS_AAAA },
	{ "CNAME",	DNS_CNAME },
	{ "MX",		DNS_MX },
	{ "NS",		DNS_NS },
	{ "TXT",	DNS_TXT }
};

uint16_t
dns_type(const char *name)
{
	size_t	 i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(name, types[i].name) == 0)
			return (types[i].type);
	return (0);
}

const char *
dns_type_name(uint16_t type)
{
	size_t	 i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return (types[i].name);
	return (NULL);
}

size_t
dns_question(uint8_t *buf, size_t size, uint16_t id, const char *name,
    uint16_t type, int edns)
{
	uint8_t	*p;
	int	 n;

	if (size < DNS_QUESTION_MAX)
		return (0);
	memset(buf, 0, HEADER);
	put16(buf, id);
	put16(buf + 2, FLAG_RD);
	put16(buf + 4, 1);
	if ((n = name_wire(buf + HEADER, NAME_WIRE, name)) == -1)
		return (0);
	p = buf + HEADER + n;
	put16(p, type);
	put16(p + 2, CLASS_IN);
	p += 4;
	if (!edns)
		return (p - buf);
	put16(buf + 10, 1);
	memset(p, 0, 11);
	put16(p + 1, TYPE_OPT);
	put16(p + 3, DNS_UDP_SIZE);
	return (p + 11 - buf);
}

enum dns_status
dns_answer(const uint8_t *buf, size_t len, const uint8_t *question,
    size_t qlen, uint16_t kind, void (*cb)(const char *, size_t, void *),
    void *arg)
{
	struct msg	 m;
	enum dns_status	 status;
	uint8_t		 name[NAME_WIRE];
	char		 text[DNS_NAME_TEXT];
	int		 aliases, n;

	memset(&m, 0, sizeof(m));
	m.p = buf;
	m.len = len;
	if ((status = header(&m, question, qlen)) != DNS_ANSWER)
		return (status);
	memcpy(name, question + HEADER, NAME_WIRE < qlen - HEADER ?
	    NAME_WIRE : qlen - HEADER);
	if (alias(&m, name, &aliases) == -1)
		return (aliases > ALIASES_MAX ? DNS_LOOP : DNS_MALFORMED);
	if (kind != DNS_CNAME)
		n = records(&m, name, kind, cb, arg);
	else {
		n = aliases > 0 ? aliases : records(&m, name,
		    get16(question + HEADER + strlen((const char *)question +
		    HEADER) + 1), NULL, NULL);
		if (n > 0 && cb != NULL) {
			len = name_text(name, text, sizeof(text));
			cb(text, len, arg);
		}
	}
	if (n == -1)
		return (DNS_MALFORMED);
	if (n == 0 && aliases == 0 && m.nanswers == 0 &&
	    (get16(buf + 2) & (FLAG_AA | FLAG_RA)) == 0)
		return (DNS_LAME);
	return (n > 0 ? DNS_ANSWER : DNS_NODATA);
}

/*
 * Whether it is an answer to the question, and a good one so far.  The
 * question stands in it again, but for the case of letters; some errors come
 * without it.
 */
static enum dns_status
header(struct msg *m, const uint8_t *question, size_t qlen)
{
	size_t		 n;
	uint16_t	 flags;

	n = strlen((const char *)question + HEADER) + 1;
	if (m->len < HEADER || qlen < HEADER + n + 4 ||
	    get16(m->p) != get16(question))
		return (DNS_STRANGE);
	flags = get16(m->p + 2);
	if ((flags & FLAG_QR) == 0)
		return (DNS_STRANGE);
	m->first = HEADER;
	if (get16(m->p + 4) == 1) {
		if (m->len < HEADER + n + 4 || !name_equal(m->p + HEADER,
		    question + HEADER) || memcmp(m->p + HEADER + n,
		    question + HEADER + n, 4) != 0)
			return (DNS_STRANGE);
		m->first += n + 4;
	} else if (get16(m->p + 4) != 0 || RCODE(flags) == 0)
		return (DNS_STRANGE);
	m->nanswers = get16(m->p + 6);
	if (flags & FLAG_TC)
		return (DNS_TRUNCATED);
	switch (RCODE(flags)) {
	case 0:
		return (DNS_ANSWER);
	case 1:		/* FORMERR */
	case 4:		/* NOTIMP */
		/* Servers from before EDNS know nothing of its record. */
		return (get16(question + 10) != 0 ? DNS_NOEDNS : DNS_OTHER);
	case 2:
		return (DNS_SERVFAIL);
	case 3:
		return (DNS_NXDOMAIN);
	case 5:
		return (DNS_REFUSED);
	default:
		return (DNS_OTHER);
	}
}

/* A name as labels; its length, or -1. */
static int
name_wire(uint8_t *buf, size_t size, const char *name)
{
	size_t	 n, used = 0;

	if (*name == '\0' || strcmp(name, ".") == 0) {
		buf[0] = 0;
		return (*name == '\0' ? -1 : 1);
	}
	while (*name != '\0') {
		n = strcspn(name, ".");
		if (n == 0 || n > LABEL_MAX || used + n + 2 > size)
			return (-1);
		buf[used++] = n;
		memcpy(buf + used, name, n);
		used += n;
		name += n;
		if (*name == '.')
			name++;
	}
	buf[used++] = 0;
	return (used);
}

static int
name_skip(const struct msg *m, size_t *off)
{
	uint8_t	 n;

	while (*off < m->len) {
		n = m->p[(*off)++];
		if (n == 0)
			return (0);
		if ((n & 0xc0) == 0xc0) {
			(*off)++;
			return (*off <= m->len ? 0 : -1);
		}
		if (n > LABEL_MAX)
			return (-1);
		*off += n;
	}
	return (-1);
}

/* The name at an offset, put together; 0, or -1. */
static int
name_read(const struct msg *m, size_t off, uint8_t *name)
{
	size_t		 used = 0;
	unsigned int	 pointers = 0;
	uint8_t		 n;

	while (off < m->len) {
		n = m->p[off++];
		if ((n & 0xc0) == 0xc0) {
			if (off >= m->len || ++pointers > POINTERS_MAX)
				return (-1);
			off = (size_t)(n & 0x3f) << 8 | m->p[off];
			continue;
		}
		if (n > LABEL_MAX || n > m->len - off ||
		    used + n + (n > 0 ? 2 : 1) > NAME_WIRE)
			return (-1);
		name[used++] = n;
		if (n == 0)
			return (0);
		memcpy(name + used, m->p + off, n);
		used += n;
		off += n;
	}
	return (-1);
}

/* Both are whole names in one piece, the second at least to be trusted. */
static int
name_equal(const uint8_t *a, const uint8_t *b)
{
	unsigned int	 i, n;

	for (;;) {
		if (*a != *b)
			return (0);
		if ((n = *b) == 0)
			return (1);
		for (i = 1; i <= n; i++)
			if (a[i] != b[i] && ((a[i] ^ b[i]) != 0x20 ||
			    (a[i] | 0x20) < 'a' || (a[i] | 0x20) > 'z'))
				return (0);
		a += n + 1;
		b += n + 1;
	}
}

/* With a dot at its end, and what is not for people as \DDD: RFC 1035, 5.1. */
static size_t
name_text(const uint8_t *name, char *buf, size_t size)
{
	size_t		 used = 0;
	unsigned int	 i, n;

	if (*name == 0)
		return (strlcpy(buf, ".", size));
	while ((n = *name++) != 0) {
		for (i = 0; i < n && used + 6 < size; i++) {
			if (name[i] <= ' ' || name[i] >= 0x7f)
				used += snprintf(buf + used, size - used,
				    "\\%03u", name[i]);
			else {
				if (strchr(".\\\"();@$", name[i]) != NULL)
					buf[used++] = '\\';
				buf[used++] = name[i];
			}
		}
		buf[used++] = '.';
		name += n;
	}
	buf[used] = '\0';
	return (used);
}

static int
rr_read(const struct msg *m, size_t off, struct rr *rr)
{
	rr->owner = off;
	if (name_skip(m, &off) == -1 || m->len - off < 10)
		return (-1);
	rr->type = get16(m->p + off);
	rr->class = get16(m->p + off + 2);
	rr->datalen = get16(m->p + off + 8);
	rr->data = off + 10;
	if (rr->datalen > m->len - rr->data)
		return (-1);
	rr->next = rr->data + rr->datalen;
	return (0);
}

/*
 * Follows the aliases of a name, which may stand in any order; their number by
 * reference.  0, or -1 when they are malformed or are more than ALIASES_MAX:
 * that is a circle.
 */
static int
alias(const struct msg *m, uint8_t *name, int *n)
{
	struct rr	 rr;
	size_t		 off;
	unsigned int	 i;
	uint8_t		 owner[NAME_WIRE];

	*n = 0;
	for (i = 0, off = m->first; i < m->nanswers && i < RECORDS_MAX; i++) {
		if (rr_read(m, off, &rr) == -1)
			return (-1);
		off = rr.next;
		if (rr.type != DNS_CNAME || rr.class != CLASS_IN)
			continue;
		if (name_read(m, rr.owner, owner) == -1)
			return (-1);
		if (!name_equal(owner, name))
			continue;
		if (++*n > ALIASES_MAX)
			return (-1);
		if (name_read(m, rr.data, name) == -1)
			return (-1);
		i = -1;
		off = m->first;
	}
	return (0);
}

/* Their number, or -1. */
static int
records(const struct msg *m, const uint8_t *name, uint16_t type,
    void (*cb)(const char *, size_t, void *), void *arg)
{
	static char	 text[UINT16_MAX + DNS_NAME_TEXT];
	struct rr	 rr;
	size_t		 len, off;
	unsigned int	 i;
	uint8_t		 owner[NAME_WIRE];
	int		 n = 0;

	for (i = 0, off = m->first; i < m->nanswers && i < RECORDS_MAX; i++) {
		if (rr_read(m, off, &rr) == -1)
			return (-1);
		off = rr.next;
		if (rr.type != type || rr.class != CLASS_IN)
			continue;
		if (name_read(m, rr.owner, owner) == -1)
			return (-1);
		if (!name_equal(owner, name))
			continue;
		if (rr_text(m, &rr, text, sizeof(text), &len) == -1)
			return (-1);
		if (cb != NULL)
			cb(text, len, arg);
		n++;
	}
	return (n);
}

static int
rr_text(const struct msg *m, const struct rr *rr, char *buf, size_t size,
    size_t *len)
{
	const uint8_t	*p = m->p + rr->data;
	uint8_t		 name[NAME_WIRE];
	size_t		 n = 0;

	switch (rr->type) {
	case DNS_A:
	case DNS_AAAA:
		if (rr->datalen != (rr->type == DNS_A ? 4 : 16))
			return (-1);
		inet_ntop(rr->type == DNS_A ? AF_INET : AF_INET6, p, buf,
		    size);
		*len = strlen(buf);
		return (0);
	case DNS_TXT:
		return (txt_join(p, rr->datalen, buf, size, len));
	case DNS_MX:
		if (rr->datalen < 3)
			return (-1);
		n = snprintf(buf, size, "%u ", get16(p));
		break;
	}
	if (name_read(m, rr->data + (rr->type == DNS_MX ? 2 : 0), name) == -1)
		return (-1);
	*len = n + name_text(name, buf + n, size - n);
	return (0);
}

static int
txt_join(const uint8_t *p, size_t n, char *buf, size_t size, size_t *len)
{
	size_t	 k, used = 0;

	while (n > 0) {
		k = *p++;
		n--;
		if (k > n || used + k >= size)
			return (-1);
		memcpy(buf + used, p, k);
		used += k;
		p += k;
		n -= k;
	}
	buf[used] = '\0';
	*len = used;
	return (0);
}

static uint16_t
get16(const uint8_t *p)
{
	return ((uint16_t)(p[0] << 8 | p[1]));
}

static void
put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}
