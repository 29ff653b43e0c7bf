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

#include "mesh_fixture.h"

/*
 * Requests of other nodes, from the engine's message to its answer: who may
 * ask, what is refused, and what comes of what is not.
 */

#define FRAME(m, params)						\
	"{\"id\":7,\"method\":\"" m "\",\"params\":" params "}"
#define RESULT(text)	"{\"id\":7,\"result\":" text
#define ERROR(text)	"{\"id\":7,\"error\":\"" text
#define DENIED(text)	RESULT("{\"new_version\":0,\"error\":\"" text)
#define REFUSED(what)	RESULT("{\"accepted\":false,\"error\":\"" what "\"}}")
#define NO_JOIN		REFUSED(					\
	"cluster-secret join is no longer supported — issue a "	\
	"pre-deployment token with `qu enroll create` and run "	\
	"`qu enroll join \\u003ctoken\\u003e` on the new host")
#define NOT_TRUSTED	ERROR("peer not trusted; obtain an enrollment token " \
			    "via `qu enroll create` on the cluster\"}")
#define NOT_TRUSTED_V01	ERROR("peer not trusted; run `qu node add` first\"}")
#define DECODE		"{\"id\":0,\"error\":\"decode request: "
#define DEEP		"[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]"

struct row {
	const char	*name;
	const char	*frame;
	const char	*want;		/* how the answer begins */
};

static char			 place[PATH_MAX];	/* of the vectors */
static struct mesh_asker	 who;

/* As it comes over node-b's connection, or that of somebody unknown. */
static void
speaks(const char *id, int quptimed)
{
	memset(&who, 0, sizeof(who));
	who.head.conn = 90;
	who.head.quptimed = quptimed;
	who.cn = id;
	/* The engine has looked at it. */
	who.fingerprint = FP_D;
	if (peer_find(&q, id) != NULL)
		who.head.peer = mesh_peer(id)->handle;
}

/* Who is sent a configuration takes it. */
static void
take(void)
{
	char	 result[64];

	snprintf(result, sizeof(result),
	    "{\"applied\":true,\"current_version\":%llu}",
	    (unsigned long long)q.cluster.version);
	mesh_result(got.peer, got.gen, got.id, result);
}

/* The answer; "" when there is none yet. */
static const char *
asks_bytes(const char *frame, size_t len)
{
	who.head.seq++;
	mesh_ask(&who, frame, len);
	while (mesh_next() != IMSG_NONE && got.type != IMSG_MESH_REPLY)
		if (mesh_is_call("ApplyClusterCfg"))
			take();
	if (got.type != IMSG_NONE &&
	    (got.conn != who.head.conn || got.seq != who.head.seq))
		fix_die("another request's answer");
	return (got.frame);
}

static const char *
asks(const char *frame)
{
	return (asks_bytes(frame, strlen(frame)));
}

static int
begins(const char *text, const char *with)
{
	if (strncmp(text, with, strlen(with)) == 0)
		return (1);
	printf("# %s\n", text);
	return (0);
}

static void
test_rows(const struct row *rows, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		ok(begins(asks(rows[i].frame), rows[i].want) &&
		    (got.flags & MESH_CLOSE) == 0, "%s", rows[i].name);
}
#define ROWS(r)		test_rows((r), sizeof(r) / sizeof((r)[0]))

static const char *
vector(const char *name)
{
	static char	 text[4096];
	char		 path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/wire/%s", place, name);
	strlcpy(text, fix_read(path), sizeof(text));
	if (text[0] == '\0')
		fix_die(path);
	return (text);
}

static void
load(enum dialect d)
{
	mesh_load(CONFIG("5", B_AND_C));
	q.dialect = d;
	mesh_drain();
	speaks("node-b", 0);
}

static void
no_news(struct quorum *quorum, struct qpeer *p, enum peer_news what,
    const char *text, void *arg)
{
	(void)quorum;
	(void)p;
	(void)what;
	(void)text;
	(void)arg;
}

/* node-a, to which node-b is connected and listens. */
static void
load_master(void)
{
	load(DIALECT_V03);
	mesh_connect(mesh_peer("node-b"), 1, 0);
	mesh_elect(NULL);
	if (!q.master)
		fix_die("not master");
	mesh_drain();
}

