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


#include "quorum_fixture.h"

#define CHECKS	1000

static char	*seen[4 * CHECKS];	/* names, in the order they came */
static int	 nseen;

static void
seen_clear(void)
{
	while (nseen > 0)
		free(seen[--nseen]);
}

/* Keeps the name of a check row; the type of whatever it was. */
static uint32_t
take(struct imsg *imsg)
{
	struct check_status	 s;
	struct ibuf		 buf;
	uint32_t		 type = imsg_get_type(imsg);

	if (type == IMSG_CTL_CHECK) {
		memset(&s, 0, sizeof(s));
		if (imsg_get_ibuf(imsg, &buf) == -1 ||
		    unpack_record(&buf, &check_status_record, &s) == -1)
			fix_die("row");
		seen[nseen++] = strdup(s.name);
		record_clear(&check_status_record, &s);
	}
	imsg_free(imsg);
	return (type);
}

/* Reads rows until there are that many, or the result. */
static uint32_t
rows(int n)
{
	struct imsg	 imsg;
	uint32_t	 type = IMSG_NONE;

	while (nseen < n && type != IMSG_CTL_RESULT) {
		if (!fix_next(&parent, &imsg))
			return (IMSG_NONE);
		type = take(&imsg);
	}
	return (type);
}

/* Whatever has been sent, without a turn of the loop. */
static int
drain(void)
{
	struct imsg	 imsg;
	int		 n = 0;

	for (;;) {
		if (imsgbuf_get(&parent, &imsg) == 1) {
			take(&imsg);
			n++;
			continue;
		}
		if (imsgbuf_read(&parent) != 1)
			fix_die("imsgbuf_read");
		if (imsgbuf_get(&parent, &imsg) != 1)
			return (n);
		take(&imsg);
		n++;
	}
}

/* What is on its way. */
static int
settle(void)
{
	int	 i, n = 0;

	for (i = 0; i < 100; i++) {
		fix_turn();
		n += drain();
	}
	return (n);
}

static int
in_order(int from, int count)
{
	uint32_t	 i;
	int		 pos = 0;

	if (nseen != count)
		return (0);
	for (i = from; i < q.cluster.checks.n && pos < nseen; i++)
		if (strcmp(seen[pos], CLUSTER_CHECK(&q.cluster, i)->name) == 0)
			pos++;
	return (pos == nseen);
}

static int
unique(void)
{
	int	 i, j;

	for (i = 0; i < nseen; i++)
		for (j = 0; j < i; j++)
			if (strcmp(seen[i], seen[j]) == 0)
				return (0);
	return (1);
}

static void
make_config(void)
{
	FILE	*f;
	int	 i;

	if ((f = fopen("cluster.yaml", "w")) == NULL)
		fix_die("cluster.yaml");
	fprintf(f, "version: 5\nupdated_at: 2026-05-15T14:01:00Z\n"
	    "updated_by: node-a\npeers:\n  - node_id: node-a\n"
	    "    advertise: 127.0.0.1:9901\n"
	    "checks:\n");
	for (i = 0; i < CHECKS; i++)
		fprintf(f, "  - id: id-%d\n    name: check-%d\n    type: tcp\n"
		    "    target: 127.0.0.1:9\n    interval: 30s\n"
		    "    timeout: 10s\n", i, i);
	fprintf(f, "alerts:\n  - id: a1\n    name: hook\n    type: webhook\n"
	    "    default: true\n    webhook_url: http://127.0.0.1/s3cret\n"
	    "    later: s3cret-too\n");
	fclose(f);
}

