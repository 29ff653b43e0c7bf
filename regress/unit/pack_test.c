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

#include <string.h>

#include "imsg.h"
#include "model.h"
#include "pack.h"
#include "tap.h"

#define MAXSIZE	(1024 * 1024)

static const char	 cert[] =
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

static void
put(const struct record *rec, void *rp, const char *field, const char *value)
{
	struct verr	 ve;

	if (field_set(record_field(rec, field), rp, value, &ve) == -1)
		ok(0, "%s: %s", field, ve.msg);
}

static struct xnode *
kept(void)
{
	struct xnode	*x;

	x = xnode_new(XK_MAP, "later", NULL);
	x->child = xnode_new(XK_SEQ, "list", NULL);
	x->child->child = xnode_new(XK_PLAIN, NULL, "1.5");
	x->child->child->next = xnode_new(XK_STRING, NULL, "");
	x->child->next = xnode_new(XK_MAP, "none", NULL);
	x->next = xnode_new(XK_PLAIN, "more", "null");
	return (x);
}

static struct check *
check_full(void)
{
	struct check	*c = record_new(&check_record);

	put(&check_record, c, "id", "c1");
	put(&check_record, c, "name", "w\xc3\xa9" "b");
	put(&check_record, c, "type", "http");
	put(&check_record, c, "target", "https://example.com/");
	put(&check_record, c, "interval", "1s");
	put(&check_record, c, "expect_status", "404");
	put(&check_record, c, "body_match", "a\nb");
	put(&check_record, c, "alert_ids", "x,y,z");
	put(&check_record, c, "disabled", "true");
	c->timeout = -1;
	c->extra = kept();
	return (c);
}

static struct cluster *
cluster_full(void)
{
	struct cluster		*c = record_new(&cluster_record);
	struct enrollment	*e = record_new(&enrollment_record);
	struct peer		*p = record_new(&peer_record);

	c->version = UINT64_MAX;
	put(&cluster_record, c, "updated_at", "2026-05-15T16:01:00.5+02:00");
	put(&cluster_record, c, "resolvers", "1.1.1.1");
	put(&peer_record, p, "node_id", "n1");
	put(&peer_record, p, "cert_pem", cert);
	put(&enrollment_record, e, "id", "t1");
	put(&enrollment_record, e, "created_at", "0000-01-01T00:00:00Z");
	put(&enrollment_record, e, "expires_at", "9999-12-31T23:59:59Z");
	e->pending_join = record_new(&pending_join_record);
	put(&pending_join_record, e->pending_join, "node_id", "n2");
	put(&pending_join_record, e->pending_join, "submitted_at",
	    "0001-01-01T02:00:00+02:00");
	e->pending_join->extra = kept();
	if (reclist_add(&c->peers, p) == -1 ||
	    reclist_add(&c->enrollments, e) == -1 ||
	    reclist_add(&c->checks, check_full()) == -1 ||
	    reclist_add(&c->checks, record_new(&check_record)) == -1 ||
	    reclist_add(&c->alerts, record_new(&alert_record)) == -1)
		abort();
	return (c);
}

static struct ibuf *
packed(const struct record *rec, const void *rp)
{
	struct ibuf	*buf = ibuf_dynamic(64, MAXSIZE);

	if (buf == NULL || pack_record(buf, rec, rp) == -1)
		abort();
	return (buf);
}

static struct ibuf *
bytes(const void *data, size_t len)
{
	struct ibuf	*buf = ibuf_dynamic(64, MAXSIZE);

	if (buf == NULL || ibuf_add(buf, data, len) == -1)
		abort();
	return (buf);
}

static void
round_trip(const struct record *rec, const void *rp)
{
	struct ibuf	*buf = packed(rec, rp);
	void		*copy = record_new(rec);

	if (ibuf_add(buf, "next", 4) == -1)
		abort();
	is_int(unpack_record(buf, rec, copy), 0, "a %s is unpacked",
	    rec->name);
	ok(record_equal(rec, rp, copy), "and is the same");
	is_int(ibuf_size(buf), 4, "what follows is left");
	ibuf_free(buf);
	record_free(rec, copy);
}

