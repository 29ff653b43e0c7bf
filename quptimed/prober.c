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

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/tree.h>
#include <sys/uio.h>

#include <event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "httpc.h"
#include "pack.h"
#include "prober.h"
#include "quptimed.h"

#define PROBER_HANDLES	(4 * MAX_CHECKS)
#define PROBER_TICK	10	/* ms: what is due so soon is started now */
#define PROBER_GATHER	10	/* ms that a good result may wait for others */
#define PROBER_BURST	256	/* probes started before others have a turn */
#define PROBER_FIRST	1	/* ms between the first probes of new checks */
#define PROBER_QUEUE	(1024 * 1024)	/* unread results: a pause */
#define PROBER_RESERVE	64	/* descriptors for all that is no probe */
#define PROBER_FILES	65536	/* descriptors wanted */
#define PROBER_NOTE	60	/* s between notes of lateness */

/* What checks of one interval share: the sequence of their phases. */
struct rate {
	RB_ENTRY(rate)	 entry;
	struct monotime	 interval;
	uint64_t	 seed;
	uint64_t	 next;
	unsigned int	 refs;
};

RB_HEAD(due_tree, probe);
RB_HEAD(rate_tree, rate);
TAILQ_HEAD(probe_list, probe);

static void		 prober_setup_peer(struct ipc *, struct imsg *);
static void		 prober_setup_fd(struct ipc *, struct imsg *);
static void		 prober_setup_done(struct ipc *, struct imsg *);
static void		 prober_set(struct ipc *, struct imsg *);
static void		 prober_del(struct ipc *, struct imsg *);
static void		 prober_resolvers(struct ipc *, struct imsg *);
static void		 prober_commit(struct ipc *, struct imsg *);
static void		 prober_run(struct ipc *, struct imsg *);
static void		 prober_closed(struct ipc *);
static void		 prober_files(void);
static struct probe	*prober_find(struct imsg *);
static void		 prober_arm(void);
static void		 prober_tick(int, short, void *);
static void		 prober_due(struct probe *, struct monotime);
static void		 prober_waiting(void);
static void		 prober_late(void);
static void		 prober_flush(int, short, void *);
static struct probe	*probe_get(uint32_t);
static void		 probe_define(struct probe *, const struct check *);
static void		 probe_rate(struct probe *, int64_t);
static void		 probe_undefine(struct probe *);
static void		 probe_free(struct probe *);
static void		 probe_start(struct probe *);
static struct rate	*rate_get(int64_t);
static void		 rate_put(struct rate *);
static int		 due_cmp(struct probe *, struct probe *);
static int		 rate_cmp(struct rate *, struct rate *);

RB_PROTOTYPE(due_tree, probe, entry, due_cmp)
RB_PROTOTYPE(rate_tree, rate, entry, rate_cmp)

static const struct ipc_rule parent_rules[] = {
	{ IMSG_SETUP_PEER,	PROC_PARENT,	PH_SETUP,
	    sizeof(int32_t), sizeof(int32_t), prober_setup_peer },
	{ IMSG_SETUP_FD,	PROC_PARENT,	PH_ANY,
	    sizeof(struct imsg_fd), sizeof(struct imsg_fd), prober_setup_fd },
	{ IMSG_SETUP_DONE,	PROC_PARENT,	PH_SETUP,
	    0, 0, prober_setup_done },
	{ IMSG_LOG_VERBOSE,	PROC_PARENT,	PH_ANY,
	    sizeof(int32_t), sizeof(int32_t), child_verbose },
};

static const struct ipc_rule quorum_rules[] = {
	{ IMSG_PROBE_SET,	PROC_QUORUM,	PH_ANY,
	    sizeof(struct imsg_probe_set), IPC_MAXSIZE, prober_set },
	{ IMSG_PROBE_DEL,	PROC_QUORUM,	PH_ANY,
	    sizeof(uint32_t), sizeof(uint32_t), prober_del },
	{ IMSG_PROBE_RESOLVERS,	PROC_QUORUM,	PH_ANY,
	    sizeof(uint32_t), IPC_MAXSIZE, prober_resolvers },
	{ IMSG_PROBE_COMMIT,	PROC_QUORUM,	PH_ANY,
	    0, 0, prober_commit },
	{ IMSG_PROBE_RUN,	PROC_QUORUM,	PH_ANY,
	    sizeof(uint32_t), sizeof(uint32_t), prober_run },
};