static const struct row	answers[] = {
	{ "Ping tells name and time", FRAME("Ping", "{}"),
	    RESULT("{\"node_id\":\"node-a\",\"now\":\"20") },
	{ "WhoAmI tells all of the node", FRAME("WhoAmI", "{}"),
	    RESULT("{\"node_id\":\"node-a\",\"advertise\":\"a:1\","
	    "\"fingerprint\":\"" FP_A "\",\"cert_pem\":\"-\"}}") },
	{ "Heartbeat is answered by the same", FRAME("Heartbeat",
	    "{\"from_node_id\":\"node-b\",\"advertise\":\"b:1\",\"term\":3,"
	    "\"master_id\":\"\",\"config_version\":5}"),
	    RESULT("{\"node_id\":\"node-a\",\"advertise\":\"a:1\",\"term\":0,"
	    "\"master_id\":\"\",\"config_version\":5}}") },
	{ "Heartbeat of nobody is answered", FRAME("Heartbeat", "{}"),
	    RESULT("{\"node_id\":\"node-a\"") },
	{ "Heartbeat of null too", FRAME("Heartbeat", "null"),
	    RESULT("{\"node_id\":\"node-a\"") },
	{ "GetClusterCfg gives the configuration", FRAME("GetClusterCfg",
	    "{}"), RESULT("{\"config\":{\"Version\":5,\"UpdatedAt\":"
	    "\"2026-05-15T14:01:00Z\",\"UpdatedBy\":\"node-b\",\"Peers\":["
	    "{\"NodeID\":\"node-a\",\"Advertise\":\"a:1\",") },
	{ "ApplyClusterCfg without one", FRAME("ApplyClusterCfg",
	    "{\"config\":null}"),
	    RESULT("{\"applied\":false,\"current_version\":5}}") },
	{ "ApplyClusterCfg without anything", FRAME("ApplyClusterCfg", "{}"),
	    RESULT("{\"applied\":false,\"current_version\":5}}") },
	{ "ApplyClusterCfg of an old one", FRAME("ApplyClusterCfg",
	    "{\"config\":{\"Version\":0}}"),
	    RESULT("{\"applied\":false,\"current_version\":5}}") },
	{ "ProposeMutation is the master's", FRAME("ProposeMutation",
	    "{\"from_node_id\":\"node-b\",\"kind\":\"remove_check\","
	    "\"payload\":\"one\"}"), DENIED("not master\"}}") },
	{ "before anything of it is looked at", FRAME("ProposeMutation",
	    "{\"kind\":\"bogus\"}"), DENIED("not master\"}}") },
	{ "ReportResult is answered by nothing", FRAME("ReportResult",
	    "{\"from_node_id\":\"node-b\",\"check_id\":\"c1\",\"ok\":true,"
	    "\"latency_ms\":1,\"at\":\"2026-05-15T14:01:00Z\"}"),
	    RESULT("{}}") },
	{ "ReportResult of nothing too", FRAME("ReportResult", "{}"),
	    RESULT("{}}") },
	{ "Status tells the node's view", FRAME("Status", "{}"),
	    RESULT("{\"node_id\":\"node-a\",\"term\":0,\"master_id\":\"\","
	    "\"config_version\":5,\"peers\":[{\"node_id\":\"node-a\",") },
	{ "Join is no more", FRAME("Join", "{}"), NO_JOIN },
	{ "Enroll asks for a token", FRAME("Enroll", "{}"),
	    REFUSED("token_id and token_secret are required") },
	{ "who does not know a method is told", FRAME("Frobnicate", "{}"),
	    ERROR("unknown method: Frobnicate\"}") },
	{ "names of methods are exact", FRAME("ping", "{}"),
	    ERROR("unknown method: ping\"}") },
	{ "no method is none", "{\"id\":7}", ERROR("unknown method: \"}") },
	{ "what it is called is shown without control characters",
	    FRAME("\\u001b[2J", "{}"),
	    ERROR("unknown method: \\\\x1b[2J\"}") },
	{ "no id is 0", "{\"method\":\"Frobnicate\"}",
	    "{\"id\":0,\"error\":\"unknown method: Frobnicate\"}" },
	{ "the largest id", "{\"id\":18446744073709551615,\"method\":\"x\"}",
	    "{\"id\":18446744073709551615,\"error\":\"unknown method: x\"}" },
	{ "names of members in any case, and more of them",
	    " {\"ID\":7 ,\"METHOD\":\"Frobnicate\", \"more\":[{}]}\n",
	    ERROR("unknown method: Frobnicate\"}") },
	{ "Ping needs no parameters", "{\"id\":7,\"method\":\"Ping\"}",
	    RESULT("{\"node_id\":") },
	{ "and looks at none", FRAME("Ping", "[5]"), RESULT("{\"node_id\":") },
	{ "WhoAmI neither", FRAME("WhoAmI", "\"x\""), RESULT("{\"node_id\":") },
	{ "GetClusterCfg neither", FRAME("GetClusterCfg", "5"),
	    RESULT("{\"config\":") },
	{ "Status neither", "{\"id\":7,\"method\":\"Status\"}",
	    RESULT("{\"node_id\":") },
	{ "Join neither", "{\"id\":7,\"method\":\"Join\"}", NO_JOIN },
	{ "Heartbeat needs some", "{\"id\":7,\"method\":\"Heartbeat\"}",
	    ERROR("unexpected end of JSON input\"}") },
	{ "ApplyClusterCfg needs some",
	    "{\"id\":7,\"method\":\"ApplyClusterCfg\"}",
	    ERROR("unexpected end of JSON input\"}") },
	{ "ProposeMutation needs some",
	    "{\"id\":7,\"method\":\"ProposeMutation\"}",
	    ERROR("unexpected end of JSON input\"}") },
	{ "ReportResult needs some", "{\"id\":7,\"method\":\"ReportResult\"}",
	    ERROR("unexpected end of JSON input\"}") },
	{ "Enroll needs some", "{\"id\":7,\"method\":\"Enroll\"}",
	    REFUSED("decode: unexpected end of JSON input") },
	{ "a member that comes twice", FRAME("Heartbeat",
	    "{\"term\":1,\"term\":1}"), ERROR("") },
	{ "the same in another case", FRAME("ReportResult",
	    "{\"ok\":true,\"OK\":false}"), ERROR("") },
	{ "parameters that are a list", FRAME("Heartbeat", "[]"), ERROR("") },
	{ "parameters that are a number", FRAME("ApplyClusterCfg", "1"),
	    ERROR("") },
	{ "a fraction is no version", FRAME("Heartbeat",
	    "{\"config_version\":5.0}"), ERROR("") },
	{ "a day that is none", FRAME("ReportResult",
	    "{\"at\":\"2026-02-30T00:00:00Z\"}"), ERROR("") },
};

