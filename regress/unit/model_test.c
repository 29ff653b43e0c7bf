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

#include "model.h"
#include "tap.h"

#define CERT	"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

/* What other nodes call the members, and in which order files have them. */
static const struct {
	const struct record	*rec;
	const char		*json;
	const char		*yaml;
} names[] = {
	{ &node_record, "",
	    "node_id bind_addr bind_port advertise cluster_secret compat " },
	{ &cluster_record, "Version UpdatedAt UpdatedBy Peers Checks Alerts "
	    "PendingEnrollments Resolvers Protocol ",
	    "version updated_at updated_by peers checks alerts "
	    "pending_enrollments resolvers protocol " },
	{ &peer_record, "NodeID Advertise Fingerprint CertPEM ",
	    "node_id advertise fingerprint cert_pem " },
	{ &check_record, "ID Name Type Target Interval Timeout ExpectStatus "
	    "BodyMatch TLSWarnDays TLSServerName DNSRecord DNSResolver "
	    "DNSExpect AlertIDs SuppressAlertIDs Disabled Resolvers ",
	    "id name type target interval timeout expect_status body_match "
	    "tls_warn_days tls_server_name dns_record dns_resolver "
	    "dns_expect alert_ids suppress_alert_ids disabled resolvers " },
	{ &alert_record, "ID Name Type Default Disabled SMTPHost SMTPPort "
	    "SMTPUser SMTPPassword SMTPFrom SMTPTo SMTPStartTLS "
	    "DiscordWebhook WebhookURL SubjectTemplate BodyTemplate ",
	    "id name type default disabled smtp_host smtp_port smtp_user "
	    "smtp_password smtp_from smtp_to smtp_starttls discord_webhook "
	    "webhook_url subject_template body_template " },
	{ &enrollment_record, "ID Name SecretHash AutoApprove CreatedBy "
	    "CreatedAt ExpiresAt PendingJoin ",
	    "id name secret_hash auto_approve created_by created_at "
	    "expires_at pending_join " },
	{ &pending_join_record,
	    "NodeID Advertise Fingerprint CertPEM SubmittedAt ",
	    "node_id advertise fingerprint cert_pem submitted_at " },
	{ &trust_entry_record,
	    "NodeID Address Fingerprint PublicKeyPEM CertPEM AddedAt ",
	    "node_id address fingerprint public_key_pem cert_pem added_at " },
	{ &trust_record, "Entries ", "entries " },
	{ &status_record, "node_id term master_id config_version has_quorum "
	    "quorum_size version uptime_ns checks_up checks_down "
	    "checks_unknown checks_disabled trouble ", "" },
	{ &peer_status_record, "node_id advertise live last_seen self master "
	    "rtt_ns clock_known clock_offset_ns protocol config_version "
	    "cert_expires address connected trouble ", "" },
	{ &token_status_record, "id name auto_approve created_by created_at "
	    "expires_at joiner advertise fingerprint submitted_at token ",
	    "" },
	{ &event_row_record, "time kind subject text ", "" },
	{ &check_status_record, "check_id name state ok_count total detail "
	    "disabled alerts type target since latency_ns age_ns ", "" },
	{ &snapshot_record,
	    "CheckID State Reports OKCount NotOK Detail UpdateAt ", "" },
	{ &alert_event_record,
	    "ID Check From To Verb NodeID When Snapshot ", "" }
};

