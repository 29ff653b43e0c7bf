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


# For tests of several nodes: clusters, and worlds of network namespaces of
# their own in which links can be cut.  Source after lib.sh.
#
# shellcheck shell=sh disable=SC2034,SC2154

# field node filter: of its status.
field()
{
	ctl "$1" -j show status | jq -r "$2"
}

npeers()
{
	ctl "$1" -j show peers | jq '.peers | length'
}

has_peers()
{
	[ "$(npeers "$1")" = "$2" ]
}

# all_live node n: it hears so many, itself too.
all_live()
{
	[ "$(ctl "$1" -j show peers | jq '[.peers[] | select(.live)] |
	    length')" = "$2" ]
}

# same_master node ...: they have one, and the same.
same_master()
{
	_m=
	for _n in "$@"; do
		_x=$(field "$_n" .master_id)
		[ -n "$_x" ] && [ "$_x" != null ] || return 1
		[ -z "$_m" ] || [ "$_x" = "$_m" ] || return 1
		_m=$_x
	done
}

# is_master node id
is_master()
{
	[ "$(field "$1" .master_id)" = "$2" ]
}

no_quorum()
{
	[ "$(field "$1" .has_quorum)" = false ]
}

# same_version node ...: all have the configuration of the first.
same_version()
{
	_v=$(field "$1" .config_version)
	for _n in "$@"; do
		[ "$(field "$_n" .config_version)" = "$_v" ] || return 1
	done
}

# knows check node ...: it is in the configuration of all.
knows()
{
	_c=$1
	shift
	for _n in "$@"; do
		ctl "$_n" -j show checks "$_c" >/dev/null 2>&1 || return 1
	done
}

# token node [flag ...]
token()
{
	_on=$1
	shift
	ctl "$_on" -j enroll create "$@" | jq -r .token
}

# form node ...: the others join the first, one after the other.
form()
{
	_first=$1
	_count=1
	shift
	for _new in "$@"; do
		_t=$(token "$_first" --auto-approve) || return 1
		ctl "$_new" join "$_t" >/dev/null || return 1
		_count=$((_count + 1))
		wait_until 20 all_live "$_first" $_count || return 1
	done
}

# pid_of node: its parent process.
pid_of()
{
	cat "$work/$1/pid"
}

# node_kill node: all of it at once, as a power cut would.
node_kill()
{
	_p=$(pid_of "$1")
	# shellcheck disable=SC2046
	kill -9 "$_p" $(ps -o pid= --ppid "$_p") 2>/dev/null
	wait "$_p" 2>/dev/null
}

# world_up n: namespaces 1 to n with addresses 10.99.0.i and fd99::i, another
# one, t, for targets with 10.99.0.200, and a switch between them.
world_up()
{
	[ "$uid" -eq 0 ] || skip_all "not root: no network namespaces"
	command -v ip >/dev/null || skip_all "iproute2 is not installed"
	world=q$$
	ip netns add "$world-hub" 2>/dev/null ||
	    skip_all "there are no network namespaces here"
	worlds="$world-hub"
	trap 'world_down; cleanup' EXIT
	ip -n "$world-hub" link add hub type bridge || return 1
	ip -n "$world-hub" link set hub up
	for _i in $(seq "$1") t; do
		_a=$_i
		[ "$_i" != t ] || _a=200
		ip netns add "$world-$_i" || return 1
		worlds="$worlds $world-$_i"
		ip -n "$world-$_i" link add eth0 type veth peer name "p$_i" \
		    netns "$world-hub" || return 1
		ip -n "$world-hub" link set "p$_i" master hub up
		ip -n "$world-$_i" addr add "10.99.0.$_a/24" dev eth0
		ip -n "$world-$_i" addr add "fd99::$_a/64" dev eth0 nodad
		ip -n "$world-$_i" link set lo up
		ip -n "$world-$_i" link set eth0 up
	done
}

world_down()
{
	for p in $pids; do
		kill "$p" 2>/dev/null
	done
	for _w in $worlds; do
		ip netns del "$_w" 2>/dev/null
	done
}

# world_node i [advertised host]: node n<i> of that namespace, made and started.
world_node()
{
	mkdir -p "$work/n$1"
	cat >"$work/n$1/env" <<-EOF
		QUPTIME_NODE_ID=n$1
		QUPTIME_BIND_ADDR=::
		QUPTIME_BIND_PORT=9901
		QUPTIME_ADVERTISE=${2:-10.99.0.$1}:9901
	EOF
	node_prefix="ip netns exec $world-$1"
	node_start "n$1"
	_rc=$?
	node_prefix=
	echo "$node" >"$work/n$1/pid"
	return $_rc
}

# cut "i ..." "j ...": nothing gets from one group to the other; heal undoes it.
cut_links()
{
	links add blackhole "$1" "$2"
}

heal_links()
{
	links del blackhole "$1" "$2"
}

links()
{
	for _i in $3; do
		for _j in $4; do
			ip -n "$world-$_i" route "$1" "$2" "10.99.0.$_j/32"
			ip -n "$world-$_j" route "$1" "$2" "10.99.0.$_i/32"
			ip -n "$world-$_i" -6 route "$1" "$2" "fd99::$_j/128"
			ip -n "$world-$_j" -6 route "$1" "$2" "fd99::$_i/128"
		done
	done
}
