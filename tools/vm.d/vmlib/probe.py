# SPDX-License-Identifier: MIT
"""Which accelerator runs a guest here. /dev/kvm may exist and still hang a guest, so one is really started."""

import pathlib
import subprocess
import tempfile

from . import common

QEMU = "qemu-system-x86_64"
DEADLINE = 5
# A boot sector: mov al, 0x2a; out 0xf4, al; jmp $. QEMU's isa-debug-exit turns that into exit status 0x2a * 2 + 1.
SECTOR = bytes.fromhex("b02ae6f4ebfe").ljust(510, b"\0") + b"\x55\xaa"
STATUS = 0x55


def kvm_runs():
    with tempfile.NamedTemporaryFile(suffix=".img") as disk:
        disk.write(SECTOR)
        disk.flush()
        argv = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-M", "q35", "-accel", "kvm", "-cpu", "max",
                "-smp", "2", "-m", "64M", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
                "-drive", f"if=ide,format=raw,snapshot=on,file={disk.name}"]
        try:
            done = subprocess.run(argv, timeout=DEADLINE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, check=False)
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == STATUS


def accelerator():
    """"kvm" or "tcg"; asked once for each boot of the host."""
    common.need(QEMU)
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    path = common.cache_dir() / "accelerator"
    words = path.read_text().split() if path.exists() else []
    if len(words) == 2 and words[0] == boot:
        return words[1]
    found = "tcg"
    device = pathlib.Path("/dev/kvm")
    if device.exists():
        common.say("probing whether KVM runs a guest")
        found = "kvm" if kvm_runs() else "tcg"
    common.say("KVM works" if found == "kvm" else "no usable KVM, using TCG (emulation)")
    path.write_text(f"{boot} {found}\n")
    return found
