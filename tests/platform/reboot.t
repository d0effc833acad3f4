#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A machine whose daemons are stopped reboots all the same: with the disk of one mounted and dirty, at once (reboot -f) and
# in order (systemctl reboot). Seen from outside, where the machine ends.

set -u
cd "$(dirname "$0")/../.." || exit 1

name=reboot
log=$(mktemp)
trap 'tools/vm stop --name $name 2>/dev/null; rm -f "$log"' EXIT
# Seconds: stop_timeout_ms and --stall-timeout for each device at worst, the end of what systemd stops, and a slow machine
bound=90
n=0
failed=0
result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=$((failed + 1))
		sed 's/^/# /' "$log"
		tail -n 30 "build/vm/$name/console.log" | sed 's/^/# /'
	fi
}

# set_up WHO: a mounted disk with dirty pages, a touch panel, an entropy source; then their daemons (or all) are stopped
set_up() {
	tools/vm exec --name $name --no-input --timeout 300 -- sh /repo/tests/platform/reboot-setup "$1" >"$log" 2>&1
}

running() {
	tools/vm status | grep -q "^$name .*running"
}

# reboots HOW: and how long that takes
reboots() {
	began=$SECONDS
	tools/vm exec --name $name --no-input --timeout $((bound * 2)) -- sh -c "$1" >"$log" 2>&1 &
	while running && [ $((SECONDS - began)) -lt $((bound * 2)) ]; do
		sleep 0.2
	done
	took=$((SECONDS - began))
	! running
}

# try START-OPTION STOPPED HOW
try() {
	# shellcheck disable=SC2086 # an option or none
	tools/vm start --name $name $1 >"$log" 2>&1 && set_up "$2"
	result $? "a machine with a mounted disk, a panel and an entropy source, and $2 stopped"
	reboots "$3"
	status=$?
	[ $status -ne 0 ] || [ $took -le $bound ] || status=1
	result $status "'$3' gets through ($took s of $bound)"
	grep -qE 'blocked for more than|WARNING:|BUG:|Oops' "build/vm/$name/console.log"
	result $((! $?)) "without a report of the kernel"
	tools/vm stop --name $name 2>/dev/null
}

kdir=$(tools/vm kdir) && make user kmod KDIR="$kdir" >"$log" 2>&1
result $? "built"
try "" daemons "reboot -f"
# Nobody is left to notice that I/O does not end, so without sync
try "" all "reboot -f -n"
try "" daemons "sync; reboot -f -n"
try --systemd daemons "systemctl reboot; sleep 300"
echo "1..$n"
exit $((failed > 0))
