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


# Five nodes, each in a network of its own, whose links are cut and healed.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=regress/integ/mesh.sh
. "$top/regress/integ/mesh.sh"
long_test

all="n1 n2 n3 n4 n5"
limit=2
[ -z "$san" ] || limit=10

# restart i: the node of that namespace, in the directory it had.
restart()
{
	node_prefix="ip netns exec $world-$1"
	node_start "n$1"
	node_prefix=
	echo "$node" >"$work/n$1/pid"
}

world_up 5 || exit 1
for i in 1 2 3 4 5; do
	world_node $i || exit 1
done
# Words are nodes.
# shellcheck disable=SC2086
{
ok "five nodes form a cluster" form $all
ok "all have the same master" wait_until 15 same_master $all
is "who made it" "$(field n5 .master_id)" n1
ok "a change on n5" ctl n5 check add tcp one 10.99.0.1:9901 --interval 1s
ok "is on all within $limit s" wait_until $limit knows one $all
ok "under one version" wait_until $limit same_version $all

# n1, the master, is left with n2.
cut_links "1 2" "3 4 5"
ok "three of five have a master of theirs" wait_until 15 same_master n3 n4 n5
ok "which is n3" wait_until 15 is_master n4 n3
ok "n1 has no quorum" wait_until 15 no_quorum n1
ok "n2 neither" wait_until 15 no_quorum n2
out=$(ctl n1 check add tcp lost 10.99.0.1:9901 2>&1)
is "n1 refuses a change" $? 1
like "with the reason" "$out" "no quorum"
ok "n4 takes one" ctl n4 check add tcp two 10.99.0.3:9901 --interval 1s
ok "which its side has" wait_until $limit knows two n3 n4 n5
ok "and the other has not" sh -c "! $quptimectl -s $work/n1/sock \
    show checks two"

(timeout 12 "$quptimectl" -s "$work/n1/sock" monitor |
    grep --line-buffered ' master ' >"$work/healed") &
own $!
heal_links "1 2" "3 4 5"
ok "healed, all have one master" wait_until 30 same_master $all
ok "and it is n3 still" is_master n1 n3
ok "and the change" wait_until 15 knows two $all
ok "under one version" wait_until 15 same_version $all
ok "n1 tells it" wait_until 5 grep -q -- '-> n3' "$work/healed"
ok "n1 has taken no other master on the way" \
    sh -c "! grep -q -- '-> n[1245]' '$work/healed'"
ok "the lower ids wait for the cooldown" sh -c "! timeout 6 $quptimectl \
    -s $work/n5/sock monitor | grep -q ' master '"

# One that was away.
node_kill n5
ok "n5 is missed" wait_until 15 all_live n3 4
ok "a change meanwhile" ctl n2 check add tcp three 10.99.0.3:9901
restart 5
ok "n5 has it within $limit s of its return" wait_until $limit knows three n5
ok "all hear n5" wait_until 10 all_live n3 5

# Another key under a member's name.
node_kill n4
mv "$work/n4/data" "$work/n4/was"
restart 4
ok "n4 with another key is not let in" wait_until 15 \
    grep -q "n4: fingerprint mismatch: got sha256:.* want sha256:" \
    "$work/n3/log"
fp=$(sed -n '/node_id: n4/,/fingerprint/s/.*fingerprint: //p' \
    "$work/n3/data/cluster.yaml" | head -n 1)
ok "both fingerprints are in the log" grep -q "want $fp" "$work/n3/log"
ok "and n4 does not count" wait_until 15 all_live n3 4
node_kill n4
rm -rf "$work/n4/data"
mv "$work/n4/was" "$work/n4/data"
restart 4
ok "with its own it is back" wait_until 15 all_live n3 5

# All at once.
for n in $all; do
	node_kill $n
done
for i in 1 2 3 4 5; do
	node_prefix="ip netns exec $world-$i"
	node_run "n$i"
	node_prefix=
	echo "$node" >"$work/n$i/pid"
done
ok "after a cold start all have one master" wait_until 30 same_master $all
ok "the lowest" is_master n5 n1
ok "once" sh -c "! timeout 5 $quptimectl -s $work/n5/sock monitor |
    grep -q ' master '"
ok "with all changes" knows three $all
}
done_testing
