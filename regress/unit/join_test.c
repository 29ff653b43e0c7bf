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


#include <stdarg.h>

#include "quorum.h"

/*
 * A node that joins, with the node it joins through played by the test.
 */

static struct qpeer	*fake_bootstrap(struct quorum *, const char *,
		    const char *, void (*)(struct quorum *, struct qpeer *,
		    enum peer_news, const char *, void *), void *);
static void	 fake_call(struct quorum *, struct qpeer *, enum wire_method,
		    const void *, struct monotime, call_done *, void *);
static void	 fake_remove(struct quorum *, struct qpeer *);
static struct qpeer	*fake_by_handle(struct quorum *, uint32_t);
static struct qpeer	*fake_find(struct quorum *, const char *);
static void	 fake_sync(struct quorum *);
static int	 fake_trust(struct quorum *, const char *, const char *,
		    const char *, const char *);
static int	 fake_adopt(struct quorum *, struct qpeer *, struct cluster *,
		    struct verr *);
static const char
		*fake_advertise(const struct quorum *, char *, size_t);

#define peer_bootstrap	fake_bootstrap
#define peer_call	fake_call
#define peer_remove	fake_remove
#define peer_by_handle	fake_by_handle
#define peers_sync	fake_sync
#define peer_find	fake_find
#define trust_add	fake_trust
#define heart_adopt	fake_adopt
#define heart_advertise	fake_advertise

#include "../../quptimed/quorum_join.c"

#include "quorum_fixture.h"

#define FP_X	"sha256:" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FP_Y	"sha256:" \
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char	*pem[2];
static struct certinfo	 who[2];

/* The far node, and what it was last asked. */
static struct qpeer	 far;
static int	 boots, removed, trusted, calls;
static enum wire_method	 called;
static call_done	*call_end;
static char	 asked_for[512];

static struct qpeer *
fake_bootstrap(struct quorum *a, const char *address, const char *fp,
    void (*notify)(struct quorum *, struct qpeer *, enum peer_news,
    const char *, void *), void *arg)
{
	(void)a;
	free(far.advertise);
	free(far.fingerprint);
	free(far.cn);
	free(far.trouble);
	memset(&far, 0, sizeof(far));
	far.advertise = strdup(address);
	far.fingerprint = strdup(fp);
	far.handle = ++boots;
	far.notify = notify;
	far.notify_arg = arg;
	return (&far);
}

static void
fake_call(struct quorum *a, struct qpeer *p, enum wire_method m,
    const void *params, struct monotime limit, call_done *done, void *arg)
{
	const struct wire_enroll	*e = params;

	(void)a;
	(void)p;
	(void)limit;
	(void)arg;
	calls++;
	called = m;
	call_end = done;
	if (m == WIRE_ENROLL)
		snprintf(asked_for, sizeof(asked_for), "%s %s %s %s",
		    e->token_id, e->token_secret, e->node_id, e->advertise);
}

static void
fake_remove(struct quorum *a, struct qpeer *p)
{
	(void)a;
	(void)p;
	removed++;
	far.handle = 0;
}

static struct qpeer *
fake_by_handle(struct quorum *a, uint32_t handle)
{
	(void)a;
	return (handle == far.handle ? &far : NULL);
}

static struct qpeer *
fake_find(struct quorum *a, const char *id)
{
	(void)a;
	(void)id;
	return (&far);
}

static void
fake_sync(struct quorum *a)
{
	uint32_t	 i;

	far.conf = NULL;
	for (i = 0; i < a->cluster.peers.n; i++)
		if (strcmp(str(CLUSTER_PEER(&a->cluster, i)->fingerprint),
		    str(far.fingerprint)) == 0)
			far.conf = CLUSTER_PEER(&a->cluster, i);
}

static int
fake_trust(struct quorum *a, const char *id, const char *address,
    const char *fp, const char *cert)
{
	(void)a;
	(void)id;
	(void)address;
	(void)fp;
	(void)cert;
	trusted++;
	return (0);
}

static int
fake_adopt(struct quorum *a, struct qpeer *p, struct cluster *cl,
    struct verr *ve)
{
	struct cluster	 was = a->cluster;

	(void)p;
	if (!join_is_waiting(a))
		return (verr_set(ve, "", "not waiting"));
	a->cluster = *cl;
	memset(cl, 0, sizeof(*cl));
	checks_replace(a, &a->cluster.checks);
	fake_sync(a);
	quorum_config_changed(a);
	record_clear(&cluster_record, &was);
	return (1);
}

static const char *
fake_advertise(const struct quorum *a, char *buf, size_t size)
{
	(void)a;
	strlcpy(buf, "192.0.2.1:9901", size);
	return (buf);
}

