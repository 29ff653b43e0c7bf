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

/*
 * Many edits that are one change: in parts, of one client at a time, and all
 * of them or none.
 */

#define OTHER	(CLIENT + 1)
#define TEXT	"version: 4\nupdated_at: 2026-05-15T14:01:00Z\n"	\
    "updated_by: node-a\npeers:\n  - node_id: node-a\n"			\
    "    advertise: \"a:1\"\n"						\
    "checks:\n  - {id: c1, name: one, type: tcp, target: \"h:1\"}\n"	\
    "  - {id: c2, name: two, type: tcp, target: \"h:2\"}\n"		\
    "alerts:\n  - {id: a1, name: hook, type: webhook, "			\
    "webhook_url: \"http://h/\"}\n"

static struct ibuf	*edits;
static uint32_t		 nedits;

static void
edit_head(enum ctl_edit op, uint32_t object)
{
	struct ctl_edit_head	 head;

	if (edits == NULL)
		edits = fix_ibuf();
	memset(&head, 0, sizeof(head));
	head.op = op;
	head.object = object;
	ibuf_add(edits, &head, sizeof(head));
	nedits++;
}

static void
put_check(const char *id, const char *name, const char *target)
{
	struct check	 c;

	memset(&c, 0, sizeof(c));
	c.id = (char *)(uintptr_t)id;
	c.name = (char *)(uintptr_t)name;
	c.type = "tcp";
	c.target = (char *)(uintptr_t)target;
	edit_head(EDIT_PUT, CTL_CHECK);
	pack_record(edits, &check_record, &c);
}

static void
drop(uint32_t object, const char *id)
{
	edit_head(EDIT_REMOVE, object);
	pack_string(edits, id);
}

/* Sends what has come together as one part. */
static void
part_of(uint32_t client, uint64_t version, int last)
{
	struct ctl_apply	 head;
	struct imsg		 imsg;
	struct ibuf		*buf = fix_ibuf();

	memset(&head, 0, sizeof(head));
	head.version = version;
	head.n = nedits;
	head.last = last;
	ibuf_add(buf, &head, sizeof(head));
	if (edits != NULL)
		ibuf_add_ibuf(buf, edits);
	ibuf_free(edits);
	edits = NULL;
	nedits = 0;
	fix_imsg(&imsg, IMSG_CTL_APPLY, client, buf);
	apply_request(&q, &imsg);
	imsg_free(&imsg);
}

static int
part(uint64_t version, int last)
{
	part_of(CLIENT, version, last);
	return (fix_result());
}

static void
load(void)
{
	struct verr	 ve;

	fix_write("cluster.yaml", TEXT);
	if (fix_load(&ve) == -1)
		fix_die(ve.msg);
	heart_start(&q);
}

static void
test_edits(void)
{
	load();
	put_check("c1", "uno", "h:9");
	drop(CTL_CHECK, "c2");
	put_check("c3", "three", "h:3");
	drop(CTL_ALERT, "a1");
	is_int(part(4, 1), CTL_OK, "in one part");
	is_str(fix_text, "applied 4 changes", "which are counted");
	is_int(fix_res.version, 5, "they are one version");
	is_int(q.cluster.checks.n, 2, "one check went, one came");
	is_int(q.cluster.alerts.n, 0, "the alert went");
	ok(checks_find(&q, "uno") == checks_find(&q, "c1"), "one was renamed");
	ok(checks_find(&q, "two") == NULL, "one is gone");
	is_str(CLUSTER_CHECK(&q.cluster, 0)->id, "c1", "in its old place");
	is_str(CLUSTER_CHECK(&q.cluster, 1)->id, "c3", "the new one is last");
	ok(strstr(fix_read("cluster.yaml"), "name: uno") != NULL,
	    "it is in the file");
	ok(q.applying == NULL, "nothing is left");
	fix_unload();
}

static void
test_parts(void)
{
	load();
	put_check("c3", "three", "h:3");
	is_int(part(4, 0), CTL_OK, "a part");
	is_str(fix_text, "", "is taken without a word");
	is_int(q.cluster.version, 4, "nothing has changed yet");
	put_check("c4", "four", "h:4");
	part_of(OTHER, 4, 1);
	fix_result();
	is_str(fix_text, "", "what another client is told is not for this one");
	is_int(q.cluster.version, 4, "it has to wait");
	drop(CTL_CHECK, "c3");
	put_check("c5", "five", "h:5");
	is_int(part(4, 0), CTL_OK, "another part");
	is_int(part(4, 1), CTL_OK, "an empty one is the last");
	is_str(fix_text, "applied 3 changes", "all count");
	ok(checks_find(&q, "three") == NULL &&
	    checks_find(&q, "four") == NULL &&
	    checks_find(&q, "five") != NULL, "and come into force");
	fix_unload();
}

