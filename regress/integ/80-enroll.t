#!/bin/sh
#
# Copyright (c) 2026 The quptimed authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.

# Into a cluster and through its gate: tokens that approve by themselves and
# tokens that wait for an operator, on nodes that run.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"

# shellcheck source=regress/integ/mesh.sh
. "$(dirname "$0")/mesh.sh"

waits()
{
	ctl a -j show tokens | jq -e ".tokens[] | select(.name == \"$1\") |
	    (.joiner // \"\") != \"\"" >/dev/null
}

for n in a b c d; do
	node_start $n || exit 1
	eval "pid_$n=$node"
done
is "each is alone" "$(npeers a)" 1
ctl a check add tcp first 127.0.0.1:9 --interval 1m >/dev/null

# By itself.
t=$(token a --name bravo --auto-approve)
ok "a token that approves by itself" test -n "$t"
ok "cluster.yaml has only its hash" sh -c "! grep -q \
    \"\$(printf %s '$t' | tr _- /+ | base64 -d 2>/dev/null |
    jq -r .secret 2>/dev/null || echo none)\" '$work/a/data/cluster.yaml'"
out=$(ctl b join "$t" 2>&1)
is "b joins" $? 0
like "it tells how that goes" "$out" "connecting to 127.0.0.1"
ok "both have two peers" wait_until 10 has_peers a 2
ok "both hear each other" wait_until 10 all_live b 2
is "the check has come along" \
    "$(ctl b -j show checks | jq -r '.checks[0].name')" first
ok "both have one master" wait_until 10 same_master a b
is "the token is used up" "$(ctl a -j show tokens | jq '.tokens | length')" 0
out=$(ctl c join "$t" 2>&1)
is "nobody else redeems it" $? 1
like "for it is not known any more" "$out" "unknown enrollment token"
is "c is as it was" "$(npeers c)" 1

# A change made on either is on both.
ctl b check add tcp second 127.0.0.1:9 --interval 1m >/dev/null
ok "a change goes both ways" wait_until 5 sh -c \
    "'$quptimectl' -s '$work/a/sock' show checks second"

# By an operator, through the other node.
t=$(token b --name charlie)
ctl c join "$t" >"$work/c.out" 2>&1 &
joining=$!
own $joining
ok "c waits" wait_until 10 waits charlie
ok "and says so" wait_until 5 grep -q "waiting for approval" "$work/c.out"
is "it is no member" "$(npeers a)" 2
out=$(ctl d join "$t" 2>&1)
is "nobody takes its place" $? 1
like "and is told so" "$out" "another node waits"
ok "approved" ctl a enroll approve charlie
wait $joining
is "c has joined" $? 0
for n in a b c; do
	ok "$n has three peers, all live" wait_until 10 all_live $n 3
done
ok "and one master" wait_until 10 same_master a b c
out=$(ctl c join "$t" 2>&1)
is "a member does not join again" $? 1
like "and is told why" "$out" "in a cluster of 3"

# Revoked, and not fresh.
t=$(token c --name delta)
ok "revoked" ctl b enroll revoke delta
out=$(ctl d join "$t" 2>&1)
like "a revoked token is not known" "$out" "unknown enrollment token"
ctl d check add tcp own 127.0.0.1:9 >/dev/null
out=$(ctl d join "$(token a --auto-approve)" 2>&1)
like "a node that has checks does not join" "$out" "1 check of its own"
ctl d check remove own >/dev/null

# A restart while it waits.
t=$(token a --name echo)
ctl d join "$t" >"$work/d.out" 2>&1 &
own $!
ok "d waits" wait_until 10 waits echo
# shellcheck disable=SC2154
node=$pid_d
node_stop
node_start d || exit 1
ok "approved while it was away or back" ctl a enroll approve echo
ok "it is let in" wait_until 15 all_live d 4
ok "and follows the master" wait_until 10 same_master a b c d

done_testing
