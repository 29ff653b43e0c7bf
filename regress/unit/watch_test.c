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


#include "quorum.h"

/*
 * Edits of cluster.yaml by hand, with the master played by the test.
 */

static void	 fake_propose(struct quorum *, struct proposal *,
		    proposal_done *, void *);

#define publish_propose	fake_propose

#include "../../quptimed/quorum_watch.c"

#include "quorum_fixture.h"

#define PEERS	"peers:\n  - {node_id: node-a, advertise: \"a:1\"}\n"	\
		"  - {node_id: node-b, advertise: \"b:1\"}\n"
#define ALONE	"peers:\n  - {node_id: node-a, advertise: \"a:1\"}\n"
#define ONE(h)	"checks:\n  - {id: c1, name: one, type: icmp, target: " h "}\n"
#define HEAD	"version: 4\nupdated_at: 2026-05-15T14:01:00Z\n"	\
		"updated_by: node-a\n"
#define TAIL	"alerts: []\n"

static int		 proposals;
static proposal_done	*proposed;
static void		*proposed_arg;
static const char	*deny;		/* at once */
static char		 target[64];	/* of the check proposed last */

static void
fake_propose(struct quorum *a, struct proposal *p, proposal_done *fn,
    void *arg)
{
	proposals++;
	strlcpy(target, p->kind == PROP_REPLACE_CONFIG &&
	    p->config->checks.n > 0 ?
	    CLUSTER_CHECK(p->config, 0)->target : "", sizeof(target));
	proposed = fn;
	proposed_arg = arg;
	if (deny != NULL)
		fn(a, 0, deny, arg);
}

/* A period has passed. */
static void
period(void)
{
	tick(-1, 0, &q);
}

static void
load(const char *text)
{
	struct verr	 ve;

	unlink("cluster.yaml.edited");
	fix_write("cluster.yaml", text);
	if (fix_load(&ve) == -1)
		fix_die("load");
	watch_start(&q);
	period();
	proposals = 0;
	deny = NULL;
}

/* A follower of node-b, in a cluster of two. */
static void
load_follower(void)
{
	load(HEAD PEERS ONE("h") TAIL);
	q.master = 0;
	q.has_quorum = 1;
}

static const char *
running(void)
{
	return (CLUSTER_CHECK(&q.cluster, 0)->target);
}

static int
kept(const char *what)
{
	return (strstr(fix_read("cluster.yaml.edited"), what) != NULL);
}

/* The master's next version comes. */
static void
configuration(uint64_t version, const char *check_target)
{
	struct cluster	*cl = record_dup(&cluster_record, &q.cluster);
	struct verr	 ve;

	cl->version = version;
	free(CLUSTER_CHECK(cl, 0)->target);
	CLUSTER_CHECK(cl, 0)->target = strdup(check_target);
	if (config_install(&q, cl, &ve) == -1)
		fix_die("install");
	record_free(&cluster_record, cl);
	q.master = 0;
	q.has_quorum = 1;
}

static void
test_single(void)
{
	load(HEAD ALONE ONE("h") TAIL);
	is_int(q.master, 1, "alone, it is master");
	period();
	is_int(q.cluster.version, 4, "nothing happens to what it knows");

	fix_write("cluster.yaml", HEAD ALONE ONE("h2") TAIL);
	period();
	is_int(q.cluster.version, 5, "an edit is found");
	is_str(running(), "h2", "and in force");
	period();
	period();
	is_int(q.cluster.version, 5, "once");

	fix_write("cluster.yaml", "# a word\n" HEAD ALONE ONE("h2") TAIL);
	period();
	is_int(q.cluster.version, 5, "a comment is no version");
	ok(strstr(fix_read("cluster.yaml"), "# a word") != NULL,
	    "and stays in the file");

	fix_write("cluster.yaml", HEAD ALONE ONE("h2") TAIL
	    "resolvers: [192.0.2.53]\n");
	period();
	is_int(q.cluster.version, 6, "resolvers are an edit");
	is_int(q.cluster.resolvers.n, 1, "that is in force");
	fix_write("cluster.yaml", HEAD ALONE ONE("h2") TAIL
	    "resolvers: [192.0.2.53]\npending_enrollments:\n"
	    "  - {id: e, secret_hash: x, created_by: a, "
	    "created_at: 2026-05-15T14:01:00Z, "
	    "expires_at: 2026-05-15T14:01:00Z}\n");
	period();
	is_int(q.cluster.enrollments.n, 1, "so are tokens");
	is_int(proposals, 0, "nobody is asked");
	fix_unload();
}

static void
test_broken(void)
{
	load(HEAD ALONE ONE("h") TAIL);
	fix_write("cluster.yaml", HEAD "peers: [\n");
	period();
	is_int(q.cluster.version, 4, "a broken file changes nothing");
	is_int(q.watch->waiting, 0, "and is not tried again");
	watch_look(&q, CLIENT);
	is_int(fix_result(), CTL_REFUSED, "a reload is refused");
	ok(strstr(fix_text, "cluster.yaml:") != NULL, "%s", fix_text);

	fix_write("cluster.yaml", HEAD "peers: []\n" ONE("h") TAIL);
	watch_look(&q, CLIENT);
	is_int(fix_result(), CTL_REFUSED, "an edit without this node");
	ok(strstr(fix_text, "cluster.yaml: peers: this node is not among "
	    "them") != NULL, "%s", fix_text);
	is_int(q.cluster.peers.n, 1, "changes nothing");

	unlink("cluster.yaml");
	period();
	is_int(q.cluster.version, 4, "nor does no file");
	fix_write("cluster.yaml", HEAD ALONE ONE("h9") TAIL);
	period();
	is_str(running(), "h9", "a good one does");
	fix_unload();
}

