# SPDX-License-Identifier: MIT
"""The kernels by name, own or Debian's, with the same four things known of each."""

from . import kernel, stock
from .common import VmError


class Parts:
    """image: vmlinux or bzImage; modules: squashfs of lib/modules/<release>; kdir: for out-of-tree modules."""

    def __init__(self, entry, own):
        self.own = own
        self.key = entry.name
        self.image = entry / "vmlinux"
        self.modules = entry / "modules.sqfs"
        self.kdir = entry / "kdir"
        self.release = (entry / "release").read_text().strip()
        # What the initramfs must load, in this order
        self.drivers = sorted((entry / "drivers").glob("*.ko"))


def names():
    return [*kernel.FRAGMENTS, *stock.SUITES]


def find(name):
    if name in kernel.FRAGMENTS:
        return Parts(kernel.own(name), True)
    if name in stock.SUITES:
        return Parts(stock.entry(name), False)
    raise VmError(f"no kernel '{name}'; there are: {', '.join(names())}")
