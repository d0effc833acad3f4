# SPDX-License-Identifier: MIT
"""The kernels by name, own or Debian's, with the same four things known of each."""

import pathlib

from . import kernel
from .common import VmError


class Parts:
    """image: vmlinux or bzImage; modules: squashfs of lib/modules/<release>; kdir: for out-of-tree modules."""

    def __init__(self, entry, own, drivers=()):
        self.own = own
        self.key = entry.name
        self.image = entry / "vmlinux"
        self.modules = entry / "modules.sqfs"
        self.kdir = entry / "kdir"
        self.release = (entry / "release").read_text().strip()
        self.drivers = [pathlib.Path(driver) for driver in drivers]


def names():
    return [*kernel.FRAGMENTS]


def find(name):
    if name in kernel.FRAGMENTS:
        return Parts(kernel.own(name), True)
    raise VmError(f"no kernel '{name}'; there are: {', '.join(names())}")
