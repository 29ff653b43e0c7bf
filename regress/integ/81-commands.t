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


# Every command with every flag, on the nodes of a cluster of three in turn, in
# text and in JSON.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=regress/integ/mesh.sh
. "$(dirname "$0")/mesh.sh"
long_test

turn=c
# next_node: another one than before, in $on.
next_node()
{
	case $turn in
	a)	turn=b ;;
	b)	turn=c ;;
	*)	turn=a ;;
	esac
	on=$turn
}

# did text command ...: a change, whose text is this one.  Afterwards every node
# has its version.
did()
{
	_text=$1
	shift
	next_node
	_out=$(ctl $on "$@" 2>&1)
	_rc=$?
	wait_until 5 same_version $on a b c
	_v=$(field $on .config_version)
	is "$*" "$_rc $_out" "0 $_text (cluster version now $_v)"
}
# did_json text command ...: the same with -j.
did_json()
{
	_text=$1
	shift
	next_node
	_out=$(ctl $on -j "$@" 2>&1)
	is "$* -j" "$? $(echo "$_out" | jq -r '"\(.ok) \(.text)"')" \
	    "0 true $_text"
	wait_until 5 same_version $on a b c
	is "its version" "$(echo "$_out" | jq .version)" \
	    "$(field $on .config_version)"
}
# has check filter value: what each node has configured.
has()
{
	for _n in a b c; do
		is "$_n: $1: $2" "$(ctl $_n -j show checks "$1" |
		    jq -c ".configs[0] | $2")" "$3"
	done
}
# alert_has alert filter value
alert_has()
{
	for _n in a b c; do
		is "$_n: $1: $2" "$(ctl $_n -j show alerts | jq -c \
		    ".alerts[] | select(.Name == \"$1\") | $2")" "$3"
	done
}
# shows pattern command ...: its text is like that.
shows()
{
	_pattern=$1
	shift
	next_node
	_out=$(ctl $on "$@" 2>&1)
	_rc=$?
	like "$*" "$(echo "$_rc $_out" | tr '\n' '|')" "$_pattern"
}
# gives value filter command ...: what jq makes of its JSON.
gives()
{
	_want=$1
	_filter=$2
	shift 2
	next_node
	is "$* -j: $_filter" "$(ctl $on -j "$@" | jq -c "$_filter")" "$_want"
}
# refuses code text command ...: one line on standard error, like that.
refuses()
{
	_code=$1
	_text=$2
	shift 2
	next_node
	ctl $on "$@" >"$work/out" 2>"$work/err"
	is "status $_code: $*" \
	    "$? $(wc -l <"$work/err") $(wc -c <"$work/out")" "$_code 1 0"
	like "which says why" "$(cat "$work/err")" "$_text"
}

for n in a b c; do
	node_start $n || exit 1
done
ok "a cluster of three" form a b c || exit 1
ok "with a master" wait_until 10 same_master a b c
sink=$(free_port)
"$top/regress/integ/sink" "$sink" "$work/posts" >/dev/null &
own $!
port=$(free_port)

# Alerts.
did "added alert hook" alert add webhook hook --url "http://127.0.0.1:$sink/"
alert_has hook '[.Type, .WebhookURL, .Default, .Disabled]' \
    '["webhook","***",false,false]'
did "added alert disc" alert add discord disc \
    --webhook https://discord.test/api/1 --default --subject "{{.Verb}}" \
    --body "{{.Check.Name}}"
alert_has disc '[.Type, .DiscordWebhook, .Default, .SubjectTemplate,
    .BodyTemplate]' \
    '["discord","***",true,"{{.Verb}}","{{.Check.Name}}"]'
printf 'from a file: {{.Verb}}\n' >"$work/template"
did "added alert mail" alert add smtp mail --host mail.test --port 2525 \
    --user me --password secret --from a@b.test --to c@d.test,e@f.test \
    --starttls=false --body-file "$work/template"
alert_has mail '[.Type, .SMTPHost, .SMTPPort, .SMTPUser, .SMTPPassword,
    .SMTPFrom, .SMTPTo, .SMTPStartTLS, .BodyTemplate]' \
    '["smtp","mail.test",2525,"me","***","a@b.test",'\
'["c@d.test","e@f.test"],false,"from a file: {{.Verb}}\n"]'
did "updated alert mail" alert edit mail --name post --host m.test --port 25 \
    --user you --from g@h.test --to i@j.test --starttls --default
alert_has post '[.SMTPHost, .SMTPPort, .SMTPUser, .SMTPPassword, .SMTPFrom,
    .SMTPTo, .SMTPStartTLS, .Default]' \
    '["m.test",25,"you","***","g@h.test",["i@j.test"],true,true]'
