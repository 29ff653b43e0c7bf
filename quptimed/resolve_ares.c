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
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "log.h"
#include "resolve.h"
#include "resolve_ares.h"

#define ASK_TIMEOUT	500	/* ms for a server's first try, then doubled */
#define ASK_TRIES	4
#define ASK_TICK	250	/* ms between looks for what timed out */
#define DNS_IN		1	/* RFC 1035, 3.2.4 */

struct servers {
	RB_ENTRY(servers)	 entry;
	unsigned int		 refs;
	unsigned int		 n;
	struct addr		 a[RESOLVCONF_SERVERS];
	char			 key[];
};

struct channel {
	ares_channel		 ares;
	struct servers		*servers;
	unsigned int		 active;	/* queries under way */
	struct event		 timer;
	LIST_HEAD(, sock)	 socks;
};

/* A socket that c-ares has open. */
struct sock {
	LIST_ENTRY(sock)	 entry;
	struct event		 ev;
	struct channel		*ch;
	int			 fd;
};

RB_HEAD(servers_tree, servers);

static void		 channel_init(struct channel *);
static int		 channel_use(struct channel *, struct servers *);
static void		 channel_tick(int, short, void *);
static void		 sock_state(void *, ares_socket_t, int, int);
static void		 sock_event(int, short, void *);
static int		 servers_cmp(struct servers *, struct servers *);

RB_PROTOTYPE(servers_tree, servers, entry, servers_cmp)

static struct channel		*channels;
static unsigned int		 nchannels;
static void			(*on_tick)(void);
static void			(*on_idle)(void);
static int			 shutting;
static struct servers_tree	 lists = RB_INITIALIZER(&lists);

void
channels_init(unsigned int n, void (*tick)(void), void (*idle)(void))
{
	unsigned int	 i;

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		fatalx("ares_library_init");
	if ((channels = calloc(n, sizeof(*channels))) == NULL)
		fatal(NULL);
	on_tick = tick;
	on_idle = idle;
	shutting = 0;
	nchannels = n;
	for (i = 0; i < n; i++)
		channel_init(&channels[i]);
}

void
channels_shutdown(void)
{
	unsigned int	 i;

	/* What is under way is called back, and the sockets are closed. */
	shutting = 1;
	for (i = 0; i < nchannels; i++) {
		ares_destroy(channels[i].ares);
		servers_unref(channels[i].servers);
	}
	free(channels);
	channels = NULL;
	nchannels = 0;
	ares_library_cleanup();
}

/* The one that asks these servers, else an idle one; NULL: all are busy. */
struct channel *
channel_for(struct servers *s)
{
	struct channel	*ch, *idle;
	unsigned int	 i;

	for (idle = NULL, i = 0; i < nchannels; i++) {
		ch = &channels[i];
		if (ch->servers == s)
			return (ch);
		if (ch->active == 0 && (idle == NULL || ch->servers == NULL))
			idle = ch;
	}
	if (idle == NULL || channel_use(idle, s) == -1)
		return (NULL);
	return (idle);
}

void
channel_ask(struct channel *ch, const char *name, int type,
    void (*cb)(void *, int, int, unsigned char *, int), void *arg)
{
	struct timeval	 tv = { 0, ASK_TICK * 1000 };

	if (ch->active++ == 0) {
		evtimer_set(&ch->timer, channel_tick, ch);
		evtimer_add(&ch->timer, &tv);
	}
	ares_query(ch->ares, name, DNS_IN, type, cb, arg);
}

void
channel_release(struct channel *ch)
{
	if (--ch->active > 0)
		return;
	evtimer_del(&ch->timer);
	if (!shutting)
		on_idle();
}

struct servers *
servers_get(char *const *v, unsigned int n)
{
	struct addr	 a[RESOLVCONF_SERVERS];
	const char	*errstr;
	char		 buf[ADDR_STRLEN], *host, *port;
	unsigned int	 i, na = 0;
	uint16_t	 num;

	for (i = 0; i < n && na < RESOLVCONF_SERVERS; i++) {
		if (addr_parse(v[i], 53, &a[na]) == 0) {
			na++;
			continue;
		}
		if (strlcpy(buf, v[i], sizeof(buf)) >= sizeof(buf) ||
		    fmt_hostport(buf, &host, &port) == -1)
			continue;
		num = 53;
		if (port != NULL) {
			num = strtonum(port, 1, UINT16_MAX, &errstr);
			if (errstr != NULL)
				continue;
		}
		if (addr_parse(host, num, &a[na]) == 0)
			na++;
	}
	return (na > 0 ? servers_intern(a, na) : NULL);
}

struct servers *
servers_ref(struct servers *s)
{
	if (s != NULL)
		s->refs++;
	return (s);
}

void
servers_unref(struct servers *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	RB_REMOVE(servers_tree, &lists, s);
	free(s);
}

unsigned int
servers_count(const struct servers *s)
{
	return (s->n);
}

