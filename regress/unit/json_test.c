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


#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "model.h"
#include "tap.h"

static const struct {
	const char		*file;
	const struct record	*rec;
	int			 exact;	/* ours has the same bytes */
} vectors[] = {
	{ "cluster.full.json", &cluster_record, 1 },
	{ "cluster.empty.json", &cluster_record, 1 },
	{ "cluster.v0.1.json", &cluster_record, 0 },
	{ "check.http.json", &check_record, 1 },
	{ "check.dns.json", &check_record, 1 },
	{ "check.zero.json", &check_record, 1 },
	{ "check.v0.1.json", &check_record, 0 },
	{ "alert.discord.json", &alert_record, 1 },
	{ "alert.smtp.json", &alert_record, 1 },
	{ "alert.zero.json", &alert_record, 1 },
	{ "peer.json", &peer_record, 1 },
	{ "enrollment.json", &enrollment_record, 1 },
	{ "pending_join.json", &pending_join_record, 1 },
};

/* What a peer's Go code decodes to, and what we refuse beyond it. */
static const struct {
	const char	*what;
	const char	*text;
	const char	*name;		/* NULL: refused */
	int64_t		 interval;
	const char	*path;
} decodes[] = {
	{ "an exact name", "{\"Name\":\"x\"}", "x", 0, NULL },
	{ "a name in lower case", "{\"name\":\"x\"}", "x", 0, NULL },
	{ "a name in upper case", "{\"NAME\":\"x\"}", "x", 0, NULL },
	{ "null for a string", "{\"Name\":null}", "", 0, NULL },
	{ "null for a list", "{\"AlertIDs\":null}", "", 0, NULL },
	{ "null for all", "null", "", 0, NULL },
	{ "nothing within", "{}", "", 0, NULL },
	{ "white space around", " \t\r\n{ } \n", "", 0, NULL },
	{ "nanoseconds", "{\"Interval\":30000000000}", "", 30000000000, NULL },
	{ "a field in lower case", "{\"interval\":1}", "", 1, NULL },
	{ "the largest integer", "{\"Interval\":9223372036854775807}", "",
	    INT64_MAX, NULL },
	{ "the smallest integer", "{\"Interval\":-9223372036854775808}", "",
	    INT64_MIN, NULL },
	{ "minus zero", "{\"Interval\":-0}", "", 0, NULL },
	{ "escapes", "{\"Name\":\"\\u0041\\n\\\"\\\\\\/\\u00e9\"}",
	    "A\n\"\\/\xc3\xa9", 0, NULL },
	{ "a surrogate pair", "{\"Name\":\"\\ud83d\\uDE00!\"}",
	    "\xf0\x9f\x98\x80!", 0, NULL },
	{ "an unpaired high surrogate", "{\"Name\":\"\\ud83dab\"}",
	    "\xef\xbf\xbd" "ab", 0, NULL },
	{ "an unpaired low surrogate", "{\"Name\":\"\\uDE00ab\"}",
	    "\xef\xbf\xbd" "ab", 0, NULL },
	{ "a high surrogate before a letter", "{\"Name\":\"\\ud83d\\u0041\"}",
	    "\xef\xbf\xbd" "A", 0, NULL },
	{ "two high surrogates", "{\"Name\":\"\\ud83d\\ud83d\\ude00\"}",
	    "\xef\xbf\xbd\xf0\x9f\x98\x80", 0, NULL },
	{ "a surrogate at the end", "{\"Name\":\"\\ud83d\"}",
	    "\xef\xbf\xbd", 0, NULL },
	{ "an escaped backslash before ud800", "{\"Name\":\"\\\\ud800\"}",
	    "\\ud800", 0, NULL },
	{ "bytes that are no UTF-8", "{\"Name\":\"a\xff\xc3(\xe2\x82z\"}",
	    "a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbdz", 0, NULL },
	{ "an overlong slash", "{\"Name\":\"\xc0\xaf\"}",
	    "\xef\xbf\xbd\xef\xbf\xbd", 0, NULL },
	{ "a raw surrogate", "{\"Name\":\"\xed\xa0\x80\"}",
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 0, NULL },

	{ "a fraction", "{\"Interval\":30.0}", NULL, 0, "Interval" },
	{ "an exponent", "{\"Interval\":3e10}", NULL, 0, "Interval" },
	{ "a duration as text", "{\"Interval\":\"30s\"}", NULL, 0, "Interval" },
	{ "an integer too large", "{\"Interval\":9223372036854775808}", NULL,
	    0, "Interval" },
	{ "an integer too small", "{\"Interval\":-9223372036854775809}", NULL,
	    0, "Interval" },
	{ "400 digits", NULL, NULL, 0, "Interval" },
	{ "a leading zero", "{\"Interval\":01}", NULL, 0, NULL },
	{ "a plus sign", "{\"Interval\":+1}", NULL, 0, NULL },
	{ "a hexadecimal number", "{\"Interval\":0x10}", NULL, 0, NULL },
	{ "a minus alone", "{\"Interval\":-}", NULL, 0, NULL },
	{ "infinity", "{\"Interval\":Infinity}", NULL, 0, NULL },
	{ "a member given twice", "{\"Name\":\"a\",\"Name\":\"b\"}", NULL, 0,
	    "Name" },
	{ "a member in two cases", "{\"ID\":\"a\",\"id\":\"b\"}", NULL, 0,
	    "ID" },
	{ "an unknown member given twice", "{\"New\":1,\"New\":2}", NULL, 0,
	    "New" },
	{ "the same within an unknown member", "{\"New\":{\"a\":1,\"a\":2}}",
	    NULL, 0, "New.a" },
	{ "a NUL", "{\"Name\":\"a\\u0000b\"}", NULL, 0, "Name" },
	{ "a NUL in a list", "{\"AlertIDs\":[\"a\",\"\\u0000\"]}", NULL, 0,
	    "AlertIDs[1]" },
	{ "a NUL in an unknown member", "{\"New\":\"\\u0000\"}", NULL, 0,
	    "New" },
	{ "a NUL in a member's name", "{\"N\\u0000\":1}", NULL, 0, "" },
	{ "a number in a list of strings", "{\"AlertIDs\":[\"a\",2]}", NULL, 0,
	    "AlertIDs[1]" },
	{ "a list in a list of strings", "{\"AlertIDs\":[[]]}", NULL, 0,
	    "AlertIDs[0]" },
	{ "an array for all", "[]", NULL, 0, "" },
	{ "a string for all", "\"x\"", NULL, 0, "" },
	{ "nothing at all", "", NULL, 0, NULL },
	{ "white space alone", " \n", NULL, 0, NULL },
	{ "a second value", "{}{}", NULL, 0, NULL },
	{ "a word behind", "{} x", NULL, 0, NULL },
	{ "a brace too many", "{}}", NULL, 0, NULL },
	{ "two nulls", "null null", NULL, 0, NULL },
	{ "an object without its end", "{\"Name\":\"x\"", NULL, 0, NULL },
	{ "a string without its end", "{\"Name\":\"x", NULL, 0, NULL },
	{ "an escape without its end", "{\"Name\":\"\\", NULL, 0, NULL },
	{ "half an escape", "{\"Name\":\"\\ud8", NULL, 0, NULL },
	{ "half a pair", "{\"Name\":\"\\ud83d\\u", NULL, 0, NULL },
	{ "half a character", "{\"Name\":\"\xf0\x9f", NULL, 0, NULL },
	{ "an unknown escape", "{\"Name\":\"\\x41\"}", NULL, 0, NULL },
	{ "a raw newline in a string", "{\"Name\":\"a\nb\"}", NULL, 0, NULL },
	{ "a comma at the end", "{\"Name\":\"x\",}", NULL, 0, NULL },
	{ "a comment", "{/* x */}", NULL, 0, NULL },
	{ "single quotes", "{'Name':'x'}", NULL, 0, NULL },
	{ "a byte order mark", "\xef\xbb\xbf{}", NULL, 0, NULL },
	{ "a bare word", "{\"Name\":yes}", NULL, 0, NULL },
};

