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

#include "model.h"
#include "monotime.h"
#include "schema.h"
#include "tap.h"

#define MANY	20000

enum { BIT_A = 1, BIT_B = 2 };

struct leaf {
	char		*id;
	char		*secret;
	struct xnode	*extra;
};

struct tree {
	char		*name;
	uint64_t	 u;
	int64_t		 i;
	int		 b;
	int64_t		 d;
	struct walltime	 t;
	struct strlist	 list;
	struct leaf	*leaf;
	struct reclist	 leaves;
	char		*text;
	struct xnode	*extra;
};

static int		 tree_check(const void *, struct verr *);

static const char *const	 words[] = { "one", "two", "three", NULL };

static const struct field	 leaf_fields[] = {
	{ .json = "ID", .yaml = "id", .type = FT_STR,
	  .flags = F_REQUIRED | F_UNIQUE, .offset = offsetof(struct leaf, id),
	  .min = 1, .max = 8 },
	{ .json = "Secret", .yaml = "secret", .type = FT_STR,
	  .flags = F_SECRET, .offset = offsetof(struct leaf, secret) }
};
static const struct record	 leaf_record = {
	.name = "leaf", .size = sizeof(struct leaf),
	.extra = offsetof(struct leaf, extra),
	.fields = leaf_fields, .nfields = 2
};
static const struct field	 tree_fields[] = {
	{ .yaml = "name", .type = FT_STR, .offset = offsetof(struct tree,
	  name), .min = 1, .max = 5, .words = words, .flag = "name" },
	{ .yaml = "u", .type = FT_UINT, .offset = offsetof(struct tree, u),
	  .max = 100, .flag = "x", .applies = BIT_A },
	{ .yaml = "i", .type = FT_INT, .offset = offsetof(struct tree, i),
	  .flags = F_ZERO, .min = 10, .max = 20, .flag = "x",
	  .applies = BIT_B },
	{ .yaml = "b", .type = FT_BOOL, .offset = offsetof(struct tree, b) },
	{ .yaml = "d", .type = FT_DUR, .offset = offsetof(struct tree, d),
	  .flags = F_ZERO, .min = 1000000000, .max = 60000000000 },
	{ .yaml = "t", .type = FT_TIME, .offset = offsetof(struct tree, t) },
	{ .yaml = "list", .type = FT_STRS, .offset = offsetof(struct tree,
	  list), .max = 3 },
	{ .yaml = "leaf", .type = FT_REC, .offset = offsetof(struct tree,
	  leaf), .rec = &leaf_record },
	{ .yaml = "leaves", .type = FT_RECS, .offset = offsetof(struct tree,
	  leaves), .rec = &leaf_record, .max = MANY },
	{ .json = "OnlyWire", .type = FT_STR, .flags = F_TEXT,
	  .offset = offsetof(struct tree, text) }
};
static const struct record	 tree_record = {
	.name = "tree", .size = sizeof(struct tree),
	.extra = offsetof(struct tree, extra),
	.fields = tree_fields,
	.nfields = sizeof(tree_fields) / sizeof(tree_fields[0]),
	.check = tree_check
};

/* Field, text to set, the text it reads as then; or the error's message. */
static const struct {
	const char	*field;
	const char	*set;
	const char	*text;
	const char	*error;
} sets[] = {
	{ "name", "one", "one", NULL },
	{ "name", "", "", NULL },
	{ "name", "four", NULL, "must be one, two or three, not \"four\"" },
	{ "name", "sixsix", NULL, "must have 1 to 5 bytes" },
	{ "u", "0", "0", NULL },
	{ "u", "100", "100", NULL },
	{ "u", "101", NULL, "must be 0 to 100" },
	{ "u", "-1", NULL, "must be a whole number, not below 0" },
	{ "u", "01", NULL, "must be a whole number, not below 0" },
	{ "u", "18446744073709551616", NULL,
	    "must be a whole number, not below 0" },
	{ "i", "0", "", NULL },
	{ "i", "10", "10", NULL },
	{ "i", "9", NULL, "must be 10 to 20, or 0 for the default" },
	{ "i", "-10", NULL, "must be 10 to 20, or 0 for the default" },
	{ "i", "", NULL, "must be a whole number" },
	{ "i", "-", NULL, "must be a whole number" },
	{ "i", "-0", NULL, "must be a whole number" },
	{ "i", "1 ", NULL, "must be a whole number" },
	{ "i", "9223372036854775808", NULL, "must be a whole number" },
	{ "b", "true", "true", NULL },
	{ "b", "OFF", "false", NULL },
	{ "b", "y", "true", NULL },
	{ "b", "1", NULL, "must be true or false" },
	{ "d", "1m", "1m0s", NULL },
	{ "d", "0s", "", NULL },
	{ "d", "999ms", NULL, "must be 1s to 1m0s, or 0s for the default" },
	{ "d", "1", NULL, "duration without a unit" },
	{ "t", "2026-05-15T14:01:00.5+02:00", "2026-05-15T14:01:00.5+02:00",
	    NULL },
	{ "t", "now", NULL, "must be a time such as 2026-05-15T14:01:00Z" },
	{ "list", "a", "a", NULL },
	{ "list", " a , b,, c\t", "a,b,c", NULL },
	{ "list", "", "", NULL },
	{ "list", "a,b,c,d", NULL, "must have at most 3 entries" },
	{ "leaf", "x", NULL, "is not a single value" },
	{ "leaves", "x", NULL, "is not a single value" }
};