did "added alert mdef" alert add smtp mdef --host h --from f@x --to t@x
alert_has mdef '[.SMTPPort, .SMTPStartTLS, .SMTPUser]' '[587,true,""]'
printf 'at rest\n' >"$work/secret"
did "updated alert mdef" alert edit mdef --user u --password-file "$work/secret"
like "the password is that line" "$(ctl a export --secrets)" \
    "smtp_password: at rest\$"
did "updated alert mdef" alert edit mdef --password-file - <<'EOF'
from a pipe
EOF
like "or one of standard input" "$(ctl a export --secrets)" \
    "smtp_password: from a pipe\$"
refuses 2 '/nonexistent: ' alert edit mdef --password-file /nonexistent
refuses 2 '--host-file: no such flag' alert edit mdef --host-file "$work/secret"
did "updated alert mdef" alert edit mdef --starttls=false
alert_has mdef '[.SMTPPort, .SMTPStartTLS]' '[587,false]'
did "removed alert mdef" alert remove mdef
did "added alert mearly" alert add smtp --default --host h mearly --from f@x \
    --to t@x
alert_has mearly '[.Default, .SMTPHost]' '[true,"h"]'
did "removed alert mearly" alert remove mearly
did "disabled alert post" alert disable post
shows '^0 alert post already disabled' alert disable post
did_json "enabled alert post" alert enable post
did "updated alert post" alert default post off
alert_has post '[.Default, .Disabled]' '[false,false]'
shows '^0 alert post unchanged' alert default post off
shows '^0 NAME +TYPE +ENABLED +DEFAULT +ID\|hook +webhook +yes +no ' alert list
gives '["disc","hook","post"]' '[.alerts[].Name] | sort' alert list
shows '^0 test alert sent through hook' alert test hook
ok "which came" wait_until 10 test -s "$work/posts"
refuses 1 'post: ' alert test post
did "removed alert post" alert remove post
did "disabled alert disc" alert disable disc
refuses 1 'no such alert "post"' alert edit post --default
refuses 1 'alert "hook" exists' alert add webhook hook --url http://x.test/
refuses 2 '--port: ' alert add smtp m --host h --port 70000 --from f --to t
refuses 2 '--url: no such flag for type discord' alert add discord d --url x
refuses 2 '--nosuch: ' alert edit hook --nosuch x
refuses 2 'nothing to edit' alert edit hook
refuses 2 'webhook_url: must be' alert add webhook w --url x
refuses 2 'smtp_from' alert add smtp m --host h --port 25 --to x@y.test
refuses 2 '--webhook: must be' alert edit disc --webhook x
refuses 2 'perhaps: not known' alert default hook perhaps

# Templates: refused when they do not parse, and a test tells what fails later.
refuses 2 '^quptimectl: --subject: 1:17: ' alert edit hook \
    --subject 'is it {{if .Verb}}'
refuses 2 '^quptimectl: body_template: 2:3: function "nope"' alert add discord \
    tmpl --webhook https://discord.test/api/2 --body 'two
{{nope}}'
did "updated alert hook" alert edit hook \
    --subject '{{.Check.Name}} {{.VerbLower}}' --body '{{.Snapshot.Detail}}'
shows '^0 test alert sent through hook' alert test hook
ok "in its own words" wait_until 10 grep -q \
    '"subject":"test-check down","body":"synthetic test failure"' \
    "$work/posts"
did "updated alert hook" alert edit hook --body '{{.Check.Nope}}'
refuses 1 'hook: render template: execute body template: 1:3: ' alert test hook
did "updated alert hook" alert edit hook --subject "" --body ""
refuses 2 'fax: not known' alert add fax f

# Checks.
did "added check web" check add http web "http://127.0.0.1:$port/" \
    --interval 1m --timeout 5s --expect 204 --body-match "fine" \
    --alerts hook --resolvers "127.0.0.1,[::1]:5353"
has web '[.Type, .Target, .Interval, .Timeout, .ExpectStatus, .BodyMatch,
    .Resolvers, (.AlertIDs | length)]' "[\"http\",\"http://127.0.0.1:$port/\",\
60000000000,5000000000,204,\"fine\",[\"127.0.0.1\",\"[::1]:5353\"],1]"
did "added check port" check add tcp port "127.0.0.1:$port"
has port '[.Type, .Interval, .Timeout, .AlertIDs]' '["tcp",0,0,null]'
shows '^0 .*\|interval +30s\|timeout +10s\|' show checks port
did "added check echo" check add icmp echo 127.0.0.1 --interval 1500ms
did "added check cert" check add tls cert tls.test:443 --warn-days 30 \
    --sni other.test
