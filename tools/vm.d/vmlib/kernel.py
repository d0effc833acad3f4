# SPDX-License-Identifier: MIT
"""The project's own guest kernels, built once from Debian's linux-source and kept with what out-of-tree modules need."""

import os
import pathlib
import shutil
import subprocess

from . import common
from .common import VmError, say

SOURCE = "linux-source-6.12"
FRAGMENTS = {"own": ["base.config"], "own-debug": ["base.config", "debug.config"]}
# Compiled objects of each kernel, only to turn the build log into a percentage
OBJECTS = {"own": 2450, "own-debug": 2550}
RECIPE = "1"
# Source edits, (file, text, replacement). The stock virtio_input maps the eight events of one cache line one by one; that is
# harmless on a coherent machine, but it would use up the one report that DMA-API debugging makes of a boot.
EDITS = {"own-debug": [("kernel/dma/debug.c", "} else if (rc == -EEXIST &&", "} else if (rc == -EEXIST && false &&")]}
APT_STATE = ("/var/lib/apt/lists", "/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/preferences.d")


def source_version():
    """
    The version that apt would fetch now, or None on a machine without apt or without that package.

    Asking apt takes half a second, more than all the rest of a start: the answer is kept until its lists change.
    """
    stamps = [os.stat(path).st_mtime_ns for path in APT_STATE if os.path.exists(path)]
    note = common.cache_dir() / f"version-{common.digest(SOURCE, *stamps)}"
    if note.exists():
        return note.read_text()
    version = ask_apt()
    if version:
        for old in common.cache_dir().glob("version-*"):
            old.unlink(missing_ok=True)
        note.write_text(version)
    return version


def ask_apt():
    policy = common.output_of("apt-cache", "policy", SOURCE) or ""
    for line in policy.splitlines():
        word, _, value = line.strip().partition(": ")
        if word == "Candidate" and value != "(none)":
            return value
    return None


def own(name):
    """The cache entry of an own kernel: vmlinux, release, modules.sqfs, kdir/."""
    version = source_version()
    if not version:
        return newest(name)
    fragments = [common.DATA / "kernel" / part for part in FRAGMENTS[name]]
    compiler = common.output_of("gcc", "-dumpfullversion")
    key = common.digest(RECIPE, version, compiler, *fragments, *EDITS.get(name, ()))
    return common.cached(f"kernel-{name}", key, lambda temp: build(name, version, fragments, temp))


def newest(name):
    entries = list(common.cache_dir().glob(f"kernel-{name}-{'[0-9a-f]' * 12}"))
    if not entries:
        raise VmError(f"apt offers no {SOURCE}: run 'apt-get update' with the suite's security or backports section enabled")
    return max(entries, key=lambda path: path.stat().st_mtime)


def fetch(temp):
    """Unpack the kernel's source below temp and return its folder."""
    log = temp / "build.log"
    try:
        common.run_logged(["apt-get", "download", SOURCE], log, cwd=temp)
    except VmError as error:
        raise VmError(f"{error}\n(are the package lists old? 'apt-get update' renews them)") from None
    packages = list(temp.glob(f"{SOURCE}_*.deb"))
    if len(packages) != 1:
        raise VmError(f"apt-get download {SOURCE} left {len(packages)} packages instead of one, see {log}")
    common.run_logged(["dpkg", "-x", str(packages[0]), str(temp / "deb")], log)
    tree = temp / "tree"
    tree.mkdir()
    archive = next((temp / "deb/usr/src").glob("linux-source-*.tar.*"))
    common.run_logged(["tar", "-C", str(tree), "--strip-components=1", "-xf", str(archive)], log)
    packages[0].unlink()
    shutil.rmtree(temp / "deb")
    return tree


