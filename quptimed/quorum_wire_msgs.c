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


#include <stddef.h>
#include <string.h>

#include "quorum_wire.h"

/*
 * Names and fields of the methods.  The fields stand in the order in which the
 * Go nodes write them.
 */

/* A field of the same name on the wire; the rest is as in schema.h. */
#define W(s, m, t, ...)							\
	{ .json = #m, .type = (t), .offset = offsetof(struct s, m),	\
	  __VA_ARGS__ }
#define OMIT		.flags = F_JSONOMIT
#define WRECORD(n, s)							\
static const struct record n##_record = {				\
	.name = #n, .size = sizeof(struct s), .extra = RECORD_NOEXTRA,	\
	.fields = n##_fields,						\
	.nfields = sizeof(n##_fields) / sizeof(n##_fields[0])		\
}

static const struct record	wire_empty_record = {
	.name = "wire_empty", .size = sizeof(struct wire_empty),
	.extra = RECORD_NOEXTRA
};

static const struct field	wire_ping_res_fields[] = {
	W(wire_ping_res, node_id, FT_STR),
	W(wire_ping_res, now, FT_TIME),
};
WRECORD(wire_ping_res, wire_ping_res);

static const struct field	wire_whoami_res_fields[] = {
	W(wire_whoami_res, node_id, FT_STR),
	W(wire_whoami_res, advertise, FT_STR),
	W(wire_whoami_res, fingerprint, FT_STR),
	W(wire_whoami_res, cert_pem, FT_STR),
};
WRECORD(wire_whoami_res, wire_whoami_res);

static const struct field	wire_join_fields[] = {
	W(wire_join, node_id, FT_STR),
	W(wire_join, advertise, FT_STR),
	W(wire_join, fingerprint, FT_STR),
	W(wire_join, cert_pem, FT_STR),
	W(wire_join, cluster_secret, FT_STR, .flags = F_SECRET),
};
WRECORD(wire_join, wire_join);

static const struct field	wire_join_res_fields[] = {
	W(wire_join_res, accepted, FT_BOOL),
	W(wire_join_res, error, FT_STR, OMIT),
};
WRECORD(wire_join_res, wire_join_res);

static const struct field	wire_enroll_fields[] = {
	W(wire_enroll, token_id, FT_STR),
	W(wire_enroll, token_secret, FT_STR, .flags = F_SECRET),
	W(wire_enroll, node_id, FT_STR),
	W(wire_enroll, advertise, FT_STR),
	W(wire_enroll, fingerprint, FT_STR),
	W(wire_enroll, cert_pem, FT_STR),
};
WRECORD(wire_enroll, wire_enroll);

static const struct field	wire_enroll_cluster_fields[] = {
	W(wire_enroll_cluster, peers, FT_RECS, .flags = F_ARRAY,
	    .max = MAX_PEERS, .rec = &wire_whoami_res_record),
};
WRECORD(wire_enroll_cluster, wire_enroll_cluster);

static const struct field	wire_enroll_res_fields[] = {
	W(wire_enroll_res, accepted, FT_BOOL),
	W(wire_enroll_res, pending, FT_BOOL, OMIT),
	W(wire_enroll_res, error, FT_STR, OMIT),
	W(wire_enroll_res, cluster, FT_REC, OMIT,
	    .rec = &wire_enroll_cluster_record),
};
WRECORD(wire_enroll_res, wire_enroll_res);

/* What protocol 2 adds to the messages of a structure. */
#define C(s, m)								\
	{ .json = #m, .type = FT_UINT, OMIT,				\
	  .offset = offsetof(struct s, cons) +				\
	      offsetof(struct wire_cons, m) }
#define CONS(s)								\
	C(s, commit_term), C(s, commit_version), C(s, accepted_term),	\
	C(s, accepted_version), C(s, verdict_term),			\
	C(s, verdict_counter), C(s, verdict_digest)

static const struct field	wire_heartbeat_fields[] = {
	W(wire_heartbeat, from_node_id, FT_STR),
	W(wire_heartbeat, advertise, FT_STR),
	W(wire_heartbeat, term, FT_UINT),
	W(wire_heartbeat, master_id, FT_STR),
	W(wire_heartbeat, config_version, FT_UINT),
	W(wire_heartbeat, proto, FT_UINT, OMIT),
	W(wire_heartbeat, handover_to, FT_STR, OMIT),
	CONS(wire_heartbeat),
};
WRECORD(wire_heartbeat, wire_heartbeat);

static const struct field	wire_heartbeat_res_fields[] = {
	W(wire_heartbeat_res, node_id, FT_STR),
	W(wire_heartbeat_res, advertise, FT_STR),
	W(wire_heartbeat_res, term, FT_UINT),
	W(wire_heartbeat_res, master_id, FT_STR),
	W(wire_heartbeat_res, config_version, FT_UINT),
	W(wire_heartbeat_res, proto, FT_UINT, OMIT),
	CONS(wire_heartbeat_res),
};
WRECORD(wire_heartbeat_res, wire_heartbeat_res);

