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

# Alerts by mail: through exim with STARTTLS and AUTH, what arrives as Python's
# email package reads it; and through servers that misbehave, where nothing may
# be lost and nothing doubled that the protocol lets one know of.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
long_test

[ "$uid" -eq 0 ] || skip_all "not root: a world of its own is needed"
command -v exim4 >/dev/null || skip_all "exim is not installed"
world=qm$$
ip netns add $world 2>/dev/null || skip_all "no network namespaces"
in_w="ip netns exec $world"
trap 'cleanup; ip netns del $world 2>/dev/null' EXIT
ip -n $world link set lo up

# An authority of its own, which the node's side of the world trusts.
pki=$work/pki
mkdir "$pki" "$work/ssl" "$work/exim" "$work/mail"
new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
{
	$new -x509 -keyout "$pki/ca.key" -out "$pki/ca.pem" -days 2 \
	    -subj "/CN=Test CA"
	$new -x509 -keyout "$pki/self.key" -out "$pki/self.pem" -days 2 \
	    -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost"
	$new -keyout "$pki/mail.key" -out "$pki/mail.csr" -subj "/CN=mail"
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n' \
	    >"$pki/ext"
	openssl x509 -req -in "$pki/mail.csr" -CA "$pki/ca.pem" \
	    -CAkey "$pki/ca.key" -CAcreateserial -days 2 -extfile "$pki/ext" \
	    -out "$pki/mail.pem"
} >"$work/pki.log" 2>&1 || { cat "$work/pki.log" >&2; exit 1; }
cp "$pki/ca.pem" "$work/ssl/cert.pem"
chmod -R a+rX "$pki" "$work/ssl"
cat >"$work/view" <<EOF
#!/bin/sh
mount --bind "$work/ssl" /etc/ssl && exec "\$@"
EOF
chmod +x "$work/view"

# 25: neither TLS nor AUTH.  465: TLS at once.  587: STARTTLS, then AUTH.  2587:
# the same with a certificate that nobody vouches for.
password="p\$ss: wört"
cat >"$work/exim/conf" <<EOF
exim_user = nobody
exim_group = nogroup
deliver_drop_privilege
spool_directory = $work/exim/spool
log_file_path = $work/exim/%slog
primary_hostname = mail.test
keep_environment =
local_interfaces = <; 127.0.0.1 ; ::1
daemon_smtp_ports = 25 : 465 : 587 : 2587
tls_on_connect_ports = 465
tls_advertise_hosts = \${if eq{\$received_port}{25}{:}{*}}
tls_certificate = $pki/\${if eq{\$received_port}{2587}{self}{mail}}.pem
tls_privatekey = $pki/\${if eq{\$received_port}{2587}{self}{mail}}.key
auth_advertise_hosts = \${if def:tls_in_cipher{*}{:}}
smtputf8_advertise_hosts = *
acl_smtp_rcpt = rcpt
acl_smtp_data = data
host_lookup =
rfc1413_query_timeout = 0s
begin acl
rcpt:
  deny !authenticated = *
       condition = \${if !eq{\$received_port}{25}}
       message = log in first
  deny local_parts = nobody-here
       message = no such user
  accept
data:
  accept
begin routers
all:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  directory = $work/mail
  maildir_format
  envelope_to_add
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{\$auth2}{mon}}\\
      {eq{\$auth3}{\${readfile{$work/exim/password}}}}}}
  server_set_id = \$auth2
