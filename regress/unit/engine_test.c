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

#include "engine_fixture.h"

/* Peers and strangers, one at a time; crowds are engine_crowd_test's. */

static void	 test_dial(int);
static void	 test_requests(void);
static void	 test_many(void);
static void	 test_strangers(void);
static void	 test_name(void);
static void	 test_twins(void);

static void
test_dial(int af)
{
	struct mesh_up	 up;
	struct ibuf	 buf;
	struct imsg	 imsg;
	struct tls	*s, *s2;
	char		 address[128], cn[128], at[128], why[512];
	uint16_t	 p;
	int		 fd;

	fd = server_listen(af, &p);
	snprintf(address, sizeof(address), af == AF_INET ? "127.0.0.1:%u" :
	    "[::1]:%u", p);
	say_peer(7, 1, address, b.info.fingerprint);
	s = server_accept(fd, &b, MESH_ALPN);
	ok(s != NULL && hear_up(&up, cn, at), "%s: dialled", address);
	is_int(up.peer, 7, "the peer's number");
	is_int(up.quptimed, 1, "ALPN was seen");
	is_int(up.not_after, b.info.not_after, "its certificate's end");
	is_str(cn, b.info.cn, "its name");
	is_str(at, address, "where it is");
	is_str(tls_conn_version(s), "TLSv1.3", "TLS 1.3");
	ok(tls_conn_alpn_selected(s) != NULL, "it is offered to others");
	say_call(7, up.gen, "question 1");
	say_call(7, up.gen, "question 2");
	is_str(read_frame(s, WAIT), "question 1", "a call");
	is_str(read_frame(s, WAIT), "question 2", "another before the answer");
	frame(s, "answer");
	ok(wants(IMSG_MESH_ANSWER, &buf, &imsg) && ibuf_size(&buf) ==
	    sizeof(struct mesh_frame) + 6, "the answer");
	imsg_free(&imsg);
	say_call(7, up.gen + 1, "of another time");
	is_str(read_frame(s, QUIET), "", "a call for what is gone is dropped");

	client_end(s);
	ok(hear_down(7, why, sizeof(why)), "the end is told: %s", why);
	s = server_accept(fd, &b, NULL);
	ok(s != NULL && hear_up(&up, cn, at), "it is dialled again");
	is_int(up.quptimed, 0, "no ALPN: QUptime");
	say_drop(7, up.gen, "no JSON");
	ok(hear_down(7, why, sizeof(why)), "dropped");
	is_str(why, "no JSON", "with the reason");
	ok(ended(s, WAIT), "and closed");
	client_end(s);
	s = server_accept(fd, &b, NULL);
	ok(s != NULL && hear_up(&up, cn, at), "and dialled again");
	say_peer(7, 1, address, b.info.fingerprint);
	is_str(read_frame(s, QUIET), "", "the same again changes nothing");
	say_peer(7, 1, address, c.info.fingerprint);
	ok(ended(s, WAIT), "another key: the connection ends");
	ok(hear_down(7, why, sizeof(why)), "which is told: %s", why);
	client_end(s);

	s = server_accept(fd, &b, NULL);
	ok(hear_down(7, why, sizeof(why)), "not the key that it should be");
	ok(strstr(why, b.info.fingerprint) != NULL &&
	    strstr(why, c.info.fingerprint) != NULL,
	    "both keys are in the reason: %s", why);
	s2 = server_accept(fd, &b, NULL);
	ok(hear_down(7, why, sizeof(why)), "nor later");
	is_int(log_count("fingerprint mismatch: got"), 1, "one line of it");
	client_end(s);
	client_end(s2);
	say_peer(7, 1, address, b.info.fingerprint);
	s = server_accept(fd, &b, NULL);
	ok(s != NULL && hear_up(&up, cn, at), "the right key again");
	say_forget(7);
	ok(ended(s, WAIT), "forgotten: closed at once");
	ok(silent(QUIET), "and not a word about it");
	client_end(s);
	close(fd);
}

