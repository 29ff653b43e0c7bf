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
#include <time.h>

#include "fmt.h"
#include "json.h"
#include "template.h"
#include "tap.h"

#define CASES	142		/* in the vectors */

/* A vector: a template, what it is rendered with, and what comes of it. */
struct vector {
	char	*name;
	char	*context;
	char	*template;
	char	*output;
	char	*error;
	char	*error_stage;
};

struct vectors {
	struct reclist	 cases;
};

struct contexts {
	struct alert_event	*dnsdown;
	struct alert_event	*down;
	struct alert_event	*recovered;
	struct alert_event	*single;
	struct alert_event	*tlsdown;
	struct alert_event	*up;
};

#define FIELD(s, m, t, ...)						\
	{ .json = #m, .type = (t), .offset = offsetof(struct s, m),	\
	  __VA_ARGS__ }
#define RECORD(s)							\
static const struct record s##_record = {				\
	.name = #s, .size = sizeof(struct s), .extra = RECORD_NOEXTRA,	\
	.fields = s##_fields,						\
	.nfields = sizeof(s##_fields) / sizeof(s##_fields[0])		\
}

static const struct field	vector_fields[] = {
	FIELD(vector, name, FT_STR),
	FIELD(vector, context, FT_STR),
	FIELD(vector, template, FT_STR),
	FIELD(vector, output, FT_STR),
	FIELD(vector, error, FT_STR),
	FIELD(vector, error_stage, FT_STR),
};
RECORD(vector);

static const struct field	vectors_fields[] = {
	FIELD(vectors, cases, FT_RECS, .rec = &vector_record),
};
RECORD(vectors);

static const struct field	contexts_fields[] = {
	FIELD(contexts, dnsdown, FT_REC, .rec = &alert_event_record),
	FIELD(contexts, down, FT_REC, .rec = &alert_event_record),
	FIELD(contexts, recovered, FT_REC, .rec = &alert_event_record),
	FIELD(contexts, single, FT_REC, .rec = &alert_event_record),
	FIELD(contexts, tlsdown, FT_REC, .rec = &alert_event_record),
	FIELD(contexts, up, FT_REC, .rec = &alert_event_record),
};
RECORD(contexts);

static const char	*argv0;
static struct contexts	 contexts;
static struct vectors	 vectors;

static char	*slurp(const char *, const char *, const char *);
static void	 load(const struct record *, void *, const char *,
		    const char *, const char *);
static const struct alert_event
		*context(const char *);
static char	*render(const char *, const struct alert_event *,
		    struct template_error *);
static char	*many(const char *, const char *, size_t, const char *,
		    size_t, const char *);
static void	 parses(const char *, const char *);
static void	 says(const char *, const char *);
static void	 fails(const char *, unsigned int, unsigned int);
static void	 bounded(char *, const char *);

/* Between a prefix and a suffix, for free(3). */
static char *
slurp(const char *name, const char *before, const char *after)
{
	const char	*slash = strrchr(argv0, '/');
	char		 path[1024], *text;
	size_t		 len = strlen(before), n;
	FILE		*f;

	(void)snprintf(path, sizeof(path), "%.*s/vectors/templates/%s",
	    slash == NULL ? 1 : (int)(slash - argv0),
	    slash == NULL ? "." : argv0, name);
	if ((f = fopen(path, "r")) == NULL ||
	    (text = malloc(200000)) == NULL) {
		printf("Bail out! no %s\n", path);
		exit(1);
	}
	memcpy(text, before, len);
	n = fread(text + len, 1, 190000, f);
	(void)fclose(f);
	memcpy(text + len + n, after, strlen(after) + 1);
	return (text);
}

static void
load(const struct record *rec, void *p, const char *name, const char *before,
    const char *after)
{
	struct verr	 ve;
	char		 buf[640], *text;

	text = slurp(name, before, after);
	memset(&ve, 0, sizeof(ve));
	if (json_parse(rec, p, text, strlen(text), &ve) == -1) {
		printf("Bail out! %s: %s\n", name,
		    verr_string(&ve, buf, sizeof(buf)));
		exit(1);
	}
	free(text);
}