static void
test_answers(void)
{
	load(DIALECT_V03);
	ROWS(answers);
	is_str(asks("{\"id\":8,\"method\":\"ProposeMutation\",\"params\":{}}"),
	    vector("v0.3/ProposeMutation.notmaster.response.json"),
	    "not master, as QUptime says it");
	is_str(asks(FRAME("Frobnicate", "{}")),
	    vector("v0.3/error.unknown-method.response.json"),
	    "unknown method, as QUptime says it");
	is_int(got.flags, 0, "in the order of the requests");
	is_str(asks("{\"id\":3,\"method\":\"Join\",\"params\":{}}"),
	    vector("v0.3/Join.response.json"), "Join, as QUptime says it");
	speaks("node-b", 1);
	asks(FRAME("Ping", "{}"));
	is_int(got.flags, MESH_UNORDERED, "quptimed: in any order");
	is_int(q.cluster.version, 5, "nothing has changed");
	fix_unload();
}

static void
test_gate(void)
{
	struct qpeer	*p;
	enum dialect	 d;
	int		 m;
	char		 frame[128], name[64];
	const char	*want;

	for (d = DIALECT_V03; d <= DIALECT_V01; d++) {
		want = d == DIALECT_V01 ? NOT_TRUSTED_V01 : NOT_TRUSTED;
		load(d);
		speaks("node-x", 0);
		for (m = 0; m <= WIRE_METHODS; m++) {
			strlcpy(name, m == WIRE_METHODS ? "Frobnicate" :
			    wire_method_name(m), sizeof(name));
			if (m == WIRE_JOIN ||
			    (m == WIRE_ENROLL && d == DIALECT_V03))
				continue;
			snprintf(frame, sizeof(frame), "{\"id\":7,\"method\":"
			    "\"%s\",\"params\":[[0]]}", name);
			is_str(asks(frame), want, "a stranger calls %s", name);
			ok(got.flags == MESH_COMPLAIN &&
			    strstr(got.why, "not trusted, calls ") != NULL,
			    "and the log may tell: %s", got.why);
		}
		is_str(asks(FRAME("Ping", "{}")), vector(d == DIALECT_V01 ?
		    "v0.1/error.untrusted.response.json" :
		    "v0.3/error.untrusted.response.json"),
		    "as QUptime says it");
		ok(begins(asks("{"), DECODE) &&
		    got.flags == (MESH_CLOSE | MESH_COMPLAIN),
		    "what is no request ends the connection");
		fix_unload();
	}


	load(DIALECT_V03);
	speaks("node-x", 0);
	is_str(asks(FRAME("Join", "{}")), NO_JOIN, "a stranger may call Join");
	is_str(asks(FRAME("Enroll", "{}")),
	    REFUSED("token_id and token_secret are required"), "and Enroll");
	asks(FRAME("Enroll", "{\"token_id\":5}"));
	is_str(got.why, "malformed request", "the log tells of nonsense");
	p = peer_bootstrap(&q, "d:1", FP_D, no_news, NULL);
	who.head.peer = p->handle;
	is_str(asks(FRAME("Heartbeat", "{}")), NOT_TRUSTED,
	    "one who is no member yet is a stranger");
	is_int(got.flags, 0, "of whom the log does not tell");
	who.head.peer = 4711;
	is_str(asks(FRAME("Heartbeat", "{}")), NOT_TRUSTED,
	    "so is one who has gone");
	speaks("node-c", 0);
	mesh_install(CONFIG("6", PEER("node-b", "b:1", FP_B)));
	is_str(asks(FRAME("Status", "{}")), NOT_TRUSTED,
	    "and a member that was removed, on its connection");
	fix_unload();
}

