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

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pack.h"
#include "quptimectl.h"
#include "version.h"

#define ANSWER_TIMEOUT	60000	/* ms without a row; a test alert takes 10 s */

/* What one request is: a message and, for most, one string. */
struct request {
	enum action	 action;
	uint32_t	 type;
	int		 named;		/* carries the name, "" for none */
};

static const struct request	 requests[] = {
	{ ACT_SHOW_STATUS,	IMSG_CTL_SHOW_STATUS,	0 },
	{ ACT_SHOW_CHECKS,	IMSG_CTL_SHOW_CHECKS,	1 },
	{ ACT_SHOW_ALERTS,	IMSG_CTL_SHOW_ALERTS,	0 },
	{ ACT_SHOW_SANDBOX,	IMSG_CTL_SHOW_PROCS,	0 },
	{ ACT_ALERT_TEST,	IMSG_CTL_ALERT_TEST,	1 },
	{ ACT_RELOAD,		IMSG_CTL_RELOAD,	0 }
};

static const struct {
	enum action	 action;
	enum ctl_op	 op;
} changes[] = {
	{ ACT_ADD,	CTL_ADD },
	{ ACT_EDIT,	CTL_EDIT },
	{ ACT_DEFAULT,	CTL_EDIT },
	{ ACT_REMOVE,	CTL_REMOVE },
	{ ACT_ENABLE,	CTL_ENABLE },
	{ ACT_DISABLE,	CTL_DISABLE }
};

static void	 usage(void) __attribute__((__noreturn__));
static int	 run(struct parse_result *, const struct output *,
		    const char *);
static int	 do_init(struct parse_result *, const char *,
		    const struct output *);
static int	 do_change(struct parse_result *, const struct output *,
		    const char *);
static int	 lookup_type(struct parse_result *, struct imsgbuf *);
static void	 lookup_check(const struct check *);
static void	 lookup_alert(const struct alert *);
static struct imsgbuf
		*ctl_connect(const char *);
static void	 ctl_close(struct imsgbuf *);
static void	 ctl_request(struct imsgbuf *, uint32_t, const char *);
static void	 ctl_send_change(struct imsgbuf *, enum ctl_op,
		    const struct parse_result *);
static void	 ctl_flush(struct imsgbuf *);
static int	 ctl_answer(struct imsgbuf *, const struct parse_result *,
		    const struct output *);
static void	 ctl_next(struct imsgbuf *, struct imsg *);
static void	 row(struct imsg *, const struct output *);
static void	 row_proc(struct imsg *, const struct output *);
static int	 result(struct imsg *, const struct parse_result *,
		    const struct output *);

static int		 alarm_seen;	/* something is down, or no quorum */
static const char	*lookup_name;
static char		 lookup_found[32];

static const struct output	 lookup_output = {
	.check_conf = lookup_check,
	.alert = lookup_alert
};

static void
usage(void)
{
	fprintf(stderr, "usage: quptimectl [-jV] [-D directory] [-s socket] "
	    "command [argument ...]\n");
	exit(EXIT_USAGE);
}

