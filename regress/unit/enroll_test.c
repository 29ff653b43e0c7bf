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
 * Tokens and those who redeem them, with what is around them played by the
 * test: the master, and the connection that a request came over.
 */

static const char	*advertised = "192.0.2.1:9901";

static struct request	*fake_keep(struct request *);
static void	 fake_result(struct quorum *, struct request *, const void *);
static void	 fake_error(struct quorum *, struct request *,
		    const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));
static void	 fake_complain(struct quorum *, struct request *,
		    const char *);
static void	 fake_propose(struct quorum *, struct proposal *,
		    proposal_done *, void *);
static int	 fake_trust(struct quorum *, const char *, const char *,
		    const char *, const char *);
static const char
		*fake_advertise(const struct quorum *, char *, size_t);
static const char
		*fake_asked(struct quorum *, const struct wire_join *);

#define rpc_keep		fake_keep
#define rpc_result		fake_result
#define rpc_error		fake_error
#define rpc_complain		fake_complain
#define publish_propose		fake_propose
#define trust_add		fake_trust
#define heart_advertise		fake_advertise
#define join_asked		fake_asked
#define turn			enroll_turn

#include "../../quptimed/quorum_enroll.c"
#include "../../quptimed/quorum_enroll_ctl.c"

#include "quorum_fixture.h"

#define FP_X	"sha256:" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define REFUSED(e)	"{\"accepted\":false,\"error\":\"" e "\"}"
#define PENDING		"{\"accepted\":false,\"pending\":true}"
#define NOBODY		"{\"accepted\":true,\"cluster\":{\"peers\":[]}}"

static char	*pem[2];		/* of node-a and node-b */
static struct certinfo	 who[2];
static char	 reply[65536], complaint[256], told[512];
static int	 replies, proposals, trusted, asked;
static const char	*refuse;	/* what the master says */
static int	 hold;			/* it takes its time */
static struct {
	proposal_done	*done;
	void		*arg;
} held;

static struct request *
fake_keep(struct request *req)
{
	struct request	*copy = malloc(sizeof(*copy));

	*copy = *req;
	copy->frame = NULL;
	copy->params = NULL;
	return (copy);
}

static void
fake_end(struct request *req)
{
	replies++;
	if (req->params == NULL)
		free(req);
}

static void
fake_result(struct quorum *a, struct request *req, const void *res)
{
	size_t	 len;
	char	*s;

	s = wire_result_text(req->method, a->dialect, res, &len);
	strlcpy(reply, s, sizeof(reply));
	freezero(s, len);
	fake_end(req);
}

static void
fake_error(struct quorum *a, struct request *req, const char *fmt, ...)
{
	va_list	 ap;

	(void)a;
	va_start(ap, fmt);
	vsnprintf(reply, sizeof(reply), fmt, ap);
	va_end(ap);
	fake_end(req);
}

static void
fake_complain(struct quorum *a, struct request *req, const char *why)
{
	(void)a;
	(void)req;
	strlcpy(complaint, why, sizeof(complaint));
}

/* The master as it should be, but for the versions. */
static void
fake_propose(struct quorum *a, struct proposal *p, proposal_done *done,
    void *arg)
{
	struct reclist	*list = &a->cluster.enrollments;
	struct enrollment	*e;
	struct peer	*peer;

	proposals++;
	if (refuse != NULL) {
		done(a, 0, refuse, arg);
		return;
	}
	switch (p->kind) {
	case PROP_ADD_ENROLLMENT:
		reclist_add(list, p->enrollment);
		p->enrollment = NULL;
		break;
	case PROP_RECORD_PENDING:
		e = enroll_find(a, p->pending->id, 0);
		record_free(&pending_join_record, e->pending_join);
		e->pending_join = p->pending->pending_join;
		p->pending->pending_join = NULL;
		break;
	case PROP_APPROVE_ENROLLMENT:
		e = enroll_find(a, p->target, 1);
		peer = record_new(&peer_record);
		peer->node_id = strdup(e->pending_join->node_id);
		peer->advertise = strdup(e->pending_join->advertise);
		peer->fingerprint = strdup(e->pending_join->fingerprint);
		peer->cert_pem = strdup(e->pending_join->cert_pem);
		reclist_add(&a->cluster.peers, peer);
		/* FALLTHROUGH */
	case PROP_REMOVE_ENROLLMENT:
		for (uint32_t i = 0; i < list->n; i++)
			if (strcmp(CLUSTER_ENROLLMENT(&a->cluster, i)->id,
			    p->target) == 0)
				record_free(&enrollment_record,
				    reclist_take(list, i));
		break;
	default:
		break;
	}
	if (hold) {
		held.done = done;
		held.arg = arg;
	} else
		done(a, 9, NULL, arg);
}

