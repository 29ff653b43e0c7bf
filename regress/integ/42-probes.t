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

# Certificates: leaf name "from" "to" subjectAltName [openssl req flag ...].
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

stamp()
{
	date -u -d "$1" +%Y%m%d%H%M%SZ
}

leaf()
{
	_n=$1
	_from=$(stamp "$2")
	_to=$(stamp "$3")
	_san=$4
	shift 4
	[ $# -gt 0 ] || set -- -newkey ec -pkeyopt ec_paramgen_curve:P-256
	openssl req -config "$pki/conf" "$@" -nodes -keyout "$pki/$_n.key" \
	    -subj "/CN=$_n" -addext "subjectAltName=$_san" \
	    -out "$pki/$_n.csr" 2>>"$pki/out" &&
	    openssl ca -batch -config "$pki/conf" -startdate "$_from" \
	    -enddate "$_to" -in "$pki/$_n.csr" -notext \
	    -out "$pki/$_n.pem" 2>>"$pki/out"
}

pki_make()
{
	_all="DNS:www.test,DNS:v6.test,DNS:*.wild.test"
	_all=$_all,IP:10.99.0.200,IP:fd99::200
	openssl req -config "$pki/conf" -x509 -newkey rsa:2048 -nodes \
	    -keyout "$pki/ca.key" -subj "/CN=test CA" -days 30 \
	    -addext basicConstraints=critical,CA:true \
	    -out "$pki/ca.pem" 2>>"$pki/out" || return 1
	leaf good "-1 day" "+90 days" "$_all" &&
	    leaf rsa "-1 day" "+90 days" "$_all" -newkey rsa:2048 &&
	    leaf weak "-1 day" "+90 days" "$_all" -newkey rsa:1024 -sha1 &&
	    leaf soon "-1 day" "+13 days 1 hour" "$_all" &&
	    leaf hours "-1 day" "+5 hours 10 minutes" "$_all" &&
	    leaf expired "-9 days" "-3 days -1 hour" "$_all" &&
	    leaf early "+2 days 1 hour" "+90 days" "$_all" &&
	    leaf other "-1 day" "+90 days" DNS:other.test &&
	    openssl req -config "$pki/conf" -x509 -newkey rsa:2048 -nodes \
	    -keyout "$pki/self.key" -subj "/CN=self" -days 90 \
	    -addext "subjectAltName=$_all" -out "$pki/self.pem" 2>>"$pki/out"
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
		location = /503 { return 503; }
	}
$(tls_server 443 good)
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
	$in_t "$top/regress/integ/rude" 10.99.0.200 >"$work/rude" 2>&1 &
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
	$in_t openssl s_server -accept "10.99.0.200:$_port" -quiet -WWW "$@" \
	    >>"$work/s_server.$_port" 2>&1 </dev/null &
	own $!
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

# name | type | target | flags | state | pattern of the whole detail
cat >"$work/table" <<EOF
# tcp
tcp|tcp|10.99.0.200:80||up|
tcp over IPv6|tcp|[fd99::200]:80||up|
tcp by name|tcp|www.test:http||up|
tcp by a name with IPv6 only|tcp|v6.test:80||up|
tcp by a name of the search list|tcp|www:80||up|
tcp by the hosts file|tcp|file.example:80||up|
tcp with a scope|tcp|[fe80::200%$index]:80||up|
tcp, a dead address first, 4 s|tcp|two.test:80|--timeout 4s|up|
tcp refused|tcp|10.99.0.200:1||down|connect 10.99.0.200:1: Connection refused
tcp refused over IPv6|tcp|[fd99::200]:1||down|connect \[fd99::200\]:1: Connection refused
tcp without a way|tcp|192.0.2.1:80||down|connect 192.0.2.1:80: Network is unreachable
tcp to nobody|tcp|10.99.0.99:80||down|connect 10.99.0.99:80: deadline exceeded \(timeout\)
tcp to no such host|tcp|nosuch.test:80||down|resolve nosuch.test: no such host
tcp localhost refused|tcp|localhost:1||down|connect (127.0.0.1|\[::1\]):1: Connection refused
# icmp
icmp|icmp|10.99.0.200||up|
icmp over IPv6|icmp|fd99::200||up|
icmp with a scope|icmp|fe80::200%$index||up|
icmp by name|icmp|v6.test||up|
icmp localhost|icmp|localhost||up|
icmp to nobody|icmp|10.99.0.99||down|.+
# http
http|http|http://10.99.0.200/||up|
http over IPv6|http|http://[fd99::200]/||up|
http by name|http|http://www.test/||up|
http by an alias|http|http://a1.test/|--body-match needle|up|
http by a name with IPv6 only|http|http://v6.test/||up|
http body|http|http://www.test/|--body-match "a needle."|up|
http body, another case|http|http://www.test/|--body-match Needle|down|body match miss
http 204|http|http://www.test/204||down|status 204 No Content
http 204 expected|http|http://www.test/204|--expect 204|up|
http 503|http|http://www.test/503||down|status 503 Service Temporarily Unavailable
http 404|http|http://www.test/nosuch||down|status 404 Not Found
http 418|http|http://10.99.0.200:9019/||down|status 418 Short And Stout
http 304|http|http://10.99.0.200:9021/||down|status 304 Not Modified
http redirect to https|http|http://www.test/301|--body-match needle|up|
http redirect loop|http|http://10.99.0.200:9007/loop||down|Get "http://10.99.0.200:9007/loop": stopped after 10 redirects
http ten redirects|http|http://10.99.0.200:9007/ten||up|
http eleven redirects|http|http://10.99.0.200:9007/eleven||down|Get "http://10.99.0.200:9007/9": stopped after 10 redirects
http relative redirect|http|http://10.99.0.200:9007/relative|--body-match ok|up|
http redirect to ftp|http|http://10.99.0.200:9007/ftp||down|Get "http://10.99.0.200:9007/ftp": unsupported protocol scheme
http 302 without Location|http|http://10.99.0.200:9007/noloc||down|status 302 Found
http 302 expected|http|http://10.99.0.200:9007/noloc|--expect 302|up|
http refused|http|http://10.99.0.200:1/||down|Get "http://10.99.0.200:1/": connect 10.99.0.200:1: Connection refused
http silent|http|http://10.99.0.200:9001/||down|Get "http://10.99.0.200:9001/": deadline exceeded \(timeout\)
http closed|http|http://10.99.0.200:9002/||down|Get "http://10.99.0.200:9002/": (closed without an answer|Connection reset by peer)
http reset|http|http://10.99.0.200:9003/||down|Get "http://10.99.0.200:9003/": Connection reset by peer
http slow header|http|http://10.99.0.200:9004/||down|Get "http://10.99.0.200:9004/": deadline exceeded \(timeout\)
http slow body, not looked at|http|http://10.99.0.200:9005/||up|
http slow body|http|http://10.99.0.200:9005/|--body-match y|down|read body: deadline exceeded \(timeout\)
http body after 1 MiB|http|http://10.99.0.200:9006/|--body-match needle|down|body match miss
http endless body|http|http://10.99.0.200:9018/|--body-match needle|down|body match miss
http chunked|http|http://10.99.0.200:9008/|--body-match "hello, world"|up|
http wrong chunk size|http|http://10.99.0.200:9009/|--body-match nosuch|down|read body: malformed chunk
http wrong chunk end|http|http://10.99.0.200:9010/|--body-match nosuch|down|read body: malformed chunk
http chunk cut off|http|http://10.99.0.200:9011/|--body-match nosuch|down|read body: unexpected end of the stream
http body cut off|http|http://10.99.0.200:9013/|--body-match nosuch|down|read body: unexpected end of the stream
http body reset|http|http://10.99.0.200:9015/|--body-match nosuch|down|read body: Connection reset by peer
http garbage|http|http://10.99.0.200:9012/||down|Get "http://10.99.0.200:9012/": malformed HTTP response
http version 2|http|http://10.99.0.200:9022/||down|Get "http://10.99.0.200:9022/": malformed HTTP response
http bad length|http|http://10.99.0.200:9023/||down|Get "http://10.99.0.200:9023/": bad Content-Length
http huge header|http|http://10.99.0.200:9014/||down|Get "http://10.99.0.200:9014/": header too large
http password|http|http://u%20ser:p:w@10.99.0.200:9016/||up|
http wrong password|http|http://u:w@10.99.0.200:9016/||down|status 401 Unauthorized
http is not asked to compress|http|http://10.99.0.200:9017/|--body-match plain|up|
http to a port of https|http|http://10.99.0.200:443/||down|status 400 Bad Request
http no such host|http|http://nosuch.test/||down|Get "http://nosuch.test/": resolve nosuch.test: no such host
# https
https|http|https://www.test/|--body-match needle|up|
https over IPv6|http|https://[fd99::200]/||up|
https by address|http|https://10.99.0.200/||up|
https by a wildcard|http|https://x.wild.test/||up|
https TLS 1.2|http|https://www.test:4431/||up|
https TLS 1.3|http|https://www.test:4432/||up|
https about to expire|http|https://www.test:4434/||up|
https expired|http|https://www.test:4435/||down|Get "https://www.test:4435/": tls: certificate has expired
https not yet valid|http|https://www.test:4436/||down|Get "https://www.test:4436/": tls: certificate is not yet valid
https wrong host|http|https://www.test:4437/||down|Get "https://www.test:4437/": tls: certificate is for another host
https wrong address|http|https://10.99.0.200:4437/||down|Get "https://10.99.0.200:4437/": tls: certificate is for another host
https self-signed|http|https://www.test:4438/||down|Get "https://www.test:4438/": tls: certificate is self-signed
https wants our certificate|http|https://www.test:4439/||down|status 400 Bad Request
https to a port of http|http|https://www.test:80/||down|Get "https://www.test:80/": tls: first record does not look like a TLS handshake
https silent|http|https://10.99.0.200:9001/||down|Get "https://10.99.0.200:9001/": tls handshake: deadline exceeded \(timeout\)
https reset|http|https://10.99.0.200:9003/||down|Get "https://10.99.0.200:9003/": tls: connection reset within the handshake
# tls
tls|tls|www.test||up|
tls over IPv6|tls|[fd99::200]:443||up|
tls bare IPv6|tls|fd99::200||up|
tls with a scope|tls|[fe80::200%$index]:80||down|tls: first record does not look like a TLS handshake
tls by URL|tls|https://www.test:443/path||up|
tls 1.2, RSA|tls|www.test:4431||up|
tls 1.3|tls|www.test:4432||up|
tls 13 days|tls|www.test:4433||down|cert expires in 13d \(notAfter=20..-..-..T..:..:..Z\)
tls 13 days, warned at 7|tls|www.test:4433|--warn-days 7|up|
tls 90 days, warned at 100|tls|www.test|--warn-days 100|down|cert expires in (89|90)d \(notAfter=.*Z\)
tls 5 hours|tls|www.test:4434||down|cert expires in 5h \(notAfter=.*Z\)
tls expired|tls|www.test:4435||down|cert expired 3d ago \(notAfter=.*Z\)
tls not yet valid|tls|www.test:4436||down|cert is not yet valid, only in 2d \(notBefore=.*Z\)
tls wrong host is not looked at|tls|www.test:4437||up|
tls self-signed is not looked at|tls|www.test:4438||up|
tls asks for our certificate|tls|www.test:4439||up|
tls 1.3 insists on our certificate|tls|10.99.0.200:4446||up|
tls 1.2 insists on our certificate|tls|10.99.0.200:4441||down|tls: the server refuses the handshake: no cipher in common, or it wants a certificate of us
tls 1.1|tls|10.99.0.200:4442||down|tls: the server speaks no TLS 1.2 or newer
tls without certificate|tls|10.99.0.200:4443||down|tls: the server refuses the handshake: no cipher in common, or it wants a certificate of us
tls weak|tls|10.99.0.200:4444||up|
tls without the name|tls|10.99.0.200:4445||up|
tls with the name|tls|10.99.0.200:4445|--sni named.test|down|cert expired 3d ago .*
tls with a wrong name|tls|10.99.0.200:4447|--sni wrong.test|down|tls: the server knows no host by that name
tls to a port of http|tls|www.test:80||down|tls: first record does not look like a TLS handshake
tls refused|tls|10.99.0.200:1||down|connect 10.99.0.200:1: Connection refused
tls silent|tls|10.99.0.200:9001||down|tls handshake: deadline exceeded \(timeout\)
tls closed|tls|10.99.0.200:9002||down|tls: connection (closed|reset) within the handshake
tls reset|tls|10.99.0.200:9003||down|tls: connection reset within the handshake
tls no such host|tls|nosuch.test||down|resolve nosuch.test: no such host
# dns, of the system's resolver
dns|dns|www.test||up|
dns aaaa|dns|www.test|--record aaaa|up|
dns by the search list|dns|www|--expect 10.99.0.200|up|
dns with a dot|dns|www.test.||up|
dns expected|dns|many.test|--expect .0.0.4|up|
dns not expected|dns|many.test|--expect 192.|down|no answer contains "192." \(got 10.0.0.[1-5], 10.0.0.[1-5], 10.0.0.[1-5], … \+2 more\)
dns cname|dns|a1.test|--record cname --expect WWW.test.|up|
dns cname of none|dns|v4.test|--record cname --expect v4.test.|up|
dns cname of IPv6|dns|v6.test|--record cname --expect v6.test.|up|
dns cname to IPv6|dns|a4.test|--record cname --expect v6.test.|up|
dns aliases|dns|a1.test|--expect 10.99.0.200|up|
dns mx|dns|test|--record mx --expect "20 mail2.test."|up|
dns ns|dns|test|--record NS --expect ns2.test.|up|
dns txt|dns|test|--record txt --expect "v=spf1 -all"|up|
dns aaaa of none|dns|v4.test|--record aaaa|down|no AAAA records for v4.test
dns a of none|dns|none.test||down|no A records for none.test
dns cname of none at all|dns|none.test|--record cname|down|no CNAME records for none.test
dns no such name|dns|nosuch.test||down|lookup nosuch.test on 10.99.0.201:53: no such host
dns address|dns|10.99.0.200||up|
dns IPv6 address|dns|fd99::200|--record aaaa --expect fd99::|up|
dns address of the other kind|dns|fd99::200||down|no A records for fd99::200
dns of the hosts file|dns|file.example|--expect 10.99.0.200|up|
dns aaaa of the hosts file|dns|six.example|--record aaaa|up|
dns a of another in the hosts file|dns|six.example||down|no A records for six.example
dns localhost|dns|localhost|--expect 127.0.0.1|up|
# dns, of servers named
dns of nsd|dns|www.test|--resolvers 10.99.0.200|up|
dns of nsd over IPv6|dns|www.test|--resolvers [fd99::200]:53|up|
dns of nsd, bare IPv6|dns|www.test|--resolvers fd99::200|up|
dns of nsd with a scope|dns|www.test|--resolvers [fe80::200%$index]:53|up|
dns large|dns|big.test|--record txt --resolvers 10.99.0.200 --expect part-30-of-30|up|
dns large over IPv6|dns|big.test|--record txt --resolvers fd99::200 --expect part-30-of-30|up|
dns SERVFAIL|dns|www.broken|--resolvers 10.99.0.200|down|lookup www.broken on 10.99.0.200:53: the server fails \(SERVFAIL\)
dns REFUSED|dns|www.elsewhere|--resolvers 10.99.0.200|down|lookup www.elsewhere on 10.99.0.200:53: the server refuses to answer \(REFUSED\)
dns port closed|dns|www.test|--resolvers 10.99.0.200:1|down|lookup www.test on 10.99.0.200:1: Connection refused
dns no way|dns|www.test|--resolvers 192.0.2.53|down|lookup www.test on 192.0.2.53:53: Network is unreachable
dns silent|dns|www.test|--resolvers 10.99.0.200:9101|down|lookup www.test on 10.99.0.200:9101: no answer within the timeout
dns malformed|dns|www.test|--resolvers 10.99.0.200:9102|down|lookup www.test on 10.99.0.200:9102: malformed answer
dns answers of others|dns|www.test|--resolvers 10.99.0.200:9103 --expect 10.1.2.3|up|
dns from before EDNS|dns|www.test|--resolvers 10.99.0.200:9104 --expect 10.1.2.3|up|
dns truncated, no TCP|dns|www.test|--resolvers 10.99.0.200:9105|down|lookup www.test on 10.99.0.200:9105: truncated answer, and over TCP: connect 10.99.0.200:9105: Connection refused
dns truncated, TCP silent|dns|www.test|--resolvers 10.99.0.200:9110|down|lookup www.test on 10.99.0.200:9110: truncated answer, and none over TCP within the timeout
dns lame|dns|www.test|--resolvers 10.99.0.200:9108|down|lookup www.test on 10.99.0.200:9108: the server is not responsible for the name
dns other error|dns|www.test|--resolvers 10.99.0.200:9111|down|lookup www.test on 10.99.0.200:9111: the server answers with an error
dns second of two, first silent|dns|www.test|--resolvers 10.99.0.200:9101,10.99.0.200|up|
dns second of two, first closed|dns|www.test|--resolvers 10.99.0.200:1,10.99.0.200|up|
dns second of two, first fails|dns|www.test|--resolvers 10.99.0.200:9106,10.99.0.200|up|
dns second of two, first refuses|dns|www.test|--resolvers 10.99.0.200:9107,10.99.0.200|up|
dns second of two, first without TCP|dns|www.test|--resolvers 10.99.0.200:9110,10.99.0.200|up|
dns first of two counts|dns|www.test|--resolvers 10.99.0.200,10.99.0.200:9109 --expect 10.99.|up|
dns none of two|dns|www.test|--resolvers 10.99.0.200:9106,10.99.0.200:1|down|lookup www.test on 10.99.0.200:9106: the server fails \(SERVFAIL\), 10.99.0.200:1: Connection refused
dns own resolver|dns|www.test|--resolver 10.99.0.200:9109 --expect 10.1.2.3|up|
dns resolvers before resolver|dns|www.test|--resolver 10.99.0.200:9109 --resolvers 10.99.0.200 --expect 10.99.|up|
tcp by own resolvers|tcp|whatever.nowhere:80|--resolvers 10.99.0.200:9109|down|connect 10.1.2.3:80: .*
EOF

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
node_stop
is "the daemon ends well" "$status" 0
done_testing
