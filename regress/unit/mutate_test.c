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


#include "quorum_fixture.h"

#include <fcntl.h>

#include "yaml.h"

#define ADD	CTL_ADD, CTL_CHECK
#define EDIT	CTL_EDIT, CTL_CHECK
#define REMOVE	CTL_REMOVE, CTL_CHECK

static struct check *
conf(const char *name)
{
	struct qcheck	*c = checks_find(&q, name);

	return (c != NULL ? c->conf : NULL);
}

/* What the file holds agrees with what is in force. */
static int
durable(void)
{
	struct cluster	 cl;
	struct verr	 ve;
	struct store	 s;
	int		 same;

	memset(&cl, 0, sizeof(cl));
	store_init(&s, fix_dir);
	if (store_load(&s, &cl, &ve) != 1)
		return (0);
	same = record_equal(&cluster_record, &cl, &q.cluster);
	record_clear(&cluster_record, &cl);
	return (same);
}

static void
test_add(void)
{
	const struct check	*c;

	is_int(FIX_TCP("one"), CTL_OK, "a check is added");
	is_str(fix_text, "added check one", "the answer says so");
	is_int(fix_res.version, 1, "it is version 1");
	is_int(q.cluster.version, 1, "which is in force");
	is_str(q.cluster.updated_by, "node-a", "by this node");
	ok(!wall_iszero(&q.cluster.updated_at), "now");
	ok(durable(), "and in the file");
	c = conf("one");
	ok(c != NULL && strlen(c->id) == 36, "it has a random id");
	ok(c != NULL && conf(c->id) == c, "and is found by it");
	is_str(c->target, "127.0.0.1:9", "with its fields");
	is_int(q.checks.count[STATE_UNKNOWN], 1, "one check is unknown");

	is_int(FIX_TCP("one"), CTL_REFUSED, "the same name is refused");
	is_str(fix_text, "check \"one\" exists", "and why");
	is_int(FIX_TCP(c->id), CTL_REFUSED, "as is another's id as a name");
	is_int(q.cluster.version, 1, "which is no new version");

	is_int(fix_mutate(ADD, "bad", "type", "tcp", "target", "x", NULL),
	    CTL_REFUSED, "a target that is none is refused");
	is_str(fix_text, "target: must be host:port", "with its path");
	is_int(fix_mutate(ADD, "bad", "type", "tcp", "target", "h:1",
	    "interval", "500ms", NULL), CTL_REFUSED,
	    "an interval out of bounds too");
	ok(strstr(fix_text, "interval: ") == fix_text, "%s", fix_text);
	is_int(fix_mutate(ADD, "bad", "type", "udp", "target", "h:1", NULL),
	    CTL_REFUSED, "and a type that is not known");
	is_int(fix_mutate(ADD, "bad", "colour", "red", NULL), CTL_REFUSED,
	    "and a field that is none");
	is_str(fix_text, "colour: checks have no such field", "by name");
	is_int(fix_mutate(ADD, "bad", "id", "mine", NULL), CTL_REFUSED,
	    "an id is not for the caller to choose");
	is_int(fix_mutate(ADD, "bad", "type", "tcp", "target", "h:1",
	    "alert_ids", "nobody", NULL), CTL_REFUSED,
	    "an alert has to exist");
	is_str(fix_text, "alert \"nobody\" is not known", "and why");
	is_int(fix_mutate(ADD, "", "type", "tcp", "target", "h:1", NULL),
	    CTL_REFUSED, "a name has to be");
	is_int(q.cluster.checks.n, 1, "none of them is in force");
	is_int(q.cluster.version, 1, "or a version");
	ok(conf("bad") == NULL, "or found");
}

