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


#include <dirent.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "quorum_wire.h"
#include "quptimed.h"
#include "tap.h"

static char	 place[1024];

/* A file below vectors/wire, NUL behind it. */
static char *
slurp(const char *name, size_t *len)
{
	char	 path[2048], *buf;
	FILE	*f;

	snprintf(path, sizeof(path), "%s/vectors/wire/%s", place, name);
	if ((f = fopen(path, "r")) == NULL ||
	    (buf = calloc(1, 65536)) == NULL) {
		printf("Bail out! %s\n", path);
		exit(1);
	}
	*len = fread(buf, 1, 65535, f);
	fclose(f);
	return (buf);
}

/* What stands in a message, written anew as a whole frame. */
static char *
reframe(enum dialect d, const char *text, size_t len, int request,
    enum wire_method m, size_t *outlen, struct verr *ve)
{
	const struct record	*rec;
	struct wire_head	 h;
	struct proposal		 prop;
	struct wire_propose	*p;
	struct ibuf		*buf = ibuf_dynamic(0, MESH_MAXSIZE);
	char			*out = NULL;
	void			*msg;
	size_t			 n = 0;
	int			 rv = -1;

	memset(&prop, 0, sizeof(prop));
	rec = request ? wire_params_record(m) : wire_result_record(m);
	msg = record_new(rec);
	if (wire_head(text, len, &h, ve) == -1)
		goto done;
	if (h.error != NULL) {
		rv = wire_put_error(buf, h.id, h.error);
		goto done;
	}
	if ((request ? wire_params(m, text, len, msg, ve) :
	    wire_result(m, text, len, msg, ve)) == -1)
		goto done;
	if (!request)
		out = wire_result_text(m, d, msg, &n);
	else if (m == WIRE_PROPOSE) {
		p = msg;
		if (wire_payload(p->kind, text, len, &prop, ve) == -1)
			goto done;
		out = wire_propose_text(d, p->from_node_id, &prop, &n);
	} else
		out = wire_params_text(m, d, msg, &n);
	if (out != NULL)
		rv = request ? wire_put_request(buf, h.id, m, out, n) :
		    wire_put_result(buf, h.id, out, n);
	freezero(out, n);
	out = NULL;
 done:
	if (rv == 0) {
		*outlen = ibuf_size(buf);
		out = calloc(1, *outlen + 1);
		memcpy(out, ibuf_data(buf), *outlen);
	}
	ibuf_free(buf);
	proposal_clear(&prop);
	record_free(rec, msg);
	wire_head_clear(&h);
	return (out);
}

/* Which message a file's name says that it holds; -1 for an error's. */
static int
name_of(const char *file, enum wire_method *m, int *request)
{
	char	 name[64];

	strlcpy(name, file, sizeof(name));
	name[strcspn(name, ".")] = '\0';
	*request = strstr(file, ".request.") != NULL;
	*m = wire_method_of(name);
	return (*m == WIRE_METHODS ? -1 : 0);
}

/* Every message of both versions, made and seen, comes out as it came in. */
static void
test_vectors(const char *dir, enum dialect d, int want)
{
	enum wire_method	 m;
	struct wire_head	 h;
	struct dirent		*de;
	struct verr		 ve;
	char			 path[2048], *text, *out;
	size_t			 len, outlen;
	DIR			*dp;
	int			 request, n = 0;

	snprintf(path, sizeof(path), "%s/vectors/wire/%s", place, dir);
	if ((dp = opendir(path)) == NULL) {
		printf("Bail out! %s\n", path);
		exit(1);
	}
	while ((de = readdir(dp)) != NULL) {
		if (strstr(de->d_name, ".json") == NULL)
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		text = slurp(path, &len);
		ok(wire_head(text, len, &h, &ve) == 0, "%s: head", path);
		if (name_of(de->d_name, &m, &request) == -1)
			m = WIRE_PING;	/* of which there is no result */
		ok((h.method != NULL) == request, "%s: which it is", path);
		if (request)
			is_int(wire_method_of(h.method), m, "its method");
		out = reframe(d, text, len, request, m, &outlen, &ve);
		is_str(out, text, "%s: %s %s", path, ve.path, ve.msg);
		free(out);
		free(text);
		wire_head_clear(&h);
	}
	closedir(dp);
	is_int(n, want, "messages in %s", dir);
}