/* Every field of every method, of which there are none with that value. */
static void
test_types(void)
{
	const struct record	*rec;
	char			 frame[256], key[64];
	size_t			 i;
	int			 m, n = 0;

	load(DIALECT_V01);
	fix_mute(1);
	for (m = 0; m < WIRE_METHODS; m++) {
		if (m == WIRE_ENROLL)
			continue;
		rec = wire_params_record(m);
		for (i = 0; i < rec->nfields; i++) {
			n++;
			snprintf(key, sizeof(key), "%s: ", rec->fields[i].json);
			snprintf(frame, sizeof(frame), "{\"id\":7,\"method\":"
			    "\"%s\",\"params\":{\"%s\":%s}}",
			    wire_method_name(m), rec->fields[i].json,
			    rec->fields[i].type == FT_STR ? "{}" : "\"x\"");
			ok(begins(asks(frame), ERROR("")) &&
			    strncmp(got.frame + strlen(ERROR("")), key,
			    strlen(key)) == 0 && got.flags == 0,
			    "%s: %s of another type", wire_method_name(m),
			    rec->fields[i].json);
		}
	}
	fix_mute(0);
	is_int(n, 49, "these are all fields");
	fix_unload();
}

static const struct row	hostile[] = {
	{ "an empty frame", "", DECODE "unexpected end of JSON input\"}" },
	{ "half a request", "{\"id\":7,\"method\":\"Ping\"", DECODE },
	{ "no JSON", "{nonsense}", DECODE },
	{ "a negative id", "{\"id\":-1,\"method\":\"Ping\"}", DECODE },
	{ "an id with a fraction", "{\"id\":1.5,\"method\":\"Ping\"}", DECODE },
	{ "an id that is too large",
	    "{\"id\":18446744073709551616,\"method\":\"Ping\"}", DECODE },
	{ "an id that is a string", "{\"id\":\"7\",\"method\":\"Ping\"}",
	    DECODE },
	{ "a method that is a number", "{\"id\":7,\"method\":7}", DECODE },
	{ "two ids", "{\"id\":7,\"ID\":7,\"method\":\"Ping\"}", DECODE },
	{ "two methods", "{\"method\":\"Ping\",\"method\":\"Ping\"}", DECODE },
	{ "something behind it", FRAME("Ping", "{}") "x", DECODE },
	{ "two requests in a frame", FRAME("Ping", "{}") FRAME("Ping", "{}"),
	    DECODE },
	{ "a list", "[]", DECODE },
	{ "a string", "\"Ping\"", DECODE },
	{ "deep parameters", FRAME("Ping", DEEP), DECODE },
	{ "a deep member that nobody knows", "{\"id\":7,\"x\":" DEEP "}",
	    DECODE },
	{ "a name with a NUL in it", FRAME("Ping\\u0000", "{}"), DECODE },
};

