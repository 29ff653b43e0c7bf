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


# Among nodes that speak protocol 1 as it is described: into their cluster and
# they into ours, as follower and as master, in both dialects.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=regress/integ/standin.sh
. "$(dirname "$0")/standin.sh"

long_test

# shellcheck disable=SC2016
gate='peer not trusted; obtain an enrollment token via `qu enroll create` on'
gate="$gate the cluster"

# node_as name id: a node of that id, fresh.
node_as()
{
	node_make "$1"
	echo "QUPTIME_NODE_ID=$2" >>"$work/$1/env"
	node_start "$1"
}
# change name word ...: made there, and described in $what.
change()
{
	what=$(printf '%.30s' "$*" | tr '\n' ' ')
	if [ -S "$work/$1/ctl" ]; then
		sc "$@" >"$work/out" 2>&1
	else
		ctl "$@" >"$work/out" 2>&1
	fi
}
# everywhere filter value: after the change all have it that way, as $at knows.
everywhere()
{
	wait_until 5 all_have "$at" "$1" "$2"
	is "$what: everywhere" "$(sc "$at" configs |
	    jq -r "[.[] | $1] | unique | .[]")" "$2" ||
	    head -c 300 "$work/out" | sed 's/^/#   /'
}
check()
{
	printf '{"ID":"id-%s","Name":"%s","Type":"tcp","Target":"%s",' \
	    "$1" "$1" "$2"
	printf '"Interval":%s,"Timeout":2000000000}' "${3:-60000000000}"
}
token_of()
{
	sc "$@" | jq -r .token
}

# Every kind of change, made on a node of ours or of theirs.
from_ours()
{
	_on=$1
	change "$_on" check add tcp one 127.0.0.1:9 --interval 1m
	everywhere '[.Checks[].Name] | index("one") != null' true
	change "$_on" check edit one --interval 2m
	everywhere '.Checks[] | select(.Name == "one").Interval' 120000000000
	change "$_on" check remove one
	everywhere '[.Checks[].Name] | index("one")' null
	change "$_on" alert add discord two --webhook https://h.test/ --default
	everywhere '.Alerts[0].DiscordWebhook' https://h.test/
	change "$_on" alert remove two
	everywhere '.Alerts | length' 0
	change "$_on" resolvers set 127.0.0.1,127.0.0.2
	everywhere '.Resolvers | length' 2
	change "$_on" resolvers clear
	everywhere '.Resolvers // [] | length' 0
	change "$_on" enroll create --name three
	everywhere '.PendingEnrollments[0].Name' three
	change "$_on" enroll revoke three
	everywhere '.PendingEnrollments // [] | length' 0
	cp "$work/$_on/data/cluster.yaml" "$work/edit"
	sed 's/name: watched/name: edited/' "$work/edit" \
	    >"$work/$_on/data/cluster.yaml"
	change "$_on" reload
	everywhere '[.Checks[].Name] | index("edited") != null' true
	change "$_on" check edit edited --name watched
	everywhere '[.Checks[].Name] | index("watched") != null' true
}
from_theirs()
{
	_on=$1
	change "$_on" propose add_check "$(check four 127.0.0.1:9)"
	everywhere '[.Checks[].Name] | index("four") != null' true
	change "$_on" propose remove_check '"four"'
	everywhere '[.Checks[].Name] | index("four")' null
	change "$_on" propose add_alert '{"ID":"a","Name":"five","Type":
	    "discord","DiscordWebhook":"https://i.test/"}'
	everywhere '.Alerts[0].Name' five
	change "$_on" propose remove_alert '"a"'
	everywhere '.Alerts | length' 0
	change "$_on" propose set_resolvers '[" 127.0.0.3 ",""]'
	everywhere '.Resolvers | join(",")' 127.0.0.3
	change "$_on" propose set_resolvers '[]'
	everywhere '.Resolvers // [] | length' 0
	change "$_on" enroll-create
	everywhere '.PendingEnrollments | length' 1
	change "$_on" propose remove_enrollment \
	    "\"$(sc "$_on" config | jq -r '.PendingEnrollments[0].ID')\""
	everywhere '.PendingEnrollments // [] | length' 0
	change "$_on" propose add_peer "$(sc "$_on" config |
	    jq '.Peers[0]')"
	everywhere '.Peers | length' "$(sc "$_on" config |
	    jq '.Peers | length')"
	change "$_on" propose replace_config "$(sc "$_on" config |
	    jq '.Checks[0].Name = "replaced"')"
	everywhere '.Checks[0].Name' replaced
	change "$_on" propose replace_config "$(sc "$_on" config |
	    jq '.Checks[0].Name = "watched"')"
	everywhere '.Checks[0].Name' watched
	sc "$_on" propose remove_check '"nothing"' >"$work/out"
	is "what is not there is refused in their words" \
	    "$(jq -r .error "$work/out")" 'no such check "nothing"'
	sc "$_on" propose dance '{}' >"$work/out"
	is "and what nobody knows" "$(jq -r .error "$work/out")" \
	    'unknown mutation kind "dance"'
}