/* Flags of quptimectl, the type of object, and the field they set. */
static const struct {
	const struct record	*rec;
	const char		*flag;
	unsigned int		 bit;
	const char		*yaml;	/* NULL: not for that type */
} flags[] = {
	{ &check_record, "interval", CHECK_BIT(CHECK_TCP), "interval" },
	{ &check_record, "timeout", CHECK_BIT(CHECK_DNS), "timeout" },
	{ &check_record, "alerts", CHECK_BIT(CHECK_ICMP), "alert_ids" },
	{ &check_record, "resolvers", CHECK_BIT(CHECK_TLS), "resolvers" },
	{ &check_record, "expect", CHECK_BIT(CHECK_HTTP), "expect_status" },
	{ &check_record, "expect", CHECK_BIT(CHECK_DNS), "dns_expect" },
	{ &check_record, "expect", CHECK_BIT(CHECK_TCP), NULL },
	{ &check_record, "body-match", CHECK_BIT(CHECK_HTTP), "body_match" },
	{ &check_record, "body-match", CHECK_BIT(CHECK_TCP), NULL },
	{ &check_record, "warn-days", CHECK_BIT(CHECK_TLS), "tls_warn_days" },
	{ &check_record, "sni", CHECK_BIT(CHECK_TLS), "tls_server_name" },
	{ &check_record, "record", CHECK_BIT(CHECK_DNS), "dns_record" },
	{ &check_record, "resolver", CHECK_BIT(CHECK_DNS), "dns_resolver" },
	{ &check_record, "name", CHECK_BIT(CHECK_HTTP), "name" },
	{ &check_record, "target", 0, "target" },
	{ &check_record, "id", 0, NULL },
	{ &check_record, "type", 0, NULL },
	{ &alert_record, "host", ALERT_BIT(ALERT_SMTP), "smtp_host" },
	{ &alert_record, "port", ALERT_BIT(ALERT_SMTP), "smtp_port" },
	{ &alert_record, "user", ALERT_BIT(ALERT_SMTP), "smtp_user" },
	{ &alert_record, "password", ALERT_BIT(ALERT_SMTP),
	    "smtp_password" },
	{ &alert_record, "from", ALERT_BIT(ALERT_SMTP), "smtp_from" },
	{ &alert_record, "to", ALERT_BIT(ALERT_SMTP), "smtp_to" },
	{ &alert_record, "starttls", ALERT_BIT(ALERT_SMTP),
	    "smtp_starttls" },
	{ &alert_record, "webhook", ALERT_BIT(ALERT_DISCORD),
	    "discord_webhook" },
	{ &alert_record, "webhook", ALERT_BIT(ALERT_WEBHOOK), NULL },
	{ &alert_record, "url", ALERT_BIT(ALERT_WEBHOOK), "webhook_url" },
	{ &alert_record, "default", ALERT_BIT(ALERT_WEBHOOK), "default" },
	{ &alert_record, "subject", ALERT_BIT(ALERT_DISCORD),
	    "subject_template" },
	{ &alert_record, "body", ALERT_BIT(ALERT_SMTP), "body_template" },
	{ &alert_record, "name", ALERT_BIT(ALERT_SMTP), "name" },
	{ &peer_record, "advertise", 0, "advertise" },
	{ &node_record, "advertise", 0, "advertise" },
	{ &node_record, "bind", 0, "bind_addr" },
	{ &node_record, "port", 0, "bind_port" }
};

/* A sound object, one field of it changed, and the path of the error. */
static const struct {
	const struct record	*rec;
	const char		*base[12];
	const char		*field;
	const char		*value;
	const char		*path;	/* NULL: it is fine */
} rules[] = {
#define CHECK(t, to)	{ "id", "c1", "name", "web", "type", t,		\
	"target", to, NULL }
	{ &check_record, CHECK("http", "http://a"), "name", "x", NULL },
	{ &check_record, CHECK("http", "http://a"), "target", "https://a:1/x",
	    NULL },
	{ &check_record, CHECK("http", "http://a"), "target", "a", "target" },
	{ &check_record, CHECK("http", "http://a"), "target", "http://",
	    "target" },
	{ &check_record, CHECK("http", "http://a"), "target", "http:///x",
	    "target" },
	{ &check_record, CHECK("http", "http://a"), "target", "http://[::1]",
	    NULL },
	{ &check_record, CHECK("tcp", "a:1"), "target", "a", "target" },
	{ &check_record, CHECK("tcp", "a:1"), "target", ":1", "target" },
	{ &check_record, CHECK("tcp", "a:1"), "target", "a:", "target" },
	{ &check_record, CHECK("tcp", "a:1"), "target", "a:0", "target" },
	{ &check_record, CHECK("tcp", "a:1"), "target", "a:65535", NULL },
	{ &check_record, CHECK("tcp", "a:1"), "target", "a:65536", "target" },
	{ &check_record, CHECK("tcp", "a:1"), "target", "a:1x", "target" },
	{ &check_record, CHECK("tcp", "a:1"), "target", "a:99999999999",
	    "target" },
	{ &check_record, CHECK("tcp", "a:1"), "target", "::1:80", "target" },
	{ &check_record, CHECK("tcp", "a:1"), "target", "[::1]:80", NULL },
	{ &check_record, CHECK("tcp", "a:1"), "target", "[::1]", "target" },
	{ &check_record, CHECK("tcp", "a:1"), "target", "a b:80", "target" },
	{ &check_record, CHECK("icmp", "a"), "target", "2001:db8::1", NULL },
	{ &check_record, CHECK("dns", "a"), "dns_record", "MX", NULL },
	{ &check_record, CHECK("dns", "a"), "dns_record", "srv",
	    "dns_record" },
	{ &check_record, CHECK("icmp", "a"), "dns_record", "srv", NULL },
	{ &check_record, CHECK("icmp", "a"), "type", "ftp", "type" },
	{ &check_record, CHECK("icmp", "a"), "timeout", "5m", NULL },
	/* QUptime writes what it is told; so a timeout may be the longer. */
	{ &check_record, CHECK("icmp", "a"), "timeout", "4m", NULL },