static void
test_values(void)
{
	struct wire_heartbeat	 hb;
	struct wire_enroll	 en;
	struct wire_enroll_res	 er;
	struct wire_config	 wc;
	struct wire_report	 wr;
	struct wire_status_res	 st;
	struct wire_peer_status	*ps;
	struct wire_check_status *cs;
	struct verr		 ve;
	char			*text;
	size_t			 len;

	text = slurp("v0.3/Heartbeat.request.json", &len);
	is_int(wire_params(WIRE_HEARTBEAT, text, len, &hb, &ve), 0, "hb");
	is_str(hb.from_node_id, "11111111-1111-4111-8111-111111111111", "id");
	is_str(hb.advertise, "alpha.example.com:9901", "advertise");
	is_int(hb.term, 3, "term");
	is_int(hb.config_version, 12, "version");
	record_clear(wire_params_record(WIRE_HEARTBEAT), &hb);
	free(text);

	text = slurp("v0.3/Enroll.request.json", &len);
	is_int(wire_params(WIRE_ENROLL, text, len, &en, &ve), 0, "enroll");
	is_str(en.token_secret, "vxVMvsfmBV9CsC-WyNpey4GoQ473mIXkRl_BHqSVVXo",
	    "token_secret");
	ok(strstr(en.cert_pem, "-----END CERTIFICATE-----\n") != NULL, "PEM");
	record_clear(wire_params_record(WIRE_ENROLL), &en);
	free(text);

	text = slurp("v0.3/Enroll.response.json", &len);
	is_int(wire_result(WIRE_ENROLL, text, len, &er, &ve), 0, "its answer");
	ok(er.accepted && !er.pending && er.error == NULL, "accepted");
	is_int(er.cluster->peers.n, 1, "one peer");
	is_str(((struct wire_whoami_res *)er.cluster->peers.v[0])->advertise,
	    "alpha.example.com:9901", "which");
	record_clear(wire_result_record(WIRE_ENROLL), &er);
	free(text);

	text = slurp("v0.3/ApplyClusterCfg.nil.request.json", &len);
	is_int(wire_params(WIRE_APPLY_CONFIG, text, len, &wc, &ve), 0, "nil");
	ok(wc.config == NULL, "no configuration");
	free(text);
	text = slurp("v0.3/ApplyClusterCfg.request.json", &len);
	is_int(wire_params(WIRE_APPLY_CONFIG, text, len, &wc, &ve), 0, "one");
	is_int(wc.config->version, 12, "its version");
	is_int(wc.config->checks.n, 5, "its checks");
	is_int(wc.config->enrollments.n, 2, "its tokens");
	record_clear(wire_params_record(WIRE_APPLY_CONFIG), &wc);
	free(text);

	text = slurp("v0.3/ReportResult.fail.request.json", &len);
	is_int(wire_params(WIRE_REPORT, text, len, &wr, &ve), 0, "a report");
	ok(!wr.ok && wr.results.n == 0, "that it is down");
	is_str(wr.detail, "dial tcp 127.0.0.1:1: connect: connection refused",
	    "why");
	record_clear(wire_params_record(WIRE_REPORT), &wr);
	free(text);

	text = slurp("v0.3/Status.response.json", &len);
	is_int(wire_result(WIRE_STATUS, text, len, &st, &ve), 0, "a status");
	ps = st.peers.v[1];
	cs = st.checks.v[0];
	ok(!ps->live && wall_iszero(&ps->last_seen), "a peer never seen");
	is_str(cs->alerts.v[0], "oncall*", "a default alert");
	is_int(cs->total, 3, "three voted");
	is_int(st.quorum_size, 2, "of whom two do");
	record_clear(wire_result_record(WIRE_STATUS), &st);
	free(text);
}

static void
test_errors(void)
{
	struct wire_head	 h;
	struct verr		 ve;
	char			*text;
	size_t			 len;

	text = slurp("v0.1/error.untrusted.response.json", &len);
	is_int(wire_head(text, len, &h, &ve), 0, "an error");
	is_str(h.error, wire_untrusted(DIALECT_V01), "of v0.1");
	wire_head_clear(&h);
	free(text);
	text = slurp("v0.3/error.untrusted.response.json", &len);
	is_int(wire_head(text, len, &h, &ve), 0, "an error");
	is_str(h.error, wire_untrusted(DIALECT_V03), "of v0.3");
	is_int(wire_result(WIRE_PING, text, len, &(struct wire_ping_res){ 0 },
	    &ve), -1, "is no result");
	wire_head_clear(&h);
	free(text);
}

