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

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "quorum_durable.h"
#include "tap.h"

static char			 dir[] = "/tmp/durable_test.XXXXXX";
static struct durable		 d;
static struct durable_texts	 texts;
static struct verr		 ve;

static const char	 text1[] = "version: 1\npeers: [n1]\n";
static const char	 text2[] = "version: 2\npeers: [n1, n2]\n";

static int
load(void)
{
	durable_texts_clear(&texts);
	memset(&ve, 0, sizeof(ve));
	durable_init(&d, &durable_disk, NULL, "/var/db/quptime");
	return (durable_load(&d, &texts, &ve));
}

static void
put(const char *name, const char *buf, size_t len)
{
	int	 fd;

	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || write(fd, buf, len) != (ssize_t)len) {
		perror(name);
		exit(1);
	}
	close(fd);
}

static size_t
get(const char *name, char *buf, size_t size)
{
	ssize_t	 n;
	int	 fd;

	if ((fd = open(name, O_RDONLY)) == -1 ||
	    (n = read(fd, buf, size)) == -1) {
		perror(name);
		exit(1);
	}
	close(fd);
	return (n);
}

static void
wipe(void)
{
	(void)unlink(DURABLE_VOTE);
	(void)unlink(DURABLE_NEXT);
	(void)unlink(DURABLE_COMMITTED);
}

static void
fill(void)
{
	wipe();
	(void)load();
	if (durable_save_vote(&d, 3, "n1", &ve) == -1 ||
	    durable_save_next(&d, 3, 1, text1, strlen(text1), &ve) == -1 ||
	    durable_commit(&d, 3, 1, &ve) == -1 ||
	    durable_save_next(&d, 3, 2, text2, strlen(text2), &ve) == -1) {
		fprintf(stderr, "%s\n", ve.msg);
		exit(1);
	}
}

static void
refused(const char *what, const char *msg)
{
	int	 rv;

	rv = load();
	ok(rv == -1 && strstr(ve.msg, msg) != NULL &&
	    strstr(ve.msg, "join anew") != NULL &&
	    strncmp(ve.file, "/var/db/quptime/", 16) == 0, "%s: %s: %s",
	    what, ve.file, ve.msg);
	ok(texts.committed == NULL && texts.next == NULL,
	    "nothing is left of it");
}

