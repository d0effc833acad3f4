#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""In the test machine: the same disk by several ways, measured in turns; one JSON object on the output."""

import argparse
import json
import pathlib
import subprocess
import sys
import time

import guest

QUEUE_SIZE = 128
TMPFS_MIB = 64
BACK_ENDS = {
    "null": ("null-co,node-name=disk,size=1073741824,read-zeroes=on", None),
    "tmpfs": ("file,node-name=disk,filename={file}", "{work}/{way}.img"),
}
# The back-end matters more there, a few cases show it
CASES_OF_TMPFS = ("randread-4k-qd1", "randread-4k-qd32", "read-1m-qd4", "write-1m-qd4")
# name: fio's options
CASES = {
    "randread-4k-qd1": ("rw=randread", "bs=4k", "iodepth=1"),
    "randread-4k-qd4": ("rw=randread", "bs=4k", "iodepth=4"),
    "randread-4k-qd32": ("rw=randread", "bs=4k", "iodepth=32"),
    "read-128k-qd4": ("rw=read", "bs=128k", "iodepth=4"),
    "write-128k-qd4": ("rw=write", "bs=128k", "iodepth=4"),
    "read-1m-qd4": ("rw=read", "bs=1m", "iodepth=4"),
    "write-1m-qd4": ("rw=write", "bs=1m", "iodepth=4"),
}


def storage_daemon(programs, way, back_end, *exports):
    """qemu-storage-daemon with that back-end and these exports."""
    blockdev, file = BACK_ENDS[back_end]
    if file:
        file = file.format(work=programs.work, way=way)
        # Written, lest reads find holes
        guest.run("dd", "if=/dev/urandom", f"of={file}", "bs=1M", f"count={TMPFS_MIB}")
    process = programs.start(f"{way}-daemon", "qemu-storage-daemon", "--blockdev", blockdev.format(file=file), *exports)
    time.sleep(0.1)
    if process.poll() is not None:
        raise guest.GuestError(f"the storage daemon for {way} ended:\n{programs.log()}")
    return process


def new_disk(before, what):
    """The block device that came since before was looked at, with its size."""
    def found():
        for name in guest.disks() - before:
            if pathlib.Path(f"/sys/block/{name}/size").read_text().strip() != "0":
                return name
        return None
    return guest.wait_for(f"the disk of {what}", found)


def loopback(programs, back_end):
    """Module and adapter."""
    guest.load_module()
    sock = programs.work / "loopback.sock"
    before = guest.disks()
    daemon = storage_daemon(programs, "loopback", back_end, "--export", "vhost-user-blk,id=disk,node-name=disk,"
                            f"writable=on,num-queues=1,addr.type=unix,addr.path={sock}")
    adapter = programs.start("loopback-adapter", guest.BUILD / "adapter/virtio-loopback-adapter", "--device", "blk",
                             "--name", "bench-blk", "--queue-size", QUEUE_SIZE, "--socket-path", sock)
    return {"disk": new_disk(before, "loopback"), "daemon": daemon.pid, "adapter": adapter.pid}


def vduse(programs, back_end):
    """The kernel's own; its bounce area stays as large as it is by default."""
    guest.run("modprobe", "-a", "vduse", "virtio_vdpa", "virtio_blk")
    before = guest.disks()
    daemon = storage_daemon(programs, "vduse", back_end, "--export", "vduse-blk,id=disk,node-name=disk,writable=on,"
                            f"num-queues=1,queue-size={QUEUE_SIZE},name=bench-vduse")
    guest.wait_for("VDUSE's device", pathlib.Path("/dev/vduse/bench-vduse").exists)
    guest.run("vdpa", "dev", "add", "name", "bench-vduse", "mgmtdev", "vduse")
    programs.callback(guest.run, "vdpa", "dev", "del", "bench-vduse")
    return {"disk": new_disk(before, "VDUSE"), "daemon": daemon.pid}


def nbd(programs, back_end):
    """The network block device's client over a UNIX socket."""
    guest.run("modprobe", "nbd", "nbds_max=1", "max_part=0")
    sock = programs.work / "nbd.sock"
    daemon = storage_daemon(programs, "nbd", back_end, "--nbd-server", f"addr.type=unix,addr.path={sock}",
                            "--export", "nbd,id=disk,node-name=disk,name=disk,writable=on")
    guest.wait_for("the NBD server", sock.exists)
    guest.run("nbd-client", "-unix", sock, "/dev/nbd0", "-name", "disk", "-connections", "1")
    programs.callback(guest.run, "nbd-client", "-d", "/dev/nbd0")
    return {"disk": "nbd0", "daemon": daemon.pid}


