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


#ifndef QUORUM_WIRE_H
#define QUORUM_WIRE_H

#include "imsg.h"
#include "model.h"

/*
 * The messages of the mesh, as text and as structures.  Pure: no clock, socket
 * or log.  A frame holds one JSON value, a request {"id", "method", "params"}
 * or a response {"id", "result"} or {"id", "error"}, byte for byte as QUptime
 * writes them; what comes in may be laid out in any way.
 */

/* Which QUptime the other nodes are; node.yaml's compat. */
enum dialect {
	DIALECT_V03,
	DIALECT_V01
};

enum wire_method {
	WIRE_PING,
	WIRE_WHOAMI,
	WIRE_JOIN,
	WIRE_ENROLL,
	WIRE_HEARTBEAT,
	WIRE_GET_CONFIG,
	WIRE_APPLY_CONFIG,
	WIRE_PROPOSE,
	WIRE_REPORT,
	WIRE_STATUS,
	WIRE_VOTE,		/* protocol 2 */
	WIRE_METHODS		/* their number; a method that is not known */
};

/* Parameters and results, strings owned by the structure. */
struct wire_empty {
	int		 none;
};

struct wire_ping_res {
	char		*node_id;
	struct walltime	 now;
};

struct wire_whoami_res {
	char		*node_id;
	char		*advertise;
	char		*fingerprint;
	char		*cert_pem;
};

struct wire_join {
	char		*node_id;
	char		*advertise;
	char		*fingerprint;
	char		*cert_pem;
	char		*cluster_secret;	/* wiped when freed */
};

struct wire_join_res {
	int		 accepted;
	char		*error;
};

struct wire_enroll {
	char		*token_id;
	char		*token_secret;		/* wiped when freed */
	char		*node_id;
	char		*advertise;
	char		*fingerprint;
	char		*cert_pem;
};

struct wire_enroll_cluster {
	struct reclist	 peers;		/* wire_whoami_res: the same fields */
};

struct wire_enroll_res {
	int		 accepted;
	int		 pending;
	char		*error;
	struct wire_enroll_cluster *cluster;
};

/* What protocol 2 adds to messages; all zero in protocol 1, and not written. */
struct wire_cons {
	uint64_t	 commit_term;
	uint64_t	 commit_version;
	uint64_t	 accepted_term;
	uint64_t	 accepted_version;
	uint64_t	 verdict_term;	/* stamp of the latest verdict held */
	uint64_t	 verdict_counter;
	uint64_t	 verdict_digest;
};

struct wire_heartbeat {
	char		*from_node_id;
	char		*advertise;
	uint64_t	 term;
	char		*master_id;
	uint64_t	 config_version;
	uint64_t	 proto;		/* the highest that is spoken; 0: 1 */
	char		*handover_to;
	struct wire_cons cons;
};

struct wire_heartbeat_res {
	char		*node_id;
	char		*advertise;
	uint64_t	 term;
	char		*master_id;
	uint64_t	 config_version;
	uint64_t	 proto;
	struct wire_cons cons;
};

/* GetClusterCfg's result, ApplyClusterCfg's parameter. */
struct wire_config {
	struct cluster	*config;
	uint64_t	 term;		/* 0: protocol 1 */
	char		*master_id;
	struct wire_cons cons;
};

struct wire_apply_res {
	int		 applied;
	uint64_t	 current_version;
	uint64_t	 term;
	char		*reason;
	struct wire_cons cons;
};

struct wire_vote {
	uint64_t	 term;
	char		*candidate_id;
	int		 pre;
	struct wire_cons cons;
};

struct wire_vote_res {
	uint64_t	 term;
	int		 granted;
	char		*reason;
	struct wire_cons cons;
};

enum proposal_kind {
	PROP_ADD_CHECK,
	PROP_REMOVE_CHECK,
	PROP_ADD_ALERT,
	PROP_REMOVE_ALERT,
	PROP_ADD_PEER,
	PROP_REMOVE_PEER,
	PROP_REPLACE_CONFIG,
	PROP_ADD_ENROLLMENT,
	PROP_REMOVE_ENROLLMENT,
	PROP_RECORD_PENDING,
	PROP_APPROVE_ENROLLMENT,
	PROP_SET_RESOLVERS,
	PROP_KINDS
};

struct wire_record_pending {
	char		*id;
	struct pending_join *pending_join;
};

/* A change on its way to the master; one member by its kind. */
struct proposal {
	enum proposal_kind	 kind;
	struct check		*check;
	struct alert		*alert;
	struct peer		*peer;
	struct cluster		*config;
	struct enrollment	*enrollment;
	struct wire_record_pending *pending;
	char			*target;	/* of a removal or approval */
	struct strlist		 resolvers;
};

/* ProposeMutation but for its payload: see wire_payload(). */
struct wire_propose {
	char		*from_node_id;
	char		*kind;
};

struct wire_propose_res {
	uint64_t	 new_version;
	char		*error;
};

struct wire_result {
	char		*check_id;
	int		 ok;
	char		*detail;
	int64_t		 latency_ms;
	struct walltime	 at;
};

