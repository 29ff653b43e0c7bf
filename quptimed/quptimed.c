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

#include "config.h"

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "parent.h"
#include "sandbox.h"
#include "version.h"
#include "yaml.h"

#ifdef QUPTIMED_SANITIZE
#define START_LIMIT	60	/* seconds until all children are set up */
#else
#define START_LIMIT	10
#endif
#define WATCH_INTERVAL	5	/* seconds between looks at watched files */
#define LOG_LINE_MAX	4096
#define NODE_NOTE	"that takes a restart"

static void	 usage(void) __attribute__((__noreturn__));
static void	 role_main(const char *) __attribute__((__noreturn__));
static void	 open_stdio(void);
static void	 find_self(struct parent *, char *);
static void	 make_datadir(struct parent *, const char *);
static int	 check_config(struct parent *, int);
static int	 check_file(const struct record *, size_t, const char *, int);
static void	 background(struct parent *);
static void	 start(struct parent *);
static void	 identity(struct parent *, struct keypair *);
static void	 find_users(struct parent *);
static void	 raise_limit(void);
static void	 on_signal(int, short, void *);
static void	 on_start_limit(int, short, void *);
static void	 on_watch(int, short, void *);
static void	 on_log_line(int, short, void *);
static int	 log_read(int);
static void	 log_line(char *);
static void	 to_syslog(int, const char *);

static struct parent	 parent;
static struct event	 limit_ev, watch_ev, log_ev;
static char		*argv0_end;

static void
usage(void)
{
	fprintf(stderr, "usage: quptimed [-dnVv] [-D directory] [-s socket]\n");
	exit(1);
}

int
main(int argc, char *argv[])
{
	const char	*dir = NULL, *sock = NULL;
	int		 ch, check = 0, verbose = 0;

	while ((ch = getopt(argc, argv, "dD:ns:vVx:")) != -1) {
		switch (ch) {
		case 'd':
			parent.debug = 1;
			break;
		case 'D':
			dir = optarg;
			break;
		case 'n':
			check = 1;
			break;
		case 's':
			sock = optarg;
			break;
		case 'v':
			verbose++;
			break;
		case 'V':
			printf("quptimed %s\n", QUPTIMED_VERSION);
			return (0);
		case 'x':
			role_main(optarg);
		default:
			usage();
		}
	}
	if (argc != optind)
		usage();

	open_stdio();
	tzset();
	log_init(parent.debug && getenv("JOURNAL_STREAM") != NULL ?
	    LOG_STYLE_PRIORITY : LOG_STYLE_PLAIN, verbose);
	log_procinit(proc_name(PROC_PARENT));
	signal(SIGPIPE, SIG_IGN);
	if (check) {
		if (paths_init(&parent.paths, dir) == -1)
			errx(1, "the data directory's path is too long");
		return (check_config(&parent, verbose));
	}
	find_self(&parent, argv[0]);
	make_datadir(&parent, dir);
	if (socket_path(sock, parent.sock, sizeof(parent.sock)) == -1)
		fatalx("the control socket's path is too long");
	parent.log_fds[0] = parent.log_fds[1] = parent.waiter_fd = -1;
	if (!parent.debug)
		background(&parent);
	start(&parent);
	event_dispatch();
	parent_exit(&parent, 1);
}

static void
role_main(const char *role)
{
	static const struct {
		enum proc_id	 proc;
		void		(*entry)(void);
	} roles[] = {
		{ PROC_ENGINE,		engine_main },
		{ PROC_QUORUM,		quorum_main },
		{ PROC_PROBER,		prober_main },
		{ PROC_NOTIFIER,	notifier_main }
	};
	size_t	 i;

	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(role, proc_name(roles[i].proc)) == 0)
			roles[i].entry();
	usage();
}

/* What is opened later must not become one of the three by accident. */
static void
open_stdio(void)
{
	int	 fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			exit(1);
	} while (fd <= STDERR_FILENO);
	close(fd);
}

/* The program by an absolute name, as children change their directory. */
static void
find_self(struct parent *p, char *argv0)
{
	char	 buf[PATH_MAX];
	ssize_t	 n;

	if ((n = readlink("/proc/self/exe", buf, sizeof(buf) - 1)) > 0)
		buf[n] = '\0';
	else if (strchr(argv0, '/') == NULL || realpath(argv0, buf) == NULL)
		fatalx("%s: to be started by its path", argv0);
	if (strlcpy(p->self, buf, sizeof(p->self)) >= sizeof(p->self))
		fatalx("%s: path too long", buf);
	argv0_end = argv0 + strlen(argv0);
}

