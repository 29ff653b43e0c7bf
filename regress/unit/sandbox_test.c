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
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "log.h"
#include "sandbox.h"
#include "tap.h"

/*
 * Every role tries every call of a table from inside its sandbox, in a process
 * of its own, and has to come to the end that the table says.
 */

#define DIES		(-1)	/* of SIGSYS, having said of what */
#define DENIED		EACCES
#define NOBODY		65534
#define NROLES		PROC_COUNT
#define NO_LANDLOCK	0

/* Outcomes: parent, engine, quorum, prober, notifier. */
#define ALL		{ 0, 0, 0, 0, 0 }
#define NONE		{ DIES, DIES, DIES, DIES, DIES }
#define SOFT		{ DENIED, DENIED, DENIED, DENIED, DENIED }

struct probe {
	const char	*name;
	const char	*call;		/* as the last words name it */
	long		 nr;
	int		(*fn)(void);	/* 0 or errno */
	int		 abi;		/* of Landlock, that it takes */
	int		 want[NROLES];
};

static int	 landlock_abi(void);
static int	 run(enum proc_id, int (*)(void), int *, char *, size_t);
static void	 check_probe(const struct probe *, enum proc_id);
static void	 check_never(enum proc_id);
static void	 check_kernel(enum proc_id);
static void	 check_misc(enum proc_id);
static void	 check_all(void);
static int	 result(long);
static int	 asked(int);

static char		 dir[] = "/tmp/sandbox_test.XXXXXX";
static char		 outside[] = "/tmp/sandbox_out.XXXXXX";
static struct sockaddr_in listen_addr;
static int		 listener, tcp_sock, unix_pair[2];
static pid_t		 bystander;
static uid_t		 as_uid;
static enum proc_id	 own_role;
static long		 never_nr;

static int
result(long rv)
{
	return (rv == -1 ? errno : 0);
}

/* A kernel without IPv6 has been asked all the same. */
static int
asked(int fd)
{
	return (fd == -1 && errno == EAFNOSUPPORT ? 0 : result(fd));
}

#define TRY(name, expr)							\
static int								\
try_##name(void)							\
{									\
	return (result(expr));						\
}
TRY(open_passwd, syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY))
TRY(open_own, open("kept", O_RDONLY))
TRY(create_own, open("made", O_RDWR | O_CREAT, 0600))
TRY(mkdir, syscall(SYS_mkdirat, AT_FDCWD, "d", 0700))
TRY(symlink, syscall(SYS_symlinkat, "/etc/passwd", AT_FDCWD, "l"))
TRY(access, access("/etc/passwd", R_OK))
TRY(ptrace, syscall(SYS_ptrace, 0, 0, 0, 0))
TRY(listen, listen(tcp_sock, 1))
TRY(connect, connect(tcp_sock, (struct sockaddr *)&listen_addr,
    sizeof(listen_addr)))
