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


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "httpc.h"
#include "notifier.h"
#include "pack.h"
#include "resolve.h"
#include "smtp.h"

#define ALERT_ID_MAX	256

static void	 notifier_setup_peer(struct ipc *, struct imsg *);
static void	 notifier_setup_fd(struct ipc *, struct imsg *);
static void	 notifier_setup_done(struct ipc *, struct imsg *);
static void	 notifier_alert_send(struct ipc *, struct imsg *);
static void	 notifier_alert_cancel(struct ipc *, struct imsg *);
static void	 notifier_report(uint64_t, int, unsigned int, const char *);

static const struct ipc_rule	 parent_rules[] = {
	{ IMSG_SETUP_PEER, PROC_PARENT, PH_SETUP, sizeof(int32_t),
	    sizeof(int32_t), notifier_setup_peer },
	{ IMSG_SETUP_FD, PROC_PARENT, PH_ANY, sizeof(struct imsg_fd),
	    sizeof(struct imsg_fd), notifier_setup_fd },
	{ IMSG_SETUP_DONE, PROC_PARENT, PH_SETUP, 0, 0, notifier_setup_done },
	{ IMSG_LOG_VERBOSE, PROC_PARENT, PH_ANY, sizeof(int32_t),
	    sizeof(int32_t), child_verbose },
};

/* Quorum may be through with its set-up first. */
static const struct ipc_rule	 quorum_rules[] = {
	{ IMSG_ALERT_SEND, PROC_QUORUM, PH_ANY, sizeof(struct imsg_alert_send),
	    IPC_MAXSIZE, notifier_alert_send },
	{ IMSG_ALERT_CANCEL, PROC_QUORUM, PH_ANY, 1, IPC_MAXSIZE,
	    notifier_alert_cancel },
};

static struct child	 self;
static struct ipc	 quorum;
static int		 has_quorum;

void
notifier_main(void)
{
	tzset();
	httpc_init();
	smtp_init();
	notify_init(&notify_conf_default, notifier_report);
	child_init(&self, PROC_NOTIFIER, parent_rules,
	    sizeof(parent_rules) / sizeof(parent_rules[0]));
	child_loop(&self);
	notify_shutdown();
	if (has_quorum)
		ipc_close(&quorum);
	httpc_shutdown();
	exit(0);
}

static void
notifier_setup_peer(struct ipc *ipc, struct imsg *imsg)
{
	enum proc_id	 proc;
	int		 fd;

	(void)ipc;
	fd = child_take_peer(imsg, &proc);
	if (proc != PROC_QUORUM || has_quorum)
		fatalx("link to %s not expected", proc_name(proc));
	ipc_init(&quorum, fd, PROC_QUORUM, quorum_rules,
	    sizeof(quorum_rules) / sizeof(quorum_rules[0]), &self.phase,
	    IPC_MAXSIZE, 0);
	has_quorum = 1;
}

static void
notifier_setup_fd(struct ipc *ipc, struct imsg *imsg)
{
	struct imsg_fd	 what;
	int		 fd;

	(void)ipc;
	fd = child_take_fd(imsg, &what);
	switch (what.use) {
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
		fatalx("descriptor for use %d not expected", what.use);
	}
}

static void
notifier_setup_done(struct ipc *ipc, struct imsg *imsg)
{
	(void)ipc;
	(void)imsg;
	if (!has_quorum)
		fatalx("no link to %s", proc_name(PROC_QUORUM));
	child_ready(&self);
}

static void
notifier_alert_send(struct ipc *ipc, struct imsg *imsg)
{
	struct imsg_alert_send	 send;
	struct ibuf		 buf;
	struct alert		*a;
	struct alert_event	*ev;

	(void)ipc;
	if ((a = record_new(&alert_record)) == NULL ||
	    (ev = record_new(&alert_event_record)) == NULL)
		fatal("%s", __func__);
	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &send, sizeof(send)) == -1 ||
	    unpack_record(&buf, &alert_record, a) == -1 ||
	    unpack_record(&buf, &alert_event_record, ev) == -1 ||
	    ibuf_size(&buf) != 0)
		fatalx("%s: malformed", imsg_name(imsg_get_type(imsg)));
	notify_send(send.job, send.attempts, a, ev);
}

static void
notifier_alert_cancel(struct ipc *ipc, struct imsg *imsg)
{
	struct ibuf	 buf;
	char		*id;

	(void)ipc;
	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    (id = unpack_string(&buf, ALERT_ID_MAX)) == NULL ||
	    ibuf_size(&buf) != 0)
		fatalx("%s: malformed", imsg_name(imsg_get_type(imsg)));
	notify_cancel(id);
	free(id);
}

static void
notifier_report(uint64_t job, int sent, unsigned int attempts, const char *err)
{
	struct imsg_alert_result	 res;
	struct ibuf			*buf;

	memset(&res, 0, sizeof(res));
	res.job = job;
	res.sent = sent;
	res.attempts = attempts;
	if ((buf = ibuf_dynamic(0, sizeof(res) + NOTIFY_ERR_MAX)) == NULL ||
	    ibuf_add(buf, &res, sizeof(res)) == -1 ||
	    ibuf_add(buf, err, strlen(err)) == -1)
		fatal("%s", __func__);
	ipc_send_ibuf(&quorum, IMSG_ALERT_RESULT, 0, buf);
}