/* What stands around the parameters. */
static void
test_head(void)
{
	static const struct {
		const char	*text;
		int		 rv;
		uint64_t	 id;
		const char	*method;
		const char	*msg;
	} t[] = {
		{ "{\"id\":1,\"method\":\"Ping\"}", 0, 1, "Ping", NULL },
		{ " {\"ID\":9,\"METHOD\":\"Ping\"} \n", 0, 9, "Ping", NULL },
		{ "{\"method\":\"Ping\",\"x\":[{\"y\":1}]}", 0, 0, "Ping",
		    NULL },
		{ "{}", 0, 0, "", NULL },
		{ "null", 0, 0, "", NULL },
		{ "{\"id\":18446744073709551615}", 0, UINT64_MAX, "", NULL },
		{ "{\"id\":null,\"method\":null}", 0, 0, "", NULL },
		/* Parameters are not looked into. */
		{ "{\"params\":{\"a\":1,\"a\":2}}", 0, 0, "", NULL },
		{ "", -1, 0, NULL, "unexpected end of JSON input" },
		{ "{\"id\":1", -1, 0, NULL, "unexpected end of JSON input" },
		{ "{\"id\":-1}", -1, 0, NULL, "id: must not be negative" },
		{ "{\"id\":1.0}", -1, 0, NULL, "id: must be a whole number" },
		{ "{\"id\":\"1\"}", -1, 0, NULL,
		    "id: must be a whole number" },
		{ "{\"id\":18446744073709551616}", -1, 0, NULL,
		    "id: number too large" },
		{ "{\"id\":1,\"id\":2}", -1, 0, NULL, "id: given twice" },
		{ "{\"id\":1,\"ID\":2}", -1, 0, NULL, "id: given twice" },
		{ "{\"method\":1}", -1, 0, NULL, "method: must be a string" },
		{ "{\"method\":\"a\\u0000b\"}", -1, 0, NULL,
		    "method: must not hold a NUL" },
		{ "[]", -1, 0, NULL, "must be an object" },
		{ "{\"id\":1}x", -1, 0, NULL, NULL },
		{ "{\"id\":1}{}", -1, 0, NULL, NULL },
		{ "{not json", -1, 0, NULL, NULL },
	};
	struct wire_head	 h;
	struct verr		 ve;
	size_t			 i;
	int			 rv;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		rv = wire_head(t[i].text, strlen(t[i].text), &h, &ve);
		is_int(rv, t[i].rv, "head %zu: %s", i, ve.msg);
		if (rv == 0) {
			ok(h.id == t[i].id, "its id");
			is_str(str(h.method), t[i].method, "its method");
			wire_head_clear(&h);
			continue;
		}
		is_str(ve.path, "", "all is in the text");
		if (t[i].msg != NULL)
			is_str(ve.msg, t[i].msg, "which is this");
		ok(ve.msg[0] != '\0', "and there is one");
		ok(h.method == NULL && h.error == NULL, "nothing is left");
	}
}

