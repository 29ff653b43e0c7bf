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
#include "pack.h"
#include "quorum.h"

/*
 * Tokens as operators see them: made, approved, revoked.
 */

#define DEFAULT_TTL	(3600LL * 1000000000)
#define ID_LEN		8		/* 6 bytes in base64url */
#define SECRET_LEN	43		/* 32 bytes */
#define ADDR_MAX	1024
#define ERROR_MAX	640
#define NAME_LEN_MAX	1024
#define VIS_MAX		320
#define HASH_TEXT_MAX	72

/* A client's request that waits for the master. */
struct enroll_job {
	uint32_t		 client;
	uint32_t		 type;
	struct token		 token;		/* made */
	struct enrollment	*enrollment;	/* a copy */
};


static void	 create(struct quorum *, struct imsg *);
static const char
		*create_token(struct quorum *, struct enroll_job *,
		    const struct ctl_enroll *, const char *, char *, size_t);
static int	 add_endpoint(struct token *, const char *, const char *);
static void	 created(struct quorum *, uint64_t, const char *, void *);
static void	 warn_loopback(struct quorum *, uint32_t,
		    const struct token *);
static void	 decide(struct quorum *, struct imsg *);
static void	 decided(struct quorum *, uint64_t, const char *, void *);
static void	 job_free(struct enroll_job *);
static char	*random_text(size_t);
static const char
		*token_name(const struct enrollment *, char *, size_t);

void
enroll_request(struct quorum *q, struct imsg *imsg)
{
	uint32_t	 client = imsg_get_id(imsg);

	if (q->dialect == DIALECT_V01)
		ctl_result(q, client, CTL_REFUSED, "compat is v0.1 in "
		    "node.yaml: there are no tokens among such nodes");
	else if (imsg_get_type(imsg) == IMSG_CTL_ENROLL_CREATE)
		create(q, imsg);
	else
		decide(q, imsg);
}

static void
create(struct quorum *q, struct imsg *imsg)
{
	struct ctl_enroll	 ask;
	struct enroll_job	*job;
	struct proposal		 p;
	struct ibuf		 buf;
	const char		*error;
	char			*name = NULL, text[ERROR_MAX];
	uint32_t		 client = imsg_get_id(imsg);

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &ask, sizeof(ask)) == -1 ||
	    (name = unpack_string(&buf, NAME_LEN_MAX)) == NULL ||
	    ibuf_size(&buf) != 0) {
		ctl_result(q, client, CTL_REFUSED, "malformed request");
		free(name);
		return;
	}
	memset(&p, 0, sizeof(p));
	p.kind = PROP_ADD_ENROLLMENT;
	error = "out of memory";
	if ((job = calloc(1, sizeof(*job))) != NULL) {
		job->client = client;
		job->enrollment = record_new(&enrollment_record);
		if (job->enrollment != NULL)
			error = create_token(q, job, &ask, name, text,
			    sizeof(text));
		if (error == NULL && (p.enrollment =
		    record_dup(&enrollment_record, job->enrollment)) == NULL)
			error = "out of memory";
	}
	free(name);
	if (error == NULL)
		publish_propose(q, &p, created, job);
	else {
		ctl_result(q, client, CTL_REFUSED, "%s", error);
		job_free(job);
	}
	proposal_clear(&p);
}