WAYS = {"loopback": loopback, "vduse": vduse, "nbd": nbd}


def settle(disk):
    """The same block layer for all."""
    queue = pathlib.Path(f"/sys/block/{disk}/queue")
    (queue / "scheduler").write_text("none")
    (queue / "nomerges").write_text("2")
    return {name: (queue / name).read_text().strip() for name in ("nr_requests", "max_segments", "max_segment_size",
                                                                  "max_sectors_kb")}


def measure(device, options, seconds):
    """One run, with what it cost everybody."""
    watched = [name for name in ("daemon", "adapter") if name in device]
    before = {name: guest.switches_of(device[name]) for name in watched}
    with guest.Meter([device["disk"]]) as meter:
        result = guest.fio(f"filename=/dev/{device['disk']}", "time_based", f"runtime={round(seconds * 1000)}ms",
                           *options)
    result |= meter.per_io()
    for name in watched:
        result[f"{name}_switches"] = [now - then for now, then in zip(guest.switches_of(device[name]), before[name])]
    return result


def watch_adapter(programs, device, ios):
    """Does the adapter do anything, a system call or a wake-up, while so many requests go by?"""
    options = (f"filename=/dev/{device['disk']}", "rw=randread", "bs=4k", "iodepth=32", f"number_ios={ios}")
    before = guest.switches_of(device["adapter"])
    guest.fio(*options)
    voluntary, involuntary = [now - then for now, then in zip(guest.switches_of(device["adapter"]), before)]
    trace = programs.work / "trace"
    strace = programs.start("strace", "strace", "-f", "-o", trace, "-p", device["adapter"])
    log = programs.work / "strace.log"
    guest.wait_for("strace", lambda: "attached" in log.read_text())
    # The call that it waits in is interrupted and begun again
    time.sleep(0.5)
    begun = trace.read_text().splitlines()
    guest.fio(*options)
    calls = trace.read_text().splitlines()[len(begun):]
    programs.stop(strace)
    return {"ios": ios, "voluntary_ctxt_switches": voluntary, "nonvoluntary_ctxt_switches": involuntary,
            "system_calls": len(calls), "calls": calls[:10]}


def measure_back_end(back_end, args):
    """All cases by all ways: {case: {way: [run, ...]}}, and what the devices are like."""
    runs = {}
    with guest.Programs() as programs:
        try:
            devices = {way: WAYS[way](programs, back_end) for way in args.ways}
            settings = {way: settle(device["disk"]) for way, device in devices.items()}
            for device in devices.values():
                measure(device, CASES["randread-4k-qd4"], 0.5)
            for case in (case for case in args.cases if back_end != "tmpfs" or case in CASES_OF_TMPFS):
                for _ in range(args.runs):
                    for way, device in devices.items():
                        runs.setdefault(case, {}).setdefault(way, []).append(measure(device, CASES[case], args.seconds))
            adapter = None
            if "loopback" in devices and back_end == "null":
                adapter = watch_adapter(programs, devices["loopback"], args.watched)
        except guest.GuestError as error:
            raise guest.GuestError(f"{error}\n{programs.log()}") from None
    return {"runs": runs, "settings": settings, "adapter": adapter}


def names(known):
    """An argument: names out of those that there are, with commas."""
    def parse(text):
        chosen = text.split(",")
        if not set(chosen) <= set(known):
            raise argparse.ArgumentTypeError(f"'{text}': choose of {','.join(known)}")
        return chosen
    return parse


def main():
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="turns of each way")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of one turn")
    parser.add_argument("--watched", type=int, default=20000, help="requests while the adapter is traced")
    parser.add_argument("--back-ends", type=names(BACK_ENDS), default=list(BACK_ENDS))
    parser.add_argument("--ways", type=names(WAYS), default=list(WAYS))
    parser.add_argument("--cases", type=names(CASES), default=list(CASES))
    args = parser.parse_args()
    try:
        json.dump({back_end: measure_back_end(back_end, args) for back_end in args.back_ends}, sys.stdout)
    except (guest.GuestError, OSError, subprocess.SubprocessError) as error:
        print(f"blk-guest.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
