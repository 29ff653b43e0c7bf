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


#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "duration.h"
#include "model.h"

#define USEC		1000LL
#define SEC		1000000000LL
#define MINUTE		(60 * SEC)
#define HOUR		(60 * MINUTE)

#define ID_MAX		64
#define NAME_MAX_LEN	128
#define TARGET_MAX	2048
#define URL_MAX_LEN	2048
#define HOST_MAX	512	/* host:port, as peers and servers have it */
#define MATCH_MAX	4096
#define SECRET_MAX	1024
#define TEMPLATE_MAX	32768
#define PEM_MAX		16384
#define DETAIL_LEN_MAX	4096
#define TRUST_MAX	4096	/* entries outlive the peers they are for */

#define HTTP		CHECK_BIT(CHECK_HTTP)
#define TLS		CHECK_BIT(CHECK_TLS)
#define DNS		CHECK_BIT(CHECK_DNS)
#define SMTP		ALERT_BIT(ALERT_SMTP)
#define DISCORD		ALERT_BIT(ALERT_DISCORD)
#define WEBHOOK		ALERT_BIT(ALERT_WEBHOOK)

/*
 * One field: struct and member, name on the wire, name in files, type, flags,
 * least and most, the types of object it is for, quptimectl's flag, and what
 * it is.  Strings that must be there have at least one byte.
 */
#define F(s, m, j, y, t, fl, lo, hi, ap, opt, ...)			\
	{ .json = (j), .yaml = (y), .type = (t), .flags = (fl),		\
	  .offset = offsetof(struct s, m), .min = (lo), .max = (hi),	\
	  .applies = (ap), .flag = (opt), .help = __VA_ARGS__ }
#define RECORD(s, l, x, c)						\
const struct record s##_record = {					\
	.name = #s, .size = sizeof(struct s), .level = (l), .extra = (x), \
	.fields = s##_fields,						\
	.nfields = sizeof(s##_fields) / sizeof(s##_fields[0]),		\
	.check = (c)							\
}
#define EXTRA(s)	offsetof(struct s, extra)

static int	 node_check(const void *, struct verr *);
static int	 peer_check(const void *, struct verr *);
static int	 check_check(const void *, struct verr *);
static int	 alert_check(const void *, struct verr *);
static int	 pending_join_check(const void *, struct verr *);
static int	 trust_entry_check(const void *, struct verr *);
static int	 check_target(const struct check *, struct verr *);
static int	 smtp_check(const struct alert *, struct verr *);
static int	 identity_check(const char *, const char *, struct verr *);
static int	 is_url(const char *);
static int	 is_hostport(const char *, int);
static int	 is_pem(const char *);

static const char *const	check_types[] = {
	"unknown", "http", "tcp", "icmp", "tls", "dns", NULL
};
static const char *const	alert_types[] = {
	"unknown", "smtp", "discord", "webhook", NULL
};
static const char *const	states[] = { "unknown", "up", "down" };
static const char *const	compats[] = { "v0.1", "v0.3", NULL };
static const char *const	dns_records[] = {
	"a", "aaaa", "cname", "mx", "txt", "ns", NULL
};

static const struct field	node_fields[] = {
	F(node, node_id, NULL, "node_id", FT_STR, 0, 1, ID_MAX,
	    0, NULL, "name of this node in the cluster"),
	F(node, bind_addr, NULL, "bind_addr", FT_STR, 0, 1, HOST_MAX,
	    0, "bind", "address to listen on"),
	F(node, bind_port, NULL, "bind_port", FT_UINT, F_ZERO, 1, 65535,
	    0, "port", "port to listen on"),
	F(node, advertise, NULL, "advertise", FT_STR, 0, 1, HOST_MAX,
	    0, "advertise", "host:port where peers reach this node"),
	F(node, cluster_secret, NULL, "cluster_secret", FT_STR,
	    F_OMIT | F_SECRET, 1, SECRET_MAX,
	    0, NULL, "lets nodes of v0.1 join"),
	F(node, compat, NULL, "compat", FT_STR, F_OMIT, 1, 32,
	    0, NULL, "QUptime version of the other nodes", .words = compats),
};
RECORD(node, 1, EXTRA(node), node_check);