static const struct alert_event *
context(const char *name)
{
	size_t	 i;

	for (i = 0; i < contexts_record.nfields; i++)
		if (strcmp(contexts_fields[i].json, name) == 0)
			return (*(struct alert_event **)field_ptr(
			    &contexts_fields[i], &contexts));
	printf("Bail out! no context %s\n", name);
	exit(1);
}

static char *
render(const char *text, const struct alert_event *ev,
    struct template_error *err)
{
	struct template	*t;
	char		*out;

	if ((t = template_parse(text, err)) == NULL)
		return (NULL);
	out = template_render(t, ev, err);
	template_free(t);
	return (out);
}

/* One text that often, and another, between two ends; for free(3). */
static char *
many(const char *before, const char *one, size_t n, const char *other,
    size_t m, const char *after)
{
	size_t	 i;
	char	*text, *p;

	text = malloc(strlen(before) + strlen(one) * n + strlen(other) * m +
	    strlen(after) + 1);
	if (text == NULL)
		abort();
	p = stpcpy(text, before);
	for (i = 0; i < n; i++)
		p = stpcpy(p, one);
	for (i = 0; i < m; i++)
		p = stpcpy(p, other);
	(void)stpcpy(p, after);
	return (text);
}

static void
test_vectors(void)
{
	const struct vector	*v;
	struct template_error	 err;
	char			*out;
	uint32_t		 i;
	int			 bad;

	is_int(vectors.cases.n, CASES, "all vectors are read");
	for (i = 0; i < vectors.cases.n; i++) {
		v = vectors.cases.v[i];
		out = render(str(v->template), context(v->context), &err);
		/* Methods of values are left to errors. */
		bad = *str(v->error) != '\0' ||
		    strcmp(v->name, "method-call") == 0;
		if (bad) {
			ok(out == NULL, "%s/%s is an error", v->name,
			    v->context);
			ok(out == NULL && err.msg[0] != '\0' && err.line == 1 &&
			    err.column > 0, "%s: %u:%u: %s", v->name,
			    err.line, err.column, err.msg);
		} else {
			is_str(out, str(v->output), "%s/%s", v->name,
			    v->context);
			if (out == NULL)
				fprintf(stderr, "#   %u:%u: %s\n", err.line,
				    err.column, err.msg);
		}
		free(out);
	}
}

/* What does not parse is known before anything is rendered. */
static void
test_stages(void)
{
	const struct vector	*v;
	struct template_error	 err;
	struct template		*t;
	uint32_t		 i;

	for (i = 0; i < vectors.cases.n; i++) {
		v = vectors.cases.v[i];
		if (strcmp(v->name, "method-call") == 0)
			continue;
		t = template_parse(str(v->template), &err);
		if (strcmp(str(v->error_stage), "parse") == 0)
			ok(t == NULL, "%s does not parse", v->name);
		else
			ok(t != NULL, "%s/%s parses", v->name, v->context);
		template_free(t);
	}
}

static void
parses(const char *text, const char *why)
{
	struct template_error	 err;
	struct template		*t;

	t = template_parse(text, &err);
	if (!ok(t != NULL, "%s", why))
		fprintf(stderr, "#   %u:%u: %s\n", err.line, err.column,
		    err.msg);
	template_free(t);
}

/* Of a homepage that is down. */
static void
says(const char *text, const char *want)
{
	struct template_error	 err;
	char			 vis[256], *out;

	out = render(text, context("down"), &err);
	is_str(out, want, "%s", fmt_vis(text, vis, sizeof(vis)));
	if (out == NULL)
		fprintf(stderr, "#   %u:%u: %s\n", err.line, err.column,
		    err.msg);
	free(out);
}

static void
fails(const char *text, unsigned int line, unsigned int column)
{
	struct template_error	 err;
	char			 where[64], want[64], vis[256], *out;

	out = render(text, context("down"), &err);
	ok(out == NULL && err.msg[0] != '\0', "%s: %s",
	    fmt_vis(text, vis, sizeof(vis)), err.msg);
	(void)snprintf(where, sizeof(where), "%u:%u", err.line, err.column);
	(void)snprintf(want, sizeof(want), "%u:%u", line, column);
	is_str(where, want, "and where");
	free(out);
}