int
main(int argc, char *argv[])
{
	struct parse_result	 res;
	const struct output	*out;
	const char		*dir = NULL, *sock = NULL;
	int			 ch, ret;

	memset(&res, 0, sizeof(res));
	while ((ch = getopt(argc, argv, "+D:js:V")) != -1) {
		switch (ch) {
		case 'D':
			dir = optarg;
			break;
		case 'j':
			res.json = 1;
			break;
		case 's':
			sock = optarg;
			break;
		case 'V':
			printf("quptimectl %s\n", QUPTIMED_VERSION);
			return (0);
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 0)
		usage();
	if (parse(argc, argv, &res) == -1)
		return (EXIT_USAGE);

	out = res.json ? &json_output : &text_output;
	if (res.action == ACT_INIT)
		ret = do_init(&res, dir, out);
	else if (res.action == ACT_SHOW_VERSION) {
		out->head(&res);
		out->version(QUPTIMED_VERSION);
		ret = 0;
	} else
		ret = run(&res, out, sock);
	if (ret == 0 && out->tail() == -1) {
		warn("standard output");
		ret = EXIT_REFUSED;
	}
	parse_free(&res);
	if (ret == 0 && res.action == ACT_SHOW_STATUS && alarm_seen)
		ret = EXIT_ALARM;
	return (ret);
}

static int
run(struct parse_result *res, const struct output *out, const char *sock)
{
	struct imsgbuf	*ibuf;
	int32_t		 verbose = res->action == ACT_LOG_VERBOSE;
	size_t		 i;
	int		 ret;

	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (changes[i].action == res->action)
			return (do_change(res, out, sock));

	ibuf = ctl_connect(sock);
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].action == res->action)
			break;
	if (i == sizeof(requests) / sizeof(requests[0])) {
		if (imsg_compose(ibuf, IMSG_CTL_LOG, 0, 0, -1, &verbose,
		    sizeof(verbose)) == -1)
			err(EXIT_REFUSED, "request");
	} else
		ctl_request(ibuf, requests[i].type,
		    requests[i].named ? str(res->name) : NULL);
	out->head(res);
	ret = ctl_answer(ibuf, res, out);
	ctl_close(ibuf);
	return (ret);
}

/* The identity of a node that does not run yet. */
static int
do_init(struct parse_result *res, const char *dir, const struct output *out)
{
	char		 buf[640], text[1600];
	struct paths	 paths;
	struct node	 node;
	struct verr	 verr;
	size_t		 i;

	memset(&verr, 0, sizeof(verr));
	memset(&node, 0, sizeof(node));
	if (parse_settings(res, NULL) == -1)
		return (EXIT_USAGE);
	for (i = 0; i < res->nsettings; i++)
		field_set(res->settings[i].field, &node,
		    res->settings[i].value, &verr);
	if (paths_init(&paths, dir) == -1)
		errx(EXIT_REFUSED, "the data directory's path is too long");
	if (nodeconf_init(&paths, &node, &verr) == -1) {
		warnx("%s", verr_string(&verr, buf, sizeof(buf)));
		record_clear(&node_record, &node);
		return (EXIT_REFUSED);
	}
	snprintf(text, sizeof(text), "initialised node %s\ndata dir: %s\n"
	    "advertise: %s", str(node.node_id), paths.dir,
	    nodeconf_advertise(&node, buf, sizeof(buf)));
	out->head(res);
	out->result(res, 1, text);
	record_clear(&node_record, &node);
	return (0);
}

static int
do_change(struct parse_result *res, const struct output *out,
    const char *sock)
{
	struct imsgbuf	*ibuf = NULL;
	size_t		 i;
	int		 ret;

	/* What the flags mean depends on the type; an edit has to ask. */
	if (res->action == ACT_EDIT) {
		if (res->nsettings == 0) {
			warnx("nothing to edit: no flag is given");
			return (EXIT_USAGE);
		}
		ibuf = ctl_connect(sock);
		if ((ret = lookup_type(res, ibuf)) != 0) {
			ctl_close(ibuf);
			return (ret);
		}
		res->type = lookup_found;
	}
	if (parse_settings(res, res->type) == -1) {
		if (ibuf != NULL)
			ctl_close(ibuf);
		return (EXIT_USAGE);
	}
	if (res->action == ACT_ADD) {
		parse_add(res, "type", res->type);
		if (res->target != NULL)
			parse_add(res, "target", res->target);
		parse_add(res, "name", res->name);
		if (parse_settings(res, res->type) == -1)
			return (EXIT_USAGE);
	}
	if (ibuf == NULL)
		ibuf = ctl_connect(sock);
	for (i = 0; changes[i].action != res->action; i++)
		;
	ctl_send_change(ibuf, changes[i].op, res);
	out->head(res);
	ret = ctl_answer(ibuf, res, out);
	ctl_close(ibuf);
	return (ret);
}

