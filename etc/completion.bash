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

# bash completion for quptimectl(8).
# shellcheck shell=bash disable=SC2207

_quptimectl_names()
{
	quptimectl show "$1" 2>/dev/null |
	    awk 'NR > 1 && !/^ / { print $1 }'
}

_quptimectl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} i words
	local -a cmd=()

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-D|-s)
			((i++))
			;;
		-*)
			;;
		*)
			cmd+=("${COMP_WORDS[i]}")
			;;
		esac
	done
	case ${COMP_WORDS[COMP_CWORD-1]} in
	-D)
		COMPREPLY=($(compgen -d -- "$cur"))
		return
		;;
	-s|--*-file)
		COMPREPLY=($(compgen -f -- "$cur"))
		return
		;;
	--record)
		COMPREPLY=($(compgen -W "a aaaa cname mx ns txt" -- "$cur"))
		return
		;;
	--state)
		COMPREPLY=($(compgen -W "down recovered up" -- "$cur"))
		return
		;;
	--alerts)
		COMPREPLY=($(compgen -W "$(_quptimectl_names alerts)" -- \
		    "$cur"))
		return
		;;
	esac

	case "${cmd[*]}" in
	"")
		words="alert apply check cluster enroll export init join log
		    monitor node peer reload resolvers show status trust -D -j
		    -s -V"
		;;
	alert)
		words="add default disable edit enable list remove test"
		;;
	"alert add")
		words="discord smtp webhook"
		;;
	"alert add discord "*)
		words="--body --body-file --default --subject --subject-file
		    --webhook --webhook-file"
		;;
	"alert add smtp "*)
		words="--body --body-file --default --from --host --password
		    --password-file --port --starttls --subject --subject-file
		    --to --user"
		;;
	"alert add webhook "*)
		words="--body --body-file --default --subject --subject-file
		    --url --url-file"
		;;
	"alert default "*)
		words="off on"
		;;
	"alert edit "*)
		words="--body --body-file --default --from --host --name
		    --password --password-file --port --starttls --subject
		    --subject-file --to --url --url-file --user --webhook
		    --webhook-file"
		;;
	"alert default"|"alert disable"|"alert edit"|"alert enable"|\
	"alert remove"|"alert test")
		words=$(_quptimectl_names alerts)
		;;
	check)
		words="add disable edit enable list remove test"
		;;
	"check test "*)
		words="--state"
		;;
	"check add")
		words="dns http icmp tcp tls"
		;;
	"check add dns "*)
		words="--alerts --expect --interval --record --resolver
		    --resolvers --timeout"
		;;
	"check add http "*)
		words="--alerts --body-match --expect --interval --resolvers
		    --timeout"
		;;
	"check add icmp "*|"check add tcp "*)
		words="--alerts --interval --resolvers --timeout"
		;;
	"check add tls "*)
		words="--alerts --interval --resolvers --sni --timeout
		    --warn-days"
		;;
	"check edit "*)
		words="--alerts --body-match --expect --interval --name
		    --record --resolver --resolvers --sni --target --timeout
		    --warn-days"
		;;
	"check disable"|"check edit"|"check enable"|"check remove"|\
	"check test"|"show checks")
		words=$(_quptimectl_names checks)
		;;
	apply)
		COMPREPLY=($(compgen -f -W "-n" -- "$cur"))
		return
		;;
	cluster)
		words="resolvers upgrade"
		;;
	enroll)
		words="approve create join list revoke"
		;;
	"enroll approve"|"enroll revoke")
		words=$(_quptimectl_names tokens)
		;;
	"enroll create"*)
		words="--auto-approve --name --ttl"
		;;
	"enroll join "*|"join "*)
		words="--advertise --yes"
		;;
	export*)
		words="--secrets"
		;;
	node|peer)
		words="edit list remove"
		;;
	"node edit"|"node remove"|"peer edit"|"peer remove")
		words=$(_quptimectl_names peers)
		;;
	"node edit "*|"peer edit "*)
		words="--address --advertise"
		;;
	resolvers|"cluster resolvers")
		words="clear list set show"
		;;
	trust)
		words="list remove"
		;;
	"trust remove")
		words=$(_quptimectl_names trust)
		;;
	init*)
		words="--advertise --bind --port"
		;;
	log)
		words="brief verbose"
		;;
	show)
		words="alerts checks peers resolvers sandbox status tokens
		    trust version"
		;;
	*)
		return
		;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _quptimectl quptimectl