static const struct field	wire_config_fields[] = {
	W(wire_config, config, FT_REC, .rec = &cluster_record),
	W(wire_config, term, FT_UINT, OMIT),
	W(wire_config, master_id, FT_STR, OMIT),
	CONS(wire_config),
};
WRECORD(wire_config, wire_config);

static const struct field	wire_apply_res_fields[] = {
	W(wire_apply_res, applied, FT_BOOL),
	W(wire_apply_res, current_version, FT_UINT),
	W(wire_apply_res, term, FT_UINT, OMIT),
	W(wire_apply_res, reason, FT_STR, OMIT),
	CONS(wire_apply_res),
};
WRECORD(wire_apply_res, wire_apply_res);

static const struct field	wire_vote_fields[] = {
	W(wire_vote, term, FT_UINT),
	W(wire_vote, candidate_id, FT_STR),
	W(wire_vote, pre, FT_BOOL, OMIT),
	CONS(wire_vote),
};
WRECORD(wire_vote, wire_vote);

static const struct field	wire_vote_res_fields[] = {
	W(wire_vote_res, term, FT_UINT),
	W(wire_vote_res, granted, FT_BOOL),
	W(wire_vote_res, reason, FT_STR, OMIT),
	CONS(wire_vote_res),
};
WRECORD(wire_vote_res, wire_vote_res);

static const struct field	wire_record_pending_fields[] = {
	W(wire_record_pending, id, FT_STR),
	W(wire_record_pending, pending_join, FT_REC,
	    .rec = &pending_join_record),
};
WRECORD(wire_record_pending, wire_record_pending);

static const struct field	wire_propose_fields[] = {
	W(wire_propose, from_node_id, FT_STR),
	W(wire_propose, kind, FT_STR),
};
WRECORD(wire_propose, wire_propose);

static const struct field	wire_propose_res_fields[] = {
	W(wire_propose_res, new_version, FT_UINT),
	W(wire_propose_res, error, FT_STR, OMIT),
};
WRECORD(wire_propose_res, wire_propose_res);

static const struct field	one_result_fields[] = {
	W(wire_result, check_id, FT_STR),
	W(wire_result, ok, FT_BOOL),
	W(wire_result, detail, FT_STR, OMIT),
	W(wire_result, latency_ms, FT_INT),
	W(wire_result, at, FT_TIME),
};
WRECORD(one_result, wire_result);

static const struct field	wire_report_fields[] = {
	W(wire_report, from_node_id, FT_STR),
	W(wire_report, check_id, FT_STR),
	W(wire_report, ok, FT_BOOL),
	W(wire_report, detail, FT_STR, OMIT),
	W(wire_report, latency_ms, FT_INT),
	W(wire_report, at, FT_TIME),
	W(wire_report, results, FT_RECS, OMIT, .max = MAX_CHECKS,
	    .rec = &one_result_record),
};
WRECORD(wire_report, wire_report);

/* As it is written when it holds a list. */
static const struct field	wire_reports_fields[] = {
	W(wire_report, from_node_id, FT_STR),
	W(wire_report, results, FT_RECS, .max = MAX_CHECKS,
	    .rec = &one_result_record),
};
WRECORD(wire_reports, wire_report);

static const struct field	wire_peer_status_fields[] = {
	W(wire_peer_status, node_id, FT_STR),
	W(wire_peer_status, advertise, FT_STR),
	W(wire_peer_status, live, FT_BOOL),
	W(wire_peer_status, last_seen, FT_TIME),
};
WRECORD(wire_peer_status, wire_peer_status);

static const struct field	wire_check_status_fields[] = {
	W(wire_check_status, check_id, FT_STR),
	W(wire_check_status, name, FT_STR),
	W(wire_check_status, state, FT_STR),
	W(wire_check_status, ok_count, FT_INT),
	W(wire_check_status, total, FT_INT),
	W(wire_check_status, detail, FT_STR, OMIT),
	W(wire_check_status, disabled, FT_BOOL, OMIT),
	W(wire_check_status, alerts, FT_STRS, OMIT, .max = MAX_ALERTS),
	W(wire_check_status, since, FT_TIME, OMIT),
};
WRECORD(wire_check_status, wire_check_status);

static const struct field	wire_status_fields[] = {
	W(wire_status, check_id, FT_STR, OMIT),
};
WRECORD(wire_status, wire_status);

static const struct field	wire_status_res_fields[] = {
	W(wire_status_res, node_id, FT_STR),
	W(wire_status_res, term, FT_UINT),
	W(wire_status_res, master_id, FT_STR),
	W(wire_status_res, config_version, FT_UINT),
	W(wire_status_res, peers, FT_RECS, .max = MAX_PEERS,
	    .rec = &wire_peer_status_record),
	W(wire_status_res, checks, FT_RECS, .max = MAX_CHECKS,
	    .rec = &wire_check_status_record),
	W(wire_status_res, has_quorum, FT_BOOL),
	W(wire_status_res, quorum_size, FT_INT),
	W(wire_status_res, results, FT_RECS, OMIT, .max = MAX_PEERS,
	    .rec = &node_result_record),
};
WRECORD(wire_status_res, wire_status_res);