EOF
printf '%s' "$password" >"$work/exim/password"
mkdir "$work/exim/spool"
chown -R nobody:nogroup "$work/exim" "$work/mail"
chown root "$work/exim/conf"
chmod -R a+rX "$work/exim"
$in_w exim4 -C "$work/exim/conf" -bdf -q1h >"$work/exim.out" 2>&1 &
own $!
$in_w "$top/regress/integ/rudemail" "$work/rude" >"$work/rude.ports" &
own $!
: >"$work/rude"
ports_up()
{
	grep -q ready "$work/rude.ports" &&
	    [ "$($in_w ss -Hltn | grep -Ec ':(25|465|587|2587) ')" -eq 8 ]
}
if ! wait_until 20 ports_up; then
	cat "$work/exim.out" "$work/exim"/*log >&2
	exit 1
fi

# What has arrived, a line of JSON for each message and receiver.
mails()
{
	python3 - "$work/mail/new" <<'EOF'
import email
import email.policy
import json
import os
import sys

for name in sorted(os.listdir(sys.argv[1])):
    with open(os.path.join(sys.argv[1], name), 'rb') as f:
        raw = f.read()
    m = email.message_from_bytes(raw, policy=email.policy.default)
    defects = list(m.defects)
    for header in m.values():
        defects += getattr(header, 'defects', [])
    text = m.get_content()
    defects += m.defects
    # What the server has put before it is not ours.
    own = raw[min(raw.index(b'\nDate:'), raw.index(b'\nFrom:')) + 1:]
    print(json.dumps({
        'rcpt': m['envelope-to'].strip(), 'to': m['to'], 'from': m['from'],
        'subject': m['subject'], 'id': m['message-id'].strip(),
        'auto': m['auto-submitted'], 'type': m.get_content_type(),
        'charset': m.get_content_charset(), 'version': m['mime-version'],
        'date': m['date'].datetime.isoformat(), 'text': text,
        'defects': [repr(d) for d in defects],
        'longest': max(len(line) for line in own.split(b'\n')
                       if m['message-id'].encode() not in line),
        'ascii': own.isascii(), 'tls': 'esmtps' in str(m['received']),
        'bcc': m['bcc']}))
EOF
}
# mail filter: of what arrived last with that text in its subject.
mail()
{
	mails | jq -c "select(.subject | contains(\"$1\")) | $2" | tail -n 1
}
# came receiver
came()
{
	grep -qrxF "Envelope-to: $1@quptime.test" "$work/mail/new"
}
rude()
{
	sed -n "s/^$1 //p" "$work/rude.ports"
}
# seen server filter: of what a rude server noted.
seen()
{
	jq -c "select(.server == \"$1\") | $2" "$work/rude"
}
# add name host port [flag ...]
add()
{
	_name=$1
	_host=$2
	_port=$3
	shift 3
	ok "$_name is added" ctl n alert add smtp "$_name" --host "$_host" \
	    --port "$_port" --from mon@quptime.test "$@"
}
# says text alert: what its test comes to.
says()
{
	like "$2: $1" "$(ctl n alert test "$2" 2>&1)" "$1"
}

node_prefix="$in_w unshare -m $work/view"
node_start n || exit 1
node_prefix=
ok "there is a master" wait_until 10 sh -c \
    "$quptimectl -s $work/n/sock -j status | jq -e .has_quorum"

printf '%s\n' "$password" | ctl n alert add smtp post --host localhost \
    --user mon --password-file - --from mon@quptime.test \
    --to ops@quptime.test,two@quptime.test >"$work/out" 2>&1
is "an alert is added as one would" "$?" 0
says "^test alert sent through post\$" post
ok "its test arrives" wait_until 20 came ops
ok "twice" wait_until 20 came two
is "over TLS" "$(mails | jq .tls | sort -u)" true
is "as MIME has it" "$(mail TEST '[.type, .charset, .version, .auto]')" \
    '["text/plain","utf-8","1.0","auto-generated"]'
is "from" "$(mail TEST .from)" '"mon@quptime.test"'
is "to both" "$(mail TEST .to)" '"ops@quptime.test, two@quptime.test"'
is "one id" "$(mails | jq -r .id | sort -u | wc -l)" 1
like "that is the node's" "$(mail TEST .id)" \
    "^\"<[^<>@ ]+@[^<>@ ]+>\"\$"
# shellcheck disable=SC2016
ok "dated now" perl -MTime::Local -e '
    my ($y, $m, $d, $H, $M, $S) = $ARGV[0] =~ /(\d+)/g;
    my $t = timegm($S, $M, $H, $d, $m - 1, $y);
    exit(abs(time() - $t) > 120)' "$(mail TEST .date)"

# What goes wrong for good, and its words.
add wrong localhost 587 --user mon --password nonsense --to a@quptime.test
says 'localhost: smtp auth: 535 ' wrong
add nouser localhost 587 --to a@quptime.test
says 'localhost: rcpt <a@quptime.test>: 550 log in first' nouser
add plain localhost 25 --to a@quptime.test
says 'localhost: server does not support STARTTLS' plain
add self localhost 2587 --user mon --password x --to a@quptime.test
says 'localhost: starttls: certificate is self-signed' self
add name 127.0.0.2 587 --to a@quptime.test
says '127.0.0.2: dial smtp: connect .*refused' name
add noauth 127.0.0.1 25 --user mon --password x --starttls=false \
    --to a@quptime.test
says 'smtp auth: server does not support AUTH' noauth
add inject localhost "$(rude inject)" --to a@quptime.test
says 'localhost: starttls: .*' inject
is "nothing is said after an answer too many" \
    "$(seen inject 'select(.kind == "cmd").text' | tail -n 1)" '"STARTTLS"'
add chatty localhost "$(rude chatty)" --starttls=false --to a@quptime.test
says 'localhost: (rcpt|data)' chatty
add nobody localhost "$(rude nobody)" --starttls=false --to a@quptime.test
says 'rcpt <a@quptime.test>: 550 5.1.1 nobody here' nobody
add some-refuse localhost "$(rude refuses)" --starttls=false \
    --to a@quptime.test,b@quptime.test
says 'rcpt <b@quptime.test>: 550 ' some-refuse
is "the other has it" "$(seen refuses 'select(.kind == "mail").rcpts')" \
    '["a@quptime.test"]'
add bad-from localhost 25 --starttls=false --to a@quptime.test
ok "its sender is none" ctl n alert edit bad-from --from "a@b> BODY=x"
says 'mail from: not an address' bad-from
ok "no password is in the log" sh -c \
    "! grep -Eq 'nonsense|wört|$(printf 'mon' | base64 | cut -c1-3)Y' \
    '$work/n/log'"

# What goes well with all kinds of servers.
add six ::1 587 --user mon --to six@quptime.test --password "$password"
says '^test alert sent' six
add bracket '[::1]' 587 --user mon --to brace@quptime.test \
    --password "$password"
says '^test alert sent' bracket
add tls localhost 465 --user mon --to tls@quptime.test \
    --password "$password"
says '^test alert sent' tls
add open 127.0.0.1 25 --starttls=false --to open@quptime.test
says '^test alert sent' open
for m in six brace tls open; do
	ok "$m arrives" wait_until 20 came $m
done
for m in login old mute; do
	case $m in
	login)	set -- --user mon --password "$password" ;;
	*)	set -- ;;
	esac
	add $m 127.0.0.1 "$(rude $m)" --starttls=false \
	    --to "$m@quptime.test" "$@"
	says '^test alert sent' $m
	is "$m has it once" "$(seen $m 'select(.kind == "mail").rcpts')" \
	    "[\"$m@quptime.test\"]"
done
is "LOGIN says who" "$(seen login 'select(.kind == "auth") |
    [.user, .password] | map(@base64d)')" "[\"mon\",\"p\$ss: wört\"]"
is "HELO where there is no EHLO" "$(seen old 'select(.kind == "cmd").text' |
    cut -c2-5 | head -n 2 | tr '\n' ' ')" "EHLO HELO "

# Real ones: a check goes down, and each is told once, however bad its server.
all=
for m in busy grey some early late never silent; do
	add $m 127.0.0.1 "$(rude $m)" --starttls=false \
	    --to "$m@quptime.test,two@quptime.test"
	all=$all,$m
done
port=$(free_port)
name="Prüfung 日本語 مراقبة 🚀 mit Öl"
long=$(printf 'ü%.0s' $(seq 300))
add words 127.0.0.1 25 --starttls=false --to words@quptime.test
ok "a check that is down" ctl n check add http "$name" \
    "http://127.0.0.1:$port/$(printf 'a%.0s' $(seq 150))" --interval 1s \
    --body-match "$long" --alerts "words$all"
ok "is told" wait_until 20 came words
subject="HTTP DOWN — $name ("
is "in its own words" \
    "$(mail 'Prüfung' ".subject | contains(\"$subject\")")" true
is "all of them" "$(mail 'Prüfung' ".text | contains(\"$long\")")" true
is "in lines that all servers take" \
    "$(mail 'Prüfung' '[.longest <= 78, .ascii]')" "[true,true]"
has_mails()
{
	[ "$(seen "$1" 'select(.kind == "mail")' | wc -l)" -ge "$2" ]
}
for m in busy grey some early late; do
	ok "$m: in the end it is taken" wait_until 20 has_mails $m 1
done
ok "some: also for the second" wait_until 20 has_mails some 2
ok "late: once more, as nobody knows" wait_until 20 has_mails late 2
is "each is told" "$(for m in busy grey early; do
	seen $m 'select(.kind == "mail").rcpts' | tr '\n' ' '
done)" '["busy@quptime.test","two@quptime.test"] ["grey@quptime.test",'\
'"two@quptime.test"] ["early@quptime.test","two@quptime.test"] '
is "some: each once" \
    "$(seen some 'select(.kind == "mail").rcpts' | tr '\n' ' ')" \
    '["some@quptime.test"] ["two@quptime.test"] '
is "late: by one id" "$(seen late 'select(.kind == "mail").text |
    split("\r\n")[] | select(startswith("Message-ID:"))' | sort | uniq -c |
    awk '{ print $1 }')" 2
ok "never: is not asked again" wait_until 20 grep -q \
    "alert never: DOWN of .* not sent, 1 attempt: .*close body: 554" \
    "$work/n/log"
is "silent: still waits" "$(seen silent 'select(.kind == "conn").kind')" \
    '"conn"'
ok "which keeps nobody else waiting" ctl n alert test open

# Templates, which may hold anything.
printf '.a dot first\n..two\n.\nlast %s\n' "$(printf 'x%.0s' $(seq 1500))" \
    >"$work/template"
add dots 127.0.0.1 25 --starttls=false --to dots@quptime.test \
    --subject "dots
Bcc: evil@quptime.test" --body-file "$work/template"
says '^test alert sent' dots
ok "which arrives" wait_until 20 came dots
is "with its dots" "$(mail dots .text | jq -r . | tr -d '\r')" \
    "$(cat "$work/template")"
is "a line's end ends no header" "$(mail dots '[.subject, .bcc]')" \
    '["dots Bcc: evil@quptime.test",null]'
# Python knows no such receiver; the server does.
add utf8 ::1 25 --starttls=false --to "bücher@quptime.test"
says '^test alert sent' utf8
ok "as one who is not written in ASCII" wait_until 20 came bücher
is "all without a defect" "$(mails | jq -c 'select(.rcpt |
    startswith("b") | not).defects' | sort -u)" "[]"
node_stop
is "the daemon ends well" "$status" 0
done_testing