/* One result; or, between two quptimed, a list of them. */
struct wire_report {
	char		*from_node_id;
	char		*check_id;
	int		 ok;
	char		*detail;
	int64_t		 latency_ms;
	struct walltime	 at;
	struct reclist	 results;	/* struct wire_result */
};

struct wire_peer_status {
	char		*node_id;
	char		*advertise;
	int		 live;
	struct walltime	 last_seen;
};

struct wire_check_status {
	char		*check_id;
	char		*name;
	char		*state;
	int64_t		 ok_count;
	int64_t		 total;
	char		*detail;
	int		 disabled;
	struct strlist	 alerts;
	struct walltime	 since;		/* of the state; to quptimed alone */
};

/* What the cluster has decided of a check, and what became of its alert. */
struct wire_verdict {
	char		*check_id;
	char		*state;		/* up, down */
	char		*from;		/* state before */
	struct walltime	 since;
	uint64_t	 term;		/* stamp */
	uint64_t	 counter;
	int64_t		 ok_count;	/* of the nodes that had a result */
	int64_t		 total;
	char		*detail;
	char		*alert;		/* none, owed, sent, failed */
	int64_t		 attempts;
	char		*alert_id;	/* the same in every copy */
};

/* Of one check only, and all about it; quptimed asks so, QUptime does not. */
struct wire_status {
	char		*check_id;
};

struct wire_status_res {
	char		*node_id;
	uint64_t	 term;
	char		*master_id;
	uint64_t	 config_version;
	struct reclist	 peers;		/* struct wire_peer_status */
	struct reclist	 checks;	/* struct wire_check_status */
	int		 has_quorum;
	int64_t		 quorum_size;
	struct reclist	 results;	/* struct node_result, of one check */
};

/* What stands around the parameters or the result. */
struct wire_head {
	uint64_t	 id;
	char		*method;	/* NULL in a response */
	char		*error;		/* NULL: none */
};

void		 wire_head_clear(struct wire_head *);
/*
 * The head of a frame; parameters and result are not looked into.
 * 0; or -1 with verr's msg, which is what follows "decode request: ".
 */
int		 wire_head(const char *, size_t, struct wire_head *,
		    struct verr *);
/* WIRE_METHODS: not known.  Exact, as the Go nodes compare. */
enum wire_method wire_method_of(const char *);
const char	*wire_method_name(enum wire_method);
/* For record_new(), record_clear() and record_free(). */
const struct record
		*wire_params_record(enum wire_method);
const struct record
		*wire_result_record(enum wire_method);
/*
 * Parameters or result of a frame into a zeroed structure of that method.
 * Parameters that are absent are an error ("unexpected end of JSON input")
 * unless the method has none or ignores them; null is the zero value.
 * Bounds of configurations are not checked: see record_validate().
 * 0; or -1 with verr's path and msg and the structure cleared.
 */
int		 wire_params(enum wire_method, const char *, size_t, void *,
		    struct verr *);
int		 wire_result(enum wire_method, const char *, size_t, void *,
		    struct verr *);
/*
 * The payload of a ProposeMutation frame whose parameters name that kind.
 * 0; or -1 with verr's msg, which names what was to be decoded as the Go nodes
 * do: "decode check: ...", "unknown mutation kind \"x\"".
 */
int		 wire_payload(const char *kind, const char *, size_t,
		    struct proposal *, struct verr *);
void		 proposal_clear(struct proposal *);
const char	*proposal_kind_name(enum proposal_kind);

/* A kind's name, what its payload is called in errors, and its field. */
struct wire_kind {
	const char	*name;
	const char	*what;
	struct field	 payload;	/* of struct proposal */
};

/* quorum_wire_msgs.c, for quorum_wire.c and its tests */
const struct wire_kind
		*wire_kind(enum proposal_kind);
/* The record by which a report is written: with its list, or without. */
const struct record
		*wire_report_form(const struct wire_report *);

/*
 * Text of parameters or of a result, NUL-terminated; the caller frees it with
 * freezero(3), as there may be secrets in it.  The structure may be NULL where
 * the method has none.  NULL: out of memory.
 */
char		*wire_params_text(enum wire_method, enum dialect,
		    const void *, size_t *);
char		*wire_result_text(enum wire_method, enum dialect,
		    const void *, size_t *);
/* Parameters of ProposeMutation with their payload. */
char		*wire_propose_text(enum dialect, const char *from_node_id,
		    const struct proposal *, size_t *);
/*
 * A whole frame, without the length that the engine puts before it, behind what
 * the buffer holds.  0; or -1 when it does not fit or memory is out, with the
 * buffer as it was.
 */
int		 wire_put_request(struct ibuf *, uint64_t id, enum wire_method,
		    const char *params, size_t);
int		 wire_put_result(struct ibuf *, uint64_t id,
		    const char *result, size_t);
int		 wire_put_error(struct ibuf *, uint64_t id, const char *);

/* What one who is not trusted is told. */
const char	*wire_untrusted(enum dialect);

#endif /* QUORUM_WIRE_H */