has cert '[.TLSWarnDays, .TLSServerName]' '[30,"other.test"]'
did "added check name" check add dns name host.test --record MX \
    --resolver 127.0.0.1:5353 --expect mx1
has name '[.DNSRecord, .DNSResolver, .DNSExpect]' \
    '["MX","127.0.0.1:5353","mx1"]'
did "added check early" check add http --interval 1m early --expect 204 \
    "http://127.0.0.1:$port/" --timeout 5s
has early '[.Interval, .Timeout, .ExpectStatus]' '[60000000000,5000000000,204]'
did "updated check early" check edit --interval=2m early
did "removed check early" check remove early
refuses 2 '--interval: there are no flags here' check remove --interval 2m early
did "updated check web" check edit web --name site --target http://x.test/ \
    --interval 2m --timeout 1s --expect 200 --body-match "" --alerts "" \
    --resolvers ""
has site '[.Target, .Interval, .Timeout, .ExpectStatus, .BodyMatch,
    .AlertIDs, .Resolvers]' \
    '["http://x.test/",120000000000,1000000000,200,"",null,null]'
did "updated check cert" check edit cert --warn-days 7 --sni ""
has cert '[.TLSWarnDays, .TLSServerName]' '[7,""]'
did "updated check name" check edit name --record txt --resolver "" \
    --expect spf
has name '[.DNSRecord, .DNSResolver, .DNSExpect]' '["txt","","spf"]'
did "disabled check site" check disable site
has site .Disabled true
shows '^0 check site already disabled' check disable site
did_json "enabled check site" check enable site
has site .Disabled false
shows '^0 check site already enabled' check enable site
shows '^0 NAME +STATE +OK +SINCE +ALERTS +DETAIL\|' check list
gives '["site","port","echo","cert","name"]' '[.checks[].name]' check list
refuses 1 'has no effective alerts' check test site
did "updated check port" check edit port --alerts hook
rm -f "$work/posts"
for s in down recovered up; do
	shows "^0 test $s transition fired for check port" check test port \
	    --state $s
