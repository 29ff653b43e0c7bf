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
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "quptimed.h"
#include "tap.h"
#include "yaml.h"

#define ID1	"11111111-1111-4111-8111-111111111111"
#define ID2	"22222222-2222-4222-8222-222222222222"
#define NOBODY	65534

#define HEAD	"version: 7\nupdated_at: 2026-11-24T02:03:24Z\n"	\
		"updated_by: somebody\n"
#define CHECK	"checks:\n    - id: " ID2 "\n      name: web\n"		\
		"      type: tcp\n      target: 127.0.0.1:80\n"		\
		"      interval: 30s\n      timeout: 5s\nalerts: []\n"

static char	 top[] = "/tmp/nodeconf_test.XXXXXX";
static char	 dir[64];
static int	 crash_at, steps;

int	rename(const char *, const char *);
int	fsync(int);
int	EVP_PKEY_keygen(EVP_PKEY_CTX *, EVP_PKEY **);

/*
 * These stand in for the real ones, so that the process can be made to end at
 * each step that changes what a crash leaves, before and after it.
 */
static void
step(void)
{
	if (++steps == crash_at)
		_exit(77);
}

int
rename(const char *from, const char *to)
{
	int	 rv;

	step();
	rv = renameat(AT_FDCWD, from, AT_FDCWD, to);
	step();
	return (rv);
}

int
fsync(int fd)
{
	step();
	return (fdatasync(fd));
}

/* One key is enough for all of these tests, as making one takes long. */
int
EVP_PKEY_keygen(EVP_PKEY_CTX *ctx, EVP_PKEY **key)
{
	static EVP_PKEY	*made;

	if (made == NULL && EVP_PKEY_generate(ctx, &made) <= 0)
		return (0);
	EVP_PKEY_up_ref(made);
	*key = made;
	return (1);
}

static void
put(const char *path, const char *text)
{
	FILE	*f;

	if ((f = fopen(path, "w")) == NULL || fputs(text, f) == EOF)
		ok(0, "%s: %s", path, strerror(errno));
	if (f != NULL)
		fclose(f);
}

static void
slurp(const char *path, char *buf, size_t size)
{
	size_t	 n = 0;
	FILE	*f;

	if ((f = fopen(path, "r")) != NULL) {
		n = fread(buf, 1, size - 1, f);
		fclose(f);
	}
	buf[n] = '\0';
}

