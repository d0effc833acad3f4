# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# For tests/vm/test-kmod-*.sh, after tests/vm/lib.sh.

# For tests in which no answer is meant to come too late: on a machine that stands still one may, and then the device goes. Less
# than the 20 s after which the kernel calls a task hung
# shellcheck disable=SC2034 # of the tests
patient=stop_timeout_ms=15000

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

# with_virtio_can PROGRAM: run_with_module, patient, with our virtio_can driver. Afterwards the driver is unloaded, and loaded once
# more: what it left behind would be seen then.
with_virtio_can() {
	modprobe can-dev 2>/dev/null
	# shellcheck disable=SC2154 # module is of tests/vm/lib.sh
	driver=$(dirname "$module")/virtio_can/virtio_can.ko
	insmod "$driver" || bail_out "the driver does not load"
	at_exit 'rmmod virtio_can'
	run_with_module "$1" "$patient"
	rmmod virtio_can || bail_out "the driver does not unload"
	insmod "$driver"
}
