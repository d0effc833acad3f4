# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# For tests that run in the guest: TAP, waiting, the module. Source it first:
#
#	. /repo/tests/vm/lib.sh
#	plan 3
#	ok "the module loads" load_module
#	is "$(cat /sys/...)" 64 "64 devices are there"
#	eventually 5 test -e /dev/input/event3 || diag "no node"
#
# Without plan, end with done_testing. What at_exit was given runs when the test ends, however it ends.

set -u
export PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# These are for the tests
# shellcheck disable=SC2034
repo=/repo
build=/repo/build
release=$(uname -r)
module=$build/kmod/$release/virtio_loopback.ko
work=$(mktemp -d /tmp/test.XXXXXX)
# With KASAN and lockdep all takes about five times as long. Bounds of the test's own are multiplied by this; those
# of the module and the adapter stay what they are.
case $release in
*-debug) slower=5 ;;
*) slower=1 ;;
esac

tap_count=0
tap_failed=0
tap_planned=
tap_cleanup=

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

plan() {
	tap_planned=$1
	echo "1..$1"
}

done_testing() {
	echo "1..$tap_count"
	tap_planned=$tap_count
}

pass() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

fail() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
}

# ok NAME COMMAND...: passes when the command succeeds; its output becomes diagnostics when it does not
ok() {
	tap_name=$1
	shift
	"$@" >"$work/ok.out" 2>&1
	tap_status=$?
	if [ "$tap_status" -eq 0 ]; then
		pass "$tap_name"
	else
		fail "$tap_name"
		diag "status $tap_status of: $*"
		sed 's/^/# /' "$work/ok.out"
		return 1
	fi
}

# not_ok NAME COMMAND...: passes when the command fails with an ordinary status (a crash is not a refusal)
not_ok() {
	tap_name=$1
	shift
	"$@" >"$work/ok.out" 2>&1
	tap_status=$?
	if [ "$tap_status" -gt 0 ] && [ "$tap_status" -lt 124 ]; then
		pass "$tap_name"
	else
		fail "$tap_name"
		diag "status $tap_status of: $*"
		sed 's/^/# /' "$work/ok.out"
		return 1
	fi
}

# is GOT WANTED NAME
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag "     got: $1"
		diag "expected: $2"
		return 1
	fi
}

# eventually SECONDS COMMAND...: repeats it, ten times a second, until it succeeds; $slower times as long, and so often that
# the command's own time does not count. The command may use it, too
eventually() {
	read -r tap_now _ </proc/uptime
	tap_seconds=$1
	shift
	tap_repeat $((tap_seconds * 10)) $((${tap_now%%.*} + tap_seconds * slower)) "$@"
}

# tap_repeat TIMES UPTIME COMMAND...: both are kept as arguments, for a variable would be that of a command that waits itself
tap_repeat() {
	until tap_attempt "$@" >/dev/null 2>&1; do
		read -r tap_now _ </proc/uptime
		[ "$1" -gt 1 ] || [ "${tap_now%%.*}" -lt "$2" ] || return 1
		tap_left=$(($1 - 1)) tap_until=$2
		shift 2
		set -- "$tap_left" "$tap_until" "$@"
		sleep 0.1
	done
}

tap_attempt() {
	shift 2
	"$@"
}

# within SECONDS COMMAND...: which is ended when it takes longer; $slower times as long
within() {
	tap_bound=$(($1 * slower))
	shift
	timeout $tap_bound "$@"
}

# many_or_few N M: how large a load is: N, on a kernel that is slower M. A test that uses it says so in its head, and prints the
# number.
many_or_few() {
	if [ $slower -eq 1 ]; then echo "$1"; else echo "$2"; fi
}

at_exit() {
	tap_cleanup="$*
$tap_cleanup"
}

bail_out() {
	echo "Bail out! $*"
	exit 1
}

load_module() {
	modprobe virtio_input 2>/dev/null || true
	insmod "$module" "$@"
}

# Devices go in their own time, those of killed adapters after the module's stop_timeout_ms.
unload_module() {
	unload_left=$((200 * slower))
	while [ -d /sys/module/virtio_loopback ] && ! rmmod virtio_loopback 2>"$work/rmmod.out"; do
		unload_left=$((unload_left - 1))
		[ $unload_left -gt 0 ] || { cat "$work/rmmod.out" >&2; return 1; }
		sleep 0.1
	done
}

tap_end() {
	tap_exit=$?
	trap - EXIT
	eval "$tap_cleanup"
	rm -rf "$work"
	if [ -n "$tap_planned" ] && [ "$tap_planned" -ne "$tap_count" ]; then
		diag "planned $tap_planned tests but ran $tap_count"
		exit 1
	fi
	[ "$tap_exit" -ne 0 ] || [ "$tap_failed" -eq 0 ] || tap_exit=1
	exit "$tap_exit"
}
trap tap_end EXIT
trap 'exit 143' TERM INT HUP
