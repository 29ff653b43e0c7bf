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

# Every kind of probe against real servers, good and bad, over IPv4 and IPv6:
# the verdict, the detail, and that no probe outlives its timeout.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
long_test
# shellcheck source=regress/integ/mesh.sh
. "$top/regress/integ/mesh.sh"

for p in dnsmasq nginx nsd openssl python3; do
	command -v $p >/dev/null || skip_all "$p is not installed"
done
world_up 1
ip -n "$world-t" addr add 10.99.0.201/24 dev eth0
ip -n "$world-t" addr add fd99::201/64 dev eth0 nodad
in_t="ip netns exec $world-t"

# Certificates: leaf name "from" "to" extension [openssl req flag ...].
pki=$work/pki
mkdir "$pki" "$pki/new"
: >"$pki/index"
cat >"$pki/conf" <<EOF
[ca]
default_ca = test
[test]
database = $pki/index
new_certs_dir = $pki/new
certificate = $pki/ca.pem
private_key = $pki/ca.key
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
EOF

# issued name extension issuer [flag]: by one who need not be the CA.
issued()
{
	_n=$1
	_by=$3
	echo "$2" >"$pki/$_n.ext"
	openssl req -config "$pki/conf" -newkey ec \
	    -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$pki/$_n.key" \
	    -subj "/CN=$_n" -out "$pki/$_n.csr" 2>>"$pki/out" &&
	    openssl x509 -req -in "$pki/$_n.csr" -CA "$pki/$_by.pem" \
	    -CAkey "$pki/$_by.key" -set_serial "0x$(openssl rand -hex 8)" \
	    -extfile "$pki/$_n.ext" -days 90 ${4:+"$4"} \
	    -out "$pki/$_n.pem" 2>>"$pki/out"
}

stamp()
{
	date -u -d "$1" +%Y%m%d%H%M%SZ
}