TRY(kill_other, kill(bystander, SIGTERM))
TRY(kill_other_usr1, kill(bystander, SIGUSR1))
TRY(kill_group, kill(-bystander, SIGTERM))
TRY(kill_self, kill(getpid(), 0))
TRY(tgkill_other, syscall(SYS_tgkill, bystander, bystander, SIGTERM))
TRY(prctl, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
TRY(fcntl_nonblock, fcntl(unix_pair[0], F_SETFL, O_NONBLOCK))
TRY(fcntl_owner, fcntl(unix_pair[0], F_SETOWN, bystander))
TRY(ioctl_push, ioctl(unix_pair[0], TIOCSTI, "x"))

static int
try_openat2(void)
{
	uint64_t	 how[3] = { 0, 0, 0 };

	return (result(syscall(437, AT_FDCWD, "/etc/passwd", how,
	    sizeof(how))));
}

static int
try_create_outside(void)
{
	char	 path[64];

	(void)snprintf(path, sizeof(path), "%s/made", outside);
	return (result(open(path, O_RDWR | O_CREAT, 0600)));
}

static int
try_unlink_outside(void)
{
	char	 path[64];

	(void)snprintf(path, sizeof(path), "%s/kept", outside);
	return (result(unlink(path)));
}

static int
try_truncate_outside(void)
{
	char	 path[64];

	(void)snprintf(path, sizeof(path), "%s/kept", outside);
	return (result(open(path, O_WRONLY | O_TRUNC)));
}

static int
try_rename_outside(void)
{
	char	 path[64];

	(void)snprintf(path, sizeof(path), "%s/moved", outside);
	return (result(rename("kept", path)) != 0 ? EACCES : 0);
}

static int
try_stat(void)
{
	struct stat	 st;

	return (result(stat("/etc/passwd", &st)));
}

static int
try_fstat(void)
{
	struct stat	 st;

	return (result(fstat(STDERR_FILENO, &st)));
}

static int
try_readlink(void)
{
	char	 buf[64];

	return (result(readlink("/proc/self/exe", buf, sizeof(buf))));
}

static int
try_execve(void)
{
	char	*argv[] = { NULL, NULL };

	return (result(execve("/bin/true", argv, argv)));
}

static int
try_fork(void)
{
	pid_t	 pid;

	if ((pid = fork()) == 0)
		_exit(0);
	return (result(pid));
}

static int
try_mprotect_exec(void)
{
	void	*p;

	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return (errno);
	return (result(mprotect(p, 4096, PROT_READ | PROT_EXEC)));
}

static int
try_mprotect(void)
{
	void	*p;

	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return (errno);
	return (result(mprotect(p, 4096, PROT_READ | PROT_WRITE)));
}

static int
try_mmap_exec(void)
{
	return (mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0);
}

#define TRY_SOCKET(name, d, t, p)					\
static int								\
try_socket_##name(void)							\
{									\
	return (asked(socket((d), (t), (p))));				\
}
TRY_SOCKET(tcp, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
TRY_SOCKET(tcp6, AF_INET6, SOCK_STREAM, IPPROTO_TCP)
TRY_SOCKET(udp, AF_INET, SOCK_DGRAM, IPPROTO_UDP)
TRY_SOCKET(udp6, AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0)
TRY_SOCKET(raw, AF_INET, SOCK_RAW, IPPROTO_ICMP)
TRY_SOCKET(ping, AF_INET, SOCK_DGRAM, IPPROTO_ICMP)
TRY_SOCKET(sctp, AF_INET, SOCK_STREAM, IPPROTO_SCTP)
TRY_SOCKET(unix, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
TRY_SOCKET(netlink, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
TRY_SOCKET(packet, AF_PACKET, SOCK_DGRAM, 0)

static int
try_bind(void)
{
	struct sockaddr_in	 sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	return (result(bind(tcp_sock, (struct sockaddr *)&sin, sizeof(sin))));
}

static int
try_accept(void)
{
	if (accept4(listener, NULL, NULL, SOCK_CLOEXEC) == -1 &&
	    errno != EAGAIN)
		return (errno);
	return (0);
}

static int
try_peercred(void)
{
	struct ucred	 uc;
	socklen_t	 len = sizeof(uc);

	return (result(getsockopt(unix_pair[0], SOL_SOCKET, SO_PEERCRED, &uc,
	    &len)));
}

static int
try_send_fd(void)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} cm;
	struct msghdr	 msg;
	struct cmsghdr	*cmsg;
	struct iovec	 iov;
	char		 c = 'x';
	int		 fd = STDERR_FILENO;

	memset(&msg, 0, sizeof(msg));
	memset(&cm, 0, sizeof(cm));
	iov.iov_base = &c;
	iov.iov_len = 1;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &cm.buf;
	msg.msg_controllen = sizeof(cm.buf);
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(unix_pair[0], &msg, 0) != 1)
		return (errno);
	return (result(recvmsg(unix_pair[1], &msg, 0)));
}

static int
try_wait(void)
{
	return (wait4(-1, NULL, WNOHANG, NULL) == -1 && errno != ECHILD ?
	    errno : 0);
}

static int
try_ioctl_nread(void)
{
	int	 n;

	return (result(ioctl(unix_pair[0], FIONREAD, &n)));
}

static int
try_ioctl_tty(void)
{
	return (isatty(unix_pair[0]) ? 0 : errno);
}

static int
try_getrlimit(void)
{
	struct rlimit	 rl;

	return (result(getrlimit(RLIMIT_NOFILE, &rl)));
}

static int
try_setrlimit(void)
{
	struct rlimit	 rl = { 64, 64 };

	return (result(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &rl, NULL)));
}