static const struct field	peer_fields[] = {
	F(peer, node_id, "NodeID", "node_id", FT_STR, F_REQUIRED | F_UNIQUE,
	    1, ID_MAX, 0, NULL, "the node's id"),
	F(peer, advertise, "Advertise", "advertise", FT_STR, 0, 1, HOST_MAX,
	    0, "advertise", "host:port where it is reached"),
	F(peer, fingerprint, "Fingerprint", "fingerprint", FT_STR, 0, 1, 128,
	    0, NULL, "of its public key"),
	F(peer, cert_pem, "CertPEM", "cert_pem", FT_STR, F_OMIT | F_TEXT,
	    1, PEM_MAX, 0, NULL, "its certificate"),
};
RECORD(peer, 3, EXTRA(peer), peer_check);

static const struct field	check_fields[] = {
	F(check, id, "ID", "id", FT_STR, F_REQUIRED | F_UNIQUE, 1, ID_MAX,
	    0, NULL, "identifier, never changed"),
	F(check, name, "Name", "name", FT_STR, F_REQUIRED | F_UNIQUE,
	    1, NAME_MAX_LEN, 0, "name", "name, as people use it"),
	F(check, type, "Type", "type", FT_STR, F_REQUIRED, 1, 32,
	    0, NULL, "what kind of check", .words = check_types + 1),
	F(check, target, "Target", "target", FT_STR, F_REQUIRED,
	    1, TARGET_MAX, 0, "target", "what to probe"),
	F(check, interval, "Interval", "interval", FT_DUR, F_ZERO,
	    SEC, 24 * HOUR, 0, "interval", "between two probes"),
	F(check, timeout, "Timeout", "timeout", FT_DUR, F_ZERO,
	    USEC, 5 * MINUTE, 0, "timeout", "for one probe as a whole"),
	F(check, expect_status, "ExpectStatus", "expect_status", FT_INT,
	    F_OMIT | F_ZERO, 100, 599, HTTP, "expect", "status that passes"),
	F(check, body_match, "BodyMatch", "body_match", FT_STR,
	    F_OMIT | F_TEXT, 1, MATCH_MAX,
	    HTTP, "body-match", "text the body must contain"),
	F(check, tls_warn_days, "TLSWarnDays", "tls_warn_days", FT_INT,
	    F_OMIT | F_V03 | F_ZERO, 1, 3650,
	    TLS, "warn-days", "days before a certificate's end"),
	F(check, tls_server_name, "TLSServerName", "tls_server_name", FT_STR,
	    F_OMIT | F_V03, 1, HOST_MAX, TLS, "sni", "server name to ask for"),
	F(check, dns_record, "DNSRecord", "dns_record", FT_STR,
	    F_OMIT | F_V03, 1, 32, DNS, "record", "type of record"),
	F(check, dns_resolver, "DNSResolver", "dns_resolver", FT_STR,
	    F_OMIT | F_V03, 1, HOST_MAX, DNS, "resolver", "server to ask"),
	F(check, dns_expect, "DNSExpect", "dns_expect", FT_STR,
	    F_OMIT | F_V03 | F_TEXT, 1, MATCH_MAX,
	    DNS, "expect", "text one answer must contain"),
	F(check, alert_ids, "AlertIDs", "alert_ids", FT_STRS, F_OMIT,
	    0, MAX_LIST, 0, "alerts", "channels that tell about it"),
	F(check, suppress_alert_ids, "SuppressAlertIDs",
	    "suppress_alert_ids", FT_STRS, F_OMIT, 0, MAX_LIST,
	    0, NULL, "channels that do not, even if default"),
	F(check, disabled, "Disabled", "disabled", FT_BOOL, F_OMIT | F_V03,
	    0, 0, 0, NULL, "kept without being probed"),
	F(check, resolvers, "Resolvers", "resolvers", FT_STRS, F_OMIT | F_V03,
	    0, MAX_LIST, 0, "resolvers", "servers that resolve its target"),
};
RECORD(check, 3, EXTRA(check), check_check);