static int
lookup_type(struct parse_result *res, struct imsgbuf *ibuf)
{
	int	 ret;

	lookup_name = res->name;
	lookup_found[0] = '\0';
	if (res->object == CTL_CHECK)
		ctl_request(ibuf, IMSG_CTL_SHOW_CHECKS, res->name);
	else
		ctl_request(ibuf, IMSG_CTL_SHOW_ALERTS, NULL);
	if ((ret = ctl_answer(ibuf, res, &lookup_output)) != 0)
		return (ret);
	if (lookup_found[0] == '\0') {
		warnx("no such %s \"%s\"", res->rec->name, res->name);
		return (EXIT_REFUSED);
	}
	return (0);
}

static void
lookup_check(const struct check *check)
{
	strlcpy(lookup_found, str(check->type), sizeof(lookup_found));
}

static void
lookup_alert(const struct alert *alert)
{
	if (strcmp(str(alert->name), lookup_name) == 0 ||
	    strcmp(str(alert->id), lookup_name) == 0)
		strlcpy(lookup_found, str(alert->type), sizeof(lookup_found));
}

static struct imsgbuf *
ctl_connect(const char *sock)
{
	static struct imsgbuf	 ibuf;
	struct sockaddr_un	 sun;
	uint32_t		 version = CTL_VERSION;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (socket_path(sock, sun.sun_path, sizeof(sun.sun_path)) == -1)
		errx(EXIT_REFUSED, "the control socket's path is too long");
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		err(EXIT_REFUSED, "socket");
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(EXIT_REFUSED, "%s: is quptimed running?", sun.sun_path);
	if (imsgbuf_init(&ibuf, fd) == -1 ||
	    imsgbuf_set_maxsize(&ibuf, CTL_MAXSIZE) == -1)
		err(EXIT_REFUSED, "imsgbuf");
	if (imsg_compose(&ibuf, IMSG_CTL_HELLO, 0, 0, -1, &version,
	    sizeof(version)) == -1)
		err(EXIT_REFUSED, "request");
	return (&ibuf);
}

static void
ctl_close(struct imsgbuf *ibuf)
{
	imsgbuf_clear(ibuf);
	close(ibuf->fd);
}

static void
ctl_request(struct imsgbuf *ibuf, uint32_t type, const char *name)
{
	struct ibuf	*buf;

	if ((buf = imsg_create(ibuf, type, 0, 0, 0)) == NULL ||
	    (name != NULL && pack_string(buf, name) == -1))
		err(EXIT_REFUSED, "request");
	imsg_close(ibuf, buf);
}

static void
ctl_send_change(struct imsgbuf *ibuf, enum ctl_op op,
    const struct parse_result *res)
{
	struct ctl_mutate	 mutate;
	struct ibuf		*buf;
	size_t			 i;
	int			 failed;

	memset(&mutate, 0, sizeof(mutate));
	mutate.op = op;
	mutate.object = res->object;
	mutate.npairs = res->nsettings;
	if ((buf = imsg_create(ibuf, IMSG_CTL_MUTATE, 0, 0,
	    sizeof(mutate))) == NULL)
		err(EXIT_REFUSED, "request");
	failed = imsg_add(buf, &mutate, sizeof(mutate)) == -1 ||
	    pack_string(buf, res->name) == -1;
	for (i = 0; i < res->nsettings && !failed; i++)
		failed = pack_string(buf, res->settings[i].field->yaml) == -1 ||
		    pack_string(buf, res->settings[i].value) == -1;
	if (failed)
		errx(EXIT_REFUSED, "the change is larger than %d bytes",
		    CTL_MAXSIZE);
	imsg_close(ibuf, buf);
}

static void
ctl_flush(struct imsgbuf *ibuf)
{
	/* Closed there: an answer that says why may still be to read. */
	if (imsgbuf_flush(ibuf) == -1 && errno != EPIPE &&
	    errno != ECONNRESET)
		err(EXIT_REFUSED, "quptimed");
}

