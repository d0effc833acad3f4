# SPDX-License-Identifier: MIT
"""What scenarios of all devices do alike: module, daemon, adapter, and the end of them."""

import time

from .steps import require


def load_module(ctx, drivers):
    """The transport, and the drivers (words for modprobe) of which the kernel may have some built in."""
    target = ctx.target
    target.must(f"modprobe -aq {drivers}; lsmod | grep -q '^virtio_loopback ' || insmod {target.module('virtio_loopback')}")
    require(target.shell("test -c /dev/virtio-loopback").status == 0, "there is no /dev/virtio-loopback")
    return f"/dev/virtio-loopback is there, kernel {target.release}"


def start_daemon(ctx, name, socket, *options, prefix=()):
    """The daemon of that name, when it listens; @prefix: a command that runs it."""
    ctx.target.launch("daemon", [*prefix, ctx.target.program(f"{name}/{name}"), f"--socket-path={socket}", *options])
    ctx.target.wait_log("daemon", "listening")
    return f"it listens at {socket}"


def start_adapter(ctx, device, socket, found, what):
    """The adapter, and found() as soon as that is true; @what did not come else."""
    target = ctx.target
    # As patient as the module allows: a machine that is busy is no daemon that hangs
    target.launch("adapter", [target.program("adapter/virtio-loopback-adapter"), "--device", device, "--socket-path", socket,
                              "--deadline", "1900", "--grace", "60"])
    value = wait_for(lambda: found() or not target.running("adapter"), 30)
    require(target.running("adapter"), f"the adapter ended: {last_line(target.log('adapter'))}")
    require(value, f"{what} did not come")
    return value


def end_programs(ctx):
    """Adapter and daemon, who must still be there, are asked to end."""
    target = ctx.target
    for name in ("adapter", "daemon"):
        require(target.running(name), f"the {name} did not live to the end: {last_line(target.log(name))}")
        require(target.end(name), f"the {name} does not end on SIGTERM")


def unload(ctx, modules="virtio_loopback"):
    """The modules go, as soon as nobody needs them, and the kernel has not complained."""
    target = ctx.target
    require(wait_for(lambda: target.shell(f"rmmod {modules}").status == 0, 30), f"{modules}: rmmod does not work")
    require(not target.faults(), "the kernel reported a fault, see kernel-faults.txt")


def wait_for(function, timeout):
    """The function's value as soon as it is true, or its last value after that many seconds."""
    limit = time.monotonic() + timeout
    while True:
        value = function()
        if value or time.monotonic() > limit:
            return value
        time.sleep(0.2)


def last_line(text):
    """Of a log."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
