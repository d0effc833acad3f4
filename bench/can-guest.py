# SPDX-License-Identifier: MIT
"""In the test machine: a CAN bus through virtio-loopback, and such a bus alone. Usage: can-guest.py RUNS COUNT SECONDS RATES (JSON)"""

import json
import os
import pathlib
import sys
import time

import guest

TRAFFIC = guest.BUILD / "bench/can-traffic"
SIZES = (8, 64)
QUEUE = 1000    # more than a socket may have under way, so that it waits instead of being refused


def make_bus(name, peer):
    """A pair of interfaces that take CAN FD."""
    guest.run("ip", "link", "add", name, "type", "vxcan", "peer", "name", peer)
    for end in (name, peer):
        guest.run("ip", "link", "set", end, "mtu", 72, "up")


def driver_interface():
    """The one that virtio_can made."""
    paths = list(pathlib.Path("/sys/devices/platform").glob("virtio-loopback.*/virtio*/net/*"))
    return paths and paths[0].name


def traffic(*words):
    """What the program prints, as numbers."""
    return [int(word) for word in guest.run(TRAFFIC, *words, timeout=120).split()]


def flow(sender, receiver, seconds, size):
    """Frames a second."""
    frames, elapsed = traffic("flow", sender, receiver, seconds, size)
    return frames / elapsed * 1e9


def load(sender, receiver, seconds, rate, size):
    """What a bus of that rate costs."""
    busy, began = guest.cpu_us()[0], time.monotonic()
    sent, in_time, received, elapsed = traffic("load", sender, receiver, seconds, rate, size)
    busy, whole = guest.cpu_us()[0] - busy, time.monotonic() - began
    return {"sent_s": sent / elapsed * 1e9, "arrived_s": in_time / elapsed * 1e9, "lost": sent - received,
            "busy": busy / 1e6 / whole / os.cpu_count()}


def turn(result, way, ends, count, seconds, rates):
    """Everything once, by one way: from the far end of the bus to the near one, and back."""
    near, far = ends
    result.setdefault("round-trip", {}).setdefault(way, []).append(traffic("trip", near, far, count))
    for size in SIZES:
        for direction, pair in (("to-driver", (far, near)), ("from-driver", (near, far))):
            result.setdefault(f"flow-{size}-{direction}", {}).setdefault(way, []).append(flow(*pair, seconds, size))
            result.setdefault(f"load-{size}-{direction}", {}).setdefault(way, []).append(
                load(*pair, seconds, rates[str(size)], size))


def measure(runs, count, seconds, rates):
    """{case: {way: [what each run found]}}"""
    result = {}
    guest.run("modprobe", "vxcan")
    with guest.Programs() as programs:
        guest.load_module()
        if not pathlib.Path("/sys/module/virtio_can").exists():
            guest.run("insmod", guest.MODULE.parent / "virtio_can/virtio_can.ko")
        make_bus("hw0", "hw1")
        make_bus("alone0", "alone1")
        socket = programs.work / "can.sock"
        programs.start("daemon", guest.BUILD / "vhost-user-can/vhost-user-can", f"--socket-path={socket}", "--interface=hw0")
        programs.start("adapter", guest.BUILD / "adapter/virtio-loopback-adapter", "--device", "can", "--socket-path", socket)
        try:
            driver = guest.wait_for("the interface of virtio_can", driver_interface)
            guest.run("ip", "link", "set", driver, "txqueuelen", QUEUE, "up")
            # the near end is the driver's or stands for it, the far one is the rest of the bus
            ways = {"loopback": (driver, "hw1"), "vxcan": ("alone0", "alone1")}
            for _ in range(runs):
                for way, ends in ways.items():
                    turn(result, way, ends, count, seconds, rates)
        except guest.GuestError as error:
            sys.exit(f"can-guest.py: {error}\n{programs.log()}")
    return result


print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), json.loads(sys.argv[4]))))