static const struct field	alert_fields[] = {
	F(alert, id, "ID", "id", FT_STR, F_REQUIRED | F_UNIQUE, 1, ID_MAX,
	    0, NULL, "identifier, never changed"),
	F(alert, name, "Name", "name", FT_STR, F_REQUIRED | F_UNIQUE,
	    1, NAME_MAX_LEN, 0, "name", "name, as people use it"),
	F(alert, type, "Type", "type", FT_STR, F_REQUIRED, 1, 32,
	    0, NULL, "what kind of channel", .words = alert_types + 1),
	F(alert, is_default, "Default", "default", FT_BOOL, F_OMIT, 0, 0,
	    0, "default", "tells about every check"),
	F(alert, disabled, "Disabled", "disabled", FT_BOOL, F_OMIT | F_V03,
	    0, 0, 0, NULL, "kept without sending"),
	F(alert, smtp_host, "SMTPHost", "smtp_host", FT_STR, F_OMIT,
	    1, HOST_MAX, SMTP, "host", "mail server"),
	F(alert, smtp_port, "SMTPPort", "smtp_port", FT_INT,
	    F_OMIT, 1, 65535, SMTP, "port", "its port"),
	F(alert, smtp_user, "SMTPUser", "smtp_user", FT_STR, F_OMIT,
	    1, SECRET_MAX, SMTP, "user", "login"),
	F(alert, smtp_password, "SMTPPassword", "smtp_password", FT_STR,
	    F_OMIT | F_SECRET, 1, SECRET_MAX, SMTP, "password", "for it"),
	F(alert, smtp_from, "SMTPFrom", "smtp_from", FT_STR, F_OMIT,
	    1, HOST_MAX, SMTP, "from", "sender"),
	F(alert, smtp_to, "SMTPTo", "smtp_to", FT_STRS, F_OMIT, 0, MAX_LIST,
	    SMTP, "to", "receivers"),
	F(alert, smtp_starttls, "SMTPStartTLS", "smtp_starttls", FT_BOOL,
	    F_OMIT, 0, 0, SMTP, "starttls", "insist on STARTTLS"),
	F(alert, discord_webhook, "DiscordWebhook", "discord_webhook", FT_STR,
	    F_OMIT | F_SECRET, 1, URL_MAX_LEN,
	    DISCORD, "webhook", "the webhook's URL"),
	F(alert, webhook_url, "WebhookURL", "webhook_url", FT_STR,
	    F_OMIT | F_JSONOMIT | F_SECRET, 1, URL_MAX_LEN,
	    WEBHOOK, "url", "where to post"),
	F(alert, subject_template, "SubjectTemplate", "subject_template",
	    FT_STR, F_OMIT | F_TEXT, 1, TEMPLATE_MAX,
	    0, "subject", "template of the subject"),
	F(alert, body_template, "BodyTemplate", "body_template",
	    FT_STR, F_OMIT | F_TEXT, 1, TEMPLATE_MAX,
	    0, "body", "template of the text"),
};
RECORD(alert, 3, EXTRA(alert), alert_check);

static const struct field	pending_join_fields[] = {
	F(pending_join, node_id, "NodeID", "node_id", FT_STR, F_REQUIRED,
	    1, ID_MAX, 0, NULL, "the node's id"),
	F(pending_join, advertise, "Advertise", "advertise", FT_STR, 0,
	    1, HOST_MAX, 0, NULL, "host:port where it is reached"),
	F(pending_join, fingerprint, "Fingerprint", "fingerprint", FT_STR, 0,
	    1, 128, 0, NULL, "of its public key"),
	F(pending_join, cert_pem, "CertPEM", "cert_pem", FT_STR, F_TEXT,
	    1, PEM_MAX, 0, NULL, "its certificate"),
	F(pending_join, submitted_at, "SubmittedAt", "submitted_at", FT_TIME,
	    0, 0, 0, 0, NULL, "when it asked"),
};
RECORD(pending_join, 4, EXTRA(pending_join), pending_join_check);

