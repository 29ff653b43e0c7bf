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
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/capability.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

/*
 * Three layers, from coarse to fine: no capabilities and no way to gain any,
 * Landlock for paths, TCP ports, signals and abstract sockets, and seccomp for
 * everything else.  A forbidden system call ends the process with one line
 * that names it; those by which libraries look for files fail with EACCES.
 */

#define SYSCALLS	512		/* names known to the handler */
#define LINE_SIZE	256

/* Landlock, as include/uapi/linux/landlock.h has it up to ABI 7. */
#define LL_EXECUTE	(1ULL << 0)
#define LL_WRITE_FILE	(1ULL << 1)
#define LL_READ_FILE	(1ULL << 2)
#define LL_READ_DIR	(1ULL << 3)
#define LL_REMOVE_DIR	(1ULL << 4)
#define LL_REMOVE_FILE	(1ULL << 5)
#define LL_MAKE_CHAR	(1ULL << 6)
#define LL_MAKE_DIR	(1ULL << 7)
#define LL_MAKE_REG	(1ULL << 8)
#define LL_MAKE_SOCK	(1ULL << 9)
#define LL_MAKE_FIFO	(1ULL << 10)
#define LL_MAKE_BLOCK	(1ULL << 11)
#define LL_MAKE_SYM	(1ULL << 12)
#define LL_REFER	(1ULL << 13)	/* ABI 2 */
#define LL_TRUNCATE	(1ULL << 14)	/* ABI 3 */
#define LL_IOCTL_DEV	(1ULL << 15)	/* ABI 5 */
#define LL_FS_ABI1	((LL_MAKE_SYM << 1) - 1)
#define LL_NET_BIND	(1ULL << 0)	/* ABI 4 */
#define LL_NET_CONNECT	(1ULL << 1)
#define LL_SCOPE_UNIX	(1ULL << 0)	/* ABI 6 */
#define LL_SCOPE_SIGNAL	(1ULL << 1)
#define LL_ABI_FLAG	(1U << 0)	/* create: ask for the ABI */
#define LL_PATH_BENEATH	1		/* kind of rule */

#ifndef SYS_landlock_create_ruleset	/* the same on all architectures */
#define SYS_landlock_create_ruleset	444
#define SYS_landlock_add_rule		445
#define SYS_landlock_restrict_self	446
#endif

#define R(p)		(1U << (p))
#define PARENT		R(PROC_PARENT)
#define ENGINE		R(PROC_ENGINE)
#define QUORUM		R(PROC_QUORUM)
#define PROBER		R(PROC_PROBER)
#define NOTIFIER	R(PROC_NOTIFIER)
#define INET		(ENGINE | PROBER | NOTIFIER)
#define PATHS		(PARENT | QUORUM)
#define EVERY		(PARENT | INET | QUORUM)

struct landlock_ruleset {
	uint64_t	fs;
	uint64_t	net;
	uint64_t	scoped;
};

struct landlock_path {
	uint64_t	allowed;
	int32_t		fd;
} __attribute__((__packed__));

/* A call that a role may make whatever the arguments. */
struct call {
	const char	*name;
	unsigned int	 roles;
};

/*
 * A call that is allowed, or fails with an errno of its own, when up to three
 * of its arguments are as given.  The rows of one call are alternatives.
 */
struct argcall {
	const char		*name;
	unsigned int		 roles;
	int			 err;		/* 0: allowed */
	unsigned int		 nargs;
	struct scmp_arg_cmp	 args[3];
};

#define EQ(i, v)	{ (i), SCMP_CMP_EQ, (v), 0 }
#define NE(i, v)	{ (i), SCMP_CMP_NE, (v), 0 }
#define BITS(i, m, v)	{ (i), SCMP_CMP_MASKED_EQ, (m), (v) }
#define SELF(i)		EQ((i), SELF_PID)
#define SELF_PID	UINT64_MAX	/* stands for getpid() */

static void	 drop_capabilities(enum proc_id);
static void	 landlock_enter(enum proc_id, const struct sandbox_path *);
static void	 landlock_allow(int, uint64_t, const struct sandbox_path *);
static void	 landlock_allow_dir(int, const char *, uint64_t);
static void	 seccomp_enter(enum proc_id);
static void	 seccomp_add(scmp_filter_ctx, const char *, uint32_t,
		    unsigned int, const struct scmp_arg_cmp *);