/* The error, perhaps in the buffer; NULL: the job holds both halves. */
static const char *
create_token(struct quorum *q, struct enroll_job *job,
    const struct ctl_enroll *ask, const char *name, char *buf, size_t size)
{
	struct enrollment	*e = job->enrollment;
	struct token		*t = &job->token;
	const struct peer	*peer;
	struct verr		 ve;
	char			 hash[HASH_TEXT_MAX], addr[ADDR_MAX];
	int64_t			 ttl = ask->ttl;
	uint32_t		 i;

	if (ttl <= 0)
		ttl = DEFAULT_TTL;
	if (ttl > ENROLL_TTL_MAX)
		return ("ttl too long; max 168h");
	if (*name != '\0' && enroll_find(q, name, 1) != NULL)
		return ("another token has that name");
	do {
		free(t->id);
		if ((t->id = random_text(ID_LEN)) == NULL)
			return ("out of memory");
	} while (t->id[0] == '-' || enroll_find(q, t->id, 1) != NULL);
	if ((t->secret = random_text(SECRET_LEN)) == NULL)
		return ("out of memory");
	token_hash(t->secret, hash, sizeof(hash));
	e->auto_approve = ask->auto_approve != 0;
	e->created_at = wall_now();
	e->expires_at = wall_from_unix(wall_unix(&e->created_at) +
	    ttl / 1000000000, e->created_at.nsec);
	t->expires_at = e->expires_at;
	if ((e->id = strdup(t->id)) == NULL ||
	    (e->name = strdup(name)) == NULL ||
	    (e->secret_hash = strdup(hash)) == NULL ||
	    (e->created_by = strdup(str(q->node.node_id))) == NULL ||
	    add_endpoint(t, heart_advertise(q, addr, sizeof(addr)),
	    q->fingerprint) == -1)
		return ("out of memory");
	for (i = 0; i < q->cluster.peers.n; i++) {
		peer = CLUSTER_PEER(&q->cluster, i);
		if (strcmp(peer->node_id, str(q->node.node_id)) != 0 &&
		    add_endpoint(t, peer->advertise, peer->fingerprint) == -1)
			return ("out of memory");
	}
	memset(&ve, 0, sizeof(ve));
	if (record_validate(&enrollment_record, e, "", &ve) == -1)
		return (verr_string(&ve, buf, size));
	return (NULL);
}

/* One without address or key is left out. */
static int
add_endpoint(struct token *t, const char *advertise, const char *fingerprint)
{
	struct endpoint	*ep;

	if (*str(advertise) == '\0' || *str(fingerprint) == '\0')
		return (0);
	if ((ep = calloc(1, sizeof(*ep))) == NULL)
		return (-1);
	if ((ep->advertise = strdup(advertise)) != NULL &&
	    (ep->fingerprint = strdup(fingerprint)) != NULL &&
	    reclist_add(&t->endpoints, ep) == 0)
		return (0);
	free(ep->advertise);
	free(ep->fingerprint);
	free(ep);
	return (-1);
}

static void
created(struct quorum *q, uint64_t version, const char *error, void *arg)
{
	struct enroll_job	*job = arg;
	struct enrollment	*e = job->enrollment;
	char			*text = NULL, name[VIS_MAX];

	if (error != NULL)
		ctl_result(q, job->client, CTL_REFUSED,
		    "record enrollment: %s", error);
	else if ((text = token_format(&job->token)) == NULL)
		ctl_result(q, job->client, CTL_REFUSED, "out of memory");
	else {
		token_name(e, name, sizeof(name));
		log_info("token %s made%s", name,
		    e->auto_approve ? ", approves by itself" : "");
		monitor_event(q, "token", e->id, "made");
		row_token(q, job->client, e, text);
		warn_loopback(q, job->client, &job->token);
		ctl_changed(q, job->client, version, "token %s made", name);
	}
	if (text != NULL)
		freezero(text, strlen(text));
	job_free(job);
}

/* Who listens on loopback alone means it. */
static void
warn_loopback(struct quorum *q, uint32_t client, const struct token *t)
{
	const struct endpoint	*ep;
	char			 text[1024], vis[VIS_MAX];

	if (t->endpoints.n == 0 || fmt_isloopback(str(q->node.bind_addr)))
		return;
	ep = t->endpoints.v[0];
	if (!fmt_isloopback(ep->advertise))
		return;
	(void)snprintf(text, sizeof(text), "warning: this node tells others "
	    "to reach it at %s, see peer edit",
	    fmt_vis(ep->advertise, vis, sizeof(vis)));
	ctl_row_string(q, client, IMSG_CTL_PROGRESS, text);
}