static void
test_places(void)
{
	fails("{{upper .Verb}}", 1, 3);
	fails("one\ntwo {{$nope}}", 2, 7);
	fails("one\n\n{{if .Verb}}\n{{.Check.Nope}}{{end}}", 4, 3);
	fails("{{\n\n.Nope\n}}", 3, 1);
	fails("{{/* a\ncomment */}}{{.Nope}}", 2, 15);
	fails("{{index .Check.AlertIDs 9}}", 1, 3);
	fails("a\r\nb {{len 3}}", 2, 5);
	fails("x{{end}}", 1, 4);
	fails("{{`raw\nraw`}}{{nope}}", 2, 9);
}

/* A field that is added to a check is there for templates too. */
static void
test_fields(void)
{
	const struct record	*recs[] = { &check_record, &snapshot_record };
	const char		*names[] = { "Check", "Snapshot" };
	char			 text[128], *out;
	struct template_error	 err;
	size_t			 i, k;

	for (k = 0; k < 2; k++)
		for (i = 0; i < recs[k]->nfields; i++) {
			(void)snprintf(text, sizeof(text), "{{.%s.%s}}",
			    names[k], recs[k]->fields[i].json);
			out = render(text, context("down"), &err);
			ok(out != NULL, "%s", text);
			free(out);
		}
	/* The id of an event is none of QUptime's names. */
	fails("{{.ID}}", 1, 3);
	fails("{{.Check.id}}", 1, 3);
	fails("{{.Check.expect_status}}", 1, 3);
	fails("{{.Check.Extra}}", 1, 3);
	fails("{{.Alert.SMTPPassword}}", 1, 3);
	fails("{{.Verb.Name}}", 1, 3);
	fails("{{$.Alert}}", 1, 3);
}

static void
test_sample(void)
{
	struct alert_event	 ev;
	struct check		 c;
	struct template_error	 err;
	char			*out;

	memset(&ev, 0, sizeof(ev));
	memset(&c, 0, sizeof(c));
	ev.verb = "TEST";
	ev.from = "up";
	ev.to = "down";
	ev.check = &c;
	c.name = "test-check";
	(void)wall_parse("2026-05-15T16:01:00.5+02:00", &ev.when);
	out = render("{{.Verb}} {{.VerbLower}} {{.Check.Name}} {{.When}}",
	    &ev, &err);
	is_str(out, "DOWN down test-check 2026-05-15T14:01:00Z",
	    "a test shows what a failure would look like");
	free(out);
	out = render("{{with .Snapshot}}x{{.Detail}}{{else}}none{{end}}",
	    &ev, &err);
	ok(out != NULL, "an event without evidence");
	free(out);
	ev.check = NULL;
	out = render("{{.Check.Name}}", &ev, &err);
	free(out);
	out = render("{{.Snapshot.Detail}}", &ev, &err);
	free(out);
	out = render("{{.Check.AlertIDs}}{{range .Check.AlertIDs}}{{end}}", &ev,
	    &err);
	free(out);
	ok(1, "one without a check");
}