static void
test_requests(void)
{
	struct mesh_request	 rq[4];
	struct tls		*s, *t;
	char			 text[1024], num[16];
	const uint8_t		 pieces[] = { 0, 0, 0, 6, 'p', 'i', 'e', 'c',
				    'e', 's' };
	size_t			 i;

	say_peer(9, 0, "", b.info.fingerprint);
	s = client(&b, MESH_ALPN);
	ok(tls_conn_alpn_selected(s) != NULL, "ALPN is accepted");
	frame(s, "one");
	frame(s, "two");
	frame(s, "three");
	frame(s, "");
	for (i = 0; i < 4; i++)
		ok(hear_request(&rq[i], text, sizeof(text)) &&
		    rq[i].peer == 9 && rq[i].quptimed == 1, "\"%s\"", text);
	is_str(text, "", "a frame may be empty");
	say_reply(&rq[1], 0, "", "re two");
	say_reply(&rq[2], MESH_UNORDERED, "", "re three");
	is_str(read_frame(s, WAIT), "re three", "who need not wait does not");
	is_str(read_frame(s, QUIET), "", "who has to does");
	say_reply(&rq[0], 0, "", "re one");
	is_str(read_frame(s, WAIT), "re one", "the order is");
	is_str(read_frame(s, WAIT), "re two", "as it was asked");
	say_reply(&rq[3], MESH_CLOSE, "", "bye");
	is_str(read_frame(s, WAIT), "bye", "the last one");
	ok(ended(s, WAIT), "then closed");
	client_end(s);

	s = client(&b, NULL);
	for (i = 0; i < sizeof(pieces); i++)
		tls_all(s, pieces + i, 1);
	ok(hear_request(&rq[0], text, sizeof(text)) && rq[0].quptimed == 0,
	    "byte by byte");
	is_str(text, "pieces", "as one");
	say_reply(&rq[0], 0, "", "");
	is_str(read_frame(s, WAIT), "", "an empty reply");
	for (i = 0; i < MESH_PENDING + 2; i++) {
		snprintf(num, sizeof(num), "%zu", i);
		frame(s, num);
	}
	for (i = 0; i < MESH_PENDING; i++)
		if (!hear_request(&rq[i == 0 ? 0 : 1], text, sizeof(text)))
			break;
	is_int(i, MESH_PENDING, "so many at once");
	ok(silent(QUIET), "and no more");
	say_reply(&rq[0], 0, "", "ok");
	ok(hear_request(&rq[2], text, sizeof(text)) &&
	    atoi(text) == MESH_PENDING,
	    "an answer lets the next one in");
	t = client(&b, NULL);
	frame(t, "beside");
	ok(hear_request(&rq[3], text, sizeof(text)), "another connection");
	is_str(text, "beside", "has its own");
	is_str(read_frame(s, WAIT), "ok", "the answer");
	say_forget(9);
	say_reply(&rq[3], 0, "", "gone");
	is_str(read_frame(t, WAIT), "gone", "forgotten: what was asked before "
	    "is answered");
	ok(ended(t, WAIT), "then all is closed");
	frame(s, "late");
	ok(silent(QUIET), "nothing more is heard");
	for (i = 0; i < MESH_PENDING; i++) {
		rq[1].seq = rq[0].seq + 1 + i;
		say_reply(&rq[1], 0, "", "gone");
		if (strcmp(read_frame(s, WAIT), "gone") != 0)
			break;
	}
	is_int(i, MESH_PENDING, "also where more was asked");
	ok(ended(s, WAIT), "before it is closed");
	client_end(s);
	client_end(t);
}

static void
test_many(void)
{
	struct tls	*s[6];
	size_t		 i;

	say_peer(9, 0, "", b.info.fingerprint);
	for (i = 0; i < 6; i++)
		s[i] = client(&b, NULL);
	ok(ended(s[0], WAIT) && ended(s[1], WAIT), "the oldest have to go");
	for (i = 2; i < 6; i++)
		is_str(read_frame(s[i], i == 2 ? QUIET : 1), "",
		    "%zu stays", i);
	say_peer(9, 0, "", c.info.fingerprint);
	for (i = 2; i < 6; i++)
		ok(ended(s[i], WAIT), "another key: %zu has to go", i);
	for (i = 0; i < 6; i++)
		client_end(s[i]);
	say_forget(9);
}