static const struct {
	const char		*name;
	const struct record	*params;
	const struct record	*result;
} methods[WIRE_METHODS] = {
	[WIRE_PING] =		{ "Ping", &wire_empty_record,
				    &wire_ping_res_record },
	[WIRE_WHOAMI] =		{ "WhoAmI", &wire_empty_record,
				    &wire_whoami_res_record },
	[WIRE_JOIN] =		{ "Join", &wire_join_record,
				    &wire_join_res_record },
	[WIRE_ENROLL] =		{ "Enroll", &wire_enroll_record,
				    &wire_enroll_res_record },
	[WIRE_HEARTBEAT] =	{ "Heartbeat", &wire_heartbeat_record,
				    &wire_heartbeat_res_record },
	[WIRE_GET_CONFIG] =	{ "GetClusterCfg", &wire_empty_record,
				    &wire_config_record },
	[WIRE_APPLY_CONFIG] =	{ "ApplyClusterCfg", &wire_config_record,
				    &wire_apply_res_record },
	[WIRE_PROPOSE] =	{ "ProposeMutation", &wire_propose_record,
				    &wire_propose_res_record },
	[WIRE_REPORT] =		{ "ReportResult", &wire_report_record,
				    &wire_empty_record },
	[WIRE_STATUS] =		{ "Status", &wire_status_record,
				    &wire_status_res_record },
	[WIRE_VOTE] =		{ "RequestVote", &wire_vote_record,
				    &wire_vote_res_record },
};

/* The payload of a proposal, as the one field of a struct proposal. */
#define PAYLOAD(m, t, ...)						\
	{ .json = "payload", .type = (t),				\
	  .offset = offsetof(struct proposal, m), __VA_ARGS__ }

static const struct wire_kind	kinds[PROP_KINDS] = {
	[PROP_ADD_CHECK] = { "add_check", "check",
	    PAYLOAD(check, FT_REC, .rec = &check_record) },
	[PROP_REMOVE_CHECK] = { "remove_check", "target",
	    PAYLOAD(target, FT_STR) },
	[PROP_ADD_ALERT] = { "add_alert", "alert",
	    PAYLOAD(alert, FT_REC, .rec = &alert_record) },
	[PROP_REMOVE_ALERT] = { "remove_alert", "target",
	    PAYLOAD(target, FT_STR) },
	[PROP_ADD_PEER] = { "add_peer", "peer",
	    PAYLOAD(peer, FT_REC, .rec = &peer_record) },
	[PROP_REMOVE_PEER] = { "remove_peer", "target",
	    PAYLOAD(target, FT_STR) },
	[PROP_REPLACE_CONFIG] = { "replace_config", "replace_config",
	    PAYLOAD(config, FT_REC, .rec = &cluster_record) },
	[PROP_ADD_ENROLLMENT] = { "add_enrollment", "enrollment",
	    PAYLOAD(enrollment, FT_REC, .rec = &enrollment_record) },
	[PROP_REMOVE_ENROLLMENT] = { "remove_enrollment", "target",
	    PAYLOAD(target, FT_STR) },
	[PROP_RECORD_PENDING] = { "record_enroll_pending", "record-pending",
	    PAYLOAD(pending, FT_REC, .rec = &wire_record_pending_record) },
	[PROP_APPROVE_ENROLLMENT] = { "approve_enrollment", "target",
	    PAYLOAD(target, FT_STR) },
	[PROP_SET_RESOLVERS] = { "set_resolvers", "resolvers",
	    PAYLOAD(resolvers, FT_STRS, .flags = F_ARRAY, .max = MAX_LIST) },
};

enum wire_method
wire_method_of(const char *name)
{
	int	 i;

	for (i = 0; i < WIRE_METHODS; i++)
		if (strcmp(str(name), methods[i].name) == 0)
			break;
	return (i);
}

const char *
wire_method_name(enum wire_method m)
{
	return (methods[m].name);
}

const struct record *
wire_params_record(enum wire_method m)
{
	return (methods[m].params);
}

const struct record *
wire_result_record(enum wire_method m)
{
	return (methods[m].result);
}

const struct record *
wire_report_form(const struct wire_report *r)
{
	return (r != NULL && r->results.n > 0 ? &wire_reports_record :
	    &wire_report_record);
}

const struct wire_kind *
wire_kind(enum proposal_kind k)
{
	return (&kinds[k]);
}

const char *
proposal_kind_name(enum proposal_kind k)
{
	return (kinds[k].name);
}

const char *
wire_untrusted(enum dialect d)
{
	if (d == DIALECT_V01)
		return ("peer not trusted; run `qu node add` first");
	return ("peer not trusted; obtain an enrollment token via "
	    "`qu enroll create` on the cluster");
}
