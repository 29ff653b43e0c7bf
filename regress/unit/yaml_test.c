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

#include <fcntl.h>
#include <libgen.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "model.h"
#include "tap.h"
#include "yaml.h"

#define RANDOM_STRINGS	20000

/* One value of each kind that the vectors are about. */
struct value {
	char		*v;
	int64_t		 d;
	struct walltime	 t;
	struct strlist	 l;
	struct xnode	*extra;
};

static const struct field	 value_fields[] = {
	{ .json = "v", .yaml = "v", .type = FT_STR, .flags = F_OMIT | F_TEXT,
	  .offset = offsetof(struct value, v) },
	{ .json = "d", .yaml = "d", .type = FT_DUR, .flags = F_OMIT,
	  .offset = offsetof(struct value, d) },
	{ .json = "t", .yaml = "t", .type = FT_TIME, .flags = F_OMIT,
	  .offset = offsetof(struct value, t) },
	{ .json = "l", .yaml = "l", .type = FT_STRS, .flags = F_OMIT,
	  .offset = offsetof(struct value, l), .max = 1000 }
};
static const struct record	 value_record = {
	.name = "value", .size = sizeof(struct value),
	.extra = offsetof(struct value, extra),
	.fields = value_fields, .nfields = 4
};
/* The same without room for what is not known. */
static const struct record	 tight_record = {
	.name = "tight", .size = sizeof(struct value),
	.extra = RECORD_NOEXTRA, .fields = value_fields, .nfields = 4
};

static const struct {
	const char		*file;
	const struct record	*rec;
} files[] = {
	{ "cluster.disk-v0.1.yaml", &cluster_record },
	{ "cluster.disk-v0.3.yaml", &cluster_record },
	{ "cluster.empty.yaml", &cluster_record },
	{ "cluster.full.yaml", &cluster_record },
	{ "cluster.keys-a.yaml", &cluster_record },
	{ "cluster.keys-b.yaml", &cluster_record },
	{ "cluster.pending.disk-v0.3.yaml", &cluster_record },
	{ "cluster.v0.1.yaml", &cluster_record },
	{ "cluster.zero-lists.yaml", &cluster_record },
	{ "node.disk-v0.1.yaml", &node_record },
	{ "node.disk-v0.3.yaml", &node_record },
	{ "node.full.yaml", &node_record },
	{ "node.keys-a.yaml", &node_record },
	{ "node.keys-b.yaml", &node_record },
	{ "node.legacy-secret.yaml", &node_record },
	{ "node.v0.1.yaml", &node_record },
	{ "trust.disk-v0.1.yaml", &trust_record },
	{ "trust.disk-v0.3.yaml", &trust_record },
	{ "trust.empty.yaml", &trust_record },
	{ "trust.full.yaml", &trust_record }
};

static char	 place[1024];