static void
test_status(void)
{
	struct imsg		 imsg;
	struct ibuf		 buf;
	struct status		 s;
	struct peer_status	 p;

	fix_ask(ctl_show, IMSG_CTL_SHOW_STATUS, NULL);
	ok(fix_next(&parent, &imsg), "show status");
	is_int(imsg_get_type(&imsg), IMSG_CTL_STATUS, "begins with itself");
	is_int(imsg_get_id(&imsg), CLIENT, "for the client");
	memset(&s, 0, sizeof(s));
	imsg_get_ibuf(&imsg, &buf);
	is_int(unpack_record(&buf, &status_record, &s), 0, "a record");
	imsg_free(&imsg);
	is_str(s.node_id, "node-a", "of this node");
	is_str(s.master_id, "node-a", "which is its master");
	is_int(s.term, 1, "in the first term");
	is_int(s.config_version, 5, "with the file's version");
	is_int(s.has_quorum, 1, "and a quorum");
	is_int(s.quorum_size, 1, "of one");
	is_int(s.checks_unknown, CHECKS, "all is unknown");
	ok(s.uptime >= 0 && s.uptime < 600 * 1000000000LL, "just started");
	record_clear(&status_record, &s);

	ok(fix_next(&parent, &imsg), "then the peers");
	is_int(imsg_get_type(&imsg), IMSG_CTL_PEER, "one of them");
	memset(&p, 0, sizeof(p));
	imsg_get_ibuf(&imsg, &buf);
	is_int(unpack_record(&buf, &peer_status_record, &p), 0, "a record");
	imsg_free(&imsg);
	is_str(p.advertise, "127.0.0.1:9901", "with its address");
	ok(p.live && !wall_iszero(&p.last_seen), "alive");
	record_clear(&peer_status_record, &p);

	is_int(rows(CHECKS + 1), IMSG_CTL_RESULT, "then checks, then the end");
	ok(in_order(0, CHECKS), "every check, in the cluster's order");
	ok(fix_silent(&parent), "and nothing after it");
	seen_clear();
}

static void
test_one(void)
{
	struct check_status	 s;
	struct node_result	 nr;
	struct check		 c;
	struct imsg		 imsg;
	struct ibuf		 buf;
	struct result		 res = { PROBE_FAIL, 2500, "refused" };
	int			 i;

	for (i = 0; i < 2; i++)
		quorum_result(&q, checks_find(&q, "check-3"), SELF, &res,
		    mono_now());
	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, "check-3");
	fix_next(&parent, &imsg);
	is_int(imsg_get_type(&imsg), IMSG_CTL_CHECK_CONF, "its definition");
	memset(&c, 0, sizeof(c));
	imsg_get_ibuf(&imsg, &buf);
	is_int(unpack_record(&buf, &check_record, &c), 0, "a record");
	imsg_free(&imsg);
	ok(record_equal(&check_record, &c, checks_find(&q, "id-3")->conf),
	    "with all that is configured");
	record_clear(&check_record, &c);
	fix_next(&parent, &imsg);
	is_int(imsg_get_type(&imsg), IMSG_CTL_CHECK, "and its state");
	memset(&s, 0, sizeof(s));
	imsg_get_ibuf(&imsg, &buf);
	is_int(unpack_record(&buf, &check_status_record, &s), 0, "a record");
	imsg_free(&imsg);
	is_str(s.state, "down", "down");
	is_int(s.ok_count, 0, "nobody passes it");
	is_int(s.total, 1, "of one");
	is_str(s.detail, "refused", "and why");
	is_int(s.latency, 2500000, "how long it took");
	ok(s.age >= 0 && s.age < 600 * 1000000000LL, "a moment ago");
	ok(!wall_iszero(&s.since), "since then");
	is_int(s.alerts.n, 1, "one alert is in force");
	is_str(s.alerts.v[0], "hook*", "with a star, as it is default");
	record_clear(&check_status_record, &s);
	fix_next(&parent, &imsg);
	is_int(imsg_get_type(&imsg), IMSG_CTL_NODE_RESULT,
	    "and what each node said");
	memset(&nr, 0, sizeof(nr));
	imsg_get_ibuf(&imsg, &buf);
	is_int(unpack_record(&buf, &node_result_record, &nr), 0, "a record");
	imsg_free(&imsg);
	is_str(nr.node_id, "node-a", "which is this one");
	is_str(nr.result, "fail", "that it fails");
	ok(nr.fresh && nr.age >= 0, "just now");
	is_str(nr.detail, "refused", "why");
	is_int(nr.latency, 2500000, "how long it took");
	record_clear(&node_result_record, &nr);
	is_int(fix_result(), CTL_OK, "that is all");
	is_int(fix_rows, 0, "that is all indeed");

	res.verdict = PROBE_CANNOT;
	res.detail = "no ICMP socket";
	quorum_result(&q, checks_find(&q, "check-4"), SELF, &res, mono_now());
	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, "id-4");
	fix_next(&parent, &imsg);
	imsg_free(&imsg);
	fix_next(&parent, &imsg);
	memset(&s, 0, sizeof(s));
	imsg_get_ibuf(&imsg, &buf);
	unpack_record(&buf, &check_status_record, &s);
	imsg_free(&imsg);
	is_str(s.state, "unknown", "one that cannot be probed, by id");
	is_str(s.detail, "no ICMP socket", "says why");
	is_int(s.age, -1, "and has no result");
	record_clear(&check_status_record, &s);
	fix_result();

	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, "none\n");
	is_int(fix_result(), CTL_REFUSED, "one that is not there");
	is_str(fix_text, "no such check \"none\\x0a\"", "and why");
	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, NULL);
	is_int(fix_result(), CTL_REFUSED, "a malformed request");
}