static void	 forbidden_init(enum proc_id);
static void	 forbidden(int, siginfo_t *, void *);
static void	 put_time(char *);
static const char
		*put_number(unsigned int, char *, size_t);

/*
 * What the C library, libevent, OpenSSL, c-ares and imsg ask for in every
 * process, then what a role does on top of it.
 */
static const struct call calls[] = {
	{ "brk",		EVERY },
	{ "clock_getres",	EVERY },
	{ "clock_gettime",	EVERY },
	{ "clock_nanosleep",	EVERY },
	{ "close",		EVERY },
	{ "dup",		EVERY },
	{ "epoll_create",	EVERY },
	{ "epoll_create1",	EVERY },
	{ "epoll_ctl",		EVERY },
	{ "epoll_pwait",	EVERY },
	{ "epoll_pwait2",	EVERY },
	{ "epoll_wait",		EVERY },
	{ "eventfd2",		EVERY },
	{ "exit",		EVERY },
	{ "exit_group",		EVERY },
	{ "fstat",		EVERY },
	{ "fstat64",		EVERY },
	{ "futex",		EVERY },
	{ "getegid",		EVERY },
	{ "geteuid",		EVERY },
	{ "getgid",		EVERY },
	{ "getpid",		EVERY },
	{ "getppid",		EVERY },
	{ "getrandom",		EVERY },
	{ "getrlimit",		EVERY },
	{ "getrusage",		EVERY },
	{ "gettid",		EVERY },
	{ "gettimeofday",	EVERY },
	{ "getuid",		EVERY },
	{ "lseek",		EVERY },
	{ "madvise",		EVERY },
	{ "mremap",		EVERY },
	{ "munmap",		EVERY },
	{ "nanosleep",		EVERY },
	{ "pipe2",		EVERY },
	{ "poll",		EVERY },
	{ "ppoll",		EVERY },
	{ "pread64",		EVERY },
	{ "read",		EVERY },
	{ "readv",		EVERY },
	{ "recvmsg",		EVERY },
	{ "restart_syscall",	EVERY },
	{ "rt_sigaction",	EVERY },
	{ "rt_sigprocmask",	EVERY },
	{ "rt_sigreturn",	EVERY },
	{ "sched_getaffinity",	EVERY },
	{ "sched_yield",	EVERY },
	{ "sendmsg",		EVERY },
	{ "sigreturn",		EVERY },
	{ "sysinfo",		EVERY },
	{ "time",		EVERY },
	{ "timerfd_create",	EVERY },
	{ "timerfd_settime",	EVERY },
	{ "uname",		EVERY },
	{ "write",		EVERY },
	{ "writev",		EVERY },
#ifdef QUPTIMED_SANITIZE
	{ "pipe",		EVERY },	/* is this memory readable? */
	{ "sigaltstack",	EVERY },
#endif

	{ "accept",		PARENT | ENGINE },
	{ "accept4",		PARENT | ENGINE },
	{ "connect",		PARENT | INET },	/* parent: syslog(3) */
	{ "getpeername",	PARENT | INET },
	{ "getsockname",	PARENT | INET },
	{ "getsockopt",		PARENT | INET },	/* SO_PEERCRED */
	{ "recvfrom",		PARENT | INET },
	{ "recvmmsg",		PROBER },
	{ "sendmmsg",		PROBER },
	{ "sendto",		PARENT | INET },
	{ "setsockopt",		PARENT | INET },
	{ "shutdown",		PARENT | INET },

	{ "access",		PATHS },
	{ "faccessat",		PATHS },
	{ "faccessat2",		PATHS },
	{ "fstatat64",		PATHS },
	{ "getcwd",		PATHS },
	{ "getdents",		PATHS },
	{ "getdents64",		PATHS },
	{ "lstat",		PATHS },
	{ "lstat64",		PATHS },
	{ "newfstatat",		PATHS },
	{ "readlink",		PATHS },
	{ "readlinkat",		PATHS },
	{ "stat",		PATHS },
	{ "stat64",		PATHS },
	{ "statx",		PATHS },
	{ "unlink",		PATHS },
	{ "unlinkat",		PATHS },

	{ "fchown",		PARENT },	/* of what root has edited */
	{ "rmdir",		PARENT },	/* of the children's root */
	{ "wait4",		PARENT },
	{ "waitid",		PARENT },

	{ "fchmod",		QUORUM },
	{ "fdatasync",		QUORUM },
	{ "flock",		QUORUM },
	{ "fsync",		QUORUM },
	{ "ftruncate",		QUORUM },
	{ "open",		QUORUM },
	{ "openat",		QUORUM },
	{ "pwrite64",		QUORUM },
	{ "rename",		QUORUM },
	{ "renameat",		QUORUM },
	{ "renameat2",		QUORUM },
};