static char	 place[1024];

static char *
slurp(const char *name, size_t *len)
{
	const char	*places[] = { ".", "regress/unit", place };
	char		 path[2048], *buf;
	FILE		*f = NULL;
	size_t		 i;

	for (i = 0; i < 3 && f == NULL; i++) {
		snprintf(path, sizeof(path), "%s/vectors/json/%s", places[i],
		    name);
		f = fopen(path, "r");
	}
	if (f == NULL || (buf = malloc(65536)) == NULL) {
		printf("Bail out! %s\n", name);
		exit(1);
	}
	*len = fread(buf, 1, 65535, f);
	buf[*len] = '\0';
	fclose(f);
	return (buf);
}

static char *
write_record(const struct record *rec, const void *p)
{
	struct json	*j = json_new();
	const char	*text;
	char		*copy = NULL;

	json_record(j, NULL, rec, p);
	if ((text = json_text(j, NULL)) != NULL)
		copy = strdup(text);
	json_free(j);
	return (copy);
}

static void
test_vectors(void)
{
	struct verr	 verr;
	char		*text, *out;
	void		*a, *b;
	size_t		 i, len;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		text = slurp(vectors[i].file, &len);
		a = record_new(vectors[i].rec);
		b = record_new(vectors[i].rec);
		ok(json_parse(vectors[i].rec, a, text, len, &verr) == 0,
		    "%s is read: %s %s", vectors[i].file, verr.path, verr.msg);
		out = write_record(vectors[i].rec, a);
		ok(out != NULL, "and written");
		if (vectors[i].exact)
			is_str(out, text, "as the same bytes");
		ok(json_parse(vectors[i].rec, b, out, strlen(out), &verr) == 0,
		    "and read again");
		ok(record_equal(vectors[i].rec, a, b), "the same");
		record_free(vectors[i].rec, a);
		record_free(vectors[i].rec, b);
		free(out);
		free(text);
	}
}