static void
test_language(void)
{
	says("{{if eq .Verb \"DOWN\" -}}\n a\n{{- else -}} b {{- end}}.", "a.");
	says("{{with $x := .Verb}}{{$x}}{{.}}{{end}}", "DOWNDOWN");
	says("{{range $i, $v := .Check.AlertIDs}}{{$i}}{{$v}}"
	    "{{else}}none{{end}}", "0oncall1ops");
	says("{{$s := \"\"}}{{range .Check.AlertIDs}}{{$s = print $s .}}{{end}}"
	    "{{$s}}", "oncallops");
	says("{{range 3}}{{if eq . 1}}{{continue}}{{end}}{{.}}{{end}}", "02");
	says("{{range 0}}x{{else}}none{{end}}", "none");
	says("{{range -3}}x{{else}}none{{end}}", "none");
	says("{{- /* c */ -}}  x", "x");
	says("{{printf \"%q\" \"a\\n\\x00\\u00e9\\U0001F600\"}}",
	    "\"a\\n\\x00\xc3\xa9\xf0\x9f\x98\x80\"");
	says("{{printf \"%v %v\" .Check.AlertIDs .Check.Disabled}}",
	    "[oncall ops] false");
	says("{{printf \"%6.2d|%-6d|%+d|% d|%#x|%#o\" 7 7 7 7 255 8}}",
	    "    07|7     |+7| 7|0xff|010");
	says("{{printf \"%s %s\" \"a\"}}", "a %!s(MISSING)");
	says("{{printf \"%z\" 1}}", "%!z(int=1)");
	says("{{printf \"%\"}}", "%!(NOVERB)");
	says("{{printf \"%5t|%-7t|\" true false}}", " true|false  |");
	says("{{printf \"%x % x %X\" \"hi\" \"hi\" \"hi\"}}",
	    "6869 68 69 6869");
	says("{{printf \"%5q\" \"a\"}}", "  \"a\"");
	says("{{printf \"%05d %x %b %o\" -42 -255 5 8}}", "-0042 -ff 101 10");
	says("{{printf \"%[3]d %[1]d\" 1 2 3}}", "3 1");
	says("{{printf \"%[5]d\" 1}}", "%!d(BADINDEX)");
	says("{{printf \"%10.3s|\" \"abcdef\"}}", "       abc|");
	says("{{printf \"%5s|\" \"\xc3\xa9\"}}", "    \xc3\xa9|");
	says("{{printf \"%.1s|\" \"\xc3\xa9t\xc3\xa9\"}}", "\xc3\xa9|");
	says("{{html \"\\\"\"}} {{js \"\\\"=\"}}", "&#34; \\\"\\u003D");
	says("{{index \"abc\" 1}}{{slice \"abc\" 1 1}}", "98");
	says("{{not (and true .Verb)}}", "false");
	says("{{le 1 1}}{{ge 2 1}}{{ne \"a\" \"b\"}}{{eq true true}}",
	    "truetruetruetrue");
	says("{{eq .Check.Interval .Check.Interval}}", "true");
	says("{{gt .Check.Interval .Check.Timeout}}", "true");
	says("{{len .Check.BodyMatch | printf \"%03d\"}}", "007");
	says("{{9223372036854775807}} {{-9223372036854775808}}",
	    "9223372036854775807 -9223372036854775808");
	says("{{'\\n'}} {{'\\''}} {{'\xc3\xa9'}}", "10 39 233");
	says("a}}b", "a}}b");
	says("{{\"}}\"}}", "}}");
}

static void
test_errors(void)
{
	static const char *const	 bad[] = {
		"{{", "{{ ", "{{-", "{{- ", "{{.", "{{\"", "{{`", "{{'",
		"{{'a", "{{''}}", "{{\"\\", "{{\"\\\"}}", "{{\"\\q\"}}",
		"{{\"\\x4\"}}", "{{\"\\ud800\"}}", "{{\"\\400\"}}", "{{/*",
		"{{/* x", "{{/* x */", "{{/* x */ }}", "{{(}}", "{{)}}",
		"{{(.Verb}}", "{{.Verb)}}", "{{|}}", "{{.Verb|}}",
		"{{|len}}", "{{.Verb | 3}}", "{{.Verb | .Verb}}", "{{$}",
		"{{$x := }}", "{{$x = 1}}", "{{$x := 1", "{{:=}}", "{{=}}",
		"{{,}}", "{{a,b}}", "{{if}}x{{end}}", "{{if .Verb}}",
		"{{if .Verb}}{{else}}{{else}}{{end}}", "{{else}}", "{{end}}",
		"{{if .Verb}}{{else if}}{{end}}{{end}}", "{{end end}}",
		"{{range}}{{end}}", "{{with}}{{end}}", "{{break}}",
		"{{continue}}", "{{if true}}{{break}}{{end}}",
		"{{define}}{{end}}", "{{template}}", "{{template \"x\"}}",
		"{{block \"x\"}}{{end}}", "{{define \"a\"}}", "{{1x}}",
		"{{0x}}", "{{1__2}}", "{{99999999999999999999}}", "{{+}}",
		"{{-}}", "{{1.2.3}}", "{{@}}", "{{.Verb!}}", "{{\x01}}",
		"{{\xff}}", "{{nope}}", "{{nil}}", "{{.Verb.}}", "{{..}}",
		"{{.Verb..Name}}", "{{\"a\"\"b\"}}", "{{.Verb\"a\"}}",
		"{{printf}}", "{{len}}", "{{len 1 2}}", "{{not}}",
		"{{eq}}", "{{eq 1}}", "{{lt 1 2 3}}", "{{index}}",
		"{{index 3 1}}", "{{index .Verb \"a\"}}", "{{index .Verb -1}}",
		"{{slice .Verb 3 1}}", "{{slice .Verb 0 99}}",
		"{{slice 3}}", "{{range .Verb}}{{end}}",
		"{{range .Check}}{{end}}", "{{eq .Check .Check}}",
		"{{call .Verb}}", "{{.Verb 1}}", "{{3 4}}", "{{(3) 4}}",
		"{{true false}}", "{{nil | len}}", "{{$ 1}}", "{{and}}",
		"{{or}}", "{{slice .Verb 1 2 3}}"
	};
	struct template_error	 err;
	char			 vis[256], *out;
	size_t			 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		out = render(bad[i], context("down"), &err);
		ok(out == NULL && err.msg[0] != '\0', "%s: %s",
		    fmt_vis(bad[i], vis, sizeof(vis)),
		    out != NULL ? out : err.msg);
		free(out);
	}
}

