#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Unplugs the dummy panel again and again, under touch, and watches what becomes of the virtio touch screen's fingers.

input-replug.py SOCKET TRACE COUNT SEED

SOCKET is the dummy's control socket, TRACE the file in which it logs its frames. Three of four times the panel is
unplugged some time after its fingers are seen at the event node, each fourth time soon after it is plugged in, whatever
is going on then. Status 1 when a finger outlived its panel, or a panel's touches were not seen.
"""

import bisect
import fcntl
import os
import random
import select
import socket
import statistics
import struct
import sys
import time

from event_node import open_event_node

EVENT = struct.Struct("llHHi")
EV_SYN, EV_ABS, ABS_MT_SLOT, ABS_MT_TRACKING_ID = 0, 3, 0x2f, 0x39
SYN_REPORT, SYN_DROPPED = 0, 3
SLOTS = 10

# Seconds. Bounds against hangs, no measurements: panel, daemon and driver share two emulated processors.
LIFT_BOUND, TOUCH_BOUND, PANEL_BOUND = 20, 20, 60


class Watch:
    """The event node, the kernel's announcements, and the panel's answers. Times are those of CLOCK_MONOTONIC."""

    def __init__(self, path):
        self.node = open_event_node(os.O_RDONLY)
        fcntl.ioctl(self.node, 0x400445a0, struct.pack("i", time.CLOCK_MONOTONIC))    # EVIOCSCLOCKID
        self.kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 15)    # NETLINK_KOBJECT_UEVENT
        self.kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.kernel.bind((0, 1))
        self.panel = socket.socket(socket.AF_UNIX)
        self.panel.connect(path)
        self.answers = b""
        self.came = self.gone = None         # when the hidraw node was announced, and its end
        self.down = {}                       # slot: tracking id
        self.touches = []                    # when fingers came
        self.left = {}                       # tracking id: when it left
        self.slot = 0
        self.dropping = False
        self.dropped = 0

    def resync(self):
        """What the kernel has after events were dropped."""
        buffer = bytearray(struct.pack("I", ABS_MT_TRACKING_ID) + bytes(4 * SLOTS))
        fcntl.ioctl(self.node, 0x8000450a | len(buffer) << 16, buffer)    # EVIOCGMTSLOTS
        ids = struct.unpack(f"{SLOTS}i", buffer[4:])
        self.down = {slot: id for slot, id in enumerate(ids) if id >= 0}

    def event(self, seconds, micros, kind, code, value):
        now = seconds + micros / 1e6
        if (kind, code) == (EV_SYN, SYN_DROPPED):
            self.dropping = True
            self.dropped += 1
        elif self.dropping:
            if (kind, code) == (EV_SYN, SYN_REPORT):
                self.dropping = False
                self.resync()
        elif (kind, code) == (EV_ABS, ABS_MT_SLOT):
            self.slot = value
        elif (kind, code) == (EV_ABS, ABS_MT_TRACKING_ID):
            if self.slot in self.down:
                self.left[self.down.pop(self.slot)] = now
            if value >= 0:
                self.down[self.slot] = value
                self.touches.append(now)

    def uevent(self, message):
        words = message.split(b"\0")
        if b"SUBSYSTEM=hidraw" in words and b"1B3D:14C9" in words[0]:
            if words[0].startswith(b"add"):
                self.came = time.monotonic()
            elif words[0].startswith(b"remove"):
                self.gone = time.monotonic()

    def until(self, condition, seconds):
        """Whether the condition came true in time."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            ready = select.select([self.node, self.kernel, self.panel], [], [], max(left, 0))[0]
            if not ready:
                return False
            if self.node in ready:
                for event in EVENT.iter_unpack(os.read(self.node, 64 * EVENT.size)):
                    self.event(*event)
            if self.kernel in ready:
                self.uevent(self.kernel.recv(8192))
            if self.panel in ready:
                answer = self.panel.recv(4096)
                if not answer:
                    sys.exit("the panel has gone away")
                self.answers += answer
        return True

    def send(self, commands):
        self.panel.sendall(";".join(commands).encode() + b"\n")

    def answered(self):
        """The answer to the oldest line that has none yet."""
        if not self.until(lambda: b"\n" in self.answers, PANEL_BOUND):
            sys.exit("the panel does not answer")
        line, self.answers = self.answers.split(b"\n", 1)
        if not line.startswith(b"ok"):
            sys.exit(line.decode())