static int
fake_trust(struct quorum *a, const char *id, const char *address,
    const char *fp, const char *cert)
{
	(void)a;
	(void)cert;
	trusted++;
	snprintf(told, sizeof(told), "%s %s %s", id, address, fp);
	return (0);
}

static const char *
fake_advertise(const struct quorum *a, char *buf, size_t size)
{
	(void)a;
	strlcpy(buf, advertised, size);
	return (buf);
}

static const char *
fake_asked(struct quorum *a, const struct wire_join *p)
{
	(void)a;
	(void)p;
	asked++;
	return (NULL);
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

static void
add_peer(const char *id, const char *address, const char *fp, const char *cert)
{
	struct peer	*p = record_new(&peer_record);

	p->node_id = strdup(id);
	p->advertise = strdup(address);
	p->fingerprint = strdup(fp);
	p->cert_pem = strdup(cert);
	reclist_add(&q.cluster.peers, p);
}

/* A member of node-a's key, with a token for whom it may concern. */
static struct enrollment *
setup(int automatic)
{
	struct enrollment	*e;
	struct verr		 ve;
	char			 hash[72];

	unlink("cluster.yaml");
	if (fix_load(&ve) == -1)
		fix_die("load");
	free(q.node.node_id);
	q.node.node_id = strdup(who[0].cn);
	q.fingerprint = strdup(who[0].fingerprint);
	q.cert = strdup(pem[0]);
	add_peer(who[0].cn, "192.0.2.1:9901", who[0].fingerprint, pem[0]);
	e = record_new(&enrollment_record);
	e->id = strdup("tok12345");
	e->name = strdup("bravo");
	token_hash("s3cret", hash, sizeof(hash));
	e->secret_hash = strdup(hash);
	e->auto_approve = automatic;
	e->expires_at = wall_from_unix(time(NULL) + 60, 0);
	reclist_add(&q.cluster.enrollments, e);
	replies = proposals = trusted = asked = hold = 0;
	refuse = NULL;
	reply[0] = complaint[0] = told[0] = '\0';
	return (e);
}

static struct wire_enroll
joiner(void)
{
	struct wire_enroll	 p;

	memset(&p, 0, sizeof(p));
	p.token_id = (char *)(uintptr_t)"tok12345";
	p.token_secret = (char *)(uintptr_t)"s3cret";
	p.node_id = who[1].cn;
	p.advertise = (char *)(uintptr_t)"192.0.2.2:9901";
	p.fingerprint = who[1].fingerprint;
	p.cert_pem = pem[1];
	return (p);
}

/* Over a connection with node-b's certificate. */
static const char *
enroll(struct wire_enroll *p)
{
	struct request	 req;

	memset(&req, 0, sizeof(req));
	req.cn = who[1].cn;
	req.fingerprint = who[1].fingerprint;
	req.method = WIRE_ENROLL;
	req.params = p;
	reply[0] = '\0';
	enroll_rpc(&q, &req);
	return (reply);
}

#define STRING(s)	((char *)(uintptr_t)(s))
#define BAD(member, value, error) do {					\
	struct wire_enroll	 bad_ = joiner();			\
									\
	bad_.member = STRING(value);					\
	is_str(enroll(&bad_), REFUSED(error), "%s: %s", #member,	\
	    error);							\
} while (0)

