# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# For the gpio-*.t: with_chip COMMAND... runs it with a chip in a file of its own, and the daemon's options behind it.
with_chip() {
	dir=$(mktemp -d /tmp/vhu-gpio-XXXXXX)
	export GPIO_CHIP="$dir/chip"
	"$@" --chip="$GPIO_CHIP" --lines=3=button/active-low,2=lamp/safe=1,1=RESET/ro,0,5=kept/keep
	status=$?
	rm -rf "$dir"
	exit $status
}
