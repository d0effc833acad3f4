# SPDX-License-Identifier: MIT
"""In the test machine: a console port whose other end is a terminal, and a terminal alone. Usage: console-guest.py RUNS COUNT SECONDS"""

import contextlib
import json
import os
import pathlib
import signal
import sys
import time
import tty

import guest

MESSAGE = b"x" * 64
BLOCK = b"y" * 4096
PORTS = pathlib.Path("/sys/class/virtio-ports")


@contextlib.contextmanager
def child(function, *args):
    """A process that does it, again and again if need be, until we are done."""
    pid = os.fork()
    if pid == 0:
        try:
            function(*args)
        finally:
            os._exit(0)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def echo(end):
    """Whatever comes goes back."""
    while data := os.read(end, 65536):
        os.write(end, data)


def flood(end):
    """Without end."""
    while True:
        os.write(end, BLOCK)


def read_exactly(end, left):
    """That many bytes, whatever they are."""
    while left:
        left -= len(os.read(end, left))


def round_trips(far, near, count):
    """Nanoseconds of each."""
    samples = []
    with child(echo, far):
        for _ in range(count):
            began = time.perf_counter_ns()
            os.write(near, MESSAGE)
            read_exactly(near, len(MESSAGE))
            samples.append(time.perf_counter_ns() - began)
    return samples


def throughput(writer, reader, seconds):
    """Bytes per second, when it has got going."""
    with child(flood, writer):
        read_exactly(reader, len(BLOCK))
        began = time.perf_counter()
        done = 0
        while time.perf_counter() < began + seconds:
            done += len(os.read(reader, 65536))
        rate = done / (time.perf_counter() - began)
    drain(reader)
    return rate


def drain(end):
    """What is still on its way."""
    os.set_blocking(end, False)
    quiet = 0
    while quiet < 10:
        try:
            quiet = 0 if os.read(end, 65536) else quiet + 1
        except BlockingIOError:
            quiet += 1
            time.sleep(0.02)
    os.set_blocking(end, True)


def node(name):
    """The device node of the port of that name."""
    for path in PORTS.glob("*/name"):
        with contextlib.suppress(FileNotFoundError):
            if path.read_text().strip() == name:
                return f"/dev/{path.parent.name}"
    return None


def measure(runs, count, seconds):
    """{case: {way: [samples of each run]}}"""
    result = {case: {"loopback": [], "pty": []} for case in ("round-trip", "to-driver", "from-driver")}
    with guest.Programs() as programs:
        guest.run("modprobe", "-q", "virtio_console")
        guest.load_module()
        work = programs.work
        programs.start("daemon", guest.BUILD / "vhost-user-console/vhost-user-console", f"--socket-path={work}/socket",
                       f"--port=name=data,backend=pty,path={work}/tty,generic")
        programs.start("adapter", guest.BUILD / "adapter/virtio-loopback-adapter", "--device", "console", "--socket-path",
                       work / "socket")
        try:
            path = guest.wait_for("the port", lambda: node("data"))
        except guest.GuestError as error:
            sys.exit(f"console-guest.py: {error}\n{programs.log()}")
        master, slave = os.openpty()
        tty.setraw(slave)
        # the driver's end, the other end
        ways = {"loopback": (os.open(path, os.O_RDWR), os.open(work / "tty", os.O_RDWR | os.O_NOCTTY)), "pty": (master, slave)}
        for _ in range(runs):
            for way, (driver, other) in ways.items():
                result["round-trip"][way].append(round_trips(driver, other, count))
                result["to-driver"][way].append(throughput(other, driver, seconds))
                result["from-driver"][way].append(throughput(driver, other, seconds))
        for ends in ways.values():
            for end in ends:
                os.close(end)
    return result


print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