static void
test_full(void)
{
	struct cluster	*c = record_new(&cluster_record);
	struct verr	 verr;
	char		*text;
	size_t		 len;

	text = slurp("cluster.full.json", &len);
	json_parse(&cluster_record, c, text, len, &verr);
	is_int(c->version, 12, "version");
	is_int(c->checks.n, 5, "checks");
	is_str(CLUSTER_CHECK(c, 0)->target, "https://example.com/?a=1&b=<2>",
	    "escapes are undone");
	is_int(CLUSTER_CHECK(c, 3)->timeout, 250000, "timeout");
	is_int(CLUSTER_CHECK(c, 1)->disabled, 1, "disabled");
	is_str(CLUSTER_CHECK(c, 4)->resolvers.v[1], "[2606:4700::1111]:53",
	    "list");
	is_str(CLUSTER_ALERT(c, 1)->smtp_password, "p: #w'\"d", "password");
	is_int(CLUSTER_ALERT(c, 1)->smtp_port, 587, "port");
	is_int(CLUSTER_ALERT(c, 0)->is_default, 1, "default");
	ok(((struct enrollment *)c->enrollments.v[0])->pending_join == NULL,
	    "no pending join");
	is_str(((struct enrollment *)c->enrollments.v[1])->pending_join
	    ->advertise, "charlie:9901", "a record in a record in a list");
	is_int(c->updated_at.nsec, 123456789, "time");
	record_free(&cluster_record, c);
	free(text);
}

static void
test_decodes(void)
{
	struct check	 c;
	struct verr	 verr;
	char		 digits[512];
	const char	*text;
	size_t		 i;
	int		 rv;

	snprintf(digits, sizeof(digits), "{\"Interval\":%0400d}", 1);
	memset(digits + 12, '9', 400);
	for (i = 0; i < sizeof(decodes) / sizeof(decodes[0]); i++) {
		memset(&c, 0, sizeof(c));
		text = decodes[i].text == NULL ? digits : decodes[i].text;
		rv = json_parse(&check_record, &c, text, strlen(text), &verr);
		if (decodes[i].name == NULL) {
			is_int(rv, -1, "%s is refused: %s: %s",
			    decodes[i].what, verr.path, verr.msg);
			if (decodes[i].path != NULL)
				is_str(verr.path, decodes[i].path, "there");
			ok(verr.msg[0] != '\0', "with a reason");
			ok(c.name == NULL && c.extra == NULL && c.id == NULL &&
			    c.alert_ids.n == 0, "and cleared");
			continue;
		}
		is_int(rv, 0, "%s is read: %s %s", decodes[i].what, verr.path,
		    verr.msg);
		is_str(str(c.name), decodes[i].name, "the name");
		is_int(c.interval, decodes[i].interval, "the interval");
		record_clear(&check_record, &c);
	}
}

