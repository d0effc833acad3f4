# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# For tests/vm/test-kmod-*.sh, after tests/vm/lib.sh.

# run_with_module PROGRAM [PARAMETER=VALUE ...]: loads the module, runs build/tests/vm-kmod/PROGRAM, whose output is the
# test's, and unloads the module. Devices are unregistered after their file was closed, hence the wait.
run_with_module() {
	program=$1
	shift
	load_module "$@" || bail_out "the module does not load"
	# shellcheck disable=SC2154 # build is of tests/vm/lib.sh
	"$build/tests/vm-kmod/$program" || tap_failed=$((tap_failed + 1))
	eventually 30 unload_module || bail_out "the module cannot be unloaded: $(cat /sys/module/virtio_loopback/refcnt) references"
}
