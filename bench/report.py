# SPDX-License-Identifier: MIT
"""On the host: the test machine, percentiles and plots, for all measurements."""

import contextlib
import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

REPO = pathlib.Path(__file__).resolve().parent.parent
MACHINE = "bench"
OUTPUT = REPO / "build/bench"
# An emulated CPU says that its string instructions are fast, and does them byte by byte
WITHOUT_STRINGS = ("--qemu-arg=-cpu", "--qemu-arg=max,-erms")


class BenchError(Exception):
    """Ends the program with its sentence."""


def vm(*words, **kwargs):
    """One call of tools/vm."""
    return subprocess.run([str(REPO / "tools/vm"), *words], stdin=subprocess.DEVNULL, check=False, **kwargs)


def start(*options):
    """A fresh test machine with priority; its kernel release and accelerator."""
    vm("stop", "--name", MACHINE, capture_output=True)
    # From its boot on: that is long where the host is busy
    with subprocess.Popen([str(REPO / "tools/vm"), "start", "--name", MACHINE, *options],
                          stdin=subprocess.DEVNULL) as starting:
        preferred = None
        while starting.poll() is None:
            pid = process_of(f"vlo-{MACHINE}")
            if pid and pid != preferred:
                prefer(pid)
                preferred = pid
            time.sleep(0.1)
    if starting.returncode:
        raise BenchError("the test machine did not start, see above")
    listing = vm("status", capture_output=True, text=True).stdout
    match = re.search(rf"^{MACHINE} .*pid \d+ +(\S+) \((\w+)\)$", listing, re.MULTILINE)
    if not match:
        raise BenchError("tools/vm status does not list the machine that was just started")
    return match.groups()


def process_of(name):
    """The QEMU of this checkout that has that name."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if words[1:3] == [b"-name", name.encode()] and any(str(REPO).encode() in word for word in words):
                return path.parent.name
    return None


def stop():
    """The machine has done its work."""
    vm("stop", "--name", MACHINE, capture_output=True)


def start_without_strings():
    """The same, with a CPU that copies no slower than it says."""
    facts = start()
    return start(*WITHOUT_STRINGS) if facts[1] == "tcg" else facts


def prefer(pid):
    """Let the machine's processors wake up before other work of this host, where we may (autogroup: see sched(7))."""
    try:
        pathlib.Path(f"/proc/{pid}/autogroup").write_text("-19", encoding="ascii")
    except OSError as error:
        print(f"bench/run: cannot raise the priority of the test machine ({error.strerror}); a quiet host will do",
              file=sys.stderr)


def in_guest(script, *words, timeout):
    """What a script of this folder answers in the machine: one JSON object."""
    done = vm("exec", "--name", MACHINE, "--no-input", "--timeout", str(timeout), "--", "python3",
              f"/repo/bench/{script}", *map(str, words), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise BenchError(f"the measurement failed in the test machine (status {done.returncode}), see above")
    return json.loads(done.stdout)


def head(name, facts):
    """How each result file begins."""
    return {"bench": name, "kernel": facts[0], "accel": facts[1], "host_load": round(os.getloadavg()[0], 1)}


def percentile(values, percent):
    """The smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def middle(values, digits=2):
    """Median of the runs, rounded."""
    return round(statistics.median(values), digits)


def gnuplot(name, title, script, data=""):
    """build/bench/NAME.svg; data are here-documents that the script plots."""
    subprocess.run(["gnuplot"], input=f"""{data}
set terminal svg size 1000,520 dynamic background rgb 'white'
set output '{OUTPUT / (name + '.svg')}'
set title '{title}'
set grid
{script}
""", text=True, check=True)
