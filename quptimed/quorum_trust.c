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


#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmt.h"
#include "quorum.h"
#include "yaml.h"

/*
 * trust.yaml: whose key is let in, as a QUptime node that is given this
 * directory expects it.  Here the members of cluster.yaml are who is trusted,
 * and this file follows them; an entry of anybody else grants nothing but to
 * the nodes through which this one is about to join.
 */

#define TRUST_FILE	"trust.yaml"		/* in the current directory */
#define FILE_MODE	0600
#define VIS_MAX		320

#define TRUST_ENTRY(t, i)	((struct trust_entry *)(t)->entries.v[i])

static struct trust_entry
		*entry_new(const char *, const char *, const char *,
		    const char *);
static struct trust_entry
		*find(const struct trust *, const char *);
static int	 put(struct trust *, struct trust_entry *);
static int	 is_same(const struct trust_entry *,
		    const struct trust_entry *);
static const struct peer
		*member(const struct quorum *, const char *);
static int	 sync_member(struct quorum *, const struct peer *);
static int	 save(struct quorum *, struct verr *);

int
trust_load(struct quorum *q, struct verr *ve)
{
	int	 fd, rv;

	if ((fd = open(TRUST_FILE, O_RDONLY | O_CLOEXEC)) == -1) {
		if (errno == ENOENT)
			return (0);
		return (verr_file(ve, TRUST_FILE, "%s", strerror(errno)));
	}
	rv = yaml_read(&trust_record, &q->trust, TRUST_FILE, fd, ve);
	close(fd);
	return (rv);
}

void
trust_sync(struct quorum *q)
{
	const struct trust_entry	*te;
	const struct qpeer		*p;
	struct verr			 ve;
	char				 buf[640];
	uint32_t			 i;
	int				 changed = 0;

	for (i = 0; i < q->cluster.peers.n; i++)
		changed |= sync_member(q, CLUSTER_PEER(&q->cluster, i));
	for (i = q->trust.entries.n; i-- > 0; ) {
		te = TRUST_ENTRY(&q->trust, i);
		if (member(q, te->node_id) != NULL)
			continue;
		/* Nodes that this one is about to join are not members yet. */
		TAILQ_FOREACH(p, &q->peers, entry)
			if (p->conf == NULL && strcmp(str(p->fingerprint),
			    te->fingerprint) == 0)
				break;
		if (p != NULL)
			continue;
		record_free(&trust_entry_record,
		    reclist_take(&q->trust.entries, i));
		changed = 1;
	}
	if (changed && save(q, &ve) == -1)
		log_warnx("%s", verr_string(&ve, buf, sizeof(buf)));
}

int
trust_add(struct quorum *q, const char *node_id, const char *address,
    const char *fingerprint, const char *cert_pem)
{
	struct trust_entry	*te;
	struct verr		 ve;
	char			 buf[640];
	int			 rv;

	te = entry_new(node_id, address, fingerprint, cert_pem);
	if (te == NULL) {
		log_warn("%s", TRUST_FILE);
		return (-1);
	}
	if (record_validate(&trust_entry_record, te, "", &ve) == -1) {
		log_warnx("trust: %s", verr_string(&ve, buf, sizeof(buf)));
		record_free(&trust_entry_record, te);
		return (-1);
	}
	if ((rv = put(&q->trust, te)) == -1)
		log_warn("%s", TRUST_FILE);
	if (rv == 1 && (rv = save(q, &ve)) == -1)
		log_warnx("%s", verr_string(&ve, buf, sizeof(buf)));
	return (rv == -1 ? -1 : 0);
}

int
trust_remove(struct quorum *q, const char *node_id, struct verr *ve)
{
	struct trust_entry	*te;
	uint32_t		 i;

	if (member(q, node_id) != NULL)
		return (verr_set(ve, "",
		    "is a member: remove it with peer remove"));
	if ((te = find(&q->trust, node_id)) == NULL)
		return (0);
	for (i = 0; TRUST_ENTRY(&q->trust, i) != te; i++)
		;
	record_free(&trust_entry_record, reclist_take(&q->trust.entries, i));
	return (save(q, ve) == -1 ? -1 : 1);
}