static void
empty(const char *path)
{
	struct dirent	*de;
	char		 sub[1024];
	DIR		*d;

	if ((d = opendir(path)) == NULL)
		return;
	while ((de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		(void)snprintf(sub, sizeof(sub), "%s/%.255s", path,
		    de->d_name);
		if (unlink(sub) == -1) {
			empty(sub);
			(void)rmdir(sub);
		}
	}
	closedir(d);
}

/* How many entries, and no more than these. */
static int
count(const char *path)
{
	struct dirent	*de;
	DIR		*d;
	int		 n = 0;

	if ((d = opendir(path)) == NULL)
		return (-1);
	while ((de = readdir(d)) != NULL)
		if (de->d_name[0] != '.')
			n++;
	closedir(d);
	return (n);
}

static void
clear_env(void)
{
	static const char	*vars[] = {
		"QUPTIME_DIR", "QUPTIME_SOCKET", "QUPTIME_NODE_ID",
		"QUPTIME_BIND_ADDR", "QUPTIME_BIND_PORT", "QUPTIME_ADVERTISE",
		"XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "HOME"
	};
	size_t			 i;

	for (i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		unsetenv(vars[i]);
}

static void
test_paths(void)
{
	struct paths	 p;
	char		 cwd[512], want[1024], longdir[1100];

	clear_env();
	is_int(paths_init(&p, "/a/b"), 0, "given");
	is_str(p.dir, "/a/b", "dir");
	is_str(p.node, "/a/b/node.yaml", "node.yaml");
	is_str(p.cluster, "/a/b/cluster.yaml", "cluster.yaml");
	is_str(p.trust, "/a/b/trust.yaml", "trust.yaml");
	is_str(p.keydir, "/a/b/keys", "keys");
	is_str(p.privkey, "/a/b/keys/private.pem", "private.pem");
	is_str(p.pubkey, "/a/b/keys/public.pem", "public.pem");
	is_str(p.cert, "/a/b/keys/cert.pem", "cert.pem");

	setenv("QUPTIME_DIR", "/c", 1);
	is_int(paths_init(&p, NULL), 0, "from the environment");
	is_str(p.dir, "/c", "QUPTIME_DIR");
	is_int(paths_init(&p, "/a"), 0, "given and in the environment");
	is_str(p.dir, "/a", "the given one wins");
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		return;
	(void)snprintf(want, sizeof(want), "%s/x", cwd);
	is_int(paths_init(&p, "x"), 0, "relative");
	is_str(p.dir, want, "made absolute");
	memset(longdir, 'x', sizeof(longdir) - 1);
	longdir[0] = '/';
	longdir[sizeof(longdir) - 1] = '\0';
	is_int(paths_init(&p, longdir), -1, "too long");
	longdir[1020] = '\0';
	is_int(paths_init(&p, longdir), -1, "too long with a name");
}

/* The defaults, which depend on who one is. */
static void
test_defaults(void)
{
	struct paths	 p;
	char		 sock[256], cwd[512], want[1024];

	clear_env();
	if (geteuid() == 0) {
		is_int(paths_init(&p, NULL), 0, "root");
		is_str(p.dir, "/etc/quptime", "root's directory");
		is_int(socket_path(NULL, sock, sizeof(sock)), 0, "root");
		is_str(sock, "/run/quptime/quptimed.sock", "root's socket");
		setenv("XDG_CONFIG_HOME", "/x", 1);
		setenv("XDG_RUNTIME_DIR", "/x", 1);
		is_int(paths_init(&p, NULL), 0, "root with XDG");
		is_str(p.dir, "/etc/quptime", "does not care");
		is_int(socket_path(NULL, sock, sizeof(sock)), 0, "root");
		is_str(sock, "/run/quptime/quptimed.sock", "does not care");
		clear_env();
		if (seteuid(NOBODY) == -1)
			return;
	}
	is_int(paths_init(&p, NULL), 0, "user without a home");
	(void)snprintf(want, sizeof(want), "%s/quptime",
	    getcwd(cwd, sizeof(cwd)) != NULL ? cwd : "");
	is_str(p.dir, want, "current directory");
	setenv("HOME", "/home/u", 1);
	is_int(paths_init(&p, NULL), 0, "user with a home");
	is_str(p.dir, "/home/u/.config/quptime", ".config");
	setenv("XDG_CONFIG_HOME", "/conf", 1);
	is_int(paths_init(&p, NULL), 0, "user with XDG");
	is_str(p.dir, "/conf/quptime", "XDG_CONFIG_HOME");
	setenv("QUPTIME_DIR", "", 1);
	is_int(paths_init(&p, NULL), 0, "empty variable");
	is_str(p.dir, "/conf/quptime", "is not set");

	(void)snprintf(want, sizeof(want), "/tmp/quptime-%u/quptimed.sock",
	    (unsigned int)geteuid());
	is_int(socket_path(NULL, sock, sizeof(sock)), 0, "user");
	is_str(sock, want, "in /tmp");
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	is_int(socket_path(NULL, sock, sizeof(sock)), 0, "user with XDG");
	is_str(sock, "/run/user/7/quptime/quptimed.sock", "XDG_RUNTIME_DIR");
	if (getuid() == 0 && seteuid(0) == -1)
		exit(1);
}

static void
test_socket(void)
{
	struct sockaddr_un	 sun;
	char			 sock[256], name[200];

	clear_env();
	setenv("QUPTIME_SOCKET", "/e.sock", 1);
	is_int(socket_path("/g.sock", sock, sizeof(sock)), 0, "given");
	is_str(sock, "/g.sock", "the given one wins");
	is_int(socket_path(NULL, sock, sizeof(sock)), 0, "environment");
	is_str(sock, "/e.sock", "QUPTIME_SOCKET");
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[sizeof(sun.sun_path) - 1] = '\0';
	is_int(socket_path(name, sock, sizeof(sock)), 0, "the longest");
	name[sizeof(sun.sun_path) - 1] = 'x';
	name[sizeof(sun.sun_path)] = '\0';
	is_int(socket_path(name, sock, sizeof(sock)), -1, "too long");
	is_int(socket_path("/g.sock", sock, 4), -1, "no room");
}

static const struct {
	const char	*text;
	const char	*var;
	const char	*value;
	const char	*want;	/* id addr port advertise, or error */
} loads[] = {
	{ "node_id: a\n", NULL, NULL, "a 0.0.0.0 9901 " },
	{ "node_id: a\nbind_addr: 127.0.0.1\nbind_port: 1\n"
	    "advertise: h:2\n", NULL, NULL, "a 127.0.0.1 1 h:2" },
	{ "node_id: a\nbind_addr: \"\"\nbind_port: 0\n"
	    "advertise: \"\"\n", NULL, NULL, "a 0.0.0.0 9901 " },
	{ "node_id: a\n", "QUPTIME_NODE_ID", "b", "b 0.0.0.0 9901 " },
	{ "node_id: a\n", "QUPTIME_NODE_ID", "", "a 0.0.0.0 9901 " },
	{ "node_id: \"\"\n", "QUPTIME_NODE_ID", "b",
	    "b 0.0.0.0 9901 " },
	{ "bind_port: 5\n", "QUPTIME_NODE_ID", "b",
	    "b 0.0.0.0 5 " },
	{ "node_id: a\nbind_addr: x\n", "QUPTIME_BIND_ADDR", "::1",
	    "a ::1 9901 " },
	{ "node_id: a\nbind_port: 2\n", "QUPTIME_BIND_PORT", "3",
	    "a 0.0.0.0 3 " },
	{ "node_id: a\nadvertise: x:1\n", "QUPTIME_ADVERTISE", "y:2",
	    "a 0.0.0.0 9901 y:2" },
	{ "node_id: a\n", "QUPTIME_BIND_PORT", "x",
	    "QUPTIME_BIND_PORT: " },
	{ "node_id: a\n", "QUPTIME_BIND_PORT", "65536",
	    "QUPTIME_BIND_PORT: " },
	{ "node_id: a\n", "QUPTIME_BIND_PORT", "-1",
	    "QUPTIME_BIND_PORT: " },
	{ "node_id: a\n", "QUPTIME_BIND_PORT", "9901x",
	    "QUPTIME_BIND_PORT: " },
	{ "node_id: a\n", "QUPTIME_ADVERTISE", "nowhere",
	    "QUPTIME_ADVERTISE: " },
	{ "node_id: a\nbind_port: 65536\n", NULL, NULL,
	    "node.yaml:2:" },
	{ "node_id: a\nbind_port: x\n", NULL, NULL, "node.yaml:2:" },
	{ "node_id: \"\"\n", NULL, NULL, "node_id" },
	{ "bind_port: 5\n", NULL, NULL, "node_id" },
	{ "", NULL, NULL, "node.yaml" },
	{ "node_id: a\n", "QUPTIME_NODE_ID",
	    "0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789",
	    "QUPTIME_NODE_ID: " },
};

static void
test_load(const struct paths *p)
{
	struct node	 node;
	struct verr	 ve;
	char		 got[1024];
	size_t		 i;

	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		clear_env();
		put(p->node, loads[i].text);
		if (loads[i].var != NULL)
			setenv(loads[i].var, loads[i].value, 1);
		memset(&node, 0, sizeof(node));
		memset(&ve, 0, sizeof(ve));
		if (nodeconf_load(p, &node, &ve) == 0) {
			(void)snprintf(got, sizeof(got), "%s %s %llu %s",
			    str(node.node_id), str(node.bind_addr),
			    (unsigned long long)node.bind_port,
			    str(node.advertise));
			is_str(got, loads[i].want, "node.yaml %zu", i);
			record_clear(&node_record, &node);
		} else {
			(void)verr_string(&ve, got, sizeof(got));
			ok(strstr(got, loads[i].want) != NULL,
			    "node.yaml %zu: \"%s\" has \"%s\"", i, got,
			    loads[i].want);
			ok(node.node_id == NULL, "nothing kept");
		}
	}
	clear_env();
	(void)unlink(p->node);
	errno = 0;
	is_int(nodeconf_load(p, &node, &ve), -1, "no node.yaml");
	is_int(errno, ENOENT, "can be told from a bad one");
}

static void
test_advertise(void)
{
	static const struct {
		char		*advertise;
		char		*addr;
		uint64_t	 port;
		const char	*want;
	} t[] = {
		{ "h.example:1", "10.0.0.1", 5, "h.example:1" },
		{ NULL, "10.0.0.1", 5, "10.0.0.1:5" },
		{ "", "10.0.0.1", 0, "10.0.0.1:9901" },
		{ NULL, "0.0.0.0", 9901, "127.0.0.1:9901" },
		{ NULL, "::", 9901, "127.0.0.1:9901" },
		{ NULL, "", 9901, "127.0.0.1:9901" },
		{ NULL, NULL, 9901, "127.0.0.1:9901" },
		{ NULL, "2001:db8::1", 9901, "[2001:db8::1]:9901" },
		{ NULL, "[2001:db8::1]", 9901, "[2001:db8::1]:9901" },
	};
	struct node	 node;
	char		 buf[128];
	size_t		 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&node, 0, sizeof(node));
		node.advertise = t[i].advertise;
		node.bind_addr = t[i].addr;
		node.bind_port = t[i].port;
		is_str(nodeconf_advertise(&node, buf, sizeof(buf)),
		    t[i].want, "%s", t[i].want);
	}
}