static void
test_follower(void)
{
	load_follower();
	fix_write("cluster.yaml", HEAD PEERS ONE("h2") TAIL);
	period();
	is_int(proposals, 1, "the master is asked");
	is_str(target, "h2", "for what was edited");
	is_str(running(), "h", "before that, nothing changes");
	period();
	period();
	is_int(proposals, 1, "while it is asked, it is not asked again");
	configuration(5, "h2");
	proposed(&q, 5, NULL, proposed_arg);
	is_str(running(), "h2", "its version is in force");
	ok(!kept("h2"), "and nothing had to be kept aside");
	period();
	is_int(proposals, 1, "that was all");

	/* The answer comes first. */
	fix_write("cluster.yaml", HEAD PEERS ONE("h3") TAIL);
	watch_look(&q, CLIENT);
	is_int(proposals, 2, "a reload asks too");
	proposed(&q, 6, NULL, proposed_arg);
	is_int(fix_result(), CTL_OK, "and is answered");
	is_str(fix_text, "reloaded", "when it is through");
	period();
	is_int(proposals, 2, "it is not asked again meanwhile");
	configuration(6, "h3");
	ok(!kept("h3"), "nothing had to be kept aside");

	fix_write("cluster.yaml", HEAD PEERS ONE("h3") TAIL
	    "pending_enrollments:\n  - {id: e, secret_hash: x, "
	    "created_by: a, created_at: 2026-05-15T14:01:00Z, "
	    "expires_at: 2026-05-15T14:01:00Z}\n");
	watch_look(&q, CLIENT);
	is_int(fix_result(), CTL_REFUSED, "tokens cannot be asked for");
	is_int(proposals, 2, "and are not");
	fix_unload();
}

/* W8: an edit without a quorum is not lost. */
static void
test_waiting(void)
{
	int	 i, n;

	load_follower();
	q.has_quorum = 0;
	deny = "no quorum: refusing mutation";
	fix_write("cluster.yaml", HEAD PEERS ONE("h2") TAIL);
	watch_look(&q, CLIENT);
	is_int(fix_result(), CTL_REFUSED, "without a quorum: refused");
	is_str(fix_text, deny, "and why");
	n = proposals;
	for (i = 0; i < 5; i++)
		period();
	is_int(proposals, n, "it waits");
	ok(strstr(fix_read("cluster.yaml"), "h2") != NULL, "in the file");
	q.has_quorum = 1;
	deny = NULL;
	period();
	is_int(proposals, n + 1, "until there is one");
	configuration(5, "h2");
	proposed(&q, 5, NULL, proposed_arg);
	is_int(q.watch->waiting, 0, "then it is through");

	/* It waits, and the master's version has to go where it is. */
	deny = "master unknown";
	fix_write("cluster.yaml", HEAD PEERS ONE("h4") TAIL);
	period();
	configuration(6, "h5");
	ok(kept("h4"), "an edit that waits is kept aside");
	n = proposals;
	period();
	is_int(proposals, n, "and not asked for any more");
	is_str(running(), "h5", "what the master has is in force");
	unlink("cluster.yaml.edited");

	/* The same while the master is being asked. */
	deny = NULL;
	fix_write("cluster.yaml", HEAD PEERS ONE("h6") TAIL);
	period();
	configuration(7, "h7");
	ok(!kept("h6"), "an edit that is asked for may get through");
	proposed(&q, 0, "not master", proposed_arg);
	ok(kept("h6"), "when it is refused, it is kept aside");
	fix_unload();
}

/* What is refused again and again is asked for less often. */
static void
test_refused(void)
{
	int	 i;

	load_follower();
	deny = "checks[0]: no";
	fix_write("cluster.yaml", HEAD PEERS ONE("h2") TAIL);
	for (i = 0; i < 1000; i++)
		period();
	ok(proposals > 10 && proposals < 100, "1000 periods: %d times",
	    proposals);
	i = proposals;
	fix_write("cluster.yaml", HEAD PEERS ONE("h3") TAIL);
	period();
	is_int(proposals, i + 1, "another edit is not made to wait for it");
	is_str(target, "h3", "it is asked for as it is");
	deny = NULL;
	period();
	period();
	proposed(&q, 5, NULL, proposed_arg);
	fix_unload();
}

/* A reload while an edit is on its way is about what is there then. */
static void
test_meanwhile(void)
{
	load_follower();
	fix_write("cluster.yaml", HEAD PEERS ONE("h2") TAIL);
	period();
	fix_write("cluster.yaml", HEAD PEERS ONE("h3") TAIL);
	watch_look(&q, CLIENT);
	is_int(proposals, 1, "one at a time");
	proposed(&q, 5, NULL, proposed_arg);
	is_int(proposals, 2, "then the next");
	is_str(target, "h3", "with what is in the file now");
	ok(fix_silent(&parent), "it is not answered before");
	proposed(&q, 0, "no quorum", proposed_arg);
	is_int(fix_result(), CTL_REFUSED, "but when it is through");
	fix_unload();
}

static void
test_unreadable(void)
{
	struct imsg	 imsg;

	load(HEAD ALONE ONE("h") TAIL);
	unreadable(&q, q.watch, EACCES);
	ok(fix_next(&parent, &imsg) &&
	    imsg_get_type(&imsg) == IMSG_OWN, "the parent sees to owners");
	imsg_free(&imsg);
	fix_write("cluster.yaml", HEAD ALONE ONE("h2") TAIL);
	period();
	is_str(running(), "h2", "and it is looked at again");
	fix_unload();
}

int
main(void)
{
	fix_start();
	test_single();
	test_broken();
	test_follower();
	test_waiting();
	test_refused();
	test_meanwhile();
	test_unreadable();
	fix_end();
	return (tap_done());
}
