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

#include "fmt.h"
#include "pack.h"
#include "quptimectl.h"
#include "resolve.h"
#include "template.h"
#include "version.h"

/*
 * Milliseconds without a row: a change waits 12 s for a majority, a test alert
 * up to 10 s for each try.
 */
#define ANSWER_TIMEOUT	60000
#define NO_TIMEOUT	(-1)	/* somebody has to approve, or to interrupt */
#define PEERS_TRIES	60
#define PEERS_PAUSE	100	/* ms */
#define TOKEN_MAX	(CTL_MAXSIZE - 2048)

/* What one request is: a message, and what is written into it. */
struct request {
	enum action	 action;
	uint32_t	 type;
	/* 0 or -1; NULL: nothing. */
	int		(*fill)(struct ibuf *, const struct parse_result *);
	int		 timeout;
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
static int	 try_rules(const struct parse_result *);
static int	 peer_address_check(const struct peer *, struct verr *);
static int	 lookup_type(struct parse_result *, struct imsgbuf *);
static void	 lookup_check(const struct check *);
static void	 lookup_alert(const struct alert *);
static int	 do_join(struct parse_result *, const struct output *,
		    const char *);
static void	 await_peers(struct imsgbuf *, const struct parse_result *);
static void	 await_peer(const struct peer_status *);
static char	*read_token(const char *);
static int	 fill_name(struct ibuf *, const struct parse_result *);
static int	 fill_log(struct ibuf *, const struct parse_result *);
static int	 fill_resolvers(struct ibuf *, const struct parse_result *);
static int	 fill_enroll(struct ibuf *, const struct parse_result *);
static int	 fill_join(struct ibuf *, const struct parse_result *);
static int	 fill_test(struct ibuf *, const struct parse_result *);
static struct imsgbuf
		*ctl_connect(const char *);
static void	 ctl_close(struct imsgbuf *);
static void	 ctl_send_change(struct imsgbuf *, enum ctl_op,
		    const struct parse_result *);
static void	 ctl_flush(struct imsgbuf *);
static void	 ctl_next(struct imsgbuf *, struct imsg *);
static void	 row(struct imsg *, const struct output *);
static void	 row_string(struct ibuf *, void (*)(const char *));
static void	 row_proc(struct imsg *, const struct output *);
static int	 result(struct imsg *, const struct parse_result *,
		    const struct output *);

static const struct request	 requests[] = {
	{ ACT_SHOW_STATUS, IMSG_CTL_SHOW_STATUS, NULL, ANSWER_TIMEOUT },
	{ ACT_SHOW_CHECKS, IMSG_CTL_SHOW_CHECKS, fill_name, ANSWER_TIMEOUT },
	{ ACT_SHOW_ALERTS, IMSG_CTL_SHOW_ALERTS, NULL, ANSWER_TIMEOUT },
	{ ACT_SHOW_PEERS, IMSG_CTL_SHOW_PEERS, NULL, ANSWER_TIMEOUT },
	{ ACT_SHOW_RESOLVERS, IMSG_CTL_SHOW_RESOLVERS, NULL, ANSWER_TIMEOUT },
	{ ACT_SHOW_SANDBOX, IMSG_CTL_SHOW_PROCS, NULL, ANSWER_TIMEOUT },
	{ ACT_SHOW_TOKENS, IMSG_CTL_SHOW_TOKENS, NULL, ANSWER_TIMEOUT },
	{ ACT_SHOW_TRUST, IMSG_CTL_SHOW_TRUST, NULL, ANSWER_TIMEOUT },
	{ ACT_ALERT_TEST, IMSG_CTL_ALERT_TEST, fill_name, ANSWER_TIMEOUT },
	{ ACT_CHECK_TEST, IMSG_CTL_CHECK_TEST, fill_test, ANSWER_TIMEOUT },
	{ ACT_EXPORT, IMSG_CTL_SHOW_CONFIG, NULL, ANSWER_TIMEOUT },
	{ ACT_TRUST_REMOVE, IMSG_CTL_TRUST_REMOVE, fill_name, ANSWER_TIMEOUT },
	{ ACT_UPGRADE, IMSG_CTL_UPGRADE, NULL, ANSWER_TIMEOUT },
	{ ACT_RESOLVERS_SET, IMSG_CTL_RESOLVERS, fill_resolvers,
	    ANSWER_TIMEOUT },
	{ ACT_RESOLVERS_CLEAR, IMSG_CTL_RESOLVERS, fill_resolvers,
	    ANSWER_TIMEOUT },
	{ ACT_ENROLL_CREATE, IMSG_CTL_ENROLL_CREATE, fill_enroll,
	    ANSWER_TIMEOUT },
	{ ACT_ENROLL_APPROVE, IMSG_CTL_ENROLL_APPROVE, fill_name,
	    ANSWER_TIMEOUT },
	{ ACT_ENROLL_REVOKE, IMSG_CTL_ENROLL_REVOKE, fill_name,
	    ANSWER_TIMEOUT },
	{ ACT_JOIN, IMSG_CTL_JOIN, fill_join, NO_TIMEOUT },
	{ ACT_MONITOR, IMSG_CTL_MONITOR, NULL, NO_TIMEOUT },
	{ ACT_RELOAD, IMSG_CTL_RELOAD, NULL, ANSWER_TIMEOUT },
	{ ACT_LOG_BRIEF, IMSG_CTL_LOG, fill_log, ANSWER_TIMEOUT },
	{ ACT_LOG_VERBOSE, IMSG_CTL_LOG, fill_log, ANSWER_TIMEOUT }
};

static int		 alarm_seen;	/* something is down, or no quorum */
static const char	*lookup_name;
static void		*lookup_found;	/* the object that is edited */
static int		 timeout = ANSWER_TIMEOUT;	/* of the request */
static int		 live_seen;	/* another node, */
static int		 master_seen;	/* and a master */

static const struct output	 await_output = {
	.peer = await_peer
};
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
	if ((ret == 0 || ret == EXIT_ALARM) && out->tail() == -1) {
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
	size_t		 i;
	int		 ret;

	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (changes[i].action == res->action)
			return (do_change(res, out, sock));
	if (res->rec != NULL && res->nsettings > 0 &&
	    parse_settings(res, NULL) == -1)
		return (EXIT_USAGE);
	if (res->action == ACT_JOIN)
		return (do_join(res, out, sock));

	ibuf = ctl_connect(sock);
	if (res->action == ACT_EXPORT)
		ret = apply_export(ibuf, res, out);
	else if (res->action == ACT_APPLY)
		ret = apply_file(ibuf, res, out);
	else {
		ctl_request(ibuf, res->action, res);
		out->head(res);
		ret = ctl_answer(ibuf, res, out);
	}
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

/* What is done is told as it is done; then, who is there. */
static int
do_join(struct parse_result *res, const struct output *out, const char *sock)
{
	struct parse_result	 peers;
	struct imsgbuf		*ibuf;
	char			*token;
	int			 ret;

	if ((token = read_token(res->name)) == NULL)
		return (EXIT_REFUSED);
	res->name = token;
	ibuf = ctl_connect(sock);
	ctl_request(ibuf, ACT_JOIN, res);
	freezero(token, strlen(token));
	res->name = NULL;
	out->head(res);
	ret = ctl_answer(ibuf, res, out);
	if (ret == 0) {
		memset(&peers, 0, sizeof(peers));
		peers.action = ACT_SHOW_PEERS;
		await_peers(ibuf, &peers);
		ctl_request(ibuf, ACT_SHOW_PEERS, &peers);
		ret = ctl_answer(ibuf, &peers, out);
	}
	ctl_close(ibuf);
	return (ret);
}

/*
 * Until another node has been heard of and there is a master: before, the list
 * would look bleak, and changes would be refused.
 */
static void
await_peers(struct imsgbuf *ibuf, const struct parse_result *res)
{
	int	 i;

	for (i = 0; i < PEERS_TRIES; i++) {
		live_seen = master_seen = 0;
		ctl_request(ibuf, ACT_SHOW_PEERS, res);
		if (ctl_answer(ibuf, res, &await_output) != 0 ||
		    (live_seen && master_seen))
			return;
		(void)poll(NULL, 0, PEERS_PAUSE);
	}
}

static void
await_peer(const struct peer_status *p)
{
	if (p->live && !p->self)
		live_seen = 1;
	if (p->master)
		master_seen = 1;
}

/* The word itself, or the first line of standard input for "-". */
static char *
read_token(const char *word)
{
	char	*token;
	size_t	 len;

	if ((token = calloc(1, TOKEN_MAX + 1)) == NULL)
		err(EXIT_REFUSED, NULL);
	if (strcmp(word, "-") != 0)
		len = strlcpy(token, word, TOKEN_MAX + 1);
	else if (fgets(token, TOKEN_MAX + 1, stdin) == NULL) {
		warnx("standard input: no token");
		free(token);
		return (NULL);
	} else {
		token[strcspn(token, "\r\n")] = '\0';
		len = strlen(token);
	}
	if (len >= TOKEN_MAX) {
		warnx("a token is shorter than that");
		freezero(token, TOKEN_MAX + 1);
		return (NULL);
	}
	return (token);
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
		if (res->object != CTL_PEER) {
			if ((ret = lookup_type(res, ibuf)) != 0) {
				ctl_close(ibuf);
				return (ret);
			}
			res->type = *(char **)field_ptr(record_field(res->rec,
			    "type"), lookup_found);
		}
	}
	ret = parse_settings(res, res->type);
	if (ret == 0 && res->action == ACT_ADD) {
		parse_add(res, "type", res->type);
		if (res->target != NULL)
			parse_add(res, "target", res->target);
		parse_add(res, "name", res->name);
		if ((ret = parse_defaults(res)) == 0)
			ret = parse_settings(res, res->type);
	}
	if (ret == -1 || try_rules(res) == -1) {
		if (ibuf != NULL)
			ctl_close(ibuf);
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
	record_free(res->rec, lookup_found);
	lookup_found = NULL;
	return (ret);
}

/* What the object would be, by the rules across its fields. */
static int
try_rules(const struct parse_result *res)
{
	const struct field	*f;
	struct verr		 ve;
	void			*rec;
	int			 rv;

	if (res->action != ACT_ADD && res->action != ACT_EDIT)
		return (0);
	memset(&ve, 0, sizeof(ve));
	rec = lookup_found != NULL ? record_dup(res->rec, lookup_found) :
	    record_new(res->rec);
	if (rec == NULL)
		err(EXIT_REFUSED, NULL);
	parse_into(res, rec);
	if (res->object == CTL_ALERT) {
		rv = template_check(rec, lookup_found, &ve);
		if (rv == 0)
			rv = alert_masked_check(rec, &ve);
	} else if (res->object == CTL_PEER)
		rv = peer_address_check(rec, &ve);
	else
		rv = res->rec->check(rec, &ve);
	record_free(res->rec, rec);
	if (rv == 0)
		return (0);
	f = record_field(res->rec, ve.path);
	if (f != NULL && f->flag != NULL && res->action == ACT_EDIT)
		warnx("--%s: %s", f->flag, ve.msg);
	else
		warnx("%s: %s", ve.path, ve.msg);
	return (-1);
}

/* A file may have one without a port; who types it is held to the rule. */
static int
peer_address_check(const struct peer *peer, struct verr *ve)
{
	struct node	 node;

	memset(&node, 0, sizeof(node));
	node.advertise = peer->advertise;
	if (*str(peer->advertise) == '\0')
		return (verr_set(ve, "advertise", "must be host:port"));
	return (node_record.check(&node, ve));
}

static int
lookup_type(struct parse_result *res, struct imsgbuf *ibuf)
{
	int	 ret;

	lookup_name = res->name;
	lookup_found = NULL;
	if (res->object == CTL_CHECK)
		ctl_request(ibuf, ACT_SHOW_CHECKS, res);
	else
		ctl_request(ibuf, ACT_SHOW_ALERTS, res);
	if ((ret = ctl_answer(ibuf, res, &lookup_output)) != 0)
		return (ret);
	if (lookup_found == NULL) {
		warnx("no such %s \"%s\"", res->rec->name, res->name);
		return (EXIT_REFUSED);
	}
	return (0);
}

static void
lookup_check(const struct check *check)
{
	if ((lookup_found = record_dup(&check_record, check)) == NULL)
		err(EXIT_REFUSED, NULL);
}

static void
lookup_alert(const struct alert *alert)
{
	if (strcmp(str(alert->name), lookup_name) != 0 &&
	    strcmp(str(alert->id), lookup_name) != 0)
		return;
	record_free(&alert_record, lookup_found);
	if ((lookup_found = record_dup(&alert_record, alert)) == NULL)
		err(EXIT_REFUSED, NULL);
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

void
ctl_request(struct imsgbuf *ibuf, enum action action,
    const struct parse_result *res)
{
	const struct request	*r = requests;
	struct ibuf		*buf;

	while (r->action != action)
		r++;
	if ((buf = imsg_create(ibuf, r->type, 0, 0, 0)) == NULL)
		err(EXIT_REFUSED, "request");
	if (r->fill != NULL && r->fill(buf, res) == -1)
		errx(EXIT_REFUSED, "the request is larger than %d bytes",
		    CTL_MAXSIZE);
	timeout = r->timeout;
	imsg_close(ibuf, buf);
}

/* "" for none. */
static int
fill_name(struct ibuf *buf, const struct parse_result *res)
{
	return (pack_string(buf, str(res->name)));
}

static int
fill_log(struct ibuf *buf, const struct parse_result *res)
{
	int32_t	 verbose = res->action == ACT_LOG_VERBOSE;

	return (imsg_add(buf, &verbose, sizeof(verbose)));
}

/* Commas between them; blanks around them do not count. */
static int
fill_resolvers(struct ibuf *buf, const struct parse_result *res)
{
	const struct field	*f = record_field(&cluster_record, "resolvers");
	struct cluster		 cl;
	struct verr		 ve;
	char			 vis[256];
	uint32_t		 i;
	int			 rv;

	memset(&cl, 0, sizeof(cl));
	memset(&ve, 0, sizeof(ve));
	if (res->action == ACT_RESOLVERS_SET &&
	    (field_set(f, &cl, res->name, &ve) == -1 ||
	    field_validate(f, &cl, &ve) == -1))
		errx(EXIT_USAGE, "%s: %s", res->name, ve.msg);
	if (res->action == ACT_RESOLVERS_SET && cl.resolvers.n == 0)
		errx(EXIT_USAGE, "resolvers: \"clear\" takes them away");
	addr_zones_init();
	for (i = 0; i < cl.resolvers.n; i++)
		if (!addr_isserver(cl.resolvers.v[i]))
			errx(EXIT_USAGE, "resolver %s: must be address or "
			    "address:port", fmt_vis(cl.resolvers.v[i], vis,
			    sizeof(vis)));
	addr_zones_clear();
	rv = imsg_add(buf, &cl.resolvers.n, sizeof(cl.resolvers.n));
	for (i = 0; i < cl.resolvers.n && rv != -1; i++)
		rv = pack_string(buf, cl.resolvers.v[i]);
	record_clear(&cluster_record, &cl);
	return (rv == -1 ? -1 : 0);
}

static int
fill_enroll(struct ibuf *buf, const struct parse_result *res)
{
	struct ctl_enroll	 ctl;
	struct enroll_args	 args;
	int			 rv;

	memset(&ctl, 0, sizeof(ctl));
	memset(&args, 0, sizeof(args));
	parse_into(res, &args);
	ctl.ttl = args.ttl;
	ctl.auto_approve = args.auto_approve;
	rv = imsg_add(buf, &ctl, sizeof(ctl)) == -1 ||
	    pack_string(buf, str(args.name)) == -1 ? -1 : 0;
	record_clear(&enroll_args_record, &args);
	return (rv);
}

static int
fill_join(struct ibuf *buf, const struct parse_result *res)
{
	struct join_args	 args;
	int			 rv;

	memset(&args, 0, sizeof(args));
	parse_into(res, &args);
	rv = pack_string(buf, res->name) == -1 ||
	    pack_string(buf, str(args.advertise)) == -1 ? -1 : 0;
	record_clear(&join_args_record, &args);
	return (rv);
}

static int
fill_test(struct ibuf *buf, const struct parse_result *res)
{
	struct test_args	 args;
	int			 rv;

	memset(&args, 0, sizeof(args));
	parse_into(res, &args);
	rv = pack_string(buf, res->name) == -1 ||
	    pack_string(buf, str(args.state)) == -1 ? -1 : 0;
	record_clear(&test_args_record, &args);
	return (rv);
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

void
ctl_send(struct imsgbuf *ibuf, uint32_t type, const void *head, size_t len,
    const struct ibuf *rest)
{
	struct ibuf	*buf;

	if ((buf = imsg_create(ibuf, type, 0, 0, len)) == NULL ||
	    imsg_add(buf, head, len) == -1 || ibuf_add_ibuf(buf, rest) == -1)
		err(EXIT_REFUSED, "request");
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

int
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
		if ((n = poll(&pfd, 1, timeout)) == 0)
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
	ROW(IMSG_CTL_TOKEN, token_status, token, token_status_record)
	ROW(IMSG_CTL_TRUST, trust_entry, trust, trust_entry_record)
	ROW(IMSG_CTL_EVENT, event_row, event, event_row_record)
	ROW(IMSG_CTL_CHECK, check_status, check, check_status_record)
	ROW(IMSG_CTL_CHECK_CONF, check, check_conf, check_record)
	ROW(IMSG_CTL_NODE_RESULT, node_result, result_of, node_result_record)
	ROW(IMSG_CTL_ALERT, alert, alert, alert_record)
	case IMSG_CTL_PROC:
		row_proc(imsg, out);
		break;
	case IMSG_CTL_RESOLVER:
		row_string(&buf, out->resolver);
		break;
	case IMSG_CTL_PROGRESS:
		row_string(&buf, out->progress);
		break;
	default:
		errx(EXIT_REFUSED, "an answer of type %u is not known here",
		    imsg_get_type(imsg));
	}
}

static void
row_string(struct ibuf *buf, void (*show)(const char *))
{
	char	*s;

	if ((s = unpack_string(buf, CTL_MAXSIZE)) == NULL)
		errx(EXIT_REFUSED, "malformed answer");
	if (show != NULL)
		show(s);
	free(s);
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
