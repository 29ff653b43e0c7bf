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


# One node among many: 20 others, or MANY=n in the environment.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=regress/integ/mesh.sh
. "$(dirname "$0")/mesh.sh"
# shellcheck source=regress/integ/standin.sh
. "$(dirname "$0")/standin.sh"

many=${MANY:-20}

# The crowd has that version of the configuration.
has_version()
{
	sc_is crowd status .config_version "$1"
}
# reported state counts: the crowd tells the master it knows of, if any yet, of
# that state; then the first check has that one with those counts.
reported()
{
	sc crowd report "$id" "$1" >/dev/null
	[ "$(ctl n -j show checks | jq -r '.checks[0] |
	    "\(.state) \(.ok_count)/\(.total)"')" = "$2" ]
}

# What the heartbeats have come to since they were counted last.
answered()
{
	gaps=$(sc crowd gaps)
	beats=$((beats + $(echo "$gaps" | jq .ok)))
	missed=$((missed + $(echo "$gaps" | jq .missed)))
	[ "$beats" -ge "$many" ]
}
beats=0
missed=0

ok "a node in a cluster of $((many + 1))" crowd_run n "$many" || exit 1
ok "all are live" wait_until 60 all_live n $((many + 1))
ok "it is master" wait_until 10 is_master n 1000
ok "with a quorum" wait_until 5 sh -c \
    "'$quptimectl' -s '$work/n/sock' -j show status | jq -e .has_quorum"
sc crowd gaps >/dev/null

port=$(free_port)
ctl n check add tcp one "127.0.0.1:$port" --interval 1m >"$work/out"
is "a change" $? 0
ok "which the crowd has" wait_until 5 has_version "$(field n .config_version)"
id=$(ctl n -j show checks | jq -r '.checks[0].check_id')
ok "all their results count" wait_until 10 reported up "up $many/$((many + 1))"
ok "and when they change" wait_until 10 reported down "down 0/$((many + 1))"

ctl n check remove one >/dev/null
ok "another change" wait_until 5 has_version "$(field n .config_version)"
ok "all are live still" all_live n $((many + 1))
ok "each has answered a heartbeat" wait_until 5 answered
is "and missed none: $gaps" "$missed" 0

done_testing