/* As file_replace() does it. */
static int
try_replace_own(void)
{
	char	 tmp[] = "own.tmp-XXXXXX";
	int	 fd;

	if ((fd = mkostemp(tmp, O_CLOEXEC)) == -1 ||
	    fchmod(fd, 0600) == -1 || write(fd, "x", 1) != 1 ||
	    fsync(fd) == -1 || close(fd) == -1 || rename(tmp, "own") == -1)
		return (errno);
	if ((fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    fsync(fd) == -1 || close(fd) == -1)
		return (errno);
	return (result(unlink("own")));
}

/* TCP to the listener, as a probe or an alert goes out. */
static int
try_client(void)
{
	char	 c;
	int	 fd, peer;

	if (own_role == PROC_ENGINE)	/* what other tests left */
		while ((peer = accept4(listener, NULL, NULL, 0)) != -1)
			close(peer);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&listen_addr,
	    sizeof(listen_addr)) == -1)
		return (errno);
	if (own_role == PROC_ENGINE) {	/* the other side as well */
		if ((peer = accept4(listener, NULL, NULL, 0)) == -1 ||
		    send(peer, "a", 1, MSG_NOSIGNAL) != 1 ||
		    recv(fd, &c, 1, 0) != 1)
			return (errno);
	}
	return (result(send(fd, "x", 1, MSG_NOSIGNAL)));
}

static int
compare(const void *a, const void *b)
{
	return (*(const int *)a - *(const int *)b);
}

static void
tick(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(*(int *)arg)++;
}

/* What the libraries ask of the kernel behind one's back. */
static int
try_libraries(void)
{
	static int	 numbers[300000];
	struct event	 ev, sig;
	struct timeval	 tv = { 0, 1000 };
	unsigned char	 bytes[64];
	char		*big, *bigger, text[64];
	time_t		 now;
	int		 ticks = 0;

	if ((big = malloc(64 * 1024 * 1024)) == NULL)
		return (errno);
	memset(big, 1, 64 * 1024 * 1024);
	if ((bigger = realloc(big, 96 * 1024 * 1024)) == NULL)
		return (errno);
	free(bigger);
	qsort(numbers, sizeof(numbers) / sizeof(numbers[0]),
	    sizeof(numbers[0]), compare);
	now = time(NULL);
	(void)strftime(text, sizeof(text), "%c", localtime(&now));
	(void)snprintf(text, sizeof(text), "%.3f %s", 1.5, strerror(EPERM));
	if (arc4random() == 0 && arc4random() == 0)
		return (EIO);
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return (EIO);
	(void)sysconf(_SC_NPROCESSORS_ONLN);

	if (event_init() == NULL)
		return (EIO);
	evtimer_set(&ev, tick, &ticks);
	signal_set(&sig, SIGUSR2, tick, &ticks);
	evtimer_add(&ev, &tv);
	signal_add(&sig, NULL);
	if (raise(SIGUSR2) != 0)
		return (errno);
	while (ticks < 2)
		if (event_loop(EVLOOP_ONCE) == -1)
			return (errno);
	return (0);
}

