#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The event node of the virtio touch screen as a guest sees it: sensitivity, axes.

input-node.py get               print the level and the highest one, or nothing when there is none
input-node.py set LEVEL [SECS]  ask for it and wait for the answer; status 1 when it does not come
input-node.py until LEVEL SECS   wait until this is the level; status 1 when it does not come
input-node.py send TYPE CODE VALUE [COUNT]   write these events
input-node.py burst VALUE...    ask by these, without a pause
input-node.py watch SECS        print the levels that are told
input-node.py axis CODE         print least and greatest value and resolution
"""

import fcntl
import os
import select
import struct
import sys
import time

from event_node import open_event_node

EV_ABS, EV_MSC, ABS_MISC, MSC_RAW = 3, 4, 0x28, 3
EVENT = struct.Struct("llHHi")


def bits(node, kind):
    buffer = bytearray(96)
    fcntl.ioctl(node, 0x80004520 + kind | len(buffer) << 16, buffer)
    return int.from_bytes(buffer, "little")


def has_levels(node):
    return bits(node, EV_ABS) >> ABS_MISC & 1 and bits(node, EV_MSC) >> MSC_RAW & 1


def axis(node, code):
    """EVIOCGABS: value, minimum, maximum, fuzz, flat, resolution."""
    buffer = bytearray(24)
    fcntl.ioctl(node, 0x80184540 + code, buffer)
    return struct.unpack("6i", buffer)


def state(node):
    """The level and the highest one."""
    return axis(node, ABS_MISC)[0:3:2]


def send(node, kind, code, value, count=1):
    if value >= 1 << 31:
        value -= 1 << 32
    for _ in range(count):
        os.write(node, EVENT.pack(0, 0, kind, code, value) + EVENT.pack(0, 0, 0, 0, 0))


def told(node, seconds):
    """The levels that are told from now on."""
    end = time.monotonic() + seconds
    while select.select([node], [], [], max(0, end - time.monotonic()))[0]:
        for event in EVENT.iter_unpack(os.read(node, 64 * EVENT.size)):
            if event[2:4] == (EV_ABS, ABS_MISC):
                yield event[4]


def main(command, *args):
    numbers = [int(arg, 0) for arg in args]
    node = open_event_node(os.O_RDWR)
    if command == "get":
        if has_levels(node):
            print(*state(node))
    elif command == "set":
        send(node, EV_MSC, MSC_RAW, 7 | numbers[0] << 8)
        if state(node)[0] != numbers[0]:
            limit = numbers[1] if len(numbers) > 1 else 60
            sys.exit(not any(level == numbers[0] for level in told(node, limit)))
    elif command == "until":
        end = time.monotonic() + numbers[1]
        while state(node)[0] != numbers[0] and time.monotonic() < end:
            time.sleep(0.05)
        sys.exit(state(node)[0] != numbers[0])
    elif command == "send":
        send(node, *numbers)
    elif command == "burst":
        for value in numbers:
            send(node, EV_MSC, MSC_RAW, value)
    elif command == "axis":
        _, least, greatest, _, _, resolution = axis(node, numbers[0])
        print(least, greatest, resolution)
    elif command == "watch":
        for level in told(node, numbers[0]):
            print(level, flush=True)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
