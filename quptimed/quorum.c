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


#include <event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmt.h"
#include "pack.h"
#include "quorum.h"

/*
 * The shell around the parts: set-up, the messages of the other processes, and
 * what one part has to tell the others.
 */

#define SYNC_MARK	(64 * 1024)	/* bytes queued to the prober */
#define SYNC_WAIT	5		/* ms, until it has taken some */
#define VIS_MAX		320
#define CERT_MAX	(64 * 1024)

static void	 setup_peer(struct ipc *, struct imsg *);
static void	 setup_fd(struct ipc *, struct imsg *);
static void	 setup_node(struct ipc *, struct imsg *);
static void	 setup_done(struct ipc *, struct imsg *);
static void	 reload(struct ipc *, struct imsg *);
static void	 control(struct ipc *, struct imsg *);
static void	 mesh_peer(struct ipc *, struct imsg *);
static void	 mesh_request(struct ipc *, struct imsg *);
static void	 probe_result(struct ipc *, struct imsg *);
static void	 notifier_result(struct ipc *, struct imsg *);
static void	 link_closed(struct ipc *);
static void	 sync_arm(struct quorum *);
static void	 follow_protocol(struct quorum *);
static void	 sync_turn(int, short, void *);
static void	 send_check(struct quorum *, const struct qcheck *);
static void	 send_resolvers(struct quorum *);
static int	 same_list(const struct strlist *, const struct strlist *);

/* What comes from a client may be of any length and is looked at later. */
#define CONTROL(t)	{ (t), PROC_PARENT, PH_RUN, 0, CTL_MAXSIZE, control }
#define MESH(t, s, h)	{ (t), PROC_ENGINE, PH_RUN, (s), MESH_MAXSIZE, (h) }
#define FLAT(t, p, s, h) { (t), PROC_PARENT, (p), (s), (s), (h) }

static const struct ipc_rule	 parent_rules[] = {
	FLAT(IMSG_SETUP_PEER, PH_SETUP, sizeof(int32_t), setup_peer),
	FLAT(IMSG_SETUP_FD, PH_SETUP, sizeof(struct imsg_fd), setup_fd),
	{ IMSG_SETUP_NODE, PROC_PARENT, PH_SETUP, 1, IPC_MAXSIZE, setup_node },
	FLAT(IMSG_SETUP_DONE, PH_SETUP, 0, setup_done),
	FLAT(IMSG_LOG_VERBOSE, PH_ANY, sizeof(int32_t), child_verbose),
	FLAT(IMSG_RELOAD, PH_RUN, 0, reload),
	CONTROL(IMSG_CTL_SHOW_STATUS),
	CONTROL(IMSG_CTL_SHOW_CHECKS),
	CONTROL(IMSG_CTL_SHOW_ALERTS),
	CONTROL(IMSG_CTL_SHOW_PEERS),
	CONTROL(IMSG_CTL_SHOW_TOKENS),
	CONTROL(IMSG_CTL_SHOW_TRUST),
	CONTROL(IMSG_CTL_SHOW_RESOLVERS),
	CONTROL(IMSG_CTL_SHOW_CONFIG),
	CONTROL(IMSG_CTL_MUTATE),
	CONTROL(IMSG_CTL_APPLY),
	CONTROL(IMSG_CTL_RESOLVERS),
	CONTROL(IMSG_CTL_UPGRADE),
	CONTROL(IMSG_CTL_TRUST_REMOVE),
	CONTROL(IMSG_CTL_ENROLL_CREATE),
	CONTROL(IMSG_CTL_ENROLL_APPROVE),
	CONTROL(IMSG_CTL_ENROLL_REVOKE),
	CONTROL(IMSG_CTL_JOIN),
	CONTROL(IMSG_CTL_MONITOR),
	CONTROL(IMSG_CTL_ALERT_TEST),
	CONTROL(IMSG_CTL_CHECK_TEST),
	FLAT(IMSG_CTL_XOFF, PH_RUN, 0, control),
	FLAT(IMSG_CTL_XON, PH_RUN, 0, control),
	FLAT(IMSG_CTL_CLOSE, PH_RUN, 0, control),
};

