# SPDX-License-Identifier: MIT
"""In the test machine: a simulated GPIO chip, half of it through virtio-loopback. Usage: gpio-guest.py RUNS COUNT"""

import json
import pathlib
import re
import sys

import guest

SIM = pathlib.Path("/sys/kernel/config/gpio-sim/bench")
# Offsets on the chip of the line that is driven and of the one that interrupts
NATIVE = (0, 1)
LOOPBACK = (2, 3)


def make_chip():
    """The chip's name, and the folder with its lines' attributes."""
    guest.run("modprobe", "-a", "gpio_sim", "gpio_virtio")
    (SIM / "bank").mkdir(parents=True)
    (SIM / "bank/num_lines").write_text("4")
    (SIM / "bank/label").write_text("bench")
    (SIM / "live").write_text("1")
    name = (SIM / "bank/chip_name").read_text().strip()
    return name, pathlib.Path("/sys/devices/platform") / (SIM / "dev_name").read_text().strip() / name


def remove_chip():
    """Away with it."""
    (SIM / "live").write_text("0")
    (SIM / "bank").rmdir()
    SIM.rmdir()


def virtual_chip():
    """The name of the chip that the virtio driver made."""
    match = re.search(r"^(gpiochip\d+) \[virtio\d+\]", guest.run("gpiodetect"), re.MULTILINE)
    return match and match[1]


def measure(runs, count):
    """The program's lines."""
    chip, folder = make_chip()
    with guest.Programs() as programs:
        guest.load_module()
        socket = programs.work / "gpio.sock"
        programs.start("daemon", guest.BUILD / "vhost-user-gpio/vhost-user-gpio", f"--socket-path={socket}", "--chip=bench",
                       f"--lines={','.join(map(str, LOOPBACK))}")
        programs.start("adapter", guest.BUILD / "adapter/virtio-loopback-adapter", "--device", "gpio", "--socket-path", socket)
        try:
            virtual = guest.wait_for("the GPIO chip of gpio-virtio", virtual_chip)
            ways = [f"native:/dev/{chip}:{NATIVE[0]}:{NATIVE[1]}:{folder}/sim_gpio{NATIVE[1]}/pull",
                    f"loopback:/dev/{virtual}:0:1:{folder}/sim_gpio{LOOPBACK[1]}/pull"]
            lines = guest.run(guest.BUILD / "bench/gpio-latency", runs, count, *ways, timeout=500).splitlines()
        except guest.GuestError as error:
            sys.exit(f"gpio-guest.py: {error}\n{programs.log()}")
    remove_chip()
    return lines


print(json.dumps(measure(*map(int, sys.argv[1:3]))))