static void
find_keys(const char *argv0)
{
	char		 place[PATH_MAX], path[PATH_MAX + 64];
	const char	*names[] = { "node-a", "node-b" };
	size_t		 i;

	fix_vectors(argv0, place);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/keys/%s/keys/cert.pem", place,
		    names[i]);
		pem[i] = strdup(fix_read(path));
		if (keys_certinfo(pem[i], strlen(pem[i]), &who[i]) == -1)
			fix_die(path);
	}
}

/* node-a, which is new. */
static void
setup(void)
{
	struct verr	 ve;

	unlink("cluster.yaml");
	if (fix_load(&ve) == -1)
		fix_die("load");
	free(q.node.node_id);
	q.node.node_id = strdup(who[0].cn);
	q.fingerprint = strdup(who[0].fingerprint);
	q.cert = strdup(pem[0]);
	if (seed_peer(&q.cluster.peers, who[0].cn, "192.0.2.1:9901",
	    who[0].fingerprint, pem[0]) == -1)
		fix_die("peer");
	q.cluster.version = 7;
	boots = removed = trusted = calls = 0;
	asked_for[0] = '\0';
}

static char *
token_for(const char *fp1, const char *fp2, int64_t ttl)
{
	struct token	 t;
	struct endpoint	*ep;
	const char	*fps[] = { fp1, fp2 };
	char		*text;
	size_t		 i;

	memset(&t, 0, sizeof(t));
	t.id = strdup("tok12345");
	t.secret = strdup("s3cret");
	t.expires_at = wall_from_unix(time(NULL) + ttl, 0);
	for (i = 0; i < 2; i++) {
		if (fps[i] == NULL)
			continue;
		ep = calloc(1, sizeof(*ep));
		ep->advertise = strdup(i == 0 ? "192.0.2.2:9901" :
		    "192.0.2.3:9901");
		ep->fingerprint = strdup(fps[i]);
		reclist_add(&t.endpoints, ep);
	}
	text = token_format(&t);
	token_clear(&t);
	return (text);
}

/* Asks, and does not wait for what comes of it. */
static void
ask_join(const char *token, const char *advertise)
{
	struct imsg	 imsg;
	struct ibuf	*buf = fix_ibuf();

	pack_string(buf, token);
	pack_string(buf, advertise);
	fix_imsg(&imsg, IMSG_CTL_JOIN, CLIENT, buf);
	join_request(&q, &imsg);
	imsg_free(&imsg);
}

/* The text of the next row, "" for another message. */
static const char *
row(void)
{
	static char	 text[1024];
	struct imsg	 imsg;
	struct ibuf	 buf;
	char		*s;

	text[0] = '\0';
	if (!fix_next(&parent, &imsg))
		return ("nothing came");
	if (imsg_get_type(&imsg) == IMSG_CTL_PROGRESS &&
	    imsg_get_ibuf(&imsg, &buf) == 0 &&
	    (s = unpack_string(&buf, sizeof(text))) != NULL) {
		strlcpy(text, s, sizeof(text));
		free(s);
	}
	imsg_free(&imsg);
	return (text);
}

static void
turns(void)
{
	int	 i;

	for (i = 0; i < 10; i++)
		fix_turn();
}

static void
up(const char *cn)
{
	far.up = 1;
	far.cn = strdup(cn);
	far.notify(&q, &far, PEER_UP, NULL, far.notify_arg);
}

static void
answer(const void *result, const char *error)
{
	struct answer	 a;

	memset(&a, 0, sizeof(a));
	a.result = result;
	a.error = error;
	a.refused = error != NULL;
	call_end(&q, &far, &a, NULL);
}

/* As far as Enroll. */
static void
start(void)
{
	char	*token;

	setup();
	token = token_for(who[1].fingerprint, NULL, 60);
	ask_join(token, "");
	freezero(token, strlen(token));
	is_str(row(), "connecting to 192.0.2.2:9901", "told");
	up(who[1].cn);
	is_str(row(), "fingerprint matches, asking to be let in", "told");
	is_int(called, WIRE_ENROLL, "Enroll");
}

static void
refused(const char *token, const char *advertise, const char *why)
{
	ask_join(token, advertise);
	is_int(fix_result(), CTL_REFUSED, "refused");
	is_str(fix_text, why, "%s", why);
}

