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

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quptimectl.h"

/*
 * What the kernel says of a process, from proc(5).  Read by the tool and not
 * by the daemon, so that a taken process cannot answer for itself.  OpenBSD
 * does not tell one process about another's pledge(2): all unknown there.
 */

static const struct {
	const char	*key;
	size_t		 offset;
} numbers[] = {
	{ "Uid:",		offsetof(struct procinfo, uid) },
	{ "Gid:",		offsetof(struct procinfo, gid) },
	{ "Seccomp:",		offsetof(struct procinfo, seccomp) },
	{ "NoNewPrivs:",	offsetof(struct procinfo, no_new_privs) }
};

static void	 read_line(struct procinfo *, const char *);
static long	 count_fds(int);

void
procinfo_read(enum proc_id proc, int pid, struct procinfo *info)
{
	char	 path[64], line[512];
	FILE	*fp;
	ssize_t	 n;

	memset(info, 0, sizeof(*info));
	info->name = proc_name(proc);
	info->pid = pid;
	info->uid = info->gid = info->seccomp = info->no_new_privs = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if ((fp = fopen(path, "re")) != NULL) {
		while (fgets(line, sizeof(line), fp) != NULL)
			read_line(info, line);
		fclose(fp);
	}
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	if ((n = readlink(path, info->root, sizeof(info->root) - 1)) > 0)
		info->root[n] = '\0';
	info->fds = count_fds(pid);
}

static void
read_line(struct procinfo *info, const char *line)
{
	size_t	 i, len;
	long	 value;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		len = strlen(numbers[i].key);
		if (strncmp(line, numbers[i].key, len) != 0)
			continue;
		value = strtol(line + len, NULL, 10);
		memcpy((char *)info + numbers[i].offset, &value,
		    sizeof(value));
	}
	if (strncmp(line, "CapEff:\t", 8) == 0) {
		strlcpy(info->caps, line + 8, sizeof(info->caps));
		info->caps[strcspn(info->caps, "\n")] = '\0';
	}
}

static long
count_fds(int pid)
{
	char		 path[64];
	struct dirent	*de;
	DIR		*dir;
	long		 n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	if ((dir = opendir(path)) == NULL)
		return (-1);
	while ((de = readdir(dir)) != NULL)
		if (de->d_name[0] != '.')
			n++;
	closedir(dir);
	return (n);
}