static const struct ipc_rule	 engine_rules[] = {
	MESH(IMSG_MESH_UP, sizeof(struct mesh_up), mesh_peer),
	MESH(IMSG_MESH_DOWN, sizeof(struct mesh_frame), mesh_peer),
	MESH(IMSG_MESH_ANSWER, sizeof(struct mesh_frame), mesh_peer),
	MESH(IMSG_MESH_REQUEST, sizeof(struct mesh_request), mesh_request),
};

static const struct ipc_rule	 prober_rules[] = {
	{ IMSG_PROBE_RESULT, PROC_PROBER, PH_RUN,
	    sizeof(struct imsg_probe_result),
	    sizeof(struct imsg_probe_result) + DETAIL_MAX - 1, probe_result },
};

static const struct ipc_rule	 notifier_rules[] = {
	{ IMSG_ALERT_RESULT, PROC_NOTIFIER, PH_RUN,
	    sizeof(struct imsg_alert_result),
	    sizeof(struct imsg_alert_result) + DETAIL_MAX - 1,
	    notifier_result },
};

#define NRULES(r)	(sizeof(r) / sizeof((r)[0]))

static struct quorum	 quorum;

void
quorum_main(void)
{
	char	 dir[PATH_MAX];

	/* Before the root directory changes: for messages about the file. */
	store_init(&quorum.store, getcwd(dir, sizeof(dir)));
	child_init(&quorum.child, PROC_QUORUM, parent_rules,
	    NRULES(parent_rules));
	quorum_init(&quorum);
	child_loop(&quorum.child);
	quorum_clear(&quorum);
	exit(0);
}

/* Of a zeroed structure, within libevent. */
void
quorum_init(struct quorum *q)
{
	RB_INIT(&q->checks.ids);
	RB_INIT(&q->checks.names);
	RB_INIT(&q->jobs);
	LIST_INIT(&q->tests);
	TAILQ_INIT(&q->unsent);
	peers_init(q);
	TAILQ_INIT(&q->askings);
	TAILQ_INIT(&q->dumps);
	TAILQ_INIT(&q->stopped);
	q->checks.free = NO_HANDLE;
	q->lock = -1;
	q->started = mono_now();
	evtimer_set(&q->dump_ev, ctl_turn, q);
	evtimer_set(&q->sync_ev, sync_turn, q);
	enroll_init(q);
}

void
quorum_clear(struct quorum *q)
{
	evtimer_del(&q->sync_ev);
	evtimer_del(&q->dump_ev);
	watch_stop(q);
	/* Whoever waits for a change is still there to be told. */
	commit_clear(q);
	publish_clear(q);
	report_clear(q);
	join_clear(q);
	enroll_clear(q);
	monitor_clear(q);
	alert_clear(q);
	peers_clear(q);
	ctl_clear(q);
	apply_clear(q);
	heart_stop(q);
	trust_clear(q);
	checks_clear(q);
	record_clear(&cluster_record, &q->cluster);
	record_clear(&node_record, &q->node);
	strlist_clear(&q->resolvers);
	free(q->fingerprint);
	free(q->cert);
	ipc_close(&q->engine);
	ipc_close(&q->prober);
	ipc_close(&q->notifier);
	if (q->lock != -1)
		close(q->lock);
}

void
quorum_config_changed(struct quorum *q)
{
	peers_sync(q);
	heart_members(q);
	trust_sync(q);
	send_resolvers(q);
	follow_protocol(q);
	heart_elect(q);
	join_changed(q);
	if (!TAILQ_EMPTY(&q->unsent))
		sync_arm(q);
}

/* The protocol is what the configuration in force says. */
static void
follow_protocol(struct quorum *q)
{
	struct verr	 ve;
	char		 buf[640];

	if (!q->ticking || (q->cluster.protocol >= 2) == (q->commit != NULL))
		return;
	memset(&ve, 0, sizeof(ve));
	if ((q->commit != NULL ? commit_leave(q, &ve) :
	    commit_start(q, &ve)) == -1)
		fatalx("%s", verr_string(&ve, buf, sizeof(buf)));
	log_info("protocol %d", q->commit != NULL ? 2 : 1);
}

int64_t
quorum_size(const struct quorum *q)
{
	return (q->cluster.peers.n / 2 + 1);
}