static void
test_refused(void)
{
	struct wire_enroll	 p;
	struct enrollment	*e = setup(1);
	char			*longname;

	BAD(token_id, "", "token_id and token_secret are required");
	BAD(token_secret, NULL, "token_id and token_secret are required");
	BAD(node_id, "", "node_id, cert_pem and fingerprint are required");
	BAD(cert_pem, NULL, "node_id, cert_pem and fingerprint are required");
	BAD(fingerprint, "",
	    "node_id, cert_pem and fingerprint are required");
	BAD(cert_pem, "junk", "parse cert: cert: no PEM block");
	BAD(cert_pem, "-----BEGIN CERTIFICATE-----\nAAAA\n"
	    "-----END CERTIFICATE-----\n",
	    "parse cert: parse cert: malformed certificate");
	BAD(cert_pem, pem[0],
	    "claimed fingerprint does not match supplied cert");
	BAD(fingerprint, FP_X,
	    "claimed fingerprint does not match supplied cert");
	p = joiner();
	p.node_id = who[0].cn;
	p.cert_pem = pem[0];
	p.fingerprint = who[0].fingerprint;
	is_str(enroll(&p), REFUSED("claimed fingerprint does not match the "
	    "connection's"), "another's certificate");
	BAD(node_id, "somebody", NOT_ITS_NAME);
	BAD(token_id, "tok1234", "unknown enrollment token");
	BAD(token_id, "bravo", "unknown enrollment token");
	BAD(token_secret, "s3cre", "invalid enrollment token");
	BAD(advertise, "", "advertise must be host:port");
	BAD(advertise, "192.0.2.2", "advertise must be host:port");
	longname = malloc(2001);
	memset(longname, 'a', 2000);
	memcpy(longname + 1995, ":9901", 6);
	BAD(advertise, longname, "advertise must be host:port");
	free(longname);
	e->expires_at = wall_from_unix(time(NULL) - 2, 0);
	BAD(token_secret, "wrong", "enrollment token expired");
	free(e->secret_hash);
	e->secret_hash = strdup("md5:00");
	e->expires_at = wall_from_unix(0, 0);
	memset(&e->expires_at, 0, sizeof(e->expires_at));
	BAD(token_secret, "s3cret", "invalid enrollment token");
	is_int(proposals, 0, "the master was not asked");
	ok(strstr(complaint, "invalid enrollment token") != NULL,
	    "the log is told why");
	ok(strstr(complaint, "s3cret") == NULL, "but not the secret");
	fix_unload();
}

/* W7: nobody is replaced, neither a member nor one who waits. */
static void
test_replace(void)
{
	struct wire_enroll	 p = joiner();
	struct enrollment	*e = setup(1);
	char			 want[256];

	add_peer(who[1].cn, "192.0.2.9:9901", FP_X, "");
	snprintf(want, sizeof(want),
	    REFUSED("%s is a member with another key"), who[1].cn);
	is_str(enroll(&p), want, "a member's id, another key");
	free(CLUSTER_PEER(&q.cluster, 1)->fingerprint);
	CLUSTER_PEER(&q.cluster, 1)->fingerprint =
	    strdup(who[1].fingerprint);
	free(CLUSTER_PEER(&q.cluster, 1)->node_id);
	CLUSTER_PEER(&q.cluster, 1)->node_id = strdup("node-x");
	is_str(enroll(&p), REFUSED("the key is that of the member node-x"),
	    "a member's key, another id");
	record_free(&peer_record, reclist_take(&q.cluster.peers, 1));
	e->pending_join = record_new(&pending_join_record);
	e->pending_join->node_id = strdup("node-x");
	e->pending_join->fingerprint = strdup(FP_X);
	is_str(enroll(&p),
	    REFUSED("another node waits with this enrollment token"),
	    "another waits");
	is_str(e->pending_join->node_id, "node-x", "and goes on waiting");
	is_int(proposals, 0, "the master was not asked");
	fix_unload();
}

