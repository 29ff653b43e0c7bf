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


#include "mesh_fixture.h"

/* trust.yaml: what is read, who stands in it, and when it is written. */

#define NEW	PEER("node-b", "b:9", FP_B) PEER("node-c", "c:1", FP_C)
#define ENTRY(id, fp)							\
	"  - {node_id: " id ", address: \"x:1\", fingerprint: \"" fp	\
	"\", public_key_pem: \"\", added_at: 2020-01-02T03:04:05Z}\n"

static struct stat	 before;	/* the file as it was */

static struct trust_entry *
entry(const char *id)
{
	struct trust_entry	*te;
	uint32_t		 i;

	for (i = 0; i < q.trust.entries.n; i++) {
		te = q.trust.entries.v[i];
		if (strcmp(te->node_id, id) == 0)
			return (te);
	}
	return (NULL);
}

/* Whether the file lists just these nodes, in that order. */
static int
lists(const char *const *ids)
{
	const char	*s = fix_read("trust.yaml");
	char		 want[64];

	for (; *ids != NULL; ids++) {
		snprintf(want, sizeof(want), " node_id: %s\n", *ids);
		if ((s = strstr(s, want)) == NULL)
			return (0);
		s++;
	}
	return (strstr(s, " node_id: ") == NULL);
}
#define LISTS(...)	lists((const char *const[]){ __VA_ARGS__, NULL })

static void
look(void)
{
	if (stat("trust.yaml", &before) == -1)
		fix_die("trust.yaml");
}

static int
is_written(void)
{
	struct stat	 now;

	if (stat("trust.yaml", &now) == -1)
		fix_die("trust.yaml");
	return (now.st_ino != before.st_ino);
}

static void
load(void)
{
	mesh_load(CONFIG("5", B_AND_C));
	mesh_drain();
	look();
}

static const struct {
	const char	*name;
	const char	*text;
	int		 entries;	/* -1: refused */
} files[] = {
	{ "an empty file", "", -1 },
	{ "a list of nobody", "entries: []\n", 0 },
	{ "no list", "entries:\n", 0 },
	{ "one node", "entries:\n" ENTRY("n1", FP_D), 1 },
	{ "two nodes", "entries:\n" ENTRY("n1", FP_D) ENTRY("n2", FP_E), 2 },
	{ "one node twice", "entries:\n" ENTRY("n1", FP_D) ENTRY("n1", FP_E),
	    -1 },
	{ "one without a name", "entries:\n  - {fingerprint: \"" FP_D "\"}\n",
	    -1 },
	{ "one without a key", "entries:\n  - {node_id: n1}\n", -1 },
	{ "a key that is none", "entries:\n" ENTRY("n1", "sha256:zz"), -1 },
	{ "entries that are none", "entries: {a: b}\n", -1 },
	{ "no YAML", "entries: [\n", -1 },
};

static void
test_load(const char *place)
{
	static const char *const	 vectors[] = {
		"trust.disk-v0.1.yaml", "trust.disk-v0.3.yaml"
	};
	struct verr	 ve;
	char		 path[PATH_MAX + 64];
	size_t		 i;
	int		 rv;

	memset(&q, 0, sizeof(q));
	unlink("trust.yaml");
	is_int(trust_load(&q, &ve), 0, "no file is no error");
	is_int(q.trust.entries.n, 0, "and nobody");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fix_write("trust.yaml", files[i].text);
		rv = trust_load(&q, &ve);
		is_int(rv == -1 ? -1 : (int)q.trust.entries.n,
		    files[i].entries, "%s", files[i].name);
		if (rv == -1)
			ok(strcmp(ve.file, "trust.yaml") == 0 &&
			    q.trust.entries.n == 0, "is told: %s", ve.msg);
		trust_clear(&q);
	}
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/yaml/%s", place, vectors[i]);
		fix_write("trust.yaml", fix_read(path));
		is_int(trust_load(&q, &ve), 0, "QUptime's %s", vectors[i]);
		ok(q.trust.entries.n > 0 && strncmp(((struct trust_entry *)
		    q.trust.entries.v[0])->cert_pem, "-----BEGIN ", 11) == 0,
		    "with its certificates");
		trust_clear(&q);
	}
	unlink("trust.yaml");
}