static void
test_strangers(void)
{
	struct mesh_request	 rq, rq2;
	struct tls		*s;
	const uint8_t		 long_one[] = { 0, 0, 0x40, 1 };
	const uint8_t		 negative[] = { 0xff, 0xff, 0xff, 0xff };
	char			 text[FRAME_STRANGER_MAX + 2];

	s = client(&c, NULL);
	frame(s, "hello");
	frame(s, "again");
	ok(hear_request(&rq, text, sizeof(text)) && rq.peer == MESH_STRANGER,
	    "a stranger may say something");
	ok(silent(QUIET), "one thing at a time");
	say_reply(&rq, MESH_COMPLAIN, "unknown enrollment token", "no");
	is_str(read_frame(s, WAIT), "no", "and has an answer");
	ok(hear_request(&rq2, text, sizeof(text)), "then the next");
	say_peer(3, 0, "", c.info.fingerprint);
	say_reply(&rq2, MESH_COMPLAIN, "unknown enrollment token", "yes");
	is_str(read_frame(s, WAIT), "yes", "in the end it is a peer");
	frame(s, "as a friend");
	ok(hear_request(&rq, text, sizeof(text)) && rq.peer == 3,
	    "on the same connection");
	say_reply(&rq, 0, "", "welcome");
	is_str(read_frame(s, WAIT), "welcome", "and is served");
	tls_all(s, negative, sizeof(negative));
	ok(ended(s, WAIT), "a frame that is too long");
	client_end(s);
	say_forget(3);

	s = client(&c, NULL);
	memset(text, 'x', sizeof(text));
	text[FRAME_STRANGER_MAX] = '\0';
	frame(s, text);
	ok(hear_request(&rq, text, sizeof(text)), "the longest frame");
	is_int(strlen(text), FRAME_STRANGER_MAX, "of a stranger");
	say_reply(&rq, 0, "", "read");
	is_str(read_frame(s, WAIT), "read", "is read");
	tls_all(s, long_one, sizeof(long_one));
	ok(ended(s, WAIT), "a longer one is not");
	client_end(s);

	s = client(NULL, NULL);
	ok(ended(s, WAIT), "no certificate, no connection");
	client_end(s);
	ok(silent(QUIET), "nothing of that is quorum's business");
	is_int(log_count("stranger 127.0.0.1: "), 1, "one line in the log");
	is_int(log_count("unknown enrollment token"), 1, "the first reason");
}

/* A name has two addresses, and only the second of them answers. */
static void
test_name(void)
{
	struct mesh_up	 up;
	struct tls	*s;
	char		 address[64], cn[128], at[128], why[512];
	uint16_t	 p;
	int		 fd;

	fd = server_listen(AF_INET6, &p);
	snprintf(address, sizeof(address), "localhost:%u", p);
	say_peer(8, 1, address, b.info.fingerprint);
	s = server_accept(fd, &b, MESH_ALPN);
	ok(s != NULL && hear_up(&up, cn, at), "%s: dialled", address);
	ok(strncmp(at, "[::1]:", 6) == 0, "at %s", at);
	client_end(s);
	close(fd);
	ok(hear_down(8, why, sizeof(why)) && hear_down(8, why, sizeof(why)),
	    "nobody there any more");
	ok(strstr(why, "refused") != NULL, "%s", why);
	say_peer(8, 1, "no port:", b.info.fingerprint);
	do
		ok(hear_down(8, why, sizeof(why)), "%s", why);
	while (strstr(why, "refused") != NULL);
	is_str(why, "address: not host:port", "an address that is none");
	say_peer(8, 1, "192.0.2.1:bad", "");
	say_peer(8, 0, "", "");
	say_forget(8);
	say_forget(8);
}

/* Two peers of one key, and both ways of taking that back. */
static void
test_twins(void)
{
	struct mesh_request	 rq;
	struct tls		*s;
	char			 text[64];

	say_peer(20, 0, "", b.info.fingerprint);
	say_peer(21, 0, "", b.info.fingerprint);
	s = client(&b, NULL);
	frame(s, "who");
	ok(hear_request(&rq, text, sizeof(text)) && rq.peer == 21,
	    "of two with one key it is the last");
	say_reply(&rq, 0, "", "you");
	is_str(read_frame(s, WAIT), "you", "and has an answer");
	say_forget(21);
	ok(ended(s, WAIT), "forgotten");
	client_end(s);
	s = client(&b, NULL);
	frame(s, "who");
	ok(hear_request(&rq, text, sizeof(text)) && rq.peer == 20,
	    "then it is the first");
	say_reply(&rq, 0, "", "you");
	is_str(read_frame(s, WAIT), "you", "with an answer");
	say_forget(20);
	ok(ended(s, WAIT), "forgotten, too");
	client_end(s);
}

int
main(int argc, char *argv[])
{
	(void)argc;
	fixture_init(argv[0]);
	engine_start(AF_INET);
	test_dial(AF_INET);
	test_requests();
	test_many();
	test_name();
	test_twins();
	test_strangers();
	engine_stop();
	engine_start(AF_INET6);
	test_dial(AF_INET6);
	engine_stop();
	unlink(logfile);
	return (tap_done());
}