#undef CHECK
#define ALERT(t, f, v)	{ "id", "a1", "name", "ops", "type", t, f, v, NULL }
	{ &alert_record, ALERT("discord", "discord_webhook", "https://d/1"),
	    "name", "x", NULL },
	{ &alert_record, ALERT("discord", "discord_webhook", "https://d/1"),
	    "discord_webhook", "", "discord_webhook" },
	{ &alert_record, ALERT("webhook", "webhook_url", "http://d/1"),
	    "name", "x", NULL },
	{ &alert_record, ALERT("webhook", "webhook_url", "http://d/1"),
	    "webhook_url", "gopher://d", "webhook_url" },
	{ &alert_record, ALERT("webhook", "discord_webhook", "http://d/1"),
	    "name", "x", "webhook_url" },
#undef ALERT
#define SMTP(f, v)	{ "type", "smtp", "smtp_host", "h", "smtp_port",\
	"25", "smtp_from", "a@b", f, v, NULL }
	{ &alert_record, SMTP("smtp_to", "c@d"), "id", "a1", NULL },
	{ &alert_record, SMTP("smtp_to", "c@d"), "smtp_host", "",
	    "smtp_host" },
	{ &alert_record, SMTP("smtp_to", "c@d"), "smtp_from", "",
	    "smtp_from" },
	{ &alert_record, SMTP("smtp_to", "c@d"), "smtp_to", "", "smtp_to" },
	{ &alert_record, SMTP("smtp_user", "u"), "id", "a1", "smtp_to" },
#undef SMTP
	{ &peer_record, { "node_id", "n1" }, "fingerprint", "sha256:00",
	    NULL },
	{ &peer_record, { "node_id", "n1" }, "fingerprint", "sha256:",
	    "fingerprint" },
	{ &peer_record, { "node_id", "n1" }, "fingerprint", "sha256:0g",
	    "fingerprint" },
	{ &peer_record, { "node_id", "n1" }, "fingerprint", "sha1:00",
	    "fingerprint" },
	{ &peer_record, { "node_id", "n1" }, "cert_pem", CERT, NULL },
	{ &peer_record, { "node_id", "n1" }, "cert_pem",
	    "-----BEGIN CERTIFICATE-----\nMIIB\n", "cert_pem" },
	{ &peer_record, { "node_id", "n1" }, "cert_pem",
	    "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n",
	    "cert_pem" },
	{ &node_record, { NULL }, "advertise", "a:1", NULL },
	{ &node_record, { NULL }, "advertise", "a", "advertise" },
	{ &node_record, { NULL }, "advertise", "", NULL },
	{ &node_record, { NULL }, "bind_port", "0", NULL },
	{ &trust_entry_record, { "node_id", "n1" }, "fingerprint",
	    "sha256:00", NULL },
	{ &trust_entry_record, { "node_id", "n1" }, "address", "a:1",
	    "fingerprint" },
	{ &enrollment_record, { "id", "t1" }, "secret_hash", "h", NULL },
	{ &enrollment_record, { "id", "t1" }, "name", "x", "secret_hash" }
};