static void
test_accepted(void)
{
	struct wire_enroll	 p = joiner();
	char			*fp = strdup(who[1].fingerprint);

	(void)setup(1);
	add_peer("no-cert", "192.0.2.8:9901", FP_X, "");
	(void)enroll(&p);
	ok(strncmp(reply, "{\"accepted\":true,\"cluster\":{\"peers\":["
	    "{\"node_id\":\"", 48) == 0 &&
	    strstr(reply, who[0].fingerprint) != NULL, "accepted");
	ok(strstr(reply, fp) == NULL, "the joiner is not in the list");
	ok(strstr(reply, "no-cert") == NULL, "nor who has no certificate");
	is_int(proposals, 2, "recorded and approved");
	is_int(trusted, 1, "and trusted at once");
	is_int(q.cluster.enrollments.n, 0, "the token is used up");
	ok(strncmp(enroll(&p), "{\"accepted\":true", 16) == 0,
	    "the same node again: its answer may have been lost");
	is_int(proposals, 2, "nothing changes");
	p.token_id = STRING("nosuch");
	CLUSTER_PEER(&q.cluster, 2)->fingerprint[70] ^= 1;
	is_str(enroll(&p), REFUSED("unknown enrollment token"),
	    "a used token in another's hands");
	free(fp);
	fix_unload();

	p = joiner();
	(void)setup(1);
	record_free(&peer_record, reclist_take(&q.cluster.peers, 0));
	is_str(enroll(&p), NOBODY, "no peers is a list too");
	fix_unload();
}

static void
test_pending(void)
{
	struct wire_enroll	 p = joiner();
	struct enrollment	*e = setup(0);

	hold = 1;
	is_str(enroll(&p), "", "no answer before the master's");
	is_int(q.nenrolling, 1, "one is under way");
	hold = 0;
	held.done(&q, 5, NULL, held.arg);
	is_str(reply, PENDING, "pending");
	is_int(q.nenrolling, 0, "none is under way");
	is_str(e->pending_join->advertise, "192.0.2.2:9901", "recorded");
	is_str(enroll(&p), PENDING, "again: pending");
	is_int(proposals, 1, "without a change");
	is_int(trusted, 0, "nobody is trusted");
	fix_unload();

	(void)setup(0);
	refuse = "no quorum: refusing mutation";
	is_str(enroll(&p), REFUSED("record pending join: no quorum: refusing "
	    "mutation"), "the master refuses");
	fix_unload();

	e = setup(1);
	e->pending_join = record_new(&pending_join_record);
	e->pending_join->node_id = strdup(p.node_id);
	e->pending_join->fingerprint = strdup(p.fingerprint);
	hold = 1;
	(void)enroll(&p);
	hold = 0;
	refuse = "not master";
	held.done(&q, 5, NULL, held.arg);
	is_str(reply, REFUSED("auto-approve: not master"),
	    "the master refuses the approval");
	refuse = NULL;
	q.nenrolling = ENROLLING_MAX;
	is_str(enroll(&p), REFUSED("too many enrollments under way"),
	    "bounded");
	q.nenrolling = 0;
	fix_unload();
}

static const char *
join(struct wire_join *p, int cert)
{
	struct request	 req;

	memset(&req, 0, sizeof(req));
	req.cn = who[cert].cn;
	req.fingerprint = who[cert].fingerprint;
	req.method = WIRE_JOIN;
	req.params = p;
	enroll_rpc_join(&q, &req);
	return (reply);
}

