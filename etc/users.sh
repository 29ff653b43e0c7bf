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

# The daemon's users and group: made now if that is possible, else how.

set -u
[ -z "${DESTDIR-}" ] || exit 0

if command -v systemd-sysusers >/dev/null && [ "$(id -u)" -eq 0 ]; then
	exec systemd-sysusers "$SYSUSERSDIR/quptimed.conf"
fi
for u in _quptimed _quptimeq; do
	if ! id $u >/dev/null 2>&1; then
		echo "there is no user $u: add the users _quptimed and" \
		    "_quptimeq and the group quptime,"
		echo "with systemd-sysusers(8) or useradd(8)." \
		    "Until then the daemon runs its children as nobody."
		break
	fi
done
