# SPDX-License-Identifier: MIT
"""drm-paint.py CARD: the first connected screen of CARD shows a dumb buffer (drm.h, drm_mode.h), is painted, goes dark.

Prints the size of its first mode.
"""
import array
import fcntl
import mmap
import os
import struct
import sys


def ioctl(number, layout, *values):
    """DRM_IOWR of a struct; the fields as the kernel left them."""
    data = bytearray(struct.pack(layout, *values))
    fcntl.ioctl(card, 3 << 30 | len(data) << 16 | ord("d") << 8 | number, data)
    return struct.unpack(layout, data)


def ids(*counts):
    return [array.array("I", [0] * max(n, 1)) for n in counts]


def address(a):
    return a.buffer_info()[0]


card = os.open(sys.argv[1], os.O_RDWR)
fcntl.ioctl(card, ord("d") << 8 | 0x1e)     # SET_MASTER

RESOURCES = "4Q8I"
counts = ioctl(0xA0, RESOURCES, *[0] * 12)[4:8]
fbs, crtcs, connectors, encoders = lists = ids(*counts)
ioctl(0xA0, RESOURCES, *map(address, lists), *counts, 0, 0, 0, 0)

MODE = struct.Struct("I10H3I32s")
CONNECTOR = "4Q12I"
connector = connectors[0]
num_modes = ioctl(0xA7, CONNECTOR, *[0] * 8, connector, *[0] * 7)[4]
buffer = array.array("B", bytes(MODE.size * num_modes))
ioctl(0xA7, CONNECTOR, 0, address(buffer), 0, 0, num_modes, 0, 0, 0, connector, *[0] * 7)
mode = bytes(buffer[:MODE.size])
fields = MODE.unpack(mode)
width, height = fields[1], fields[6]

_, _, _, _, handle, pitch, size = ioctl(0xB2, "6IQ", height, width, 32, 0, 0, 0, 0)
fb = ioctl(0xAE, "7I", 0, width, height, pitch, 32, 24, handle)[0]
offset = ioctl(0xB3, "2IQ", handle, 0, 0)[2]
with mmap.mmap(card, size, offset=offset) as pixels:
    for y in range(height):
        pixels[y * pitch:y * pitch + width * 4] = bytes((y & 255, 0, 128, 0)) * width
connector_list = array.array("I", [connector])
ioctl(0xA2, "Q7I68s", address(connector_list), 1, crtcs[0], fb, 0, 0, 0, 1, mode)
ioctl(0xB1, "4IQ", fb, 0, 0, 0, 0)    # DIRTYFB: all of it
ioctl(0xA2, "Q7I68s", 0, 0, crtcs[0], 0, 0, 0, 0, 0, bytes(68))
print(f"{width}x{height}")
