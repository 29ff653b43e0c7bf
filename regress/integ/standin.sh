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


# Stand-in QUptime nodes for a test, on top of lib.sh.
#
# shellcheck shell=sh disable=SC2154

standin=$top/regress/integ/standin
command -v python3 >/dev/null || skip_all "wants python3"

# standin_run name id [flag ...]: one that was there before or a new one; it
# answers to sc when this is back.
standin_run()
{
	_name=$1
	_id=$2
	shift 2
	mkdir -p "$work/$_name"
	[ -f "$work/$_name/port" ] || free_port >"$work/$_name/port"
	"$standin" make "$work/$_name" "$_id" || return 1
	"$standin" run "$work/$_name" --port "$(cat "$work/$_name/port")" \
	    --ctl "$work/$_name/ctl" "$@" >>"$work/$_name/log" 2>&1 &
	own $!
	wait_until 20 sc "$_name" status
}

# sc name command [argument ...]: a command to it.
sc()
{
	_ctl=$work/$1/ctl
	shift
	timeout 40 "$standin" ctl "$_ctl" "$@"
}

# sc_is name command filter value: what jq's filter makes of its answer.
sc_is()
{
	[ "$(sc "$1" "$2" | jq -r "$3")" = "$4" ]
}

# node_is name shown filter value: the same of a real node's show.
node_is()
{
	[ "$(ctl "$1" -j show "$2" | jq -r "$3")" = "$4" ]
}

# all_have name filter value: the same of the configuration of a stand-in and of
# all others in its cluster, as they give it.
all_have()
{
	[ "$(sc "$1" configs | jq -r "[.[] | $2] | unique | .[]")" = "$3" ]
}

# crowd_run node n: that node, fresh, in a cluster with so many stand-ins, who
# know no other one; they answer to sc crowd.  It is master by its id.
crowd_run()
{
	node_make "$1"
	echo QUPTIME_NODE_ID=1000 >>"$work/$1/env"
	node_start "$1" || return 1
	node_stop
	mkdir -p "$work/crowd"
	"$standin" crowd "$work/crowd" "$2" --ctl "$work/crowd/ctl" \
	    --towards "127.0.0.1:$(sed -n 's/^QUPTIME_BIND_PORT=//p' \
	    "$work/$1/env")" >"$work/crowd/log" 2>&1 &
	own $!
	wait_until 60 grep -q ready "$work/crowd/log" || return 1
	awk -v peers="$work/crowd/peers.yaml" '
	/^checks:/ {
		while ((getline line <peers) > 0)
			print line
	}
	{ print }' "$work/$1/data/cluster.yaml" >"$work/crowd/new"
	mv "$work/crowd/new" "$work/$1/data/cluster.yaml"
	node_start "$1"
}
