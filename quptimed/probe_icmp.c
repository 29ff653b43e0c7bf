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

#include <netinet/in.h>
#include <netinet/in_systm.h>
#include <netinet/ip.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prober.h"
#include "quptimed.h"

#define ICMP_ROUNDS	64		/* packets taken at a time */
#define ICMP_BUFFER	(1024 * 1024)	/* of a socket: replies come in bulk */
#define ICMP_PACKET	256		/* what is longer is not ours */
#define TOKENS		64		/* random numbers fetched at a time */
#define NOT_PERMITTED	"icmp: not permitted on this node (start quptimed " \
			    "as root, or widen net.ipv4.ping_group_range)"

/* A socket that all checks of one address family share. */
struct icmp_sock {
	struct event	 ev;
	int		 family;
	int		 fd;
	int		 raw;
};

/* A request under way; the packet carries slot and token. */
struct echo {
	struct event	 timer;
	struct resolve	 lookup;
	struct addr	 to;
	struct probe	*probe;		/* NULL: free */
	struct echo	*next;		/* free one */
	uint64_t	 token;
	uint32_t	 slot;
	int		 sent;
};

static int	 icmp_prepare(struct probe *, const struct check *);
static void	 icmp_start(struct probe *);
static void	 icmp_cancel(struct probe *);
static void	 icmp_resolved(struct addrs *, const char *, void *);
static void	 icmp_to_one(struct echo *, const struct addrs *);
static void	 icmp_send(struct echo *);
static void	 icmp_timeout(int, short, void *);
static void	 icmp_readable(int, short, void *);
static int	 icmp_receive(struct icmp_sock *);
static struct icmp_sock
		*icmp_for(int);
static struct echo
		*echo_get(struct probe *);
static void	 echo_put(struct echo *);
static uint64_t	 echo_token(void);
static uint16_t	 checksum(const uint8_t *, size_t);

const struct probe_ops	 probe_icmp_ops = {
	icmp_prepare,
	icmp_start,
	icmp_cancel
};

static struct icmp_sock	  socks[2] = {
	{ .family = AF_INET, .fd = -1 },
	{ .family = AF_INET6, .fd = -1 }
};
static struct echo	**echoes;	/* by slot */
static struct echo	 *unused;
static uint32_t		  nechoes;
static uint32_t		  echocap;
static uint32_t		  nsent;	/* and not answered */
static uint64_t		  cookie;
static uint16_t		  ident;

void
probe_icmp_init(void)
{
	arc4random_buf(&cookie, sizeof(cookie));
	arc4random_buf(&ident, sizeof(ident));
}

void
probe_icmp_shutdown(void)
{
	size_t	 i;

	for (i = 0; i < 2; i++) {
		if (socks[i].fd == -1)
			continue;
		event_del(&socks[i].ev);
		close(socks[i].fd);
		socks[i].fd = -1;
	}
	for (i = 0; i < nechoes; i++)
		free(echoes[i]);
	free(echoes);
	echoes = NULL;
	unused = NULL;
	nechoes = echocap = nsent = 0;
}

