# SPDX-License-Identifier: MIT
"""Modules for kernels whose kbuild programs do not run on this host: built in a chroot of the kernel's own suite."""

import os
import shlex
import shutil
import subprocess

from . import common, rootfs, stock, suites
from .common import VmError, say

RECIPE = "1"


def headers(series):
    """(suite, release): the headers of the kernel that the machine boots."""
    suite = suites.Suite(stock.SUITES[series])
    return suite, stock.latest(suite, series)[0]


def chroot(series):
    suite, release = headers(series)
    package = f"linux-headers-{release}"
    key = common.digest(RECIPE, suite.name, f"{package}={suite.version(package)}")
    return common.cached(f"sdk-{series}", key, lambda temp: build(suite.name, package, release, temp), keep=1)


def build(suite, package, release, temp):
    common.need("mmdebstrap", "unshare")
    if os.getuid():
        raise VmError(f"a chroot of {suite} is needed to build modules for {release}, and making it needs root")
    base = suite.partition("-")[0]
    say(f"making a chroot of {base} with {package}: once, about a minute")
    address = suites.archive()
    entries = temp / "sources"
    entries.write_text("".join(f"deb [signed-by={suites.KEYRING}] {address} {name} main\n" for name in dict.fromkeys((base, suite))))
    argv = ["mmdebstrap", "--mode=root", "--variant=apt", "--components=main", *rootfs.apt_options(),
            '--aptopt=Apt::Install-Recommends "false"', f"--include=make,gcc,libc6-dev,{package}",
            base, str(temp / "root"), str(entries)]
    common.run_logged(argv, temp / "build.log", lambda _: "still unpacking packages")
    shutil.rmtree(temp / "root/var/cache/apt", ignore_errors=True)
    shutil.rmtree(temp / "root/var/lib/apt/lists", ignore_errors=True)
    # As stock.take_headers() does: the release that the kernel itself will say
    (temp / f"root/usr/src/{package}/include/config/kernel.release").write_text(release + "\n")


def run(series, argv):
    """Run argv at the top of the checkout, seen at the same path in the chroot; its exit status."""
    root = chroot(series) / "root"
    release = headers(series)[1]
    inside = root / str(common.REPO).lstrip("/")
    inside.mkdir(parents=True, exist_ok=True)
    command = shlex.join([*argv, f"KDIR=/usr/src/linux-headers-{release}"])
    script = (f"mount --bind {shlex.quote(str(common.REPO))} {shlex.quote(str(inside))} && "
              f"mount -t proc proc {shlex.quote(str(root / 'proc'))} && "
              f"exec chroot {shlex.quote(str(root))} sh -c {shlex.quote(f'cd {shlex.quote(str(common.REPO))} && {command}')}")
    environment = {**os.environ, "VLO_NO_SETUP": "1"}
    return subprocess.call(["unshare", "--mount", "sh", "-c", script], env=environment)
