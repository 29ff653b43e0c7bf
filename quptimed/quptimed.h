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

#ifndef QUPTIMED_H
#define QUPTIMED_H

#include "config.h"

#include <sys/types.h>

#include <stdint.h>

#include "imsg.h"
#include "ipc.h"
#include "log.h"
#include "model.h"
#include "proc.h"

#define QUPTIMED_USER	"_quptimed"	/* engine, prober, notifier */
#define QUPTIMEQ_USER	"_quptimeq"	/* quorum, the owner of the state */
#define QUPTIME_GROUP	"quptime"	/* may use the control socket to look */
#define FALLBACK_USER	"nobody"

#define CHILD_FD	3		/* a child's channel to the parent */

/* Bounds on what outsiders size, and why that much. */
#define CTL_MAXSIZE	(128 * 1024)	/* an alert with both templates full */
#define CTL_CLIENTS	64
#define CTL_HIGH_MARK	(256 * 1024)	/* bytes queued to one client: XOFF */
#define CTL_LOW_MARK	(64 * 1024)	/* XON */
#define IPC_MAXSIZE	(128 * 1024)	/* as large as any control request */
#define FRAME_MAX	(16 * 1024 * 1024)	/* of the mesh, from peers */
#define FRAME_STRANGER_MAX (16 * 1024)	/* from who is no peer */
/* Between engine and quorum: one frame and what goes with it. */
#define MESH_MAXSIZE	(FRAME_MAX + 64 * 1024)
#define DETAIL_MAX	512		/* of a probe's detail, with NUL */
#define TEXT_FILE_MAX	(1024 * 1024)	/* resolv.conf, hosts, CA bundle */

/* Bumped when a control message changes; unequal versions are refused. */
#define CTL_VERSION	3

/*
 * Messages: name, as logs show it.  IMSG_CTL_* come from quptimectl, through
 * the parent, to quorum; the answers go back the same way with the id of the
 * client, which the parent assigned.
 */