static void
test_names(void)
{
	const struct record	*rec;
	char			 json[512], yaml[512];
	size_t			 i, k;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		rec = names[i].rec;
		json[0] = yaml[0] = '\0';
		for (k = 0; k < rec->nfields; k++) {
			if (rec->fields[k].json != NULL) {
				strlcat(json, rec->fields[k].json,
				    sizeof(json));
				strlcat(json, " ", sizeof(json));
			}
			if (rec->fields[k].yaml != NULL) {
				strlcat(yaml, rec->fields[k].yaml,
				    sizeof(yaml));
				strlcat(yaml, " ", sizeof(yaml));
			}
		}
		is_str(json, names[i].json, "%s on the wire", rec->name);
		is_str(yaml, names[i].yaml, "%s in files", rec->name);
	}
}

/* Fields stand in the order of the structure, and no line lacks its part. */
static void
test_tables(void)
{
	const struct record	*rec;
	const struct field	*f;
	size_t			 i, k;
	int			 sound;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		rec = names[i].rec;
		sound = rec->nfields <= 64;
		for (k = 0; k < rec->nfields; k++) {
			f = &rec->fields[k];
			if (f->offset >= rec->size || f->min > f->max ||
			    (k > 0 && f->offset <= f[-1].offset) ||
			    (f->type == FT_REC || f->type == FT_RECS) !=
			    (f->rec != NULL) || f->help == NULL)
				sound = 0;
		}
		ok(sound, "the table of %s is sound", rec->name);
	}
}

static void
test_flags(void)
{
	const struct field	*f;
	size_t			 i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		f = record_flag(flags[i].rec, flags[i].flag, flags[i].bit);
		is_str(f != NULL ? f->yaml : "none", flags[i].yaml != NULL ?
		    flags[i].yaml : "none", "--%s of a %s",
		    flags[i].flag, flags[i].rec->name);
	}
}

static void
test_rules(void)
{
	struct verr	 ve;
	void		*rp;
	size_t		 i, k;
	int		 rv;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if ((rp = record_new(rules[i].rec)) == NULL)
			abort();
		rv = 0;
		for (k = 0; k + 1 < 12 && rules[i].base[k] != NULL; k += 2)
			rv |= field_set(record_field(rules[i].rec,
			    rules[i].base[k]), rp, rules[i].base[k + 1], &ve);
		if (rules[i].rec == &alert_record && rv == 0) {
			rv = field_set(record_field(&alert_record, "id"), rp,
			    "a1", &ve) | field_set(record_field(&alert_record,
			    "name"), rp, "ops", &ve);
		}
		if (rv == -1)
			ok(0, "rule %zu: %s: %s", i, ve.path, ve.msg);
		memset(&ve, 0, sizeof(ve));
		if (field_set(record_field(rules[i].rec, rules[i].field), rp,
		    rules[i].value, &ve) == -1 ||
		    record_validate(rules[i].rec, rp, "", &ve) == -1)
			is_str(ve.path, rules[i].path != NULL ?
			    rules[i].path : "(fine)", "%s of \"%.20s\": %s",
			    rules[i].field, rules[i].value, ve.msg);
		else
			ok(rules[i].path == NULL, "%s of \"%.20s\"",
			    rules[i].field, rules[i].value);
		record_free(rules[i].rec, rp);
	}
}

