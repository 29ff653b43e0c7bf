#compdef quptimectl
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

# zsh completion for quptimectl(8).

_quptimectl_names()
{
	local -a names
	names=(${(f)"$(quptimectl show $1 2>/dev/null |
	    awk 'NR > 1 && !/^ / { print $1 }')"})
	compadd -a names
}

_quptimectl_alert()
{
	local -a text=(
		'--body[template of the text]:text:'
		'--body-file[template of the text]:file:_files'
		'--default[attach to every check]'
		'--subject[template of the subject]:text:'
		'--subject-file[template of the subject]:file:_files'
	)
	local -a smtp=(
		'--from[the sender]:address:'
		'--host[the server]:host:_hosts'
		'--password[for --user]:password:'
		'--password-file[for --user]:file:_files'
		'--port[the port of the server]:port:'
		'--starttls[insist on STARTTLS]'
		'--to[the receivers]:addresses:'
		'--user[log in as user]:user:'
	)
	local -a discord=(
		'--webhook[address of the webhook]:url:'
		'--webhook-file[address of the webhook]:file:_files'
	)
	local -a webhook=(
		'--url[where to post]:url:'
		'--url-file[where to post]:file:_files'
	)

	if ((CURRENT == 2)); then
		compadd add default disable edit enable list remove test
		return
	fi
	case $words[2] in
	add)
		if ((CURRENT == 3)); then
			compadd discord smtp webhook
			return
		fi
		case $words[3] in
		discord)	_arguments $text $discord ;;
		smtp)		_arguments $text $smtp ;;
		webhook)	_arguments $text $webhook ;;
		esac
		;;
	default)
		((CURRENT == 3)) && _quptimectl_names alerts
		((CURRENT == 4)) && compadd off on
		;;
	edit)
		if ((CURRENT == 3)); then
			_quptimectl_names alerts
		else
			_arguments '--name[rename]:name:' $text $smtp \
			    $discord $webhook
		fi
		;;
	disable|enable|remove|test)
		((CURRENT == 3)) && _quptimectl_names alerts
		;;
	esac
}

_quptimectl_check()
{
	local -a all=(
		'--alerts[channels beside the default ones]:names:'
		'--interval[between two probes]:duration:'
		'--resolvers[servers that resolve the target]:hosts:'
		'--timeout[for one probe]:duration:'
	)
	local -a expect=('--expect[what passes]:text:')
	local -a dns=(
		'--record[record type]:type:(a aaaa cname mx ns txt)'
		'--resolver[server to ask]:host:_hosts'
	)
	local -a http=('--body-match[what the body must contain]:text:')
	local -a tls=(
		'--sni[server name to ask for]:name:'
		'--warn-days[before the end of the certificate]:days:'
	)

	if ((CURRENT == 2)); then
		compadd add disable edit enable list remove test
		return
	fi
	case $words[2] in
	add)
		if ((CURRENT == 3)); then
			compadd dns http icmp tcp tls
			return
		fi
		case $words[3] in
		dns)		_arguments $all $expect $dns ;;
		http)		_arguments $all $expect $http ;;
		icmp|tcp)	_arguments $all ;;
		tls)		_arguments $all $tls ;;
		esac
		;;
	edit)
		if ((CURRENT == 3)); then
			_quptimectl_names checks
		else
			_arguments '--name[rename]:name:' \
			    '--target[another target]:target:' $all \
			    $expect $dns $http $tls
		fi
		;;
	test)
		if ((CURRENT == 3)); then
			_quptimectl_names checks
		else
			_arguments '--state[what is sent]:state:(down
			    recovered up)'
		fi
		;;
	disable|enable|remove)
		((CURRENT == 3)) && _quptimectl_names checks
		;;
	esac
}

_quptimectl_enroll()
{
	if ((CURRENT == 2)); then
		compadd approve create join list revoke
		return
	fi
	case $words[2] in
	approve|revoke)
		((CURRENT == 3)) && _quptimectl_names tokens
		;;
	join)
		_quptimectl_join
		;;
	create)
		_arguments '--auto-approve[let it in at once]' \
		    '--name[whom the token is for]:name:' \
		    '--ttl[how long it may be redeemed]:duration:'
		;;
	esac
}

# Behind the token.
_quptimectl_join()
{
	_arguments '--advertise[where others reach this node]:host\:port:' \
	    '--yes[ask nothing]' '*:token:'
}

_quptimectl_peer()
{
	if ((CURRENT == 2)); then
		compadd edit list remove
	elif ((CURRENT == 3)) && [[ $words[2] != list ]]; then
		_quptimectl_names peers
	elif [[ $words[2] == edit ]]; then
		_arguments '--address[where it is reached]:host\:port:' \
		    '--advertise[where it is reached]:host\:port:'
	fi
}

_quptimectl()
{
	local curcontext=$curcontext state line

	_arguments -C \
	    '-D[data directory]:directory:_directories' \
	    '-j[print JSON]' \
	    '-s[control socket]:socket:_files' \
	    '-V[print the version]' \
	    '*:: :->command'
	[[ $state == command ]] || return
	if ((CURRENT == 1)); then
		compadd alert apply check cluster enroll export init join log \
		    monitor node peer reload resolvers show status trust
		return
	fi
	case $words[1] in
	alert|check|enroll)
		_quptimectl_$words[1]
		;;
	apply)
		_arguments '-n[only show what differs]' '*:file:_files'
		;;
	cluster)
		if ((CURRENT == 2)); then
			compadd resolvers upgrade
		elif ((CURRENT == 3)); then
			compadd clear list set show
		fi
		;;
	export)
		_arguments '--secrets[print them as they are]'
		;;
	join)
		_quptimectl_join
		;;
	node|peer)
		_quptimectl_peer
		;;
	resolvers)
		((CURRENT == 2)) && compadd clear list set show
		;;
	trust)
		((CURRENT == 2)) && compadd list remove
		((CURRENT == 3)) && [[ $words[2] == remove ]] &&
		    _quptimectl_names trust
		;;
	init)
		_arguments '--advertise[how peers reach it]:address:' \
		    '--bind[listen address]:address:' '--port[port]:port:'
		;;
	log)
		compadd brief verbose
		;;
	show)
		if ((CURRENT == 2)); then
			compadd alerts checks peers resolvers sandbox \
			    status tokens trust version
		elif [[ $words[2] == checks ]]; then
			_quptimectl_names checks
		fi
		;;
	esac
}

_quptimectl "$@"
