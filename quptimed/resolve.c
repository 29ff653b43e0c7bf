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
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/tree.h>

#include <ares.h>
#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "dnsmsg.h"
#include "fdread.h"
#include "monotime.h"
#include "quptimed.h"
#include "resolve.h"
#include "resolve_ares.h"

#define ASK_GRACE	500	/* ms for AAAA when A is known, and so on */
#define ASK_ADDRS	(RESOLVE_ADDRS_MAX / 2)

/* One that c-ares works on; lookup is NULL when nobody wants the answer. */
struct query {
	struct lookup		*lookup;
	struct channel		*ch;
	unsigned int		 side;		/* 0: A, 1: AAAA */
};

enum lookup_state {
	LS_NEW,
	LS_WAITING,		/* for a channel */
	LS_ASKING,
	LS_HALF,		/* one answer is there and the other soon */
	LS_FINISHED,		/* to be told from the event loop */
	LS_CACHED
};

/* A name that is being asked for, or was and is remembered. */
struct lookup {
	RB_ENTRY(lookup)	 entry;
	TAILQ_ENTRY(lookup)	 list;		/* of those in its state */
	TAILQ_HEAD(, resolve)	 waiters;
	enum lookup_state	 state;
	struct servers		*servers;
	struct query		*query[2];
	struct addrs		*addrs;
	struct addrs		*got[2];	/* A, AAAA of this name */
	int			 status[2];
	unsigned int		 pending;	/* queries */
	unsigned int		 candidate;
	unsigned int		 ttl;		/* seconds */
	struct monotime		 expires;
	const char		*err;
	const char		*host;		/* right behind it */
};

TAILQ_HEAD(lookup_list, lookup);
RB_HEAD(lookup_tree, lookup);

static struct lookup	*lookup_find(const char *, struct servers *);
static struct lookup	*lookup_new(const char *, struct servers *);
static void		 lookup_free(struct lookup *);
static void		 lookup_ask(struct lookup *);
static void		 query_answer(void *, int, int, unsigned char *, int);
static int		 lookup_take(struct lookup *, unsigned int,
			    unsigned char *, int);
static void		 lookup_answered(struct lookup *, unsigned int);
static struct addrs	*lookup_result(struct lookup *);
static const char	*lookup_error(int);
static void		 lookup_finish(struct lookup *, struct addrs *,
			    const char *);
static void		 tell_soon(void);
static void		 lookup_tell(int, short, void *);
static void		 lookup_retry(void);
static void		 lookup_tick(void);
static void		 cache_add(struct lookup *);
static void		 cache_drop(struct lookup *);
static struct addrs	*hosts_known(const char *);
static int		 lookup_cmp(struct lookup *, struct lookup *);

RB_PROTOTYPE(lookup_tree, lookup, entry, lookup_cmp)

static struct resolvconf	 conf;
static struct servers		*conf_servers;
static struct hosts		 hosts;
static struct lookup_tree	 lookups = RB_INITIALIZER(&lookups);
static struct lookup_list	 waiting = TAILQ_HEAD_INITIALIZER(waiting);
static struct lookup_list	 half = TAILQ_HEAD_INITIALIZER(half);
static struct lookup_list	 finished = TAILQ_HEAD_INITIALIZER(finished);
static struct lookup_list	 cache = TAILQ_HEAD_INITIALIZER(cache);
static unsigned int		 ncached;
static struct event		 tell;
static int			 tell_set;

void
resolve_init(unsigned int n)
{
	addr_zones_init();
	channels_init(n, lookup_tick, lookup_retry);
	resolvconf_parse(&conf, "", 0);
	conf_servers = servers_intern(conf.servers, conf.nservers);
	if (conf_servers == NULL)
		fatal(NULL);
}