static char *
slurp(const char *dir, const char *name, size_t *len)
{
	const char	*places[] = { ".", "regress/unit", place };
	char		 path[2048], *buf;
	FILE		*f = NULL;
	size_t		 i;

	for (i = 0; i < 3 && f == NULL; i++) {
		snprintf(path, sizeof(path), "%s/vectors/%s/%s", places[i],
		    dir, name);
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

/* Reads a vector into a record, which is fatal to the test if it fails. */
static void *
load(const struct record *rec, const char *name)
{
	struct verr	 ve;
	char		*text, line[512];
	size_t		 len;
	void		*rp = record_new(rec);

	text = slurp("yaml", name, &len);
	if (yaml_parse(rec, rp, name, text, len, &ve) == -1) {
		printf("Bail out! %s\n", verr_string(&ve, line,
		    sizeof(line)));
		exit(1);
	}
	free(text);
	return (rp);
}

/* Whether a record is the same after it was written and read. */
static int
survives(const struct record *rec, const void *rp)
{
	struct verr	 ve;
	char		*text, line[512];
	void		*copy = record_new(rec);
	size_t		 len;
	int		 same;

	if ((text = yaml_format(rec, rp, &len)) == NULL) {
		free(copy);
		return (0);
	}
	same = strlen(text) == len &&
	    yaml_parse(rec, copy, "again", text, len, &ve) == 0;
	if (!same)
		printf("# %s\n", verr_string(&ve, line, sizeof(line)));
	else
		same = record_equal(rec, rp, copy);
	if (!same)
		printf("# written: %s\n", text);
	freezero(text, len);
	record_free(rec, copy);
	return (same);
}

static void
test_files(void)
{
	void	*rp;
	size_t	 i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		rp = load(files[i].rec, files[i].file);
		ok(survives(files[i].rec, rp), "%s is read and written",
		    files[i].file);
		record_free(files[i].rec, rp);
	}
}

/* The same document in both forms, so each of its values is compared. */
static void
test_full(void)
{
	struct cluster	*c = load(&cluster_record, "cluster.full.yaml"), *j;
	struct verr	 ve;
	struct check	*dns;
	char		*text;
	size_t		 len;

	j = record_new(&cluster_record);
	text = slurp("json", "cluster.full.json", &len);
	is_int(json_parse(&cluster_record, j, text, len, &ve), 0,
	    "the document as JSON");
	ok(record_equal(&cluster_record, c, j), "has the same values");
	free(text);

	is_int(c->version, 12, "version");
	is_int(c->updated_at.nsec, 123456789, "updated_at");
	ok(c->peers.n == 2 && c->checks.n == 5 && c->alerts.n == 2 &&
	    c->enrollments.n == 2 && c->resolvers.n == 2, "all entries");
	is_str(CLUSTER_PEER(c, 1)->advertise, "[2001:db8::2]:9901",
	    "a quoted string");
	ok(strncmp(CLUSTER_PEER(c, 0)->cert_pem,
	    "-----BEGIN CERTIFICATE-----\nMIIE", 32) == 0, "a PEM block");
	is_str(CLUSTER_CHECK(c, 0)->body_match, "OK \"quoted\": yes",
	    "quotes within");
	is_int(CLUSTER_CHECK(c, 1)->timeout, 1500000000, "1.5s");
	is_int(CLUSTER_CHECK(c, 1)->disabled, 1, "a boolean");
	is_int(CLUSTER_CHECK(c, 2)->timeout, 0, "0s");
	is_int(CLUSTER_CHECK(c, 3)->timeout, 250000, "250us");
	dns = CLUSTER_CHECK(c, 4);
	is_int(dns->interval, 7200000000000LL, "2h0m0s");
	is_str(dns->resolvers.v[1], "[2606:4700::1111]:53", "a list");
	is_str(CLUSTER_ALERT(c, 1)->smtp_password, "p: #w'\"d", "a password");
	is_int(CLUSTER_ALERT(c, 1)->smtp_port, 587, "a number");
	is_str(CLUSTER_ALERT(c, 1)->body_template,
	    "Check {{.Check.Name}}\n\nis now {{.Verb}}.", "a literal");
	is_str(((struct enrollment *)c->enrollments.v[1])->
	    pending_join->advertise, "charlie:9901", "a record in a record");
	record_free(&cluster_record, c);
	record_free(&cluster_record, j);
}

static void
test_values(void)
{
	struct cluster	*c = load(&cluster_record, "cluster.disk-v0.3.yaml");
	struct node	*n = load(&node_record, "node.v0.1.yaml");
	struct trust	*t = load(&trust_record, "trust.full.yaml");
	struct verr	 ve;
	const char	*text;

	is_int(c->version, 27, "version on disk");
	is_str(CLUSTER_CHECK(c, 4)->dns_expect, "127.", "what looks a number");
	is_str(CLUSTER_ALERT(c, 1)->smtp_password, "p&w<d>", "its password");
	record_free(&cluster_record, c);
	is_str(n->node_id, "11111111-1111-4111-8111-111111111111", "node_id");
	is_int(n->bind_port, 9901, "bind_port");
	is_str(n->cluster_secret, "s3cret", "cluster_secret");
	record_free(&node_record, n);
	is_int(t->entries.n, 2, "trust entries");
	is_str(((struct trust_entry *)t->entries.v[1])->address, "bravo:9901",
	    "an address");
	record_free(&trust_record, t);

	n = record_new(&node_record);
	text = "node_id: 007\nadvertise: ~\nbind_addr: null\nbind_port:\n";
	is_int(yaml_parse(&node_record, n, "f", text, strlen(text), &ve), 0,
	    "a number where a string belongs");
	is_str(n->node_id, "007", "is its text");
	ok(n->advertise == NULL && n->bind_addr == NULL && n->bind_port == 0,
	    "null is nothing");
	record_free(&node_record, n);
}

/*
 * scalar-emission.txt: "value(json): ", a JSON string, "--- yaml bytes", the
 * file, "--- end".  Where libyaml's emitter writes another form it is named.
 */
static void
test_scalars(void)
{
	/* Double quotes, where newlines end it or a tab begins it. */
	static const char *const	 other[] = { "40", "43" };
	struct value			*v, *w;
	struct verr			 ve;
	char				*all, *p, *json, *yaml, *end, *text;
	char				 num[8], buf[2048];
	size_t				 i, len, tlen;
	int				 like;

	all = slurp("yaml", "scalar-emission.txt", &len);
	for (p = strstr(all, "## "); p != NULL; p = strstr(end, "\n## ")) {
		p += *p == '\n';
		strlcpy(num, p + 3, sizeof(num));
		num[strcspn(num, "\n")] = '\0';
		json = strstr(p, "value(json): ") + 13;
		yaml = strstr(json, "\n--- yaml bytes\n") + 16;
		end = strstr(yaml, "--- end");
		(void)snprintf(buf, sizeof(buf), "{\"v\":%.*s}",
		    (int)strcspn(json, "\n"), json);
		v = record_new(&value_record);
		w = record_new(&value_record);
		if (strstr(buf, "\\u0000") != NULL) {
			is_int(yaml_parse(&value_record, w, "f", yaml,
			    (size_t)(end - yaml), &ve), -1, "NUL is refused");
			goto next;
		}
		if (json_parse(&value_record, v, buf, strlen(buf), &ve) == -1)
			ok(0, "%s: %s", num, ve.msg);
		/* A bell is nothing that validation lets through. */
		if (strstr(buf, "\\u0007") != NULL)
			goto next;
		ok(yaml_parse(&value_record, w, "f", yaml,
		    (size_t)(end - yaml), &ve) == 0 &&
		    record_equal(&value_record, v, w), "%s reads as %.*s",
		    num, (int)strcspn(json, "\n"), json);
		ok(survives(&value_record, v), "%s survives", num);
		if (v->v == NULL)	/* left out when empty */
			goto next;
		text = yaml_format(&value_record, v, &tlen);
		like = tlen == (size_t)(end - yaml) &&
		    memcmp(text, yaml, tlen) == 0;
		for (i = 0; i < sizeof(other) / sizeof(other[0]); i++)
			if (strcmp(num, other[i]) == 0)
				like = !like;
		ok(like, "%s is written as expected", num);
		if (!like)
			printf("# %s", text);
		freezero(text, tlen);
 next:
		record_free(&value_record, v);
		record_free(&value_record, w);
	}
	free(all);
}

static void
test_durations(void)
{
	struct value	*v = record_new(&value_record);
	struct verr	 ve;
	char		*all, *line, *next, *p, *text, want[64], doc[128];
	size_t		 len;
	long long	 ns;
	int		 quoted;

	all = slurp("yaml", "duration-emission.txt", &len);
	for (line = all; (next = strchr(line, '\n')) != NULL; line = next + 1) {
		*next = '\0';
		v->d = strtoll(line + 3, NULL, 10);
		text = yaml_format(&value_record, v, &len);
		(void)snprintf(want, sizeof(want), "%s\n",
		    strstr(line, "yaml=") + 5);
		is_str(text, v->d != 0 ? want : "{}\n", "%s", line);
		freezero(text, len);
	}
	free(all);

	/* "text" ... | yaml plain=ns err=<nil> | yaml quoted=ns err=... */
	all = slurp("yaml", "duration-parsing.txt", &len);
	for (line = all; (next = strchr(line, '\n')) != NULL; line = next + 1) {
		if (*line != '"')
			continue;
		for (quoted = 0; quoted < 2; quoted++) {
			p = strstr(line, quoted ? "yaml quoted=" :
			    "yaml plain=");
			p += quoted ? 12 : 11;
			ns = strtoll(p, &p, 10);
			len = strcspn(line + 1, "\"");
			(void)snprintf(doc, sizeof(doc),
			    quoted ? "d: \"%.*s\"\n" : "d: %.*s\n", (int)len,
			    line + 1);
			v->d = 0;
			if (strncmp(p, " err=<nil>", 10) == 0)
				ok(yaml_parse(&value_record, v, "f", doc,
				    strlen(doc), &ve) == 0 && v->d == ns,
				    "%.*s is %lld ns", (int)strlen(doc) - 1,
				    doc, ns);
			else
				is_int(yaml_parse(&value_record, v, "f", doc,
				    strlen(doc), &ve), -1, "%.*s is refused",
				    (int)strlen(doc) - 1, doc);
		}
	}
	free(all);
	record_free(&value_record, v);
}

static void
test_times(void)
{
	struct value	*v = record_new(&value_record);
	struct verr	 ve;
	char		*all, *line, *next, *text, want[64];
	size_t		 len;

	all = slurp("yaml", "time-emission.txt", &len);
	for (line = all; (next = strchr(line, '\n')) != NULL; line = next + 1) {
		*next = '\0';
		(void)snprintf(want, sizeof(want), "%s\n",
		    strstr(line, "yaml=") + 5);
		record_clear(&value_record, v);
		is_int(yaml_parse(&value_record, v, "f", want, strlen(want),
		    &ve), 0, "%s is read", line);
		text = yaml_format(&value_record, v, &len);
		is_str(text, wall_iszero(&v->t) ? "{}\n" : want,
		    "and written");
		freezero(text, len);
	}
	free(all);
	record_free(&value_record, v);
}

/* What is made of a few pieces that mean something to YAML. */
static void
random_string(char *buf, size_t size, int controls)
{
	static const char *const	 pieces[] = {
		"a", " ", "\n", "\t", "  ", "\n\n", "-", "- ", ": ", ":", "#",
		" #", "'", "\"", "\\", "{", "}", "[", "]", ",", "&", "*", "!",
		"|", ">", "%", "@", "`", "?", "? ", "=", "<<", "~", "null",
		"true", "no", "0", "1.5", "0x", "_", "2026-05-15", "T00:00:00Z",
		"---", "...", "\r", "\xc3\xa9", "\xe6\x97\xa5",
		"\xf0\x9f\x98\x80", "\xe2\x80\xa8", "\xe2\x80\xa9",
		"\xef\xbb\xbf", "\xef\xbf\xbd", "\xc2\xa0", "xxxxxxxxxxxxxxxxx",
		/* from here on only what is not validated */
		"\xc2\x85", "\x01", "\x07", "\x1b", "\x7f", "\xc2\x80",
		"\xef\xbf\xbe"
	};
	size_t				 n, all;

	all = sizeof(pieces) / sizeof(pieces[0]);
	if (!controls)
		all -= 7;
	buf[0] = '\0';
	for (n = (size_t)random() % 8; n > 0; n--)
		strlcat(buf, pieces[(size_t)random() % all], size);
}

static void
test_random(void)
{
	struct value	*v = NULL;
	struct xnode	*x;
	char		 buf[256], key[256];
	int		 i, k, same = 1;

	srandom(20261124);
	for (i = 0; same && i < RANDOM_STRINGS; i++) {
		v = record_new(&value_record);
		random_string(buf, sizeof(buf), 0);
		v->v = buf[0] != '\0' ? strdup(buf) : NULL;
		for (k = 0; k < 3; k++) {
			random_string(buf, sizeof(buf), 0);
			if (buf[0] != '\0' && strpbrk(buf, "\r\n\t") == NULL)
				strlist_add(&v->l, buf);
		}
		do {
			random_string(key, sizeof(key), 1);
			/* No member of the table, nor one without a name. */
		} while (key[0] == '\0' || key[1] == '\0' ||
		    strlen(key) > 128);
		random_string(buf, sizeof(buf), 1);
		v->extra = xnode_new(i % 2 ? XK_MAP : XK_SEQ, key, NULL);
		v->extra->child = x = xnode_new(XK_STRING, i % 2 ? key : NULL,
		    buf);
		random_string(buf, sizeof(buf), 1);
		x->next = xnode_new(XK_STRING, i % 2 ? "other" : NULL, buf);
		same = survives(&value_record, v);
		if (same)
			record_free(&value_record, v);
	}
	ok(same, "%d records of random strings survive", i);
	if (!same)
		record_free(&value_record, v);
}

/* Texts that start with a tab, as QUptime writes them. */
static void
test_tabs(void)
{
	static const char	 in[] = "\xef\xbb\xbfv: |\n    \ta\n      b\n"
	    "\xc3\xa9:\n  - |-\n\n   \tc\n   d\n  - e: >+\n        \tf\n\n";
	struct value		*v = record_new(&value_record);
	struct verr		 ve;
	char			 doc[4096] = "x:\n", line[512];
	int			 i;

	is_int(yaml_parse(&value_record, v, "f", in, strlen(in), &ve), 0,
	    "texts that start with tabs");
	if (v->v == NULL || v->extra == NULL) {
		printf("# %s\n", verr_string(&ve, line, sizeof(line)));
		exit(1);
	}
	is_str(v->v, "\ta\n  b\n", "are read");
	is_str(v->extra->child->text, "\n\tc\nd", "after a blank line");
	is_str(v->extra->child->next->child->text, "\tf\n\n", "deep within");
	ok(survives(&value_record, v), "and survive");
	record_clear(&value_record, v);
	for (i = 0; i < 80; i++)
		strlcat(doc, "- |\n  \ta\n", sizeof(doc));
	is_int(yaml_parse(&value_record, v, "f", doc, strlen(doc), &ve), -1,
	    "80 are too many");
	is_int(ve.line, 131, "of which the 65th is named");
	record_free(&value_record, v);
}

/* What JSON takes for a number stays one; what only YAML does is text. */
static void
test_kept(void)
{
	static const char	 in[] = "v: x\no: 007\nb: yes\nf: 1.50\n"
	    "z: ~\nat: 2026-05-15T14:01:00Z\ns: \"1\"\n"
	    "m: {a: [], \"on\": {}}\n";
	static const char	 out[] = "v: x\no: \"007\"\nb: \"yes\"\n"
	    "f: 1.50\nz: null\nat: 2026-05-15T14:01:00Z\ns: \"1\"\nm:\n"
	    "    a: []\n    \"on\": {}\n";
	struct value		*v = record_new(&value_record);
	struct verr		 ve;
	char			*text;
	size_t			 len;

	is_int(yaml_parse(&value_record, v, "f", in, strlen(in), &ve), 0,
	    "members that are not known are read");
	is_int(v->extra->kind, XK_STRING, "an octal number is text");
	is_int(v->extra->next->next->kind, XK_PLAIN, "a decimal is a number");
	text = yaml_format(&value_record, v, &len);
	is_str(text, out, "and written back");
	freezero(text, len);
	record_clear(&value_record, v);
	is_int(yaml_parse(&tight_record, v, "f", in, strlen(in), &ve), 0,
	    "without room for them");
	ok(v->extra == NULL && strcmp(str(v->v), "x") == 0,
	    "they are passed over");
	record_free(&tight_record, v);
}

static void
test_errors(void)
{
	static const struct {
		const char	*text;
		const char	*line;
	} bad[] = {
		{ "", "f:1:1: the file is empty" },
		{ "# x\n\n# y\n", "f:4:1: the file is empty" },
		{ "v: a\nv: b\n", "f:2:1: v: stands here a second time" },
		{ "v: [a]\n", "f:1:4: v: must be a single value" },
		{ "v: \"a\\0\"\n", "f:1:4: v: must not contain NUL" },
		{ "v: \"\\b\"\n",
		    "f:1:4: v: must not contain control characters" },
		{ "l: [a, \"\"]\n", "f:1:8: l[1]: must have 1 to 256 bytes" },
		{ "l:\n- a\n- {b: c}\n", "f:3:3: l[1]: must be a string" },
		{ "x: {y: [1, {z: *a}]}\n",
		    "f:1:16: x.y[1].z: aliases are not supported" },
		{ "\xef\xbb\xbfx: [\n", "f:2:1: x: did not find expected node "
		    "content while parsing a flow node that starts in line 2" },
		{ "v: \xc3\xa9\xc3\xa9 \xff\n",
		    "f:1:7: invalid leading UTF-8 octet" },
		{ "d: 30\n",
		    "f:1:4: d: must be a duration with a unit, such as 30s" }
	};
	struct value	*v = record_new(&value_record);
	struct verr	 ve;
	char		 line[512], deep[64];
	size_t		 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(yaml_parse(&value_record, v, "f", bad[i].text,
		    strlen(bad[i].text), &ve), -1, "%zu is refused", i);
		is_str(verr_string(&ve, line, sizeof(line)), bad[i].line,
		    "and says where");
	}
	ok(v->v == NULL && v->l.n == 0 && v->l.v == NULL && v->extra == NULL,
	    "nothing of it is left");
	is_int(yaml_parse(&value_record, v, "f", "v: a\0b\n", 7, &ve), -1,
	    "a NUL is refused");
	strlcpy(deep, "x: [[[[[[[]]]]]]]\n", sizeof(deep));
	is_int(yaml_parse(&value_record, v, "f", deep, strlen(deep), &ve), 0,
	    "8 levels are taken");
	record_clear(&value_record, v);
	strlcpy(deep, "x: [[[[[[[[]]]]]]]]\n", sizeof(deep));
	is_int(yaml_parse(&value_record, v, "f", deep, strlen(deep), &ve), -1,
	    "9 are not");
	record_free(&value_record, v);
}