/* The master judges; others tell it what they see. */
void
quorum_result(struct quorum *q, struct qcheck *c, uint32_t slot,
    const struct result *res, struct monotime now)
{
	struct transition	 tr;
	char			 name[VIS_MAX], detail[DETAIL_MAX];
	char			 text[DETAIL_MAX + 64];
	int			 flipped;

	if (q->master)
		flipped = verdict_report(&c->verdict, slot, res,
		    verdict_window(check_interval(c->conf)), now, &tr);
	else if (slot == SELF) {
		flipped = verdict_note(&c->verdict, slot, res, now);
		report_add(q, c, res);
	} else
		return;
	if (flipped == -1)
		log_warn("check %s: result lost",
		    fmt_vis(c->conf->name, name, sizeof(name)));
	if (flipped != 1)
		return;
	q->checks.count[tr.from]--;
	q->checks.count[tr.to]++;
	c->since = wall_now();
	(void)snprintf(text, sizeof(text), "%s -> %s (%u/%u ok)%s%s",
	    state_name(tr.from), state_name(tr.to), tr.tally.ok,
	    tr.tally.fresh, *tr.tally.detail != '\0' ? ": " : "",
	    fmt_vis(tr.tally.detail, detail, sizeof(detail)));
	log_info("check %s: %s", fmt_vis(c->conf->name, name, sizeof(name)),
	    text);
	monitor_event(q, "check", c->conf->name, "%s", text);
	alert_transition(q, c, &tr);
}

void
quorum_probe_set(struct quorum *q, struct qcheck *c)
{
	if (!c->waiting) {
		c->waiting = 1;
		TAILQ_INSERT_TAIL(&q->unsent, c, entry);
	}
	sync_arm(q);
}

void
quorum_probe_del(struct quorum *q, struct qcheck *c)
{
	if (c->waiting) {
		c->waiting = 0;
		TAILQ_REMOVE(&q->unsent, c, entry);
	}
	if (!c->sent)
		return;
	c->sent = 0;
	if (quorum_linked(&q->prober))
		ipc_send(&q->prober, IMSG_PROBE_DEL, 0, &c->handle,
		    sizeof(c->handle));
	sync_arm(q);
}

/* Whoever is gone will be missed by the parent, which ends us all. */
int
quorum_linked(const struct ipc *ipc)
{
	return (ipc->ibuf.w != NULL);
}

static void
setup_peer(struct ipc *ipc, struct imsg *imsg)
{
	struct quorum		*q = &quorum;
	const struct ipc_rule	*rules = NULL;
	enum proc_id		 proc;
	struct ipc		*link = NULL;
	size_t			 nrules = 0;
	uint32_t		 maxsize = IPC_MAXSIZE;
	int			 fd;

	(void)ipc;
	fd = child_take_peer(imsg, &proc);
	switch (proc) {
	case PROC_ENGINE:
		link = &q->engine;
		rules = engine_rules;
		nrules = NRULES(engine_rules);
		maxsize = MESH_MAXSIZE;
		break;
	case PROC_PROBER:
		link = &q->prober;
		rules = prober_rules;
		nrules = NRULES(prober_rules);
		break;
	case PROC_NOTIFIER:
		link = &q->notifier;
		rules = notifier_rules;
		nrules = NRULES(notifier_rules);
		break;
	default:
		break;
	}
	if (link == NULL || quorum_linked(link))
		fatalx("%s: unexpected link", __func__);
	ipc_init(link, fd, proc, rules, nrules, &q->child.phase, maxsize, 0);
	link->closed = link_closed;
}

static void
link_closed(struct ipc *ipc)
{
	ipc_close(ipc);
}

static void
setup_fd(struct ipc *ipc, struct imsg *imsg)
{
	struct imsg_fd	 what;
	int		 fd;

	(void)ipc;
	fd = child_take_fd(imsg, &what);
	if (what.use != FDU_LOCK || quorum.lock != -1)
		fatalx("%s: unexpected descriptor", __func__);
	quorum.lock = fd;
}

