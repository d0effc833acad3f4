#!/bin/sh
# SPDX-License-Identifier: MIT
# Interrupts of all types through vhost-user-gpio, counted one by one by a driver of our own (tests/vm-gpio): a simulated line
# toggles at 1 kHz, each toggle gives exactly the interrupts of the type. TOGGLES=N: so many each (1000, with KASAN 200).
# timeout: 600
# shellcheck source=tests/vm/gpio-lib.sh
. /repo/tests/vm/gpio-lib.sh

counter=$build/kmod/irq-count/$release/irq_count.ko
toggles=${TOGGLES:-$(many_or_few 1000 200)}

end_all() {
	rmmod irq_count 2>/dev/null
	stop_all
	remove_chip one
	unload_module
}
at_exit end_all
at_exit show_logs

# irqs TYPE HOLD OPTION...: with a driver that wants that type
irqs() {
	type=$1 hold=$2
	shift 2
	case $type in
	falling | low) press one 3 1 ;;
	*) press one 3 0 ;;
	esac
	insmod "$counter" chip="$(virtio_device)" line=0 type="$type" hold="$hold" || return
	"$build/tests/vm-gpio/gpio-irqs" --pull "$(sim one 3)/pull" --type "$type" --toggles "$toggles" "$@"
	status=$?
	rmmod irq_count || return
	return $status
}

# counted NAME TYPE HOLD OPTION...
counted() {
	name=$1
	shift
	ok "$name" irqs "$@"
	diag "$(cat "$work/ok.out")"
}

ok "the modules load" load_gpio || exit
make_chip one 8 3=KEY 4=OTHER
ok "the driver binds" start_gpio --chip one --lines KEY,OTHER || exit

counted "each rising edge is one interrupt" rising 0
counted "each falling edge is one" falling 0
counted "each edge of both is one" both 0
counted "each high level that asks for service is one" high 1
counted "each low level is one" low 1
for type in rising falling both; do
	counted "of $type edges while it is masked one is remembered" "$type" 1 --masked
done
for type in high low; do
	counted "a level that stays $type fires for each service, one that came and went does not" "$type" 1 --masked
done
for type in rising both; do
	counted "$type edges that do not wait for the driver: never more interrupts than edges" "$type" 0 --blind
done

# A level that nobody serves: the driver is in its interrupt again and again, the rest of the machine works.
press one 3 0
ok "a driver that does not serve its level" insmod "$counter" chip="$(virtio_device)" line=0 type=high
storms() {
	[ "$(dd if=/dev/irq-count bs=8 count=1 2>/dev/null | od -An -t d8 | tr -d ' ')" -gt 1000 ]
}
press one 3 1
ok "is interrupted for ever" eventually 60 storms
press one 4 1
is "$(gpioget "$vchip" 1)" 1 "another line can be read meanwhile"
press one 3 0
ok "and freed afterwards" rmmod irq_count
is "$(gpioget "$vchip" 0)" 0 "the line is an ordinary one again"
done_testing
