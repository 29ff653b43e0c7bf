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


#include <sys/resource.h>
#include <sys/wait.h>

#include <signal.h>

#include "quorum_fixture.h"

#define MANY	10000

static const char	 good[] =
    "version: 4\n"
    "updated_at: 2026-05-15T14:01:00Z\n"
    "updated_by: node-a\n"
    "peers: []\n"
    "checks:\n"
    "  - id: c1\n"
    "    name: one\n"
    "    type: tcp\n"
    "    target: h:1\n"
    "  - id: c2\n"
    "    name: two\n"
    "    type: tcp\n"
    "    target: h:2\n"
    "alerts: []\n"
    "future: {deep: [1, two]}\n";

static void
load(const char *text)
{
	struct verr	 ve;

	if (text != NULL)
		fix_write("cluster.yaml", text);
	if (fix_load(&ve) == -1)
		fix_die(ve.msg);
}

/* Reloads; the code and text are the answer's. */
static int
reload(void)
{
	watch_look(&q, CLIENT);
	return (fix_result());
}

/* The text with one part replaced. */
static const char *
edited(const char *text, const char *old, const char *new)
{
	static char	 buf[8192];
	const char	*p = strstr(text, old);

	if (p == NULL)
		fix_die(old);
	snprintf(buf, sizeof(buf), "%.*s%s%s", (int)(p - text), text, new,
	    p + strlen(old));
	return (buf);
}

static void
limit_files(rlim_t size)
{
	struct rlimit	 rl;

	if (getrlimit(RLIMIT_FSIZE, &rl) == -1)
		fix_die("getrlimit");
	rl.rlim_cur = size;
	if (setrlimit(RLIMIT_FSIZE, &rl) == -1)
		fix_die("setrlimit");
}

static void
test_load(void)
{
	struct verr	 ve;
	struct stat	 st;
	char		 want[128];

	load(good);
	is_int(q.cluster.version, 4, "the version is the file's");
	ok(checks_find(&q, "one") != NULL, "a check is found by name");
	ok(checks_find(&q, "c2") == checks_find(&q, "two"), "and by id");
	ok(checks_find(&q, "three") == NULL, "one that is not is not");
	is_int(FIX_TCP("three"), CTL_OK, "a change");
	is_int(q.cluster.version, 5, "is the next version");
	ok(strstr(fix_read("cluster.yaml"), "version: 5\n") != NULL,
	    "in the file");
	ok(strstr(fix_read("cluster.yaml"), "future:") != NULL,
	    "what is not known is kept");
	is_int(stat("cluster.yaml", &st), 0, "the file");
	is_int(st.st_mode & 07777, 0600, "is for its owner alone");
	is_int(access("cluster.yaml.edited", F_OK), -1, "nothing was edited");
	fix_unload();
	load(NULL);
	is_int(q.cluster.version, 5, "the next start has it");
	is_int(q.cluster.checks.n, 3, "all of it");
	fix_unload();

	fix_write("cluster.yaml", "version: [\n");
	is_int(fix_load(&ve), -1, "a broken file is not loaded");
	snprintf(want, sizeof(want), "%s/cluster.yaml", fix_dir);
	is_str(ve.file, want, "the error has the whole path");
	ok(ve.line > 0 && ve.msg[0] != '\0', "the line and what is wrong");
	fix_unload();
	unlink("cluster.yaml");
	if (mkdir("cluster.yaml", 0700) == -1)
		fix_die("mkdir");
	is_int(fix_load(&ve), -1, "a directory is not loaded");
	fix_unload();
	rmdir("cluster.yaml");
	if (mkfifo("cluster.yaml", 0600) == -1)
		fix_die("mkfifo");
	is_int(fix_load(&ve), -1, "nor waited for is a pipe");
	fix_unload();
	unlink("cluster.yaml");
}

