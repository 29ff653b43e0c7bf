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


#include <string.h>

#include "notifier.h"
#include "tap.h"

#define DASH	" \xe2\x80\x94 "

static struct alert		 alert = { .name = "oncall" };
static struct snapshot		 snap;
static struct check		 check;
static struct alert_event	 ev;
static struct notify_text	 t;

static void
event(const char *type, const char *name, const char *target,
    const char *verb)
{
	memset(&check, 0, sizeof(check));
	memset(&snap, 0, sizeof(snap));
	memset(&ev, 0, sizeof(ev));
	check.type = (char *)type;
	check.name = (char *)name;
	check.target = (char *)target;
	snap.reports = 3;
	snap.ok_count = 1;
	snap.not_ok = 2;
	ev.check = &check;
	ev.snapshot = &snap;
	ev.verb = (char *)verb;
	ev.from = "up";
	ev.to = "down";
	ev.node_id = "node-a";
	wall_parse("2026-05-15T16:01:00.5+02:00", &ev.when);
}

static void
test_types(void)
{
	event("http", "web", "https://example.com/", "DOWN");
	check.expect_status = 200;
	check.body_match = "welcome";
	snap.detail = "status 503 Service Unavailable";
	notify_text(&t, &alert, &ev);
	is_str(t.subject, "[quptime] HTTP DOWN" DASH
	    "web (https://example.com/)", "subject of http");
	is_str(t.body, "Web check \"web\" is down.\n\n"
	    "URL:        https://example.com/\n"
	    "Expected:   status 200\n"
	    "Body with:  welcome\n"
	    "Detail:     status 503 Service Unavailable\n"
	    "Previous:   up\n"
	    "Reporters:  1/3 OK, 2 failing\n"
	    "Master:     node-a\n"
	    "When:       2026-05-15T14:01:00Z\n", "body of http");

	event("tcp", "db", "db.internal:5432", "RECOVERED");
	ev.from = "down";
	notify_text(&t, &alert, &ev);
	is_str(t.subject, "[quptime] TCP RECOVERED" DASH
	    "db (db.internal:5432)", "subject of tcp");
	is_str(t.body, "TCP service \"db\" has recovered.\n\n"
	    "Address:    db.internal:5432\n"
	    "Previous:   down\n"
	    "Reporters:  1/3 OK, 2 failing\n"
	    "Master:     node-a\n"
	    "When:       2026-05-15T14:01:00Z\n", "body of tcp");

	event("icmp", "gw", "10.0.0.1", "UP");
	notify_text(&t, &alert, &ev);
	is_str(t.subject, "[quptime] Ping UP" DASH "gw (10.0.0.1)",
	    "subject of icmp");
	ok(strstr(t.body, "Host \"gw\" is up.\n\nHost:       10.0.0.1\n") ==
	    t.body, "body of icmp");

	event("tls", "cert", "example.com:443", "DOWN");
	check.tls_server_name = "sni.example.com";
	check.tls_warn_days = 14;
	notify_text(&t, &alert, &ev);
	ok(strstr(t.subject, "TLS cert DOWN") != NULL, "subject of tls");
	ok(strstr(t.body, "Asked for:  sni.example.com\n"
	    "Warns:      14 days before\n") != NULL, "body of tls");

	event("dns", "apex", "example.com", "DOWN");
	check.dns_record = "mx";
	check.dns_expect = "mail";
	check.dns_resolver = "1.1.1.1:53";
	notify_text(&t, &alert, &ev);
	ok(strstr(t.subject, "DNS DOWN") != NULL, "subject of dns");
	ok(strstr(t.body, "Record:     MX\nExpected:   mail\n"
	    "Resolver:   1.1.1.1:53\n") != NULL, "body of dns");

	event("carrier-pigeon", "coo", "loft", "DOWN");
	notify_text(&t, &alert, &ev);
	is_str(t.subject, "[quptime] Check DOWN" DASH "coo (loft)",
	    "subject of a type to come");
	ok(strstr(t.body, "Target:     loft\n") != NULL, "its body");
}

static void
test_tests(void)
{
	event("http", "web", "http://x/", "TEST");
	notify_text(&t, &alert, &ev);
	is_str(t.subject, "[quptime] HTTP TEST" DASH "web (http://x/)",
	    "subject of a test");
	ok(strstr(t.body, "A test of alert \"oncall\", sent by node node-a.\n")
	    == t.body, "its body says so first");
	ok(strstr(t.body, "is down") == NULL, "and not that anything is down");

	ev.check = NULL;
	ev.snapshot = NULL;
	notify_text(&t, &alert, &ev);
	is_str(t.subject, "[quptime] TEST" DASH "alert oncall",
	    "subject of a test without a check");
	ok(strstr(t.body, "oncall") != NULL, "its body");
}

static void
test_hostile(void)
{
	static char	 big[70000];
	const char	*p;
	int		 controls = 0, lines = 0;

	event("http", "a\r\nBcc: x\x1b[31m\x7f\xff", "http://x/\n\nWhen: never",
	    "DOWN");
	snap.detail = "line one\nPrevious:   forged\x07";
	check.body_match = "two\nlines\tand a tab";
	notify_text(&t, &alert, &ev);
	for (p = t.subject; *p != '\0'; p++)
		controls += (unsigned char)*p < 0x20 || *p == 0x7f;
	is_int(controls, 0, "no control character in the subject: %s",
	    t.subject);
	ok(strstr(t.subject, "\\x0d\\x0aBcc") != NULL, "they are shown");
	for (p = t.body; *p != '\0'; p++) {
		lines += *p == '\n';
		controls += *p != '\n' && (unsigned char)*p < 0x20;
	}
	is_int(controls, 0, "none in the body but its own newlines");
	is_int(lines, 9, "of which no name adds one");

	memset(big, 'n', sizeof(big) - 1);
	event("http", big, big, "DOWN");
	snap.detail = check.body_match = big;
	ev.from = ev.node_id = big;
	check.expect_status = 200;
	notify_text(&t, &alert, &ev);
	ok(strlen(t.subject) < sizeof(t.subject) - 1 &&
	    t.subject[strlen(t.subject) - 1] == ')', "a subject has room");
	ok(strstr(t.body, "When:       2026") != NULL,
	    "the last line has room after the largest of all others");

	event("dns", big, big, "TEST");
	check.dns_record = check.dns_expect = check.dns_resolver = big;
	snap.detail = ev.from = ev.node_id = big;
	alert.name = big;
	notify_text(&t, &alert, &ev);
	ok(strstr(t.body, "When:       2026") != NULL, "in a test too");
	alert.name = "oncall";

	memset(&ev, 0, sizeof(ev));
	memset(&check, 0, sizeof(check));
	ev.check = &check;
	notify_text(&t, &alert, &ev);
	ok(t.subject[0] != '\0', "an empty event makes a message");
}

int
main(void)
{
	test_types();
	test_tests();
	test_hostile();
	return (tap_done());
}
