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


# Three nodes, each in a network of its own: formed by tokens, changed on any of
# them, alerting as long as there are two, silent and honest when there is one.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=regress/integ/mesh.sh
. "$top/regress/integ/mesh.sh"
long_test

limit=1
[ -z "$san" ] || limit=5

# target_start: something to be watched at 10.99.0.200:80.
target_start()
{
	ip netns exec "$world-t" "$top/regress/integ/sink" 80 /dev/null \
	    --bind 10.99.0.200 >"$work/target.port" &
	target=$!
	own $target
	wait_until 10 test -s "$work/target.port"
}

target_stop()
{
	kill "$target"
	wait "$target" 2>/dev/null
	rm -f "$work/target.port"
}

# alerts verb: how many came of the check web.
alerts()
{
	jq -r "select(.check.name == \"web\" and .verb == \"$1\").id" \
	    "$work/alerts" | wc -l
}

heard()
{
	[ "$(alerts "$1")" -ge "$2" ]
}

counted()
{
	[ "$(ctl "$1" -j show checks web | jq -c '.checks[0] |
	    [.ok_count, .total]')" = "[$2,$2]" ]
}

world_up 3 || exit 1
ip netns exec "$world-t" "$top/regress/integ/sink" 81 "$work/alerts" \
    --bind 10.99.0.200 >"$work/sink.port" &
own $!
touch "$work/alerts"
target_start
# A name is resolved by each node for itself.
mkdir -p "/etc/netns/$world-1" "/etc/netns/$world-3" 2>/dev/null
for i in 1 3; do
	printf '127.0.0.1 localhost\n10.99.0.2 second.example\n' \
	    >"/etc/netns/$world-$i/hosts"
done
world_node 1 || exit 1
world_node 2 second.example || exit 1
world_node 3 "[fd99::3]" || exit 1

ok "three nodes form a cluster by tokens" form n1 n2 n3
for n in n1 n2 n3; do
	ok "$n hears all" wait_until 15 all_live $n 3
done
ok "all have the same master" wait_until 15 same_master n1 n2 n3
is "who made the cluster" "$(field n3 .master_id)" n1
is "a name is resolved" "$(ctl n1 -j show peers | jq -r '.peers[] |
    select(.node_id == "n2").address')" 10.99.0.2:9901
is "IPv6 is used" "$(ctl n1 -j show peers | jq -r '.peers[] |
    select(.node_id == "n3").address')" "[fd99::3]:9901"
is "quptimed knows its like" "$(ctl n2 -j show peers |
    jq -r '[.peers[].protocol] | unique[]')" quptimed

# Changes, anywhere.
ok "an alert is added on the master" ctl n1 alert add webhook hook \
    --url http://10.99.0.200:81/ --default
ok "a check is added on a follower" ctl n2 check add tcp web 10.99.0.200:80 \
    --interval 1s
ok "it is on all nodes within $limit s" wait_until $limit knows web n1 n2 n3
ok "under one version" wait_until $limit same_version n1 n2 n3
ok "all three see it up" wait_until 15 counted n1 3
ok "as a follower tells" wait_until 5 counted n3 3
ok "resolvers are set on a follower" ctl n3 resolvers set 10.99.0.200,1.1.1.1
is "and shown on another" "$(ctl n2 -j show resolvers | jq -c .resolvers)" \
    '["10.99.0.200","1.1.1.1"]'
ok "resolvers are cleared" ctl n1 resolvers clear

# Down and up, told once.
target_stop
ok "the webhook hears DOWN" wait_until 20 heard DOWN 1
target_start
ok "and RECOVERED" wait_until 20 heard RECOVERED 1
is "each once" "$(alerts DOWN) $(alerts RECOVERED)" "1 1"

# By hand, on a follower.
sed -i 's/interval: 1s/interval: 2s/' "$work/n3/data/cluster.yaml"
interval()
{
	[ "$(ctl "$1" -j show checks web | jq '.configs[0].Interval')" = "$2" ]
}
for n in n1 n2 n3; do
	ok "an edit on n3 is on $n" wait_until 10 interval $n 2000000000
done
printf 'resolvers:\n- 9.9.9.9\n' >>"$work/n2/data/cluster.yaml"
resolver()
{
	[ "$(ctl "$1" -j show resolvers | jq -r '.resolvers[0]')" = "$2" ]
}
for n in n1 n2 n3; do
	ok "an edit of resolvers alone on n2 is on $n" \
	    wait_until 10 resolver $n 9.9.9.9
done
ctl n1 resolvers clear >/dev/null
echo "nonsense: [" >>"$work/n2/data/cluster.yaml"
ok "a broken edit is told" wait_until 10 \
    grep -q "cluster.yaml:.*" "$work/n2/log"
ok "and changes nothing" ctl n2 check edit web --interval 1s
ok "all go on" wait_until 5 interval n3 1000000000

# Without the master.
node_kill n1
ok "without n1, n2 and n3 have another master" \
    wait_until 15 same_master n2 n3
ok "which is n2" wait_until 15 is_master n3 n2
target_stop
ok "alerts go on" wait_until 20 heard DOWN 2
ok "changes too" ctl n3 check add tcp late 10.99.0.200:80 --interval 1s

# It comes back.
node_prefix="ip netns exec $world-1"
node_start n1
node_prefix=
echo "$node" >"$work/n1/pid"
ok "n1 is back and has the change within 2 s" wait_until $((limit + 1)) \
    knows late n1
ok "n1 follows the master that there is" wait_until 10 is_master n1 n2
ok "and does not take its place" sh -c "! timeout 8 $quptimectl \
    -s $work/n1/sock monitor | grep -q 'master.* n1:'"
ok "n2 is master still" is_master n3 n2

# Removal.
ok "n1 is removed" ctl n3 peer remove n1
ok "the others are two" wait_until 5 has_peers n2 2
is "of which both are needed" "$(field n2 .quorum_size)" 2
ok "n1 is let in no more" wait_until 10 \
    grep -q "stranger .*10.99.0.1: not trusted" "$work/n2/log"
ok "n1 has no master" wait_until 15 no_quorum n1
is "it is trusted no more" "$(ctl n2 -j show trust |
    jq -r '[.entries[].NodeID] | join(" ")')" n3

# Alone.
node_kill n3
ok "n2 has no quorum alone" wait_until 15 no_quorum n2
out=$(ctl n2 check remove late 2>&1)
is "a change is refused" $? 1
like "with the reason" "$out" "no quorum: refusing mutation"
ctl n2 show status >"$work/status"
is "show status exits with 3" $? 3
like "and says why" "$(cat "$work/status")" "no quorum: 1 of 2 live, 2 needed"
rm -rf "/etc/netns/$world-1" "/etc/netns/$world-3"
done_testing