#define P(call, fn)	#fn, #call, SYS_##call, try_##fn
static const struct probe probes[] = {
	{ P(openat, open_passwd), 1, SOFT },
	{ "openat2", "openat2", 437, try_openat2, NO_LANDLOCK, SOFT },
	{ P(openat, open_own), NO_LANDLOCK,
	    { 0, DENIED, 0, DENIED, DENIED } },
	{ P(openat, create_own), NO_LANDLOCK,
	    { DIES, DENIED, 0, DENIED, DENIED } },
	{ P(openat, create_outside), 1,
	    { DIES, DENIED, DENIED, DENIED, DENIED } },
	{ P(openat, truncate_outside), 1,
	    { DIES, DENIED, DENIED, DENIED, DENIED } },
	{ P(unlink, unlink_outside), 1,
	    { DENIED, DIES, DENIED, DIES, DIES } },
	{ P(rename, rename_outside), 1,
	    { DIES, DIES, DENIED, DIES, DIES } },
	{ P(mkdirat, mkdir), NO_LANDLOCK, NONE },
	{ P(symlinkat, symlink), NO_LANDLOCK, NONE },
	{ P(newfstatat, stat), NO_LANDLOCK,
	    { 0, DENIED, 0, DENIED, DENIED } },
	{ P(newfstatat, fstat), NO_LANDLOCK, ALL },
	{ P(access, access), NO_LANDLOCK,
	    { 0, DENIED, 0, DENIED, DENIED } },
	{ P(readlink, readlink), NO_LANDLOCK,
	    { 0, DENIED, 0, DENIED, DENIED } },
	{ P(execve, execve), NO_LANDLOCK, NONE },
	{ P(ptrace, ptrace), NO_LANDLOCK, NONE },
	{ P(clone, fork), NO_LANDLOCK, NONE },
	{ P(mprotect, mprotect_exec), NO_LANDLOCK, NONE },
	{ P(mprotect, mprotect), NO_LANDLOCK, ALL },
	{ P(mmap, mmap_exec), NO_LANDLOCK, NONE },
	{ P(socket, socket_tcp), NO_LANDLOCK, { DIES, 0, DIES, 0, 0 } },
	{ P(socket, socket_tcp6), NO_LANDLOCK, { DIES, 0, DIES, 0, 0 } },
	{ P(socket, socket_udp), NO_LANDLOCK, { DIES, 0, DIES, 0, 0 } },
	{ P(socket, socket_udp6), NO_LANDLOCK, { DIES, 0, DIES, 0, 0 } },
	{ P(socket, socket_raw), NO_LANDLOCK, NONE },
	{ P(socket, socket_ping), NO_LANDLOCK, NONE },
	{ P(socket, socket_sctp), NO_LANDLOCK, NONE },
	{ P(socket, socket_unix), NO_LANDLOCK,
	    { 0, DENIED, DIES, DENIED, DENIED } },
	{ P(socket, socket_netlink), NO_LANDLOCK, NONE },
	{ P(socket, socket_packet), NO_LANDLOCK, NONE },
	{ P(bind, bind), NO_LANDLOCK, NONE },
	{ P(listen, listen), NO_LANDLOCK, NONE },
	{ P(connect, connect), 4, { DENIED, 0, DIES, 0, 0 } },
	{ P(accept4, accept), NO_LANDLOCK, { 0, 0, DIES, DIES, DIES } },
	{ P(getsockopt, peercred), NO_LANDLOCK, { 0, 0, DIES, 0, 0 } },
	{ P(sendmsg, send_fd), NO_LANDLOCK, ALL },
	{ P(kill, kill_other), NO_LANDLOCK, { 0, DIES, DIES, DIES, DIES } },
	{ P(kill, kill_other_usr1), NO_LANDLOCK, NONE },
	{ P(kill, kill_group), NO_LANDLOCK, NONE },
	{ P(kill, kill_self), NO_LANDLOCK, ALL },
	{ P(tgkill, tgkill_other), NO_LANDLOCK, NONE },
	{ P(wait4, wait), NO_LANDLOCK, { 0, DIES, DIES, DIES, DIES } },
	{ P(prctl, prctl), NO_LANDLOCK, NONE },
	{ P(fcntl, fcntl_nonblock), NO_LANDLOCK, ALL },
	{ P(fcntl, fcntl_owner), NO_LANDLOCK, NONE },
	{ P(ioctl, ioctl_nread), NO_LANDLOCK, ALL },
	{ P(ioctl, ioctl_tty), NO_LANDLOCK,
	    { ENOTTY, ENOTTY, ENOTTY, ENOTTY, ENOTTY } },
	{ P(ioctl, ioctl_push), NO_LANDLOCK, NONE },
	{ P(prlimit64, getrlimit), NO_LANDLOCK, ALL },
	{ P(prlimit64, setrlimit), NO_LANDLOCK, NONE },
	{ P(openat, replace_own), NO_LANDLOCK,
	    { DIES, DENIED, 0, DENIED, DENIED } },
	{ P(socket, client), NO_LANDLOCK, { DIES, 0, DIES, 0, 0 } },
	{ P(read, libraries), NO_LANDLOCK, ALL },
};
#undef P