#define IMSG_TYPES(X)							\
	X(IMSG_NONE)							\
	/* parent -> child: one fd or none, before IMSG_SETUP_DONE */	\
	X(IMSG_SETUP_PEER)		/* int32 proc_id, fd */		\
	X(IMSG_SETUP_FD)		/* struct imsg_fd, fd */	\
	X(IMSG_SETUP_NODE)		/* packed node; strings: fp, cert */ \
	X(IMSG_SETUP_KEYPAIR)		/* strings: key PEM, cert PEM */ \
	X(IMSG_SETUP_DONE)		/* both ways */			\
	/* parent -> child at any time */				\
	X(IMSG_LOG_VERBOSE)		/* int32 */			\
	X(IMSG_RELOAD)			/* parent -> quorum, id: client */ \
	X(IMSG_OWN)			/* quorum -> parent: see to owners */ \
	/* quorum -> engine */						\
	X(IMSG_MESH_PEER)	/* struct mesh_peer, strings: name, */	\
				/* address, fingerprint */		\
	X(IMSG_MESH_FORGET)	/* uint32 peer */			\
	X(IMSG_MESH_CALL)	/* struct mesh_frame, frame */		\
	X(IMSG_MESH_DROP)	/* struct mesh_frame, string: why */	\
	X(IMSG_MESH_REPLY)	/* struct mesh_reply, frame */		\
	/* engine -> quorum */						\
	X(IMSG_MESH_UP)		/* struct mesh_up, strings: cn, address */ \
	X(IMSG_MESH_DOWN)	/* struct mesh_frame, string: why */	\
	X(IMSG_MESH_ANSWER)	/* struct mesh_frame, frame */		\
	X(IMSG_MESH_REQUEST)	/* struct mesh_request, strings: cn, */ \
				/* fingerprint, address; frame */	\
	/* quorum -> prober */						\
	X(IMSG_PROBE_SET)		/* struct imsg_probe_set, check */ \
	X(IMSG_PROBE_DEL)		/* uint32 handle */		\
	X(IMSG_PROBE_RESOLVERS)		/* uint32 n, strings */		\
	X(IMSG_PROBE_COMMIT)		/* none */			\
	X(IMSG_PROBE_RUN)		/* uint32 handle: probe now */	\
	/* prober -> quorum */						\
	X(IMSG_PROBE_RESULT)		/* struct imsg_probe_result, detail */ \
	/* quorum <-> notifier */					\
	X(IMSG_ALERT_SEND)		/* imsg_alert_send, alert, event */ \
	X(IMSG_ALERT_CANCEL)		/* string: alert id */		\
	X(IMSG_ALERT_RESULT)		/* struct imsg_alert_result, text */ \
	/* client -> parent -> quorum */				\
	X(IMSG_CTL_HELLO)		/* uint32 CTL_VERSION; parent's own */ \
	X(IMSG_CTL_SHOW_STATUS)						\
	X(IMSG_CTL_SHOW_CHECKS)		/* string: name or id, "" all */ \
	X(IMSG_CTL_SHOW_ALERTS)						\
	X(IMSG_CTL_SHOW_PEERS)						\
	X(IMSG_CTL_SHOW_TOKENS)						\
	X(IMSG_CTL_SHOW_TRUST)						\
	X(IMSG_CTL_SHOW_RESOLVERS)					\
	X(IMSG_CTL_SHOW_CONFIG)		/* with secrets */		\
	X(IMSG_CTL_SHOW_PROCS)		/* parent's own */		\
	X(IMSG_CTL_MUTATE)		/* struct ctl_mutate, name, pairs */ \
	X(IMSG_CTL_RESOLVERS)		/* uint32 n, strings */		\
	X(IMSG_CTL_UPGRADE)		/* to protocol 2 */		\
	X(IMSG_CTL_APPLY)		/* struct ctl_apply, edits */	\
	X(IMSG_CTL_TRUST_REMOVE)	/* string: node id */		\
	X(IMSG_CTL_ENROLL_CREATE)	/* struct ctl_enroll, string: name */ \
	X(IMSG_CTL_ENROLL_APPROVE)	/* string: name or id */	\
	X(IMSG_CTL_ENROLL_REVOKE)	/* string: name or id */	\
	X(IMSG_CTL_JOIN)		/* strings: token, advertise or "" */ \
	X(IMSG_CTL_MONITOR)		/* rows until the client leaves */ \
	X(IMSG_CTL_ALERT_TEST)		/* string: name or id */	\
	X(IMSG_CTL_CHECK_TEST)		/* strings: name or id, state */ \
	X(IMSG_CTL_RELOAD)		/* parent's own */		\
	X(IMSG_CTL_LOG)			/* int32 verbose; parent's own */ \
	/* parent -> quorum, about a client */				\
	X(IMSG_CTL_XOFF)						\
	X(IMSG_CTL_XON)							\
	X(IMSG_CTL_CLOSE)						\
	/* quorum or parent -> client: rows, then one result */		\
	X(IMSG_CTL_STATUS)		/* packed status */		\
	X(IMSG_CTL_PEER)		/* packed peer_status */	\
	X(IMSG_CTL_CHECK)		/* packed check_status */	\
	X(IMSG_CTL_CHECK_CONF)		/* packed check */		\
	X(IMSG_CTL_NODE_RESULT)		/* packed node_result */	\
	X(IMSG_CTL_ALERT)		/* packed alert, secrets masked */ \
	X(IMSG_CTL_TOKEN)		/* packed token_status */	\
	X(IMSG_CTL_TRUST)		/* packed trust_entry */	\
	X(IMSG_CTL_RESOLVER)		/* string */			\
	X(IMSG_CTL_EVENT)		/* packed event */		\
	X(IMSG_CTL_PROGRESS)		/* string: what is being done */ \
	X(IMSG_CTL_PROC)		/* struct ctl_proc */		\
	X(IMSG_CTL_RESULT)		/* struct ctl_result, string */	\
	X(IMSG_MAX)

#define IMSG_ENUM(name)	name,
enum imsg_type {
	IMSG_TYPES(IMSG_ENUM)
};
#undef IMSG_ENUM

/* What a descriptor is for. */
enum fd_use {
	FDU_LISTEN,	/* engine: the mesh listener */
	FDU_ICMP4,	/* prober */
	FDU_ICMP6,
	FDU_CA,		/* prober, notifier: CA bundle, PEM; again on change */
	FDU_RESOLV,	/* prober, engine, notifier: resolv.conf; again ... */
	FDU_HOSTS,	/* the same: /etc/hosts */
	FDU_LOCK,	/* quorum: keeps the data directory's lock */
	FDU_COUNT
};

struct imsg_fd {
	int32_t		use;		/* enum fd_use */
	int32_t		arg;		/* ICMP: 1 raw, 0 datagram socket */
};

/*
 * Checks are named by handle between quorum and prober: a small number that
 * quorum assigns and uses as an index.  gen changes with the definition, so
 * that a late result of the old one is known.
 */
struct imsg_probe_set {
	uint32_t	handle;
	uint32_t	gen;
};

enum probe_verdict {
	PROBE_OK,
	PROBE_FAIL,
	PROBE_CANNOT	/* this node is unable to tell: no vote */
};

