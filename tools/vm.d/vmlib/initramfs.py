# SPDX-License-Identifier: MIT
"""The initramfs: busybox, the agent, two scripts and, for distribution kernels, the drivers of the root disk."""

import pathlib
import subprocess

from . import common
from .common import VmError

GUEST = common.DATA / "guest"
BUSYBOX = pathlib.Path("/bin/busybox")


def entry(name, mode, data=b""):
    """One member of a cpio archive in the "newc" form (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    path = name.encode() + b"\0"
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def agent():
    """The agent, static: it runs in the root file system of any suite."""
    source = GUEST / "agent.c"
    compiler = common.output_of("gcc", "-dumpfullversion")

    def build(temp):
        common.need("gcc")
        argv = ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-static", "-s",
                "-o", str(temp / "agent"), str(source)]
        done = subprocess.run(argv, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise VmError(f"the guest agent does not compile:\n{done.stderr.decode()}")

    return common.cached("agent", common.digest(source, compiler), build) / "agent"


def image(drivers=()):
    """The archive; drivers are uncompressed .ko files in the order of loading."""
    if not BUSYBOX.exists():
        raise VmError("/bin/busybox not found: run 'tools/setup vm' (as root)")
    program = agent()
    parts = [GUEST / "init", GUEST / "start", BUSYBOX, program, *drivers]
    key = common.digest(pathlib.Path(__file__), *parts)

    def build(temp):
        executable = 0o100755
        blob = b"".join([
            *(entry(name, 0o040755) for name in ("bin", "vm", "drivers", "dev")),
            entry("init", executable, (GUEST / "init").read_bytes()),
            entry("bin/busybox", executable, BUSYBOX.read_bytes()),
            entry("vm/start", executable, (GUEST / "start").read_bytes()),
            entry("vm/agent", executable, program.read_bytes()),
        ])
        for driver in drivers:
            blob += entry(f"drivers/{driver.name}", 0o100644, driver.read_bytes())
        if drivers:
            blob += entry("drivers/order", 0o100644, "".join(f"{d.name}\n" for d in drivers).encode())
        (temp / "initramfs.cpio").write_bytes(blob + entry("TRAILER!!!", 0))

    return common.cached("initramfs", key, build, keep=6) / "initramfs.cpio"