/* What no role may ask for, whatever the arguments. */
#define N(call)	{ #call, SYS_##call }
static const struct {
	const char	*name;
	long		 nr;
} nevers[] = {
	N(add_key), N(bpf), N(capset), N(chdir), N(chroot), N(delete_module),
	N(execveat), N(fchownat), N(init_module), N(keyctl),
	N(memfd_create), N(mount), N(open_by_handle_at), N(perf_event_open),
	N(personality), N(pivot_root), N(process_vm_readv),
	N(process_vm_writev), N(ptrace), N(reboot), N(seccomp), N(setgid),
	N(setns), N(setresuid), N(setuid), N(shmget), N(socketpair),
	N(swapon), N(umount2), N(unshare), N(userfaultfd),
	{ "io_uring_setup", 425 }, { "pidfd_open", 434 },
	{ "clone3", 435 }, { "pidfd_getfd", 438 },
	{ "landlock_create_ruleset", 444 },
};
#undef N

static int
try_never(void)
{
	return (result(syscall(never_nr, 0, 0, 0, 0, 0, 0)));
}

static int
try_abort(void)
{
	abort();
}

#ifdef __x86_64__
static int
try_i386(void)
{
	long	 rv;

	/* getpid by the other architecture's door */
	__asm__ volatile ("int $0x80" : "=a" (rv) : "0" (20L) : "memory");
	return (0);
}

static int
try_x32(void)
{
	(void)syscall(0x40000000L + SYS_getpid);
	return (0);
}
#endif

/* Waits in the sandbox to be looked at. */
static int
try_wait_for_end(void)
{
	char	 c;

	if (write(unix_pair[0], "r", 1) != 1)
		return (errno);
	return (result(read(unix_pair[0], &c, 1)));
}

static int
landlock_abi(void)
{
	long	 abi;

	abi = syscall(444, NULL, 0, 1);
	return (abi < 1 ? 0 : (int)abi);
}

