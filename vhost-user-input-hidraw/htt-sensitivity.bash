# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# bash completion of htt-sensitivity(1)

# The words of the command line that are no options, without the program and the one at the cursor
_htt_sensitivity_words()
{
	local i
	words=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--serial | --path | --timeout) [[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++)); ((i++)) ;;
		-* | '=') ;;
		*) words+=("${COMP_WORDS[i]}") ;;
		esac
	done
}

_htt_sensitivity()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} choice='' words

	# --option=VALUE comes as three words
	[[ $cur == '=' ]] && cur=''
	[[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
	case $prev in
	--serial)
		choice=$(htt-sensitivity list --json 2>/dev/null | sed -n 's/.*"serial": "\([^"\\]*\)".*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$choice" -- "$cur")
		return ;;
	--path)
		mapfile -t COMPREPLY < <(compgen -G "${cur:-/dev/hidraw}*"; compgen -G "${cur:-/dev/input/event}*")
		return ;;
	--timeout) return ;;
	esac
	if [[ $cur == -* ]]; then
		choice='--serial= --path= --timeout= --json --save --yes --help --usage --version'
		mapfile -t COMPREPLY < <(compgen -W "$choice" -- "$cur")
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
		return
	fi
	_htt_sensitivity_words
	case "${words[*]}" in
	'') choice='list get set watch settings' ;;
	set) choice='normal high extra' ;;
	settings) choice='show rotation backlight fade dimming feedback haptic piezo alarm threshold calibrate factory-reset' ;;
	'settings rotation') choice='0 90 180 270' ;;
	'settings feedback') choice='none haptic piezo both' ;;
	'settings dimming' | 'settings alarm') choice='off' ;;
	'settings alarm '[0-9]*) [[ ${#words[@]} -eq 3 ]] && choice='forever' ;;
	'settings factory-reset') choice='--yes' ;;
	'settings backlight '* | 'settings fade '*) choice='--save' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$choice" -- "$cur")
}

complete -F _htt_sensitivity htt-sensitivity