static void
test_edit(void)
{
	const struct check	*c;
	char			*id = strdup(conf("one")->id);

	is_int(fix_mutate(EDIT, "one", "interval", "5s", NULL), CTL_OK,
	    "a check is edited");
	is_str(fix_text, "updated check one", "the answer says so");
	is_int(q.cluster.version, 2, "as version 2");
	is_int(check_interval(conf("one")), 5000000000LL, "it is in force");
	is_str(conf("one")->target, "127.0.0.1:9", "the rest is as it was");
	is_str(conf("one")->id, id, "the id too");
	ok(durable(), "and in the file");

	is_int(fix_mutate(EDIT, "one", "interval", "5s", NULL), CTL_OK,
	    "the same again is fine");
	is_str(fix_text, "check one unchanged", "and said to be nothing");
	is_int(q.cluster.version, 2, "no new version");
	is_int(fix_mutate(EDIT, "none", "interval", "5s", NULL),
	    CTL_REFUSED, "one that is not there");
	is_str(fix_text, "no such check \"none\"", "and why");

	is_int(FIX_TCP("two"), CTL_OK, "another one");
	is_int(fix_mutate(EDIT, "two", "name", "one", NULL), CTL_REFUSED,
	    "cannot take the name of the first");
	is_int(fix_mutate(EDIT, id, "name", "uno", NULL), CTL_OK,
	    "by id, it is renamed");
	is_str(fix_text, "updated check one", "the answer has its name");
	ok(conf("one") == NULL, "the old name is free");
	c = conf("uno");
	ok(c != NULL && strcmp(c->id, id) == 0, "the new one is known");
	is_int(fix_mutate(EDIT, "two", "name", "one", NULL), CTL_OK,
	    "so that the other can have it");
	is_int(fix_mutate(EDIT, "uno", "id", "x", NULL), CTL_REFUSED,
	    "an id is never changed");
	is_str(fix_text, "id: is never changed", "and why");
	ok(durable(), "the file agrees");
	free(id);
}

static void
test_enable(void)
{
	uint64_t	 version = q.cluster.version;

	is_int(fix_mutate(CTL_ENABLE, CTL_CHECK, "uno", NULL), CTL_OK,
	    "to enable what is enabled is fine");
	is_str(fix_text, "check uno already enabled", "and said");
	is_int(q.cluster.version, version, "no new version");
	is_int(fix_mutate(CTL_DISABLE, CTL_CHECK, "uno", NULL), CTL_OK,
	    "disabled");
	is_int(q.cluster.version, version + 1, "a new version");
	is_int(conf("uno")->disabled, 1, "in force");
	is_int(q.checks.ndisabled, 1, "and counted");
	is_int(q.checks.count[STATE_UNKNOWN], 1, "no longer as unknown");
	is_int(fix_mutate(CTL_DISABLE, CTL_CHECK, "uno", NULL), CTL_OK,
	    "again");
	is_str(fix_text, "check uno already disabled", "is nothing");
	is_int(fix_mutate(CTL_ENABLE, CTL_CHECK, "uno", NULL), CTL_OK,
	    "and enabled");
	is_int(q.checks.ndisabled, 0, "counted");
	is_int(fix_mutate(CTL_ENABLE, CTL_CHECK, "none", NULL), CTL_REFUSED,
	    "one that is not there");
}

static void
test_alerts(void)
{
	char	*id;

	is_int(FIX_HOOK("hook"), CTL_OK, "an alert is added");
	is_int(FIX_HOOK("hook"), CTL_REFUSED, "but once");
	is_str(fix_text, "alert \"hook\" exists", "and why");
	id = strdup(mutate_find_alert(&q, "hook")->id);
	is_int(fix_mutate(EDIT, "uno", "alert_ids", "hook", NULL), CTL_OK,
	    "a check is given it by name");
	is_str(conf("uno")->alert_ids.v[0], id, "and keeps its id");
	is_int(fix_mutate(CTL_EDIT, CTL_ALERT, "hook", "name", "horn",
	    "default", "true", NULL), CTL_OK, "it is renamed");
	is_int(mutate_find_alert(&q, id)->is_default, 1, "and default");
	is_int(fix_mutate(EDIT, "uno", "suppress_alert_ids", "nobody",
	    NULL), CTL_REFUSED, "none to suppress");
	is_int(fix_mutate(EDIT, "uno", "alert_ids", "", NULL), CTL_OK,
	    "a list is emptied");
	is_int(conf("uno")->alert_ids.n, 0, "it is empty");
	is_int(fix_mutate(CTL_DISABLE, CTL_ALERT, "horn", NULL), CTL_OK,
	    "it is disabled");
	is_int(fix_mutate(CTL_REMOVE, CTL_ALERT, id, NULL), CTL_OK,
	    "it is removed");
	is_int(q.cluster.alerts.n, 0, "it is gone");
	is_int(fix_mutate(CTL_REMOVE, CTL_ALERT, "horn", NULL), CTL_REFUSED,
	    "but once");
	is_str(fix_text, "no such alert \"horn\"", "and why");
	ok(strstr(fix_read("cluster.yaml"), "s3cret") == NULL,
	    "its secret has left the file");
	ok(durable(), "the file agrees");
	free(id);
}

