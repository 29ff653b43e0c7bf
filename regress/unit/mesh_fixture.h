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

#ifndef MESH_FIXTURE_H
#define MESH_FIXTURE_H

#include "quorum_fixture.h"
#include "yaml.h"

/*
 * node-a with an engine that is the test: what quorum tells it, and what other
 * nodes say through it.
 */

#define FP(c)	"sha256:" c c c c c c c c
#define FP_A	FP("aaaaaaaa")
#define FP_B	FP("bbbbbbbb")
#define FP_C	FP("cccccccc")
#define FP_D	FP("dddddddd")
#define FP_E	FP("eeeeeeee")

#define PEER(id, addr, fp)						\
    "  - {node_id: " id ", advertise: \"" addr "\", fingerprint: \"" fp	\
    "\"}\n"
#define B_AND_C	PEER("node-b", "b:1", FP_B) PEER("node-c", "c:1", FP_C)
#define CONFIG(version, peers)						\
    "version: " version "\nupdated_at: 2026-05-15T14:01:00Z\n"		\
    "updated_by: node-b\npeers:\n" PEER("node-a", "a:1", FP_A) peers	\
    "checks:\n  - {id: c1, name: one, type: tcp, target: \"h:1\"}\n"	\
    "  - {id: c2, name: two, type: tcp, target: \"h:2\"}\n"		\
    "  - {id: c3, name: off, type: tcp, target: \"h:3\", disabled: true}\n" \
    "alerts: []\n"

/* The last message that the engine was sent. */
static struct {
	uint32_t	 type;		/* IMSG_NONE: none came */
	uint32_t	 peer;
	uint32_t	 gen;
	uint32_t	 dial;
	uint32_t	 conn;
	uint32_t	 seq;
	uint32_t	 flags;
	uint64_t	 id;		/* of a call */
	char		 name[128];
	char		 address[128];
	char		 fingerprint[128];
	char		 why[256];
	char		 frame[65536];
} got;

static inline void
mesh_string(struct ibuf *buf, char *dst, size_t size)
{
	char	*s;

	if ((s = unpack_string(buf, size - 1)) == NULL)
		fix_die("string");
	strlcpy(dst, s, size);
	free(s);
}

static inline void
mesh_frame(struct ibuf *buf)
{
	if (ibuf_size(buf) >= sizeof(got.frame))
		fix_die("frame");
	memcpy(got.frame, ibuf_data(buf), ibuf_size(buf));
	got.frame[ibuf_size(buf)] = '\0';
}

static inline void
mesh_unpack(struct imsg *imsg)
{
	struct mesh_frame	 mf;
	struct mesh_reply	 mr;
	struct mesh_peer	 mp;
	struct ibuf		 buf;

	if (got.type == IMSG_MESH_FORGET) {
		if (imsg_get_data(imsg, &got.peer, sizeof(got.peer)) == -1)
			fix_die("forget");
		return;
	}
	if (imsg_get_ibuf(imsg, &buf) == -1)
		fix_die("message");
	switch (got.type) {
	case IMSG_MESH_PEER:
		if (ibuf_get(&buf, &mp, sizeof(mp)) == -1)
			fix_die("peer");
		got.peer = mp.peer;
		got.dial = mp.dial;
		mesh_string(&buf, got.name, sizeof(got.name));
		mesh_string(&buf, got.address, sizeof(got.address));
		mesh_string(&buf, got.fingerprint, sizeof(got.fingerprint));
		break;
	case IMSG_MESH_CALL:
	case IMSG_MESH_DROP:
		if (ibuf_get(&buf, &mf, sizeof(mf)) == -1)
			fix_die("frame");
		got.peer = mf.peer;
		got.gen = mf.gen;
		if (got.type == IMSG_MESH_DROP)
			mesh_string(&buf, got.why, sizeof(got.why));
		else {
			mesh_frame(&buf);
			got.id = strtoull(got.frame + 6, NULL, 10);
		}
		break;
	case IMSG_MESH_REPLY:
		if (ibuf_get(&buf, &mr, sizeof(mr)) == -1)
			fix_die("reply");
		got.conn = mr.conn;
		got.seq = mr.seq;
		got.flags = mr.flags;
		strlcpy(got.why, mr.why, sizeof(got.why));
		mesh_frame(&buf);
		break;
	}
}

/* The type of the next message to the engine, IMSG_NONE when there is none. */
static inline uint32_t
mesh_next(void)
{
	struct imsg	 imsg;
	int		 i, n;

	memset(&got, 0, sizeof(got));
	for (i = 0; i < 10; i++) {
		if ((n = imsgbuf_get(&engine, &imsg)) == -1)
			fix_die("imsgbuf_get");
		if (n == 1) {
			got.type = imsg_get_type(&imsg);
			mesh_unpack(&imsg);
			imsg_free(&imsg);
			break;
		}
		fix_turn();
		if (imsgbuf_read(&engine) != 1)
			fix_die("imsgbuf_read");
	}
	return (got.type);
}

/* Reads on until a message of that type. */
static inline int
mesh_find(uint32_t type)
{
	while (mesh_next() != IMSG_NONE)
		if (got.type == type)
			return (1);
	return (0);
}