static int
load_cluster(const struct paths *p, struct cluster *cl)
{
	struct verr	 ve;
	char		 text[1024];
	int		 fd, rv;

	memset(cl, 0, sizeof(*cl));
	if ((fd = open(p->cluster, O_RDONLY)) == -1)
		return (-1);
	rv = yaml_read(&cluster_record, cl, p->cluster, fd, &ve);
	close(fd);
	if (rv == -1)
		printf("# %s\n", verr_string(&ve, text, sizeof(text)));
	return (rv);
}

/* The directory holds one whole node and nothing else. */
static void
is_whole(const struct paths *p, const char *id, const char *advertise,
    int checks)
{
	struct cluster	 cl;
	struct keypair	 kp;
	struct node	 node;
	struct verr	 ve;
	struct stat	 st;
	int		 bad;

	bad = tap_failed;
	is_int(nodeconf_load(p, &node, &ve), 0, "node.yaml loads");
	if (id != NULL)
		is_str(str(node.node_id), id, "node id");
	is_int(keys_load(p, &kp, &ve), 0, "keys load");
	is_str(kp.cn, str(node.node_id), "name in the certificate");
	if (load_cluster(p, &cl) == -1 || cl.peers.n != 1)
		ok(0, "cluster.yaml with one peer");
	else {
		is_str(str(CLUSTER_PEER(&cl, 0)->node_id),
		    str(node.node_id), "the peer is the node");
		is_str(str(CLUSTER_PEER(&cl, 0)->advertise), advertise,
		    "its address");
		is_str(str(CLUSTER_PEER(&cl, 0)->fingerprint),
		    kp.fingerprint, "its fingerprint");
		is_str(str(CLUSTER_PEER(&cl, 0)->cert_pem), kp.cert_pem,
		    "its certificate");
		is_str(str(cl.updated_by), str(node.node_id), "updated_by");
		ok(!wall_iszero(&cl.updated_at), "updated_at");
		is_int(cl.checks.n, checks, "checks");
	}
	is_int(count(p->dir), 3, "nothing else in the directory");
	is_int(count(p->keydir), 3, "nor with the keys");
	ok(stat(p->node, &st) == 0 && (st.st_mode & 07777) == 0600,
	    "node.yaml is 0600");
	ok(stat(p->cluster, &st) == 0 && (st.st_mode & 07777) == 0600,
	    "cluster.yaml is 0600");
	if (bad != tap_failed)
		printf("# in %s\n", p->dir);
	record_clear(&cluster_record, &cl);
	record_clear(&node_record, &node);
	keys_clear(&kp);
}