static void
make_datadir(struct parent *p, const char *dir)
{
	char	 buf[PATH_MAX], *slash;

	if (paths_init(&p->paths, dir) == -1)
		fatalx("the data directory's path is too long");
	/* With what is above it: a new user has no $HOME/.config yet. */
	strlcpy(buf, p->paths.dir, sizeof(buf));
	for (slash = buf + 1; slash != NULL; ) {
		if ((slash = strchr(slash, '/')) != NULL)
			*slash = '\0';
		if (mkdir(buf, 0700) == -1 && errno != EEXIST &&
		    access(buf, F_OK) == -1)
			fatal("%s", buf);
		if (slash != NULL)
			*slash++ = '/';
	}
	if (realpath(p->paths.dir, buf) == NULL)
		fatal("%s", p->paths.dir);
	if (paths_init(&p->paths, buf) == -1)
		fatalx("the data directory's path is too long");
}

/*
 * What the daemon makes anew when it starts may be missing, but not all of it:
 * then it is the wrong directory.
 */
static int
check_config(struct parent *p, int verbose)
{
	const struct {
		const struct record	*rec;
		size_t			 size;
		const char		*path;
	} files[] = {
		{ &node_record, sizeof(struct node), p->paths.node },
		{ &cluster_record, sizeof(struct cluster), p->paths.cluster },
		{ &trust_record, sizeof(struct trust), p->paths.trust }
	};
	struct verr	 verr;
	char		 buf[1024];
	size_t		 i, found = 0;
	int		 bad = 0;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (access(files[i].path, F_OK) == -1 && errno == ENOENT)
			continue;
		found++;
		bad |= check_file(files[i].rec, files[i].size, files[i].path,
		    verbose && files[i].rec != &trust_record);
	}
	if (found == 0) {
		fprintf(stderr, "%s: there is no node here\n", p->paths.dir);
		return (1);
	}
	/* The environment has a say in node.yaml, and may be wrong too. */
	memset(&verr, 0, sizeof(verr));
	if (!bad && access(p->paths.node, F_OK) == 0 &&
	    nodeconf_load(&p->paths, &p->node, &verr) == -1) {
		fprintf(stderr, "%s\n", verr_string(&verr, buf, sizeof(buf)));
		bad = 1;
	}
	record_clear(&node_record, &p->node);
	return (bad);
}

static int
check_file(const struct record *rec, size_t size, const char *path,
    int verbose)
{
	struct verr	 verr;
	char		 buf[1024], *text;
	void		*r;
	size_t		 len;
	int		 fd, failed;

	if ((r = calloc(1, size)) == NULL)
		err(1, NULL);
	memset(&verr, 0, sizeof(verr));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		free(r);
		return (1);
	}
	failed = yaml_read(rec, r, path, fd, &verr) == -1;
	close(fd);
	if (failed)
		fprintf(stderr, "%s\n", verr_string(&verr, buf, sizeof(buf)));
	else if (verbose && record_mask(rec, r) == 0 &&
	    (text = yaml_format(rec, r, &len)) != NULL) {
		fputs(text, stdout);
		freezero(text, len);
	}
	record_clear(rec, r);
	free(r);
	return (failed);
}

/*
 * Goes into the background.  The process that was started waits until all is
 * set up, or not, and exits accordingly; until then messages go to the
 * terminal as well.
 */
static void
background(struct parent *p)
{
	int	 waiter[2], null;
	char	 c;

	if (pipe2(waiter, O_CLOEXEC) == -1 ||
	    pipe2(p->log_fds, O_CLOEXEC) == -1)
		fatal("pipe");
	switch (fork()) {
	case -1:
		fatal("fork");
	case 0:
		break;
	default:
		close(waiter[1]);
		_exit(read(waiter[0], &c, 1) == 1 ? 0 : 1);
	}
	close(waiter[0]);
	p->waiter_fd = waiter[1];
	if (setsid() == -1 || chdir("/") == -1)
		fatal("background");
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		fatal("/dev/null");
	p->null_fd = null;
	openlog("quptimed", LOG_NDELAY | LOG_PID, LOG_DAEMON);
	log_sink(to_syslog);
	if (setenv("QUPTIMED_LOG", "priority", 1) == -1)
		fatal("setenv");
}