static int
tree_check(const void *p, struct verr *ve)
{
	const struct tree	*t = p;

	if (t->u == 13)
		return (verr_set(ve, "u", "must not be %d", 13));
	return (0);
}

static void
set(struct tree *t, const char *field, const char *value)
{
	struct verr	 ve;

	if (field_set(record_field(&tree_record, field), t, value, &ve) == -1)
		ok(0, "%s is set: %s", field, ve.msg);
}

static struct leaf *
leaf(const char *id, const char *secret)
{
	struct leaf	*l;

	if ((l = record_new(&leaf_record)) == NULL ||
	    (l->id = strdup(id)) == NULL ||
	    (l->secret = strdup(secret)) == NULL)
		abort();
	return (l);
}

static struct tree *
full(void)
{
	struct tree	*t;

	if ((t = record_new(&tree_record)) == NULL)
		abort();
	set(t, "name", "two");
	set(t, "u", "7");
	set(t, "i", "11");
	set(t, "b", "true");
	set(t, "d", "2s");
	set(t, "t", "2026-05-15T14:01:00Z");
	set(t, "list", "a,b");
	t->text = strdup("wire\n");
	t->leaf = leaf("l0", "s0");
	if (reclist_add(&t->leaves, leaf("l1", "s1")) == -1 ||
	    reclist_add(&t->leaves, leaf("l2", "")) == -1)
		abort();
	t->extra = xnode_new(XK_MAP, "later", NULL);
	t->extra->child = xnode_new(XK_SEQ, "seq", NULL);
	t->extra->child->child = xnode_new(XK_PLAIN, NULL, "1");
	t->extra->child->child->next = xnode_new(XK_STRING, NULL, "1");
	t->leaf->extra = xnode_new(XK_STRING, "token", "t0");
	return (t);
}

static void
test_copies(void)
{
	struct tree	*a = full(), *b = full(), *c;

	ok(record_equal(&tree_record, a, b), "two of the same are equal");
	c = record_dup(&tree_record, a);
	ok(c != NULL && record_equal(&tree_record, a, c), "so is a copy");
	ok(c->name != a->name && c->leaf != a->leaf &&
	    c->leaves.v[0] != a->leaves.v[0] && c->extra != a->extra,
	    "and shares nothing");
#define DIFFERS(change, what)	do {					\
	change;								\
	ok(!record_equal(&tree_record, a, c), what " counts");		\
	record_free(&tree_record, c);					\
	c = record_dup(&tree_record, a);				\
} while (0)
	DIFFERS(c->name[0] = 'x', "a string");
	DIFFERS(c->u++, "a number");
	DIFFERS(c->i = -c->i, "a sign");
	DIFFERS(c->b = 0, "a boolean");
	DIFFERS(c->d++, "a nanosecond");
	DIFFERS(c->t.off = 3600, "an offset");
	DIFFERS(c->list.v[1][0] = 'x', "an entry of a list");
	DIFFERS(strlist_add(&c->list, "c"), "one entry more");
	DIFFERS(c->leaf->id[0] = 'x', "a member of a record");
	DIFFERS(record_free(&leaf_record, reclist_take(&c->leaves, 1)),
	    "one record less");
	DIFFERS(c->extra->child->child->kind = XK_STRING, "a kept kind");
	DIFFERS(c->extra->child->child->text[0] = '2', "a kept text");
	DIFFERS(c->leaf->extra->key[0] = 'T', "a kept name");
#undef DIFFERS
	free(c->name);
	c->name = strdup("");
	set(a, "name", "");
	ok(a->name == NULL && record_equal(&tree_record, a, c),
	    "an empty string is as good as none");
	record_clear(&tree_record, b);
	ok(record_equal(&tree_record, b, b) && b->name == NULL &&
	    b->leaves.v == NULL && b->extra == NULL, "cleared is empty");
	record_free(&tree_record, a);
	record_free(&tree_record, b);
	record_free(&tree_record, c);
	record_free(&tree_record, NULL);
}