static void
test_sync(void)
{
	struct qpeer	*p;
	struct walltime	 at;

	load();
	ok(LISTS("node-b", "node-c"), "all members but this node");
	is_int(before.st_mode & 07777, 0600, "for nobody else's eyes");
	ok(strcmp(entry("node-b")->fingerprint, FP_B) == 0 &&
	    strcmp(entry("node-b")->address, "b:1") == 0, "as they are");
	at = entry("node-c")->added_at;
	trust_sync(&q);
	is_int(is_written(), 0, "nothing new: it is not written");
	mesh_install(CONFIG("6", NEW));
	ok(is_written() && strcmp(entry("node-b")->address, "b:9") == 0,
	    "another address");
	is_int(wall_cmp(&entry("node-c")->added_at, &at), 0,
	    "the others stay as they were");
	mesh_install(CONFIG("7", PEER("node-b", "b:9", FP_E)
	    PEER("node-d", "d:1", FP_D)));
	ok(LISTS("node-b", "node-d"), "one has left, another has come");
	is_str(entry("node-b")->fingerprint, FP_E, "one has another key");
	mesh_install(CONFIG("8", PEER("node-b", "b:9", FP_E)
	    "  - {node_id: node-x, advertise: \"x:1\"}\n"));
	ok(LISTS("node-b"), "without a key nobody is let in");

	p = peer_bootstrap(&q, "e:1", FP_C, NULL, NULL);
	is_int(trust_add(&q, "node-e", "e:1", FP_C, NULL), 0,
	    "one who is about to come");
	trust_sync(&q);
	ok(LISTS("node-b", "node-e"), "stays while it is");
	peer_remove(&q, p);
	trust_sync(&q);
	ok(LISTS("node-b"), "and no longer");
	fix_unload();

	mesh_load(CONFIG("5", ""));
	is_int(q.trust.entries.n, 0, "a node by itself trusts nobody");
	look();
	if (unlink("trust.yaml") == -1 || mkdir("trust.yaml", 0700) == -1)
		fix_die("trust.yaml");
	is_int(trust_add(&q, "n1", "x:1", FP_D, ""), -1,
	    "what cannot be written is an error");
	rmdir("trust.yaml");
	fix_unload();
}

static const struct {
	const char	*name;
	const char	*id;
	const char	*fingerprint;
	const char	*cert;
} bad[] = {
	{ "no name", "", FP_D, "" },
	{ "no key", "n1", "", "" },
	{ "nothing", NULL, NULL, NULL },
	{ "a key that is none", "n1", "SHA256:x", "" },
	{ "a certificate that is none", "n1", FP_D, "-----BEGIN X" },
	{ "a name with a line's end in it", "n\n1", FP_D, "" }
};

static void
test_add(void)
{
	size_t	 i;

	load();
	fix_mute(1);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(trust_add(&q, bad[i].id, "x:1", bad[i].fingerprint,
		    bad[i].cert), -1, "not added: %s", bad[i].name);
	fix_mute(0);
	ok(q.trust.entries.n == 2 && !is_written(), "nothing was");
	is_int(trust_add(&q, "n1", "x:1", FP_D, ""), 0, "one is added");
	ok(LISTS("node-b", "node-c", "n1") && is_written(), "and written");
	look();
	is_int(trust_add(&q, "n1", "x:1", FP_D, NULL), 0, "the same again");
	is_int(is_written(), 0, "is not written again");
	is_int(trust_add(&q, "n1", "x:2", FP_E, ""), 0, "with another key");
	ok(q.trust.entries.n == 3 &&
	    strcmp(entry("n1")->fingerprint, FP_E) == 0, "it is another one");
	fix_unload();
}

static const struct {
	const char	*id;
	enum ctl_code	 code;
	const char	*text;
} removals[] = {
	{ "node-b", CTL_REFUSED,
	    "node-b: is a member: remove it with peer remove" },
	{ "node-a", CTL_REFUSED,
	    "node-a: is a member: remove it with peer remove" },
	{ "n9", CTL_REFUSED, "no trust entry for n9" },
	{ "", CTL_REFUSED, "no trust entry for " },
	{ "\033[2J", CTL_REFUSED, "no trust entry for \\x1b[2J" },
	{ NULL, CTL_REFUSED, "malformed request" },
	{ "n1", CTL_OK, "trust entry n1 removed" },
	{ "n1", CTL_REFUSED, "no trust entry for n1" }
};

static void
test_remove(void)
{
	size_t	 i;

	load();
	trust_add(&q, "n1", "x:1", FP_D, "");
	for (i = 0; i < sizeof(removals) / sizeof(removals[0]); i++) {
		fix_ask(trust_request, IMSG_CTL_TRUST_REMOVE, removals[i].id);
		is_int(fix_result(), removals[i].code, "%s",
		    removals[i].text);
		is_str(fix_text, removals[i].text, "as it is told");
	}
	ok(LISTS("node-b", "node-c"), "only that one has gone");
	fix_unload();
}

int
main(int argc, char *argv[])
{
	char	 place[PATH_MAX];

	(void)argc;
	fix_vectors(argv[0], place);
	fix_start();
	test_load(place);
	test_sync();
	test_add();
	test_remove();
	fix_end();
	return (tap_done());
}