static const struct probe_ops *const kinds[] = {
	[CHECK_HTTP] =	&probe_http_ops,
	[CHECK_TCP] =	&probe_tcp_ops,
	[CHECK_ICMP] =	&probe_icmp_ops,
	[CHECK_TLS] =	&probe_tls_ops,
	[CHECK_DNS] =	&probe_dns_ops
};

static struct child		  child;
static struct ipc		  quorum;
static int			  linked, mute;
static struct probe		**probes;	/* by handle */
static uint32_t			  nprobes;
static struct servers		 *resolvers;	/* the cluster's */
static struct due_tree		  due = RB_INITIALIZER(&due);
static struct rate_tree		  rates = RB_INITIALIZER(&rates);
static struct probe_list	  fresh = TAILQ_HEAD_INITIALIZER(fresh);
static struct probe_list	  waiting = TAILQ_HEAD_INITIALIZER(waiting);
static unsigned int		  nfresh;
static unsigned int		  running;
static unsigned int		  limit;	/* of those at a time */
static uint64_t			  seeds;
static unsigned int		  nlate;
static struct monotime		  latest, noted;
static struct event		  tick, flush;
static int			  gathering;

void
prober_main(void)
{
	tzset();
	prober_files();
	/* A descriptor's changes as one system call, where libevent can. */
	if (setenv("EVENT_EPOLL_USE_CHANGELIST", "1", 1) == -1)
		fatal("setenv");
	httpc_init();
	child_init(&child, PROC_PROBER, parent_rules,
	    sizeof(parent_rules) / sizeof(parent_rules[0]));
	prober_init();
	child_loop(&child);
	prober_shutdown();
	exit(0);
}

void
prober_init(void)
{
	struct rlimit	 rl;

	probe_icmp_init();
	evtimer_set(&tick, prober_tick, NULL);
	evtimer_set(&flush, prober_flush, NULL);
	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	limit = rl.rlim_cur > 2 * PROBER_RESERVE ?
	    rl.rlim_cur - PROBER_RESERVE : rl.rlim_cur / 2;
}

void
prober_link(int fd, const int *phase)
{
	if (linked)
		fatalx("%s: a second one", __func__);
	ipc_init(&quorum, fd, PROC_QUORUM, quorum_rules,
	    sizeof(quorum_rules) / sizeof(quorum_rules[0]), phase,
	    IPC_MAXSIZE, 0);
	quorum.closed = prober_closed;
	linked = 1;
}

void
prober_shutdown(void)
{
	uint32_t	 i;

	for (i = 0; i < nprobes; i++)
		if (probes[i] != NULL)
			probe_free(probes[i]);
	free(probes);
	probes = NULL;
	nprobes = 0;
	evtimer_del(&tick);
	evtimer_del(&flush);
	if (linked)
		ipc_close(&quorum);
	gathering = linked = mute = 0;
	servers_unref(resolvers);
	resolvers = NULL;
	probe_icmp_shutdown();
	httpc_shutdown();
}

static void
prober_setup_peer(struct ipc *ipc, struct imsg *imsg)
{
	enum proc_id	 proc;
	int		 fd;

	(void)ipc;
	fd = child_take_peer(imsg, &proc);
	if (proc != PROC_QUORUM)
		fatalx("%s: %s", __func__, proc_name(proc));
	prober_link(fd, &child.phase);
}

static void
prober_setup_fd(struct ipc *ipc, struct imsg *imsg)
{
	struct imsg_fd	 f;
	int		 fd;

	(void)ipc;
	fd = child_take_fd(imsg, &f);
	switch (f.use) {
	case FDU_ICMP4:
		probe_icmp_socket(AF_INET, fd, f.arg);
		break;
	case FDU_ICMP6:
		probe_icmp_socket(AF_INET6, fd, f.arg);
		break;
	case FDU_CA:
		httpc_set_ca(fd);
		break;
	case FDU_RESOLV:
		resolve_set_conf(fd);
		break;
	case FDU_HOSTS:
		resolve_set_hosts(fd);
		break;
	default:
		fatalx("%s: use %d", __func__, f.use);
	}
}

static void
prober_setup_done(struct ipc *ipc, struct imsg *imsg)
{
	(void)ipc;
	(void)imsg;
	if (!linked)
		fatalx("%s: no link to quorum", __func__);
	child_ready(&child);
}