static void
test_good(void)
{
	struct stat	 st;

	is_int(load(), 0, "nothing is there");
	fill();
	is_int(load(), 1, "all is there");
	is_int(d.term, 3, "the term");
	is_str(d.voted_for, "n1", "the vote");
	ok(d.has_committed && d.committed.term == 3 &&
	    d.committed.n == 1, "what was committed");
	is_str(texts.committed, text1, "and its text");
	ok(d.has_next && d.next.n == 2, "what was accepted");
	is_str(texts.next, text2, "and its text");
	ok(stat(DURABLE_VOTE, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "others read nothing");
	is_int(durable_commit(&d, 3, 1, &ve), -1, "another one was accepted");
	is_int(durable_commit(&d, 3, 2, &ve), 0, "it is committed");
	is_int(load(), 1, "again");
	ok(!d.has_next && d.committed.n == 2, "nothing is under way");
	is_int(durable_save_vote(&d, 4, NULL, &ve), 0, "no vote");
	is_int(load(), 1, "again");
	is_int(d.term, 4, "a new term");
	is_str(d.voted_for, "", "nobody was voted for");
	is_int(durable_save_next(&d, 4, 3, "version: 3", 10, &ve), -1,
	    "a text without its last newline");
	put(DURABLE_NEXT ".new", "half", 4);
	is_int(load(), 1, "what a crash left is no matter");
	ok(access(DURABLE_NEXT ".new", F_OK) == -1, "and is gone");
}

static void
test_protocol1(void)
{
	wipe();
	put(DURABLE_COMMITTED, text1, strlen(text1));
	is_int(load(), 0, "a file of protocol 1 is left alone");
	is_int(durable_save_next(&d, 0, 1, text1, strlen(text1), &ve), 0,
	    "it moves over");
	is_int(durable_commit(&d, 0, 1, &ve), 0, "in one step");
	is_int(load(), 1, "and is there again");
	ok(d.committed.term == 0 && d.committed.n == 1, "of no term");
}

/* Each byte in turn is lost, with all after it; and each is another one. */
static void
damage(const char *name)
{
	char	 buf[1024];
	size_t	 i, n;
	int	 bad = 0;

	fill();
	n = get(name, buf, sizeof(buf));
	for (i = 0; i < n; i++) {
		put(name, buf, i);
		if (load() != -1) {
			bad++;
			fprintf(stderr, "# %s of %zu bytes\n", name, i);
		}
	}
	is_int(bad, 0, "%s: torn anywhere", name);
	for (i = 0; i < n; i++) {
		buf[i] ^= 0x01;
		put(name, buf, n);
		if (load() != -1) {
			bad++;
			fprintf(stderr, "# %s byte %zu\n", name, i);
		}
		buf[i] ^= 0x01;
	}
	is_int(bad, 0, "%s: any bit turned", name);
	memset(buf, 0, n);
	put(name, buf, n);
	is_int(load(), -1, "%s: zeros", name);
}

static void
test_mixed(void)
{
	char	 old[1024];
	size_t	 n;

	fill();
	n = get(DURABLE_COMMITTED, old, sizeof(old));
	put(DURABLE_NEXT, old, n);
	refused("next is not above committed", "version 1 of term 3");
	fill();
	n = get(DURABLE_VOTE, old, sizeof(old));
	(void)durable_save_vote(&d, 5, "n2", &ve);
	(void)durable_save_next(&d, 5, 3, text2, strlen(text2), &ve);
	put(DURABLE_VOTE, old, n);
	refused("an old vote came back", "was accepted in term 5");
	(void)durable_save_vote(&d, 5, "n2", &ve);
	(void)durable_commit(&d, 5, 3, &ve);
	put(DURABLE_VOTE, old, n);
	refused("an old vote came back", "was committed in term 5");
	(void)unlink(DURABLE_VOTE);
	refused("the vote is gone", "missing");
	fill();
	n = get(DURABLE_NEXT, old, sizeof(old));
	put(DURABLE_VOTE, old, n);
	refused("one file for another", "checksum");
	fill();
	put(DURABLE_COMMITTED, text1, strlen(text1));
	refused("edited while nothing ran", "edited");
	fill();
	put(DURABLE_COMMITTED, "", 0);
	refused("empty", "truncated");
}

/* A disk that fails at the n-th call. */
static int	 calls, fails_at;

static int
fails(void)
{
	errno = ENOSPC;
	return (++calls == fails_at);
}

static int
bad_open(void *arg, const char *name, int writing)
{
	return (writing && fails() ? -1 :
	    durable_disk.open(arg, name, writing));
}

static ssize_t
bad_write(void *arg, int fd, const void *buf, size_t len)
{
	/* A little at a time, as a disk that fills up does. */
	return (fails() ? -1 : durable_disk.write(arg, fd, buf,
	    len > 16 ? 16 : len));
}

static int
bad_fsync(void *arg, int fd)
{
	return (fails() ? -1 : durable_disk.fsync(arg, fd));
}

static int
bad_rename(void *arg, const char *from, const char *to)
{
	return (fails() ? -1 : durable_disk.rename(arg, from, to));
}

static int
bad_fsync_dir(void *arg)
{
	return (fails() ? -1 : durable_disk.fsync_dir(arg));
}

static void
test_failing(void)
{
	struct durable_ops	 ops;
	int			 rv, bad = 0;

	ops = durable_disk;
	ops.open = bad_open;
	ops.write = bad_write;
	ops.fsync = bad_fsync;
	ops.rename = bad_rename;
	ops.fsync_dir = bad_fsync_dir;
	for (fails_at = 1; fails_at < 100; fails_at++) {
		fill();
		d.ops = &ops;
		calls = 0;
		rv = durable_save_vote(&d, 9, "n2", &ve);
		if (rv == 0)
			break;
		/* The old one or the new one, and never none. */
		if (strstr(ve.msg, strerror(ENOSPC)) == NULL || load() != 1 ||
		    (d.term != 3 && d.term != 9))
			bad++;
		if (access(DURABLE_VOTE ".new", F_OK) == 0)
			bad++;
	}
	ok(rv == 0 && fails_at > 5, "%d places to fail", fails_at - 1);
	is_int(bad, 0, "a full disk keeps what was there");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL || chdir(dir) == -1) {
		perror(dir);
		return (1);
	}
	test_good();
	test_protocol1();
	damage(DURABLE_VOTE);
	damage(DURABLE_NEXT);
	damage(DURABLE_COMMITTED);
	test_mixed();
	test_failing();
	durable_texts_clear(&texts);
	wipe();
	if (rmdir(dir) == -1)
		perror(dir);
	return (tap_done());
}