/* Absent, null and empty parameters; and what else JSON makes possible. */
static void
test_params(void)
{
	static const struct {
		enum wire_method	 m;
		const char		*text;
		int			 rv;
		const char		*error;
	} t[] = {
		{ WIRE_PING, "{}", 0, NULL },
		{ WIRE_PING, "{\"params\":5}", 0, NULL },
		{ WIRE_STATUS, "{}", 0, NULL },
		{ WIRE_GET_CONFIG, "{}", 0, NULL },
		{ WIRE_WHOAMI, "{}", 0, NULL },
		{ WIRE_JOIN, "{}", 0, NULL },
		{ WIRE_ENROLL, "{}", -1, "unexpected end of JSON input" },
		{ WIRE_HEARTBEAT, "{}", -1, "unexpected end of JSON input" },
		{ WIRE_APPLY_CONFIG, "{}", -1,
		    "unexpected end of JSON input" },
		{ WIRE_PROPOSE, "{}", -1, "unexpected end of JSON input" },
		{ WIRE_REPORT, "{}", -1, "unexpected end of JSON input" },
		{ WIRE_HEARTBEAT, "{\"params\":null}", 0, NULL },
		{ WIRE_HEARTBEAT, "{\"params\":{}}", 0, NULL },
		{ WIRE_HEARTBEAT, "{\"Params\":{\"FROM_node_id\":\"a\"}}", 0,
		    NULL },
		{ WIRE_HEARTBEAT, "{\"params\":{\"fromnodeid\":5}}", 0, NULL },
		{ WIRE_HEARTBEAT, "{\"params\":[]}", -1, "must be an object" },
		{ WIRE_HEARTBEAT, "{\"params\":{\"term\":\"1\"}}", -1,
		    "term: must be a whole number" },
		{ WIRE_HEARTBEAT, "{\"params\":{\"config_version\":-1}}", -1,
		    "config_version: must not be negative" },
		{ WIRE_HEARTBEAT, "{\"params\":{\"term\":18446744073709551615}"
		    "}", 0, NULL },
		{ WIRE_HEARTBEAT, "{\"params\":{\"term\":1,\"term\":1}}", -1,
		    "term: given twice" },
		{ WIRE_HEARTBEAT, "{\"params\":{},\"params\":{}}", -1,
		    "given twice" },
		{ WIRE_REPORT, "{\"params\":{\"at\":\"2026-05-15 14:01:00Z\"}}",
		    -1, "at: not an RFC 3339 time" },
		{ WIRE_REPORT, "{\"params\":{\"at\":\"\"}}", -1,
		    "at: not an RFC 3339 time" },
		{ WIRE_REPORT, "{\"params\":{\"at\":null}}", 0, NULL },
		{ WIRE_REPORT, "{\"params\":{\"at\":\"2026-05-15T14:01:00.5"
		    "+02:00\",\"latency_ms\":-3}}", 0, NULL },
		{ WIRE_APPLY_CONFIG, "{\"params\":{\"config\":{\"Checks\":[{},"
		    "{\"Interval\":\"30s\"}]}}}", -1,
		    "config.Checks[1].Interval: must be a whole number" },
		{ WIRE_APPLY_CONFIG, "{\"params\":{\"config\":{\"Checks\":"
		    "[{\"ID\":\"a\",\"id\":\"b\"}]}}}", -1,
		    "config.Checks[0].ID: given twice" },
		{ WIRE_HEARTBEAT, "{\"params\":{\"advertise\":\"\xff\"}}", 0,
		    NULL },
		{ WIRE_HEARTBEAT, "{\"params\":{\"advertise\":\"\\u0000\"}}",
		    -1, "advertise: must not hold a NUL" },
		{ WIRE_HEARTBEAT, "{\"params\":{\"x\":[[[[[[[[[[[[[[1]]]]]]]]]"
		    "]]]]]}}", 0, NULL },
		{ WIRE_HEARTBEAT, "{\"params\":{\"x\":[[[[[[[[[[[[[[[1]]]]]]]]"
		    "]]]]]]]}}", -1, "nested too deep" },
	};
	const struct record	*rec;
	struct verr		 ve;
	char			 text[512];
	void			*p;
	size_t			 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		rec = wire_params_record(t[i].m);
		p = record_new(rec);
		is_int(wire_params(t[i].m, t[i].text, strlen(t[i].text), p,
		    &ve), t[i].rv, "%s %zu: %s", wire_method_name(t[i].m), i,
		    ve.msg);
		if (t[i].error != NULL)
			is_str(verr_string(&ve, text, sizeof(text)),
			    t[i].error, "says so");
		record_free(rec, p);
	}
}

static void
test_results(void)
{
	static const char	 none[] = "{\"id\":1}";
	static const char	 null[] = "{\"id\":1,\"result\":null}";
	static const char	 list[] = "{\"id\":1,\"result\":[]}";
	const struct record	*rec;
	struct verr		 ve;
	void			*p;
	int			 m;

	for (m = 0; m < WIRE_METHODS; m++) {
		rec = wire_result_record(m);
		p = record_new(rec);
		is_int(wire_result(m, none, strlen(none), p, &ve), -1,
		    "%s: neither result nor error", wire_method_name(m));
		is_str(ve.msg, "the answer has no result", "why");
		is_int(wire_result(m, null, strlen(null), p, &ve), 0, "null");
		record_clear(rec, p);
		is_int(wire_result(m, list, strlen(list), p, &ve), -1, "list");
		record_free(rec, p);
	}
}

