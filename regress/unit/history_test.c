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
#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quorum_history.h"
#include "tap.h"

static char		 dir[] = "/tmp/history_test.XXXXXX";
static char		 path[64];
static struct verr	 ve;

static struct wire_verdict
verdict(const char *id, const char *state, uint64_t term, uint64_t counter)
{
	struct wire_verdict	 v;
	int			 down;

	memset(&v, 0, sizeof(v));
	down = strcmp(state, "down") == 0;
	v.check_id = (char *)(uintptr_t)id;
	v.state = (char *)(uintptr_t)state;
	v.from = (char *)(uintptr_t)(down ? "up" : "down");
	v.term = term;
	v.counter = counter;
	v.since.sec = 1000 + (int64_t)counter;
	v.since.nsec = 5;
	v.ok_count = down ? 1 : 3;
	v.total = 3;
	v.detail = (char *)(uintptr_t)(down ? "caf\xc3\xa9: refused" : "");
	v.alert = (char *)(uintptr_t)"owed";
	v.alert_id = (char *)(uintptr_t)"a1";
	return (v);
}

static int
put(struct history *h, const char *id, const char *state, uint64_t term,
    uint64_t counter)
{
	struct wire_verdict		 v;
	const struct wire_verdict	*list[1];

	v = verdict(id, state, term, counter);
	list[0] = &v;
	return (history_put(h, list, 1, &ve));
}

struct seen {
	char	 text[512];
	int	 stop;		/* after so many */
};

static int
see(const struct wire_verdict *v, void *arg)
{
	struct seen	*s = arg;
	size_t		 len;

	len = strlen(s->text);
	(void)snprintf(s->text + len, sizeof(s->text) - len,
	    "%s %s<%s %llu.%llu %lld.%d %lld/%lld %s %s %lld %s;",
	    v->check_id, v->state, v->from, (unsigned long long)v->term,
	    (unsigned long long)v->counter, (long long)v->since.sec,
	    v->since.nsec, (long long)v->ok_count, (long long)v->total,
	    v->detail, v->alert, (long long)v->attempts, v->alert_id);
	return (s->stop > 0 && --s->stop == 0 ? -1 : 0);
}

static const char *
above(struct history *h, uint64_t term, uint64_t counter, int stop)
{
	static struct seen	 s;
	struct stamp		 from;

	memset(&s, 0, sizeof(s));
	from.term = term;
	from.n = counter;
	s.stop = stop;
	return (history_each(h, &from, see, &s, &ve) == 0 ? s.text : ve.msg);
}

/* What another program would read there. */
static const char *
query(const char *sql)
{
	static char	 out[1024];
	char		 cmd[1400];
	FILE		*p;
	size_t		 n;

	(void)snprintf(cmd, sizeof(cmd), "python3 -c 'import sqlite3\n"
	    "for r in sqlite3.connect(\"%s\").execute(\"%s\"): print(*r)'",
	    path, sql);
	if ((p = popen(cmd, "r")) == NULL)
		return ("no python");
	n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	return (pclose(p) == 0 ? out : "failed");
}

static void
test_keep(void)
{
	struct history	*h;
	struct stamp	 s;
	struct stat	 st;

	h = history_open(path, &ve);
	ok(h != NULL, "it is made: %s", ve.msg);
	if (h == NULL)
		return;
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "for its owner only");
	s = history_stamp(h);
	ok(s.term == 0 && s.n == 0, "with nothing in it");
	is_int(put(h, "one", "down", 3, 7), 0, "a verdict");
	is_int(put(h, "two", "down", 3, 8), 0, "another");
	is_int(put(h, "one", "up", 3, 9), 0, "the first is up");
	is_int(put(h, "one", "down", 2, 99), 0, "an older one");
	is_int(put(h, "two", "up", 3, 8), 0, "one of the same stamp");
	is_str(above(h, 0, 0, 0), "two down<up 3.8 1008.5 1/3 "
	    "caf\xc3\xa9: refused owed 0 a1;one up<down 3.9 1009.5 3/3  owed "
	    "0 a1;", "neither counts; in the order of stamps");
	is_str(above(h, 3, 8, 0), "one up<down 3.9 1009.5 3/3  owed 0 a1;",
	    "above one");
	is_str(above(h, 2, 1000, 1), "two down<up 3.8 1008.5 1/3 "
	    "caf\xc3\xa9: refused owed 0 a1;", "until told to end");
	is_str(above(h, 3, 9, 0), "", "none");
	history_close(h);
	h = history_open(path, &ve);
	ok(h != NULL, "again: %s", ve.msg);
	if (h == NULL)
		return;
	s = history_stamp(h);
	ok(s.term == 3 && s.n == 9, "the highest stamp is known");
	is_int(history_forget(h, "one", &ve), 0, "a check is no more");
	is_str(above(h, 0, 0, 0), "two down<up 3.8 1008.5 1/3 "
	    "caf\xc3\xa9: refused owed 0 a1;", "nor its verdict");
	history_close(h);
	is_str(query("select check_id, state, since from transition "
	    "order by since"), "one down 0001-01-01T00:16:47.000000005Z\n"
	    "two down 0001-01-01T00:16:48.000000005Z\n"
	    "one up 0001-01-01T00:16:49.000000005Z\n",
	    "what happened stays");
}