static void
setup_node(struct ipc *ipc, struct imsg *imsg)
{
	struct quorum	*q = &quorum;
	struct ibuf	 buf;

	(void)ipc;
	if (q->fingerprint != NULL || imsg_get_ibuf(imsg, &buf) == -1 ||
	    unpack_record(&buf, &node_record, &q->node) == -1 ||
	    (q->fingerprint = unpack_string(&buf, CERT_MAX)) == NULL ||
	    (q->cert = unpack_string(&buf, CERT_MAX)) == NULL ||
	    ibuf_size(&buf) != 0 || *str(q->node.node_id) == '\0')
		fatalx("%s: bad node", __func__);
}

static void
setup_done(struct ipc *ipc, struct imsg *imsg)
{
	struct quorum	*q = &quorum;
	struct verr	 ve;
	char		 buf[640];

	(void)ipc;
	(void)imsg;
	if (!quorum_linked(&q->engine) || !quorum_linked(&q->prober) ||
	    !quorum_linked(&q->notifier) || q->fingerprint == NULL)
		fatalx("%s: not set up", __func__);
	/* What an end in the middle of a write has left. */
	(void)file_sweep(".");
	if (store_load(&q->store, &q->cluster, &ve) == -1)
		fatalx("%s", verr_string(&ve, buf, sizeof(buf)));
	if (trust_load(q, &ve) == -1)
		fatalx("%s", verr_string(&ve, buf, sizeof(buf)));
	q->dialect = strcmp(str(q->node.compat), "v0.1") == 0 ? DIALECT_V01 :
	    DIALECT_V03;
	checks_replace(q, &q->cluster.checks);
	log_info("version %llu: %u checks, %u alerts, %u peers",
	    (unsigned long long)q->cluster.version, q->cluster.checks.n,
	    q->cluster.alerts.n, q->cluster.peers.n);
	quorum_config_changed(q);
	heart_start(q);
	if (q->cluster.protocol >= 2 && commit_start(q, &ve) == -1)
		fatalx("%s", verr_string(&ve, buf, sizeof(buf)));
	watch_start(q);
	enroll_start(q);
	join_resume(q);
	child_ready(&q->child);
}

static void
reload(struct ipc *ipc, struct imsg *imsg)
{
	(void)ipc;
	watch_look(&quorum, imsg_get_id(imsg));
}

static void
control(struct ipc *ipc, struct imsg *imsg)
{
	struct quorum	*q = &quorum;

	(void)ipc;
	switch (imsg_get_type(imsg)) {
	case IMSG_CTL_MUTATE:
		mutate_request(q, imsg);
		break;
	case IMSG_CTL_APPLY:
		apply_request(q, imsg);
		break;
	case IMSG_CTL_UPGRADE:
		mutate_upgrade(q, imsg);
		break;
	case IMSG_CTL_RESOLVERS:
		mutate_resolvers(q, imsg);
		break;
	case IMSG_CTL_TRUST_REMOVE:
		trust_request(q, imsg);
		break;
	case IMSG_CTL_ENROLL_CREATE:
	case IMSG_CTL_ENROLL_APPROVE:
	case IMSG_CTL_ENROLL_REVOKE:
		enroll_request(q, imsg);
		break;
	case IMSG_CTL_JOIN:
		join_request(q, imsg);
		break;
	case IMSG_CTL_MONITOR:
		monitor_request(q, imsg);
		break;
	case IMSG_CTL_ALERT_TEST:
		alert_test(q, imsg);
		break;
	case IMSG_CTL_CHECK_TEST:
		alert_test_check(q, imsg);
		break;
	case IMSG_CTL_XOFF:
		ctl_xoff(q, imsg_get_id(imsg));
		break;
	case IMSG_CTL_XON:
		ctl_xon(q, imsg_get_id(imsg));
		break;
	case IMSG_CTL_CLOSE:
		ctl_gone(q, imsg_get_id(imsg));
		break;
	default:
		ctl_show(q, imsg);
		break;
	}
}

static void
mesh_peer(struct ipc *ipc, struct imsg *imsg)
{
	(void)ipc;
	peer_message(&quorum, imsg);
}

static void
mesh_request(struct ipc *ipc, struct imsg *imsg)
{
	(void)ipc;
	rpc_request(&quorum, imsg);
}

