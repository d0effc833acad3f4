# SPDX-License-Identifier: MIT
"""The event node of the virtio touch screen, for the programs beside this."""

import contextlib
import glob
import os
import pathlib
import sys


def open_event_node(access):
    """Its descriptor, without blocking; os.O_RDONLY or os.O_RDWR. Ends the program when there is none."""
    for folder in glob.glob("/sys/class/input/event*"):
        # The panel's own may go while we look
        with contextlib.suppress(OSError):
            if pathlib.Path(folder, "device/phys").read_text(encoding="utf-8").startswith("virtio"):
                return os.open("/dev/input/" + os.path.basename(folder), access | os.O_NONBLOCK)
    sys.exit("there is no virtio input device")