static void
test_refused(void)
{
	char	*token, *old;

	setup();
	old = token_for(who[1].fingerprint, NULL, -60);
	token = token_for(who[1].fingerprint, NULL, 60);
	refused(old, "", "token has already expired: ask for a new one");
	refused(token, "nowhere", "advertise: must be host:port");
	ok(FIX_TCP("one") == CTL_OK, "a check");
	refused(token, "", "this node has 1 check of its own: they would be "
	    "lost, remove them first");
	ok(fix_mutate(CTL_REMOVE, CTL_CHECK, "one", NULL) == CTL_OK, "gone");
	ok(FIX_HOOK("hook") == CTL_OK, "an alert");
	refused(token, "", "this node has 1 alert of its own: they would be "
	    "lost, remove them first");
	fix_unload();

	setup();
	seed_peer(&q.cluster.peers, "node-x", "192.0.2.9:9901", FP_X, "");
	refused(token, "", "this node is in a cluster of 2 already");
	fix_unload();

	setup();
	q.dialect = DIALECT_V01;
	refused(token, "", "compat is v0.1 in node.yaml: such nodes are added "
	    "by a member");
	fix_unload();
	is_int(boots, 0, "nobody was called");
	freezero(token, strlen(token));
	freezero(old, strlen(old));
}

static void
test_endpoints(void)
{
	char	*token;

	setup();
	token = token_for(FP_X, FP_Y, 60);
	ask_join(token, "");
	is_str(row(), "connecting to 192.0.2.2:9901", "the first");
	far.notify(&q, &far, PEER_DOWN, "connection refused", NULL);
	is_str(row(), "connecting to 192.0.2.3:9901", "the second");
	is_int(removed, 1, "the first one is forgotten");
	refused(token, "", "a join is under way already: connecting to the "
	    "cluster");
	far.notify(&q, &far, PEER_DOWN, "fingerprint is another", NULL);
	is_int(fix_result(), CTL_REFUSED, "no more");
	is_str(fix_text, "no token endpoint answered with the expected "
	    "fingerprint: fingerprint is another", "why");
	turns();
	ok(q.joiner == NULL, "over");
	is_int(removed, 2, "the second one is forgotten");
	fix_unload();

	setup();
	freezero(token, strlen(token));
	token = token_for(who[0].fingerprint, NULL, 60);
	ask_join(token, "");
	is_int(fix_result(), CTL_REFUSED, "its own token");
	fix_unload();
	freezero(token, strlen(token));
}

static void
test_answers(void)
{
	struct wire_enroll_res	 res;

	start();
	ok(strstr(asked_for, "tok12345 s3cret") == asked_for &&
	    strstr(asked_for, "192.0.2.1:9901") != NULL, "with all of it");
	memset(&res, 0, sizeof(res));
	res.error = (char *)(uintptr_t)"unknown enrollment token";
	answer(&res, NULL);
	is_int(fix_result(), CTL_REFUSED, "refused");
	is_str(fix_text, "cluster rejected enrollment: unknown enrollment "
	    "token", "why");
	is_int(q.cluster.version, 7, "nothing has changed");
	turns();
	ok(q.joiner == NULL && removed == 1, "over");
	fix_unload();

	start();
	answer(NULL, "unknown method: Enroll");
	is_int(fix_result(), CTL_REFUSED, "an old one");
	is_str(fix_text, "enroll: remote: unknown method: Enroll", "why");
	fix_unload();

	start();
	memset(&res, 0, sizeof(res));
	answer(&res, NULL);
	is_int(fix_result(), CTL_REFUSED, "neither");
	is_str(fix_text, "cluster returned neither accepted nor pending",
	    "why");
	fix_unload();
}

/* What the cluster has. */
static void
give_config(int with_us)
{
	struct wire_config	 res;

	res.config = record_new(&cluster_record);
	res.config->version = 5;
	seed_peer(&res.config->peers, who[1].cn, "192.0.2.2:9901",
	    who[1].fingerprint, pem[1]);
	if (with_us)
		seed_peer(&res.config->peers, who[0].cn, "192.0.2.1:9901",
		    who[0].fingerprint, pem[0]);
	answer(&res, NULL);
	record_free(&cluster_record, res.config);
}

static void
wait_call(void)
{
	struct monotime	 end = mono_add(mono_now(), MONO_MSEC(FIX_WAIT));

	calls = 0;
	while (calls == 0 && mono_cmp(mono_now(), end) < 0) {
		fix_turn();
		poll(NULL, 0, 5);
	}
	is_int(called, WIRE_GET_CONFIG, "asks for the configuration");
}