static void
probe_result(struct ipc *ipc, struct imsg *imsg)
{
	struct quorum			*q = &quorum;
	struct imsg_probe_result	 r;
	struct result			 res;
	struct qcheck			*c;
	struct ibuf			 buf;
	char				 detail[DETAIL_MAX];
	size_t				 len;

	(void)ipc;
	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &r, sizeof(r)) == -1 ||
	    r.verdict > PROBE_CANNOT || r.handle >= q->checks.nslots ||
	    (len = ibuf_size(&buf)) >= sizeof(detail))
		fatalx("%s: bad result", __func__);
	if ((c = checks_by_handle(q, r.handle, r.gen)) == NULL) {
		log_debug("check %u: late result", r.handle);
		return;
	}
	memcpy(detail, ibuf_data(&buf), len);
	detail[len] = '\0';
	res.verdict = r.verdict;
	res.latency_us = r.latency_us;
	res.detail = detail;
	quorum_result(q, c, SELF, &res, mono_now());
}

static void
notifier_result(struct ipc *ipc, struct imsg *imsg)
{
	(void)ipc;
	alert_result(&quorum, imsg);
}

static void
sync_arm(struct quorum *q)
{
	struct timeval	 tv = { 0, 0 };

	if (!quorum_linked(&q->prober) || evtimer_pending(&q->sync_ev, NULL))
		return;
	if (imsgbuf_queuesize(&q->prober.ibuf) >= SYNC_MARK)
		tv = mono_tv(MONO_MSEC(SYNC_WAIT));
	evtimer_add(&q->sync_ev, &tv);
}

/* Definitions go out as fast as the prober takes them. */
static void
sync_turn(int fd, short event, void *arg)
{
	struct quorum	*q = arg;
	struct qcheck	*c;

	(void)fd;
	(void)event;
	/* Nobody waits for results of who is no member. */
	if (!quorum_linked(&q->prober) || !heart_is_member(q))
		return;
	while ((c = TAILQ_FIRST(&q->unsent)) != NULL) {
		if (imsgbuf_queuesize(&q->prober.ibuf) >= SYNC_MARK) {
			sync_arm(q);
			return;
		}
		TAILQ_REMOVE(&q->unsent, c, entry);
		c->waiting = 0;
		c->sent = 1;
		send_check(q, c);
	}
	ipc_send(&q->prober, IMSG_PROBE_COMMIT, 0, NULL, 0);
}

static void
send_check(struct quorum *q, const struct qcheck *c)
{
	struct imsg_probe_set	 set;
	struct ibuf		*buf;

	memset(&set, 0, sizeof(set));
	set.handle = c->handle;
	set.gen = q->checks.slots[c->handle].gen;
	if ((buf = ibuf_dynamic(0, IPC_MAXSIZE - IMSG_HEADER_SIZE)) == NULL ||
	    ibuf_add(buf, &set, sizeof(set)) == -1 ||
	    pack_record(buf, &check_record, c->conf) == -1)
		fatal("check %s", c->conf->name);
	ipc_send_ibuf(&q->prober, IMSG_PROBE_SET, 0, buf);
}

static void
send_resolvers(struct quorum *q)
{
	const struct strlist	*list = &q->cluster.resolvers;
	struct ibuf		*buf;
	uint32_t		 i;

	if (!quorum_linked(&q->prober) || same_list(list, &q->resolvers))
		return;
	strlist_clear(&q->resolvers);
	if ((buf = ibuf_dynamic(0, IPC_MAXSIZE - IMSG_HEADER_SIZE)) == NULL ||
	    ibuf_add(buf, &list->n, sizeof(list->n)) == -1)
		fatal("%s", __func__);
	for (i = 0; i < list->n; i++)
		if (pack_string(buf, list->v[i]) == -1 ||
		    strlist_add(&q->resolvers, list->v[i]) == -1)
			fatal("%s", __func__);
	ipc_send_ibuf(&q->prober, IMSG_PROBE_RESOLVERS, 0, buf);
	sync_arm(q);
}

static int
same_list(const struct strlist *a, const struct strlist *b)
{
	uint32_t	 i;

	if (a->n != b->n)
		return (0);
	for (i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return (0);
	return (1);
}