/* A new check or a new definition of one; it counts from the commit on. */
static void
prober_set(struct ipc *ipc, struct imsg *imsg)
{
	struct imsg_probe_set	 set;
	struct check		 c;
	struct ibuf		 buf;
	struct probe		*p;

	(void)ipc;
	memset(&c, 0, sizeof(c));
	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &set, sizeof(set)) == -1 ||
	    unpack_record(&buf, &check_record, &c) == -1 ||
	    ibuf_size(&buf) != 0 || set.handle >= PROBER_HANDLES)
		fatalx("%s: bad message", __func__);
	p = probe_get(set.handle);
	p->gen = set.gen;
	probe_define(p, &c);
	record_clear(&check_record, &c);
	p->flags |= PROBE_FRESH | PROBE_FIRST;
	TAILQ_INSERT_TAIL(&fresh, p, list);
	nfresh++;
}

static void
prober_del(struct ipc *ipc, struct imsg *imsg)
{
	struct probe	*p;

	(void)ipc;
	if ((p = prober_find(imsg)) == NULL)
		return;
	probes[p->handle] = NULL;
	probe_free(p);
}

static void
prober_resolvers(struct ipc *ipc, struct imsg *imsg)
{
	struct strlist	 list = { NULL, 0 };
	struct ibuf	 buf;
	char		*s;
	uint32_t	 i, n;

	(void)ipc;
	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &n, sizeof(n)) == -1 || n > MAX_LIST)
		fatalx("%s: bad message", __func__);
	for (i = 0; i < n; i++) {
		if ((s = unpack_string(&buf, DETAIL_MAX)) == NULL ||
		    strlist_add(&list, s) == -1)
			fatalx("%s: bad list", __func__);
		free(s);
	}
	if (ibuf_size(&buf) != 0)
		fatalx("%s: bad length", __func__);
	servers_unref(resolvers);
	resolvers = list.n > 0 ? servers_get(list.v, list.n) : NULL;
	if (list.n > 0 && resolvers == NULL)
		log_warnx("resolvers: no address among them, "
		    "the system's are used");
	strlist_clear(&list);
}

static void
prober_commit(struct ipc *ipc, struct imsg *imsg)
{
	struct monotime	 now, spread;
	struct probe	*p;

	(void)ipc;
	(void)imsg;
	now = mono_now();
	spread = MONO_MSEC((int64_t)nfresh * PROBER_FIRST);
	while ((p = TAILQ_FIRST(&fresh)) != NULL) {
		TAILQ_REMOVE(&fresh, p, list);
		p->flags &= ~PROBE_FRESH;
		p->due = sched_first(now, p->interval, p->phase, spread);
		RB_INSERT(due_tree, &due, p);
	}
	nfresh = 0;
	prober_arm();
}

static void
prober_run(struct ipc *ipc, struct imsg *imsg)
{
	struct probe	*p;

	(void)ipc;
	if ((p = prober_find(imsg)) == NULL || p->flags & (PROBE_FRESH |
	    PROBE_WAITING | PROBE_RUNNING))
		return;
	TAILQ_INSERT_TAIL(&waiting, p, list);
	p->flags |= PROBE_WAITING;
	prober_waiting();
}

/* Nobody to report to: the parent is about to end this process as well. */
static void
prober_closed(struct ipc *ipc)
{
	(void)ipc;
	evtimer_del(&tick);
	evtimer_del(&flush);
	mute = 1;
}

/* As many descriptors as the system lets this process have. */
static void
prober_files(void)
{
	struct rlimit	 rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	if (rl.rlim_cur >= PROBER_FILES)
		return;
	rl.rlim_cur = rl.rlim_max < PROBER_FILES ? rl.rlim_max : PROBER_FILES;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		log_warn("setrlimit");
}

/* The probe whose handle is all of the message; NULL: there is none now. */
static struct probe *
prober_find(struct imsg *imsg)
{
	uint32_t	 handle;

	if (imsg_get_data(imsg, &handle, sizeof(handle)) == -1 ||
	    handle >= PROBER_HANDLES)
		fatalx("%s: bad message", __func__);
	return (handle < nprobes ? probes[handle] : NULL);
}

static void
prober_arm(void)
{
	struct monotime	 now, wait;
	struct probe	*p;
	struct timeval	 tv;

	if (mute || (p = RB_MIN(due_tree, &due)) == NULL)
		return;
	now = mono_now();
	wait = mono_sub(p->due, now);
	if (mono_cmp(wait, MONO_MSEC(PROBER_TICK)) < 0)
		wait = MONO_MSEC(PROBER_TICK);
	tv = mono_tv(wait);
	evtimer_add(&tick, &tv);
}