static void
test_remove(void)
{
	is_int(fix_mutate(REMOVE, "uno", NULL), CTL_OK, "a check is removed");
	is_str(fix_text, "removed check uno", "the answer says so");
	ok(conf("uno") == NULL, "it is gone");
	is_int(q.cluster.checks.n, 1, "one is left");
	ok(conf("one") != NULL, "the other");
	is_int(fix_mutate(REMOVE, "uno", NULL), CTL_REFUSED, "but once");
	is_str(fix_text, "no such check \"uno\"", "and why");
	ok(durable(), "the file agrees");
}

/* Definitions that reach the prober, by handle. */
static void
test_prober(void)
{
	struct imsg_probe_set	 set, again;
	struct imsg		 imsg;
	struct ibuf		 buf;
	uint32_t		 handle;

	while (fix_next(&prober, &imsg) &&
	    imsg_get_type(&imsg) != IMSG_PROBE_COMMIT)
		imsg_free(&imsg);
	imsg_free(&imsg);
	while (!fix_silent(&prober))
		;
	is_int(FIX_TCP("three"), CTL_OK, "a check is added");
	ok(fix_next(&prober, &imsg), "the prober hears of it");
	is_int(imsg_get_type(&imsg), IMSG_PROBE_SET, "its definition");
	imsg_get_ibuf(&imsg, &buf);
	ibuf_get(&buf, &set, sizeof(set));
	imsg_free(&imsg);
	ok(fix_next(&prober, &imsg), "and then");
	is_int(imsg_get_type(&imsg), IMSG_PROBE_COMMIT, "that it is all");
	imsg_free(&imsg);
	ok(checks_by_handle(&q, set.handle, set.gen) ==
	    checks_find(&q, "three"), "results will find it");

	fix_mutate(CTL_ADD, CTL_ALERT, "h", "type", "webhook", "webhook_url",
	    "http://h/", NULL);
	fix_mutate(EDIT, "three", "alert_ids", "h", NULL);
	ok(fix_silent(&prober), "whom it tells is not the prober's business");

	fix_mutate(EDIT, "three", "target", "127.0.0.1:10", NULL);
	ok(fix_next(&prober, &imsg), "another target is");
	imsg_get_ibuf(&imsg, &buf);
	ibuf_get(&buf, &again, sizeof(again));
	imsg_free(&imsg);
	is_int(again.handle, set.handle, "under the same handle");
	ok(again.gen != set.gen, "and another generation");
	ok(checks_by_handle(&q, set.handle, set.gen) == NULL,
	    "so that a late result is known as one");

	fix_next(&prober, &imsg);
	imsg_free(&imsg);
	fix_mutate(CTL_DISABLE, CTL_CHECK, "three", NULL);
	ok(fix_next(&prober, &imsg), "disabled");
	is_int(imsg_get_type(&imsg), IMSG_PROBE_DEL, "the prober forgets it");
	imsg_get_data(&imsg, &handle, sizeof(handle));
	is_int(handle, set.handle, "by its handle");
	imsg_free(&imsg);
	fix_mutate(REMOVE, "three", NULL);
	while (fix_next(&prober, &imsg) &&
	    imsg_get_type(&imsg) == IMSG_PROBE_COMMIT &&
	    !fix_silent(&prober))
		imsg_free(&imsg);
	imsg_free(&imsg);
	FIX_TCP("four");
	is_int(checks_find(&q, "four")->handle, set.handle,
	    "a handle is used again");
	again.gen = q.checks.slots[set.handle].gen;
	ok(checks_by_handle(&q, set.handle, again.gen) != NULL,
	    "with a generation of its own");
	fix_mutate(REMOVE, "four", NULL);
	FIX_TCP("five");
	is_int(checks_find(&q, "five")->handle, set.handle, "and again");
	ok(checks_by_handle(&q, set.handle, again.gen) == NULL,
	    "a late result of the removed one is not taken for its heir's");
}