static const struct field	enrollment_fields[] = {
	F(enrollment, id, "ID", "id", FT_STR, F_REQUIRED | F_UNIQUE,
	    1, ID_MAX, 0, NULL, "of the token"),
	F(enrollment, name, "Name", "name", FT_STR, F_OMIT, 1, NAME_MAX_LEN,
	    0, NULL, "whom the token is for"),
	F(enrollment, secret_hash, "SecretHash", "secret_hash", FT_STR,
	    F_REQUIRED, 1, 128, 0, NULL, "hash of the token's secret"),
	F(enrollment, auto_approve, "AutoApprove", "auto_approve", FT_BOOL,
	    F_OMIT, 0, 0, 0, NULL, "joins without being approved"),
	F(enrollment, created_by, "CreatedBy", "created_by", FT_STR, 0,
	    1, ID_MAX, 0, NULL, "the node that made it"),
	F(enrollment, created_at, "CreatedAt", "created_at", FT_TIME, 0, 0, 0,
	    0, NULL, "when it was made"),
	F(enrollment, expires_at, "ExpiresAt", "expires_at", FT_TIME, 0, 0, 0,
	    0, NULL, "when it ends"),
	F(enrollment, pending_join, "PendingJoin", "pending_join", FT_REC,
	    F_OMIT, 0, 0, 0, NULL, "the node that waits for approval",
	    .rec = &pending_join_record),
};
RECORD(enrollment, 3, EXTRA(enrollment), NULL);

static const struct field	cluster_fields[] = {
	F(cluster, version, "Version", "version", FT_UINT, 0, 0, 0,
	    0, NULL, "counts the changes"),
	F(cluster, updated_at, "UpdatedAt", "updated_at", FT_TIME, F_STAMP,
	    0, 0, 0, NULL, "when the last change was made"),
	F(cluster, updated_by, "UpdatedBy", "updated_by", FT_STR, 0,
	    1, ID_MAX, 0, NULL, "the node that made it"),
	F(cluster, peers, "Peers", "peers", FT_RECS, F_PRESENT,
	    0, MAX_PEERS, 0, NULL, "the nodes", .rec = &peer_record),
	F(cluster, checks, "Checks", "checks", FT_RECS, F_PRESENT,
	    0, MAX_CHECKS, 0, NULL, "what is watched", .rec = &check_record),
	F(cluster, alerts, "Alerts", "alerts", FT_RECS, F_PRESENT,
	    0, MAX_ALERTS, 0, NULL, "who is told", .rec = &alert_record),
	F(cluster, enrollments, "PendingEnrollments", "pending_enrollments",
	    FT_RECS, F_OMIT | F_V03, 0, MAX_ENROLLMENTS,
	    0, NULL, "tokens", .rec = &enrollment_record),
	F(cluster, resolvers, "Resolvers", "resolvers", FT_STRS, F_OMIT | F_V03,
	    0, MAX_LIST, 0, NULL, "servers for checks that name none"),
	F(cluster, protocol, "Protocol", "protocol", FT_UINT,
	    F_OMIT | F_JSONOMIT, 1, 2, 0, NULL, "of the quorum; 1 if absent"),
};
RECORD(cluster, 1, EXTRA(cluster), NULL);

static const struct field	trust_entry_fields[] = {
	F(trust_entry, node_id, "NodeID", "node_id", FT_STR,
	    F_REQUIRED | F_UNIQUE, 1, ID_MAX, 0, NULL, "the node's id"),
	F(trust_entry, address, "Address", "address", FT_STR, 0, 1, HOST_MAX,
	    0, NULL, "where it was reached"),
	F(trust_entry, fingerprint, "Fingerprint", "fingerprint", FT_STR,
	    F_REQUIRED, 1, 128, 0, NULL, "of its public key"),
	F(trust_entry, public_key_pem, "PublicKeyPEM", "public_key_pem",
	    FT_STR, F_TEXT, 1, PEM_MAX, 0, NULL, "not used"),
	F(trust_entry, cert_pem, "CertPEM", "cert_pem", FT_STR,
	    F_OMIT | F_TEXT, 1, PEM_MAX, 0, NULL, "its certificate"),
	F(trust_entry, added_at, "AddedAt", "added_at", FT_TIME, 0, 0, 0,
	    0, NULL, "when it was added"),
};
RECORD(trust_entry, 3, EXTRA(trust_entry), trust_entry_check);