/* A change that cannot be written has not happened. */
static void
test_failed_write(void)
{
	struct cluster	*before;
	char		*bytes;
	enum ctl_op	 op;
	static const struct {
		enum ctl_op	 op;
		const char	*name;
	} changes[] = {
		{ CTL_ADD, "new" }, { CTL_EDIT, "one" },
		{ CTL_REMOVE, "one" }, { CTL_DISABLE, "two" }
	};
	size_t		 i;

	load(good);
	FIX_HOOK("hook");
	before = record_dup(&cluster_record, &q.cluster);
	bytes = strdup(fix_read("cluster.yaml"));
	signal(SIGXFSZ, SIG_IGN);
	limit_files(100);
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		op = changes[i].op;
		is_int(fix_mutate(op, CTL_CHECK, changes[i].name,
		    op == CTL_ADD ? "type" : "interval",
		    op == CTL_ADD ? "icmp" : "7s", "target",
		    op == CTL_ADD ? "h" : "h:9", NULL), CTL_REFUSED,
		    "change %zu is refused", i);
		ok(strstr(fix_text, "cluster.yaml: ") != NULL &&
		    strstr(fix_text, "too large") != NULL, "%s", fix_text);
		is_int(fix_res.version, 5, "with the old version");
		ok(record_equal(&cluster_record, before, &q.cluster),
		    "memory is as it was");
		is_str(fix_read("cluster.yaml"), bytes, "the file too");
	}
	is_int(fix_mutate(CTL_REMOVE, CTL_ALERT, "hook", NULL), CTL_REFUSED,
	    "an alert is not removed either");
	ok(checks_find(&q, "new") == NULL && checks_find(&q, "one") != NULL &&
	    mutate_find_alert(&q, "hook") != NULL, "nor is the index changed");
	is_int(q.checks.count[STATE_UNKNOWN], 2, "or a counter");
	limit_files(RLIM_INFINITY);
	is_int(fix_mutate(CTL_REMOVE, CTL_CHECK, "one", NULL), CTL_OK,
	    "with room again it works");
	is_int(fix_res.version, 6, "as the next version");
	record_free(&cluster_record, before);
	free(bytes);
	fix_unload();
}

static void
test_reload(void)
{
	uint32_t	 handle, gen;
	struct result	 res = { PROBE_OK, 1, "" };
	struct qcheck	*c;
	int		 i;

	load(good);
	is_int(reload(), CTL_OK, "what runs is reloaded");
	is_str(fix_text, "nothing has changed", "which is nothing");
	is_int(fix_res.version, 4, "and no new version");
	c = checks_find(&q, "one");
	for (i = 0; i < 2; i++)
		quorum_result(&q, c, SELF, &res, mono_now());
	handle = c->handle;
	gen = q.checks.slots[handle].gen;

	fix_write("cluster.yaml", edited(good, "h:1", "h"));
	is_int(reload(), CTL_REFUSED, "an error is refused");
	ok(strstr(fix_text, "cluster.yaml:9:") != NULL &&
	    strstr(fix_text, "checks[0].target: ") != NULL, "%s", fix_text);
	is_int(q.cluster.version, 4, "what runs runs on");
	is_str(CLUSTER_CHECK(&q.cluster, 0)->target, "h:1", "as it was");
	unlink("cluster.yaml");
	is_int(reload(), CTL_REFUSED, "no file is no empty one");

	fix_write("cluster.yaml", edited(good, "version: 4",
	    "# a word\nversion: 4"));
	is_int(reload(), CTL_OK, "a comment");
	is_int(fix_res.version, 4, "is no new version");
	ok(strstr(fix_read("cluster.yaml"), "# a word") != NULL,
	    "and stays in the file");

	/* The names change places; one is new; the order is another. */
	fix_write("cluster.yaml",
	    "version: 77\npeers: []\nalerts: []\nchecks:\n"
	    "  - {id: c3, name: three, type: icmp, target: h}\n"
	    "  - {id: c2, name: one, type: tcp, target: \"h:2\"}\n"
	    "  - {id: c1, name: two, type: tcp, target: \"h:1\"}\n");
	is_int(reload(), CTL_OK, "an edit");
	is_str(fix_text, "reloaded", "is taken over");
	is_int(fix_res.version, 5, "as the next version, whatever it says");
	ok(strstr(fix_read("cluster.yaml"), "version: 5\n") != NULL,
	    "which goes into the file");
	is_str(checks_find(&q, "one")->conf->id, "c2", "names have moved");
	is_str(checks_find(&q, "two")->conf->id, "c1", "both");
	is_str(checks_find(&q, "three")->conf->id, "c3", "one is new");
	c = checks_find(&q, "c1");
	is_int(c->verdict.state, STATE_UP, "a state goes with the id");
	is_int(c->handle, handle, "so does the handle");
	ok(q.checks.slots[handle].gen != gen, "of another generation");
	is_int(q.checks.count[STATE_UP] + q.checks.count[STATE_UNKNOWN], 3,
	    "all are counted");

	fix_write("cluster.yaml", "version: 5\npeers: []\n"
	    "alerts: []\nchecks:\n"
	    "  - {id: c2, name: one, type: tcp, target: \"h:2\"}\n");
	is_int(reload(), CTL_OK, "two are dropped");
	ok(checks_find(&q, "c1") == NULL && checks_find(&q, "three") == NULL,
	    "they are gone");
	is_int(q.checks.count[STATE_UP], 0, "from the counters too");
	is_int(access("cluster.yaml.edited", F_OK), -1,
	    "what was reloaded is not kept aside");
	fix_unload();
}

