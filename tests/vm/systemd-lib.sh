# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# After lib.sh, for tests of units: a systemd that runs those in $units. It is a user's manager, root's, because process 1
# of the test machine is none; units, restarts and sandboxes are the same. Sockets that a unit and the test share belong
# into $manager, as units have a /tmp of their own.
# shellcheck disable=SC2154 # work is of lib.sh

manager=/run/test-manager
units=$manager/units
manager_cgroup=/sys/fs/cgroup/test-manager
manager_pid=

# systemctl ARGUMENT...: of that manager; never waits long
systemctl() {
	XDG_RUNTIME_DIR=$manager timeout $((60 * slower)) systemctl --user "$@"
}

start_manager() {
	at_exit stop_manager
	# It asks for these, which only a systemd as process 1 would have made.
	mkdir -p /run/systemd/system /run/systemd/inaccessible/dir "$units" $manager_cgroup
	: >/run/systemd/inaccessible/reg
	chmod 700 $manager
	# shellcheck disable=SC2016
	XDG_RUNTIME_DIR=$manager SYSTEMD_UNIT_PATH=$units: setsid sh -c \
		'echo $$ >"$1"/cgroup.procs && exec /lib/systemd/systemd --user' sh $manager_cgroup >"$work/manager.log" 2>&1 </dev/null &
	manager_pid=$!
	eventually 60 systemctl is-system-running --quiet
}

stop_manager() {
	[ -n "$manager_pid" ] || return 0
	systemctl exit
	wait "$manager_pid"
	rm -rf $manager /run/systemd
	find $manager_cgroup -depth -type d -exec rmdir {} \; 2>/dev/null
}

# log_to LOG UNIT: what UNIT says goes to $work/LOG
log_to() {
	mkdir -p "$units/$2.d"
	printf '[Service]\nStandardOutput=append:%s\nStandardError=inherit\n' "$work/$1" >"$units/$2.d/log.conf"
}

# main_pids UNIT...
main_pids() {
	systemctl show -P MainPID "$@"
}