#define SOCKET(d, t, p)	{ "socket", INET, 0, 3,				\
	    { EQ(0, (d)), BITS(1, 0xf, (t)), EQ(2, (p)) } }
#define FCNTL(op, r)	{ "fcntl", (r), 0, 1, { EQ(1, (op)) } }
#define IOCTL(op, e)	{ "ioctl", EVERY, (e), 1, { EQ(1, (op)) } }
#define WRITING		(O_ACCMODE | O_CREAT | O_TRUNC)

static const struct argcall argcalls[] = {
	{ "mmap",	EVERY, 0, 1, { BITS(2, PROT_EXEC, 0) } },
	{ "mmap2",	EVERY, 0, 1, { BITS(2, PROT_EXEC, 0) } },
	{ "mprotect",	EVERY, 0, 1, { BITS(2, PROT_EXEC, 0) } },

	{ "prlimit64",	EVERY, 0, 2, { EQ(0, 0), EQ(2, 0) } },

	/* abort(3) and raise(3) */
	{ "kill",	EVERY, 0, 1, { SELF(0) } },
	{ "tgkill",	EVERY, 0, 1, { SELF(0) } },
	{ "kill",	PARENT, 0, 2, { BITS(0, 0xffffffff80000000ULL, 0),
			    EQ(1, SIGTERM) } },
	{ "kill",	PARENT, 0, 2, { BITS(0, 0xffffffff80000000ULL, 0),
			    EQ(1, SIGKILL) } },

	FCNTL(F_DUPFD,		EVERY),
	FCNTL(F_DUPFD_CLOEXEC,	EVERY),
	FCNTL(F_GETFD,		EVERY),
	FCNTL(F_SETFD,		EVERY),
	FCNTL(F_GETFL,		EVERY),
	FCNTL(F_SETFL,		EVERY),
	FCNTL(F_GETLK,		QUORUM),
	FCNTL(F_SETLK,		QUORUM),
	FCNTL(F_SETLKW,		QUORUM),

	IOCTL(FIONBIO, 0),
	IOCTL(FIONREAD, 0),
	IOCTL(TCGETS, ENOTTY),		/* stdio asks of what it writes to */

	SOCKET(AF_INET,	 SOCK_STREAM, 0),
	SOCKET(AF_INET,	 SOCK_STREAM, IPPROTO_TCP),
	SOCKET(AF_INET,	 SOCK_DGRAM,  0),
	SOCKET(AF_INET,	 SOCK_DGRAM,  IPPROTO_UDP),
	SOCKET(AF_INET6, SOCK_STREAM, 0),
	SOCKET(AF_INET6, SOCK_STREAM, IPPROTO_TCP),
	SOCKET(AF_INET6, SOCK_DGRAM,  0),
	SOCKET(AF_INET6, SOCK_DGRAM,  IPPROTO_UDP),
	/* if_nametoindex(3), when a name server's address has a scope */
	{ "socket",	INET, EACCES, 1, { EQ(0, AF_UNIX) } },
	/* syslog(3), when the log daemon has gone and come */
	{ "socket",	PARENT, 0, 1, { EQ(0, AF_UNIX) } },

	{ "open",	PARENT, 0, 1, { BITS(1, WRITING, O_RDONLY) } },
	{ "openat",	PARENT, 0, 1, { BITS(2, WRITING, O_RDONLY) } },

	/* fstat(3) is fstatat(3) with this flag */
	{ "newfstatat",	INET, 0, 1, { EQ(3, AT_EMPTY_PATH) } },
	{ "newfstatat",	INET, EACCES, 1, { NE(3, AT_EMPTY_PATH) } },
	{ "fstatat64",	INET, 0, 1, { EQ(3, AT_EMPTY_PATH) } },
	{ "fstatat64",	INET, EACCES, 1, { NE(3, AT_EMPTY_PATH) } },
	{ "statx",	INET, 0, 1, { EQ(2, AT_EMPTY_PATH) } },
	{ "statx",	INET, EACCES, 1, { NE(2, AT_EMPTY_PATH) } },
};