/* A reload that cannot be written leaves the edit for a later one. */
static void
test_reload_failed(void)
{
	load(good);
	fix_write("cluster.yaml", edited(good, "h:1", "h:11"));
	limit_files(100);
	is_int(reload(), CTL_REFUSED, "a reload without room");
	limit_files(RLIM_INFINITY);
	is_str(CLUSTER_CHECK(&q.cluster, 0)->target, "h:1", "changes nothing");
	is_int(q.cluster.version, 4, "nothing at all");
	ok(strstr(fix_read("cluster.yaml"), "h:11") != NULL,
	    "the edit is still there");
	is_int(reload(), CTL_OK, "and taken over later");
	is_str(CLUSTER_CHECK(&q.cluster, 0)->target, "h:11", "as edited");
	fix_unload();
}

static void
test_edited(void)
{
	static const char	 mine[] = "# mine\nversion: [\n";

	load(good);
	fix_write("cluster.yaml", mine);
	is_int(FIX_TCP("three"), CTL_OK, "a change over a hand edit");
	is_str(fix_read("cluster.yaml.edited"), mine, "keeps it aside");
	ok(strstr(fix_read("cluster.yaml"), "three") != NULL, "and is made");
	unlink("cluster.yaml.edited");
	is_int(FIX_TCP("four"), CTL_OK, "another change");
	is_int(access("cluster.yaml.edited", F_OK), -1, "keeps nothing");

	fix_write("cluster.yaml", mine);
	limit_files(5);
	is_int(FIX_TCP("five"), CTL_REFUSED, "what cannot be kept");
	limit_files(RLIM_INFINITY);
	is_str(fix_read("cluster.yaml"), mine, "is not overwritten");
	unlink("cluster.yaml");
	is_int(FIX_TCP("five"), CTL_OK, "a file that was removed is made");
	ok(strstr(fix_read("cluster.yaml"), "five") != NULL, "with all");
	is_int(access("cluster.yaml.edited", F_OK), -1, "nothing to keep");
	fix_unload();
}

/* One child that makes changes until it is killed; what it acknowledged. */
static uint64_t
killed_writer(int round)
{
	uint64_t	 version, acked = 0;
	char		 name[32];
	pid_t		 pid = -1;
	int		 fds[2], i, status;

	if (pipe(fds) == -1 || (pid = fork()) == -1)
		fix_die("fork");
	if (pid == 0) {
		for (i = 0;; i++) {
			snprintf(name, sizeof(name), "r%d-%d", round, i);
			if (FIX_TCP(name) != CTL_OK ||
			    write(fds[1], &fix_res.version,
			    sizeof(version)) == -1)
				_exit(1);
		}
	}
	close(fds[1]);
	for (i = 0; i <= round % 7; i++) {
		if (read(fds[0], &version, sizeof(version)) !=
		    sizeof(version))
			fix_die("writer");
		acked = version;
	}
	/* At some moment of the next write. */
	for (i = 0; i < round * 300; i++)
		(void)getppid();
	kill(pid, SIGKILL);
	while (read(fds[0], &version, sizeof(version)) == sizeof(version))
		acked = version;
	close(fds[0]);
	if (waitpid(pid, &status, 0) == -1 || !WIFSIGNALED(status))
		fix_die("waitpid");
	return (acked);
}