/* It ends soon, with an error or with text that is not too long. */
static void
bounded(char *text, const char *what)
{
	struct template_error	 err;
	struct timespec		 a, b;
	char			*out;
	long			 ms;

	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	out = render(text, context("down"), &err);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	ok(out == NULL ? err.msg[0] != '\0' : strlen(out) <= TMPL_MEM_MAX,
	    "%s: %s", what, out == NULL ? err.msg : "is rendered");
	ok(ms < 2000, "and takes %ld ms", ms);
	free(out);
	free(text);
}

static void
test_limits(void)
{
	bounded(strdup("{{range 1000000000}}{{end}}"), "a long loop");
	bounded(strdup("{{range 9223372036854775807}}x{{end}}"),
	    "the longest loop");
	bounded(strdup("{{range 10000}}{{range 10000}}{{range 10000}}"
	    "{{end}}{{end}}{{end}}"), "loops in loops");
	bounded(strdup("{{range 1000}}{{range 1000}}{{range 1000}}{{.}}"
	    "{{end}}{{end}}{{end}}"), "loops that say something");
	bounded(strdup("{{$x := \"xxxxxxxx\"}}{{range 64}}"
	    "{{$x = print $x $x}}{{end}}{{$x}}"), "a string that doubles");
	bounded(strdup("{{$x := \"xxxxxxxx\"}}{{range 64}}"
	    "{{$x = html $x \"<\" $x}}{{end}}{{$x}}"), "one that is escaped");
	bounded(strdup("{{$x := \"<<<<\"}}{{range 64}}"
	    "{{$x = $x | html | urlquery | js}}{{end}}"), "and one again");
	bounded(strdup("{{printf \"%999999999d\" 1}}"), "a wide number");
	bounded(strdup("{{printf \"%.999999999d\" 1}}"), "a precise number");
	bounded(strdup("{{printf \"%999999999999999999999s\" \"\"}}"),
	    "a width that is no int");
	bounded(strdup("{{printf \"%*d\" 2000000000 1}}"),
	    "a width from an argument");
	bounded(strdup("{{printf \"%[99999999999999999999]d\" 1}}"),
	    "an index that is no int");
	bounded(strdup("{{range 1000}}{{printf \"%1000000d\" 1}}{{end}}"),
	    "wide numbers without end");
	bounded(many("{{", "(", 30000, "", 0, ""), "parentheses");
	bounded(many("", "{{if true}}", 3000, "", 0, ""), "blocks never ended");
	bounded(many("", "{{range 9}}", 2000, "{{end}}", 2000, ""),
	    "blocks in blocks");
	bounded(many("{{with 1}}", "{{else with 0}}", 2000, "", 0,
	    "{{end}}"), "a long chain of else");
	bounded(many("{{if false}}", "{{else if false}}", 1900, "", 0,
	    "{{end}}"), "another");
	bounded(strdup("{{define \"a\"}}{{template \"a\"}}{{end}}"
	    "{{template \"a\"}}"), "a template that calls itself");
	bounded(strdup("{{define \"a\"}}{{template \"b\"}}{{template \"b\"}}"
	    "{{end}}{{define \"b\"}}{{template \"a\"}}{{template \"a\"}}{{end}}"
	    "{{template \"a\"}}"), "two that call each other");
	bounded(many("", "{{$x := 1}}", 2900, "", 0, ""), "many variables");
	bounded(many("{{print ", "1 ", 15000, "", 0, "}}"),
	    "many arguments");
	bounded(many("{{.Verb ", "| print ", 4000, "", 0, "}}"),
	    "a long pipeline");
	bounded(many("{{.", "Check.", 5000, "", 0, "Name}}"),
	    "a long chain of fields");
	bounded(many("", "{{1}}", 6500, "", 0, ""), "many actions");
	bounded(many("{{\"", "\\u00e9", 5000, "", 0, "\"}}"),
	    "a long string");
	bounded(many("", "{{", 16000, "", 0, ""), "nothing but openings");
	bounded(many("", "{{-", 10000, "", 0, ""), "with trimming");
	bounded(many("", " ", 32000, "", 0, "{{- 1}}"), "much to trim");
	bounded(many("", "{{/*", 8000, "", 0, ""), "comments never ended");
	bounded(many("", "{{$a}}", 5000, "", 0, ""), "a variable never seen");
}