static void
start(struct parent *p)
{
	static struct event	 signals[4];
	static const int	 signos[] = { SIGTERM, SIGINT, SIGHUP,
				    SIGCHLD };
	struct timeval		 tv = { START_LIMIT, 0 };
	struct keypair		 keys;
	size_t			 i;
	int			 listen_fd;

	if (p->debug && getenv("JOURNAL_STREAM") != NULL &&
	    setenv("QUPTIMED_LOG", "priority", 1) == -1)
		fatal("setenv");
	p->phase = PH_SETUP;
	p->owner = geteuid();
	if ((p->lock_fd = open_lock(&p->paths)) == -1)
		exit(1);
	identity(p, &keys);
	if (p->owner == 0) {
		find_users(p);
		open_ownership(p);
	}
	raise_limit();
	if ((listen_fd = open_listener(&p->node)) == -1)
		exit(1);
	if ((p->control_fd = open_control(p)) == -1)
		exit(1);

	event_init();
	ipc_set_namer(imsg_name);
	for (i = 0; i < sizeof(signos) / sizeof(signos[0]); i++) {
		signal_set(&signals[i], signos[i], on_signal, p);
		signal_add(&signals[i], NULL);
	}
	if (p->log_fds[0] != -1) {
		event_set(&log_ev, p->log_fds[0], EV_READ | EV_PERSIST,
		    on_log_line, p);
		event_add(&log_ev, NULL);
	}
	evtimer_set(&limit_ev, on_start_limit, p);
	evtimer_add(&limit_ev, &tv);
	procs_start(p);
	procs_setup(p, listen_fd, &keys);
	keys_clear(&keys);
}

/* Who this node is; a directory that knows nobody gets a new identity. */
static void
identity(struct parent *p, struct keypair *keys)
{
	struct verr	 verr;
	char		 buf[1024];

	memset(&verr, 0, sizeof(verr));
	file_sweep(p->paths.dir);
	file_sweep(p->paths.keydir);
	if (access(p->paths.node, F_OK) == -1 && errno == ENOENT) {
		if (nodeconf_init(&p->paths, &p->node, &verr) == -1)
			fatalx("%s", verr_string(&verr, buf, sizeof(buf)));
		log_info("%s: made the new node %s", p->paths.dir,
		    str(p->node.node_id));
		record_clear(&node_record, &p->node);
	}
	if (nodeconf_load(&p->paths, &p->node, &verr) == -1 ||
	    keys_load(&p->paths, keys, &verr) == -1)
		fatalx("%s", verr_string(&verr, buf, sizeof(buf)));
	if (strcmp(keys->cn, str(p->node.node_id)) != 0)
		log_warnx("node_id %s is not the name in %s, which is %s",
		    str(p->node.node_id), p->paths.cert, keys->cn);
}

static void
find_users(struct parent *p)
{
	struct passwd	*pw;

	if (getpwnam(QUPTIMED_USER) == NULL)
		log_warnx("there is no user %s, using %s", QUPTIMED_USER,
		    FALLBACK_USER);
	if ((pw = getpwnam(QUPTIMEQ_USER)) == NULL) {
		log_warnx("there is no user %s, using %s", QUPTIMEQ_USER,
		    FALLBACK_USER);
		if ((pw = getpwnam(FALLBACK_USER)) == NULL)
			fatalx("there is no user %s either", FALLBACK_USER);
	}
	p->quorum_uid = pw->pw_uid;
	p->quorum_gid = pw->pw_gid;
	endpwent();
}

/* A probe is a descriptor. */
static void
raise_limit(void)
{
	struct rlimit	 rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		log_warn("setrlimit");
}

void
parent_ready(struct parent *p)
{
	char			 sockdir[sizeof(p->sock)];
	struct sandbox_path	 paths[8];
	struct timeval		 tv = { WATCH_INTERVAL, 0 };
	struct watched		*w;
	size_t			 n = 0;

	evtimer_del(&limit_ev);
	if (p->empty[0] != '\0' && rmdir(p->empty) == -1)
		log_warn("%s", p->empty);
	memset(paths, 0, sizeof(paths));
	strlcpy(sockdir, p->sock, sizeof(sockdir));
	paths[n].path = p->paths.node;
	paths[n++].perm = "r";
	paths[n].path = dirname(sockdir);
	paths[n++].perm = "rc";
	for (w = open_watched(); w->use != FDU_COUNT; w++) {
		paths[n].path = w->path;
		paths[n++].perm = "r";
	}
	p->phase = PH_RUN;
	setproctitle("%s", proc_name(PROC_PARENT));
	/* libbsd puts a mark there, which ps(1) shows after a short title. */
	if (*argv0_end == '.')
		*argv0_end = '\0';
	sandbox_enter(PROC_PARENT, paths);
	control_init(p, p->control_fd);
	evtimer_set(&watch_ev, on_watch, p);
	evtimer_add(&watch_ev, &tv);
	log_info("quptimed %s, node %s, ready", QUPTIMED_VERSION,
	    str(p->node.node_id));
	if (p->waiter_fd != -1) {
		if (write(p->waiter_fd, "", 1) == -1)
			log_warn("start");
		close(p->waiter_fd);
		p->waiter_fd = -1;
		/* The terminal is let go, by what the sandbox allows. */
		close(STDERR_FILENO);
		if (fcntl(p->null_fd, F_DUPFD, STDERR_FILENO) == -1)
			log_warn("/dev/null");
		close(p->null_fd);
	}
}