static const struct field	trust_fields[] = {
	F(trust, entries, "Entries", "entries", FT_RECS, F_PRESENT,
	    0, TRUST_MAX, 0, NULL, "who is trusted",
	    .rec = &trust_entry_record),
};
RECORD(trust, 1, EXTRA(trust), NULL);

/* Rows and events: no files, so their bounds are those of what they copy. */
#define ROW(s, m, j, t, fl, hi, ...)					\
	F(s, m, j, NULL, t, fl, 0, hi, 0, NULL, __VA_ARGS__)

static const struct field	status_fields[] = {
	ROW(status, node_id, "node_id", FT_STR, 0, ID_MAX, "this node"),
	ROW(status, term, "term", FT_UINT, 0, 0, "of the election"),
	ROW(status, master_id, "master_id", FT_STR, 0, ID_MAX, "the master"),
	ROW(status, config_version, "config_version", FT_UINT, 0, 0,
	    "version of the configuration"),
	ROW(status, has_quorum, "has_quorum", FT_BOOL, 0, 0,
	    "enough nodes are live"),
	ROW(status, quorum_size, "quorum_size", FT_INT, 0, 0,
	    "how many that is"),
	ROW(status, version, "version", FT_STR, 0, NAME_MAX_LEN,
	    "of the daemon"),
	ROW(status, uptime, "uptime_ns", FT_DUR, 0, 0, "since its start"),
	ROW(status, checks_up, "checks_up", FT_INT, 0, 0, "checks up"),
	ROW(status, checks_down, "checks_down", FT_INT, 0, 0, "down"),
	ROW(status, checks_unknown, "checks_unknown", FT_INT, 0, 0,
	    "not known yet"),
	ROW(status, checks_disabled, "checks_disabled", FT_INT, 0, 0,
	    "not probed"),
	ROW(status, trouble, "trouble", FT_STR, F_JSONOMIT,
	    DETAIL_LEN_MAX, "why there is no master"),
};
RECORD(status, 0, RECORD_NOEXTRA, NULL);

static const struct field	peer_status_fields[] = {
	ROW(peer_status, node_id, "node_id", FT_STR, 0, ID_MAX, "the node"),
	ROW(peer_status, advertise, "advertise", FT_STR, 0, HOST_MAX,
	    "where it is reached"),
	ROW(peer_status, live, "live", FT_BOOL, 0, 0, "heard of lately"),
	ROW(peer_status, last_seen, "last_seen", FT_TIME, 0, 0, "when"),
	ROW(peer_status, self, "self", FT_BOOL, 0, 0, "this node"),
	ROW(peer_status, master, "master", FT_BOOL, 0, 0, "is master"),
	ROW(peer_status, rtt, "rtt_ns", FT_DUR, 0, 0,
	    "round trip, -1: not measured"),
	ROW(peer_status, has_offset, "clock_known", FT_BOOL, 0, 0,
	    "its clock was read"),
	ROW(peer_status, clock_offset, "clock_offset_ns", FT_INT, 0, 0,
	    "its clock minus ours"),
	ROW(peer_status, protocol, "protocol", FT_STR, 0, 32,
	    "what it speaks"),
	ROW(peer_status, config_version, "config_version", FT_UINT, 0, 0,
	    "version it has"),
	ROW(peer_status, cert_expires, "cert_expires", FT_TIME, 0, 0,
	    "end of its certificate"),
	ROW(peer_status, address, "address", FT_STR, 0, HOST_MAX,
	    "it is reached at"),
	ROW(peer_status, connected, "connected", FT_BOOL, 0, 0,
	    "this node has a connection to it"),
	ROW(peer_status, trouble, "trouble", FT_STR, F_JSONOMIT | F_TEXT,
	    DETAIL_LEN_MAX, "why it has none, or what it is refused"),
};
RECORD(peer_status, 0, RECORD_NOEXTRA, NULL);