static void
test_round_trips(void)
{
	struct alert_event	*e = record_new(&alert_event_record);
	struct check_status	*s = record_new(&check_status_record);
	struct cluster		*c = cluster_full();
	struct ibuf		*buf;

	round_trip(&cluster_record, c);
	round_trip(&check_record, c->checks.v[0]);
	round_trip(&alert_event_record, e);
	e->check = check_full();
	e->snapshot = record_new(&snapshot_record);
	e->snapshot->not_ok = 3;
	e->verb = strdup("DOWN");
	round_trip(&alert_event_record, e);
	s->age = -1;
	s->latency = INT64_MIN;
	strlist_add(&s->alerts, "ops*");
	round_trip(&check_status_record, s);

	record_clear(&check_status_record, s);
	buf = packed(&check_status_record, s);
	is_int(ibuf_size(buf), 1, "an empty record is one byte");
	ibuf_free(buf);
	record_free(&cluster_record, c);
	record_free(&alert_event_record, e);
	record_free(&check_status_record, s);
}

/* A check without options costs its strings and a few bytes each. */
static void
test_size(void)
{
	struct check	*c = record_new(&check_record);
	struct ibuf	*buf;
	size_t		 size;

	put(&check_record, c, "id", "0d6f9d3e-8f0c-4a39-8a8f-0c7c6d3f1b52");
	put(&check_record, c, "name", "database");
	put(&check_record, c, "type", "tcp");
	put(&check_record, c, "target", "db.example.com:5432");
	put(&check_record, c, "interval", "10s");
	buf = packed(&check_record, c);
	size = ibuf_size(buf);
	is_int(size, 36 + 8 + 3 + 19 + 4 * 5 + 9 + 1, "its size");
	ibuf_free(buf);
	buf = ibuf_open(size - 1);
	is_int(pack_record(buf, &check_record, c), -1, "a full buffer");
	ibuf_free(buf);
	record_free(&check_record, c);
}

/* Every way to cut it short, and every byte changed in a few ways. */
static void
test_broken(void)
{
	static const unsigned char	 flips[] = { 0x01, 0x80, 0xff };
	struct cluster	*c = cluster_full(), *copy;
	struct ibuf	*buf = packed(&cluster_record, c), *part;
	unsigned char	*data;
	size_t		 i, k, len = ibuf_size(buf), refused = 0;

	copy = record_new(&cluster_record);
	for (i = 0; i < len; i++) {
		part = bytes(ibuf_data(buf), i);
		if (unpack_record(part, &cluster_record, copy) == -1 &&
		    copy->version == 0 && copy->peers.v == NULL)
			refused++;
		record_clear(&cluster_record, copy);
		ibuf_free(part);
	}
	is_int(refused, len, "cut short anywhere it is refused and cleared");
	if ((data = malloc(len)) == NULL)
		abort();
	for (i = 0; i < len; i++)
		for (k = 0; k < sizeof(flips); k++) {
			memcpy(data, ibuf_data(buf), len);
			data[i] ^= flips[k];
			part = bytes(data, len);
			(void)unpack_record(part, &cluster_record, copy);
			record_clear(&cluster_record, copy);
			ibuf_free(part);
		}
	ok(1, "%zu broken forms are survived", len * sizeof(flips));
	free(data);
	ibuf_free(buf);
	record_free(&cluster_record, c);
	record_free(&cluster_record, copy);
}

static const struct {
	const char	*what;
	const char	*data;
	size_t		 len;
	int		 rv;
} hostile_forms[] = {
#define FORM(what, s, rv)	{ what, s, sizeof(s) - 1, rv }
	FORM("nothing", "", -1),
	FORM("no field", "\xff", 0),
	FORM("one field", "\0\0\0\0\1a\xff", 0),
	FORM("a boolean", "\x0f\xff", 0),
	FORM("no end", "\0\0\0\0\1a", -1),
	FORM("a field twice", "\0\0\0\0\1a\0\0\0\0\1a\xff", -1),
	FORM("fields backwards", "\1\0\0\0\1a\0\0\0\0\1a\xff", -1),
	FORM("a field that is not there", "\x40\xff", -1),
	FORM("a NUL in a string", "\0\0\0\0\1\0\xff", -1),
	FORM("a string beyond the end", "\0\0\0\0\xff" "a\xff", -1),
	FORM("a string of 4 GB", "\0\xff\xff\xff\xff" "a\xff", -1),
	FORM("a list", "\x0d\0\0\0\1\0\0\0\1a\xff", 0),
	FORM("a list of 4 billion", "\x0d\xff\xff\xff\xff\xff", -1),
	FORM("kept", "\xfe\0\0\0\1\1\0\0\0\1k\0\0\0\1t\xff", 0),
	FORM("kept before a field", "\xfe\0\0\0\0\0\0\0\0\1a\xff", -1),
	FORM("kept of no kind", "\xfe\0\0\0\1\4\0\0\0\1k\xff", -1),
	FORM("kept and beyond the end", "\xfe\0\0\0\x09\1\0\0\0\1k\0\0"
	    "\0\1t\xff", -1),
	FORM("plain that is none", "\xfe\0\0\0\1\0\0\0\0\1k\0\0\0\1t"
	    "\xff", -1),
	FORM("plain", "\xfe\0\0\0\1\0\0\0\0\1k\0\0\0\1" "7\xff", 0)
#undef FORM
};