static void
test_malformed(void)
{
	struct ctl_mutate	 m;
	struct imsg		 imsg;
	struct ibuf		*buf;
	unsigned int		 i;

	for (i = 0; i < 7; i++) {
		memset(&m, 0, sizeof(m));
		m.op = i == 0 ? 99 : CTL_ADD;
		m.object = i == 1 ? 99 : CTL_CHECK;
		m.npairs = i == 2 ? 4000000000U : i == 3 ? 3 : 0;
		buf = fix_ibuf();
		if (i != 4)
			ibuf_add(buf, &m, sizeof(m));
		else
			ibuf_add_n8(buf, 1);
		if (i != 5)
			pack_string(buf, "x");
		if (i == 6)
			ibuf_add_n8(buf, 1);
		fix_imsg(&imsg, IMSG_CTL_MUTATE, CLIENT, buf);
		mutate_request(&q, &imsg);
		imsg_free(&imsg);
		is_int(fix_result(), CTL_REFUSED, "malformed request %u", i);
		is_str(fix_text, "malformed request", "is called that");
	}
}

static void
test_no_quorum(void)
{
	struct peer	*p = record_new(&peer_record);
	uint64_t	 version = q.cluster.version;
	uint32_t	 i;

	for (i = 0; i < 2; i++) {
		p = i == 0 ? p : record_new(&peer_record);
		p->node_id = strdup(i == 0 ? "node-a" : "node-b");
		reclist_add(&q.cluster.peers, p);
	}
	legacy_restart(&q.legacy, mono_now());
	quorum_config_changed(&q);
	is_int(quorum_size(&q), 2, "two of two are a majority");
	is_int(FIX_TCP("lonely"), CTL_REFUSED, "one alone changes nothing");
	is_str(fix_text, "no quorum: refusing mutation", "and says why");
	is_int(q.cluster.version, version, "no new version");
}

/* The lines of a document that are not like those of another, and how many. */
static int
differ(char *a, char *b, char *lines, size_t size)
{
	char	*la, *lb;
	int	 n = 0;

	lines[0] = '\0';
	for (;;) {
		la = strsep(&a, "\n");
		lb = strsep(&b, "\n");
		if (la == NULL || lb == NULL)
			break;
		if (strcmp(la, lb) == 0)
			continue;
		n++;
		strlcat(lines, lb + strspn(lb, " "), size);
		strlcat(lines, "|", size);
	}
	return (la == NULL && lb == NULL ? n : -1);
}

/* Every field there is, of which one is changed. */
static void
test_every_field(const char *argv0)
{
	char		 place[PATH_MAX], path[PATH_MAX + 64], lines[512];
	char		*before, *after;
	struct mutation	 m;
	struct cluster	 cl;
	struct check	*c;
	struct verr	 ve;
	size_t		 len;
	int		 fd;

	fix_vectors(argv0, place);
	snprintf(path, sizeof(path), "%s/yaml/cluster.full.yaml", place);
	memset(&cl, 0, sizeof(cl));
	if ((fd = open(path, O_RDONLY)) == -1 ||
	    yaml_read(&cluster_record, &cl, path, fd, &ve) == -1)
		fix_die(path);
	close(fd);
	before = yaml_format(&cluster_record, &cl, &len);
	fix_start();
	fix_write("cluster.yaml", before);
	if (fix_load(&ve) == -1)
		fix_die(ve.msg);
	q.master = 1;
	c = record_dup(&check_record, checks_find(&q, "homepage")->conf);
	c->interval = 42000000000LL;
	memset(&m, 0, sizeof(m));
	m.kind = MUT_PUT;
	m.object = CTL_CHECK;
	m.index = list_place(&q.cluster.checks,
	    checks_find(&q, "homepage")->conf);
	m.rec = c;
	is_int(mutation_apply(&q, &m, &ve), 0, "one of many fields is changed");
	after = strdup(fix_read("cluster.yaml"));
	is_int(differ(before, after, lines, sizeof(lines)), 4,
	    "and else nothing but the stamp, in no other order");
	ok(strncmp(lines, "version: 13|updated_at: ", 24) == 0 &&
	    strstr(lines, "|updated_by: node-a|interval: 42s|") != NULL, "%s",
	    lines);
	freezero(before, len);
	free(after);
	record_clear(&cluster_record, &cl);
	fix_unload();
	unlink("cluster.yaml");
}

int
main(int argc, char *argv[])
{
	struct verr	 ve;

	(void)argc;
	test_every_field(argv[0]);
	is_int(fix_load(&ve), 0, "no file is an empty configuration");
	is_int(q.cluster.version, 0, "of version 0");
	test_add();
	test_edit();
	test_enable();
	test_alerts();
	test_remove();
	test_prober();
	test_malformed();
	test_no_quorum();
	fix_unload();
	fix_end();
	return (tap_done());
}