static const struct field	token_status_fields[] = {
	ROW(token_status, id, "id", FT_STR, 0, ID_MAX, "id"),
	ROW(token_status, name, "name", FT_STR, 0, NAME_MAX_LEN, "name"),
	ROW(token_status, auto_approve, "auto_approve", FT_BOOL, 0, 0,
	    "joins without being approved"),
	ROW(token_status, created_by, "created_by", FT_STR, 0, ID_MAX,
	    "the node that made it"),
	ROW(token_status, created_at, "created_at", FT_TIME, 0, 0,
	    "when it was made"),
	ROW(token_status, expires_at, "expires_at", FT_TIME, 0, 0,
	    "when it ends"),
	ROW(token_status, joiner, "joiner", FT_STR, F_JSONOMIT, ID_MAX,
	    "the node that waits for approval"),
	ROW(token_status, advertise, "advertise", FT_STR, F_JSONOMIT,
	    HOST_MAX, "its address"),
	ROW(token_status, fingerprint, "fingerprint", FT_STR, F_JSONOMIT,
	    128, "of its public key"),
	ROW(token_status, submitted_at, "submitted_at", FT_TIME, F_JSONOMIT,
	    0, "since when it waits"),
	ROW(token_status, token, "token", FT_STR, F_JSONOMIT, 0,
	    "to be handed over, shown once"),
};
RECORD(token_status, 0, RECORD_NOEXTRA, NULL);

static const struct field	event_row_fields[] = {
	ROW(event_row, when, "time", FT_TIME, 0, 0, "when"),
	ROW(event_row, kind, "kind", FT_STR, 0, 32, "what happened to what"),
	ROW(event_row, subject, "subject", FT_STR, 0, NAME_MAX_LEN, "which"),
	ROW(event_row, text, "text", FT_STR, F_TEXT, DETAIL_LEN_MAX, "what"),
};
RECORD(event_row, 0, RECORD_NOEXTRA, NULL);

static const struct field	check_status_fields[] = {
	ROW(check_status, check_id, "check_id", FT_STR, 0, ID_MAX, "id"),
	ROW(check_status, name, "name", FT_STR, 0, NAME_MAX_LEN, "name"),
	ROW(check_status, state, "state", FT_STR, 0, 32, "state"),
	ROW(check_status, ok_count, "ok_count", FT_INT, 0, 0,
	    "nodes that see it up"),
	ROW(check_status, total, "total", FT_INT, 0, 0, "nodes that see it"),
	ROW(check_status, detail, "detail", FT_STR, F_JSONOMIT | F_TEXT,
	    DETAIL_LEN_MAX, "what the probes say"),
	ROW(check_status, disabled, "disabled", FT_BOOL, F_JSONOMIT, 0,
	    "not probed"),
	ROW(check_status, alerts, "alerts", FT_STRS, F_JSONOMIT, 0,
	    "channels in force"),
	ROW(check_status, type, "type", FT_STR, 0, 32, "type"),
	ROW(check_status, target, "target", FT_STR, 0, TARGET_MAX, "target"),
	ROW(check_status, since, "since", FT_TIME, 0, 0, "of the state"),
	ROW(check_status, latency, "latency_ns", FT_DUR, 0, 0,
	    "of this node's last probe"),
	ROW(check_status, age, "age_ns", FT_DUR, 0, 0,
	    "of this node's last probe, -1: none"),
};
RECORD(check_status, 0, RECORD_NOEXTRA, NULL);

static const struct field	node_result_fields[] = {
	ROW(node_result, node_id, "node_id", FT_STR, 0, ID_MAX, "the node"),
	ROW(node_result, result, "result", FT_STR, 0, 32, "ok, fail or none"),
	ROW(node_result, fresh, "fresh", FT_BOOL, 0, 0, "whether it counts"),
	ROW(node_result, detail, "detail", FT_STR, F_JSONOMIT | F_TEXT,
	    DETAIL_LEN_MAX, "what its probe says"),
	ROW(node_result, latency, "latency_ns", FT_DUR, 0, 0, "of the probe"),
	ROW(node_result, age, "age_ns", FT_DUR, 0, 0, "of it, -1: none"),
};
RECORD(node_result, 0, RECORD_NOEXTRA, NULL);