struct imsg_probe_result {
	uint32_t	handle;
	uint32_t	gen;
	uint32_t	verdict;	/* enum probe_verdict */
	uint32_t	latency_us;
	/* then the detail, without NUL, at most DETAIL_MAX - 1 bytes */
};

/*
 * The mesh.  quorum names each peer by a number that is never used again, and
 * tells the engine its address and the fingerprint of its key.  The engine
 * keeps one connection to each peer that has an address (the dialled one, on
 * which quorum calls) and takes those of others (on which they call).  A frame
 * is the payload of one frame of the wire, of which the engine reads nothing;
 * strings are as pack_string() writes them, and a frame is what follows.
 *
 * Calls go out in order and answers come back as they arrive: which answer
 * belongs to which call, how many may be under way and for how long is
 * quorum's business.  gen is the number of the dialled connection; a call for
 * one that has gone is dropped, for quorum will have heard of it.  Each attempt
 * that fails is told as IMSG_MESH_DOWN too, with a gen of its own, and so is
 * the end that IMSG_MESH_DROP asks for; after IMSG_MESH_FORGET nothing comes.
 */
struct mesh_peer {
	uint32_t	peer;
	uint32_t	dial;		/* whether to keep a connection to it */
};

struct mesh_frame {
	uint32_t	peer;
	uint32_t	gen;
	/* then the frame, or a string */
};

struct mesh_up {
	uint32_t	peer;
	uint32_t	gen;
	int64_t		not_after;	/* end of its certificate, time(3) */
	uint32_t	quptimed;	/* it is one: see MESH_ALPN */
	uint32_t	pad;
	/* then strings: common name, address it was reached at */
};

/*
 * seq goes back in the reply.  Of one connection at most MESH_PENDING requests
 * are unanswered, of a stranger's one; the engine reads no further.
 */
struct mesh_request {
	uint32_t	conn;
	uint32_t	seq;
	uint32_t	peer;		/* MESH_STRANGER: nobody we know */
	uint32_t	quptimed;
	/* then strings: common name, fingerprint, address; then the frame */
};

struct mesh_reply {
	uint32_t	conn;
	uint32_t	seq;
	uint32_t	flags;
	char		why[100];	/* MESH_COMPLAIN */
	/* then the frame */
};

#define MESH_STRANGER	0
#define MESH_PENDING	16
#define MESH_CLOSE	0x1	/* after this reply */
#define MESH_COMPLAIN	0x2	/* the log should tell, within its limits */
#define MESH_UNORDERED	0x4	/* need not wait for earlier requests' */
/*
 * RFC 7301: offered and accepted by quptimed alone; the Go nodes neither offer
 * nor look at it.  Between two quptimed several calls may be under way and
 * their answers come in any order.
 */
#define MESH_ALPN	"quptimed"

struct imsg_alert_send {
	uint64_t	job;
	uint32_t	attempts;	/* at most; 0: the notifier's default */
	uint32_t	pad;
};

struct imsg_alert_result {
	uint64_t	job;
	int32_t		sent;		/* 1, or 0: given up */
	uint32_t	attempts;
	/* then the last error, without NUL */
};

enum ctl_op {
	CTL_ADD,
	CTL_EDIT,
	CTL_REMOVE,
	CTL_ENABLE,
	CTL_DISABLE
};

enum ctl_object {
	CTL_CHECK,
	CTL_ALERT,
	CTL_PEER	/* CTL_EDIT and CTL_REMOVE only */
};

#define ENROLL_TTL_MAX	(168LL * 3600 * 1000000000)	/* ns */
struct ctl_enroll {
	int64_t		ttl;		/* ns; 0: the default */
	int32_t		auto_approve;
	uint32_t	pad;
};

/*
 * A change: on what, and the fields to set as pairs of strings, the YAML name
 * and the value as a flag would give it (see field_set()).
 */
struct ctl_mutate {
	uint32_t	op;		/* enum ctl_op */
	uint32_t	object;		/* enum ctl_object */
	uint32_t	npairs;
	uint32_t	pad;
	/* then strings: name or id, npairs times field and value */
};

/*
 * A part of a change of many records, to a configuration of that version; the
 * last part makes it one change.  Each edit is a head and then, packed, the
 * record that takes the place of the one with its id or comes to the end, or
 * the id of the one to remove as a string.
 */
struct ctl_apply {
	uint64_t	version;
	uint32_t	n;		/* edits in this part */
	uint32_t	last;
};

enum ctl_edit {
	EDIT_PUT,
	EDIT_REMOVE
};

