# SPDX-License-Identifier: MIT
"""In the test machine: processes, counters and block devices for the measurements."""

import contextlib
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import tempfile
import threading
import time

BUILD = pathlib.Path("/repo/build")
MODULE = BUILD / "kmod" / platform.release() / "virtio_loopback.ko"
STATES = pathlib.Path("/sys/kernel/debug/virtio_loopback")
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
PATIENCE = 60


class GuestError(Exception):
    """Ends the measurement with its sentence."""


def run(*argv, timeout=PATIENCE):
    """A short command; its output."""
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise GuestError(f"'{' '.join(map(str, argv))}' failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def wait_for(what, condition, seconds=PATIENCE):
    """What condition() answers, as soon as that is true."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise GuestError(f"{what} did not come within {seconds} s")
        time.sleep(0.01)


class Programs(contextlib.ExitStack):
    """What runs meanwhile, and a folder for sockets and logs; all of it goes in the end."""

    def __init__(self):
        super().__init__()
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="bench."))
        self.callback(shutil.rmtree, self.work, True)

    def start(self, name, *argv):
        """The process of a program that stays."""
        with open(self.work / f"{name}.log", "wb") as log:
            # pylint: disable-next=consider-using-with  the stack ends it
            process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        self.callback(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        """Ask it to end, then make it."""
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log(self):
        """What the programs had to say."""
        return "".join(f"{path.stem}: {line}\n" for path in self.work.glob("*.log")
                       for line in path.read_text(errors="replace").splitlines()[-10:])


def load_module():
    """Ours, if it is not there yet."""
    if not pathlib.Path("/sys/module/virtio_loopback").exists():
        run("insmod", MODULE)


def state_of(name):
    """The lines of the device's state in debugfs, or nothing."""
    for path in STATES.glob("*/state"):
        with contextlib.suppress(FileNotFoundError):
            lines = path.read_text().splitlines()
            if f"name: {name}" in lines:
                return lines
    return []


def disks():
    """Names of the kernel's block devices."""
    return set(os.listdir("/sys/block"))


def cpu_us():
    """Time that all processors were busy with anything, and context switches, since the start."""
    stat = pathlib.Path("/proc/stat").read_text().splitlines()
    user, nice, system, _, _, irq, softirq = map(int, stat[0].split()[1:8])
    switches = next(int(line.split()[1]) for line in stat if line.startswith("ctxt "))
    return (user + nice + system + irq + softirq) * TICK_US, switches


def requests_of(names):
    """Requests that these disks have finished."""
    fields = [pathlib.Path(f"/sys/block/{name}/stat").read_text().split() for name in names]
    return sum(int(field[0]) + int(field[4]) for field in fields)


class Meter(threading.Thread):
    """What a request costs the whole machine, from the first to the last of them: without fio's own start and end."""

    def __init__(self, names):
        super().__init__(daemon=True)
        self.names = names
        self.samples = [self.sample()]
        self.done = threading.Event()

    def sample(self):
        """Requests, busy time, context switches until now."""
        return (requests_of(self.names), *cpu_us())

    def run(self):
        while not self.done.wait(0.05):
            sample = self.sample()
            if sample[0] != self.samples[-1][0]:
                self.samples.append(sample)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()
        self.samples.append(self.sample())

    def per_io(self):
        """Busy time of all processors and context switches, for each request."""
        # Too few looks in between, on a very busy host: then fio's start and end are in it
        samples = self.samples[1:-1] if len(self.samples) > 5 else self.samples
        ios, busy, switches = (after - before for after, before in zip(samples[-1], samples[0]))
        if not ios:
            raise GuestError("no request was finished: choose more seconds")
        return {"cpu_us_per_io": busy / ios, "switches_per_io": switches / ios}


def switches_of(pid):
    """[voluntary, involuntary] context switches of all threads of a process."""
    total = [0, 0]
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
            total[0] += int(fields["voluntary_ctxt_switches"])
            total[1] += int(fields["nonvoluntary_ctxt_switches"])
    return total


FIO = ("fio", "--output-format=json", "--ioengine=libaio", "--direct=1", "--norandommap", "--randrepeat=1",
       "--percentile_list=50:99")


def fio_jobs(*words):
    """The jobs' parts of fio's report."""
    report = run(*FIO, *words, timeout=600)
    return json.loads(report[report.index("{"):])["jobs"]


def side_of(job):
    """The reads or the writes, whichever the job did."""
    return max((job["read"], job["write"]), key=lambda part: part["total_ios"])


def fio(*options):
    """What counts of one job."""
    side = side_of(fio_jobs("--name=bench", *(f"--{option}" for option in options))[0])
    percentiles = side["clat_ns"]["percentile"]
    return {"ios": side["total_ios"], "iops": side["iops"], "mb_s": side["bw_bytes"] / 1e6,
            "p50_us": percentiles["50.000000"] / 1000, "p99_us": percentiles["99.000000"] / 1000}


def fio_sum(files, *options):
    """One thread for each of these files, all at once: what they did together."""
    words = [f"--{option}" for option in ("thread", *options)]
    for index, file in enumerate(files):
        words += [f"--name=job{index}", f"--filename={file}"]
    sides = [side_of(job) for job in fio_jobs(*words)]
    return {"ios": sum(side["total_ios"] for side in sides), "iops": sum(side["iops"] for side in sides)}