static void
become(uid_t uid)
{
	if (uid == geteuid())
		return;
	if (setgroups(0, NULL) == -1 || setresgid(uid, uid, uid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		_exit(99);
}

static void
enter(enum proc_id role)
{
	static const struct sandbox_path	 r[] = {
		{ ".", "rc" }, { NULL, NULL }
	}, rwc[] = {
		{ ".", "rwc" }, { NULL, NULL }
	};

	own_role = role;
	become(as_uid);
	alarm(20);
	sandbox_enter(role, role == PROC_PARENT ? r :
	    role == PROC_QUORUM ? rwc : NULL);
	sandbox_tighten(role);
}

/* New for each, as some calls change them. */
static void
sockets_open(void)
{
	tcp_sock = socket(AF_INET, SOCK_STREAM, 0);
	if (tcp_sock == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, unix_pair) == -1)
		exit(1);
}

static void
sockets_close(void)
{
	close(tcp_sock);
	close(unix_pair[0]);
	close(unix_pair[1]);
}

/* Gives the wait status; what was written to standard error goes to buf. */
static int
run(enum proc_id role, int (*fn)(void), int *status, char *buf, size_t size)
{
	ssize_t	 n;
	size_t	 len;
	pid_t	 pid;
	int	 p[2];

	fflush(stdout);
	sockets_open();
	if (pipe(p) == -1 || (pid = fork()) == -1)
		return (-1);
	if (pid == 0) {
		dup2(p[1], STDERR_FILENO);
		close(p[0]);
		close(p[1]);
		enter(role);
		_exit(fn());
	}
	close(p[1]);
	for (len = 0; len < size - 1; len += n)
		if ((n = read(p[0], buf + len, size - 1 - len)) <= 0)
			break;
	buf[len] = '\0';
	close(p[0]);
	sockets_close();
	return (waitpid(pid, status, 0) == pid ? 0 : -1);
}

static void
check_end(enum proc_id role, const char *what, const char *call, long nr,
    int want, int (*fn)(void))
{
	char	 got[1024], words[256];
	int	 status;

	if (run(role, fn, &status, got, sizeof(got)) == -1) {
		ok(0, "%s: %s: %s", proc_name(role), what, strerror(errno));
		return;
	}
	if (want == DIES) {
		(void)snprintf(words, sizeof(words),
		    "%s: forbidden system call %s (%ld)\n", proc_name(role),
		    call, nr);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
		    "%s: %s: dies of SIGSYS (status %#x)", proc_name(role),
		    what, status);
		/* After hh:mm:ss. */
		is_str(strlen(got) > 9 ? got + 9 : got, words,
		    "%s: %s: says so", proc_name(role), what);
	} else
		ok(WIFEXITED(status) && WEXITSTATUS(status) == want,
		    "%s: %s: %s (status %#x%s%s)", proc_name(role), what,
		    want == 0 ? "works" : strerror(want), status,
		    *got != '\0' ? ", " : "", got);
}

static void
check_probe(const struct probe *p, enum proc_id role)
{
	if (p->abi > landlock_abi()) {
		ok(1, "%s: %s # SKIP needs Landlock ABI %d", proc_name(role),
		    p->name, p->abi);
		return;
	}
	check_end(role, p->name, p->call, p->nr, p->want[role], p->fn);
}

static void
check_never(enum proc_id role)
{
	size_t	 i;

	for (i = 0; i < sizeof(nevers) / sizeof(nevers[0]); i++) {
		never_nr = nevers[i].nr;
		check_end(role, nevers[i].name, nevers[i].name,
		    nevers[i].nr, DIES, try_never);
	}
}

/* The kernel's own word, as "show sandbox" gets it. */
static void
check_kernel(enum proc_id role)
{
	char		 path[64], text[4096], c;
	const char	*caps;
	size_t		 n;
	pid_t		 pid;
	FILE		*f;
	int		 status;

	fflush(stdout);
	sockets_open();
	if ((pid = fork()) == 0) {
		enter(role);
		_exit(try_wait_for_end());
	}
	n = 0;
	if (pid != -1 && read(unix_pair[1], &c, 1) == 1) {
		(void)snprintf(path, sizeof(path), "/proc/%ld/status",
		    (long)pid);
		if ((f = fopen(path, "r")) != NULL) {
			n = fread(text, 1, sizeof(text) - 1, f);
			fclose(f);
		}
		if (write(unix_pair[1], "g", 1) != 1)
			n = 0;
	}
	text[n] = '\0';
	if (waitpid(pid, &status, 0) == -1)
		status = -1;
	sockets_close();
	caps = role == PROC_PARENT && as_uid == 0 ?
	    "CapEff:\t0000000000000021" : "CapEff:\t0000000000000000";
	ok(strstr(text, "Seccomp:\t2") != NULL, "%s: filtered",
	    proc_name(role));
	ok(strstr(text, "NoNewPrivs:\t1") != NULL, "%s: no new privileges",
	    proc_name(role));
	ok(strstr(text, caps) != NULL, "%s: %s", proc_name(role), caps);
	is_int(status, 0, "%s: ends well", proc_name(role));
}

