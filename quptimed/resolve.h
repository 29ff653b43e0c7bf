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

#ifndef RESOLVE_H
#define RESOLVE_H

#include <sys/queue.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Names to addresses without blocking: literals, the hosts file, a cache that
 * honours TTLs, then c-ares on libevent.  resolv.conf and hosts come as
 * descriptors, as a jailed process cannot open them.
 */

#define RESOLVE_ADDRS_MAX	16	/* of one name, both families */
#define RESOLVE_CHANNELS	8	/* server lists in use at a time */
#define RESOLVE_CACHE_MAX	20000	/* names; one per check at most */
#define RESOLVE_TTL_MIN		1	/* seconds */
#define RESOLVE_TTL_MAX		300
#define HOST_MAX		254	/* RFC 1035, with NUL */

struct addr {
	union {
		struct sockaddr		sa;
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
	} u;
};
#define ADDR_STRLEN	80	/* "[v6%scope]:port" with NUL */

/* Shared and counted. */
struct addrs {
	unsigned int	refs;
	unsigned int	n;
	struct addr	a[];
};

/* An interned, counted list of name servers; NULL: those of resolv.conf. */
struct servers;

/* One lookup somebody waits for; storage is the caller's. */
struct resolve {
	TAILQ_ENTRY(resolve)	 entry;
	struct lookup		*lookup;	/* NULL: not under way */
	void			(*cb)(struct addrs *, const char *, void *);
	void			*arg;
};

/*
 * The interfaces there are, for zones by name; a jailed process cannot ask for
 * them.  resolve_init() does it.
 */
void		 addr_zones_init(void);
void		 addr_zones_clear(void);
/* 0, or -1 when it is no address literal, or one with an unknown zone. */
int		 addr_parse(const char *, uint16_t, struct addr *);
/* Whether a name server can be that: an address, maybe with a port. */
int		 addr_isserver(const char *);
socklen_t	 addr_len(const struct addr *);
void		 addr_setport(struct addr *, uint16_t);
/* "1.2.3.4:80", "[::1]:80"; without the port when it is 0. */
const char	*addr_format(const struct addr *, char *, size_t);
/* Whether both are the same address, whatever the ports. */
int		 addr_equal(const struct addr *, const struct addr *);
struct addrs	*addrs_ref(struct addrs *);
void		 addrs_unref(struct addrs *);

/*
 * Makes that many c-ares channels; they read /dev/urandom, so before the
 * sandbox.  Fatal when it fails.
 */
void		 resolve_init(unsigned int);
void		 resolve_shutdown(void);
/* The files' new contents.  The descriptors are taken over. */
void		 resolve_set_conf(int);
void		 resolve_set_hosts(int);
/*
 * The list that has these "address[:port]" entries.  NULL when none of them is
 * an address or memory is out.
 */
struct servers	*servers_get(char *const *, unsigned int);
struct servers	*servers_ref(struct servers *);
void		 servers_unref(struct servers *);
/* Those of resolv.conf; not a reference. */
struct servers	*servers_system(void);
unsigned int	 servers_count(const struct servers *);
const struct addr *
		 servers_addr(const struct servers *, unsigned int);

/*
 * What is known without asking anybody, as a reference; NULL when the name has
 * to be looked up.
 */
struct addrs	*resolve_known(const char *, struct servers *);
/* The same, of the hosts file and localhost only. */
struct addrs	*resolve_local(const char *);
/*
 * The name to ask for at that place of the search list, as resolv.conf(5) has
 * it: names with enough dots as they are first, others last.  0, or -1 at the
 * end.
 */
int		 resolve_candidate(const char *, unsigned int, char *, size_t);
/*
 * Looks it up.  The callback comes from the event loop, once, with addresses
 * that it must addrs_ref() to keep, or NULL and a reason.  0, or -1 when out of
 * memory.
 */
int		 resolve_start(struct resolve *, const char *, struct servers *,
		    void (*)(struct addrs *, const char *, void *), void *);
void		 resolve_cancel(struct resolve *);

/* resolve_conf.c: the two files, pure. */
#define RESOLVCONF_SERVERS	8
#define RESOLVCONF_SEARCH	6

struct resolvconf {
	struct addr	 servers[RESOLVCONF_SERVERS];
	char		 search[RESOLVCONF_SEARCH][HOST_MAX];
	unsigned int	 nservers;
	unsigned int	 nsearch;
	unsigned int	 ndots;
};

struct hosts_entry {
	const char	*name;		/* in hosts.text */
	uint32_t	 line;
	struct addr	 addr;
};

struct hosts {
	char			*text;
	struct hosts_entry	*v;	/* by name, then as in the file */
	size_t			 n;
};

/* What it does not understand is skipped, as every resolver does. */
void		 resolvconf_parse(struct resolvconf *, const char *, size_t);
/* 0, or -1 when out of memory. */
int		 hosts_parse(struct hosts *, const char *, size_t);
/* The entries of a name, their number in the last argument. */
const struct hosts_entry *
		 hosts_find(const struct hosts *, const char *, size_t *);
void		 hosts_clear(struct hosts *);

#endif /* RESOLVE_H */