const struct addr *
servers_addr(const struct servers *s, unsigned int i)
{
	return (&s->a[i]);
}

/* The one object there is for a list, as a reference. */
struct servers *
servers_intern(const struct addr *a, unsigned int n)
{
	struct servers	*old, *s;
	char		 buf[ADDR_STRLEN];
	size_t		 size;
	unsigned int	 i;

	size = n * ADDR_STRLEN;
	if ((s = calloc(1, sizeof(*s) + size)) == NULL)
		return (NULL);
	for (i = 0; i < n; i++) {
		s->a[i] = a[i];
		strlcat(s->key, addr_format(&a[i], buf, sizeof(buf)), size);
		strlcat(s->key, ",", size);
	}
	s->n = n;
	if ((old = RB_INSERT(servers_tree, &lists, s)) != NULL) {
		free(s);
		s = old;
	}
	s->refs++;
	return (s);
}

/* A configuration that says everything makes c-ares read no file for it. */
static void
channel_init(struct channel *ch)
{
	struct ares_options	 opts;
	struct in_addr		 nobody;
	char			 lookup[] = "b", none[] = "/dev/null";

	memset(&opts, 0, sizeof(opts));
	nobody.s_addr = htonl(INADDR_LOOPBACK);
	opts.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
	opts.timeout = ASK_TIMEOUT;
	opts.tries = ASK_TRIES;
	opts.ndots = 1;
	opts.servers = &nobody;
	opts.nservers = 1;
	opts.lookups = lookup;
	opts.resolvconf_path = none;
	opts.sock_state_cb = sock_state;
	opts.sock_state_cb_data = ch;
	if (ares_init_options(&ch->ares, &opts, ARES_OPT_FLAGS |
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
	    ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
	    ARES_OPT_SORTLIST | ARES_OPT_RESOLVCONF |
	    ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS)
		fatalx("ares_init_options");
	LIST_INIT(&ch->socks);
}

static int
channel_use(struct channel *ch, struct servers *s)
{
	struct ares_addr_port_node	 nodes[RESOLVCONF_SERVERS];
	const struct addr		*a;
	unsigned int			 i;
	uint16_t			 port;

	memset(nodes, 0, sizeof(nodes));
	for (i = 0; i < s->n; i++) {
		a = &s->a[i];
		nodes[i].next = i + 1 < s->n ? &nodes[i + 1] : NULL;
		nodes[i].family = a->u.sa.sa_family;
		if (a->u.sa.sa_family == AF_INET) {
			port = ntohs(a->u.in.sin_port);
			memcpy(&nodes[i].addr, &a->u.in.sin_addr,
			    sizeof(a->u.in.sin_addr));
		} else {
			port = ntohs(a->u.in6.sin6_port);
			memcpy(&nodes[i].addr, &a->u.in6.sin6_addr,
			    sizeof(a->u.in6.sin6_addr));
		}
		nodes[i].udp_port = nodes[i].tcp_port = port;
	}
	if (ares_set_servers_ports(ch->ares, nodes) != ARES_SUCCESS)
		return (-1);
	servers_unref(ch->servers);
	ch->servers = servers_ref(s);
	return (0);
}

/* ares_timeout() looks at every query each time: a slow clock does as well. */
static void
channel_tick(int fd, short events, void *arg)
{
	struct channel	*ch = arg;
	struct timeval	 tv = { 0, ASK_TICK * 1000 };

	(void)fd;
	(void)events;
	evtimer_add(&ch->timer, &tv);
	on_tick();
	ares_process_fd(ch->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* c-ares says what it waits for on which socket; neither: it is closed. */
static void
sock_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct channel	*ch = arg;
	struct sock	*s;
	short		 events;

	LIST_FOREACH(s, &ch->socks, entry)
		if (s->fd == fd)
			break;
	if (s != NULL)
		event_del(&s->ev);
	if (!readable && !writable) {
		if (s != NULL) {
			LIST_REMOVE(s, entry);
			free(s);
		}
		return;
	}
	if (s == NULL) {
		if ((s = malloc(sizeof(*s))) == NULL)
			fatal(NULL);
		s->fd = fd;
		s->ch = ch;
		LIST_INSERT_HEAD(&ch->socks, s, entry);
	}
	events = EV_PERSIST | (readable ? EV_READ : 0) |
	    (writable ? EV_WRITE : 0);
	event_set(&s->ev, fd, events, sock_event, s);
	event_add(&s->ev, NULL);
}

static void
sock_event(int fd, short events, void *arg)
{
	struct sock	*s = arg;

	/* s may be gone when this returns. */
	ares_process_fd(s->ch->ares, events & EV_READ ? fd : ARES_SOCKET_BAD,
	    events & EV_WRITE ? fd : ARES_SOCKET_BAD);
}

static int
servers_cmp(struct servers *a, struct servers *b)
{
	return (strcmp(a->key, b->key));
}

RB_GENERATE(servers_tree, servers, entry, servers_cmp)