/* Libraries look for files that they can do without. */
static const struct call softcalls[] = {
	{ "access",		INET },
	{ "creat",		EVERY },
	{ "faccessat",		INET },
	{ "faccessat2",		INET },
	{ "lstat",		INET },
	{ "lstat64",		INET },
	{ "open",		INET },
	{ "openat",		INET },
	{ "openat2",		EVERY },
	{ "readlink",		INET },
	{ "readlinkat",		INET },
	{ "stat",		INET },
	{ "stat64",		INET },
};

static const struct {
	char		 perm;
	uint64_t	 rights;
} path_rights[] = {
	{ 'r', LL_READ_FILE | LL_READ_DIR },
	{ 'w', LL_WRITE_FILE | LL_TRUNCATE },
	{ 'c', LL_MAKE_REG | LL_REMOVE_FILE | LL_REMOVE_DIR },
};

/* Rights that exist from an ABI on. */
static const struct {
	int			 abi;
	struct landlock_ruleset	 rights;
} abis[] = {
	{ 1, { LL_FS_ABI1, 0, 0 } },
	{ 2, { LL_REFER, 0, 0 } },
	{ 3, { LL_TRUNCATE, 0, 0 } },
	{ 4, { 0, LL_NET_BIND | LL_NET_CONNECT, 0 } },
	{ 5, { LL_IOCTL_DEV, 0, 0 } },
	{ 6, { 0, 0, LL_SCOPE_UNIX | LL_SCOPE_SIGNAL } },
};

/*
 * Rights that a role keeps everywhere.  The parent's children are outside of
 * its domain, so its signals cannot be scoped.
 */
static const struct landlock_ruleset kept[PROC_COUNT] = {
	[PROC_PARENT] =		{ 0, 0, LL_SCOPE_SIGNAL },
	[PROC_ENGINE] =		{ 0, LL_NET_CONNECT, 0 },
	[PROC_QUORUM] =		{ 0, 0, 0 },
	[PROC_PROBER] =		{ 0, LL_NET_CONNECT, 0 },
	[PROC_NOTIFIER] =	{ 0, LL_NET_CONNECT, 0 },
};

/* Made ready for the handler, which may do little more than write(2). */
static char	*names[SYSCALLS];
static char	 prefix[LINE_SIZE / 2];
static int	 timed;