static void
test_join(void)
{
	struct wire_join	 p;
	struct wire_enroll	 e = joiner();

	(void)setup(0);
	memset(&p, 0, sizeof(p));
	is_str(join(&p, 1), "{\"accepted\":false,\"error\":\"cluster-secret "
	    "join is no longer supported \xe2\x80\x94 issue a pre-deployment "
	    "token with `qu enroll create` and run `qu enroll join "
	    "\\u003ctoken\\u003e` on the new host\"}", "v0.3 refuses");
	q.dialect = DIALECT_V01;
	is_str(join(&p, 1), REFUSED("cluster secret mismatch"),
	    "two empty secrets do not match");
	q.node.cluster_secret = strdup("hush");
	is_str(join(&p, 1), REFUSED("cluster secret mismatch"), "none");
	p.cluster_secret = STRING("hus");
	is_str(join(&p, 1), REFUSED("cluster secret mismatch"), "wrong");
	p.cluster_secret = STRING("hush");
	is_str(join(&p, 1), REFUSED("parse cert: cert: no PEM block"),
	    "no certificate");
	p.cert_pem = pem[1];
	p.node_id = who[1].cn;
	p.advertise = STRING("192.0.2.2:9901");
	is_str(join(&p, 1), REFUSED("fingerprint mismatch"),
	    "no fingerprint");
	p.fingerprint = who[1].fingerprint;
	is_str(join(&p, 0), REFUSED("fingerprint mismatch"),
	    "another's connection");
	p.node_id = NULL;
	is_str(join(&p, 1),
	    REFUSED("trust entry needs node_id and fingerprint"), "no id");
	p.node_id = STRING("else");
	is_str(join(&p, 1), REFUSED(NOT_ITS_NAME), "another's id");
	is_int(asked, 0, "nobody is let in yet");
	p.node_id = who[1].cn;
	is_str(join(&p, 1), "{\"accepted\":true}", "accepted");
	is_int(asked, 1, "and let in");
	is_int(q.cluster.peers.n, 1, "but no member");
	is_str(enroll(&e), wire_untrusted(DIALECT_V01),
	    "v0.1 has no Enroll for strangers");
	fix_unload();
}

static int
create_token_for(const char *name, int64_t ttl, struct token_status *row)
{
	struct ctl_enroll	 ask;
	struct imsg		 imsg;
	struct ibuf		*buf = fix_ibuf(), got;
	int			 code = -1;

	memset(&ask, 0, sizeof(ask));
	ask.ttl = ttl;
	ibuf_add(buf, &ask, sizeof(ask));
	pack_string(buf, name);
	fix_imsg(&imsg, IMSG_CTL_ENROLL_CREATE, CLIENT, buf);
	enroll_request(&q, &imsg);
	imsg_free(&imsg);
	memset(row, 0, sizeof(*row));
	if (proposals == 1 && refuse == NULL) {
		if (!fix_next(&parent, &imsg))
			return (-1);
		if (imsg_get_type(&imsg) == IMSG_CTL_TOKEN &&
		    imsg_get_ibuf(&imsg, &got) == 0)
			(void)unpack_record(&got, &token_status_record, row);
		imsg_free(&imsg);
	}
	code = fix_result();
	return (code);
}

static void
test_create(void)
{
	struct token_status	 row;
	struct token		 t;
	struct verr		 ve;
	const struct enrollment	*e;

	(void)setup(0);
	add_peer("node-x", "192.0.2.8:9901", FP_X, "");
	add_peer("node-y", "", FP_X, "");
	is_int(create_token_for("long", ENROLL_TTL_MAX + 1, &row), CTL_REFUSED,
	    "too long");
	is_str(fix_text, "ttl too long; max 168h", "in these words");
	is_int(create_token_for("bravo", 0, &row), CTL_REFUSED,
	    "a name that is taken");
	is_int(create_token_for("charlie", 0, &row), CTL_OK, "created");
	is_int(fix_rows, 0, "without a warning");
	memset(&t, 0, sizeof(t));
	ok(row.token != NULL && token_parse(row.token, &t, &ve) == 0,
	    "the row has the token");
	e = enroll_find(&q, "charlie", 1);
	ok(e != NULL && token_verify(t.secret, e->secret_hash),
	    "its secret is that of the hash");
	is_str(t.id, e->id, "its id");
	is_int(strlen(t.id), 8, "of eight characters");
	is_int(strlen(t.secret), 43, "the secret of 43");
	ok(strstr(fix_read("cluster.yaml"), t.secret) == NULL,
	    "nothing else has the secret");
	is_int(t.endpoints.n, 2, "endpoints that can be reached");
	is_str(((struct endpoint *)t.endpoints.v[0])->advertise,
	    "192.0.2.1:9901", "itself first");
	is_int(wall_unix(&e->expires_at) - wall_unix(&e->created_at), 3600,
	    "an hour");
	token_clear(&t);
	record_clear(&token_status_record, &row);
	refuse = "no quorum: refusing mutation";
	is_int(create_token_for("delta", 0, &row), CTL_REFUSED, "refused");
	is_str(fix_text,
	    "record enrollment: no quorum: refusing mutation", "with why");
	fix_unload();
}