void
resolve_shutdown(void)
{
	struct lookup	*l;

	/* Before c-ares calls back, so that nothing is begun again. */
	while ((l = RB_ROOT(&lookups)) != NULL) {
		RB_REMOVE(lookup_tree, &lookups, l);
		lookup_free(l);
	}
	if (tell_set)
		evtimer_del(&tell);
	tell_set = 0;
	TAILQ_INIT(&waiting);
	TAILQ_INIT(&half);
	TAILQ_INIT(&finished);
	TAILQ_INIT(&cache);
	ncached = 0;
	channels_shutdown();
	servers_unref(conf_servers);
	conf_servers = NULL;
	hosts_clear(&hosts);
	addr_zones_clear();
}

void
resolve_set_conf(int fd)
{
	struct servers	*old = conf_servers;
	struct lookup	*l;
	char		*text;
	size_t		 len;

	text = fd_read_all(fd, TEXT_FILE_MAX, &len);
	if (text == NULL)
		log_warn("resolv.conf");
	close(fd);
	if (text == NULL)
		return;
	resolvconf_parse(&conf, text, len);
	free(text);
	conf_servers = servers_intern(conf.servers, conf.nservers);
	if (conf_servers == NULL)
		fatal(NULL);
	servers_unref(old);
	while ((l = TAILQ_FIRST(&cache)) != NULL)
		cache_drop(l);
}

void
resolve_set_hosts(int fd)
{
	char	*text;
	size_t	 len;

	text = fd_read_all(fd, TEXT_FILE_MAX, &len);
	if (text == NULL)
		log_warn("hosts");
	close(fd);
	if (text == NULL)
		return;
	hosts_clear(&hosts);
	if (hosts_parse(&hosts, text, len) == -1)
		fatal(NULL);
	free(text);
}

struct servers *
servers_system(void)
{
	return (conf_servers);
}

struct addrs *
resolve_known(const char *host, struct servers *servers)
{
	struct addrs	*as;
	struct lookup	*l;

	if ((as = resolve_local(host)) != NULL)
		return (as);
	if ((l = lookup_find(host, servers)) == NULL ||
	    l->state != LS_CACHED || mono_cmp(mono_now(), l->expires) >= 0)
		return (NULL);
	return (addrs_ref(l->addrs));
}

struct addrs *
resolve_local(const char *host)
{
	static const char	*const loop[] = { "127.0.0.1", "::1" };
	struct addrs		*as;
	size_t			 n;

	/* RFC 6761, 6.3: whatever files and servers say. */
	n = strlen(host);
	if (n > 0 && host[n - 1] == '.')
		n--;
	if ((n == 9 || (n > 9 && host[n - 10] == '.')) &&
	    strncasecmp(host + n - 9, "localhost", 9) == 0) {
		as = malloc(sizeof(*as) + 2 * sizeof(as->a[0]));
		if (as == NULL)
			return (NULL);
		as->refs = 1;
		for (as->n = 0; as->n < 2; as->n++)
			addr_parse(loop[as->n], 0, &as->a[as->n]);
		return (as);
	}
	return (hosts_known(host));
}

int
resolve_start(struct resolve *r, const char *host, struct servers *servers,
    void (*cb)(struct addrs *, const char *, void *), void *arg)
{
	struct lookup	*l;

	r->cb = cb;
	r->arg = arg;
	if ((l = lookup_find(host, servers)) == NULL &&
	    (l = lookup_new(host, servers)) == NULL)
		return (-1);
	r->lookup = l;
	TAILQ_INSERT_TAIL(&l->waiters, r, entry);
	if (l->state == LS_CACHED) {
		TAILQ_REMOVE(&cache, l, list);
		ncached--;
		addrs_unref(l->addrs);
		l->addrs = NULL;
		l->state = LS_NEW;
	}
	if (l->state == LS_NEW) {
		l->candidate = 0;
		lookup_ask(l);
	}
	return (0);
}

void
resolve_cancel(struct resolve *r)
{
	struct lookup	*l = r->lookup;

	if (l == NULL)
		return;
	TAILQ_REMOVE(&l->waiters, r, entry);
	r->lookup = NULL;
	/* What is being asked is answered all the same, for the cache. */
	if (l->state == LS_WAITING && TAILQ_EMPTY(&l->waiters)) {
		TAILQ_REMOVE(&waiting, l, list);
		RB_REMOVE(lookup_tree, &lookups, l);
		lookup_free(l);
	}
}