void
trust_request(struct quorum *q, struct imsg *imsg)
{
	struct verr	 ve;
	char		 buf[640], vis[VIS_MAX], *id;
	uint32_t	 client = imsg_get_id(imsg);

	if ((id = ctl_string(imsg)) == NULL) {
		ctl_result(q, client, CTL_REFUSED, "malformed request");
		return;
	}
	memset(&ve, 0, sizeof(ve));
	fmt_vis(id, vis, sizeof(vis));
	switch (trust_remove(q, id, &ve)) {
	case 1:
		log_info("trust entry of %s removed", vis);
		ctl_result(q, client, CTL_OK, "trust entry %s removed", vis);
		break;
	case 0:
		ctl_result(q, client, CTL_REFUSED, "no trust entry for %s",
		    vis);
		break;
	default:
		ctl_result(q, client, CTL_REFUSED, "%s: %s", vis,
		    verr_string(&ve, buf, sizeof(buf)));
		break;
	}
	free(id);
}

void
trust_clear(struct quorum *q)
{
	record_clear(&trust_record, &q->trust);
}

/* Whether the entries have changed. */
static int
sync_member(struct quorum *q, const struct peer *peer)
{
	struct trust_entry	*te;
	int			 rv;

	if (*str(peer->fingerprint) == '\0' ||
	    strcmp(peer->node_id, str(q->node.node_id)) == 0)
		return (0);
	te = entry_new(peer->node_id, peer->advertise, peer->fingerprint,
	    peer->cert_pem);
	if (te == NULL || (rv = put(&q->trust, te)) == -1) {
		log_warn("%s", TRUST_FILE);
		return (0);
	}
	return (rv);
}

static struct trust_entry *
entry_new(const char *node_id, const char *address, const char *fingerprint,
    const char *cert_pem)
{
	struct trust_entry	*te;

	if ((te = record_new(&trust_entry_record)) == NULL)
		return (NULL);
	te->added_at = wall_now();
	if ((te->node_id = strdup(str(node_id))) == NULL ||
	    (te->address = strdup(str(address))) == NULL ||
	    (te->fingerprint = strdup(str(fingerprint))) == NULL ||
	    (te->cert_pem = strdup(str(cert_pem))) == NULL) {
		record_free(&trust_entry_record, te);
		return (NULL);
	}
	return (te);
}

/*
 * In the place of the one of that node, or at the end; takes it over.  1; 0
 * when there is the same already; -1 when out of memory.
 */
static int
put(struct trust *trust, struct trust_entry *te)
{
	struct trust_entry	*old;
	uint32_t		 i;

	if ((old = find(trust, te->node_id)) == NULL) {
		if (reclist_add(&trust->entries, te) == 0)
			return (1);
		record_free(&trust_entry_record, te);
		return (-1);
	}
	if (is_same(old, te)) {
		record_free(&trust_entry_record, te);
		return (0);
	}
	for (i = 0; TRUST_ENTRY(trust, i) != old; i++)
		;
	trust->entries.v[i] = te;
	record_free(&trust_entry_record, old);
	return (1);
}

static int
is_same(const struct trust_entry *a, const struct trust_entry *b)
{
	return (strcmp(str(a->address), str(b->address)) == 0 &&
	    strcmp(str(a->fingerprint), str(b->fingerprint)) == 0 &&
	    strcmp(str(a->cert_pem), str(b->cert_pem)) == 0);
}

static struct trust_entry *
find(const struct trust *trust, const char *node_id)
{
	uint32_t	 i;

	for (i = 0; i < trust->entries.n; i++)
		if (strcmp(TRUST_ENTRY(trust, i)->node_id, node_id) == 0)
			return (TRUST_ENTRY(trust, i));
	return (NULL);
}

static const struct peer *
member(const struct quorum *q, const char *node_id)
{
	uint32_t	 i;

	for (i = 0; i < q->cluster.peers.n; i++)
		if (strcmp(CLUSTER_PEER(&q->cluster, i)->node_id,
		    node_id) == 0)
			return (CLUSTER_PEER(&q->cluster, i));
	return (NULL);
}

static int
save(struct quorum *q, struct verr *ve)
{
	char	*text;
	size_t	 len;
	int	 rv;

	if ((text = yaml_format(&trust_record, &q->trust, &len)) == NULL)
		return (verr_file(ve, TRUST_FILE, "%s", strerror(ENOMEM)));
	rv = file_replace(TRUST_FILE, FILE_MODE, text, len, ve);
	freezero(text, len);
	return (rv);
}
