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

"""What the stand-in node and the hostile one share: identities, TLS, frames.

Written from the description of the protocol; the standard library and
openssl(1) are all it wants.
"""

import asyncio
import ctypes
import datetime
import hashlib
import json
import os
import socket
import ssl
import struct
import subprocess
import _ssl

FRAME_MAX = 16 * 1024 * 1024
ZERO_TIME = '0001-01-01T00:00:00Z'

# The ssl module checks a certificate or does not ask for one; nodes ask for
# one and then look at its key only.  This function of OpenSSL is not wrapped.
_lib = ctypes.CDLL(_ssl.__file__)
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_any_certificate = _CALLBACK(lambda store, arg: 1)


def accept_any(context):
    """Has the context take every certificate the other side presents."""
    head = object.__basicsize__
    pointer = ctypes.c_void_p.from_address(id(context) + head)
    _lib.SSL_CTX_set_cert_verify_callback(pointer, _any_certificate, None)


def _element(data, at):
    """Of the DER element at that place: where its content begins and ends."""
    length = data[at + 1]
    start = at + 2
    if length & 0x80:
        n = length & 0x7f
        length = int.from_bytes(data[start:start + n], 'big')
        start += n
    return start, start + length


def _public_key_info(der):
    at, _ = _element(der, 0)            # Certificate
    at, _ = _element(der, at)           # TBSCertificate
    if der[at] == 0xa0:                 # version
        _, at = _element(der, at)
    for _ in range(5):      # serial, algorithm, issuer, validity, subject
        subject = at
        _, at = _element(der, at)
    _, end = _element(der, at)
    return subject, der[at:end]


def fingerprint(der):
    return 'sha256:' + hashlib.sha256(_public_key_info(der)[1]).hexdigest()


def common_name(der):
    subject, _ = _public_key_info(der)
    start, end = _element(der, subject)
    at = der.find(b'\x06\x03\x55\x04\x03', start, end)
    if at < 0:
        return ''
    start, end = _element(der, at + 5)
    return der[start:end].decode('utf-8', 'replace')


class Identity:
    """A key, its certificate and the node id they were made for."""

    def __init__(self, directory):
        self.cert_file = os.path.join(directory, 'keys', 'cert.pem')
        self.key_file = os.path.join(directory, 'keys', 'private.pem')
        with open(self.cert_file) as f:
            self.cert_pem = f.read()
        der = ssl.PEM_cert_to_DER_cert(self.cert_pem)
        self.id = common_name(der)
        self.fingerprint = fingerprint(der)

    @classmethod
    def make(cls, directory, node_id, kind='ec'):
        """The one in the directory, made if there is none."""
        keys = os.path.join(directory, 'keys')
        if not os.path.exists(os.path.join(keys, 'cert.pem')):
            os.makedirs(keys, 0o700, exist_ok=True)
            algorithm = ['rsa:3072'] if kind == 'rsa' else \
                ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
            subprocess.run(
                ['openssl', 'req', '-x509', '-nodes', '-days', '3650',
                 '-subj', '/O=quptime/CN=' + node_id, '-newkey'] +
                algorithm + ['-keyout', os.path.join(keys, 'private.pem'),
                             '-out', os.path.join(keys, 'cert.pem')],
                check=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return cls(directory)

    def context(self, server, alpn=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else
                                 ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.cert_file, self.key_file)
        context.verify_mode = ssl.CERT_REQUIRED
        if alpn:
            context.set_alpn_protocols([alpn])
        accept_any(context)
        return context


def split_address(address):
    host, _, port = address.rpartition(':')
    return host.strip('[]'), int(port)


def frame(value):
    body = value if isinstance(value, bytes) else \
        json.dumps(value, separators=(',', ':'),
                   ensure_ascii=False).encode()
    return struct.pack('>I', len(body)) + body


async def read_frame(reader):
    """The body of the next frame; None at the end of the stream."""
    try:
        head = await reader.readexactly(4)
    except asyncio.IncompleteReadError as e:
        if not e.partial:
            return None
        raise
    length, = struct.unpack('>I', head)
    if length > FRAME_MAX:
        raise ValueError('frame of %d bytes' % length)
    return await reader.readexactly(length)


class CallError(Exception):
    """What the other side answered in place of a result."""


class Client:
    """One connection, one call at a time, as honest nodes do it."""

    _ids = 0

    def __init__(self, context, address, want=None):
        self.context = context
        self.address = address
        self.want = want                # fingerprint, None: any
        self.lock = asyncio.Lock()
        self.reader = self.writer = None
        self.der = None

    async def connect(self):
        host, port = split_address(self.address)
        self.reader, self.writer = await asyncio.open_connection(
            host, port, ssl=self.context, server_hostname='')
        tls = self.writer.get_extra_info('ssl_object')
        self.der = tls.getpeercert(True)
        got = fingerprint(self.der)
        if self.want is not None and got != self.want:
            self.close()
            raise CallError('fingerprint mismatch: got %s want %s' %
                            (got, self.want))

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None

    async def _call(self, method, params):
        async with self.lock:
            try:
                if self.writer is None:
                    await self.connect()
                Client._ids += 1
                self.writer.write(frame({'id': Client._ids, 'method': method,
                                         'params': params}))
                body = await read_frame(self.reader)
                if body is None:
                    raise ConnectionError('closed')
                answer = json.loads(body)
                if answer.get('error'):
                    raise CallError(answer['error'])
                return answer.get('result')
            except BaseException:
                self.close()
                raise

    async def call(self, method, params, limit):
        return await asyncio.wait_for(self._call(method, params), limit)


def now_text():
    now = datetime.datetime.now(datetime.timezone.utc)
    text = now.strftime('%Y-%m-%dT%H:%M:%S.%f').rstrip('0').rstrip('.')
    return text + 'Z'


def parse_time(text):
    """Seconds since 1970."""
    text = text.replace('Z', '+00:00')
    head, dot, tail = text.partition('.')
    if dot:
        sign = max(tail.find('+'), tail.find('-'))
        text = head + '.' + tail[:sign][:6].ljust(6, '0') + tail[sign:]
    return datetime.datetime.fromisoformat(text).timestamp()


def listen(host, port):
    """A listening socket; port 0 takes any."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(256)
    return sock