static int
init(const struct paths *p, const char *id, const char *advertise,
    char *err, size_t size)
{
	struct node	 node;
	struct verr	 ve;
	int		 rv;

	memset(&node, 0, sizeof(node));
	memset(&ve, 0, sizeof(ve));
	node.node_id = id != NULL ? strdup(id) : NULL;
	node.advertise = advertise != NULL ? strdup(advertise) : NULL;
	rv = nodeconf_init(p, &node, &ve);
	if (err != NULL)
		(void)verr_string(&ve, err, size);
	if (rv == 0 && (node.node_id == NULL || node.bind_port == 0))
		ok(0, "init fills the node in");
	record_clear(&node_record, &node);
	return (rv);
}

static void
test_init(const struct paths *p)
{
	struct cluster	 cl;
	struct stat	 st;
	struct paths	 deep;
	char		 err[1024], text[4096];

	clear_env();
	is_int(init(p, NULL, NULL, err, sizeof(err)), 0, "init %s", err);
	is_whole(p, NULL, "127.0.0.1:9901", 0);
	slurp(p->node, text, sizeof(text));
	ok(strncmp(text, "node_id: ", 9) == 0 && text[9 + 14] == '4' &&
	    strchr("89ab", text[9 + 19]) != NULL,
	    "node id is a random UUID: %.45s", text);
	ok(strstr(text, "\nbind_addr: 0.0.0.0\nbind_port: 9901\n"
	    "advertise: \"\"\n") != NULL, "the rest of node.yaml: %s", text);
	is_int(load_cluster(p, &cl), 0, "cluster.yaml");
	is_int(cl.version, 1, "is version 1");
	record_clear(&cluster_record, &cl);

	is_int(init(p, NULL, NULL, err, sizeof(err)), -1, "a second time");
	ok(strstr(err, "node.yaml: already exists in data dir, refusing to "
	    "overwrite") != NULL, "%s", err);
	slurp(p->node, err, sizeof(err));
	is_str(err, text, "the first one stays");

	empty(dir);
	is_int(init(p, ID1, "h.example:1", NULL, 0), 0, "as asked for");
	is_whole(p, ID1, "h.example:1", 0);

	empty(dir);
	setenv("QUPTIME_NODE_ID", ID2, 1);
	setenv("QUPTIME_ADVERTISE", "e.example:2", 1);
	setenv("QUPTIME_BIND_PORT", "77", 1);
	is_int(init(p, ID1, "h.example:1", NULL, 0), 0, "environment");
	clear_env();
	is_whole(p, ID2, "e.example:2", 0);
	slurp(p->node, text, sizeof(text));
	ok(strstr(text, "bind_port: 77\n") != NULL, "written to the file");

	empty(dir);
	setenv("QUPTIME_BIND_PORT", "x", 1);
	is_int(init(p, NULL, NULL, err, sizeof(err)), -1, "bad environment");
	ok(strncmp(err, "QUPTIME_BIND_PORT: ", 19) == 0, "%s", err);
	clear_env();
	is_int(count(dir), 0, "and nothing done");

	(void)snprintf(text, sizeof(text), "%s/a/b/c", dir);
	is_int(paths_init(&deep, text), 0, "a directory");
	is_int(init(&deep, ID1, NULL, err, sizeof(err)), 0, "made %s", err);
	is_whole(&deep, ID1, "127.0.0.1:9901", 0);
	ok(stat(deep.dir, &st) == 0 && (st.st_mode & 07777) == 0700,
	    "for nobody else");
	empty(dir);
}