leaf()
{
	_n=$1
	_from=$(stamp "$2")
	_to=$(stamp "$3")
	_ext=$4
	shift 4
	[ $# -gt 0 ] || set -- -newkey ec -pkeyopt ec_paramgen_curve:P-256
	openssl req -config "$pki/conf" "$@" -nodes -keyout "$pki/$_n.key" \
	    -subj "/CN=$_n" -addext "$_ext" \
	    -out "$pki/$_n.csr" 2>>"$pki/out" &&
	    openssl ca -batch -config "$pki/conf" -startdate "$_from" \
	    -enddate "$_to" -in "$pki/$_n.csr" -notext \
	    -out "$pki/$_n.pem" 2>>"$pki/out"
}

pki_make()
{
	_all="DNS:www.test,DNS:v6.test,DNS:*.wild.test"
	_all=subjectAltName=$_all,IP:10.99.0.200,IP:fd99::200
	_ca=basicConstraints=critical,CA:true
	openssl req -config "$pki/conf" -x509 -newkey rsa:2048 -nodes \
	    -keyout "$pki/ca.key" -subj "/CN=test CA" -days 30 \
	    -addext "$_ca" \
	    -out "$pki/ca.pem" 2>>"$pki/out" || return 1
	leaf good "-1 day" "+90 days" "$_all" &&
	    leaf rsa "-1 day" "+90 days" "$_all" -newkey rsa:2048 &&
	    leaf weak "-1 day" "+90 days" "$_all" -newkey rsa:1024 -sha1 &&
	    leaf soon "-1 day" "+13 days 1 hour" "$_all" &&
	    leaf hours "-1 day" "+5 hours 10 minutes" "$_all" &&
	    leaf expired "-9 days" "-3 days -1 hour" "$_all" &&
	    leaf early "+2 days 1 hour" "+90 days" "$_all" &&
	    leaf other "-1 day" "+90 days" subjectAltName=DNS:other.test &&
	    leaf expiredca "-9 days" "-3 days" "$_ca" &&
	    issued inter "$_ca" ca && issued deep "$_all" inter &&
	    issued old "$_all" expiredca &&
	    issued sha1 "$_all" ca -sha1 &&
	    issued notca "$_all" good &&
	    issued www.test keyUsage=digitalSignature ca &&
	    issued client "$_all
extendedKeyUsage=clientAuth" ca &&
	    cat "$pki/deep.pem" "$pki/inter.pem" >"$pki/chain.pem" &&
	    cat "$pki/notca.pem" "$pki/good.pem" >"$pki/noissuer.pem" &&
	    cp "$pki/notca.key" "$pki/noissuer.key" &&
	    cp "$pki/deep.key" "$pki/chain.key" &&
	    cat "$pki/old.pem" "$pki/expiredca.pem" >"$pki/oldchain.pem" &&
	    cp "$pki/old.key" "$pki/oldchain.key" &&
	    openssl req -config "$pki/conf" -x509 -newkey rsa:2048 -nodes \
	    -keyout "$pki/self.key" -subj "/CN=self" -days 90 \
	    -addext "$_all" -out "$pki/self.pem" 2>>"$pki/out"
}

if ! pki_make; then
	cat "$pki/out" >&2
	exit 1
fi

# nginx: port, certificate and more for each of its servers.
www=$work/www
mkdir -p "$www/html" "$www/tmp"
echo "It works: a needle." >"$www/html/index.html"

tls_server()
{
	cat <<-EOF
		server {
			listen 10.99.0.200:$1 ssl;
			listen [fd99::200]:$1 ssl;
			ssl_certificate $pki/$2.pem;
			ssl_certificate_key $pki/$2.key;
			ssl_protocols ${4:-TLSv1.2 TLSv1.3};
			$3
			root $www/html;
		}
	EOF
}

cat >"$www/nginx.conf" <<EOF
daemon off;
master_process off;
pid $www/nginx.pid;
error_log $www/error.log;
events { worker_connections 512; }
http {
	access_log off;
	default_type text/plain;
	client_body_temp_path $www/tmp;
	proxy_temp_path $www/tmp;
	fastcgi_temp_path $www/tmp;
	uwsgi_temp_path $www/tmp;
	scgi_temp_path $www/tmp;
	gzip on;
	gzip_min_length 1;
	server {
		listen 10.99.0.200:80;
		listen [::]:80;
		root $www/html;
		location = /204 { return 204; }
		location = /301 { return 301 https://www.test/; }
		location = /other { return 301 http://10.99.0.200:9007/end; }
		location = /bad { return 301 https://www.test:4437/; }
		location = /503 { return 503; }
	}
$(tls_server 443 good "location = /plain { return 301 http://www.test/; }")
$(tls_server 4431 rsa "" TLSv1.2)
$(tls_server 4432 good "" TLSv1.3)
$(tls_server 4433 soon)
$(tls_server 4434 hours)
$(tls_server 4435 expired)
$(tls_server 4436 early)
$(tls_server 4437 other)
$(tls_server 4438 self)
$(tls_server 4439 good "ssl_verify_client on;
			ssl_client_certificate $pki/ca.pem;")
$(tls_server 4451 chain)
$(tls_server 4452 oldchain)
$(tls_server 4453 deep)
$(tls_server 4454 www.test)
$(tls_server 4455 client)
$(tls_server 4456 sha1 "ssl_ciphers ALL:@SECLEVEL=0;")
$(tls_server 4457 noissuer)
}
EOF

# nsd knows two zones, of which one cannot be loaded; dnsmasq asks it.
mkdir "$work/nsd"
cat >"$work/nsd/nsd.conf" <<EOF
server:
	ip-address: 10.99.0.200
	ip-address: fd99::200
	ip-address: fe80::200%eth0
	username: ""
	database: ""
	zonesdir: "$work/nsd"
	zonelistfile: "$work/nsd/zones"
	xfrdfile: "$work/nsd/xfrd"
	xfrdir: "$work/nsd"
	pidfile: "$work/nsd/pid"
	rrl-ratelimit: 0
remote-control:
	control-enable: no
zone:
	name: test
	zonefile: test.zone
zone:
	name: broken
	zonefile: none.zone
EOF
{
	cat <<'EOF'
$ORIGIN test.
$TTL 60
@	SOA ns1 root 1 3600 900 604800 60
	NS ns1
	NS ns2
	MX 10 mail
	MX 20 mail2
	TXT "v=spf1 " "-all"
ns1	A 10.99.0.200
ns2	A 10.99.0.201
mail	A 10.99.0.200
mail2	A 10.99.0.200
www	A 10.99.0.200
	AAAA fd99::200
v4	A 10.99.0.200
v6	AAAA fd99::200
two	A 10.99.0.99
	A 10.99.0.200
dead	AAAA fd99::99
	A 10.99.0.200
x.wild	A 10.99.0.200
x.y.wild	A 10.99.0.200
none	TXT "no address"
many	A 10.0.0.1
	A 10.0.0.2
	A 10.0.0.3
	A 10.0.0.4
	A 10.0.0.5
a1	CNAME a2
a2	CNAME a3
a3	CNAME www
a4	CNAME v6
a5	CNAME nowhere
a6	CNAME www.elsewhere.
c1	CNAME c2
c2	CNAME c1
named	A 10.99.0.200
_dmarc	TXT "v=DMARC1"
EOF
	printf 'big'
	for i in $(seq 1 30); do
		printf '\tTXT "%s %0200d"\n' "part-$i-of-30" 0
	done
} >"$work/nsd/test.zone"

# name_server: what they are asked, from the side of the node.
servers_start()
{
	$in_t nginx -p "$www" -e "$www/error.log" -c "$www/nginx.conf" \
	    >"$www/out" 2>&1 &
	own $!
	$in_t nsd -d -c "$work/nsd/nsd.conf" >"$work/nsd/log" 2>&1 &
	own $!
	$in_t dnsmasq -k -C /dev/null -x "$work/dnsmasq.pid" -u root \
	    -R -h -z -a 10.99.0.201 -a fd99::201 -S 10.99.0.200 \
	    --log-facility="$work/dnsmasq.log" >/dev/null 2>&1 &
	own $!
	$in_t "$top/regress/integ/rude" 10.99.0.200 fd99::200 \
	    >"$work/rude" 2>&1 &
	own $!
	s_server 4441 -cert "$pki/good.pem" -key "$pki/good.key" -tls1_2 \
	    -Verify 1 -verify_return_error -CAfile "$pki/ca.pem"
	s_server 4442 -cert "$pki/good.pem" -key "$pki/good.key" -tls1_1 \
	    -cipher ALL:@SECLEVEL=0
	s_server 4443 -nocert -tls1_2 -cipher aNULL:@SECLEVEL=0
	s_server 4444 -cert "$pki/weak.pem" -key "$pki/weak.key" -tls1_2 \
	    -cipher AES128-SHA:@SECLEVEL=0
	s_server 4445 -cert "$pki/other.pem" -key "$pki/other.key" \
	    -cert2 "$pki/expired.pem" -key2 "$pki/expired.key" \
	    -servername named.test
	s_server 4446 -cert "$pki/good.pem" -key "$pki/good.key" \
	    -Verify 1 -verify_return_error -CAfile "$pki/ca.pem"
	s_server 4447 -cert "$pki/good.pem" -key "$pki/good.key" \
	    -servername named.test -servername_fatal -cert2 "$pki/good.pem" \
	    -key2 "$pki/good.key"
	wait_until 20 sh -c "$in_t ss -Hltn | grep -q :4447" &&
	    wait_until 20 test -s "$www/nginx.pid" &&
	    wait_until 20 grep -q ready "$work/rude" &&
	    wait_until 20 sh -c "$in_t ss -Hlun | grep -q 10.99.0.200:53" &&
	    wait_until 20 sh -c "$in_t ss -Hlun | grep -q 10.99.0.201:53"
}

s_server()
{
	_port=$1
	shift
	for _a in 10.99.0.200 "[fd99::200]"; do
		$in_t openssl s_server -accept "$_a:$_port" -quiet -WWW "$@" \
		    >>"$work/s_server.$_port" 2>&1 </dev/null &
		own $!
	done
}

# twins table: all of it, and each row of IPv4 once more over IPv6.
twins()
{
	awk -F '|' -v OFS='|' '
	function six(s, left, right)
	{
		gsub(/10\.99\.0\.200/, left "fd99::200" right, s)
		gsub(/10\.99\.0\.99/, left "fd99::99" right, s)
		gsub(/192\.0\.2\.1/, left "2001:db8::1" right, s)
		gsub(/10\.99\.7\.1/, left "fd97::1" right, s)
		return s
	}
	{ print }
	/^#/ || NF < 6 || /fe80|IPv6/ || $3 ~ /named/ { next }
	{
		row = $0
		if ($2 != "dns") {
			gsub(/www\.test/, "v6.test", $3)
			gsub(/www\.test/, "v6.test", $6)
			$3 = $2 == "icmp" ? six($3, "", "") : six($3, "[", "]")
		}
		while (match($4, /--resolvers? [^ ]*10\.99\.0\.200[^ ]*/)) {
			list = substr($4, RSTART, RLENGTH)
			gsub(/10\.99\.0\.200/, "[fd99::200]", list)
			gsub(/\[fd99::200\]$/, "fd99::200", list)
			$4 = substr($4, 1, RSTART - 1) list \
			    substr($4, RSTART + RLENGTH)
		}
		if ($2 == "http")
			$4 = six($4, "[", "]")
		if ($0 == row)
			next
		$1 = $1 " over IPv6"
		$6 = six($6, "\\[", "\\]")
		print
	}' "$1"
}

ip -n "$world-t" addr add fe80::200/64 dev eth0 nodad
# The kernel tells of closed ports only so often.
$in_t sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
if ! servers_start; then
	cat "$www/out" "$www/error.log" "$work/nsd/log" "$work/rude" >&2
	exit 1
fi

# The node's side of the world: its own resolver, hosts and authorities.
mkdir "$work/ssl"
cp "$pki/ca.pem" "$work/ssl/cert.pem"
chmod -R a+rX "$work/ssl"
printf 'nameserver 10.99.0.201\nsearch test\n' >"$work/resolv.conf"
cat >"$work/hosts" <<EOF
127.0.0.1	localhost
10.99.0.200	file.example www.test.file
fd99::200	file.example six.example
EOF
cat >"$work/view" <<EOF
#!/bin/sh
mount --bind "$work/ssl" /etc/ssl &&
    mount --bind "$work/resolv.conf" "$(readlink -f /etc/resolv.conf)" &&
    mount --bind "$work/hosts" /etc/hosts &&
    exec "\$@"
EOF
chmod +x "$work/view"
mkdir -p "$work/n1"
printf 'QUPTIME_NODE_ID=n1\nQUPTIME_BIND_ADDR=127.0.0.1\n' >"$work/n1/env"
node_prefix="ip netns exec $world-1 $work/view"
node_start n1 || exit 1
node_prefix=
# Nobody has these addresses, and nothing says so.
ip -n "$world-1" neigh add 10.99.0.99 lladdr 02:00:00:00:00:99 dev eth0
ip -n "$world-1" neigh add fd99::99 lladdr 02:00:00:00:00:99 dev eth0
index=$(ip netns exec "$world-1" cat /sys/class/net/eth0/ifindex)

ip -n "$world-1" route add unreachable 10.99.7.0/24
ip -n "$world-1" route add unreachable fd97::/64

sed "s/@index@/$index/g" "$top/regress/integ/probes.table" >"$work/rows"
twins "$work/rows" >"$work/table"

while IFS='|' read -r name type target flags want detail; do
	case $name in
	""|\#*)	continue ;;
	esac
	eval "set -- $flags"
	if ! ctl n1 check add "$type" "$name" "$target" --interval 2s \
	    --timeout 1s "$@" >"$work/out" 2>&1; then
		not_ok "$name is added" "$(cat "$work/out")"
	fi
done <"$work/table"

# A line for each check: name, state, detail; those that took too long.
look()
{
	ctl n1 -j show checks >"$work/all" || return 1
	jq -r '.checks[] | "\(.name)|\(.state)|\(.detail // "")"' \
	    "$work/all" >"$work/seen"
	jq -r '.checks[] | select(.latency_ns > 1100000000 and
	    (.name | test("4 s") | not)) |
	    "\(.name): \(.latency_ns / 1000000) ms"' "$work/all" >>"$work/slow"
}

judged()
{
	look && ! grep -q '|unknown|' "$work/seen"
}

# seen name: the rest of its line.
seen()
{
	awk -F '|' -v name="$1" '$1 == name' "$work/seen" | cut -d '|' -f 2-
}

ok "all are judged" wait_until 20 judged
for i in 1 2 3 4 5 6 7 8; do
	look
	sleep 0.5
done
ok "latencies are told" jq -e '[.checks[].latency_ns] | max > 1000000000' \
    "$work/all"
while IFS='|' read -r name type target flags want detail; do
	case $name in
	""|\#*)	continue ;;
	esac
	like "$name is $want" "$(seen "$name")" "^$want\\|$detail\$"
done <"$work/table"
is "none outlives its timeout by more than 100 ms" \
    "$(sort -u "$work/slow")" ""
is "what times out has had its time" "$(jq -r '.checks[] |
    select((.detail // "" | test("within the timeout|\\(timeout\\)|^no reply"))
    and .latency_ns < 990000000) | "\(.name): \(.latency_ns)"' "$work/all")" ""
# Whose servers are asked: the check's, the cluster's, its resolver, the
# system's.
own="dns of nsd"
legacy="dns resolver of its own"
system="dns of the system"
ctl n1 check add dns "$legacy" www.test --resolver 10.99.0.200 \
    --expect 10.99. --interval 1s >/dev/null
ctl n1 check add dns "$system" www.test --expect 10.99. \
    --interval 1s >/dev/null
ok "a resolver of its own is up" wait_until 20 is_state n1 "$legacy" up
ok "the system's is up" wait_until 20 is_state n1 "$system" up
ok "the cluster gets another" ctl n1 resolvers set 10.99.0.200:9109
ok "it is asked before the check's resolver" \
    wait_until 20 is_state n1 "$legacy" down
ok "and before the system's" wait_until 20 is_state n1 "$system" down
like "its answer is told" "$(ctl n1 show checks "$system")" \
    'no answer contains "10.99." \(got 10.1.2.3\)'
is "but not before the check's resolvers" "$(state n1 "$own")" up
ok "it is taken away" ctl n1 resolvers clear
ok "then a resolver of its own is up" wait_until 20 is_state n1 "$legacy" up
ok "then the system's is up" wait_until 20 is_state n1 "$system" up

# What is edited reaches the running probe.
ok "other text is expected" ctl n1 check edit "$system" --expect nosuch
ok "that is down" wait_until 20 is_state n1 "$system" down
ok "warned so early" ctl n1 check edit tls --warn-days 200
ok "a certificate is down" wait_until 20 is_state n1 tls down
node_stop
is "the daemon ends well" "$status" 0
done_testing