static void
prober_tick(int fd, short events, void *arg)
{
	struct monotime	 now, until;
	struct probe	*p;
	unsigned int	 n;

	(void)fd;
	(void)events;
	(void)arg;
	now = mono_now();
	until = mono_add(now, MONO_MSEC(PROBER_TICK));
	/* Results that nobody takes: what would be probed is late instead. */
	if (imsgbuf_queuesize(&quorum.ibuf) < PROBER_QUEUE)
		for (n = 0; n < PROBER_BURST; n++) {
			p = RB_MIN(due_tree, &due);
			if (p == NULL || mono_cmp(p->due, until) > 0)
				break;
			prober_due(p, now);
		}
	prober_waiting();
	prober_late();
	if (gathering)
		prober_flush(-1, 0, NULL);
	prober_arm();
}

/* Starts it and sets its next time; times that went by are left out. */
static void
prober_due(struct probe *p, struct monotime now)
{
	struct monotime	 late, next;

	late = mono_sub(now, p->due);
	if (mono_cmp(late, MONO_SEC(1)) > 0) {
		nlate++;
		if (mono_cmp(late, latest) > 0)
			latest = late;
	}
	RB_REMOVE(due_tree, &due, p);
	next = late.ns > 0 ? now : p->due;
	if (p->flags & PROBE_FIRST)
		next.ns += p->interval.ns / 2 - 1;
	p->flags &= ~PROBE_FIRST;
	p->due = sched_next(next, p->interval, p->phase);
	RB_INSERT(due_tree, &due, p);
	if (p->flags & (PROBE_RUNNING | PROBE_WAITING))
		return;
	if (running < limit && TAILQ_EMPTY(&waiting)) {
		probe_start(p);
		return;
	}
	nlate++;
	p->flags |= PROBE_WAITING;
	TAILQ_INSERT_TAIL(&waiting, p, list);
}

static void
prober_waiting(void)
{
	struct probe	*p;

	while (running < limit && (p = TAILQ_FIRST(&waiting)) != NULL) {
		TAILQ_REMOVE(&waiting, p, list);
		p->flags &= ~PROBE_WAITING;
		probe_start(p);
	}
}

static void
prober_late(void)
{
	struct monotime	 now;

	if (nlate == 0)
		return;
	now = mono_now();
	if (noted.ns != 0 &&
	    mono_cmp(mono_sub(now, noted), MONO_SEC(PROBER_NOTE)) < 0)
		return;
	log_warnx("probes are late: %u times, by up to %lld ms, %u under way "
	    "of at most %u", nlate, (long long)(latest.ns / 1000000), running,
	    limit);
	noted = now;
	nlate = 0;
	latest = MONO_NSEC(0);
}

static void
prober_flush(int fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	(void)arg;
	evtimer_del(&flush);
	gathering = 0;
	ipc_arm(&quorum);
}

struct monotime
probe_deadline(const struct probe *p)
{
	return (mono_add(p->started, p->timeout));
}

struct servers *
probe_servers(const struct probe *p)
{
	if (p->servers != NULL)
		return (p->servers);
	return (resolvers != NULL ? resolvers : p->legacy);
}

int
probe_broken(struct probe *p, const char *fmt, ...)
{
	va_list	 ap;
	int	 r;

	va_start(ap, fmt);
	r = vasprintf(&p->broken, fmt, ap);
	va_end(ap);
	if (r == -1)
		p->broken = NULL;
	return (r == -1 ? -1 : 0);
}

void
probe_done(struct probe *p, int verdict, const char *fmt, ...)
{
	struct imsg_probe_result	 r;
	struct iovec			 iov[2];
	struct timeval			 now = { 0, 0 };
	struct timeval			 tv = { 0, PROBER_GATHER * 1000 };
	char				 detail[DETAIL_MAX] = "";
	va_list				 ap;

	if (fmt != NULL) {
		va_start(ap, fmt);
		vsnprintf(detail, sizeof(detail), fmt, ap);
		va_end(ap);
	}
	p->flags &= ~PROBE_RUNNING;
	p->job = NULL;
	running--;
	if (mute)
		return;
	if (!TAILQ_EMPTY(&waiting))
		evtimer_add(&tick, &now);
	memset(&r, 0, sizeof(r));
	r.handle = p->handle;
	r.gen = p->gen;
	r.verdict = verdict;
	r.latency_us = mono_sub(mono_now(), p->started).ns / 1000;
	iov[0].iov_base = &r;
	iov[0].iov_len = sizeof(r);
	iov[1].iov_base = detail;
	iov[1].iov_len = strlen(detail);
	if (imsg_composev(&quorum.ibuf, IMSG_PROBE_RESULT, 0, 0, -1, iov,
	    2) == -1)
		fatal("imsg_composev");
	if (verdict != PROBE_OK)
		ipc_arm(&quorum);
	else if (!gathering) {
		gathering = 1;
		evtimer_add(&flush, &tv);
	}
}