static void
test_accepted(void)
{
	struct wire_enroll_cluster	 cl;
	struct wire_enroll_res		 res;
	struct wire_whoami_res		 w[2];
	void				*v[] = { &w[0], &w[1] };

	start();
	memset(&res, 0, sizeof(res));
	memset(w, 0, sizeof(w));
	w[0].node_id = who[1].cn;
	w[0].fingerprint = who[1].fingerprint;
	w[0].cert_pem = pem[1];
	w[0].advertise = (char *)(uintptr_t)"192.0.2.2:9901";
	w[1] = w[0];
	w[1].node_id = (char *)(uintptr_t)"node-x";
	w[1].fingerprint = (char *)(uintptr_t)FP_X;
	cl.peers.v = v;
	cl.peers.n = 2;
	res.accepted = 1;
	res.cluster = &cl;
	answer(&res, NULL);
	is_str(row(), "accepted, 2 peers", "a key that does not fit is left "
	    "out");
	ok(join_is_seeded(&q) && join_is_waiting(&q), "seeded");
	is_int(q.cluster.version, 1, "at version 1");
	is_str(CLUSTER_PEER(&q.cluster, 1)->cert_pem, pem[1], "certificates");
	ok(far.conf != NULL, "the far node is a member");
	wait_call();
	give_config(1);
	is_str(row(), "configuration version 5 received", "told");
	is_int(fix_result(), CTL_OK, "joined");
	is_str(fix_text, "joined: 2 peers, version 5", "so says the result");
	turns();
	ok(q.joiner == NULL && !join_is_waiting(&q), "over");
	is_int(removed, 0, "the far node stays");
	fix_unload();
}

static void
test_pending(void)
{
	struct wire_enroll_res	 res;
	struct verr		 ve;
	int			 was;

	start();
	memset(&res, 0, sizeof(res));
	res.pending = 1;
	answer(&res, NULL);
	is_str(row(), "waiting for approval: run `quptimectl enroll approve "
	    "tok12345` on the cluster", "told");
	ok(join_is_seeded(&q), "seeded");
	wait_call();
	answer(NULL, "peer not trusted");
	is_int(q.joiner->state, JOIN_PENDING, "not yet");
	join_client_gone(&q, CLIENT);
	ok(q.joiner != NULL, "goes on without its client");
	wait_call();
	was = q.joiner->state;
	give_config(1);
	is_int(was, JOIN_PENDING, "waits");
	turns();
	ok(q.joiner == NULL && q.cluster.version == 5, "joined");
	ok(fix_silent(&parent), "nobody is told");
	fix_unload();

	/* A restart in between. */
	start();
	answer(&res, NULL);
	(void)row();
	fix_unload();
	if (fix_load(&ve) == -1)
		fix_die("load");
	ok(join_is_seeded(&q) && join_is_waiting(&q),
	    "after a restart it still waits");
	free(q.node.node_id);
	q.node.node_id = strdup(who[0].cn);
	q.fingerprint = strdup(who[0].fingerprint);
	q.cert = strdup(pem[0]);
	join_resume(&q);
	wait_call();
	give_config(1);
	turns();
	ok(q.joiner == NULL && q.cluster.version == 5, "and joins");
	fix_unload();

	/* And one that comes to nothing. */
	start();
	answer(&res, NULL);
	(void)row();
	q.joiner->token.expires_at = wall_from_unix(time(NULL) - 100, 0);
	is_int(fix_result(), CTL_REFUSED, "expired");
	is_str(fix_text, "token has expired before it was approved", "why");
	ok(!join_is_seeded(&q) && q.cluster.peers.n == 1, "alone again");
	fix_unload();
}

static void
test_asked(void)
{
	struct wire_join	 p;
	struct answer		 a;

	setup();
	q.dialect = DIALECT_V01;
	memset(&p, 0, sizeof(p));
	p.node_id = who[1].cn;
	p.fingerprint = who[1].fingerprint;
	p.cert_pem = pem[1];
	p.advertise = (char *)(uintptr_t)"nowhere";
	is_str(join_asked(&q, &p), "advertise must be host:port", "address");
	p.advertise = (char *)(uintptr_t)"192.0.2.2:9901";
	ok(join_asked(&q, &p) == NULL, "let in");
	is_int(trusted, 1, "trusted");
	ok(join_is_waiting(&q), "its configuration is taken");
	ok(join_asked(&q, &p) == NULL && removed == 1, "again");
	memset(&a, 0, sizeof(a));
	call_end = got_config;
	give_config(1);
	is_int(q.cluster.version, 1, "not because it was asked for");
	is_int(q.cluster.peers.n, 1, "a low version, so that it is newer");
	fix_unload();

	setup();
	q.dialect = DIALECT_V01;
	ok(FIX_TCP("mine") == CTL_OK, "a node with checks");
	ok(join_asked(&q, &p) == NULL, "lets in");
	ok(!join_is_waiting(&q), "but takes no configuration");
	p.fingerprint = who[0].fingerprint;
	is_str(join_asked(&q, &p),
	    "node_id is that of a member with another key", "its own key");
	fix_unload();
}

int
main(int argc, char *argv[])
{
	(void)argc;
	find_keys(argv[0]);
	fix_start();
	fix_mute(1);
	test_refused();
	test_endpoints();
	test_answers();
	test_accepted();
	test_pending();
	test_asked();
	fix_mute(0);
	fix_end();
	free(pem[0]);
	free(pem[1]);
	free(far.advertise);
	free(far.fingerprint);
	free(far.cn);
	free(far.trouble);
	return (tap_done());
}