static const struct field	snapshot_fields[] = {
	ROW(snapshot, check_id, "CheckID", FT_STR, 0, ID_MAX, "the check"),
	ROW(snapshot, state, "State", FT_STR, 0, 32, "its state"),
	ROW(snapshot, reports, "Reports", FT_INT, 0, 0, "reports"),
	ROW(snapshot, ok_count, "OKCount", FT_INT, 0, 0, "of them up"),
	ROW(snapshot, not_ok, "NotOK", FT_INT, 0, 0, "of them down"),
	ROW(snapshot, detail, "Detail", FT_STR, F_TEXT, DETAIL_LEN_MAX,
	    "what they say"),
	ROW(snapshot, update_at, "UpdateAt", FT_TIME, 0, 0, "of the last"),
};
RECORD(snapshot, 0, RECORD_NOEXTRA, NULL);

static const struct field	alert_event_fields[] = {
	ROW(alert_event, id, "ID", FT_STR, 0, ID_MAX, "of the event"),
	ROW(alert_event, check, "Check", FT_REC, 0, 0, "the check",
	    .rec = &check_record),
	ROW(alert_event, from, "From", FT_STR, 0, 32, "state before"),
	ROW(alert_event, to, "To", FT_STR, 0, 32, "state after"),
	ROW(alert_event, verb, "Verb", FT_STR, 0, 32, "what happened"),
	ROW(alert_event, node_id, "NodeID", FT_STR, 0, ID_MAX,
	    "the master that tells"),
	ROW(alert_event, when, "When", FT_TIME, 0, 0, "when"),
	ROW(alert_event, snapshot, "Snapshot", FT_REC, 0, 0, "the evidence",
	    .rec = &snapshot_record),
};
RECORD(alert_event, 0, RECORD_NOEXTRA, NULL);

enum check_type
check_type_of(const struct check *c)
{
	int	 i;

	for (i = CHECK_UNKNOWN + 1; check_types[i] != NULL; i++)
		if (strcmp(str(c->type), check_types[i]) == 0)
			return (i);
	return (CHECK_UNKNOWN);
}

const char *
check_type_name(enum check_type t)
{
	return (check_types[t]);
}

enum alert_type
alert_type_of(const struct alert *a)
{
	int	 i;

	for (i = ALERT_UNKNOWN + 1; alert_types[i] != NULL; i++)
		if (strcmp(str(a->type), alert_types[i]) == 0)
			return (i);
	return (ALERT_UNKNOWN);
}

const char *
alert_type_name(enum alert_type t)
{
	return (alert_types[t]);
}

const char *
state_name(enum check_state s)
{
	return (states[s]);
}

int64_t
check_interval(const struct check *c)
{
	return (c->interval != 0 ? c->interval : DEFAULT_INTERVAL);
}

int64_t
check_timeout(const struct check *c)
{
	return (c->timeout != 0 ? c->timeout : DEFAULT_TIMEOUT);
}

const char *
str(const char *s)
{
	return (s != NULL ? s : "");
}

static int
node_check(const void *p, struct verr *ve)
{
	const struct node	*n = p;

	if (*str(n->advertise) != '\0' && !is_hostport(n->advertise, 0))
		return (verr_set(ve, "advertise", "must be host:port"));
	return (0);
}

static int
peer_check(const void *p, struct verr *ve)
{
	const struct peer	*peer = p;

	return (identity_check(peer->fingerprint, peer->cert_pem, ve));
}

static int
pending_join_check(const void *p, struct verr *ve)
{
	const struct pending_join	*join = p;

	return (identity_check(join->fingerprint, join->cert_pem, ve));
}

static int
trust_entry_check(const void *p, struct verr *ve)
{
	const struct trust_entry	*te = p;

	return (identity_check(te->fingerprint, te->cert_pem, ve));
}

static int
check_check(const void *p, struct verr *ve)
{
	const struct check	*c = p;
	const char		*record = str(c->dns_record);
	int			 i;

	if (check_target(c, ve) == -1)
		return (-1);
	if (check_type_of(c) != CHECK_DNS || *record == '\0')
		return (0);
	for (i = 0; dns_records[i] != NULL; i++)
		if (strcasecmp(record, dns_records[i]) == 0)
			return (0);
	return (verr_set(ve, "dns_record",
	    "must be a, aaaa, cname, mx, txt or ns, not \"%.32s\"", record));
}