done
shows '^0 test down transition fired for check port' check test port
refuses 2 '--state: must be down, recovered or up' check test port --state x
id=$(ctl a -j show checks port | jq -r '.configs[0].ID')
gives '["port"]' '[.configs[].Name]' show checks "$id"
did "updated check port" check edit "$id" --interval 1s
for n in a b c; do
	ok "$n shows what each node said" wait_until 10 sh -c "'$quptimectl' \
	    -s '$work/$n/sock' -j show checks port | jq -e '[.results[] |
	    select(.result == \"fail\" and .fresh and
	    (.detail | test(\"refused\")))] | length == 3'"
done
shows '\|NODE_ID +RESULT +AGE +TOOK +DETAIL\|.* fail .* refused' \
    show checks port
shows '\|port +down +0/3 +[0-9a-z]+ +hook +connect 127' status
gives '"down"' '.checks[] | select(.name == "port").state' status
did "removed check echo" check remove echo
refuses 1 'no such check "echo"' check remove echo
refuses 1 'no such check "echo"' show checks echo
refuses 1 'check "site" exists' check add tcp site "127.0.0.1:$port"
refuses 1 'alert "nobody" is not known' check edit site --alerts nobody
refuses 2 '--interval: ' check add tcp x "127.0.0.1:$port" --interval 1
refuses 2 '--interval: ' check edit site --interval 0.5s
refuses 2 '--timeout: ' check edit site --timeout 1h
refuses 2 '--expect: ' check edit site --expect 42
refuses 2 '--warn-days: no such flag for type http' check edit site \
    --warn-days 3
refuses 2 '--record: ' check edit name --record srv
refuses 2 'target: must be host:port' check add tcp x 127.0.0.1
refuses 2 '--target: must be an http' check edit site --target x
refuses 2 'udp: not known' check add udp x y
refuses 2 'a value is wanted' check edit site --interval
refuses 2 'not complete; valid: <target>' check add tcp x

# Resolvers.
did "set resolvers" resolvers set "127.0.0.1, [::1]:53"
gives '["127.0.0.1","[::1]:53"]' .resolvers show resolvers
shows '^0 127.0.0.1\|\[::1\]:53\|' cluster resolvers show
did "cleared resolvers" cluster resolvers clear
gives '[]' .resolvers resolvers list
refuses 2 'resolver name.test: must be' resolvers set name.test
refuses 2 'resolvers: "clear" takes' resolvers set ''

# Tokens, peers, trust.
next_node
ctl $on -j enroll create --name guest --ttl 2h --auto-approve >"$work/token"
is "enroll create -j" "$(jq -c '[.name, .auto_approve,
    (.token | length > 99)]' "$work/token")" '["guest",true,true]'
ok "all know it" wait_until 5 same_version $on a b c
shows '^0 ID +NAME +APPROVAL +EXPIRES +CREATED_BY\|.*guest +auto ' enroll list
gives '[["guest",true]]' '[.tokens[] | [.name, .auto_approve]]' show tokens
refuses 1 'nobody|waits|no pending' enroll approve guest
did "revoked token guest" enroll revoke guest
refuses 1 'no such' enroll revoke guest
refuses 2 '--ttl: ' enroll create --ttl 5
refuses 2 '^quptimectl: --ttl: .*168h' enroll create --ttl 200h
shows '^0 NODE_ID +ADVERTISE +LIVE +LAST_SEEN\|' node list
gives 3 '[.peers[] | select(.live)] | length' peer list
b=$(field b .node_id)
baddr=$(ctl a -j show peers | jq -r ".peers[] | select(.node_id == \"$b\") |
    .advertise")
did "updated peer $b" node edit "$b" --address "localhost:${baddr##*:}"
did "updated peer $b" peer edit "$b" --advertise "$baddr"
refuses 2 '--fingerprint: ' peer edit "$b" --fingerprint x
refuses 2 '--advertise: must be host:port' peer edit "$b" --advertise x
refuses 2 '--advertise: must be host:port' peer edit "$b" --advertise ""
shows '^0 NODE_ID +ADDRESS +ADDED\|' trust list
gives 2 '.entries | length' show trust
refuses 1 'no trust entry|is a member' trust remove nobody

for y in "-y x" "x -y" "x --yes"; do
	# shellcheck disable=SC2086
	refuses 1 'in a cluster of 3 already' enroll join $y
done

# As a file.
ctl a export >"$work/setup.yaml"
is "export and apply: no change" "$(ctl b apply -n "$work/setup.yaml")" \
    "no change"
sed 's/name: site/name: shop/' "$work/setup.yaml" >"$work/new.yaml"
shows '^3 ~ check site: name site -> shop\|1 change to make\|' apply -n \
    "$work/new.yaml"
gives '["edit","check","site","name","site","shop"]' \
    '.changes[0] | [.op, .object, .name, .field, .from, .to]' \
    apply -n "$work/new.yaml"
for n in a b c; do
	out=$(ctl $n apply "$work/new.yaml" 2>&1)
	is "$n applies it" "$? $out" "0 ~ check site: name site -> shop
applied 1 change (cluster version now $(field $n .config_version))"
	wait_until 5 same_version $n a b c
	out=$(ctl $n -j apply - <"$work/setup.yaml")
	is "and back" "$? $(echo "$out" | jq -r '.text, .changes[0].op')" \
	    "0 applied 1 change
edit"
	wait_until 5 same_version $n a b c
done
ok "the secrets have stayed" grep -q "http://127.0.0.1:$sink/" \
    "$work/c/data/cluster.yaml"
shows "webhook_url: http://127.0.0.1:$sink/" export --secrets
gives '["checks","alerts"]' keys_unsorted export
sed 's/type: http/type: htp/' "$work/setup.yaml" >"$work/bad.yaml"
refuses 2 'bad.yaml:[0-9]+:[0-9]+: checks\[0\].type: ' apply "$work/bad.yaml"
refuses 2 'No such file' apply "$work/nosuch.yaml"
printf 'checks: []\nalerts: []\nchecks: []\n' >"$work/bad.yaml"
refuses 2 'bad.yaml:3:' apply -n "$work/bad.yaml"
printf 'checks: []\nalerts: []\n' >"$work/empty.yaml"
shows '^0 .*\|applied 6 changes' apply "$work/empty.yaml"

# The rest.
c=$(field c .node_id)
is "who leaves is told so" "$(ctl c node remove "$c" 2>&1)" \
    "removed peer $c (cluster version now $(field a .config_version))"
is "which is gone" "$(ctl a peer remove "$c" 2>&1)" \
    "quptimectl: no such peer \"$c\""
shows '^0 ' show version
shows '^0 PROCESS ' show sandbox
shows '^0 ' reload
shows '^0 ' log verbose
shows '^0 ' log brief
for n in a b; do
	node_is_well=$(ctl $n -j show status | jq -r .has_quorum)
	is "$n is well" "$node_is_well" true
done

done_testing
