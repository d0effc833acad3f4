# SPDX-License-Identifier: MIT
"""Packages of any Debian suite, read through this machine's own apt without touching the system's sources."""

import re
import subprocess
import time

from . import common, rootfs
from .common import VmError, say

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Old package lists name packages that the archive has replaced; refetching them costs seconds
FRESH = 24 * 3600


class Suite:
    """apt with the package lists of one suite."""

    def __init__(self, name):
        self.name = name
        self.options = []
        if name == rootfs.codename():
            return
        home = common.cache_dir() / f"apt-{name}"
        (home / "lists/partial").mkdir(parents=True, exist_ok=True)
        entry = home / "sources.list"
        self.options = [
            "-o", f"Dir::Etc::sourcelist={entry}", "-o", "Dir::Etc::sourceparts=-", "-o", "Dir::Etc::preferencesparts=-",
            "-o", f"Dir::State::lists={home / 'lists'}", "-o", "Dir::State::status=/dev/null",
            "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=",
        ]
        if entry.exists() and time.time() - entry.stat().st_mtime < FRESH:
            return
        entry.write_text(f"deb [signed-by={KEYRING}] {archive()} {name} main\n")
        done = subprocess.run(["apt-get", *self.options, "update"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            entry.unlink()
            raise VmError(f"the package lists of {name} cannot be fetched: {done.stderr.decode().strip().splitlines()[-1]}")

    def names(self, pattern):
        text = common.output_of("apt-cache", *self.options, "search", "--names-only", pattern) or ""
        return [line.split(" ", 1)[0] for line in text.splitlines()]

    def version(self, package):
        text = common.output_of("apt-cache", *self.options, "policy", package) or ""
        match = re.search(r"^ +Candidate: (\S+)$", text, re.M)
        return match[1] if match and match[1] != "(none)" else None

    def depends(self, package):
        text = common.output_of("apt-cache", *self.options, "depends", package) or ""
        return re.findall(r"^ +Depends: ([^<\s]+)$", text, re.M)

    def unpack(self, packages, temp, log):
        """Download packages and unpack them into temp/deb."""
        say(f"fetching {', '.join(packages)} of {self.name}")
        debs = temp / "debs"
        debs.mkdir(exist_ok=True)
        common.run_logged(["apt-get", *self.options, "download", *packages], log, cwd=debs)
        for deb in debs.glob("*.deb"):
            common.run_logged(["dpkg", "-x", str(deb), str(temp / "deb")], log)
            deb.unlink()
        debs.rmdir()
        return temp / "deb"


def archive():
    """The address of Debian's main archive as this machine reaches it."""
    for target in rootfs.targets():
        if target.get("Origin") == "Debian" and target.get("Codename") == rootfs.codename():
            return target["Repo-URI"]
    raise VmError("apt knows no Debian archive: run 'apt-get update' and look at /etc/apt/sources.list.d")