static void
test_bytes(void)
{
	struct template_error	 err;
	char			 text[16];
	int			 c;

	/* Each byte where a word, a string's and a text's would be. */
	for (c = 1; c < 256; c++) {
		(void)snprintf(text, sizeof(text), "{{%c}}", c);
		free(render(text, context("down"), &err));
		(void)snprintf(text, sizeof(text), "{{\"\\%c\"}}", c);
		free(render(text, context("down"), &err));
		(void)snprintf(text, sizeof(text), "{{'%c'}}", c);
		free(render(text, context("down"), &err));
		(void)snprintf(text, sizeof(text), "{{\"%c\" | js}}", c);
		free(render(text, context("down"), &err));
		(void)snprintf(text, sizeof(text), "%c{{1}}%c", c, c);
		free(render(text, context("down"), &err));
		(void)snprintf(text, sizeof(text), "{{printf \"%%%c\"}}", c);
		free(render(text, context("down"), &err));
	}
	ok(1, "no byte does harm anywhere");
	parses("\xff\xfe text that is not UTF-8 {{.Verb}}",
	    "text is not looked into");
}

/* Only what is new is looked at. */
static void
test_check(void)
{
	struct alert	 a, old;
	struct verr	 ve;
	char		 buf[512];

	memset(&a, 0, sizeof(a));
	memset(&old, 0, sizeof(old));
	memset(&ve, 0, sizeof(ve));
	is_int(template_check(&a, NULL, &ve), 0, "no templates");
	a.subject_template = (char *)"{{.Verb}}";
	a.body_template = (char *)"a\nb{{end}}";
	is_int(template_check(&a, &old, &ve), -1, "one that does not parse");
	is_str(verr_string(&ve, buf, sizeof(buf)),
	    "body_template: 2:4: unexpected {{end}}", "is named");
	old.body_template = (char *)"a\nb{{end}}";
	is_int(template_check(&a, &old, &ve), 0, "it was there before");
}

int
main(int argc, char *argv[])
{
	(void)argc;
	argv0 = argv[0];
	load(&vectors_record, &vectors, "cases.json", "{\"cases\":", "}");
	load(&contexts_record, &contexts, "contexts.json", "", "");
	test_vectors();
	test_stages();
	test_places();
	test_fields();
	test_sample();
	test_language();
	test_errors();
	test_limits();
	test_bytes();
	test_check();
	record_clear(&vectors_record, &vectors);
	record_clear(&contexts_record, &contexts);
	return (tap_done());
}