/* Payloads that are absent, null or of a wrong type, kind by kind. */
static void
test_payloads(void)
{
	static const struct {
		const char	*kind;
		const char	*payload;	/* NULL: absent */
		const char	*error;
	} t[] = {
		{ "add_check", NULL,
		    "decode check: unexpected end of JSON input" },
		{ "add_check", "null", NULL },
		{ "add_check", "{}", NULL },
		{ "add_check", "\"x\"", "decode check: must be an object" },
		{ "add_check", "{\"Interval\":\"5s\"}",
		    "decode check: Interval: must be a whole number" },
		{ "add_alert", NULL,
		    "decode alert: unexpected end of JSON input" },
		{ "add_alert", "[]", "decode alert: must be an object" },
		{ "add_peer", NULL,
		    "decode peer: unexpected end of JSON input" },
		{ "add_peer", "1", "decode peer: must be an object" },
		{ "remove_check", NULL,
		    "decode target: unexpected end of JSON input" },
		{ "remove_check", "5", "decode target: must be a string" },
		{ "remove_check", "\"\"", NULL },
		{ "remove_check", "null", NULL },
		{ "remove_alert", "{}", "decode target: must be a string" },
		{ "remove_peer", "[]", "decode target: must be a string" },
		{ "remove_enrollment", "0", "decode target: must be a string" },
		{ "approve_enrollment", "true",
		    "decode target: must be a string" },
		{ "replace_config", "[]",
		    "decode replace_config: must be an object" },
		{ "replace_config", "null", NULL },
		{ "replace_config", NULL,
		    "decode replace_config: unexpected end of JSON input" },
		{ "add_enrollment", "\"x\"",
		    "decode enrollment: must be an object" },
		{ "record_enroll_pending", "3",
		    "decode record-pending: must be an object" },
		{ "record_enroll_pending", "{}", NULL },
		{ "set_resolvers", "\"x\"",
		    "decode resolvers: must be an array" },
		{ "set_resolvers", "[1]",
		    "decode resolvers: [0]: must be a string" },
		{ "set_resolvers", "null", NULL },
		{ "set_resolvers", NULL,
		    "decode resolvers: unexpected end of JSON input" },
		{ "bogus", "{}", "unknown mutation kind \"bogus\"" },
		{ "", "{}", "unknown mutation kind \"\"" },
		{ "a\"b\\c\n\x01\xff", NULL,
		    "unknown mutation kind \"a\\\"b\\\\c\\n\\x01\\xff\"" },
	};
	struct proposal	 prop;
	struct verr	 ve;
	char		 text[256];
	size_t		 i;
	int		 rv;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		snprintf(text, sizeof(text), "{\"params\":{%s%s}}",
		    t[i].payload != NULL ? "\"payload\":" : "",
		    t[i].payload != NULL ? t[i].payload : "");
		rv = wire_payload(t[i].kind, text, strlen(text), &prop, &ve);
		is_int(rv, t[i].error != NULL ? -1 : 0, "kind %zu, %s", i,
		    text);
		if (rv == -1)
			is_str(ve.msg, t[i].error, "says so");
		else
			is_str(proposal_kind_name(prop.kind), t[i].kind,
			    "it is that kind");
		if (strcmp(t[i].kind, "add_check") == 0 && rv == 0)
			ok(prop.check != NULL, "there is a check");
		if (strcmp(t[i].kind, "replace_config") == 0 && rv == 0)
			ok(prop.config != NULL, "or a configuration");
		proposal_clear(&prop);
	}
}

/* Every field of a record, and of those within, with another type of value. */
static void
test_types(const char *member, enum wire_method m, const struct record *rec,
    const char *head, const char *tail, const char *path)
{
	const struct field	*f;
	struct verr		 ve;
	char			 text[512], more[256], end[64], where[160];
	void			*out;
	size_t			 i;

	out = record_new(member[0] == 'p' ? wire_params_record(m) :
	    wire_result_record(m));
	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		if (f->json == NULL)
			continue;
		snprintf(text, sizeof(text), "%s{\"%s\":%s}%s", head, f->json,
		    f->type == FT_BOOL ? "\"true\"" : "true", tail);
		is_int(member[0] == 'p' ?
		    wire_params(m, text, strlen(text), out, &ve) :
		    wire_result(m, text, strlen(text), out, &ve), -1,
		    "%s", text);
		snprintf(where, sizeof(where), "%s%s%s", path,
		    path[0] != '\0' ? "." : "", f->json);
		is_str(ve.path, where, "%s", ve.msg);
		if (f->type != FT_REC && f->type != FT_RECS)
			continue;
		snprintf(more, sizeof(more), "%s{\"%s\":%s", head, f->json,
		    f->type == FT_REC ? "" : "[");
		snprintf(end, sizeof(end), "%s}%s", f->type == FT_REC ? "" :
		    "]", tail);
		strlcat(where, f->type == FT_REC ? "" : "[0]", sizeof(where));
		test_types(member, m, f->rec, more, end, where);
	}
	free(out);
}