static void
test_init_refused(const struct paths *p)
{
	char	 err[1024], text[64];

	clear_env();
	(void)mkdir(p->keydir, 0700);
	put(p->privkey, "mine\n");
	is_int(init(p, NULL, NULL, err, sizeof(err)), -1, "a key is there");
	ok(strstr(err, "private.pem: key material already exists; refusing "
	    "to overwrite") != NULL, "%s", err);
	is_int(init(p, NULL, NULL, err, sizeof(err)), -1, "and once more");
	slurp(p->privkey, text, sizeof(text));
	is_str(text, "mine\n", "it stays");
	is_int(count(dir), 1, "nothing made");

	empty(dir);
	put(p->cluster, HEAD "peers:\n    - node_id: " ID2 "\n"
	    "      advertise: h:1\n      fingerprint: sha256:8835e9b0ef763dd7"
	    "67037909e0e18096640ade2af6bb5533f942c7c501cffba6\n" CHECK);
	is_int(init(p, NULL, NULL, err, sizeof(err)), -1, "another's peers");
	ok(strstr(err, "cluster.yaml: has peers already") != NULL, "%s", err);
	is_int(count(dir), 1, "nothing made");

	put(p->cluster, "version: x\n");
	is_int(init(p, NULL, NULL, err, sizeof(err)), -1, "a bad cluster");
	ok(strstr(err, "cluster.yaml:1:") != NULL, "%s", err);
	is_int(count(dir), 1, "nothing made");

	put(p->cluster, HEAD "peers: []\n" CHECK);
	is_int(init(p, ID1, NULL, err, sizeof(err)), 0, "checks are no "
	    "obstacle %s", err);
	is_whole(p, ID1, "127.0.0.1:9901", 1);
	empty(dir);
}