static void
test_hostile(void)
{
	size_t	 i;

	load(DIALECT_V03);
	fix_mute(1);
	for (i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		ok(begins(asks(hostile[i].frame), hostile[i].want) &&
		    got.flags == MESH_CLOSE, "%s", hostile[i].name);
	ok(begins(asks_bytes("{\"id\":7}\0", 9), DECODE) &&
	    got.flags == MESH_CLOSE, "a NUL behind it");
	ok(begins(asks("{\"id\":7,\"method\":\"\xff\xfe\"}"), ERROR("unknown")),
	    "what is no UTF-8 is shown as such: %s", got.frame);
	fix_mute(0);
	ok(begins(asks(FRAME("Ping", "{}")), RESULT("")),
	    "the next request is answered");
	fix_unload();
}

static const char	other_name[] =
	ERROR("the certificate is not that of node-c\"}");
static const struct row	impostors[] = {
	{ "Heartbeat in the name of another member", FRAME("Heartbeat",
	    "{\"from_node_id\":\"node-c\",\"config_version\":99}"),
	    other_name },
	{ "ReportResult too", FRAME("ReportResult",
	    "{\"from_node_id\":\"node-c\",\"check_id\":\"c1\"}"), other_name },
	{ "ProposeMutation too", FRAME("ProposeMutation",
	    "{\"from_node_id\":\"node-c\",\"kind\":\"remove_check\","
	    "\"payload\":\"one\"}"), other_name },
	{ "in this node's", FRAME("Heartbeat",
	    "{\"from_node_id\":\"node-a\"}"),
	    ERROR("the certificate is not that of node-a\"}") },
	{ "in nobody's, which the log can bear", FRAME("Heartbeat",
	    "{\"from_node_id\":\"\\n<x>\"}"), ERROR("the certificate is not "
	    "that of \\\\x0a\\u003cx\\u003e\"}") },
};

/* That of node-b about a check; VOTE_NONE: nothing. */
static enum vote
vote(const char *check)
{
	const struct qcheck	*c = checks_find(&q, check);
	uint32_t		 slot = mesh_peer("node-b")->slot;

	return (c->verdict.nreports > slot ?
	    c->verdict.reports[slot].vote : VOTE_NONE);
}

static void
test_impostors(void)
{
	struct qcheck	*c;
	uint32_t	 i, n = 0;

	load_master();
	ROWS(impostors);
	is_int(heart_live(&q, "node-c"), 0, "who was named is not live by it");
	c = checks_find(&q, "one");
	for (i = 0; i < c->verdict.nreports; i++)
		n += c->verdict.reports[i].vote != VOTE_NONE;
	is_int(n, 0, "nobody has voted");
	is_int(q.cluster.version, 5, "nothing was changed");
	is_int(mesh_next(), IMSG_NONE, "or asked for");
	fix_unload();
}

#define REPORT(id, ok, more)	"{\"from_node_id\":\"node-b\","		\
	    "\"check_id\":\"" id "\",\"ok\":" ok more "}"
#define BATCHED(id, ok)	"{\"check_id\":\"" id "\",\"ok\":" ok "}"

static const struct row	reports[] = {
	{ "a failure is taken", FRAME("ReportResult", REPORT("c1", "false",
	    ",\"detail\":\"refused\",\"latency_ms\":12")), RESULT("{}}") },
	{ "one of an unknown check is not", FRAME("ReportResult",
	    REPORT("c99", "false", "")), RESULT("{}}") },
	{ "one by the name of a check is not", FRAME("ReportResult",
	    REPORT("two", "false", "")), RESULT("{}}") },
	{ "one of a disabled check is not", FRAME("ReportResult",
	    REPORT("c3", "false", "")), RESULT("{}}") },
	{ "one of no check is not", FRAME("ReportResult",
	    REPORT("", "false", "")), RESULT("{}}") },
};

static void
test_reports(void)
{
	struct qcheck		*c;
	const struct report	*r;

	load(DIALECT_V03);
	asks(reports[0].frame);
	is_int(vote("one"), VOTE_NONE, "who is not master keeps none");
	fix_unload();

	load_master();
	ROWS(reports);
	c = checks_find(&q, "one");
	r = &c->verdict.reports[mesh_peer("node-b")->slot];
	is_int(vote("one"), VOTE_FAIL, "the vote");
	is_str(r->detail, "refused", "why");
	is_int(r->latency_us, 12000, "its latency");
	is_int(vote("two"), VOTE_NONE, "another check's");
	is_int(vote("off"), VOTE_NONE, "a disabled one's");
	asks(reports[0].frame);
	is_int(c->verdict.state, STATE_DOWN, "the second one is a verdict");
	asks(FRAME("ReportResult", REPORT("c1", "true",
	    ",\"latency_ms\":-5,\"at\":\"1999-01-01T00:00:00Z\"")));
	is_int(vote("one"), VOTE_OK, "its clock does not matter");
	is_int(r->latency_us, 0, "time does not run backwards");
	asks(FRAME("ReportResult", REPORT("c1", "true",
	    ",\"latency_ms\":9223372036854775807")));
	is_int(r->latency_us, UINT32_MAX, "nor for ever");

	speaks("node-b", 1);
	is_str(asks(FRAME("ReportResult", "{\"from_node_id\":\"node-b\","
	    "\"results\":[" BATCHED("c1", "false") "," BATCHED("c77", "false")
	    "," BATCHED("c3", "true") "," BATCHED("c2", "true") "]}")),
	    RESULT("{}}"), "many at once");
	ok(vote("one") == VOTE_FAIL && vote("two") == VOTE_OK,
	    "each counts for its check");
	is_int(vote("off"), VOTE_NONE, "but for a disabled one");
	ok(begins(asks(FRAME("ReportResult",
	    "{\"results\":[" BATCHED("c2", "false") ",5]}")), ERROR("")),
	    "a list with something else in it");
	is_int(vote("two"), VOTE_OK, "counts for nothing");
	fix_unload();
}

#define CLUSTER(version, peers, more)					\
	FRAME("ApplyClusterCfg", "{\"config\":{\"Version\":" version	\
	    ",\"UpdatedAt\":\"2026-05-15T14:01:00Z\",\"UpdatedBy\":"	\
	    "\"node-b\",\"Peers\":[" peers "]" more "}}")
#define MEMBER(id, addr, fp)	"{\"NodeID\":\"" id "\",\"Advertise\":\"" addr \
	    "\",\"Fingerprint\":\"" fp "\"}"
#define SELF_AND_B	MEMBER("node-a", "a:1", FP_A) ","		\
	    MEMBER("node-b", "b:1", FP_B)
#define NOT_TAKEN	RESULT("{\"applied\":false,\"current_version\":5}}")

static const struct row	refusals[] = {
	{ "the same version", CLUSTER("5", SELF_AND_B, ""), NOT_TAKEN },
	{ "one in which this node is not",
	    CLUSTER("6", MEMBER("node-b", "b:1", FP_B), ""), NOT_TAKEN },
	{ "one without any", CLUSTER("6", "", ""), NOT_TAKEN },
	{ "one in which it has another key", CLUSTER("6",
	    MEMBER("node-a", "a:1", FP_D) "," MEMBER("node-b", "b:1", FP_B),
	    ""), NOT_TAKEN },
	{ "one in which two have one key", CLUSTER("6",
	    SELF_AND_B "," MEMBER("node-d", "d:1", FP_B), ""), NOT_TAKEN },
	{ "a version that is too far", CLUSTER("1000006", SELF_AND_B, ""),
	    NOT_TAKEN },
	{ "the last version of all", CLUSTER("18446744073709551615",
	    SELF_AND_B, ""), NOT_TAKEN },
	{ "a check that cannot be", CLUSTER("6", SELF_AND_B,
	    ",\"Checks\":[{\"ID\":\"x\",\"Name\":\"x\",\"Type\":\"ftp\"}]"),
	    NOT_TAKEN },
	{ "a version that is none", CLUSTER("-6", SELF_AND_B, ""),
	    ERROR("config.Version: ") },
};

static void
test_configs(void)
{
	load(DIALECT_V03);
	mesh_elect("node-b");
	fix_mute(1);
	ROWS(refusals);
	fix_mute(0);
	is_int(q.cluster.peers.n, 3, "all is as it was");
	speaks("node-c", 0);
	is_str(asks(CLUSTER("6", SELF_AND_B, "")), NOT_TAKEN,
	    "from who is not the master");
	speaks("node-b", 0);
	is_str(asks(CLUSTER("1000005", SELF_AND_B, ",\"Resolvers\":[\"r\"]")),
	    RESULT("{\"applied\":true,\"current_version\":1000005}}"),
	    "the master's next one");
	ok(q.cluster.peers.n == 2 && q.cluster.resolvers.n == 1,
	    "is in force");
	ok(strstr(fix_read("cluster.yaml"), "version: 1000005\n") != NULL,
	    "and in the file");
	is_str(asks(CLUSTER("1000006", MEMBER("node-a", "a:1", FP_A), "")),
	    RESULT("{\"applied\":true,\"current_version\":1000006}}"),
	    "one without the sender is answered");
	is_str(asks(CLUSTER("1000007", SELF_AND_B, "")), NOT_TRUSTED,
	    "but nothing more of it");
	fix_unload();
}

#define PROPOSE(kind, payload)	FRAME("ProposeMutation",		\
	    "{\"from_node_id\":\"node-b\",\"kind\":\"" kind		\
	    "\",\"payload\":" payload "}")
