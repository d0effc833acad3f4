#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""In the test machine: what many devices, and many queues, cost; one JSON object on the output."""

import argparse
import json
import pathlib
import sys
import time

import guest

ADAPTER = guest.BUILD / "adapter/virtio-loopback-adapter"
RNG = guest.BUILD / "vhost-user-rng/vhost-user-rng"
DEPTH = 4
QUEUE_JOBS = 4


def meminfo():
    """{field: KiB}"""
    lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}


def resident(processes):
    """KiB a process: resident, and its share of what it shares with others."""
    total = {"Rss": 0, "Pss": 0}
    for process in processes:
        for line in pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()[1:]:
            field, value = line.split()[:2]
            if field.rstrip(":") in total:
                total[field.rstrip(":")] += int(value)
    return {key: value / len(processes) for key, value in total.items()}


def bound(prefix):
    """How many devices of these names a driver uses."""
    states = [path.read_text().splitlines() for path in guest.STATES.glob("*/state")]
    return sum(1 for lines in states if lines and lines[0].startswith(f"name: {prefix}-") and "status: 0x0f" in lines)


def adapters(programs, kind, sockets, *options):
    """All of them started at once; the seconds until all have their driver."""
    began = time.monotonic()
    started = [programs.start(f"adapter-{index}", ADAPTER, "--device", kind, "--name", f"scale-{index}",
                              "--socket-path", path, "--log-level", "error", *options)
               for index, path in enumerate(sockets)]
    guest.wait_for(f"{len(started)} drivers", lambda: bound("scale") == len(started), 300)
    return started, time.monotonic() - began


def retire(programs, started):
    """They go, with their devices."""
    for process in started:
        process.terminate()
    for process in started:
        programs.stop(process)
    guest.wait_for("the end of the devices", lambda: not bound("scale"), 300)


def memory_of(count, runs):
    """So many entropy sources, each with its own daemon and adapter: time and memory."""
    with guest.Programs() as programs:
        sockets = [programs.work / f"{index}.sock" for index in range(count)]
        daemons = [programs.start(f"daemon-{index}", RNG, f"--socket-path={path}")
                   for index, path in enumerate(sockets)]
        guest.wait_for("the daemons", lambda: all(path.exists() for path in sockets), 300)
        seconds = []
        for _ in range(runs):
            before = meminfo()
            started, took = adapters(programs, "rng", sockets)
            seconds.append(took)
            after, adapter, daemon = meminfo(), resident(started), resident(daemons)
            retire(programs, started)
        grown = {field: (after[field] - before[field]) / count for field in
                 ("Shmem", "Slab", "KernelStack", "PageTables", "VmallocUsed")}
        return {"devices": count, "seconds": seconds, "kib_each": {
            "pool": grown["Shmem"], "slab": grown["Slab"], "vmalloc": grown["VmallocUsed"],
            "stacks_and_tables": grown["KernelStack"] + grown["PageTables"],
            "adapter_rss": adapter["Rss"], "adapter_pss": adapter["Pss"],
            "daemon_rss": daemon["Rss"], "daemon_pss": daemon["Pss"],
            "free_memory": (before["MemFree"] - after["MemFree"]) / count}}


def export(programs, index, queues):
    """Words for one disk of the storage daemon."""
    return ["--export", f"vhost-user-blk,id=disk{index},node-name=disk{index},writable=on,num-queues={queues},"
            f"addr.type=unix,addr.path={programs.work}/{index}.sock"]


def requests_of(count, queues, jobs, args):
    """Random reads on so many disks of one storage daemon: requests a second in sum."""
    with guest.Programs() as programs:
        words = []
        for index in range(count):
            words += ["--blockdev", f"null-co,node-name=disk{index},size=1073741824", *export(programs, index, queues)]
        programs.start("daemon", "qemu-storage-daemon", *words)
        sockets = [programs.work / f"{index}.sock" for index in range(count)]
        guest.wait_for("the storage daemon", lambda: all(path.exists() for path in sockets), 300)
        before = guest.disks()
        started, _ = adapters(programs, "blk", sockets, "--bounce-size", "2M")
        guest.wait_for("the disks", lambda: len(guest.disks() - before) == count, 300)
        disks = sorted(guest.disks() - before)
        for disk in disks:
            pathlib.Path(f"/sys/block/{disk}/queue/scheduler").write_text("none")
        used = sum(len(list(pathlib.Path(f"/sys/block/{disk}/mq").iterdir())) for disk in disks) / count
        sums = []
        for _ in range(args.runs):
            with guest.Meter(disks) as meter:
                done = guest.fio_sum([f"/dev/{disks[job % count]}" for job in range(jobs)], "rw=randread", "bs=4k",
                                     f"iodepth={DEPTH}", "time_based", f"runtime={round(args.seconds * 1000)}ms")
            sums.append({**done, **meter.per_io()})
        retire(programs, started)
        return {"devices": count, "queues": queues, "queues_used": used, "jobs": jobs, "runs": sums}


def main():
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--devices", type=lambda text: [int(word) for word in text.split(",")], default=[1, 8, 64])
    parser.add_argument("--queues", type=lambda text: [int(word) for word in text.split(",")], default=[1, 4, 16])
    args = parser.parse_args()
    try:
        guest.run("modprobe", "-a", "virtio_blk", "virtio_rng")
        guest.load_module()
        json.dump({"devices": [memory_of(count, args.runs) for count in args.devices],
                   "sums": [requests_of(count, 1, count, args) for count in args.devices],
                   "queues": [requests_of(1, queues, QUEUE_JOBS, args) for queues in args.queues]}, sys.stdout)
    except (guest.GuestError, OSError, ValueError) as error:
        print(f"scale-guest.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
