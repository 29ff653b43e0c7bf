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

#ifndef PROBER_H
#define PROBER_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "conn.h"
#include "model.h"
#include "monotime.h"
#include "resolve.h"

struct probe;

/* One kind of check: probe_http.c and so on. */
struct probe_ops {
	/* Takes what it needs of the definition; 0, or -1 without memory. */
	int	(*prepare)(struct probe *, const struct check *);
	/* Ends, now or later, in probe_done(). */
	void	(*start)(struct probe *);
	void	(*cancel)(struct probe *);
};

/* A check as the prober knows it, and the one probe of it under way. */
struct probe {
	RB_ENTRY(probe)		 entry;		/* by the time it is due */
	TAILQ_ENTRY(probe)	 list;		/* fresh, or waiting */
	const struct probe_ops	*ops;
	struct rate		*rate;
	uint32_t		 handle;
	uint32_t		 gen;
	unsigned int		 flags;
#define PROBE_FRESH	0x01	/* set, not committed */
#define PROBE_FIRST	0x02	/* not probed yet */
#define PROBE_WAITING	0x04	/* for a descriptor */
#define PROBE_RUNNING	0x08
	uint64_t		 phase;		/* 2^64 is one interval */
	struct monotime		 due;
	struct monotime		 started;
	struct monotime		 interval;
	struct monotime		 timeout;
	struct servers		*servers;	/* its own list, or NULL */
	char			*broken;	/* the definition's fault */
	int			 unable;	/* or this version's lack */
	/* the kind's own */
	void			*job;		/* conn, httpc or echo */
	char			*target;
	char			*host;		/* within target */
	struct scan		*scan;
	struct addr		 addr;		/* when host is a literal */
	uint16_t		 port;
	uint16_t		 expect;
	uint16_t		 literal;
	uint16_t		 days;		/* of warning */
	uint16_t		 rrtype;	/* dns */
	char			*sni;
	char			*want;		/* in a dns answer */
	struct servers		*legacy;	/* its dns_resolver */
};

/* prober.c */
struct monotime	 probe_deadline(const struct probe *);
struct servers	*probe_servers(const struct probe *);
/* Why it cannot work, as the detail of every result.  0, -1 without memory. */
int		 probe_broken(struct probe *, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
/* The one way out of a probe; NULL: no detail. */
void		 probe_done(struct probe *, int, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));
/* For tests: everything but the child around it. */
void		 prober_init(void);
void		 prober_link(int, const int *);
void		 prober_shutdown(void);

/*
 * prober_sched.c: when to probe.  Pure.  Phases are one golden ratio apart, so
 * that any number of checks of one interval is spread evenly, now and when
 * more are added.
 */
uint64_t	 sched_phase(uint64_t seed, uint64_t seq);
/* The first probe after now, of checks that are to start within spread. */
struct monotime	 sched_first(struct monotime now, struct monotime interval,
		    uint64_t phase, struct monotime spread);
/* The steady time next after a time. */
struct monotime	 sched_next(struct monotime after, struct monotime interval,
		    uint64_t phase);

/*
 * probe_conn.c: probes that are one connection, to the probe's host and port,
 * and what step does over it; step gets the probe.
 */
void		 probe_connect(struct probe *, enum conn_tls,
		    enum io (*)(struct conn *, void *));
void		 probe_disconnect(struct probe *);

/* probe_*.c */
extern const struct probe_ops	 probe_dns_ops;
extern const struct probe_ops	 probe_http_ops;
extern const struct probe_ops	 probe_tcp_ops;
extern const struct probe_ops	 probe_icmp_ops;
extern const struct probe_ops	 probe_tls_ops;

/* probe_dns.c: what an answer holds, for the verdict and its detail. */
#define DNS_SHOWN	3	/* records in a detail */
#define DNS_SHOWN_MAX	96	/* bytes of each */
#define WANT_MAX	4097	/* bytes of a want, with NUL */

struct dns_found {
	const char	*want;		/* in any of them; "": whatever */
	unsigned int	 n;
	int		 matched;
	char		 shown[DNS_SHOWN][DNS_SHOWN_MAX];
	int		 cut[DNS_SHOWN];
};

void		 dns_found_init(struct dns_found *, const char *);
void		 dns_found_add(const char *, size_t, void *);
const char	*dns_found_text(const struct dns_found *, char *, size_t);

/* probe_http.c: looks for a text in a body that comes in pieces. */
#define SCAN_MAX	(1024 * 1024)	/* bytes of the body looked at */

struct scan	*scan_new(const char *);
void		 scan_reset(struct scan *);
/* Whether it has been found, or cannot be any more. */
int		 scan_feed(struct scan *, const char *, size_t);
int		 scan_found(const struct scan *);

/* probe_tcp.c: 0 when it is neither a number nor a name it knows. */
uint16_t	 port_parse(const char *);

/* probe_tls.c: what and whom to ask, and what the certificate's times mean. */

/*
 * "https://host:port/path", "host:port" or "host" split in place.  0, or -1
 * with a static reason.
 */
int		 tls_target(char *, char **, uint16_t *, const char **);
/*
 * 0, or -1 and why not, when a certificate is not valid now or less than that
 * many days longer.
 */
int		 tls_judge(time_t from, time_t to, const struct timespec *now,
		    unsigned int days, char *, size_t);

/* probe_icmp.c: echo requests and replies, RFC 792 and RFC 4443. */
#define ECHO_PAYLOAD	24
#define ECHO_LEN	(8 + ECHO_PAYLOAD)

struct echo_id {
	uint16_t	id;
	uint16_t	seq;
	uint32_t	slot;
	uint64_t	cookie;
	uint64_t	token;
};

void		 probe_icmp_init(void);
void		 probe_icmp_shutdown(void);
void		 probe_icmp_socket(int family, int fd, int raw);
/* buf has ECHO_LEN bytes. */
void		 echo_build(int family, const struct echo_id *, uint8_t *);
/* 0, or -1 when the packet is no echo reply of that form. */
int		 echo_parse(int family, int raw, const uint8_t *, size_t,
		    struct echo_id *);

#endif /* PROBER_H */
