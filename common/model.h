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

#ifndef MODEL_H
#define MODEL_H

#include "monotime.h"
#include "schema.h"

/*
 * Every record that stands in a file, crosses the wire, or is shown.  Names,
 * bounds and defaults are in the tables of model.c.
 */

#define MAX_CHECKS	20000
#define MAX_ALERTS	1000
#define MAX_PEERS	256
#define MAX_ENROLLMENTS	256
#define MAX_LIST	64	/* entries in a list of strings */

#define DEFAULT_PORT		9901
#define DEFAULT_INTERVAL	30000000000LL
#define DEFAULT_TIMEOUT		10000000000LL
#define DEFAULT_EXPECT_STATUS	200
#define DEFAULT_WARN_DAYS	14

enum check_type {
	CHECK_UNKNOWN,
	CHECK_HTTP,
	CHECK_TCP,
	CHECK_ICMP,
	CHECK_TLS,
	CHECK_DNS
};
#define CHECK_BIT(t)	(1U << (t))

enum alert_type {
	ALERT_UNKNOWN,
	ALERT_SMTP,
	ALERT_DISCORD,
	ALERT_WEBHOOK
};
#define ALERT_BIT(t)	(1U << (t))

enum check_state {
	STATE_UNKNOWN,
	STATE_UP,
	STATE_DOWN
};

struct node {			/* node.yaml */
	char		*node_id;
	char		*bind_addr;
	uint64_t	 bind_port;
	char		*advertise;
	char		*cluster_secret;
	char		*compat;	/* v0.3, the default, or v0.1 */
	struct xnode	*extra;
};

struct peer {
	char		*node_id;
	char		*advertise;
	char		*fingerprint;
	char		*cert_pem;
	struct xnode	*extra;
};

struct check {
	char		*id;
	char		*name;
	char		*type;		/* see check_type_of() */
	char		*target;
	int64_t		 interval;	/* ns; 0: DEFAULT_INTERVAL */
	int64_t		 timeout;	/* ns; 0: DEFAULT_TIMEOUT */
	int64_t		 expect_status;
	char		*body_match;
	int64_t		 tls_warn_days;
	char		*tls_server_name;
	char		*dns_record;
	char		*dns_resolver;
	char		*dns_expect;
	struct strlist	 alert_ids;
	struct strlist	 suppress_alert_ids;
	int		 disabled;
	struct strlist	 resolvers;
	struct xnode	*extra;
};

struct alert {
	char		*id;
	char		*name;
	char		*type;		/* see alert_type_of() */
	int		 is_default;
	int		 disabled;
	char		*smtp_host;
	int64_t		 smtp_port;
	char		*smtp_user;
	char		*smtp_password;
	char		*smtp_from;
	struct strlist	 smtp_to;
	int		 smtp_starttls;
	char		*discord_webhook;
	char		*webhook_url;
	char		*subject_template;
	char		*body_template;
	struct xnode	*extra;
};

struct pending_join {
	char		*node_id;
	char		*advertise;
	char		*fingerprint;
	char		*cert_pem;
	struct walltime	 submitted_at;
	struct xnode	*extra;
};

struct enrollment {
	char			*id;
	char			*name;
	char			*secret_hash;
	int			 auto_approve;
	char			*created_by;
	struct walltime		 created_at;
	struct walltime		 expires_at;
	struct pending_join	*pending_join;
	struct xnode		*extra;
};

struct cluster {		/* cluster.yaml */
	uint64_t	 version;
	struct walltime	 updated_at;
	char		*updated_by;
	struct reclist	 peers;		/* struct peer */
	struct reclist	 checks;	/* struct check */
	struct reclist	 alerts;	/* struct alert */
	struct reclist	 enrollments;	/* struct enrollment */
	struct strlist	 resolvers;
	uint64_t	 protocol;	/* 0: 1 */
	struct xnode	*extra;
};

struct trust_entry {
	char		*node_id;
	char		*address;
	char		*fingerprint;
	char		*public_key_pem;
	char		*cert_pem;
	struct walltime	 added_at;
	struct xnode	*extra;
};

struct trust {			/* trust.yaml */
	struct reclist	 entries;	/* struct trust_entry */
	struct xnode	*extra;
};

