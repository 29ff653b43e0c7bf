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

#include "pack.h"
#include "quorum.h"

/*
 * Many edits that are one change.  They come in parts, into a copy of the
 * configuration that they were made for; when the last one is there the copy
 * is proposed, unless the configuration is another one by then.  One client at
 * a time does that.
 */

#define ID_LEN_MAX	1024

struct applying {
	struct cluster	*next;
	uint64_t	 version;	/* it was copied from */
	uint32_t	 client;
	uint32_t	 n;		/* edits so far */
	uint32_t	 at[CTL_ALERT + 1];	/* where the last one was */
};

/* Who waits to hear how it went. */
struct asked {
	uint32_t	 client;
	uint32_t	 n;
};

static int	 begin(struct quorum *, uint32_t, const struct ctl_apply *,
		    struct verr *);
static int	 take(struct applying *, struct ibuf *, uint32_t,
		    struct verr *);
static int	 put(struct applying *, uint32_t, struct ibuf *,
		    struct verr *);
static int	 drop(struct applying *, uint32_t, struct ibuf *,
		    struct verr *);
static uint32_t	 place(struct applying *, uint32_t, const char *);
static int	 propose(struct quorum *, struct verr *);
static void	 proposed(struct quorum *, uint64_t, const char *, void *);

void
apply_request(struct quorum *q, struct imsg *imsg)
{
	struct ctl_apply	 head;
	struct ibuf		 buf;
	struct verr		 ve;
	char			 text[640];
	uint32_t		 client = imsg_get_id(imsg);
	int			 rv;

	memset(&ve, 0, sizeof(ve));
	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &head, sizeof(head)) == -1)
		rv = verr_set(&ve, "", "malformed request");
	else if ((rv = begin(q, client, &head, &ve)) == 0)
		rv = take(q->applying, &buf, head.n, &ve);
	if (rv == 0 && head.last)
		rv = propose(q, &ve);
	else if (rv == 0)
		ctl_result(q, client, CTL_OK, "%s", "");
	if (rv == -1) {
		ctl_result(q, client, CTL_REFUSED, "%s",
		    verr_string(&ve, text, sizeof(text)));
		apply_client_gone(q, client);
	}
}

void
apply_client_gone(struct quorum *q, uint32_t client)
{
	if (q->applying != NULL && q->applying->client == client)
		apply_clear(q);
}

void
apply_clear(struct quorum *q)
{
	if (q->applying == NULL)
		return;
	record_free(&cluster_record, q->applying->next);
	free(q->applying);
	q->applying = NULL;
}

static int
begin(struct quorum *q, uint32_t client, const struct ctl_apply *head,
    struct verr *ve)
{
	struct applying	*a = q->applying;

	if (head->version != q->cluster.version)
		return (verr_set(ve, "", "the configuration has changed "
		    "meanwhile, to version %llu: try again",
		    (unsigned long long)q->cluster.version));
	if (a != NULL && a->client != client)
		return (verr_set(ve, "", "somebody else applies a file right "
		    "now"));
	/* What was begun before another version came is of no use. */
	if (a != NULL && a->version != head->version)
		apply_clear(q);
	if (q->applying != NULL)
		return (0);
	if ((a = calloc(1, sizeof(*a))) == NULL ||
	    (a->next = record_dup(&cluster_record, &q->cluster)) == NULL) {
		free(a);
		return (verr_set(ve, "", "out of memory"));
	}
	a->client = client;
	a->version = head->version;
	q->applying = a;
	return (0);
}

static int
take(struct applying *a, struct ibuf *buf, uint32_t n, struct verr *ve)
{
	struct ctl_edit_head	 edit;
	int			 rv = 0;

	for (; n > 0 && rv == 0; n--) {
		if (ibuf_get(buf, &edit, sizeof(edit)) == -1 ||
		    edit.op > EDIT_REMOVE || edit.object > CTL_ALERT)
			return (verr_set(ve, "", "malformed request"));
		rv = edit.op == EDIT_PUT ? put(a, edit.object, buf, ve) :
		    drop(a, edit.object, buf, ve);
		a->n++;
	}
	if (rv == 0 && ibuf_size(buf) != 0)
		rv = verr_set(ve, "", "malformed request");
	return (rv);
}

static int
put(struct applying *a, uint32_t object, struct ibuf *buf, struct verr *ve)
{
	const struct list_type	*type = &list_types[object];
	struct reclist		*list = list_of(a->next, object);
	void			*rec;
	uint32_t		 i;

	if ((rec = record_new(type->rec)) == NULL)
		return (verr_set(ve, "", "out of memory"));
	if (unpack_record(buf, type->rec, rec) == -1) {
		record_free(type->rec, rec);
		return (verr_set(ve, "", "malformed request"));
	}
	i = place(a, object, str(*list_member(rec, type->id)));
	if (i < list->n) {
		record_free(type->rec, list->v[i]);
		list->v[i] = rec;
	} else if (list->n >= MAX_CHECKS || reclist_add(list, rec) == -1) {
		record_free(type->rec, rec);
		return (verr_set(ve, "", "too many %ss", type->rec->name));
	}
	return (0);
}

static int
drop(struct applying *a, uint32_t object, struct ibuf *buf, struct verr *ve)
{
	const struct list_type	*type = &list_types[object];
	struct reclist		*list = list_of(a->next, object);
	char			*id;
	uint32_t		 i;

	if ((id = unpack_string(buf, ID_LEN_MAX)) == NULL)
		return (verr_set(ve, "", "malformed request"));
	i = place(a, object, id);
	free(id);
	if (i == list->n)
		return (verr_set(ve, "", "no such %s", type->rec->name));
	record_free(type->rec, reclist_take(list, i));
	return (0);
}

/* Edits come in the list's order: it is looked for from the last one on. */
static uint32_t
place(struct applying *a, uint32_t object, const char *id)
{
	const struct reclist	*list = list_of(a->next, object);
	const size_t		 offset = list_types[object].id;
	uint32_t		 i, j;

	for (i = 0; i < list->n; i++) {
		j = (a->at[object] + i) % list->n;
		if (strcmp(*list_member(list->v[j], offset), id) == 0) {
			a->at[object] = j;
			return (j);
		}
	}
	return (list->n);
}

static int
propose(struct quorum *q, struct verr *ve)
{
	struct applying	*a = q->applying;
	struct proposal	 p;
	struct asked	*asked;

	if (record_validate(&cluster_record, a->next, "", ve) == -1 ||
	    mutate_templates(q, a->next, ve) == -1)
		return (-1);
	if ((asked = calloc(1, sizeof(*asked))) == NULL)
		return (verr_set(ve, "", "out of memory"));
	asked->client = a->client;
	asked->n = a->n;
	memset(&p, 0, sizeof(p));
	p.kind = PROP_REPLACE_CONFIG;
	p.config = a->next;
	a->next = NULL;
	apply_clear(q);
	publish_propose(q, &p, proposed, asked);
	proposal_clear(&p);
	return (0);
}

static void
proposed(struct quorum *q, uint64_t version, const char *error, void *arg)
{
	struct asked	*a = arg;

	if (error != NULL)
		ctl_result(q, a->client, CTL_REFUSED, "%s", error);
	else
		ctl_changed(q, a->client, version, "applied %u change%s",
		    a->n, a->n == 1 ? "" : "s");
	free(a);
}