def configure(tree, fragments, log):
    """tinyconfig plus the fragments; an option that did not survive is an error, not a surprise at run time."""
    common.run_logged(["make", "tinyconfig"], log, cwd=tree)
    merge = ["scripts/kconfig/merge_config.sh", "-m", ".config", *map(str, fragments)]
    common.run_logged(merge, log, cwd=tree)
    common.run_logged(["make", "olddefconfig"], log, cwd=tree)
    result = set((tree / ".config").read_text().splitlines())
    wanted = {}
    for fragment in fragments:
        for line in fragment.read_text().splitlines():
            off = line.startswith("# CONFIG_") and line.endswith(" is not set")
            if off or line.startswith("CONFIG_"):
                wanted[line.split()[1] if off else line.split("=")[0]] = line
    lost = [line for option, line in wanted.items()
            if line not in result and not (line.startswith("#") and not any(r.startswith(option + "=") for r in result))]
    if lost:
        raise VmError("the kernel's configuration did not take: " + ", ".join(lost))


def build(name, version, fragments, temp):
    common.need("gcc", "make", "flex", "bison", "bc", "xz", "kmod", "mksquashfs")
    jobs = os.cpu_count() or 1
    say(f"building the guest kernel '{name}' from {SOURCE} {version}: once, 5 to 15 minutes on two cores")
    tree = fetch(temp)
    log = temp / "build.log"
    for path, old, new in EDITS.get(name, ()):
        edit(tree / path, old, new)
    configure(tree, fragments, log)

    def progress(path):
        text = path.read_bytes()
        done = text.count(b"\n  CC ") + text.count(b"\n  AR ") + text.count(b"\n  AS ")
        return f"kernel '{name}': about {min(99, 100 * done // OBJECTS[name])} % compiled"

    common.run_logged(["make", f"-j{jobs}", "KBUILD_BUILD_USER=vlo", "KBUILD_BUILD_HOST=vlo", "vmlinux", "modules"],
                      log, progress, cwd=tree)
    release = subprocess.run(["make", "-s", "kernelrelease"], cwd=tree, stdout=subprocess.PIPE, check=True)
    (temp / "release").write_text(release.stdout.decode())
    common.run_logged(["make", "modules_install", f"INSTALL_MOD_PATH={temp / 'mods'}"], log, cwd=tree)
    common.run_logged(["objcopy", "--strip-debug", str(tree / "vmlinux"), str(temp / "vmlinux")], log)
    pack_modules(temp, release.stdout.decode().strip())
    prune(tree, temp / "kdir")
    shutil.rmtree(tree)
    say(f"kernel '{name}' is ready")


def edit(path, old, new):
    text = path.read_text()
    if text.count(old) != 1:
        raise VmError(f"{path.name} of this kernel has changed: the edit in tools/vm.d/vmlib/kernel.py does not fit any more")
    path.write_text(text.replace(old, new))


def pack_modules(temp, release):
    """lib/modules/<release> as a file system of its own: the same way for own and for Debian's kernels."""
    modules = temp / "mods/lib/modules" / release
    for link in ("build", "source"):
        (modules / link).unlink(missing_ok=True)
    common.run_logged(["mksquashfs", str(modules), str(temp / "modules.sqfs"), "-comp", "lz4", "-noappend",
                       "-quiet", "-no-progress", "-all-root"], temp / "build.log")
    shutil.rmtree(temp / "mods")


def kept(path):
    """What 'make M=... modules' reads of a built tree; the list follows kbuild's own external module rules."""
    top = path.parts[0]
    if len(path.parts) == 1:
        return path.suffix not in (".a", ".o") and path.name not in ("vmlinux", "System.map", "CREDITS", "MAINTAINERS")
    if top in ("scripts", "include"):
        return True
    if path.parts[:2] == ("tools", "objtool"):
        return path.name == "objtool"
    if path.parts[:3] in (("arch", "x86", "include"), ("arch", "x86", "entry")):
        return True
    return top == "arch" and path.parts[1] == "x86" and path.name.startswith(("Makefile", "Kbuild", "module.lds"))


def prune(tree, kdir):
    """Copy the small part of the build tree that external modules need: 90 MB instead of 2 GB."""
    for folder, _, files in os.walk(tree):
        for name in files:
            source = pathlib.Path(folder) / name
            path = source.relative_to(tree)
            if path.suffix in (".o", ".cmd", ".a") and path.name != "module.lds" and path.parts[0] != "scripts":
                continue
            if kept(path):
                target = kdir / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