static void
test_alerts(void)
{
	struct imsg	 imsg;
	struct ibuf	 buf;
	struct alert	 a;

	fix_ask(ctl_show, IMSG_CTL_SHOW_ALERTS, NULL);
	fix_next(&parent, &imsg);
	is_int(imsg_get_type(&imsg), IMSG_CTL_ALERT, "an alert");
	ok(memmem(imsg.data, imsg_get_len(&imsg), "s3cret", 6) == NULL,
	    "no secret leaves the process");
	memset(&a, 0, sizeof(a));
	imsg_get_ibuf(&imsg, &buf);
	is_int(unpack_record(&buf, &alert_record, &a), 0, "a record");
	imsg_free(&imsg);
	is_str(a.name, "hook", "with its name");
	is_str(a.webhook_url, "***", "its secret is not shown");
	record_clear(&alert_record, &a);
	is_int(fix_result(), CTL_OK, "the end");
	is_int(fix_rows, 0, "of one");
	is_str(CLUSTER_ALERT(&q.cluster, 0)->webhook_url,
	    "http://127.0.0.1/s3cret", "the alert itself has it still");
}

/* A client that does not read. */
static void
test_xoff(void)
{
	int	 i;

	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, "");
	is_int(rows(10), IMSG_CTL_CHECK, "some rows");
	ctl_xoff(&q, CLIENT);
	ctl_xoff(&q, CLIENT);
	settle();
	ok(nseen < CHECKS, "XOFF: it stops");
	is_int(settle(), 0, "and stays where it is");
	ctl_xon(&q, CLIENT);
	ctl_xon(&q, CLIENT);
	is_int(rows(CHECKS + 1), IMSG_CTL_RESULT, "XON: it goes on");
	ok(in_order(0, CHECKS), "to the end, nothing lost or twice");
	ctl_xon(&q, CLIENT);
	ctl_xoff(&q, CLIENT);
	seen_clear();

	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, "");
	rows(10);
	ctl_xoff(&q, CLIENT);
	settle();
	ctl_gone(&q, CLIENT);
	ctl_xon(&q, CLIENT);
	fix_turn();
	drain();
	ok(fix_silent(&parent), "CLOSE: no more rows and no result");
	ok(TAILQ_EMPTY(&q.dumps) && TAILQ_EMPTY(&q.stopped), "or memory");
	seen_clear();

	/* The parent takes nothing: what waits for it is bounded. */
	for (i = 0; i < 64; i++) {
		struct imsg	 imsg;
		struct ibuf	*buf = fix_ibuf();

		pack_string(buf, "");
		fix_imsg(&imsg, IMSG_CTL_SHOW_CHECKS, 100 + i, buf);
		ctl_show(&q, &imsg);
		imsg_free(&imsg);
	}
	fix_turn();
	for (i = 0; i < 2000; i++)
		ctl_turn(-1, 0, &q);
	ok(imsgbuf_queuesize(&q.child.parent.ibuf) < 512 * 1024,
	    "64 clients queue %zu bytes at most",
	    imsgbuf_queuesize(&q.child.parent.ibuf));
	for (i = 0; i < 64; i++)
		ctl_gone(&q, 100 + i);
	while (!fix_silent(&parent))
		;
}