# Two of them.
ok "a stand-in runs" standin_run s 5000-s || exit 1
ok "and another one" standin_run t 6000-t || exit 1
ok "which joins the first" sc t join "$(token_of s enroll-create auto)"
ok "they agree" wait_until 10 sc_is t status '"\(.master_id) \(.has_quorum)"' \
    "5000-s true"

# Ours comes, let in by hand; its id would have it be master.
node_as n 1000-n || exit 1
n=127.0.0.1:$(sed -n 's/^QUPTIME_BIND_PORT=//p' "$work/n/env")
t=$(token_of t enroll-create)
ctl n join "$t" >"$work/n.out" 2>&1 &
joining=$!
own $joining
ok "n waits with their token" wait_until 10 \
    sc_is s config '.PendingEnrollments[0].PendingJoin.NodeID' 1000-n
sc s apply approve_enrollment "$(sc s config |
    jq '.PendingEnrollments[0].ID')" >/dev/null
wait $joining
is "and is let in" $? 0
at=t
what="n joins"
everywhere '.Peers | length' 3
ok "it follows the master they have" wait_until 10 node_is n status \
    .master_id 5000-s
ok "and hears both" node_is n peers '[.peers[] | select(.live)] | length' 3
ok "they hear it" sc_is t status '[.peers[] | select(.live)] | length' 3
ok "and stay with their master" sc_is t status .master_id 5000-s

# A change here and a change there; what n finds counts with the master.
port=$(free_port)
what="a check added by the master"
sc s apply add_check "$(check watched "127.0.0.1:$port" 1000000000)" \
    >"$work/out"
everywhere '.Checks[0].Name' watched
sc s verdict up >/dev/null
sc t verdict up >/dev/null
ok "the master counts what n found" wait_until 10 \
    sc_is s status '.checks[0] | "\(.state) \(.ok_count)/\(.total)"' "up 2/3"
sc t verdict down >/dev/null
ok "and two of three are enough" wait_until 10 \
    sc_is s status '.checks[0].state' down
like "which it tells of once" "$(cat "$work/s/transitions")" '"to": "down"'
from_ours n
from_theirs t

# What it answers.
is "Ping" "$(sc t call 1000-n Ping '{}' | jq -r .node_id)" 1000-n
is "WhoAmI" "$(sc t call 1000-n WhoAmI '{}' | jq -r \
    '"\(.node_id) \(.fingerprint)"')" "1000-n $(sc t config |
    jq -r '.Peers[] | select(.NodeID == "1000-n").Fingerprint')"
is "Status" "$(sc t call 1000-n Status '{}' | jq -c '[.node_id, .master_id,
    .has_quorum, .quorum_size, (.peers | length), .checks[0].name]')" \
    '["1000-n","5000-s",true,2,3,"watched"]'
is "GetClusterCfg, as the master has it" \
    "$(sc t call 1000-n GetClusterCfg '{}' | jq -cS '.config |
    [.Version, .UpdatedBy, .Peers]')" \
    "$(sc s config | jq -cS '[.Version, .UpdatedBy, .Peers]')"