/* Whatever the moment of a crash, the next attempt makes a whole node. */
static void
test_init_crash(const struct paths *p)
{
	struct stat	 st;
	char		 err[1024];
	pid_t		 pid;
	int		 n, status;

	clear_env();
	for (n = 1; n < 100; n++) {
		empty(dir);
		put(p->cluster, HEAD "peers: []\n" CHECK);
		fflush(stdout);
		if ((pid = fork()) == 0) {
			crash_at = n;
			steps = 0;
			_exit(init(p, NULL, NULL, NULL, 0) == 0 ? 0 : 1);
		}
		if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
			status = 99 << 8;
		if (WEXITSTATUS(status) == 0)
			break;		/* fewer steps than that */
		is_int(WEXITSTATUS(status), 77, "crash at step %d", n);
		if (stat(p->node, &st) == -1)
			is_int(init(p, n % 2 ? ID1 : NULL, NULL, err,
			    sizeof(err)), 0, "done again %s", err);
		is_whole(p, NULL, "127.0.0.1:9901", 1);
	}
	ok(n > 20 && n < 100, "%d steps", n);
	empty(dir);
}

static void
test_replace(const struct paths *p)
{
	struct verr	 ve;
	struct stat	 st;
	char		 path[128], text[128];
	pid_t		 pid;
	int		 n, status;

	(void)snprintf(path, sizeof(path), "%s/f", dir);
	is_int(file_replace(path, 0640, "new", 3, &ve), 0, "a new file");
	slurp(path, text, sizeof(text));
	is_str(text, "new", "its contents");
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640, "its mode");
	for (n = 1; n < 20; n++) {
		fflush(stdout);
		if ((pid = fork()) == 0) {
			crash_at = n;
			steps = 0;
			_exit(file_replace(path, 0600, "newer", 5, &ve) == 0 ?
			    0 : 1);
		}
		if (waitpid(pid, &status, 0) != pid ||
		    WEXITSTATUS(status) != 77)
			break;
		slurp(path, text, sizeof(text));
		ok(strcmp(text, "new") == 0 || strcmp(text, "newer") == 0,
		    "old or new after a crash at %d", n);
	}
	is_int(n, 5, "four steps");
	is_int(WEXITSTATUS(status), 0, "then it works");

	put(p->node, "x");
	(void)snprintf(text, sizeof(text), "%s/f.tmp-123456789", dir);
	put(text, "left by the Go implementation");
	(void)snprintf(text, sizeof(text), "%s/f.tmp-", dir);
	put(text, "not a leftover");
	(void)snprintf(text, sizeof(text), "%s/f.tmp-12.yaml", dir);
	put(text, "nor this");
	n = count(dir);
	is_int(n, 7, "two leftovers of ours, one of the other's, four files");
	is_int(file_sweep(dir), 3, "swept");
	is_int(count(dir), 4, "the others stay");
	is_int(file_sweep("/nonexistent"), -1, "no directory");

	is_int(file_replace("/nonexistent/f", 0600, "x", 1, &ve), -1,
	    "no directory");
	is_str(ve.file, "/nonexistent/f", "names the file");
	(void)snprintf(path, sizeof(path), "%s/d", dir);
	(void)mkdir(path, 0700);
	is_int(file_replace(path, 0600, "x", 1, &ve), -1, "over a directory");
	is_int(count(dir), 5, "no leftover");
	empty(dir);
}

int
main(void)
{
	struct paths	 p;

	log_init(LOG_STYLE_PLAIN, 0);
	log_procinit("test");
	if (mkdtemp(top) == NULL)
		return (1);
	(void)snprintf(dir, sizeof(dir), "%s/d", top);
	if (mkdir(dir, 0700) == -1)
		return (1);
	test_paths();
	test_defaults();
	test_socket();
	test_advertise();
	if (paths_init(&p, dir) == -1)
		return (1);
	test_load(&p);
	test_init(&p);
	test_init_refused(&p);
	test_init_crash(&p);
	test_replace(&p);
	empty(top);
	is_int(rmdir(top), 0, "nothing left");
	return (tap_done());
}
