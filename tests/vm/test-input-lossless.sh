#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119 # functions of input-lib.sh take options, or none
# 100,000 reports of ten fingers at 1000 a second, the most that a full-speed USB panel can send (under emulation at as
# many as it manages): every frame arrives at the event node of the stock driver, in order, and nothing else does. Then
# the other layouts.
# All take turns on one CPU, see one_cpu of input-lib.sh.
# timeout: 1200
# shellcheck source=tests/vm/input-lib.sh
. /repo/tests/vm/input-lib.sh

at_exit unload_module
at_exit stop_all
at_exit show_logs
ok "the module loads" load_module || bail_out "no module"

# lossless NAME VARIANT RATE FRAMES REPORTS
lossless() {
	start_panel --variant="$2" --rate="$3" && start_daemon && start_adapter && start_reader
	begin=$(date +%s)
	panel "flood $4 10" >"$work/panel.out"
	diag "$(cat "$work/panel.out"), $(($(date +%s) - begin)) s"
	ok "$1: the reader was quick enough" reader_ends
	compare >"$work/compare.out" 2>&1
	is $? 0 "$1: what arrived is what was sent"
	is "$(cat "$work/compare.out")" "frames=$4 matched=$4 unexpected=0 left_down=0" "$1: and it is all"
	stop_pid TERM "$adapter_pid"
	stop_pid TERM "$daemon_pid"
	is $? 0 "$1: the daemon ends with 0"
	adapter_pid='' daemon_pid=''
	diag "$(tail -n 1 "$work/daemon.log")"
	is "$(counter reports)" "$5" "$1: all reports were read"
	is "$(counter overflows)" 0 "$1: nothing was skipped"
	# two frames more than the panel had: at its start the driver is told the level, and that no finger is down
	is "$(counter 'events sent [0-9]* in')" $(($4 + 2)) "$1: each frame went to the driver once"
	stop_all
}

one_cpu
# With KASAN and lockdep a report costs ten times as much; there it is the kernel that is tested, and a part will do.
most=$(many_or_few 100000 3000)
lossless "ten contacts a report" ten 1000 "$most" "$most"
lossless "five contacts a report" five 500 2500 5000
lossless "one contact a report" serial 100 500 5000
lossless "between mouse and pen" mixed 1000 5000 5000
done_testing
