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

/*
 * inject pid call: makes a process that sleeps in a system call make another
 * one in its own name, filter and all, by moving it back onto the instruction
 * it sleeps in.  Prints what the call returned, or "trapped" if the filter sent
 * SIGSYS, with which the process is then left alone.
 */

#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#define INSN_SIZE	2
#define REG_PC(r)	((r).rip)
#define REG_SP(r)	((r).rsp)
#define REG_RET(r)	((r).rax)
#define SET_CALL(r, nr)	((r).rax = (nr), (r).orig_rax = -1ULL)
#define REG_ARGS(r)	{ &(r).rdi, &(r).rsi, &(r).rdx, &(r).r10 }
typedef unsigned long long reg;
#elif defined(__aarch64__)
#define INSN_SIZE	4
#define REG_PC(r)	((r).pc)
#define REG_SP(r)	((r).sp)
#define REG_RET(r)	((r).regs[0])
#define SET_CALL(r, nr)	((r).regs[8] = (nr))
#define REG_ARGS(r)	{ &(r).regs[0], &(r).regs[1], &(r).regs[2],	\
			    &(r).regs[3] }
typedef unsigned long long reg;
#else
#error "not on this machine"
#endif

#define BELOW_STACK	4096	/* where the path goes: nothing is there */
#define PATH		UINT64_MAX	/* stands for the path's address */

static const struct {
	const char	*name;
	long		 nr;
	uint64_t	 args[4];
	const char	*path;
} calls[] = {
	{ "open", SYS_openat, { (uint64_t)AT_FDCWD, PATH, O_RDONLY, 0 },
	    "/etc/passwd" },
	{ "create", SYS_openat, { (uint64_t)AT_FDCWD, PATH,
	    O_WRONLY | O_CREAT, 0600 }, "/tmp/quptime-escape" },
	{ "execve", SYS_execve, { PATH, 0, 0, 0 }, "/bin/true" },
	{ "ptrace", SYS_ptrace, { PTRACE_TRACEME, 0, 0, 0 }, NULL },
	{ "socket", SYS_socket, { AF_INET, SOCK_STREAM, 0, 0 }, NULL },
	{ "getpid", SYS_getpid, { 0, 0, 0, 0 }, NULL }
};

/* Whether the kernel has that signal for the process, from proc(5). */
static int
is_pending(pid_t pid, int sig)
{
	unsigned long long	 set = 0, mask;
	char			 path[64], line[256];
	FILE			*fp;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if ((fp = fopen(path, "r")) == NULL)
		err(2, "%s", path);
	while (fgets(line, sizeof(line), fp) != NULL)
		if (sscanf(line, "SigPnd: %llx", &mask) == 1 ||
		    sscanf(line, "ShdPnd: %llx", &mask) == 1)
			set |= mask;
	fclose(fp);
	return ((set >> (sig - 1)) & 1);
}

int
main(int argc, char *argv[])
{
	struct user_regs_struct	 old, regs;
	struct iovec		 iov;
	reg			*args[4] = REG_ARGS(regs);
	uint64_t		 place;
	long			 word;
	pid_t			 pid;
	size_t			 i, j;
	int			 status;

	if (argc != 3)
		errx(2, "usage: inject pid call");
	pid = (pid_t)strtol(argv[1], NULL, 10);
	for (i = 0; strcmp(calls[i].name, argv[2]) != 0; i++)
		if (i + 1 == sizeof(calls) / sizeof(calls[0]))
			errx(2, "%s: no such call", argv[2]);

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) == -1 ||
	    waitpid(pid, &status, 0) != pid)
		err(2, "attach to %d", (int)pid);
	iov.iov_base = &old;
	iov.iov_len = sizeof(old);
	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov) == -1)
		err(2, "registers");
	regs = old;
	place = (REG_SP(regs) - BELOW_STACK) & ~7ULL;
	for (j = 0; calls[i].path != NULL &&
	    j < strlen(calls[i].path) + sizeof(word); j += sizeof(word)) {
		word = 0;
		if (j < strlen(calls[i].path))
			strncpy((char *)&word, calls[i].path + j,
			    sizeof(word));
		if (ptrace(PTRACE_POKEDATA, pid, place + j, word) == -1)
			err(2, "path");
	}
	for (j = 0; j < 4; j++)
		*args[j] = calls[i].args[j] == PATH ? place : calls[i].args[j];
	SET_CALL(regs, calls[i].nr);
	REG_PC(regs) -= INSN_SIZE;
	iov.iov_base = &regs;
	if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov) == -1)
		err(2, "registers");

	/* Into the call, and out of it. */
	if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == -1 ||
	    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == -1 ||
	    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		errx(2, "the process is gone");
	if (WSTOPSIG(status) == SIGSYS || is_pending(pid, SIGSYS)) {
		if (ptrace(PTRACE_DETACH, pid, NULL,
		    WSTOPSIG(status) == SIGSYS ? SIGSYS : 0) == -1)
			err(2, "detach");
		printf("trapped\n");
		return (0);
	}
	iov.iov_base = &regs;
	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov) == -1)
		err(2, "registers");
	printf("%lld\n", (long long)REG_RET(regs));
	iov.iov_base = &old;
	if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov) == -1 ||
	    ptrace(PTRACE_DETACH, pid, NULL, NULL) == -1)
		err(2, "detach");
	return (0);
}