def moves(chance, count):
    """Two fingers, one of them moving: they stay when this ends."""
    commands = ["down 0 0.3 0.3"]
    for _ in range(count):
        commands += [f"down 1 {chance.uniform(0.4, 0.9):.3f} {chance.uniform(0.1, 0.9):.3f}", "wait 8"]
    return commands


class Run:
    """What happened in all rounds; lists are of seconds."""

    def __init__(self, watch, chance):
        self.watch = watch
        self.chance = chance
        self.rounds = self.under_touch = self.stuck = self.unseen = 0
        self.lifts = []                      # from the announcement of the node's end
        self.returns = []                    # (announcement of the node, first finger)

    def unplug(self, *then):
        """At some moment of a movement; returns when the panel is there again and has done the rest."""
        watch = self.watch
        watch.came = watch.gone = None
        away = 1 + int(self.chance.random() ** 2 * 100)
        watch.send([*moves(self.chance, self.chance.randrange(12)), f"replug {away}", *then])
        watch.answered()
        if not watch.until(lambda: watch.gone and watch.came, PANEL_BOUND):
            sys.exit("the kernel did not announce the panel")
        self.rounds += 1

    def touch(self, count):
        """Move fingers until more than @count were seen to come."""
        watch = self.watch
        end = time.monotonic() + TOUCH_BOUND
        while len(watch.touches) == count and time.monotonic() < end:
            watch.send(moves(self.chance, 2))
            watch.answered()
            watch.until(lambda: len(watch.touches) > count, 0.05)
        self.unseen += len(watch.touches) == count

    def under_fingers(self):
        watch = self.watch
        old = set(watch.down.values())
        before = len(watch.touches)
        self.under_touch += bool(old)
        # Fingers that touch while the daemon takes the panel, so that its delay shows.
        self.unplug(*moves(self.chance, 40))
        if not watch.until(lambda: not old & set(watch.down.values()), LIFT_BOUND):
            self.stuck += 1
        lifts = [watch.left[finger] for finger in old if finger in watch.left]
        if lifts:
            self.lifts.append(max(lifts) - watch.gone)
        self.touch(before)
        if len(watch.touches) > before:
            self.returns.append((watch.came, watch.touches[before]))

    def blindly(self):
        watch = self.watch
        self.unplug()
        if not watch.until(lambda: not watch.down, LIFT_BOUND):
            self.stuck += 1
        self.touch(len(watch.touches))

    def report(self, trace):
        print(f"unplugged={self.rounds} under_touch={self.under_touch} stuck={self.stuck} unseen={self.unseen}"
              f" dropped={self.watch.dropped}")
        sent = [int(line.split()[1]) / 1e6 for line in trace if line.startswith("F ") and line.split()[2] != "0"]
        own = [sent[bisect.bisect(sent, came)] - came for came, _ in self.returns]
        for name, times in (("fingers lifted, from the node's end", self.lifts),
                            ("the panel's own first touch, from the node's return", own),
                            ("the driver's first touch, from the node's return", [b - a for a, b in self.returns])):
            if times:
                print(f"{name}: median {statistics.median(times) * 1000:.1f} ms, "
                      f"max {max(times) * 1000:.1f} ms of {len(times)}")


def main(path, trace, count, seed):
    watch = Watch(path)
    run = Run(watch, random.Random(seed))
    run.touch(0)
    for i in range(int(count)):
        if i % 4 == 3:
            run.blindly()
        else:
            run.under_fingers()
        if i % 100 == 99:
            print("after", i + 1, "unplugs:", run.stuck, "stuck,", run.unseen, "unseen", flush=True)
    watch.send(["lift"])
    watch.answered()
    stay = not watch.until(lambda: not watch.down, LIFT_BOUND)
    with open(trace, encoding="utf-8") as lines:
        run.report(lines)
    return bool(run.stuck or run.unseen or stay)


sys.exit(main(*sys.argv[1:]))
