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
# A cluster that goes over to protocol 2: one commit authority.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=regress/integ/mesh.sh
. "$(dirname "$0")/mesh.sh"

long_test

protocol()
{
	ctl "$1" export >/dev/null
	grep -q "^protocol: 2$" "$work/$1/data/cluster.yaml"
}
# ready node: it is master and takes changes.
ready()
{
	ctl "$1" check add tcp "try$$" 127.0.0.1:1 >/dev/null 2>&1 &&
	    ctl "$1" check remove "try$$" >/dev/null 2>&1
}

# start node: so that it can be killed.
start()
{
	node_start "$1" || return 1
	echo "$node" >"$work/$1/pid"
}
for n in a b c; do
	start $n || exit 1
done
ok "a cluster of three" form a b c || exit 1
ok "with a master" wait_until 10 same_master a b c
ok "a change under protocol 1" ctl a check add tcp one 127.0.0.1:1
is "all can speak protocol 2" "$(ctl b cluster upgrade)" \
    "upgraded cluster to protocol 2 (cluster version now $(field b \
    .config_version))"
for n in a b c; do
	ok "$n speaks it" wait_until 10 protocol $n
done
is "which is said once" "$(ctl a cluster upgrade)" \
    "this is protocol 2 already (cluster version now $(field a \
    .config_version))"
ok "with a master" wait_until 10 same_master a b c
ok "who takes changes" wait_until 10 ready a
ok "a change on a follower" ctl c check add tcp two 127.0.0.1:1
ok "is everywhere" wait_until 2 knows two a b c
ok "under one version" wait_until 2 same_version a b c
m=$(field a .master_id)
term=$(field a .term)
for n in a b c; do
	[ "$(field $n .node_id)" != "$m" ] || dead=$n
done
rest=$(echo a b c | tr ' ' '\n' | grep -v "$dead" | tr '\n' ' ')
node_kill "$dead"
# shellcheck disable=SC2086
set -- $rest
other_master()
{
	same_master "$@" && ! is_master "$1" "$m"
}
# shellcheck disable=SC2086
ok "the master dies: there is another" wait_until 10 other_master $rest
ok "of a later term" test "$(field "$1" .term)" -gt "$term"
ok "which takes changes" wait_until 5 ctl "$2" check add tcp three 127.0.0.1:1
start "$dead"
ok "the dead one is back" wait_until 15 knows three a b c
ok "and follows" wait_until 5 same_master a b c
ok "under one version" wait_until 5 same_version a b c

# Nodes come and go.
start d || exit 1
t=$(token b --auto-approve)
ok "another node joins" ctl d join "$t"
ok "all four are live" wait_until 10 all_live a 4
ok "it has all changes" wait_until 5 knows three a b c d
ok "and makes them" wait_until 5 ctl d check add tcp four 127.0.0.1:1
ok "which all have" wait_until 2 knows four a b c d
ok "it is taken out" ctl d peer remove "$(field d .node_id)"
ok "which all know" wait_until 5 has_peers a 3
ok "the others go on" wait_until 5 ctl b check remove four

# There is no way back, by hand either.
edited=$work/a/data/cluster.yaml
cp -p "$edited" "$work/edit" && sed '/^protocol:/d' "$work/edit" >"$edited"
like "the protocol stays" "$(ctl a reload 2>&1)" "protocol: "
cp -p "$work/edit" "$edited"
ok "and the daemon lives on" ctl a show alerts
sed 's,127.0.0.1:1,127.0.0.1:2,' "$work/edit" >"$edited"
ok "another edit is taken" ctl a reload
ok "and all have it" wait_until 5 same_version a b c

# A node that has gone over by itself may still join.
start e || exit 1
ok "a node alone goes over" ctl e cluster upgrade
ok "and is its own master" wait_until 10 ready e
t=$(token b --auto-approve)
ok "then it joins the others" ctl e join "$t"
kill "$(cat "$work/e/pid")" && wait "$(cat "$work/e/pid")"
ok "and starts again" start e
ok "with what they have" wait_until 10 knows three a b c e
ok "under one version" wait_until 5 same_version a b c e

done_testing