is "a proposal: it is not master" "$(sc t call 1000-n ProposeMutation \
    '{"from_node_id":"6000-t","kind":"remove_check","payload":"x"}' |
    jq -r .error)" "not master"
is "a method that it does not know" "$(sc t call 1000-n Dance '{}' |
    jq -r .error)" "unknown method: Dance"
is "Join, which is no more" "$(sc t call 1000-n Join '{}' |
    jq -r '"\(.accepted) \(.error)"' | cut -b 1-48)" \
    "false cluster-secret join is no longer supported"

# The master goes.
sc s die >/dev/null 2>&1
ok "n is elected" wait_until 12 node_is n status .master_id 1000-n
ok "by the other one too" wait_until 5 sc_is t status .master_id 1000-n
ok "the first one comes back" standin_run s 5000-s
ok "and follows" wait_until 10 sc_is s status .master_id 1000-n
sc s verdict up >/dev/null
sc t verdict down >/dev/null
ok "n counts what they report" wait_until 15 node_is n checks \
    '.checks[0] | "\(.state) \(.ok_count)/\(.total)"' "down 1/3"
is "and says so to them" "$(sc t call 1000-n Status '{}' |
    jq -r '.checks[0] | "\(.state) \(.ok_count)/\(.total)"')" "down 1/3"
from_ours n
from_theirs t

# Another one of ours through one of them, by a token that approves itself,
# and one of them through ours.
node_as m 2000-m || exit 1
ctl m join "$(token_of t enroll-create auto)" >"$work/out" 2>&1
is "m joins by a token of theirs" $? 0
what="m joins"
everywhere '.Peers | length' 4
ok "a stand-in runs" standin_run u 7000-u
ok "it joins by a token of ours" sc u join \
    "$(ctl m -j enroll create --auto-approve | jq -r .token)"
what="u joins"
everywhere '.Peers | length' 5
ok "all of them are live" wait_until 5 node_is n peers \
    '[.peers[] | select(.live)] | length' 5
# The newcomer elects among those it hears of first, for two minutes.
ok "those who were there keep their master" wait_until 10 sc_is t status \
    .master_id 1000-n
ok "so does the other one" sc_is s status .master_id 1000-n
ok "and m" node_is m status .master_id 1000-n
from_ours m

# And out again.
change n peer remove 7000-u
everywhere '.Peers | length' 4
is "who is out is a stranger at once" \
    "$(sc u call "$n" Ping '{}' | jq -r .error)" "$gate"

# The older dialect: a secret that all have.
node_make v
echo QUPTIME_NODE_ID=8000-v >>"$work/v/env"
# shellcheck disable=SC2046
ok "a node of its own" env $(cat "$work/v/env") "$quptimectl" \
    -D "$work/v/data" init
printf 'compat: v0.1\ncluster_secret: open sesame\n' \
    >>"$work/v/data/node.yaml"
node_start v || exit 1
v=127.0.0.1:$(sed -n 's/^QUPTIME_BIND_PORT=//p' "$work/v/env")
ok "an old stand-in with another secret" standin_run w 3000-w \
    --dialect v0.1 --secret "open barley"
is "is refused" "$(sc w add "$v" | jq -r .error)" \
    "peer rejected join: cluster secret mismatch"
is "v is alone" "$(ctl v -j show peers | jq '.peers | length')" 1
ok "one with the same secret" standin_run x 4000-x --dialect v0.1 \
    --secret "open sesame"
ok "adds it" sc x add "$v"
ok "v is in" wait_until 10 node_is v peers \
    '[.peers[] | select(.live)] | length' 2
ok "and follows" wait_until 10 node_is v status .master_id 4000-x
what="a check"
sc x apply add_check "$(check old 127.0.0.1:9)" >/dev/null
at=x
everywhere '.Checks[0].Name' old
change v check add tcp ours 127.0.0.1:9
everywhere '[.Checks[].Name] | join(" ")' "old ours"
# shellcheck disable=SC2016
is "a stranger hears the older words" \
    "$(sc w call "$v" Ping '{}' | jq -r .error)" \
    'peer not trusted; run `qu node add` first'

done_testing