/* All or nothing, and it goes on when there is room again. */
static void
test_full(void)
{
	struct history			*h;
	struct wire_verdict		 v[64];
	const struct wire_verdict	*list[64];
	char				 ids[64][16], *big;
	struct rlimit			 was, now;
	uint32_t			 i;

	if ((big = malloc(40001)) == NULL)
		abort();
	memset(big, 'x', 40000);
	big[40000] = '\0';
	h = history_open(path, &ve);
	if (h == NULL) {
		ok(0, "it opens: %s", ve.msg);
		free(big);
		return;
	}
	for (i = 0; i < 64; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "n%u", i);
		v[i] = verdict(ids[i], "down", 4, i + 1);
		v[i].detail = big;
		list[i] = &v[i];
	}
	(void)signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_FSIZE, &was) == -1)
		abort();
	now = was;
	now.rlim_cur = 256 * 1024;
	ok(setrlimit(RLIMIT_FSIZE, &now) == 0, "no more room");
	is_int(history_put(h, list, 64, &ve), -1, "not written: %s", ve.msg);
	is_int((long long)history_stamp(h).term, 3, "the stamp is as it was");
	is_str(above(h, 3, 8, 0), "", "and there is none of it");
	ok(setrlimit(RLIMIT_FSIZE, &was) == 0, "room again");
	is_int(history_put(h, list, 64, &ve), 0, "written");
	is_int((long long)history_stamp(h).n, 64, "all of it");
	history_close(h);
	free(big);
}

static void
test_damaged(void)
{
	struct history	*h;
	char		 junk[4096];
	int		 fd;

	is_str(query("pragma user_version = 2"), "", "of a newer version");
	h = history_open(path, &ve);
	ok(h == NULL && strstr(ve.msg, "newer quptimed") != NULL &&
	    strcmp(ve.file, path) == 0, "is refused: %s", ve.msg);
	is_str(query("pragma user_version = 1"), "", "of this one");
	h = history_open(path, &ve);
	ok(h != NULL, "is fine: %s", ve.msg);
	history_close(h);
	memset(junk, 0x5a, sizeof(junk));
	if ((fd = open(path, O_WRONLY)) == -1 ||
	    pwrite(fd, junk, sizeof(junk), 4096) != sizeof(junk) ||
	    pwrite(fd, junk, sizeof(junk), 8192) != sizeof(junk))
		abort();
	close(fd);
	h = history_open(path, &ve);
	ok(h == NULL, "damaged: %s", ve.msg);
	if ((fd = open(path, O_WRONLY | O_TRUNC)) == -1 ||
	    write(fd, junk, 100) != 100)
		abort();
	close(fd);
	h = history_open(path, &ve);
	ok(h == NULL, "no database at all: %s", ve.msg);
	ok(history_open("/nonexistent/history.db", &ve) == NULL,
	    "no such place: %s", ve.msg);
}

int
main(void)
{
	char	 cmd[100];

	if (mkdtemp(dir) == NULL)
		abort();
	(void)snprintf(path, sizeof(path), "%s/%s", dir, HISTORY_FILE);
	test_keep();
	test_full();
	test_damaged();
	(void)snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	is_int(system(cmd), 0, "all is taken away");
	return (tap_done());
}