/* A token that nobody elsewhere can redeem. */
static void
test_loopback(void)
{
	struct token_status	 row;

	advertised = "127.0.0.1:9901";
	(void)setup(0);
	is_int(create_token_for("charlie", 0, &row), CTL_OK, "created");
	is_int(fix_rows, 1, "warns of the address in it");
	record_clear(&token_status_record, &row);
	fix_unload();
	(void)setup(0);
	free(q.node.bind_addr);
	q.node.bind_addr = strdup("127.0.0.1");
	is_int(create_token_for("charlie", 0, &row), CTL_OK, "created");
	is_int(fix_rows, 0, "but not where nobody else is to come");
	record_clear(&token_status_record, &row);
	fix_unload();
	advertised = "192.0.2.1:9901";
}

static void
test_decide(void)
{
	struct enrollment	*e = setup(0);
	struct wire_enroll	 p = joiner();
	char			 want[512];

	fix_ask(enroll_request, IMSG_CTL_ENROLL_APPROVE, "nosuch");
	is_int(fix_result(), CTL_REFUSED, "approve: no such token");
	is_str(fix_text, "no such enrollment \"nosuch\"", "with its name");
	fix_ask(enroll_request, IMSG_CTL_ENROLL_APPROVE, "bravo");
	is_int(fix_result(), CTL_REFUSED, "approve: nobody waits");
	is_str(fix_text,
	    "enrollment \"bravo\" has no pending join to approve", "why");
	(void)enroll(&p);
	e->expires_at = wall_from_unix(time(NULL) - 2, 0);
	fix_ask(enroll_request, IMSG_CTL_ENROLL_APPROVE, "bravo");
	is_int(fix_result(), CTL_REFUSED, "approve: expired");
	e->expires_at = wall_from_unix(time(NULL) + 60, 0);
	fix_ask(enroll_request, IMSG_CTL_ENROLL_APPROVE, "bravo");
	is_int(fix_result(), CTL_OK, "approved");
	snprintf(want, sizeof(want), "approved token bravo: %s at "
	    "192.0.2.2:9901 has joined", who[1].cn);
	is_str(fix_text, want, "says who has joined");
	is_int(q.cluster.peers.n, 2, "a member");
	is_int(q.cluster.enrollments.n, 0, "the token is used up");
	fix_unload();

	(void)setup(0);
	fix_ask(enroll_request, IMSG_CTL_ENROLL_REVOKE, "tok12345");
	is_int(fix_result(), CTL_OK, "revoked by id");
	is_int(q.cluster.enrollments.n, 0, "gone");
	q.dialect = DIALECT_V01;
	fix_ask(enroll_request, IMSG_CTL_ENROLL_REVOKE, "tok12345");
	is_int(fix_result(), CTL_REFUSED, "no tokens in v0.1");
	fix_unload();
}

static void
test_prune(void)
{
	struct enrollment	*e = setup(0);
	int			 i;

	enroll_prune(&q);
	is_int(proposals, 0, "a token that holds stays");
	e->expires_at = wall_from_unix(time(NULL) - 2, 0);
	reclist_add(&q.cluster.enrollments, record_dup(&enrollment_record, e));
	e = CLUSTER_ENROLLMENT(&q.cluster, 1);
	free(e->id);
	e->id = strdup("tok54321");
	q.master = 0;
	enroll_prune(&q);
	is_int(proposals, 0, "only the master prunes");
	q.master = 1;
	hold = 1;
	enroll_prune(&q);
	enroll_prune(&q);
	is_int(proposals, 1, "one at a time");
	hold = 0;
	held.done(&q, 9, NULL, held.arg);
	for (i = 0; i < 10; i++)
		fix_turn();
	is_int(q.cluster.enrollments.n, 0, "then the next");
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
	test_replace();
	test_accepted();
	test_pending();
	test_join();
	test_create();
	test_loopback();
	test_decide();
	test_prune();
	fix_mute(0);
	fix_end();
	free(pem[0]);
	free(pem[1]);
	return (tap_done());
}