int
resolve_candidate(const char *host, unsigned int i, char *buf, size_t size)
{
	const char	*p;
	size_t		 len;
	unsigned int	 dots, plain;

	len = strlen(host);
	/* With a colon it is an address with an unknown scope. */
	if (len == 0 || len >= HOST_MAX || strchr(host, ':') != NULL)
		return (-1);
	if (host[len - 1] == '.') {
		strlcpy(buf, host, size);
		return (i == 0 ? 0 : -1);
	}
	for (dots = 0, p = host; *p != '\0'; p++)
		dots += *p == '.';
	plain = dots >= conf.ndots ? 0 : conf.nsearch;
	if (i > conf.nsearch)
		return (-1);
	if (i == plain) {
		strlcpy(buf, host, size);
		return (0);
	}
	/* c-ares refuses one that gets too long. */
	snprintf(buf, size, "%s.%s", host,
	    conf.search[i > plain ? i - 1 : i]);
	return (0);
}

static struct lookup *
lookup_find(const char *host, struct servers *servers)
{
	struct lookup	 key;

	key.host = host;
	key.servers = servers;
	return (RB_FIND(lookup_tree, &lookups, &key));
}

static struct lookup *
lookup_new(const char *host, struct servers *servers)
{
	struct lookup	*l;
	size_t		 n;

	n = strlen(host) + 1;
	if ((l = calloc(1, sizeof(*l) + n)) == NULL)
		return (NULL);
	l->host = memcpy(l + 1, host, n);
	l->servers = servers_ref(servers);
	l->state = LS_NEW;
	TAILQ_INIT(&l->waiters);
	RB_INSERT(lookup_tree, &lookups, l);
	return (l);
}

static void
lookup_free(struct lookup *l)
{
	unsigned int	 i;

	for (i = 0; i < 2; i++) {
		if (l->query[i] != NULL)
			l->query[i]->lookup = NULL;
		addrs_unref(l->got[i]);
	}
	addrs_unref(l->addrs);
	servers_unref(l->servers);
	free(l);
}

/* Asks for both kinds of address of the present candidate. */
static void
lookup_ask(struct lookup *l)
{
	static const int	 types[2] = { DNS_A, DNS_AAAA };
	struct channel		*ch;
	struct query		*q;
	char			 name[2 * HOST_MAX];
	unsigned int		 i;

	if (resolve_candidate(l->host, l->candidate, name,
	    sizeof(name)) == -1) {
		lookup_finish(l, NULL, strchr(l->host, ':') != NULL ?
		    "no such interface" : "no such host");
		return;
	}
	ch = channel_for(l->servers != NULL ? l->servers : conf_servers);
	if (ch == NULL) {
		l->state = LS_WAITING;
		TAILQ_INSERT_TAIL(&waiting, l, list);
		return;
	}
	l->state = LS_ASKING;
	l->pending = 2;
	l->ttl = RESOLVE_TTL_MAX;
	for (i = 0; i < 2; i++) {
		if ((q = malloc(sizeof(*q))) == NULL)
			fatal(NULL);
		q->lookup = l;
		q->ch = ch;
		q->side = i;
		l->query[i] = q;
	}
	/* Either may be answered, and with an error, before it returns. */
	for (i = 0; i < 2; i++)
		channel_ask(ch, name, types[i], query_answer, l->query[i]);
}

static void
query_answer(void *arg, int status, int timeouts, unsigned char *msg, int len)
{
	struct query	*q = arg;
	struct lookup	*l = q->lookup;
	struct channel	*ch = q->ch;
	unsigned int	 side = q->side;

	(void)timeouts;
	free(q);
	if (l != NULL) {
		l->query[side] = NULL;
		if (status == ARES_SUCCESS)
			status = lookup_take(l, side, msg, len);
		l->status[side] = status;
		lookup_answered(l, side);
	}
	channel_release(ch);
}

