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


# A node that is sent what no honest one would send, by strangers and by a
# member, or nothing at all: it goes on as if nothing was, in the memory it had,
# and says little.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=regress/integ/mesh.sh
. "$(dirname "$0")/mesh.sh"
# shellcheck source=regress/integ/standin.sh
. "$(dirname "$0")/standin.sh"
long_test

# HOSTILE=n in the environment makes it another number of inputs.
n=${HOSTILE:-10000}
[ -z "$san" ] || n=${HOSTILE:-1000}
hostile=$top/regress/integ/hostile

# told kind: how many of that kind were answered that way.
told()
{
	jq -r --arg k "$1" '.[$k] // 0' "$work/told"
}
# The most lines about one address.
most_lines()
{
	grep -o 'stranger 127\.1\.[0-9]*\.[0-9]*' "$work/n/log" | sort |
	    uniq -c | sort -rn | awk 'NR == 1 { print $1 } END {
		if (NR == 0) print 0 }'
}
# From here on heartbeats are looked at.
not_before()
{
	sc s gaps >/dev/null
	beats=$(sc s served | jq .Heartbeat)
}
some_beats()
{
	[ "$(sc s served | jq .Heartbeat)" -gt $((beats + 1)) ]
}
# on_time description: those sent and those heard since.
on_time()
{
	wait_until 10 some_beats
	_gaps=$(sc s gaps | jq -c .)
	ok "$1: $_gaps" jq -e '[.sent[], .heard[]] | length == 2 and
	    all((.missed // 0) == 0 and .max_gap < 1.5)' <<-EOF
		$_gaps
	EOF
	not_before
}
small()
{
	[ "$(memory "$node")" -le $((before + 2048)) ]
}

node_make n
echo QUPTIME_NODE_ID=1000-n >>"$work/n/env"
node_start n || exit 1
at=127.0.0.1:$(sed -n 's/^QUPTIME_BIND_PORT=//p' "$work/n/env")
ok "a stand-in runs" standin_run s 5000-s || exit 1
ok "it joins" sc s join "$(token n --auto-approve)"
ok "and is heard" wait_until 10 all_live n 2
ok "there is a master" wait_until 10 is_master n 1000-n
ctl n check add tcp one 127.0.0.1:9 --interval 1m >/dev/null
version=$(field n .config_version)

# The first of everything costs memory that stays.
"$hostile" strangers "$work/x" "$at" 400 >/dev/null
"$hostile" member "$work/s" "$at" 400 >/dev/null
before=$(memory "$node")
not_before

start=$(date +%s)
"$hostile" strangers "$work/x" "$at" "$n" >"$work/told"
is "all strangers are done" "$(jq 'add' "$work/told")" "$n"
on_time "heartbeats both ways are on time"
# shellcheck disable=SC2016
gate='untrusted: peer not trusted; obtain an enrollment token via `qu enroll'
gate="$gate create\` on the cluster"
ok "who is not trusted is told so" test "$(told "$gate")" -gt 0
is "and nobody gets a result" "$(jq -c \
    'with_entries(select(.key | endswith(": result")))' "$work/told")" '{}'
is "nobody is left waiting" "$(jq -c \
    'with_entries(select(.key | endswith(": timeout")))' "$work/told")" '{}'
minutes=$((($(date +%s) - start) / 60 + 3))
ok "a line per address and minute: $(most_lines) of at most $minutes" \
    test "$(most_lines)" -le "$minutes"
ok "there are lines" test "$(most_lines)" -gt 0

# Who says nothing.
"$hostile" idle "$work/x" "$at" 1000 >"$work/told" &
idle=$!
own $idle
most=0
not_before
while kill -0 $idle 2>/dev/null; do
	now=$(memory "$node")
	[ "$now" -le "$most" ] || most=$now
	sleep 0.2
done
is "a thousand were there" "$(jq add "$work/told")" 1000
on_time "and delay no heartbeat"
[ -n "$san" ] || ok "they cost $((most - before)) KB" test \
    $((most - before)) -lt 20480

"$hostile" member "$work/s" "$at" $((n / 3)) >"$work/told" 2>"$work/served"
is "a member's wrong requests are done" "$(jq add "$work/told")" $((n / 3))
is "none of them is served" "$(head -n 3 "$work/served")" ""
is "nor left waiting" "$(jq -c \
    'with_entries(select(.key | endswith(": timeout")))' "$work/told")" '{}'
on_time "heartbeats still are on time"
ok "complaints of it are few" test \
    "$(grep -c 'peer 5000-s: ' "$work/n/log")" -le 10

[ -n "$san" ] || ok "the memory is what it was: $before KB, then $(memory \
    "$node") KB" wait_until 10 small
is "the configuration is" "$(field n .config_version)" "$version"
ok "it is master" is_master n 1000-n
is "with a quorum" "$(field n .has_quorum)" true
is "and hears its peer" "$(ctl n -j show peers |
    jq '[.peers[] | select(.live)] | length')" 2
ok "a change goes through" ctl n check remove one
is "no child has died" "$(grep -c 'terminated\|signal' "$work/n/log")" 0

done_testing