/* Each field with each value of a type that is not its own. */
static void
test_types(const struct record *rec)
{
	static const struct {
		const char	*text;
		unsigned int	 fits;
	} values[] = {
		{ "1", 1 << FT_UINT | 1 << FT_INT | 1 << FT_DUR },
		{ "-1.5", 0 },
		{ "true", 1 << FT_BOOL },
		{ "\"x\"", 1 << FT_STR },
		{ "{}", 1 << FT_REC },
		{ "[]", 1 << FT_STRS | 1 << FT_RECS },
	};
	const struct field	*f;
	struct verr		 verr;
	void			*p = record_new(rec);
	char			 text[128];
	size_t			 i, v;
	int			 rv;

	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		for (v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			snprintf(text, sizeof(text), "{\"%s\":%s}", f->json,
			    values[v].text);
			rv = json_parse(rec, p, text, strlen(text), &verr);
			if (values[v].fits & 1 << f->type)
				is_int(rv, 0, "%s", text);
			else {
				is_int(rv, -1, "%s is refused", text);
				is_str(verr.path, f->json, "there");
			}
			record_clear(rec, p);
		}
	}
	record_free(rec, p);
}

static void
test_uint(void)
{
	struct cluster	 c;
	struct verr	 verr;
	const char	*max = "{\"Version\":18446744073709551615}";
	const char	*over = "{\"Version\":18446744073709551616}";
	const char	*neg = "{\"Version\":-1}";
	char		*out;

	memset(&c, 0, sizeof(c));
	is_int(json_parse(&cluster_record, &c, max, strlen(max), &verr), 0,
	    "the largest of 64 bits");
	ok(c.version == UINT64_MAX, "is read as it is");
	out = write_record(&cluster_record, &c);
	ok(out != NULL && strstr(out, "\"Version\":18446744073709551615,") !=
	    NULL, "and written");
	free(out);
	is_int(json_parse(&cluster_record, &c, over, strlen(over), &verr), -1,
	    "one more is refused");
	is_str(verr.path, "Version", "there");
	is_int(json_parse(&cluster_record, &c, neg, strlen(neg), &verr), -1,
	    "a negative one is refused");
}

static void
test_times(void)
{
	static const struct {
		const char	*text;
		int		 rv;
	} times[] = {
		{ "\"2026-05-15T14:01:00Z\"", 0 },
		{ "\"2026-05-15T14:01:00.5+02:00\"", 0 },
		{ "\"0001-01-01T00:00:00Z\"", 0 },
		{ "null", 0 },
		{ "\"2026-05-15 14:01:00Z\"", -1 },
		{ "\"\"", -1 },
		{ "123", -1 },
		{ "\"2026-05-15T14:01:00."
		    "000000000000000000000000000000000000000000Z\"", -1 },
		{ "\"2026-05-15T14:01:00Z\\u0000\"", -1 },
	};
	struct cluster	 c;
	struct verr	 verr;
	char		 text[256];
	size_t		 i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		memset(&c, 0, sizeof(c));
		snprintf(text, sizeof(text), "{\"UpdatedAt\":%s}",
		    times[i].text);
		is_int(json_parse(&cluster_record, &c, text, strlen(text),
		    &verr), times[i].rv, "%s", text);
		if (times[i].rv == -1)
			is_str(verr.path, "UpdatedAt", "there");
		record_clear(&cluster_record, &c);
	}
}

/* n times what opens, then n times what closes, in a check's new member. */
static int
nest(const char *open, const char *close, unsigned int n, struct verr *verr)
{
	struct check	 c;
	char		*text = calloc(1, n * (strlen(open) + 1) + 32);
	size_t		 i, len;
	int		 rv;

	len = sprintf(text, "{\"New\":");
	for (i = 0; i < n; i++)
		len += sprintf(text + len, "%s", open);
	len += sprintf(text + len, "1");
	for (i = 0; i < n; i++)
		len += sprintf(text + len, "%s", close);
	len += sprintf(text + len, "}");
	memset(&c, 0, sizeof(c));
	rv = json_parse(&check_record, &c, text, len, verr);
	record_clear(&check_record, &c);
	free(text);
	return (rv);
}