static void
test_read(void)
{
	struct value	*v = record_new(&value_record);
	struct verr	 ve;
	FILE		*f;
	char		*big, line[512];
	int		 fd[2];

	if (pipe(fd) == -1 || write(fd[1], "v: a\nl: [b", 10) != 10)
		abort();
	is_int(write(fd[1], ", c]\n", 5), 5, "a file in pieces");
	close(fd[1]);
	is_int(yaml_read(&value_record, v, "pipe", fd[0], &ve), 0, "is read");
	ok(v->l.n == 2 && strcmp(v->l.v[1], "c") == 0, "to its end");
	is_int(close(fd[0]), 0, "and stays open");
	record_clear(&value_record, v);

	fd[0] = open("/dev/null", O_RDONLY);
	is_int(yaml_read(&value_record, v, "null", fd[0], &ve), -1, "no byte");
	is_str(verr_string(&ve, line, sizeof(line)),
	    "null:1:1: the file is empty", "is told");
	close(fd[0]);
	is_int(yaml_read(&value_record, v, "closed", fd[0], &ve), -1,
	    "no file");
	is_str(verr_string(&ve, line, sizeof(line)),
	    "closed: Bad file descriptor", "is told");

	if ((f = tmpfile()) == NULL ||
	    (big = malloc(YAML_FILE_MAX + 1)) == NULL)
		abort();
	memset(big, '#', YAML_FILE_MAX + 1);
	memcpy(big, "v: a\n", 5);
	if (fwrite(big, 1, YAML_FILE_MAX, f) != YAML_FILE_MAX ||
	    fflush(f) != 0)
		abort();
	rewind(f);
	is_int(yaml_read(&value_record, v, "big", fileno(f), &ve), 0,
	    "16 MB are read");
	record_clear(&value_record, v);
	(void)fseek(f, 0, SEEK_END);
	if (fputc('\n', f) == EOF || fflush(f) != 0)
		abort();
	rewind(f);
	is_int(yaml_read(&value_record, v, "big", fileno(f), &ve), -1,
	    "one byte more is not");
	is_str(verr_string(&ve, line, sizeof(line)),
	    "big:2:16777212: must not be larger than 16777216 bytes",
	    "and says where the limit is");
	free(big);
	fclose(f);
	record_free(&value_record, v);
}

int
main(int argc, char *argv[])
{
	(void)argc;
	strlcpy(place, argv[0], sizeof(place));
	strlcpy(place, dirname(place), sizeof(place));
	test_files();
	test_full();
	test_values();
	test_scalars();
	test_durations();
	test_times();
	test_random();
	test_tabs();
	test_kept();
	test_errors();
	test_read();
	return (tap_done());
}