/* Approve or revoke. */
static void
decide(struct quorum *q, struct imsg *imsg)
{
	struct enroll_job	*job;
	struct enrollment	*e;
	struct proposal		 p;
	char			*name, vis[VIS_MAX];
	uint32_t		 client = imsg_get_id(imsg);
	int			 approve;

	approve = imsg_get_type(imsg) == IMSG_CTL_ENROLL_APPROVE;
	if ((name = ctl_string(imsg)) == NULL) {
		ctl_result(q, client, CTL_REFUSED, "malformed request");
		return;
	}
	e = enroll_find(q, name, 1);
	fmt_vis(name, vis, sizeof(vis));
	free(name);
	if (e == NULL) {
		ctl_result(q, client, CTL_REFUSED,
		    "no such enrollment \"%s\"", vis);
		return;
	}
	if (approve && e->pending_join == NULL) {
		ctl_result(q, client, CTL_REFUSED,
		    "enrollment \"%s\" has no pending join to approve", vis);
		return;
	}
	if (approve && enroll_expired(e)) {
		ctl_result(q, client, CTL_REFUSED,
		    "enrollment \"%s\" has expired", vis);
		return;
	}
	memset(&p, 0, sizeof(p));
	p.kind = approve ? PROP_APPROVE_ENROLLMENT : PROP_REMOVE_ENROLLMENT;
	p.target = strdup(e->id);
	if ((job = calloc(1, sizeof(*job))) == NULL || p.target == NULL ||
	    (job->enrollment = record_dup(&enrollment_record, e)) == NULL) {
		ctl_result(q, client, CTL_REFUSED, "out of memory");
		job_free(job);
	} else {
		job->client = client;
		job->type = imsg_get_type(imsg);
		publish_propose(q, &p, decided, job);
	}
	proposal_clear(&p);
}

static void
decided(struct quorum *q, uint64_t version, const char *error, void *arg)
{
	struct enroll_job		*job = arg;
	struct enrollment		*e = job->enrollment;
	const struct pending_join	*join = e->pending_join;
	char				 name[VIS_MAX], id[VIS_MAX];
	char				 addr[VIS_MAX];

	token_name(e, name, sizeof(name));
	if (error != NULL)
		ctl_result(q, job->client, CTL_REFUSED, "%s", error);
	else if (job->type == IMSG_CTL_ENROLL_REVOKE) {
		log_info("token %s revoked", name);
		monitor_event(q, "token", e->id, "revoked");
		ctl_changed(q, job->client, version, "revoked token %s", name);
	} else {
		fmt_vis(join->node_id, id, sizeof(id));
		fmt_vis(join->advertise, addr, sizeof(addr));
		log_info("token %s: %s at %s has joined", name, id, addr);
		monitor_event(q, "token", e->id, "%s at %s has joined", id,
		    addr);
		ctl_changed(q, job->client, version, "approved token %s: %s at "
		    "%s has joined", name, id, addr);
	}
	job_free(job);
}

static void
job_free(struct enroll_job *job)
{
	if (job == NULL)
		return;
	token_clear(&job->token);
	record_free(&enrollment_record, job->enrollment);
	free(job);
}

/*
 * As if that many characters were random bytes in base64url: of the last one
 * of 43 only four bits count, and readers may be strict about the others.
 */
static char *
random_text(size_t len)
{
	static const char	 alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	char			*s;
	size_t			 i;

	if ((s = malloc(len + 1)) == NULL)
		return (NULL);
	arc4random_buf(s, len);
	if (len % 4 == 3)
		s[len - 1] &= 0x3c;
	for (i = 0; i < len; i++)
		s[i] = alphabet[s[i] & 0x3f];
	s[len] = '\0';
	return (s);
}

/* Its name, which is for people, else its id. */
static const char *
token_name(const struct enrollment *e, char *buf, size_t size)
{
	return (fmt_vis(*str(e->name) != '\0' ? e->name : str(e->id), buf,
	    size));
}
