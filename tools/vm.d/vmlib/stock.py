# SPDX-License-Identifier: MIT
"""Debian's own kernels: image, modules and, where this host's compiler can use them, headers."""

import lzma
import pathlib
import re
import shutil

from . import common, kernel, suites
from .common import VmError, say

SUITES = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "bookworm", "6.12-rt": "bookworm", "7.2": "trixie-backports"}
# kbuild's programs of these are linked with a newer libc than this host's: their modules are built in a chroot of the suite
FOREIGN = {"7.2"}
# What the machine needs before its root file system is there, and the agent's port
DRIVERS = ("virtio_pci", "virtio_blk", "virtio_console", "squashfs", "overlay")
RECIPE = "1"


def order(release):
    return [int(number) for number in re.findall(r"\d+", release)]


def latest(suite, name):
    """The newest release of a series that the suite has, and the packages with its image and modules. 6.12-rt: PREEMPT_RT."""
    series, _, flavour = name.partition("-")
    other = r"cloud|unsigned|dbg" if flavour else r"cloud|-rt-|unsigned|dbg"
    for kinds in (["binary", "modules", "base"], ["image"]):
        found = suite.names(rf"^linux-{kinds[0]}-{re.escape(series)}[.].*-{flavour + '-' if flavour else ''}amd64$")
        releases = [package.split("-", 2)[2] for package in found if not re.search(other, package)]
        if releases:
            release = max(releases, key=order)
            return release, [f"linux-{kind}-{release}" for kind in kinds]
    raise VmError(f"Debian {suite.name} has no kernel {name}")


def entry(series):
    suite = suites.Suite(SUITES[series])
    release, packages = latest(suite, series)
    versions = [f"{package}={suite.version(package)}" for package in packages]
    key = common.digest(RECIPE, *versions, pathlib.Path(__file__))
    final = common.cache_dir() / f"kernel-{series}-{key}"
    return common.cached(f"kernel-{series}", key, lambda temp: build(series, suite, release, packages, temp, final))


def build(series, suite, release, packages, temp, final):
    common.need("dpkg", "depmod", "modprobe", "xz", "mksquashfs")
    say(f"preparing Debian's kernel {release}: once, about a minute")
    log = temp / "build.log"
    deb = suite.unpack(packages, temp, log)
    image = next(iter(sorted(deb.rglob(f"vmlinuz-{release}")) + sorted(deb.rglob("vmlinuz"))), None)
    if not image:
        raise VmError(f"no kernel image in {', '.join(packages)}")
    shutil.move(image, temp / "vmlinux")
    base = deb / "usr" if (deb / "usr/lib/modules").is_dir() else deb
    common.run_logged(["depmod", "-b", str(base), release], log)
    (temp / "release").write_text(release + "\n")
    take_drivers(base, release, temp)
    (temp / "mods/lib/modules").mkdir(parents=True)
    shutil.move(base / "lib/modules" / release, temp / "mods/lib/modules" / release)
    shutil.rmtree(deb)
    kernel.pack_modules(temp, release)
    if series not in FOREIGN:
        take_headers(suite, release, temp, final)
    say(f"Debian's kernel {release} is ready")


def take_drivers(base, release, temp):
    """The drivers for the initramfs, uncompressed and numbered in the order of loading."""
    (temp / "drivers").mkdir()
    seen = []
    for name in DRIVERS:
        text = common.output_of("modprobe", "-d", str(base), "-S", release, "--show-depends", name)
        if text is None:
            raise VmError(f"kernel {release} has no driver {name}")
        for path in re.findall(r"^insmod (\S+)", text, re.M):
            if path not in seen:
                seen.append(path)
    for number, path in enumerate(seen):
        source = pathlib.Path(path)
        stem = source.name.split(".ko")[0]
        data = source.read_bytes()
        if source.suffix == ".xz":
            data = lzma.decompress(data)
        elif source.suffix != ".ko":
            raise VmError(f"{source.name} is compressed in a way that tools/vm does not know")
        (temp / "drivers" / f"{number:02}-{stem}.ko").write_bytes(data)


def take_headers(suite, release, temp, final):
    """The headers as packaged, with the absolute paths inside pointed at the cache and this host's compiler."""
    package = f"linux-headers-{release}"
    packages = [package, *(name for name in suite.depends(package) if name.startswith(("linux-headers-", "linux-kbuild-")))]
    headers = suite.unpack(packages, temp, temp / "build.log")
    headers.rename(temp / "headers")
    for path in (temp / "headers/usr/src").glob("linux-headers-*/Makefile"):
        text = path.read_text()
        path.unlink()
        path.write_text(text.replace("/usr/src/", f"{final}/headers/usr/src/"))
    for path in (temp / "headers/usr/src").glob("linux-headers-*/.kernelvariables"):
        path.write_text(re.sub(r"gcc-\d+", "gcc", path.read_text()))
    # Debian overrides the release on the command line and leaves upstream's in this file, which others read
    (temp / f"headers/usr/src/{package}/include/config/kernel.release").write_text(release + "\n")
    (temp / "kdir").symlink_to(f"headers/usr/src/{package}")