/* A message cut anywhere is refused, whatever of it is looked at. */
static void
test_cut(const char *name)
{
	enum wire_method	 m;
	struct wire_head	 h;
	struct proposal		 prop;
	struct verr		 ve;
	char			*text, *copy;
	void			*p;
	size_t			 i, len;
	int			 request, bad = 0;

	name_of(strchr(name, '/') + 1, &m, &request);
	text = slurp(name, &len);
	p = calloc(1, 1024);
	for (i = 0; i < len; i++) {
		/* Memory of its own size, so that reading on is seen. */
		copy = malloc(i + 1);
		memcpy(copy, text, i);
		if (wire_head(copy, i, &h, &ve) == 0 || ve.msg[0] == '\0')
			bad++;
		if ((request ? wire_params(m, copy, i, p, &ve) :
		    wire_result(m, copy, i, p, &ve)) == 0 ||
		    ve.msg[0] == '\0')
			bad++;
		if (m == WIRE_PROPOSE && request &&
		    wire_payload("add_check", copy, i, &prop, &ve) == 0)
			bad++;
		free(copy);
	}
	is_int(bad, 0, "%s cut at each of %zu bytes", name, len);
	free(p);
	free(text);
}

/* Any byte changed to any of some: no crash, and what is taken is written. */
static void
test_damage(const char *name, enum dialect d)
{
	static const char	 bytes[] = "\0\"{}[]\\,:x0-\xff\n";
	enum wire_method	 m;
	struct verr		 ve;
	char			*text, *out, was;
	size_t			 i, k, len, n;
	int			 request, bad = 0;

	name_of(strchr(name, '/') + 1, &m, &request);
	text = slurp(name, &len);
	for (i = 0; i < len; i++)
		for (k = 0; k < sizeof(bytes) - 1; k++) {
			was = text[i];
			text[i] = bytes[k];
			ve.msg[0] = '\0';
			out = reframe(d, text, len, request, m, &n, &ve);
			if (out == NULL && ve.msg[0] == '\0')
				bad++;
			free(out);
			text[i] = was;
		}
	is_int(bad, 0, "%s with other bytes", name);
	free(text);
}

/* Between two quptimed, results go together. */
static void
test_reports(void)
{
	struct wire_report	 r, back;
	struct wire_result	*one;
	struct verr		 ve;
	char			*text, *frame;
	size_t			 len;
	int			 i;

	memset(&r, 0, sizeof(r));
	r.from_node_id = strdup("node-b");
	for (i = 0; i < 2; i++) {
		one = calloc(1, sizeof(*one));
		one->check_id = strdup(i == 0 ? "c0" : "c1");
		one->ok = i;
		if (i == 0)
			one->detail = strdup("dead");
		one->latency_ms = 7;
		wall_parse("2026-05-15T14:01:00.5Z", &one->at);
		reclist_add(&r.results, one);
	}
	text = wire_params_text(WIRE_REPORT, DIALECT_V03, &r, &len);
	is_str(text, "{\"from_node_id\":\"node-b\",\"results\":[{\"check_id\":"
	    "\"c0\",\"ok\":false,\"detail\":\"dead\",\"latency_ms\":7,\"at\":"
	    "\"2026-05-15T14:01:00.5Z\"},{\"check_id\":\"c1\",\"ok\":true,"
	    "\"latency_ms\":7,\"at\":\"2026-05-15T14:01:00.5Z\"}]}",
	    "two results");
	is_int(strlen(text), len, "as long as said");
	frame = calloc(1, len + 32);
	snprintf(frame, len + 32, "{\"params\":%s}", text);
	is_int(wire_params(WIRE_REPORT, frame, strlen(frame), &back, &ve), 0,
	    "are read");
	ok(record_equal(wire_params_record(WIRE_REPORT), &r, &back), "so");
	record_clear(wire_params_record(WIRE_REPORT), &r);
	record_clear(wire_params_record(WIRE_REPORT), &back);
	free(frame);
	free(text);
}