#define MADE(version)	RESULT("{\"new_version\":" version "}}")
#define TOKEN		"{\"ID\":\"t1\",\"Name\":\"tok\",\"SecretHash\":"  \
	    "\"sha256:1\",\"ExpiresAt\":\"2999-01-01T00:00:00Z\"}"
#define NODE_D		"{\"NodeID\":\"node-d\",\"Advertise\":\"d:1\","	\
	    "\"Fingerprint\":\"" FP_D "\"}"
#define HOOK		"{\"ID\":\"a1\",\"Name\":\"hook\",\"Type\":"	\
	    "\"discord\",\"DiscordWebhook\":\"https://h/x\"}"
#define CHECK		"{\"ID\":\"c4\",\"Name\":\"four\",\"Type\":"	\
	    "\"icmp\",\"Target\":\"h\"}"

static const struct row	changes[] = {
	{ "a kind that is none", PROPOSE("bogus", "{}"),
	    DENIED("unknown mutation kind \\\"bogus\\\"\"}}") },
	{ "add_check without payload", FRAME("ProposeMutation",
	    "{\"kind\":\"add_check\"}"),
	    DENIED("decode check: unexpected end of JSON input\"}}") },
	{ "add_check of nothing", PROPOSE("add_check", "{}"),
	    DENIED("check needs id and name\"}}") },
	{ "add_check of a string", PROPOSE("add_check", "\"x\""),
	    DENIED("decode check: ") },
	{ "add_check with a duration in words", PROPOSE("add_check",
	    "{\"ID\":\"i\",\"Name\":\"n\",\"Interval\":\"5s\"}"),
	    DENIED("decode check: Interval: ") },
	{ "add_check of null", PROPOSE("add_check", "null"),
	    DENIED("check needs id and name\"}}") },
	{ "add_check", PROPOSE("add_check", CHECK), MADE("6") },
	{ "remove_check of a number", PROPOSE("remove_check", "5"),
	    DENIED("decode target: ") },
	{ "remove_check of what is not there", PROPOSE("remove_check",
	    "\"zz\""), DENIED("no such check \\\"zz\\\"\"}}") },
	{ "remove_check by name", PROPOSE("remove_check", "\"four\""),
	    MADE("7") },
	{ "add_alert without a name", PROPOSE("add_alert", "{\"ID\":\"a\"}"),
	    DENIED("alert needs id and name\"}}") },
	{ "add_alert", PROPOSE("add_alert", HOOK), MADE("8") },
	{ "remove_alert of what is not there", PROPOSE("remove_alert",
	    "\"zz\""), DENIED("no such alert \\\"zz\\\"\"}}") },
	{ "remove_alert by id", PROPOSE("remove_alert", "\"a1\""),
	    MADE("9") },
	{ "set_resolvers of a string", PROPOSE("set_resolvers", "\"x\""),
	    DENIED("decode resolvers: ") },
	{ "set_resolvers", PROPOSE("set_resolvers",
	    "[\" 192.0.2.53 \",\"\"]"), MADE("10") },
	{ "replace_config of a list", PROPOSE("replace_config", "[]"),
	    DENIED("decode replace_config: ") },
	{ "replace_config without the master", PROPOSE("replace_config",
	    "{\"Peers\":[" MEMBER("node-b", "b:1", FP_B) "]}"),
	    DENIED("peers: must list the master\"}}") },
	{ "replace_config by QUptime", PROPOSE("replace_config",
	    "{\"Peers\":[" SELF_AND_B "],\"Checks\":[" CHECK "],\"Alerts\":"
	    "[],\"Resolvers\":null}"), MADE("11") },
	{ "add_peer of nobody", PROPOSE("add_peer", "{}"),
	    DENIED("peer needs node_id\"}}") },
	{ "add_peer", PROPOSE("add_peer", NODE_D), MADE("12") },
	{ "add_peer with a key that is taken", PROPOSE("add_peer",
	    MEMBER("node-e", "e:1", FP_D)),
	    DENIED("fingerprint: is that of \\\"node-d\\\"\"}}") },
	{ "remove_peer of what is not there", PROPOSE("remove_peer",
	    "\"zz\""), DENIED("no such peer \\\"zz\\\"\"}}") },
	{ "remove_peer", PROPOSE("remove_peer", "\"node-d\""), MADE("13") },
	{ "add_enrollment without a hash", PROPOSE("add_enrollment",
	    "{\"ID\":\"q\"}"),
	    DENIED("enrollment needs id and secret_hash\"}}") },
	{ "add_enrollment", PROPOSE("add_enrollment", TOKEN), MADE("14") },
	{ "approve_enrollment of nobody", PROPOSE("approve_enrollment",
	    "\"t1\""), DENIED("enrollment \\\"t1\\\" has no pending join to "
	    "approve\"}}") },
	{ "record_enroll_pending of nothing", PROPOSE("record_enroll_pending",
	    "{}"), DENIED("record-pending needs id and pending_join\"}}") },
	{ "record_enroll_pending of no token", PROPOSE("record_enroll_pending",
	    "{\"id\":\"zz\",\"pending_join\":{}}"),
	    DENIED("no such enrollment \\\"zz\\\"\"}}") },
	{ "record_enroll_pending", PROPOSE("record_enroll_pending",
	    "{\"id\":\"t1\",\"pending_join\":" NODE_D "}"), MADE("15") },
	{ "approve_enrollment of no token", PROPOSE("approve_enrollment",
	    "\"zz\""), DENIED("no such enrollment \\\"zz\\\"\"}}") },
	{ "approve_enrollment by name", PROPOSE("approve_enrollment",
	    "\"tok\""), MADE("16") },
	{ "remove_enrollment of what is gone", PROPOSE("remove_enrollment",
	    "\"t1\""), DENIED("no such enrollment \\\"t1\\\"\"}}") },
};