static inline void
mesh_drain(void)
{
	while (mesh_next() != IMSG_NONE)
		;
}

/* Whether the last message is a call of that method. */
static inline int
mesh_is_call(const char *method)
{
	char	 want[64];

	snprintf(want, sizeof(want), ",\"method\":\"%s\",", method);
	return (got.type == IMSG_MESH_CALL &&
	    strstr(got.frame, want) != NULL);
}

/* Whether that is the next one, which is a call of that method. */
static inline int
mesh_called(const char *method)
{
	mesh_next();
	return (mesh_is_call(method));
}

static inline void
mesh_load(const char *text)
{
	struct verr	 ve;

	fix_mesh = 1;
	fix_write("cluster.yaml", text);
	if (fix_load(&ve) == -1)
		fix_die(ve.msg);
	q.fingerprint = strdup(FP_A);
	q.cert = strdup("-");
}

/* Goes over to another configuration, as when the master has sent one. */
static inline void
mesh_install(const char *text)
{
	struct cluster	 cl;
	struct verr	 ve;

	memset(&cl, 0, sizeof(cl));
	if (yaml_parse(&cluster_record, &cl, "test", text, strlen(text),
	    &ve) == -1 || config_install(&q, &cl, &ve) == -1)
		fix_die(ve.msg);
}

static inline struct qpeer *
mesh_peer(const char *id)
{
	struct qpeer	*p;

	if ((p = peer_find(&q, id)) == NULL)
		fix_die(id);
	return (p);
}

static inline void
mesh_say(uint32_t type, const void *head, size_t len, const char *s1,
    const char *s2, const char *frame)
{
	struct imsg	 imsg;
	struct ibuf	*buf = fix_ibuf();

	ibuf_add(buf, head, len);
	if (s1 != NULL)
		pack_string(buf, s1);
	if (s2 != NULL)
		pack_string(buf, s2);
	if (frame != NULL)
		ibuf_add(buf, frame, strlen(frame));
	fix_imsg(&imsg, type, 0, buf);
	peer_message(&q, &imsg);
	imsg_free(&imsg);
}

static inline void
mesh_up(uint32_t handle, uint32_t gen, int quptimed, const char *cn)
{
	struct mesh_up	 up;

	memset(&up, 0, sizeof(up));
	up.peer = handle;
	up.gen = gen;
	up.quptimed = quptimed;
	up.not_after = 4000000000LL;
	mesh_say(IMSG_MESH_UP, &up, sizeof(up), cn, "192.0.2.1:9901", NULL);
}

static inline void
mesh_down(uint32_t handle, uint32_t gen, const char *why)
{
	struct mesh_frame	 mf = { handle, gen };

	mesh_say(IMSG_MESH_DOWN, &mf, sizeof(mf), why, NULL, NULL);
}

static inline void
mesh_answer(uint32_t handle, uint32_t gen, const char *frame)
{
	struct mesh_frame	 mf = { handle, gen };

	mesh_say(IMSG_MESH_ANSWER, &mf, sizeof(mf), NULL, NULL, frame);
}

/* The same to the call with that id. */
static inline void
mesh_result(uint32_t handle, uint32_t gen, uint64_t id, const char *result)
{
	char	 frame[4096];

	snprintf(frame, sizeof(frame), "{\"id\":%llu,\"result\":%s}",
	    (unsigned long long)id, result);
	mesh_answer(handle, gen, frame);
}

/* Connected, and the question for its clock answered. */
static inline void
mesh_connect(struct qpeer *p, uint32_t gen, int quptimed)
{
	mesh_up(p->handle, gen, quptimed, p->node_id);
	if (!mesh_called("Ping"))
		fix_die("no Ping");
	mesh_result(p->handle, gen, got.id,
	    "{\"node_id\":\"x\",\"now\":\"2026-05-15T14:01:00Z\"}");
}

/* This node has waited for long; node-b says who is master; NULL: nobody. */
static inline void
mesh_elect(const char *master)
{
	q.legacy.started = mono_sub(mono_now(), MONO_SEC(600));
	heart_heard(&q, mesh_peer("node-b"), "", master, q.cluster.version);
}

/* Who asks this node, over which connection. */
struct mesh_asker {
	struct mesh_request	 head;
	const char		*cn;
	const char		*fingerprint;
};

static inline void
mesh_ask(const struct mesh_asker *who, const char *frame, size_t len)
{
	struct imsg	 imsg;
	struct ibuf	*buf;

	if ((buf = ibuf_dynamic(0, MESH_MAXSIZE - IMSG_HEADER_SIZE)) == NULL)
		fix_die("ibuf");
	ibuf_add(buf, &who->head, sizeof(who->head));
	pack_string(buf, who->cn);
	pack_string(buf, who->fingerprint);
	pack_string(buf, "192.0.2.9:4321");
	ibuf_add(buf, frame, len);
	fix_imsg(&imsg, IMSG_MESH_REQUEST, 0, buf);
	rpc_request(&q, &imsg);
	imsg_free(&imsg);
}

#endif /* MESH_FIXTURE_H */