/* v0.1 gets what it does not know only where there is something to be lost. */
static void
test_dialects(void)
{
	struct proposal	 prop;
	struct check	 c;
	char		*text;
	size_t		 len;

	memset(&prop, 0, sizeof(prop));
	memset(&c, 0, sizeof(c));
	prop.kind = PROP_ADD_CHECK;
	prop.check = &c;
	c.disabled = 1;
	c.tls_warn_days = 9;
	text = wire_propose_text(DIALECT_V01, "a", &prop, &len);
	is_str(text, "{\"from_node_id\":\"a\",\"kind\":\"add_check\","
	    "\"payload\":{\"ID\":\"\",\"Name\":\"\",\"Type\":\"\","
	    "\"Target\":\"\",\"Interval\":0,\"Timeout\":0,\"ExpectStatus\":0,"
	    "\"BodyMatch\":\"\",\"TLSWarnDays\":9,\"AlertIDs\":null,"
	    "\"SuppressAlertIDs\":null,\"Disabled\":true}}", "v0.1");
	free(text);
	memset(&prop, 0, sizeof(prop));
	prop.kind = PROP_SET_RESOLVERS;
	text = wire_propose_text(DIALECT_V03, "<&>", &prop, &len);
	is_str(text, "{\"from_node_id\":\"\\u003c\\u0026\\u003e\",\"kind\":"
	    "\"set_resolvers\",\"payload\":[]}", "no resolvers");
	free(text);
	text = wire_params_text(WIRE_PING, DIALECT_V03, NULL, &len);
	is_str(text, "{}", "no parameters");
	free(text);
}

/* Frames that do not fit leave the buffer as it was. */
static void
test_limits(void)
{
	struct ibuf	*buf = ibuf_dynamic(0, 64);
	char		*huge = calloc(1, FRAME_MAX);

	is_int(wire_put_result(buf, 1, "{}", 2), 0, "a small one");
	is_int(ibuf_size(buf), 20, "with its size");
	is_int(wire_put_request(buf, 2, WIRE_PROPOSE, huge, 40), -1,
	    "one that is too large for the buffer");
	is_int(ibuf_size(buf), 20, "leaves nothing behind");
	ibuf_free(buf);
	buf = ibuf_dynamic(0, (size_t)FRAME_MAX * 2);
	is_int(wire_put_result(buf, 1, huge, FRAME_MAX - 18), 0,
	    "the largest frame");
	is_int(ibuf_size(buf), FRAME_MAX, "has 16 MiB");
	is_int(wire_put_result(buf, 1, huge, FRAME_MAX - 17), -1,
	    "one byte more is refused");
	is_int(ibuf_size(buf), FRAME_MAX, "and not begun");
	ibuf_free(buf);
	free(huge);
}

static double
seconds(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (ts.tv_sec + ts.tv_nsec / 1e9);
}

/* Whatever a stranger fills its 16 KiB with is soon done with. */
static void
test_strangers(void)
{
	static const struct {
		const char	*what;
		const char	*head;
		const char	*unit;
	} t[] = {
		{ "arrays in arrays", "", "[" },
		{ "objects in objects", "", "{\"a\":" },
		{ "the same as parameters", "{\"params\":", "{\"a\":" },
		{ "members", "{\"a\":0", ",\"a\":0" },
		{ "members of parameters", "{\"params\":{\"a\":0",
		    ",\"a\":0" },
		{ "empty arrays", "{\"params\":[[]", ",[]" },
		{ "a name without end", "{\"", "a" },
		{ "a method without end", "{\"method\":\"", "a" },
		{ "escapes", "{\"method\":\"", "\\u0041" },
		{ "halves of pairs", "{\"method\":\"", "\\ud83d" },
		{ "no UTF-8", "{\"method\":\"", "\xff" },
		{ "halves of characters", "{\"method\":\"", "\xf0\x9f" },
		{ "backslashes", "{\"method\":\"", "\\\\" },
		{ "quotes", "", "\"" },
		{ "digits", "{\"id\":", "9" },
		{ "zeros of a fraction", "{\"id\":0.", "0" },
		{ "an exponent", "{\"id\":0e", "9" },
		{ "blanks", "", " " },
		{ "NUL", "", "\0" },
		{ "words", "[", "null," },
	};
	struct wire_head	 h;
	struct wire_enroll	 e;
	struct verr		 ve;
	double			 start, took, worst = 0;
	char			*text = malloc(FRAME_STRANGER_MAX);
	size_t			 i, k, len, n;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		len = strlen(t[i].head);
		memcpy(text, t[i].head, len);
		n = strlen(t[i].unit);
		n = n == 0 ? 1 : n;
		for (; len + n <= FRAME_STRANGER_MAX; len += n)
			memcpy(text + len, t[i].unit, n);
		start = seconds();
		for (k = 0; k < 10; k++) {
			if (wire_head(text, len, &h, &ve) == 0 ||
			    wire_params(WIRE_ENROLL, text, len, &e, &ve) == 0)
				break;
		}
		took = (seconds() - start) / 10;
		if (took > worst)
			worst = took;
		ok(k == 10 && ve.msg[0] != '\0', "%s: %s", t[i].what, ve.msg);
	}
	printf("# the worst of them takes %.2f ms\n", worst * 1e3);
	ok(worst < 0.1, "none takes long");
	free(text);
}