struct ctl_edit_head {
	uint32_t	op;		/* enum ctl_edit */
	uint32_t	object;		/* CTL_CHECK, CTL_ALERT */
};

struct ctl_proc {
	int32_t		proc;		/* enum proc_id */
	int32_t		pid;
};

enum ctl_code {
	CTL_OK,
	CTL_REFUSED,		/* the text says why */
	CTL_DENIED		/* the caller may not */
};

struct ctl_result {
	uint32_t	code;		/* enum ctl_code */
	uint32_t	pad;
	uint64_t	version;	/* of the configuration, after */
	/* then a string: the error, or what was done; may be empty */
};

/* ipc names: quptimed_names.c */
const char	*imsg_name(uint32_t);

/*
 * child.c: what every child does first.  Gives up privileges, enters the
 * sandbox, renames the process, and sets the channel to the parent up.
 */
struct child {
	enum proc_id	 proc;
	int		 phase;		/* enum ipc_phase */
	struct ipc	 parent;
};

void	 child_init(struct child *, enum proc_id, const struct ipc_rule *,
	    size_t);
/* Answers IMSG_SETUP_DONE and goes over to PH_RUN. */
void	 child_ready(struct child *);
/* Runs until the parent closes the channel. */
void	 child_loop(struct child *);
/* Handles IMSG_LOG_VERBOSE. */
void	 child_verbose(struct ipc *, struct imsg *);
/* The descriptor and payload of IMSG_SETUP_FD, checked; -1 is fatal. */
int	 child_take_fd(struct imsg *, struct imsg_fd *);
/* The descriptor and sender's id of IMSG_SETUP_PEER. */
int	 child_take_peer(struct imsg *, enum proc_id *);

/* nodeconf.c: paths, node.yaml and its overrides */
struct paths {
	char	dir[1024];
	char	node[1024];
	char	cluster[1024];
	char	trust[1024];
	char	keydir[1024];
	char	privkey[1024];
	char	pubkey[1024];
	char	cert[1024];
};

/* dir NULL: QUPTIME_DIR or the default.  0, or -1 when a path is too long. */
int	 paths_init(struct paths *, const char *dir);
/* sock NULL: QUPTIME_SOCKET or the default. */
int	 socket_path(const char *sock, char *, size_t);
int	 nodeconf_load(const struct paths *, struct node *, struct verr *);
/* The address under which peers reach it: advertise or made of bind_*. */
const char
	*nodeconf_advertise(const struct node *, char *, size_t);
/*
 * A new identity in a directory that has none: node.yaml, keys and a
 * cluster.yaml of one.  node holds what was asked for; environment variables
 * win over it.  0, or -1 with the reason.
 */
int	 nodeconf_init(const struct paths *, struct node *, struct verr *);
/* mkstemp, write, fsync, rename, fsync of the directory. */
int	 file_replace(const char *path, mode_t, const void *, size_t,
	    struct verr *);
/*
 * Removes what a crash within file_replace() left in a directory.  Returns how
 * many, or -1.  Not while another process writes there.
 */
int	 file_sweep(const char *dir);
/* verr_set() for a whole file. */
int	 verr_file(struct verr *, const char *file, const char *, ...)
	    __attribute__((__format__(printf, 3, 4)));

/* keys.c: the node's key and certificate */
struct keypair {
	char	*key_pem;	/* freezero(3) */
	size_t	 key_len;
	char	*cert_pem;
	size_t	 cert_len;
	char	 fingerprint[72];	/* sha256:hex of the SPKI */
	char	 cn[128];		/* the certificate's common name */
};

int	 keys_generate(const struct paths *, const char *node_id,
	    struct verr *);
int	 keys_load(const struct paths *, struct keypair *, struct verr *);
void	 keys_clear(struct keypair *);
/* Of the first certificate in a PEM text; buf has 72 bytes. 0 or -1. */
int	 keys_fingerprint(const char *pem, size_t, char *, size_t);
/*
 * The same with its common name ("" when it has none that is usable) and its
 * end as of time(3).
 */
struct certinfo {
	char	 fingerprint[72];
	char	 cn[128];
	int64_t	 not_after;
};
int	 keys_certinfo(const char *pem, size_t, struct certinfo *);

/* One entry per process: engine.c, quorum.c, prober.c, notifier.c */
void	 engine_main(void) __attribute__((__noreturn__));
void	 quorum_main(void) __attribute__((__noreturn__));
void	 prober_main(void) __attribute__((__noreturn__));
void	 notifier_main(void) __attribute__((__noreturn__));

#endif /* QUPTIMED_H */