static void
check_misc(enum proc_id role)
{
	char	 got[1024], words[256];
	int	 status;

	is_int(run(role, try_abort, &status, got, sizeof(got)), 0, "abort");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	    "%s: abort(3) is SIGABRT (status %#x)", proc_name(role), status);
#ifdef __x86_64__
	is_int(run(role, try_i386, &status, got, sizeof(got)), 0, "i386");
	ok(WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM,
	    "%s: no i386 calls (status %#x)", proc_name(role), status);
	is_int(run(role, try_x32, &status, got, sizeof(got)), 0, "x32");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
	    "%s: no x32 calls (status %#x)", proc_name(role), status);
#endif
#ifdef QUPTIMED_SANITIZE
	setenv("QUPTIMED_NOSANDBOX", "1", 1);
	is_int(run(role, try_fork, &status, got, sizeof(got)), 0, "none");
	unsetenv("QUPTIMED_NOSANDBOX");
	is_int(status, 0, "%s: may be asked to do without", proc_name(role));
#endif
	setenv("QUPTIMED_LOG", "priority", 1);
	is_int(run(role, try_ptrace, &status, got, sizeof(got)), 0, "log");
	unsetenv("QUPTIMED_LOG");
	(void)snprintf(words, sizeof(words),
	    "<2>%s: forbidden system call ptrace (%d)\n", proc_name(role),
	    SYS_ptrace);
	is_str(got, words, "%s: with a priority", proc_name(role));
}

static void
check_all(void)
{
	enum proc_id	 role;
	size_t		 i;

	for (role = 0; role < NROLES; role++) {
		for (i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
			check_probe(&probes[i], role);
		check_never(role);
		check_kernel(role);
		check_misc(role);
	}
}

static void
make_file(const char *where, const char *name)
{
	char	 path[64];
	int	 fd;

	(void)snprintf(path, sizeof(path), "%s/%s", where, name);
	if ((fd = open(path, O_RDWR | O_CREAT, 0666)) == -1)
		exit(1);
	(void)fchmod(fd, 0666);
	close(fd);
}

static void
remove_file(const char *where, const char *name)
{
	char	 path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", where, name);
	(void)unlink(path);
}

static void
setup(void)
{
	socklen_t	 len = sizeof(listen_addr);

	if (mkdtemp(dir) == NULL || mkdtemp(outside) == NULL ||
	    chmod(dir, 0777) == -1 || chmod(outside, 0777) == -1)
		exit(1);
	make_file(dir, "kept");
	make_file(outside, "kept");
	listen_addr.sin_family = AF_INET;
	listen_addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (chdir(dir) == -1 || listener == -1 ||
	    bind(listener, (struct sockaddr *)&listen_addr,
	    sizeof(listen_addr)) == -1 || listen(listener, 128) == -1 ||
	    getsockname(listener, (struct sockaddr *)&listen_addr, &len) == -1)
		exit(1);
}

/* Somebody to be shot at, who does not mind. */
static void
bystander_start(void)
{
	fflush(stdout);
	if ((bystander = fork()) == -1)
		exit(1);
	if (bystander == 0) {
		become(as_uid);
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
}

int
main(void)
{
	uid_t	 uids[2];
	int	 i, n;

	log_init(LOG_STYLE_PLAIN, 0);
	log_procinit("test");
	setup();
	n = 0;
	uids[n++] = geteuid();
	if (geteuid() == 0)
		uids[n++] = NOBODY;
	for (i = 0; i < n; i++) {
		as_uid = uids[i];
		bystander_start();
		check_all();
		kill(bystander, SIGKILL);
		(void)waitpid(bystander, NULL, 0);
		remove_file(dir, "made");
	}
	remove_file(dir, "kept");
	remove_file(outside, "kept");
	is_int(rmdir(dir), 0, "nothing left inside");
	is_int(rmdir(outside), 0, "nothing left outside");
	return (tap_done());
}