static void
test_changes(void)
{
	load_master();
	fix_mute(1);
	ROWS(changes);
	fix_mute(0);
	is_int(q.cluster.version, 16, "as many versions as changes");
	ok(peer_find(&q, "node-d") != NULL && peer_find(&q, "node-c") == NULL,
	    "the members as they were changed");
	ok(q.cluster.resolvers.n == 1 &&
	    strcmp(q.cluster.resolvers.v[0], "192.0.2.53") == 0,
	    "QUptime's replacement has kept the resolvers");
	speaks("node-b", 1);
	asks(PROPOSE("replace_config", "{\"Peers\":[" SELF_AND_B "]}"));
	is_int(q.cluster.resolvers.n, 0, "that of a quptimed means it");
	q.has_quorum = 0;
	is_str(asks(PROPOSE("add_check", CHECK)), DENIED("no quorum\"}}"),
	    "without a quorum nothing is changed");
	fix_unload();
}

static void
test_kept(void)
{
	uint32_t	 seq;

	load_master();
	speaks("node-b", 1);
	mesh_down(mesh_peer("node-b")->handle, 1, "closed");
	mesh_drain();
	is_str(asks(PROPOSE("add_check", CHECK)), "",
	    "a change is not answered before others have it");
	seq = who.head.seq;
	ok(begins(asks(FRAME("Ping", "{}")), RESULT("")), "the next one is");
	mesh_install(CONFIG("7", PEER("node-c", "c:1", FP_C)));
	ok(peer_find(&q, "node-b") == NULL, "who has asked is removed");
	ok(mesh_find(IMSG_MESH_REPLY) && got.conn == 90 && got.seq == seq,
	    "the answer goes to its connection");
	is_str(got.frame, DENIED("version 6 is written here, but not "
	    "confirmed by a majority: this node is no longer master\"}}"),
	    "and tells the truth");
	is_int(got.flags, MESH_UNORDERED, "in any order");
	ok(!mesh_find(IMSG_MESH_REPLY), "once");
	fix_unload();

	load_master();
	mesh_down(mesh_peer("node-b")->handle, 1, "closed");
	is_str(asks(PROPOSE("add_check", CHECK)), "", "one that waits");
	fix_unload();
	ok(1, "is freed at the end");
}