/* The largest configuration, in time that grows with its size and no more. */
static void
test_large(void)
{
	struct wire_config	 wc, back;
	struct wire_head	 h;
	struct check		*c;
	struct verr		 ve;
	struct ibuf		*buf = ibuf_dynamic(0, MESH_MAXSIZE);
	char			*text, id[64];
	double			 t[4];
	size_t			 len;
	int			 i;

	memset(&wc, 0, sizeof(wc));
	wc.config = record_new(&cluster_record);
	for (i = 0; i < MAX_CHECKS; i++) {
		c = record_new(&check_record);
		snprintf(id, sizeof(id), "%08d-1111-4111-8111-111111111111",
		    i);
		c->id = strdup(id);
		snprintf(id, sizeof(id), "check number %d", i);
		c->name = strdup(id);
		c->type = strdup("http");
		c->target = strdup("https://www.example.com/some/where?x=1&y");
		strlist_add(&c->alert_ids, "oncall");
		reclist_add(&wc.config->checks, c);
	}
	t[0] = seconds();
	text = wire_params_text(WIRE_APPLY_CONFIG, DIALECT_V03, &wc, &len);
	is_int(wire_put_request(buf, 1, WIRE_APPLY_CONFIG, text, len), 0,
	    "%d checks are %zu bytes", MAX_CHECKS, len);
	t[1] = seconds();
	is_int(wire_head(ibuf_data(buf), ibuf_size(buf), &h, &ve), 0, "head");
	wire_head_clear(&h);
	t[2] = seconds();
	is_int(wire_params(WIRE_APPLY_CONFIG, ibuf_data(buf), ibuf_size(buf),
	    &back, &ve), 0, "and parameters are read");
	t[3] = seconds();
	ok(record_equal(wire_params_record(WIRE_APPLY_CONFIG), &wc, &back),
	    "as they were");
	printf("# written in %.0f ms, head in %.0f ms, read in %.0f ms\n",
	    (t[1] - t[0]) * 1e3, (t[2] - t[1]) * 1e3, (t[3] - t[2]) * 1e3);
	ok(t[3] - t[0] < 20, "in reasonable time");
	record_clear(wire_params_record(WIRE_APPLY_CONFIG), &wc);
	record_clear(wire_params_record(WIRE_APPLY_CONFIG), &back);
	freezero(text, len);
	ibuf_free(buf);
}

int
main(int argc, char *argv[])
{
	static const char *const	 cut[] = {
		"v0.3/Heartbeat.request.json", "v0.3/Status.response.json",
		"v0.3/ProposeMutation.add_check.http.request.json",
		"v0.3/ReportResult.fail.request.json",
		"v0.3/Enroll.pending.response.json",
		"v0.3/ApplyClusterCfg.stale.request.json",
	};
	size_t	 i;
	int	 m;

	(void)argc;
	strlcpy(place, dirname(argv[0]), sizeof(place));
	test_vectors("v0.3", DIALECT_V03, 50);
	test_vectors("v0.1", DIALECT_V01, 27);
	test_vectors("seen-v0.3", DIALECT_V03, 34);
	test_vectors("seen-v0.1", DIALECT_V01, 14);
	test_values();
	test_errors();
	test_head();
	test_params();
	test_results();
	test_payloads();
	for (m = 0; m < WIRE_METHODS; m++) {
		test_types("params", m, wire_params_record(m), "{\"params\":",
		    "}", "");
		test_types("result", m, wire_result_record(m), "{\"result\":",
		    "}", "");
	}
	for (i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		test_cut(cut[i]);
		test_damage(cut[i], DIALECT_V03);
	}
	test_reports();
	test_dialects();
	test_limits();
	test_strangers();
	test_large();
	return (tap_done());
}