static void
test_refused(void)
{
	load();
	put_check("c3", "three", "h:3");
	is_int(part(3, 1), CTL_REFUSED, "for another version");
	is_str(fix_text, "the configuration has changed meanwhile, to version "
	    "4: try again", "and why");
	put_check("c3", "three", "h:3");
	part(4, 0);
	FIX_TCP("meanwhile");
	is_int(part(4, 1), CTL_REFUSED, "a change meanwhile");
	ok(q.applying == NULL, "it is forgotten");
	is_int(q.cluster.version, 5, "and not in force");

	put_check("c3", "one", "h:3");
	is_int(part(5, 1), CTL_REFUSED, "two of a name");
	ok(strncmp(fix_text, "checks[", 7) == 0 &&
	    strstr(fix_text, ".name: ") != NULL, "%s", fix_text);
	put_check("c3", "three", "no port");
	is_int(part(5, 1), CTL_REFUSED, "a target that is none");
	ok(strstr(fix_text, ".target: ") != NULL, "%s", fix_text);
	put_check("", "three", "h:1");
	is_int(part(5, 1), CTL_REFUSED, "no id");
	drop(CTL_CHECK, "c9");
	is_int(part(5, 1), CTL_REFUSED, "one that is not there");
	is_str(fix_text, "no such check", "and why");
	is_int(q.cluster.version, 5, "nothing has changed");
	ok(q.applying == NULL, "nothing is left");

	q.master = q.has_quorum = 0;
	legacy_restart(&q.legacy, mono_now());
	put_check("c3", "three", "h:3");
	is_int(part(5, 1), CTL_REFUSED, "without a quorum");
	ok(strstr(fix_text, "quorum") != NULL || strstr(fix_text, "master") !=
	    NULL, "%s", fix_text);
	fix_unload();
}

static void
test_hostile(void)
{
	struct imsg	 imsg;

	load();
	fix_imsg(&imsg, IMSG_CTL_APPLY, CLIENT, NULL);
	apply_request(&q, &imsg);
	imsg_free(&imsg);
	is_int(fix_result(), CTL_REFUSED, "an empty request");
	edit_head(EDIT_REMOVE + 1, CTL_CHECK);
	is_int(part(4, 1), CTL_REFUSED, "an edit of no kind");
	edit_head(EDIT_PUT, CTL_PEER);
	is_int(part(4, 1), CTL_REFUSED, "a peer");
	edit_head(EDIT_PUT, CTL_CHECK);
	is_int(part(4, 1), CTL_REFUSED, "no record");
	edit_head(EDIT_PUT, CTL_ALERT);
	ibuf_add(edits, "\377\377\377\377", 4);
	is_int(part(4, 1), CTL_REFUSED, "a bad record");
	edit_head(EDIT_REMOVE, CTL_CHECK);
	is_int(part(4, 1), CTL_REFUSED, "no id");
	put_check("c3", "three", "h:3");
	nedits = 2;
	is_int(part(4, 1), CTL_REFUSED, "more edits than there are");
	put_check("c3", "three", "h:3");
	nedits = 0;
	is_int(part(4, 1), CTL_REFUSED, "fewer");
	is_str(fix_text, "malformed request", "and why");
	ok(q.applying == NULL, "nothing is left");
	put_check("c3", "three", "h:3");
	is_int(part(4, 0), CTL_OK, "a part");
	ctl_gone(&q, OTHER);
	ok(q.applying != NULL, "stays when another one leaves");
	ctl_gone(&q, CLIENT);
	ok(q.applying == NULL, "and goes with its client");
	put_check("c3", "three", "h:3");
	part(4, 0);
	is_int(q.cluster.version, 4, "nothing has changed");
	fix_unload();
}

int
main(void)
{
	fix_start();
	test_edits();
	test_parts();
	test_refused();
	test_hostile();
	fix_end();
	return (tap_done());
}