/* Rows of quptimectl show, and of the wire's Status. */
struct status {
	char		*node_id;
	uint64_t	 term;
	char		*master_id;
	uint64_t	 config_version;
	int		 has_quorum;
	int64_t		 quorum_size;
	char		*version;	/* of the daemon */
	int64_t		 uptime;	/* ns */
	int64_t		 checks_up;
	int64_t		 checks_down;
	int64_t		 checks_unknown;
	int64_t		 checks_disabled;
	char		*trouble;	/* why there is no master; "": one */
};

struct peer_status {
	char		*node_id;
	char		*advertise;
	int		 live;
	struct walltime	 last_seen;
	int		 self;		/* this node */
	int		 master;
	int64_t		 rtt;		/* ns; -1: not measured */
	int		 has_offset;
	int64_t		 clock_offset;	/* ns, its clock minus ours */
	char		*protocol;	/* quptimed or quptime; "": not known */
	uint64_t	 config_version;
	struct walltime	 cert_expires;
	char		*address;	/* it is reached at */
	int		 connected;	/* this node to it */
	char		*trouble;	/* why it is not, or is of no use */
};

/* A token, without what would redeem it but when it has just been made. */
struct token_status {
	char		*id;
	char		*name;
	int		 auto_approve;
	char		*created_by;
	struct walltime	 created_at;
	struct walltime	 expires_at;
	char		*joiner;	/* node id that waits; "": none */
	char		*advertise;	/* its */
	char		*fingerprint;	/* its */
	struct walltime	 submitted_at;
	char		*token;		/* its text, once */
};

/* One line of what happens. */
struct event_row {
	struct walltime	 when;
	char		*kind;		/* check, peer, master, config, ... */
	char		*subject;	/* which */
	char		*text;
};

struct check_status {
	char		*check_id;
	char		*name;
	char		*state;		/* up, down, unknown */
	int64_t		 ok_count;
	int64_t		 total;
	char		*detail;
	int		 disabled;
	struct strlist	 alerts;	/* names, * marks a default */
	char		*type;
	char		*target;
	struct walltime	 since;		/* of the state */
	int64_t		 latency;	/* ns, of this node's last result */
	int64_t		 age;		/* ns, of this node's last result; -1 */
};

/* What one node said of a check last. */
struct node_result {
	char		*node_id;
	char		*result;	/* ok, fail; none: nothing yet */
	int		 fresh;		/* it counts in the verdict */
	char		*detail;
	int64_t		 latency;	/* ns */
	int64_t		 age;		/* ns; -1: none */
};

/* What an alert tells: the check, what changed, and on what evidence. */
struct snapshot {
	char		*check_id;
	char		*state;
	int64_t		 reports;
	int64_t		 ok_count;
	int64_t		 not_ok;
	char		*detail;
	struct walltime	 update_at;
};

struct alert_event {
	char		*id;		/* the same in every copy sent */
	struct check	*check;
	char		*from;
	char		*to;
	char		*verb;		/* DOWN, UP, RECOVERED, TEST */
	char		*node_id;	/* of the master that sends it */
	struct walltime	 when;
	struct snapshot	*snapshot;
};

extern const struct record	 node_record;
extern const struct record	 peer_record;
extern const struct record	 check_record;
extern const struct record	 alert_record;
extern const struct record	 pending_join_record;
extern const struct record	 enrollment_record;
extern const struct record	 cluster_record;
extern const struct record	 trust_entry_record;
extern const struct record	 trust_record;
extern const struct record	 status_record;
extern const struct record	 peer_status_record;
extern const struct record	 check_status_record;
extern const struct record	 node_result_record;
extern const struct record	 token_status_record;
extern const struct record	 event_row_record;
extern const struct record	 snapshot_record;
extern const struct record	 alert_event_record;

/* Typed views of the lists. */
#define CLUSTER_PEER(c, i)	((struct peer *)(c)->peers.v[i])
#define CLUSTER_CHECK(c, i)	((struct check *)(c)->checks.v[i])
#define CLUSTER_ALERT(c, i)	((struct alert *)(c)->alerts.v[i])
#define CLUSTER_ENROLLMENT(c, i) ((struct enrollment *)(c)->enrollments.v[i])

enum check_type	 check_type_of(const struct check *);
const char	*check_type_name(enum check_type);
enum alert_type	 alert_type_of(const struct alert *);
const char	*alert_type_name(enum alert_type);
const char	*state_name(enum check_state);
/* The values in force: what is set, else the default.  Nanoseconds. */
int64_t		 check_interval(const struct check *);
int64_t		 check_timeout(const struct check *);
/* "" for NULL. */
const char	*str(const char *);

#endif /* MODEL_H */