static void
test_set(void)
{
	const struct field	*f;
	struct tree		*t = full(), *before;
	struct verr		 ve;
	char			 buf[64];
	size_t			 i;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		f = record_field(&tree_record, sets[i].field);
		before = record_dup(&tree_record, t);
		if (sets[i].error == NULL) {
			ok(field_set(f, t, sets[i].set, &ve) == 0,
			    "%s takes \"%s\"", sets[i].field, sets[i].set);
			is_str(field_text(f, t, buf, sizeof(buf)),
			    sets[i].text, "and shows it");
		} else {
			ok(field_set(f, t, sets[i].set, &ve) == -1,
			    "%s does not take \"%s\"", sets[i].field,
			    sets[i].set);
			is_str(ve.msg, sets[i].error, "says why");
			is_str(ve.path, sets[i].field, "and where");
			ok(record_equal(&tree_record, t, before),
			    "and is as it was");
		}
		record_free(&tree_record, before);
	}
	ok(record_field(&tree_record, "OnlyWire") == NULL &&
	    record_field(&tree_record, "none") == NULL,
	    "what has no name in files is not found by one");
	ok(record_flag(&tree_record, "x", BIT_A)->offset ==
	    offsetof(struct tree, u) &&
	    record_flag(&tree_record, "x", BIT_B)->offset ==
	    offsetof(struct tree, i), "a flag depends on the type");
	ok(record_flag(&tree_record, "x", 4) == NULL &&
	    record_flag(&tree_record, "x", 0) != NULL &&
	    record_flag(&tree_record, "name", 4) != NULL &&
	    record_flag(&tree_record, "none", 0) == NULL,
	    "unless it is for all or any");
	record_free(&tree_record, t);
}

static void
test_validate(void)
{
	struct tree	*t = full();
	struct verr	 ve;
	struct leaf	*l;
	char		 line[256];

	is_int(record_validate(&tree_record, t, "", &ve), 0, "all is well");
	l = t->leaves.v[1];
	l->id[0] = '\x1b';
	is_int(record_validate(&tree_record, t, "top", &ve), -1,
	    "a control character deep within");
	is_str(ve.path, "top.leaves[1].id", "has a path");
	is_str(verr_string(&ve, line, sizeof(line)),
	    "top.leaves[1].id: must not contain control characters",
	    "and a line");
	strlcpy(l->id, "l1", 3);
	is_int(record_validate(&tree_record, t, "", &ve), -1,
	    "one value twice");
	is_str(ve.path, "leaves[1].id", "is the second's fault");
	is_str(ve.msg, "\"l1\" is taken by leaves[0]",
	    "who learns of the first");
	l->id[0] = '\0';
	is_int(record_validate(&tree_record, t, "", &ve), -1,
	    "nothing where something is required");
	is_str(ve.msg, "must not be empty", "is told");
	strlcpy(l->id, "\xc3(", 3);
	is_int(record_validate(&tree_record, t, "", &ve), -1, "no UTF-8");
	is_str(ve.msg, "must be valid UTF-8", "is told");
	strlcpy(l->id, "\xc2\x85", 3);
	is_int(record_validate(&tree_record, t, "", &ve), -1,
	    "a control character of two bytes is one too");
	strlcpy(l->id, "l2", 3);
	t->leaf->id[0] = '\n';
	is_int(record_validate(&tree_record, t, "", &ve), -1,
	    "a newline in what is no text");
	is_str(ve.path, "leaf.id", "has a path");
	t->leaf->id[0] = 'l';
	t->text[0] = '\t';
	is_int(record_validate(&tree_record, t, "", &ve), 0,
	    "a tab in what is text");
	t->text[0] = '\b';
	is_int(record_validate(&tree_record, t, "", &ve), -1,
	    "a backspace there");
	is_str(ve.path, "OnlyWire", "goes by the name on the wire");
	t->text[0] = ' ';
	t->list.v[1][0] = '\0';
	is_int(record_validate(&tree_record, t, "", &ve), -1, "empty entry");
	is_str(ve.path, "list[1]", "with its index");
	t->list.v[1][0] = 'b';
	t->u = 13;
	is_int(record_validate(&tree_record, t, "", &ve), -1,
	    "the record's own rule");
	is_str(ve.msg, "must not be 13", "speaks last");
	record_free(&tree_record, t);
}