/* The addresses in one answer, which is as large as the server likes. */
static int
lookup_take(struct lookup *l, unsigned int side, unsigned char *msg, int len)
{
	struct ares_addrttl	 v4[ASK_ADDRS];
	struct ares_addr6ttl	 v6[ASK_ADDRS];
	struct addrs		*as;
	struct addr		*a;
	int			 i, n, status, ttl;

	n = ASK_ADDRS;
	status = side == 0 ? ares_parse_a_reply(msg, len, NULL, v4, &n) :
	    ares_parse_aaaa_reply(msg, len, NULL, v6, &n);
	if (status != ARES_SUCCESS)
		return (status);
	if (n <= 0)
		return (ARES_ENODATA);
	if ((as = calloc(1, sizeof(*as) + n * sizeof(as->a[0]))) == NULL)
		fatal(NULL);
	as->refs = 1;
	for (i = 0; i < n; i++) {
		a = &as->a[as->n++];
		if (side == 0) {
			a->u.in.sin_family = AF_INET;
			a->u.in.sin_addr = v4[i].ipaddr;
			ttl = v4[i].ttl;
		} else {
			a->u.in6.sin6_family = AF_INET6;
			memcpy(&a->u.in6.sin6_addr, &v6[i].ip6addr,
			    sizeof(a->u.in6.sin6_addr));
			ttl = v6[i].ttl;
		}
		if (ttl < RESOLVE_TTL_MIN)
			ttl = RESOLVE_TTL_MIN;
		if ((unsigned int)ttl < l->ttl)
			l->ttl = ttl;
	}
	l->got[side] = as;
	return (ARES_SUCCESS);
}

static void
lookup_answered(struct lookup *l, unsigned int side)
{
	struct addrs	*as;

	if (--l->pending > 0) {
		/* Some servers drop questions for AAAA: do not wait long. */
		if (l->got[side] != NULL) {
			l->state = LS_HALF;
			l->expires = mono_add(mono_now(), MONO_MSEC(ASK_GRACE));
			TAILQ_INSERT_TAIL(&half, l, list);
		}
		return;
	}
	if (l->state == LS_HALF)
		TAILQ_REMOVE(&half, l, list);
	if ((as = lookup_result(l)) != NULL) {
		lookup_finish(l, as, NULL);
		return;
	}
	for (side = 0; side < 2; side++) {
		if (l->status[side] == ARES_ENOTFOUND ||
		    l->status[side] == ARES_ENODATA ||
		    l->status[side] == ARES_EBADNAME)
			continue;
		lookup_finish(l, NULL, lookup_error(l->status[side]));
		return;
	}
	l->candidate++;
	lookup_ask(l);
}

/* Both answers as one list, IPv4 first; NULL when there is no address. */
static struct addrs *
lookup_result(struct lookup *l)
{
	struct addrs	*as;
	unsigned int	 i, n;

	if (l->got[0] == NULL || l->got[1] == NULL) {
		as = l->got[0] != NULL ? l->got[0] : l->got[1];
		l->got[0] = l->got[1] = NULL;
		return (as);
	}
	n = l->got[0]->n + l->got[1]->n;
	if ((as = malloc(sizeof(*as) + n * sizeof(as->a[0]))) == NULL)
		fatal(NULL);
	as->refs = 1;
	as->n = 0;
	for (i = 0; i < 2; i++) {
		memcpy(&as->a[as->n], l->got[i]->a,
		    l->got[i]->n * sizeof(as->a[0]));
		as->n += l->got[i]->n;
		addrs_unref(l->got[i]);
		l->got[i] = NULL;
	}
	return (as);
}

static const char *
lookup_error(int status)
{
	switch (status) {
	case ARES_ETIMEOUT:
		return ("the name servers do not answer");
	case ARES_ECONNREFUSED:		/* or any other failure of all */
		return ("no name server gives an answer");
	case ARES_EBADRESP:
		return ("malformed answer from the name server");
	default:
		return (ares_strerror(status));
	}
}