/* What is kept of a later version must fit where the record stands. */
static void
test_levels(void)
{
	static const struct record *const	 in_files[] = {
		&node_record, &cluster_record, &peer_record, &check_record,
		&alert_record, &enrollment_record, &pending_join_record,
		&trust_entry_record, &trust_record
	};
	struct check				*c;
	struct verr				 ve;
	struct xnode				*x;
	size_t					 i;
	char					 key[130] = "";
	int					 depth, n;

	for (i = 0; i < sizeof(in_files) / sizeof(in_files[0]); i++)
		ok(in_files[i]->level != 0 &&
		    in_files[i]->extra != RECORD_NOEXTRA,
		    "%s has a level and room", in_files[i]->name);
	c = record_new(&check_record);
	c->id = strdup("c1");
	c->name = strdup("web");
	c->type = strdup("icmp");
	c->target = strdup("localhost");
	c->extra = x = xnode_new(XK_SEQ, "later", NULL);
	for (depth = 1; depth < 5; depth++)
		x = x->child = xnode_new(XK_SEQ, NULL, NULL);
	is_int(record_validate(&check_record, c, "", &ve), 0,
	    "5 levels below the 3 of a check");
	x->child = xnode_new(XK_SEQ, NULL, NULL);
	is_int(record_validate(&check_record, c, "checks[0]", &ve), -1,
	    "6 are too many");
	is_str(ve.path, "checks[0]", "and the check is named");
	xnode_free(x->child);
	x->child = NULL;
	memset(key, 'k', sizeof(key));
	key[128] = '\0';
	c->extra->next = xnode_new(XK_PLAIN, key, "1");
	is_int(record_validate(&check_record, c, "", &ve), 0,
	    "a name of 128 bytes");
	xnode_free(c->extra->next);
	key[128] = 'k';
	key[129] = '\0';
	c->extra->next = xnode_new(XK_PLAIN, key, "1");
	is_int(record_validate(&check_record, c, "", &ve), -1, "or of 129");
	xnode_free(c->extra->next);
	x = c->extra;
	for (n = 5; n < XNODE_COUNT_MAX; n++)
		x = x->next = xnode_new(XK_PLAIN, "k", "1");
	is_int(record_validate(&check_record, c, "", &ve), 0, "%d in all",
	    XNODE_COUNT_MAX);
	x->next = xnode_new(XK_PLAIN, "k", "1");
	is_int(record_validate(&check_record, c, "", &ve), -1,
	    "and not one more");
	record_free(&check_record, c);
}

static void
test_defaults(void)
{
	struct check	 c;
	struct alert	 a;

	memset(&c, 0, sizeof(c));
	memset(&a, 0, sizeof(a));
	is_int(check_interval(&c), 30000000000LL, "interval by default");
	is_int(check_timeout(&c), 10000000000LL, "timeout by default");
	c.interval = 5;
	c.timeout = 6;
	ok(check_interval(&c) == 5 && check_timeout(&c) == 6, "as set");
	is_int(check_type_of(&c), CHECK_UNKNOWN, "no type");
	is_int(alert_type_of(&a), ALERT_UNKNOWN, "no type of alert");
	c.type = strdup("dns");
	a.type = strdup("webhook");
	is_int(check_type_of(&c), CHECK_DNS, "dns");
	is_int(alert_type_of(&a), ALERT_WEBHOOK, "webhook");
	c.type[0] = 'D';
	is_int(check_type_of(&c), CHECK_UNKNOWN, "case counts");
	is_str(check_type_name(CHECK_ICMP), "icmp", "name of a check type");
	is_str(alert_type_name(ALERT_SMTP), "smtp", "name of an alert type");
	is_str(check_type_name(CHECK_UNKNOWN), "unknown", "or of none");
	is_str(state_name(STATE_DOWN), "down", "name of a state");
	is_str(state_name(STATE_UNKNOWN), "unknown", "name of none");
	is_str(str(NULL), "", "no string");
	free(c.type);
	free(a.type);
}

static void
test_secrets(void)
{
	static const char *const	 secret[] = {
		"smtp_password", "discord_webhook", "webhook_url"
	};
	struct alert			*a = record_new(&alert_record);
	struct verr			 ve;
	char				 buf[64];
	size_t				 i;

	for (i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		is_int(field_set(record_field(&alert_record, secret[i]), a,
		    "https://hush", &ve), 0, "%s is set", secret[i]);
		is_str(field_text(record_field(&alert_record, secret[i]), a,
		    buf, sizeof(buf)), "***", "%s is not shown", secret[i]);
	}
	is_int(record_mask(&alert_record, a), 0, "masked");
	is_str(a->smtp_password, "***", "the password is gone");
	is_str(a->webhook_url, "***", "so is the address");
	record_free(&alert_record, a);
}

int
main(void)
{
	test_names();
	test_tables();
	test_flags();
	test_rules();
	test_levels();
	test_defaults();
	test_secrets();
	return (tap_done());
}