/* The probe of that handle, without definition. */
static struct probe *
probe_get(uint32_t handle)
{
	struct probe	*p, **v;
	uint32_t	 n;

	if (handle >= nprobes) {
		for (n = nprobes == 0 ? 64 : nprobes; n <= handle; n *= 2)
			continue;
		v = recallocarray(probes, nprobes, n, sizeof(*v));
		if (v == NULL)
			fatal(NULL);
		probes = v;
		nprobes = n;
	}
	if ((p = probes[handle]) != NULL) {
		probe_undefine(p);
		return (p);
	}
	if ((p = calloc(1, sizeof(*p))) == NULL)
		fatal(NULL);
	p->handle = handle;
	probes[handle] = p;
	return (p);
}

static void
probe_define(struct probe *p, const struct check *c)
{
	enum check_type	 type;
	int		 r;

	probe_rate(p, check_interval(c));
	p->timeout = MONO_NSEC(check_timeout(c));
	type = check_type_of(c);
	p->ops = type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[type] : NULL;
	if (c->resolvers.n > 0)
		p->servers = servers_get(c->resolvers.v, c->resolvers.n);
	p->unable = 1;
	if (p->ops == NULL)
		r = probe_broken(p, "type %s is not probed by this version",
		    str(c->type));
	else if (c->resolvers.n > 0 && p->servers == NULL)
		r = probe_broken(p, "resolvers: no address among them");
	else {
		p->unable = 0;
		r = p->ops->prepare(p, c);
	}
	if (r == -1)
		fatal(NULL);
}

/* Its place among the checks of the same interval; kept if that stays. */
static void
probe_rate(struct probe *p, int64_t interval)
{
	struct rate	*r;

	r = rate_get(interval);
	if (p->rate != r) {
		p->phase = sched_phase(r->seed, r->next++);
		p->interval = MONO_NSEC(interval);
	}
	rate_put(p->rate);
	p->rate = r;
}

/* Ends what is under way, silently, and forgets what there is to do. */
static void
probe_undefine(struct probe *p)
{
	if (p->flags & PROBE_RUNNING) {
		p->ops->cancel(p);
		running--;
	}
	if (p->flags & PROBE_FRESH) {
		TAILQ_REMOVE(&fresh, p, list);
		nfresh--;
	} else
		RB_REMOVE(due_tree, &due, p);
	if (p->flags & PROBE_WAITING)
		TAILQ_REMOVE(&waiting, p, list);
	servers_unref(p->servers);
	free(p->broken);
	free(p->target);
	free(p->scan);
	free(p->sni);
	free(p->want);
	servers_unref(p->legacy);
	p->servers = p->legacy = NULL;
	p->broken = p->target = p->host = p->sni = p->want = NULL;
	p->literal = 0;
	p->scan = NULL;
	p->job = NULL;
	p->flags = 0;
}

static void
probe_free(struct probe *p)
{
	probe_undefine(p);
	rate_put(p->rate);
	free(p);
}

static void
probe_start(struct probe *p)
{
	p->started = mono_now();
	p->flags |= PROBE_RUNNING;
	running++;
	if (p->broken != NULL)
		probe_done(p, p->unable ? PROBE_CANNOT : PROBE_FAIL, "%s",
		    p->broken);
	else
		p->ops->start(p);
}

static struct rate *
rate_get(int64_t interval)
{
	struct rate	*r, key;

	key.interval = MONO_NSEC(interval);
	if ((r = RB_FIND(rate_tree, &rates, &key)) == NULL) {
		if ((r = calloc(1, sizeof(*r))) == NULL)
			fatal(NULL);
		r->interval = key.interval;
		r->seed = sched_phase(0, seeds++);
		RB_INSERT(rate_tree, &rates, r);
	}
	r->refs++;
	return (r);
}

static void
rate_put(struct rate *r)
{
	if (r == NULL || --r->refs > 0)
		return;
	RB_REMOVE(rate_tree, &rates, r);
	free(r);
}

static int
due_cmp(struct probe *a, struct probe *b)
{
	int	 c;

	if ((c = mono_cmp(a->due, b->due)) != 0)
		return (c);
	return (a->handle < b->handle ? -1 : a->handle > b->handle);
}

static int
rate_cmp(struct rate *a, struct rate *b)
{
	return (mono_cmp(a->interval, b->interval));
}

RB_GENERATE(due_tree, probe, entry, due_cmp)
RB_GENERATE(rate_tree, rate, entry, rate_cmp)