/* Takes the addresses over; the waiters hear from the event loop. */
static void
lookup_finish(struct lookup *l, struct addrs *as, const char *err)
{
	unsigned int	 i;

	for (i = 0; i < 2; i++) {
		if (l->query[i] != NULL)
			l->query[i]->lookup = NULL;
		l->query[i] = NULL;
	}
	l->addrs = as;
	l->err = err;
	l->state = LS_FINISHED;
	TAILQ_INSERT_TAIL(&finished, l, list);
	tell_soon();
}

static void
tell_soon(void)
{
	struct timeval	 now = { 0, 0 };

	/* Not in resolve_init(): there is no event base yet. */
	if (!tell_set)
		evtimer_set(&tell, lookup_tell, NULL);
	tell_set = 1;
	evtimer_add(&tell, &now);
}

static void
lookup_tell(int fd, short events, void *arg)
{
	struct lookup	*l;
	struct resolve	*r;
	struct addrs	*as;
	unsigned int	 n;

	(void)fd;
	(void)events;
	(void)arg;
	while ((l = TAILQ_FIRST(&finished)) != NULL) {
		TAILQ_REMOVE(&finished, l, list);
		if ((as = addrs_ref(l->addrs)) != NULL)
			cache_add(l);
		else
			RB_REMOVE(lookup_tree, &lookups, l);
		while ((r = TAILQ_FIRST(&l->waiters)) != NULL) {
			TAILQ_REMOVE(&l->waiters, r, entry);
			r->lookup = NULL;
			r->cb(as, l->err, r->arg);
		}
		if (as == NULL)
			lookup_free(l);
		addrs_unref(as);
	}
	/* Those that find no channel again go to the end of the line. */
	for (n = 0, l = TAILQ_FIRST(&waiting); l != NULL;
	    l = TAILQ_NEXT(l, list))
		n++;
	while (n-- > 0) {
		l = TAILQ_FIRST(&waiting);
		TAILQ_REMOVE(&waiting, l, list);
		lookup_ask(l);
	}
}

/* A channel is free, but not yet within c-ares' callback. */
static void
lookup_retry(void)
{
	if (!TAILQ_EMPTY(&waiting))
		tell_soon();
}

static void
lookup_tick(void)
{
	struct lookup	*l;

	while ((l = TAILQ_FIRST(&half)) != NULL &&
	    mono_cmp(mono_now(), l->expires) >= 0) {
		TAILQ_REMOVE(&half, l, list);
		lookup_finish(l, lookup_result(l), NULL);
	}
}

/* Remembers what was found, and forgets what is stale or too much. */
static void
cache_add(struct lookup *l)
{
	struct lookup	*old;
	struct monotime	 now;

	now = mono_now();
	while ((old = TAILQ_FIRST(&cache)) != NULL &&
	    (ncached >= RESOLVE_CACHE_MAX ||
	    mono_cmp(now, old->expires) >= 0))
		cache_drop(old);
	l->state = LS_CACHED;
	l->expires = mono_add(now, MONO_SEC(l->ttl));
	TAILQ_INSERT_TAIL(&cache, l, list);
	ncached++;
}

static void
cache_drop(struct lookup *l)
{
	TAILQ_REMOVE(&cache, l, list);
	ncached--;
	RB_REMOVE(lookup_tree, &lookups, l);
	lookup_free(l);
}

static struct addrs *
hosts_known(const char *host)
{
	const struct hosts_entry	*e;
	struct addrs			*as;
	size_t				 i, n;

	if ((e = hosts_find(&hosts, host, &n)) == NULL)
		return (NULL);
	if (n > RESOLVE_ADDRS_MAX)
		n = RESOLVE_ADDRS_MAX;
	if ((as = malloc(sizeof(*as) + n * sizeof(as->a[0]))) == NULL)
		return (NULL);
	as->refs = 1;
	as->n = n;
	for (i = 0; i < n; i++)
		as->a[i] = e[i].addr;
	return (as);
}

static int
lookup_cmp(struct lookup *a, struct lookup *b)
{
	if (a->servers != b->servers)
		return (a->servers < b->servers ? -1 : 1);
	return (strcasecmp(a->host, b->host));
}

RB_GENERATE(lookup_tree, lookup, entry, lookup_cmp)