/* Field numbers of check: id 0, name 1, alert_ids 13, disabled 15. */
static void
test_hostile(void)
{
	struct check	*c = record_new(&check_record);
	struct cluster	*cl = record_new(&cluster_record);
	struct ibuf	*buf;
	char		 many[2048];
	size_t		 i, k;

	for (i = 0; i < sizeof(hostile_forms) / sizeof(hostile_forms[0]); i++) {
		buf = bytes(hostile_forms[i].data, hostile_forms[i].len);
		is_int(unpack_record(buf, &check_record, c),
		    hostile_forms[i].rv, "%s", hostile_forms[i].what);
		record_clear(&check_record, c);
		ibuf_free(buf);
	}

	/* A sequence in a sequence in ... */
	for (k = 8; k <= 9; k++) {
		buf = bytes("\xfe", 1);
		for (i = 0; i < k; i++)
			(void)ibuf_add(buf, "\0\0\0\1\2\0\0\0\1k",
			    i == 0 ? 10 : 5);
		(void)ibuf_add(buf, "\0\0\0\0\xff", 5);
		is_int(unpack_record(buf, &check_record, c), k == 8 ? 0 : -1,
		    "kept %zu levels deep", k);
		record_clear(&check_record, c);
		ibuf_free(buf);
	}

	/* 300 empty peers where 256 may be: field 3 of cluster. */
	memset(many, 0xff, sizeof(many));
	memcpy(many, "\3\0\0\1\x2c", 5);
	buf = bytes(many, 5 + 301);
	is_int(unpack_record(buf, &cluster_record, cl), -1, "too many");
	ibuf_free(buf);
	memcpy(many, "\3\0\0\1\0", 5);
	buf = bytes(many, 5 + 257);
	is_int(unpack_record(buf, &cluster_record, cl), 0, "just enough");
	is_int(cl->peers.n, 256, "are there");
	ibuf_free(buf);
	record_clear(&cluster_record, cl);

	/* updated_at is field 1: seconds, nanoseconds, offset. */
	buf = bytes("\1\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0\xff",
	    18);
	is_int(unpack_record(buf, &cluster_record, cl), -1,
	    "a time in the far future");
	ibuf_free(buf);
	buf = bytes("\1\0\0\0\0\0\0\0\1\x3b\x9a\xca\0\0\0\0\0\xff", 18);
	is_int(unpack_record(buf, &cluster_record, cl), -1,
	    "a second of nanoseconds");
	ibuf_free(buf);
	record_free(&check_record, c);
	record_free(&cluster_record, cl);
}

static void
test_strings(void)
{
	struct ibuf	*buf = ibuf_dynamic(64, MAXSIZE);
	char		*s;

	ok(pack_string(buf, "abc") == 0 && pack_string(buf, NULL) == 0 &&
	    pack_string(buf, "defg") == 0, "strings are packed");
	s = unpack_string(buf, 3);
	is_str(s, "abc", "of just that length");
	free(s);
	s = unpack_string(buf, 0);
	is_str(s, "", "none is empty");
	free(s);
	ok(unpack_string(buf, 3) == NULL, "one too long");
	ibuf_free(buf);
	buf = bytes("\0\0\0\2ab", 6);
	s = unpack_string(buf, 100);
	is_str(s, "ab", "to the end");
	free(s);
	ok(unpack_string(buf, 100) == NULL, "and no further");
	ibuf_free(buf);
}

int
main(void)
{
	test_round_trips();
	test_size();
	test_broken();
	test_hostile();
	test_strings();
	return (tap_done());
}