void
probe_icmp_socket(int family, int fd, int raw)
{
	struct icmp_sock	*s;
	int		 flags, size = ICMP_BUFFER;

	s = &socks[family == AF_INET6];
	if (s->fd != -1)
		fatalx("%s: a second one", __func__);
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		fatal("%s: fcntl", __func__);
	/* As much as the system allows. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
#ifdef ICMP_FILTER
	if (raw && family == AF_INET) {
		struct icmp_filter	 filter;

		filter.data = ~(1U << ICMP_ECHOREPLY);
		if (setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter,
		    sizeof(filter)) == -1)
			log_warn("ICMP_FILTER");
	}
#endif
	if (raw && family == AF_INET6) {
		struct icmp6_filter	 filter;

		ICMP6_FILTER_SETBLOCKALL(&filter);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
		if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter,
		    sizeof(filter)) == -1)
			log_warn("ICMP6_FILTER");
	}
	s->fd = fd;
	s->raw = raw;
	event_set(&s->ev, fd, EV_READ | EV_PERSIST, icmp_readable, s);
	event_add(&s->ev, NULL);
}

static int
icmp_prepare(struct probe *p, const struct check *c)
{
	if ((p->target = strdup(str(c->target))) == NULL)
		return (-1);
	p->host = p->target + strspn(p->target, " \t");
	p->host[strcspn(p->host, " \t")] = '\0';
	if (*p->host == '\0')
		return (probe_broken(p, "empty target"));
	p->literal = addr_parse(p->host, 0, &p->addr) == 0;
	return (0);
}

static void
icmp_start(struct probe *p)
{
	struct timeval	 tv;
	struct addrs	*as;
	struct echo	*e;

	if (socks[0].fd == -1 && socks[1].fd == -1) {
		probe_done(p, PROBE_CANNOT, NOT_PERMITTED);
		return;
	}
	if ((e = echo_get(p)) == NULL) {
		probe_done(p, PROBE_CANNOT, "out of memory");
		return;
	}
	tv = mono_left(probe_deadline(p), mono_now());
	evtimer_set(&e->timer, icmp_timeout, e);
	evtimer_add(&e->timer, &tv);
	if (p->literal) {
		e->to = p->addr;
		icmp_send(e);
	} else if ((as = resolve_known(p->host, probe_servers(p))) != NULL) {
		icmp_to_one(e, as);
		addrs_unref(as);
	} else if (resolve_start(&e->lookup, p->host, probe_servers(p),
	    icmp_resolved, e) == -1) {
		echo_put(e);
		probe_done(p, PROBE_CANNOT, "out of memory");
	}
}

static void
icmp_cancel(struct probe *p)
{
	echo_put(p->job);
}

static void
icmp_resolved(struct addrs *as, const char *err, void *arg)
{
	struct echo	*e = arg;
	struct probe	*p = e->probe;

	if (as != NULL) {
		icmp_to_one(e, as);
		return;
	}
	echo_put(e);
	probe_done(p, PROBE_FAIL, "resolve %s: %s", p->host, err);
}

/* The first address of a family that has a socket. */
static void
icmp_to_one(struct echo *e, const struct addrs *as)
{
	unsigned int	 i;

	for (i = 0; i + 1 < as->n; i++)
		if (icmp_for(as->a[i].u.sa.sa_family)->fd != -1)
			break;
	e->to = as->a[i];
	icmp_send(e);
}

static void
icmp_send(struct echo *e)
{
	struct probe	*p = e->probe;
	struct icmp_sock	*s;
	struct echo_id	 id;
	uint8_t		 packet[ECHO_LEN];
	int		 verdict;

	s = icmp_for(e->to.u.sa.sa_family);
	if (s->fd == -1) {
		echo_put(e);
		probe_done(p, PROBE_CANNOT, NOT_PERMITTED);
		return;
	}
	id.id = ident;
	id.seq = e->slot;
	id.slot = e->slot;
	id.cookie = cookie;
	id.token = e->token;
	echo_build(s->family, &id, packet);
	if (sendto(s->fd, packet, sizeof(packet), 0, &e->to.u.sa,
	    addr_len(&e->to)) != -1) {
		e->sent = 1;
		nsent++;
		return;
	}
	verdict = errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ||
	    errno == EPERM ? PROBE_CANNOT : PROBE_FAIL;
	echo_put(e);
	probe_done(p, verdict, "send: %s", strerror(errno));
}

static void
icmp_timeout(int fd, short events, void *arg)
{
	struct echo	*e = arg;
	struct probe	*p = e->probe;
	int		 asking;

	(void)fd;
	(void)events;
	asking = e->lookup.lookup != NULL;
	echo_put(e);
	if (asking)
		probe_done(p, PROBE_FAIL,
		    "resolve %s: deadline exceeded (timeout)", p->host);
	else
		probe_done(p, PROBE_FAIL, "no reply");
}

static void
icmp_readable(int fd, short events, void *arg)
{
	struct icmp_sock	*s = arg;
	int		 i;

	(void)fd;
	(void)events;
	/* With nothing more to come the call that finds nothing is saved. */
	for (i = 0; i < ICMP_ROUNDS; i++)
		if (icmp_receive(s) == -1 || nsent == 0)
			break;
}

/* Anybody may send us anything here: what is not awaited is passed over. */
static int
icmp_receive(struct icmp_sock *s)
{
	struct addr	 from;
	struct echo_id	 id;
	struct echo	*e;
	struct probe	*p;
	socklen_t	 len = sizeof(from);
	uint8_t		 packet[ICMP_PACKET];
	ssize_t		 n;

	n = recvfrom(s->fd, packet, sizeof(packet), 0, &from.u.sa, &len);
	if (n == -1)
		return (-1);
	if (echo_parse(s->family, s->raw, packet, n, &id) == -1 ||
	    id.cookie != cookie || (s->raw && id.id != ident) ||
	    id.slot >= nechoes)
		return (0);
	e = echoes[id.slot];
	if (e->probe == NULL || e->token != id.token ||
	    !addr_equal(&e->to, &from))
		return (0);
	p = e->probe;
	echo_put(e);
	probe_done(p, PROBE_OK, NULL);
	return (0);
}

static struct icmp_sock *
icmp_for(int family)
{
	return (&socks[family == AF_INET6]);
}

static struct echo *
echo_get(struct probe *p)
{
	struct echo	*e, **v;

	if ((e = unused) != NULL)
		unused = e->next;
	else {
		if (nechoes == echocap) {
			v = reallocarray(echoes, 2 * echocap + 16, sizeof(*v));
			if (v == NULL)
				return (NULL);
			echoes = v;
			echocap = 2 * echocap + 16;
		}
		if ((e = calloc(1, sizeof(*e))) == NULL)
			return (NULL);
		e->slot = nechoes;
		echoes[nechoes++] = e;
	}
	memset(&e->lookup, 0, sizeof(e->lookup));
	e->token = echo_token();
	e->probe = p;
	p->job = e;
	return (e);
}

static void
echo_put(struct echo *e)
{
	resolve_cancel(&e->lookup);
	evtimer_del(&e->timer);
	nsent -= e->sent;
	e->sent = 0;
	e->probe = NULL;
	e->next = unused;
	unused = e;
}

/* A system call for each would be dear. */
static uint64_t
echo_token(void)
{
	static uint64_t		 pool[TOKENS];
	static unsigned int	 left;

	if (left == 0) {
		arc4random_buf(pool, sizeof(pool));
		left = TOKENS;
	}
	return (pool[--left]);
}

void
echo_build(int family, const struct echo_id *id, uint8_t *p)
{
	uint16_t	 sum, v;

	memset(p, 0, ECHO_LEN);
	p[0] = family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	v = htons(id->id);
	memcpy(p + 4, &v, sizeof(v));
	v = htons(id->seq);
	memcpy(p + 6, &v, sizeof(v));
	memcpy(p + 8, &id->cookie, sizeof(id->cookie));
	memcpy(p + 16, &id->token, sizeof(id->token));
	memcpy(p + 24, &id->slot, sizeof(id->slot));
	/* The kernel has the addresses for that of version 6 (RFC 3542, 3.1) */
	if (family == AF_INET) {
		sum = checksum(p, ECHO_LEN);
		memcpy(p + 2, &sum, sizeof(sum));
	}
}

int
echo_parse(int family, int raw, const uint8_t *p, size_t len,
    struct echo_id *id)
{
	size_t	 ihl;

	if (family == AF_INET && raw) {
		/* RFC 791, 3.1: version and header length, protocol */
		if (len < 20 || p[0] >> 4 != 4 || p[9] != IPPROTO_ICMP)
			return (-1);
		ihl = (p[0] & 0x0f) * 4;
		if (ihl < 20 || len < ihl)
			return (-1);
		p += ihl;
		len -= ihl;
	}
	if (len != ECHO_LEN || p[1] != 0 ||
	    p[0] != (family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY))
		return (-1);
	if (family == AF_INET && checksum(p, len) != 0)
		return (-1);
	memcpy(&id->id, p + 4, sizeof(id->id));
	memcpy(&id->seq, p + 6, sizeof(id->seq));
	id->id = ntohs(id->id);
	id->seq = ntohs(id->seq);
	memcpy(&id->cookie, p + 8, sizeof(id->cookie));
	memcpy(&id->token, p + 16, sizeof(id->token));
	memcpy(&id->slot, p + 24, sizeof(id->slot));
	return (0);
}

/* RFC 1071, over an even number of bytes */
static uint16_t
checksum(const uint8_t *p, size_t len)
{
	uint32_t	 sum = 0;
	uint16_t	 v;
	size_t		 i;

	for (i = 0; i + 1 < len; i += 2) {
		memcpy(&v, p + i, sizeof(v));
		sum += v;
	}
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return (~sum);
}