static void
test_bombs(void)
{
	struct cluster	 c;
	struct check	 ck;
	struct snapshot	 s;
	struct verr	 verr;
	char		*text;
	size_t		 i, len;

	is_int(nest("[", "]", XNODE_DEPTH_MAX - 1, &verr), 0,
	    "an unknown member as deep as a file holds");
	is_int(nest("[", "]", XNODE_DEPTH_MAX, &verr), -1, "one deeper");
	is_int(nest("{\"a\":", "}", XNODE_DEPTH_MAX, &verr), -1,
	    "one deeper, of objects");
	is_int(nest("[", "]", 1000000, &verr), -1, "a bomb of depth");
	is_int(nest("{\"a\":", "}", 100000, &verr), -1, "one of objects");
	is_str(verr.msg, "nested too deep", "is called that");

	memset(&s, 0, sizeof(s));
	text = calloc(1, 64);
	snprintf(text, 64, "{\"x\":%s}",
	    "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]");
	is_int(json_parse(&snapshot_record, &s, text, strlen(text), &verr), -1,
	    "a bomb in an ignored member");
	snprintf(text, 64, "{\"x\":[[[{\"a\":[1]}]]],\"OKCount\":3}");
	is_int(json_parse(&snapshot_record, &s, text, strlen(text), &verr), 0,
	    "an ignored member");
	is_int(s.ok_count, 3, "leaves the others alone");
	record_clear(&snapshot_record, &s);
	free(text);

	memset(&c, 0, sizeof(c));
	text = malloc(3 * 1000000 + 64);
	len = sprintf(text, "{\"Checks\":[{}");
	for (i = 0; i < 1000000; i++)
		len += sprintf(text + len, ",{}");
	len += sprintf(text + len, "]}");
	is_int(json_parse(&cluster_record, &c, text, len, &verr), -1,
	    "a million checks: %s", verr.msg);
	is_str(verr.path, "Checks[20000]", "there");

	len = sprintf(text, "{\"Resolvers\":[\"\"");
	for (i = 0; i < 1000000; i++)
		len += sprintf(text + len, ",\"\"");
	len += sprintf(text + len, "]}");
	memset(&ck, 0, sizeof(ck));
	is_int(json_parse(&check_record, &ck, text, len, &verr), -1,
	    "a million strings: %s", verr.msg);

	len = sprintf(text, "{\"New\":[0");
	for (i = 0; i < 1000000; i++)
		len += sprintf(text + len, ",0");
	len += sprintf(text + len, "]}");
	is_int(json_parse(&check_record, &ck, text, len, &verr), -1,
	    "a million unknown numbers: %s", verr.msg);
	free(text);
}

static void
test_paths(void)
{
	static const struct {
		const char	*text;
		const char	*path;
	} t[] = {
		{ "{\"Checks\":[{},{\"Name\":1}]}", "Checks[1].Name" },
		{ "{\"Checks\":[{},7]}", "Checks[1]" },
		{ "{\"Checks\":[{},{\"AlertIDs\":[\"a\",\"b\",{}]}]}",
		    "Checks[1].AlertIDs[2]" },
		{ "{\"PendingEnrollments\":[{\"PendingJoin\":"
		    "{\"SubmittedAt\":\"x\"}}]}",
		    "PendingEnrollments[0].PendingJoin.SubmittedAt" },
		{ "{\"PendingEnrollments\":[{\"PendingJoin\":[]}]}",
		    "PendingEnrollments[0].PendingJoin" },
		{ "{\"New\":{\"a\":[{\"b\":\"\\u0000\"}]}}", "New.a.b" },
	};
	struct cluster	 c;
	struct verr	 verr;
	char		 text[4096];
	size_t		 i;

	memset(&c, 0, sizeof(c));
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		is_int(json_parse(&cluster_record, &c, t[i].text,
		    strlen(t[i].text), &verr), -1, "%s", t[i].text);
		is_str(verr.path, t[i].path, "there");
	}
	snprintf(text, sizeof(text), "{\"N%03000d\":\"\\u0000\"}", 1);
	is_int(json_parse(&cluster_record, &c, text, strlen(text), &verr), -1,
	    "an endless name is cut in the error");
}

