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
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "json.h"
#include "quorum_wire.h"
#include "quptimed.h"

static int	 parse_member(const char *, const struct record *,
		    const char *, size_t, void *, size_t *, struct verr *);
static void	 path_within(struct verr *, const char *);
static void	 payload_record(enum proposal_kind, struct record *);
static char	*record_text(const struct record *, enum dialect,
		    const void *, size_t *);
static int	 put(struct ibuf *, const char *, const char *, size_t);

static const char	 cut_short[] = "unexpected end of JSON input";

static const struct field	head_fields[] = {
	{ .json = "id", .type = FT_UINT,
	    .offset = offsetof(struct wire_head, id) },
	{ .json = "method", .type = FT_STR,
	    .offset = offsetof(struct wire_head, method) },
	{ .json = "error", .type = FT_STR,
	    .offset = offsetof(struct wire_head, error) },
};
static const struct record	head_record = {
	.name = "wire_head", .size = sizeof(struct wire_head),
	.extra = RECORD_NOEXTRA, .fields = head_fields,
	.nfields = sizeof(head_fields) / sizeof(head_fields[0])
};

void
wire_head_clear(struct wire_head *h)
{
	record_clear(&head_record, h);
}

int
wire_head(const char *frame, size_t len, struct wire_head *h, struct verr *ve)
{
	char	 path[sizeof(ve->path)];

	memset(h, 0, sizeof(*h));
	if (json_parse(&head_record, h, frame, len, ve) == 0)
		return (0);
	(void)strlcpy(path, ve->path, sizeof(path));
	if (path[0] == '\0')
		return (-1);
	return (verr_set(ve, "", "%s: %s", path, ve->msg));
}

/*
 * One member of the frame into a record; the number of members that were known,
 * itself counted: 0 when it was not there.
 */
static int
parse_member(const char *name, const struct record *rec, const char *frame,
    size_t len, void *out, size_t *count, struct verr *ve)
{
	const struct field	 field = {
		.json = name, .type = FT_REC, .rec = rec
	};
	const struct record	 frame_record = {
		.name = "frame", .size = sizeof(void *),
		.extra = RECORD_NOEXTRA, .fields = &field, .nfields = 1
	};
	void			*p = NULL;

	memset(out, 0, rec->size);
	if (json_parse_count(&frame_record, &p, frame, len, count, ve) == -1) {
		path_within(ve, name);
		return (-1);
	}
	if (p != NULL) {
		memcpy(out, p, rec->size);
		freezero(p, rec->size);
	}
	return (0);
}

/* Callers and peers think of the member's fields without the frame's name. */
static void
path_within(struct verr *ve, const char *name)
{
	size_t	 n = strlen(name);

	if (strncmp(ve->path, name, n) != 0)
		return;
	if (ve->path[n] == '.')
		n++;
	memmove(ve->path, ve->path + n, strlen(ve->path + n) + 1);
}

int
wire_params(enum wire_method m, const char *frame, size_t len, void *out,
    struct verr *ve)
{
	const struct record	*rec = wire_params_record(m);
	size_t			 n;

	memset(ve, 0, sizeof(*ve));
	memset(out, 0, rec->size);
	if (rec->nfields == 0)
		return (0);
	if (parse_member("params", rec, frame, len, out, &n, ve) == -1)
		return (-1);
	if (n == 0 && m != WIRE_JOIN && m != WIRE_STATUS)
		return (verr_set(ve, "", "%s", cut_short));
	return (0);
}

int
wire_result(enum wire_method m, const char *frame, size_t len, void *out,
    struct verr *ve)
{
	size_t	 n;

	if (parse_member("result", wire_result_record(m), frame, len, out, &n,
	    ve) == -1)
		return (-1);
	if (n == 0)
		return (verr_set(ve, "", "the answer has no result"));
	return (0);
}

/* A struct proposal of which only this kind's payload is known. */
static void
payload_record(enum proposal_kind k, struct record *rec)
{
	memset(rec, 0, sizeof(*rec));
	rec->name = "payload";
	rec->size = sizeof(struct proposal);
	rec->extra = RECORD_NOEXTRA;
	rec->fields = &wire_kind(k)->payload;
	rec->nfields = 1;
}

int
wire_payload(const char *kind, const char *frame, size_t len,
    struct proposal *prop, struct verr *ve)
{
	char			 quoted[160], path[sizeof(ve->path)];
	char			 msg[sizeof(ve->msg)];
	const struct field	*f;
	struct record		 rec;
	size_t			 n;
	int			 k;