static void
test_v01(void)
{
	load(DIALECT_V01);
	is_str(asks("{\"id\":3,\"method\":\"Join\",\"params\":"
	    "{\"cluster_secret\":\"x\"}}"),
	    vector("v0.1/Join.mismatch.response.json"),
	    "Join is refused as QUptime does");
	q.node.cluster_secret = strdup("x");
	is_str(asks(FRAME("Join", "{\"cluster_secret\":\"x\"}")),
	    REFUSED("parse cert: cert: no PEM block"), "Join with the secret");
	is_str(asks(FRAME("Enroll", "{}")),
	    ERROR("unknown method: Enroll\"}"), "Enroll came later");
	asks(FRAME("GetClusterCfg", "{}"));
	ok(strstr(got.frame, "\"Alerts\":") != NULL &&
	    strstr(got.frame, "PendingEnrollments") == NULL,
	    "what is empty and came later is left out");
	fix_unload();
}

static const struct row	joins[] = {
	{ "Join with numbers for names", FRAME("Join", "{\"node_id\":5}"),
	    NO_JOIN },
	{ "with a list", FRAME("Join", "[]"), NO_JOIN },
	{ "with a string", FRAME("Join", "\"x\""), NO_JOIN },
	{ "with null", FRAME("Join", "null"), NO_JOIN },
	{ "with the same twice", FRAME("Join",
	    "{\"node_id\":\"x\",\"node_id\":\"y\"}"), NO_JOIN },
};

static void
test_joins(void)
{
	load(DIALECT_V03);
	ROWS(joins);
	speaks("node-x", 0);
	ROWS(joins);
	fix_unload();
}

int
main(int argc, char *argv[])
{
	(void)argc;
	fix_vectors(argv[0], place);
	fix_start();
	test_answers();
	test_gate();
	test_types();
	test_hostile();
	test_impostors();
	test_reports();
	test_configs();
	test_changes();
	test_kept();
	test_v01();
	test_joins();
	fix_end();
	return (tap_done());
}
