# SPDX-License-Identifier: MIT
"""The root file system of the test machine: the host's own suite, so that programs built on the host run in it."""

import pathlib
import re
import subprocess

from . import common
from .common import VmError, say

PACKAGES = common.REPO / "tools/packages/guest.txt"
RECIPE = "1"


def packages():
    lines = (line.split("#")[0].strip() for line in PACKAGES.read_text().splitlines())
    return [line for line in lines if line]


def codename():
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.split("=")[1].strip('"')
    raise VmError("/etc/os-release names no Debian release: the test machine is made from a Debian archive")


def targets():
    """apt's own view of its sources, whatever file format they are written in: one dict a package index."""
    text = common.output_of("apt-get", "indextargets", "Created-By: Packages") or ""
    blocks = (block.splitlines() for block in text.split("\n\n"))
    return [dict(line.split(": ", 1) for line in block if ": " in line) for block in blocks if block]


def sources(suite):
    """One-line source entries of Debian's own archives for this suite, as this machine reaches them."""
    lines = []
    for target in targets():
        release = target.get("Codename", "")
        if target.get("Origin") != "Debian" or target.get("Component") != "main":
            continue
        if release not in (suite, f"{suite}-updates", f"{suite}-security"):
            continue
        signed = f"[signed-by={target['Signed-By']}] " if "Signed-By" in target else ""
        line = f"deb {signed}{target['Repo-URI']} {target['Release']} main"
        if line not in lines:
            lines.append(line)
    if not lines:
        raise VmError(f"apt knows no Debian archive for {suite}: run 'apt-get update' and look at /etc/apt/sources.list.d")
    return lines


def apt_options():
    """mmdebstrap starts from an empty apt configuration: proxies and the like must be handed over."""
    files = [pathlib.Path("/etc/apt/apt.conf"), *sorted(pathlib.Path("/etc/apt/apt.conf.d").glob("*"))]
    found = [path for path in files if path.is_file() and re.search(r"^\s*Acquire\b", path.read_text(errors="replace"), re.M)]
    return [f"--aptopt={path}" for path in found]


def image():
    """The squashfs image, made when the package list or this recipe changed."""
    suite = codename()
    key = common.digest(RECIPE, suite, " ".join(packages()), pathlib.Path(__file__))
    return common.cached("rootfs", key, lambda temp: build(suite, temp)) / "root.sqfs"


def build(suite, temp):
    common.need("mmdebstrap", "sqfstar")
    say(f"making the root file system of the test machine ({suite}, {len(packages())} packages): once, about a minute")
    log = temp / "build.log"
    tar = temp / "root.tar"
    # Programs like dpdk-testpmd come in -dev packages; what one compiles with stays out
    unwanted = [*(f"/usr/share/{part}/*" for part in ("doc", "man", "locale", "info")), "/usr/include/*", "/usr/lib/*.a"]
    skip = [f"--dpkgopt=path-exclude={path}" for path in unwanted]
    argv = ["mmdebstrap", "--variant=apt", "--components=main", *skip, *apt_options(),
            '--aptopt=Apt::Install-Recommends "false"', f"--include={','.join(packages())}", suite, str(tar), "-"]
    entries = temp / "sources"
    entries.write_text("\n".join(sources(suite)) + "\n")
    try:
        common.run_logged(argv[:-1] + [str(entries)], log, lambda _: "still unpacking packages")
    except VmError as error:
        raise VmError(f"{error}\nmmdebstrap needs root, or user namespaces and the package uidmap") from None
    with open(tar, "rb") as archive, open(log, "ab") as out:
        done = subprocess.run(["sqfstar", "-comp", "lz4", "-quiet", "-no-progress", str(temp / "root.sqfs")],
                              stdin=archive, stdout=out, stderr=out, check=False)
    if done.returncode:
        raise VmError(f"sqfstar failed:\n{common.tail_of(log)}")
    tar.unlink()
    say("the root file system is ready")