void
parent_exit(struct parent *p, int code)
{
	p->exit_code = code;
	control_stop();
	close_control(p);
	procs_stop(p);
	if (p->empty[0] != '\0')
		(void)rmdir(p->empty);
	/* What the children said last. */
	if (p->log_fds[0] != -1) {
		(void)fcntl(p->log_fds[0], F_SETFL, O_NONBLOCK);
		while (log_read(p->log_fds[0]))
			;
	}
	record_clear(&node_record, &p->node);
	if (p->exit_code == 0)
		log_info("stopped");
	exit(p->exit_code);
}

static void
on_signal(int sig, short event, void *arg)
{
	struct parent	*p = arg;

	(void)event;
	switch (sig) {
	case SIGCHLD:
		if (procs_reap(p))
			parent_exit(p, 1);
		break;
	case SIGHUP:
		if (p->phase != PH_RUN)
			break;
		log_info("reloading at SIGHUP");
		parent_reload(p, 0);
		break;
	default:
		parent_exit(p, 0);
	}
}

static void
on_start_limit(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	log_warnx("not set up within %d seconds", START_LIMIT);
	parent_exit(arg, 1);
}

void
parent_reload(struct parent *p, uint32_t id)
{
	struct watched	*w;
	struct verr	 verr;
	struct node	 node;
	char		 buf[1024];

	memset(&verr, 0, sizeof(verr));
	memset(&node, 0, sizeof(node));
	if (nodeconf_load(&p->paths, &node, &verr) == -1) {
		verr_string(&verr, buf, sizeof(buf));
		log_warnx("not reloading: %s", buf);
		control_result(id, CTL_REFUSED, buf);
		return;
	}
	if (!record_equal(&node_record, &node, &p->node)) {
		log_warnx("%s has changed: " NODE_NOTE, p->paths.node);
		control_note(id, "node.yaml has changed: " NODE_NOTE);
	}
	record_clear(&node_record, &node);
	for (w = open_watched(); w->use != FDU_COUNT; w++)
		procs_send_watched(p, w);
	if (p->owner == 0)
		open_give(p);
	ipc_send(&p->ipc[PROC_QUORUM], IMSG_RELOAD, id, NULL, 0);
}

static void
on_watch(int fd, short event, void *arg)
{
	struct timeval	 tv = { WATCH_INTERVAL, 0 };
	struct watched	*w;
	struct stat	 st;

	(void)fd;
	(void)event;
	for (w = open_watched(); w->use != FDU_COUNT; w++) {
		if (stat(w->path, &st) == -1)
			continue;
		if (st.st_mtim.tv_sec != w->st.st_mtim.tv_sec ||
		    st.st_mtim.tv_nsec != w->st.st_mtim.tv_nsec ||
		    st.st_size != w->st.st_size ||
		    st.st_ino != w->st.st_ino || st.st_dev != w->st.st_dev) {
			log_debug("%s has changed", w->path);
			procs_send_watched(arg, w);
		}
	}
	evtimer_add(&watch_ev, &tv);
}

static void
on_log_line(int fd, short event, void *arg)
{
	(void)event;
	(void)arg;
	(void)log_read(fd);
}

/* Lines of the children; what has no end yet waits for it.  0: no more. */
static int
log_read(int fd)
{
	static char	 buf[LOG_LINE_MAX];
	static size_t	 len;
	char		*line, *nl;
	ssize_t		 n;

	if ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) <= 0)
		return (0);
	len += n;
	buf[len] = '\0';
	for (line = buf; (nl = strchr(line, '\n')) != NULL; line = nl + 1) {
		*nl = '\0';
		log_line(line);
	}
	len -= line - buf;
	memmove(buf, line, len);
	if (len == sizeof(buf) - 1) {
		log_line(buf);
		len = 0;
	}
	return (1);
}

/* "<3>engine: text", or what a library or the kernel's runtime printed. */
static void
log_line(char *line)
{
	int	 priority = LOG_ERR;

	if (line[0] == '<' && line[1] >= '0' && line[1] <= '7' &&
	    line[2] == '>') {
		priority = line[1] - '0';
		line += 3;
	}
	to_syslog(priority, line);
}

static void
to_syslog(int priority, const char *line)
{
	if (parent.waiter_fd != -1)
		fprintf(stderr, "%s\n", line);
	syslog(priority, "%s", line);
}