	memset(ve, 0, sizeof(*ve));
	memset(prop, 0, sizeof(*prop));
	for (k = 0; k < PROP_KINDS; k++)
		if (strcmp(str(kind), wire_kind(k)->name) == 0)
			break;
	if (k == PROP_KINDS)
		return (verr_set(ve, "", "unknown mutation kind %s",
		    fmt_quote(str(kind), quoted, sizeof(quoted))));
	payload_record(k, &rec);
	f = rec.fields;
	if (parse_member("params", &rec, frame, len, prop, &n, ve) == -1)
		path_within(ve, "payload");
	else if (n < 2)		/* params and payload */
		verr_set(ve, "", "%s", cut_short);
	else if (f->type == FT_REC && field_isempty(f, prop) &&
	    (*(void **)field_ptr(f, prop) = record_new(f->rec)) == NULL)
		verr_set(ve, "", "out of memory");
	if (ve->msg[0] == '\0') {
		prop->kind = k;
		return (0);
	}
	(void)strlcpy(path, ve->path, sizeof(path));
	(void)strlcpy(msg, ve->msg, sizeof(msg));
	return (verr_set(ve, "", "decode %s: %s%s%s", wire_kind(k)->what,
	    path, path[0] != '\0' ? ": " : "", msg));
}

void
proposal_clear(struct proposal *prop)
{
	struct field	 fields[PROP_KINDS];
	struct record	 rec;
	int		 k;

	/* Some kinds share a member, which is empty when it is met again. */
	for (k = 0; k < PROP_KINDS; k++)
		fields[k] = wire_kind(k)->payload;
	payload_record(0, &rec);
	rec.fields = fields;
	rec.nfields = PROP_KINDS;
	record_clear(&rec, prop);
}

static char *
record_text(const struct record *rec, enum dialect d, const void *p,
    size_t *len)
{
	struct json	*j;
	char		*text;

	if ((j = json_new()) == NULL)
		return (NULL);
	if (d == DIALECT_V01)
		json_omit(j, F_V03);
	json_record(j, NULL, rec, p);
	text = json_take(j, len);
	json_free(j);
	return (text);
}

char *
wire_params_text(enum wire_method m, enum dialect d, const void *p,
    size_t *len)
{
	const struct record	*rec;

	rec = m == WIRE_REPORT ? wire_report_form(p) : wire_params_record(m);
	return (record_text(rec, d, p, len));
}

char *
wire_result_text(enum wire_method m, enum dialect d, const void *p,
    size_t *len)
{
	return (record_text(wire_result_record(m), d, p, len));
}

char *
wire_propose_text(enum dialect d, const char *from_node_id,
    const struct proposal *prop, size_t *len)
{
	struct json	*j;
	struct record	 rec;
	char		*text;

	if ((j = json_new()) == NULL)
		return (NULL);
	if (d == DIALECT_V01)
		json_omit(j, F_V03);
	payload_record(prop->kind, &rec);
	json_object(j, NULL);
	json_string(j, "from_node_id", from_node_id);
	json_string(j, "kind", proposal_kind_name(prop->kind));
	json_members(j, &rec, prop);
	json_end(j);
	text = json_take(j, len);
	json_free(j);
	return (text);
}

int
wire_put_request(struct ibuf *buf, uint64_t id, enum wire_method m,
    const char *params, size_t len)
{
	char	 head[96];

	(void)snprintf(head, sizeof(head),
	    "{\"id\":%llu,\"method\":\"%s\",\"params\":",
	    (unsigned long long)id, wire_method_name(m));
	return (put(buf, head, params, len));
}

int
wire_put_result(struct ibuf *buf, uint64_t id, const char *result, size_t len)
{
	char	 head[48];

	(void)snprintf(head, sizeof(head), "{\"id\":%llu,\"result\":",
	    (unsigned long long)id);
	return (put(buf, head, result, len));
}

int
wire_put_error(struct ibuf *buf, uint64_t id, const char *error)
{
	struct json	*j;
	const char	*text;
	char		 head[48];
	size_t		 len;
	int		 rv = -1;

	(void)snprintf(head, sizeof(head), "{\"id\":%llu,\"error\":",
	    (unsigned long long)id);
	if ((j = json_new()) == NULL)
		return (-1);
	json_string(j, NULL, error);
	if ((text = json_text(j, &len)) != NULL)
		rv = put(buf, head, text, len);
	json_free(j);
	return (rv);
}

static int
put(struct ibuf *buf, const char *head, const char *text, size_t len)
{
	size_t	 n = strlen(head), before = ibuf_size(buf);

	if (len > FRAME_MAX - n - 1)
		return (-1);
	if (ibuf_add(buf, head, n) == 0 && ibuf_add(buf, text, len) == 0 &&
	    ibuf_add(buf, "}", 1) == 0)
		return (0);
	(void)ibuf_truncate(buf, before);
	return (-1);
}