static void
test_killed(void)
{
	struct verr	 ve;
	uint64_t	 acked;
	int		 i, bad = 0;

	load(good);
	for (i = 0; i < 40; i++) {
		acked = killed_writer(i);
		fix_unload();
		(void)file_sweep(".");
		if (fix_load(&ve) == -1)
			fix_die(ve.msg);
		if (q.cluster.version < acked ||
		    q.cluster.version > acked + 1)
			bad++;
	}
	is_int(bad, 0, "40 kills lost no acknowledged change");
	is_int(access("cluster.yaml.edited", F_OK), -1,
	    "and what was written is known as that");
	fix_write("cluster.yaml.tmp-Ab12Cd", "half a fi");
	is_int(file_sweep("."), 1, "a leftover is swept");
	is_int(access("cluster.yaml.tmp-Ab12Cd", F_OK), -1, "away");
	fix_unload();
}

static long
heap_kb(void)
{
	FILE	*f = fopen("/proc/self/statm", "r");
	long	 size, rss = -1;

	if (f == NULL || fscanf(f, "%ld %ld", &size, &rss) != 2)
		rss = -1;
	if (f != NULL)
		fclose(f);
	return (rss == -1 ? -1 : rss * (sysconf(_SC_PAGESIZE) / 1024));
}

static void
test_many(void)
{
	struct monotime	 start;
	struct result	 res = { PROBE_OK, 100, "" };
	struct qcheck	*c;
	struct verr	 ve;
	FILE		*f;
	long		 before, after;
	uint32_t	 i, n, found = 0;
	char		 name[32];

	if ((f = fopen("cluster.yaml", "w")) == NULL)
		fix_die("cluster.yaml");
	fprintf(f, "version: 1\npeers: []\nalerts: []\nchecks:\n");
	for (i = 0; i < MANY; i++)
		fprintf(f, "  - id: 0d6f9d3e-8f0c-4a39-8a8f-%012u\n"
		    "    name: check-%u\n    type: http\n"
		    "    target: http://127.0.0.1:8080/some/path/%u\n"
		    "    interval: 10s\n    timeout: 5s\n", i, i, i);
	fclose(f);
	before = heap_kb();
	start = mono_now();
	if (fix_load(&ve) == -1)
		fix_die(ve.msg);
	printf("# %d checks loaded in %lld ms\n", MANY,
	    (long long)mono_sub(mono_now(), start).ns / 1000000);
	is_int(q.cluster.checks.n, MANY, "all are there");
	start = mono_now();
	for (n = 0; n < 2; n++)
		for (i = 0; i < MANY; i++)
			quorum_result(&q, q.checks.slots[i].check, SELF, &res,
			    mono_now());
	printf("# %lld ns a result, flips and their log lines included\n",
	    (long long)mono_sub(mono_now(), start).ns / (2 * MANY));
	is_int(q.checks.count[STATE_UP], MANY, "all are up");
	start = mono_now();
	for (n = 0; n < 10; n++)
		for (i = 0; i < MANY; i++)
			quorum_result(&q, q.checks.slots[i].check, SELF, &res,
			    mono_now());
	printf("# %lld ns a result\n",
	    (long long)mono_sub(mono_now(), start).ns / (10 * MANY));
	after = heap_kb();
	printf("# %ld kB for %d checks\n", after - before, MANY);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "check-%u", i);
		c = checks_find(&q, name);
		if (c != NULL && strcmp(c->conf->name, name) == 0)
			found++;
	}
	is_int(found, MANY, "each is found by its name");
	start = mono_now();
	is_int(fix_mutate(CTL_REMOVE, CTL_CHECK, "check-5000", NULL), CTL_OK,
	    "one is removed");
	printf("# a change in %lld ms\n",
	    (long long)mono_sub(mono_now(), start).ns / 1000000);
	printf("# %ld kB after a change\n", heap_kb() - before);
	is_int(q.cluster.checks.n, MANY - 1, "one is gone");
	is_int(q.checks.count[STATE_UP], MANY - 1, "and its count");
	fix_unload();
	load(NULL);
	is_int(q.cluster.checks.n, MANY - 1, "the file agrees");
	fix_unload();
}

int
main(void)
{
	fix_start();
	test_load();
	test_failed_write();
	test_reload();
	test_reload_failed();
	test_edited();
	fix_mute(1);
	test_killed();
	test_many();
	fix_mute(0);
	fix_end();
	return (tap_done());
}