/* A few rows a turn, so that nothing else waits. */
static void
test_turns(void)
{
	struct imsg	 imsg;
	int		 n, most = 0;

	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, "");
	is_int(drain(), 0, "no row before its turn");
	while (nseen < CHECKS) {
		fix_turn();
		if ((n = drain()) > most)
			most = n;
	}
	ok(most > 0 && most <= 200, "%d rows in a turn at most", most);
	while (!fix_silent(&parent))
		;
	seen_clear();

	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, "");
	rows(10);
	fix_ask(ctl_show, IMSG_CTL_SHOW_STATUS, NULL);
	while (fix_next(&parent, &imsg) &&
	    imsg_get_type(&imsg) != IMSG_CTL_STATUS)
		imsg_free(&imsg);
	is_int(imsg_get_type(&imsg), IMSG_CTL_STATUS,
	    "another request of a client ends the first");
	imsg_free(&imsg);
	seen_clear();
	is_int(rows(CHECKS + 1), IMSG_CTL_RESULT, "and is answered");
	is_int(nseen, CHECKS, "in full");
	ok(fix_silent(&parent), "with one result");
	seen_clear();
}

/* The list changes while it is shown. */
static void
test_changes(void)
{
	struct verr	 ve;
	struct mutation	 m;
	uint32_t	 n = q.cluster.checks.n;
	int		 half;

	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, "");
	rows(100);
	ctl_xoff(&q, CLIENT);
	settle();
	half = nseen;
	memset(&m, 0, sizeof(m));
	m.kind = MUT_REMOVE;
	m.object = CTL_CHECK;
	m.index = 5;		/* shown */
	is_int(mutation_apply(&q, &m, &ve), 0, "one before it is removed");
	m.index = half - 1;	/* the next one; there is one less before it */
	is_int(mutation_apply(&q, &m, &ve), 0, "and the very next one");
	ctl_xon(&q, CLIENT);
	is_int(rows(2 * CHECKS), IMSG_CTL_RESULT, "it ends");
	is_int(nseen, n - 1, "with every row but the removed one");
	ok(unique(), "none of them twice");
	seen_clear();
	n = q.cluster.checks.n;

	/* Another file: every second check is gone, and two are new. */
	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, "");
	rows(100);
	ctl_xoff(&q, CLIENT);
	settle();
	half = nseen;
	{
		FILE		*f = fopen("cluster.yaml", "w");
		uint32_t	 i, kept = 0;

		fprintf(f, "version: 1\npeers:\n  - node_id: node-a\n"
		    "alerts: []\nchecks:\n");
		for (i = 0; i < n; i += 2) {
			if (i == 0)
				fprintf(f, "  - {id: new-1, name: new-1, "
				    "type: icmp, target: h}\n");
			fprintf(f, "  - {id: %s, name: %s, type: tcp, "
			    "target: \"h:1\"}\n",
			    CLUSTER_CHECK(&q.cluster, i)->id,
			    CLUSTER_CHECK(&q.cluster, i)->name);
			if ((int)i >= half)
				kept++;
		}
		fprintf(f, "  - {id: new-2, name: new-2, type: icmp, "
		    "target: h}\n");
		fclose(f);
		watch_look(&q, CLIENT + 1);
		is_int(settle(), 1, "the reload is answered");
		ctl_xon(&q, CLIENT);
		is_int(rows(2 * CHECKS), IMSG_CTL_RESULT,
		    "a reload in the middle");
		is_int(nseen, half + kept + 1,
		    "what is left of the rest, and the new one behind it");
		ok(unique(), "none of them twice");
	}
	seen_clear();
}

int
main(void)
{
	struct verr	 ve;

	fix_start();
	make_config();
	if (fix_load(&ve) == -1)
		fix_die(ve.msg);
	test_status();
	test_one();
	test_alerts();
	test_xoff();
	test_turns();
	test_changes();
	fix_ask(ctl_show, IMSG_CTL_SHOW_CHECKS, "");
	fix_unload();
	fix_end();
	return (tap_done());
}