static void
test_many(void)
{
	struct tree	 t;
	struct verr	 ve;
	char		 id[16];
	clock_t		 start;
	int		 i;

	memset(&t, 0, sizeof(t));
	for (i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "%d", i);
		if (reclist_add(&t.leaves, leaf(id, "")) == -1)
			abort();
	}
	start = clock();
	is_int(record_validate(&tree_record, &t, "", &ve), 0, "%d differ",
	    MANY);
	strlcpy(((struct leaf *)t.leaves.v[MANY - 1])->id, "9", 2);
	strlcpy(((struct leaf *)t.leaves.v[MANY - 2])->id, "7", 2);
	is_int(record_validate(&tree_record, &t, "", &ve), -1, "two do not");
	is_str(ve.path, "leaves[19998].id", "the first of them is named");
	/* All pairs would be 200 million comparisons, twice. */
	ok((clock() - start) / (CLOCKS_PER_SEC / 1000) < 1000,
	    "that took no time");
	if (reclist_add(&t.leaves, leaf("x", "")) == -1)
		abort();
	is_int(record_validate(&tree_record, &t, "", &ve), -1, "one too many");
	is_str(ve.msg, "must have at most 20000 entries", "is told");
	record_clear(&tree_record, &t);
}

static void
test_mask(void)
{
	struct tree	*t = full();
	struct leaf	*l;

	is_int(record_mask(&tree_record, t), 0, "secrets are masked");
	is_str(t->leaf->secret, "***", "below");
	is_str(((struct leaf *)t->leaves.v[0])->secret, "***", "in lists");
	l = t->leaves.v[1];
	ok(*str(l->secret) == '\0', "but not where there is none");
	is_str(t->leaf->id, "l0", "the rest stays");
	ok(t->leaf->extra == NULL, "what is kept beside a secret goes");
	ok(t->extra != NULL, "and elsewhere stays");
	record_free(&tree_record, t);
}

static void
test_verr(void)
{
	struct verr	 ve;
	char		 line[512];

	memset(&ve, 'x', sizeof(ve));
	is_int(verr_set(&ve, "a.b", "no %s", "\x1b[31m\n"), -1, "always -1");
	is_str(verr_string(&ve, line, sizeof(line)), "a.b: no \\x1b[31m\\x0a",
	    "what came from outside is made safe");
	verr_prefix(&ve, "c[%d]", 1);
	is_str(ve.path, "c[1].a.b", "a record goes in front");
	verr_set(&ve, "", "wrong");
	verr_prefix(&ve, "[%d]", 2);
	verr_prefix(&ve, "list");
	is_str(ve.path, "list[2]", "an index has no dot");
	strlcpy(ve.file, "f.yaml", sizeof(ve.file));
	is_str(verr_string(&ve, line, sizeof(line)), "f.yaml: list[2]: wrong",
	    "a file without a line");
	ve.line = 3;
	is_str(verr_string(&ve, line, sizeof(line)),
	    "f.yaml:3: list[2]: wrong", "and a line without a column");
	ve.column = 7;
	ve.path[0] = '\0';
	is_str(verr_string(&ve, line, sizeof(line)), "f.yaml:3:7: wrong",
	    "and no path");
}

static void
test_lists(void)
{
	struct strlist	 s = { NULL, 0 };
	struct reclist	 r = { NULL, 0, 0 };
	char		 buf[16];
	int		 i, rv = 0;

	for (i = 0; i < 100; i++) {
		snprintf(buf, sizeof(buf), "%d", i);
		rv |= strlist_add(&s, buf);
		rv |= reclist_add(&r, leaf(buf, ""));
	}
	is_int(rv, 0, "lists grow");
	ok(strlist_has(&s, "0") && strlist_has(&s, "99") &&
	    !strlist_has(&s, "100"), "and know what they have");
	strlist_clear(&s);
	ok(s.n == 0 && s.v == NULL, "or nothing");
	record_free(&leaf_record, reclist_take(&r, 0));
	record_free(&leaf_record, reclist_take(&r, 98));
	ok(r.n == 98, "two are taken out");
	is_str(((struct leaf *)r.v[0])->id, "1", "the order stays");
	is_str(((struct leaf *)r.v[97])->id, "98", "to the end");
	ok(reclist_take(&r, 98) == NULL, "there is no more");
	while (r.n > 0)
		record_free(&leaf_record, reclist_take(&r, 0));
	free(r.v);
}

static void
test_plain(void)
{
	static const char *const	 good[] = {
		"null", "true", "false", "0", "-0", "12", "1.5", "1e3",
		"1E+06", "-1.25e-7", "0.0"
	};
	static const char *const	 bad[] = {
		"", "~", "Null", "yes", "+1", "01", "-", ".5", "1.", "1e",
		"1e+", "0x1", "1 ", "NaN", "nulls", "--1", "1.2.3"
	};
	size_t				 i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(xnode_isplain(good[i]), "%s needs no quotes", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!xnode_isplain(bad[i]), "\"%s\" does", bad[i]);
}

int
main(void)
{
	test_copies();
	test_set();
	test_validate();
	test_many();
	test_mask();
	test_verr();
	test_lists();
	test_plain();
	return (tap_done());
}