void
sandbox_enter(enum proc_id role, const struct sandbox_path *paths)
{
	if (sandbox_skipped())
		return;
	/* Not for an ordinary user, who may look at what is his. */
	if ((geteuid() == 0 || prctl(PR_GET_DUMPABLE) != 1) &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("PR_SET_DUMPABLE");
	drop_capabilities(role);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("PR_SET_NO_NEW_PRIVS");
	landlock_enter(role, paths);
	forbidden_init(role);
	seccomp_enter(role);
}

int
sandbox_skipped(void)
{
#ifdef QUPTIMED_SANITIZE
	return (getenv("QUPTIMED_NOSANDBOX") != NULL);
#else
	return (0);
#endif
}

/*
 * A filter cannot see whether a message carries descriptors, so there is
 * nothing to take away here.
 */
void
sandbox_tighten(enum proc_id role)
{
	(void)role;
}

/*
 * The parent goes on as root, but only to signal its children, who are other
 * users by now, and to give quorum the files that root has edited.  The others
 * have nothing, whatever they were started with.
 */
static void
drop_capabilities(enum proc_id role)
{
	struct __user_cap_header_struct	 hdr;
	struct __user_cap_data_struct	 data[_LINUX_CAPABILITY_U32S_3];
	unsigned int			 cap;

	for (cap = 0; cap < 64; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

	memset(&hdr, 0, sizeof(hdr));
	memset(data, 0, sizeof(data));
	hdr.version = _LINUX_CAPABILITY_VERSION_3;
	if (syscall(SYS_capget, &hdr, data) == -1)
		fatal("capget");
	data[0].effective = data[0].permitted &= role == PROC_PARENT ?
	    1U << CAP_KILL | 1U << CAP_CHOWN : 0;
	data[1].effective = data[1].permitted = 0;
	data[0].inheritable = data[1].inheritable = 0;
	if (syscall(SYS_capset, &hdr, data) == -1)
		fatal("capset");
}

static void
landlock_enter(enum proc_id role, const struct sandbox_path *paths)
{
	struct landlock_ruleset	 rules;
	size_t			 i;
	long			 abi;
	int			 fd;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LL_ABI_FLAG);
	if (abi < 1) {
		/* Once for all five. */
		if (role == PROC_PARENT)
			log_warnx("no Landlock in this kernel, going on "
			    "without it");
		return;
	}

	memset(&rules, 0, sizeof(rules));
	for (i = 0; i < sizeof(abis) / sizeof(abis[0]); i++) {
		if (abis[i].abi > abi)
			break;
		rules.fs |= abis[i].rights.fs & ~kept[role].fs;
		rules.net |= abis[i].rights.net & ~kept[role].net;
		rules.scoped |= abis[i].rights.scoped & ~kept[role].scoped;
	}
	/* An older kernel takes the larger structure if the rest is zero. */
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules),
	    0);
	if (fd == -1)
		fatal("landlock_create_ruleset");
	for (; paths != NULL && paths->path != NULL; paths++)
		landlock_allow(fd, rules.fs, paths);
	if (syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		fatal("landlock_restrict_self");
	close(fd);
}

/*
 * A rule binds to what the path is now.  Files are replaced by rename(2) when
 * they change, so what is granted on a file is granted on its directory, and
 * on that of the file which a symbolic link leads to.
 */
static void
landlock_allow(int ruleset, uint64_t handled, const struct sandbox_path *sp)
{
	char		 dir[PATH_MAX], target[PATH_MAX];
	uint64_t	 rights;
	size_t		 i;
	int		 fd;

	rights = 0;
	for (i = 0; i < sizeof(path_rights) / sizeof(path_rights[0]); i++)
		if (strchr(sp->perm, path_rights[i].perm) != NULL)
			rights |= path_rights[i].rights;
	rights &= handled;

	fd = open(sp->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		close(fd);
		landlock_allow_dir(ruleset, sp->path, rights);
		return;
	}
	if (strlcpy(dir, sp->path, sizeof(dir)) >= sizeof(dir))
		fatalx("%s: path too long", sp->path);
	landlock_allow_dir(ruleset, dirname(dir), rights & ~LL_READ_DIR);
	if (realpath(sp->path, target) != NULL)
		landlock_allow_dir(ruleset, dirname(target),
		    rights & ~LL_READ_DIR);
}

static void
landlock_allow_dir(int ruleset, const char *dir, uint64_t rights)
{
	struct landlock_path	 rule;

	memset(&rule, 0, sizeof(rule));
	rule.allowed = rights;
	rule.fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.fd == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return;		/* nothing there to be used */
		fatal("%s", dir);
	}
	if (syscall(SYS_landlock_add_rule, ruleset, LL_PATH_BENEATH, &rule,
	    0) == -1)
		fatal("landlock_add_rule %s", dir);
	close(rule.fd);
}