static void
test_kept(void)
{
	static const char	 text[] =
	    "{\"ID\":\"a\",\"Zeta\":[1,-2.5e+3,\"s\\u2028\",null,[true],{}],"
	    "\"alpha\":{\"k\":{\"l\":false}},\"alert_ids\":[9]}";
	static const char	 want[] =
	    "\"Zeta\":[1,-2.5e+3,\"s\\u2028\",null,[true],{}],"
	    "\"alpha\":{\"k\":{\"l\":false}}}";
	struct check	 a, b;
	struct verr	 verr;
	char		*out;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	is_int(json_parse(&check_record, &a, text, strlen(text), &verr), 0,
	    "unknown members are read");
	out = write_record(&check_record, &a);
	ok(out != NULL && strlen(out) > strlen(want) && strcmp(out +
	    strlen(out) - strlen(want), want) == 0, "and written last: %s",
	    str(out));
	is_int(json_parse(&check_record, &b, out, strlen(out), &verr), 0,
	    "and read again");
	ok(record_equal(&check_record, &a, &b), "the same");
	ok(strstr(out, "alert_ids") == NULL,
	    "a member with a file's name for another is none to keep");
	free(out);
	record_clear(&check_record, &a);
	record_clear(&check_record, &b);

	/* What came from a file need not be JSON. */
	a.extra = xnode_new(XK_PLAIN, "bare", "hello \"x\"");
	a.extra->next = xnode_new(XK_PLAIN, "octal", "0o7");
	a.extra->next->next = xnode_new(XK_PLAIN, "number", "1.5");
	a.extra->next->next->next = xnode_new(XK_STRING, "Name", "again");
	out = write_record(&check_record, &a);
	ok(out != NULL && strstr(out, "\"bare\":\"hello \\\"x\\\"\","
	    "\"octal\":\"0o7\",\"number\":1.5}") != NULL,
	    "plain scalars are quoted unless JSON has them: %s", out);
	free(out);
	record_clear(&check_record, &a);
}

static void
test_writer(void)
{
	struct json	*j = json_new();
	int		 i;

	json_object(j, NULL);
	json_int(j, "min", INT64_MIN);
	json_uint(j, "max", UINT64_MAX);
	json_bool(j, "on", 2);
	json_null(j, "nil");
	json_string(j, "none", NULL);
	json_string(j, "e", "\b\f\n\r\t\x01\x1f\"\\/<>&\x7f\xe2\x80\xa9"
	    "\xe2\x82\xac\xff");
	json_array(j, "l");
	json_string(j, NULL, "a");
	json_array(j, NULL);
	json_end(j);
	json_object(j, NULL);
	json_end(j);
	json_end(j);
	json_end(j);
	is_str(json_text(j, NULL), "{\"min\":-9223372036854775808,"
	    "\"max\":18446744073709551615,\"on\":true,\"nil\":null,"
	    "\"none\":\"\",\"e\":\"\\b\\f\\n\\r\\t\\u0001\\u001f\\\"\\\\/"
	    "\\u003c\\u003e\\u0026\x7f\\u2029\xe2\x82\xac\\ufffd\","
	    "\"l\":[\"a\",[],{}]}", "every kind of value");
	json_int(j, NULL, 1);
	ok(json_text(j, NULL) == NULL, "a second outermost value fails");
	json_free(j);

	j = json_new();
	json_object(j, NULL);
	json_int(j, NULL, 1);
	json_end(j);
	ok(json_text(j, NULL) == NULL, "a member without a name fails");
	json_free(j);

	j = json_new();
	json_array(j, NULL);
	json_int(j, "a", 1);
	ok(json_text(j, NULL) == NULL, "a name in an array fails");
	json_free(j);

	j = json_new();
	json_end(j);
	ok(json_text(j, NULL) == NULL, "an end of nothing fails");
	json_free(j);

	j = json_new();
	for (i = 0; i < JSON_DEPTH_MAX; i++)
		json_array(j, NULL);
	ok(json_text(j, NULL) != NULL, "as deep as may be");
	json_array(j, NULL);
	ok(json_text(j, NULL) == NULL, "one deeper fails");
	json_free(j);
	json_free(NULL);
}

int
main(int argc, char *argv[])
{
	(void)argc;
	strlcpy(place, dirname(argv[0]), sizeof(place));
	test_vectors();
	test_full();
	test_decodes();
	test_types(&check_record);
	test_types(&alert_record);
	test_uint();
	test_times();
	test_bombs();
	test_paths();
	test_kept();
	test_writer();
	return (tap_done());
}