static int
check_target(const struct check *c, struct verr *ve)
{
	switch (check_type_of(c)) {
	case CHECK_HTTP:
		if (!is_url(c->target))
			return (verr_set(ve, "target",
			    "must be an http:// or https:// URL"));
		return (0);
	case CHECK_TCP:
		if (!is_hostport(c->target, 1))
			return (verr_set(ve, "target", "must be host:port"));
		return (0);
	default:
		return (0);
	}
}

static int
alert_check(const void *p, struct verr *ve)
{
	const struct alert	*a = p;

	switch (alert_type_of(a)) {
	case ALERT_SMTP:
		return (smtp_check(a, ve));
	case ALERT_DISCORD:
		if (!is_url(str(a->discord_webhook)))
			return (verr_set(ve, "discord_webhook",
			    "must be an http:// or https:// URL"));
		return (0);
	case ALERT_WEBHOOK:
		if (!is_url(str(a->webhook_url)))
			return (verr_set(ve, "webhook_url",
			    "must be an http:// or https:// URL"));
		return (0);
	default:
		return (0);
	}
}

static int
smtp_check(const struct alert *a, struct verr *ve)
{
	const char	*missing = NULL;

	if (*str(a->smtp_host) == '\0')
		missing = "smtp_host";
	else if (a->smtp_port == 0)
		missing = "smtp_port";
	else if (*str(a->smtp_from) == '\0')
		missing = "smtp_from";
	else if (a->smtp_to.n == 0)
		missing = "smtp_to";
	if (missing != NULL)
		return (verr_set(ve, missing, "must not be empty"));
	return (0);
}

static int
identity_check(const char *fingerprint, const char *cert, struct verr *ve)
{
	static const char	 prefix[] = "sha256:";
	const char		*hex = str(fingerprint);

	if (*hex != '\0') {
		if (strncmp(hex, prefix, sizeof(prefix) - 1) != 0 ||
		    hex[sizeof(prefix) - 1] == '\0' ||
		    hex[strspn(hex + sizeof(prefix) - 1,
		    "0123456789abcdef") + sizeof(prefix) - 1] != '\0')
			return (verr_set(ve, "fingerprint", "must be sha256: "
			    "and lower-case hexadecimal digits"));
	}
	if (*str(cert) != '\0' && !is_pem(cert))
		return (verr_set(ve, "cert_pem",
		    "must be a whole PEM certificate"));
	return (0);
}

static int
is_url(const char *s)
{
	if (strncasecmp(s, "http://", 7) == 0)
		s += 7;
	else if (strncasecmp(s, "https://", 8) == 0)
		s += 8;
	else
		return (0);
	/* A host has to follow; nothing else can stand there. */
	return (*s != '\0' && strchr("/?#:@ ", *s) == NULL);
}

/* host:port or [v6]:port, and nothing else: there is no default port. */
static int
is_hostport(const char *s, int names)
{
	const char	*colon = strrchr(s, ':');
	size_t		 len, digits;
	long		 port = 0;

	if (colon == NULL || colon == s)
		return (0);
	len = (size_t)(colon - s);
	if (s[0] == '[') {
		if (len < 4 || colon[-1] != ']')
			return (0);
	} else if (memchr(s, ':', len) != NULL || memchr(s, ']', len) != NULL)
		return (0);
	if (s[strcspn(s, " \t/")] != '\0')
		return (0);
	/* Which names there are is known to the prober. */
	if (names && colon[1] >= 'a' && colon[1] <= 'z')
		return (colon[1 + strspn(colon + 1, "0123456789-"
		    "abcdefghijklmnopqrstuvwxyz")] == '\0');
	digits = strspn(++colon, "0123456789");
	if (digits == 0 || digits > 5 || colon[digits] != '\0')
		return (0);
	while (*colon != '\0')
		port = port * 10 + (*colon++ - '0');
	return (port >= 1 && port <= 65535);
}

/* From the first line to the last: a file cut short ends before that. */
static int
is_pem(const char *s)
{
	static const char	 begin[] = "-----BEGIN CERTIFICATE-----";
	static const char	 end[] = "-----END CERTIFICATE-----";
	const char		*p;

	return ((p = strstr(s, begin)) != NULL && strstr(p, end) != NULL);
}