static void
seccomp_enter(enum proc_id role)
{
	const struct argcall	*ac;
	scmp_filter_ctx		 ctx;
	struct scmp_arg_cmp	 args[3];
	size_t			 i;
	unsigned int		 j;
	int			 rc;

	if ((ctx = seccomp_init(SCMP_ACT_TRAP)) == NULL)
		fatalx("seccomp_init");
	/* Another architecture's calls have other numbers; x32 too. */
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	if (rc < 0)
		fatalx("seccomp_attr_set: %s", strerror(-rc));

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].roles & R(role))
			seccomp_add(ctx, calls[i].name, SCMP_ACT_ALLOW, 0,
			    NULL);
	for (i = 0; i < sizeof(softcalls) / sizeof(softcalls[0]); i++)
		if (softcalls[i].roles & R(role))
			seccomp_add(ctx, softcalls[i].name,
			    SCMP_ACT_ERRNO(EACCES), 0, NULL);
	for (i = 0; i < sizeof(argcalls) / sizeof(argcalls[0]); i++) {
		ac = &argcalls[i];
		if (!(ac->roles & R(role)))
			continue;
		memcpy(args, ac->args, sizeof(args));
		for (j = 0; j < ac->nargs; j++)
			if (args[j].datum_a == SELF_PID)
				args[j].datum_a = getpid();
		seccomp_add(ctx, ac->name, ac->err == 0 ? SCMP_ACT_ALLOW :
		    SCMP_ACT_ERRNO(ac->err), ac->nargs, args);
	}
	if ((rc = seccomp_load(ctx)) < 0)
		fatalx("seccomp_load: %s", strerror(-rc));
	seccomp_release(ctx);
}

/*
 * Names come and go with architectures and with what libseccomp knows: one
 * that does not exist cannot be called by its name either.
 */
static void
seccomp_add(scmp_filter_ctx ctx, const char *name, uint32_t action,
    unsigned int nargs, const struct scmp_arg_cmp *args)
{
	int	 nr, rc;

	if ((nr = seccomp_syscall_resolve_name(name)) == __NR_SCMP_ERROR)
		return;
	rc = seccomp_rule_add_array(ctx, action, nr, nargs, args);
	if (rc < 0 && nr >= 0)
		fatalx("seccomp rule for %s: %s", name, strerror(-rc));
}

static void
forbidden_init(enum proc_id role)
{
	struct sigaction	 sa;
	const char		*style;
	int			 nr;

	for (nr = 0; nr < SYSCALLS; nr++)
		if (names[nr] == NULL)
			names[nr] = seccomp_syscall_resolve_num_arch(
			    SCMP_ARCH_NATIVE, nr);
	/* As log.c writes its lines, with the severity of fatal(). */
	style = getenv("QUPTIMED_LOG");
	timed = style == NULL || strcmp(style, "priority") != 0;
	(void)snprintf(prefix, sizeof(prefix), "%s%s: forbidden system call ",
	    timed ? "" : "<2>", proc_name(role));

	/* Its second coming, from within the handler, is the end. */
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = forbidden;
	sa.sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER;
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGSYS, &sa, NULL) == -1)
		fatal("sigaction");
}

static void
forbidden(int sig, siginfo_t *si, void *ctx)
{
	char		 line[LINE_SIZE], digits[16];
	unsigned int	 nr;

	(void)ctx;
	nr = (unsigned int)si->si_syscall;
	line[0] = '\0';
	if (timed)
		put_time(line);
	(void)strlcat(line, prefix, sizeof(line));
	(void)strlcat(line, nr < SYSCALLS && names[nr] != NULL ? names[nr] :
	    "unknown", sizeof(line));
	(void)strlcat(line, " (", sizeof(line));
	(void)strlcat(line, put_number(nr, digits, sizeof(digits)),
	    sizeof(line));
	(void)strlcat(line, ")\n", sizeof(line));
	if (write(STDERR_FILENO, line, strlen(line)) == -1)
		_exit(1);

	(void)kill(getpid(), sig);
	_exit(1);
}

static void
put_time(char *p)
{
	struct timespec	 ts;
	unsigned int	 parts[3], i;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	parts[0] = (unsigned int)(ts.tv_sec / 3600 % 24);
	parts[1] = (unsigned int)(ts.tv_sec / 60 % 60);
	parts[2] = (unsigned int)(ts.tv_sec % 60);
	for (i = 0; i < 3; i++) {
		*p++ = (char)('0' + parts[i] / 10);
		*p++ = (char)('0' + parts[i] % 10);
		*p++ = i < 2 ? ':' : ' ';
	}
	*p = '\0';
}

static const char *
put_number(unsigned int n, char *buf, size_t size)
{
	char	*p = buf + size;

	*--p = '\0';
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	return (p);
}

#ifdef QUPTIMED_SANITIZE
int	 __lsan_is_turned_off(void);

/* Leaks are looked for with ptrace(2), which no sandbox allows. */
int
__lsan_is_turned_off(void)
{
	return (prefix[0] != '\0');
}
#endif