/* Shows rows until the result, whose code becomes the exit code. */
static int
ctl_answer(struct imsgbuf *ibuf, const struct parse_result *res,
    const struct output *out)
{
	struct imsg	 imsg;
	int		 ret = -1;

	ctl_flush(ibuf);
	while (ret == -1) {
		ctl_next(ibuf, &imsg);
		if (imsg_get_type(&imsg) == IMSG_CTL_RESULT)
			ret = result(&imsg, res, out);
		else
			row(&imsg, out);
		imsg_free(&imsg);
	}
	return (ret);
}

static void
ctl_next(struct imsgbuf *ibuf, struct imsg *imsg)
{
	struct pollfd	 pfd;
	int		 n;

	for (;;) {
		if ((n = imsgbuf_get(ibuf, imsg)) == -1)
			err(EXIT_REFUSED, "answer");
		if (n == 1)
			return;
		pfd.fd = ibuf->fd;
		pfd.events = POLLIN;
		if ((n = poll(&pfd, 1, ANSWER_TIMEOUT)) == 0)
			errx(EXIT_REFUSED, "quptimed does not answer");
		if (n == -1 && errno != EINTR)
			err(EXIT_REFUSED, "poll");
		if (n == -1)
			continue;
		if ((n = imsgbuf_read(ibuf)) == -1)
			err(EXIT_REFUSED, "quptimed");
		if (n == 0)
			errx(EXIT_REFUSED, "quptimed closed the connection");
	}
}

/* One macro arm a record type: unpack, show, free. */
#define ROW(msg, type, member, rec)					\
	case msg: {							\
		struct type r;						\
									\
		memset(&r, 0, sizeof(r));				\
		if (unpack_record(&buf, &rec, &r) == -1)		\
			errx(EXIT_REFUSED, "malformed answer");		\
		if (out->member != NULL)				\
			out->member(&r);				\
		record_clear(&rec, &r);					\
		break;							\
	}

static void
row(struct imsg *imsg, const struct output *out)
{
	struct ibuf	 buf;

	if (imsg_get_ibuf(imsg, &buf) == -1)
		errx(EXIT_REFUSED, "empty answer");
	switch (imsg_get_type(imsg)) {
	case IMSG_CTL_STATUS: {
		struct status s;

		memset(&s, 0, sizeof(s));
		if (unpack_record(&buf, &status_record, &s) == -1)
			errx(EXIT_REFUSED, "malformed answer");
		if (s.checks_down > 0 || !s.has_quorum)
			alarm_seen = 1;
		if (out->status != NULL)
			out->status(&s);
		record_clear(&status_record, &s);
		break;
	}
	ROW(IMSG_CTL_PEER, peer_status, peer, peer_status_record)
	ROW(IMSG_CTL_CHECK, check_status, check, check_status_record)
	ROW(IMSG_CTL_CHECK_CONF, check, check_conf, check_record)
	ROW(IMSG_CTL_ALERT, alert, alert, alert_record)
	case IMSG_CTL_PROC:
		row_proc(imsg, out);
		break;
	default:
		errx(EXIT_REFUSED, "an answer of type %u is not known here",
		    imsg_get_type(imsg));
	}
}

static void
row_proc(struct imsg *imsg, const struct output *out)
{
	struct ctl_proc	 proc;
	struct procinfo	 info;

	if (imsg_get_data(imsg, &proc, sizeof(proc)) == -1 ||
	    proc.proc < 0 || proc.proc >= PROC_COUNT || proc.pid <= 0)
		errx(EXIT_REFUSED, "malformed answer");
	procinfo_read(proc.proc, proc.pid, &info);
	if (out->proc != NULL)
		out->proc(&info);
}

static int
result(struct imsg *imsg, const struct parse_result *res,
    const struct output *out)
{
	struct ctl_result	 r;
	struct ibuf		 buf;
	char			*text;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &r, sizeof(r)) == -1 ||
	    (text = unpack_string(&buf, CTL_MAXSIZE)) == NULL)
		errx(EXIT_REFUSED, "malformed answer");
	if (r.code != CTL_OK)
		warnx("%s", text[0] != '\0' ? text : "refused");
	else if (out->result != NULL)
		out->result(res, r.version, text);
	free(text);
	return (r.code == CTL_OK ? 0 : EXIT_REFUSED);
}
