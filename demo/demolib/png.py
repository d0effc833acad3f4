# SPDX-License-Identifier: MIT
"""Reads the pixels of a PNG screenshot (W3C PNG: 8 bits a channel, RGB or RGBA, not interlaced)."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {2: 3, 6: 4}


class Picture:
    """width, height and pixel(x, y) as an (r, g, b) tuple."""

    def __init__(self, width, height, channels, rows):
        self.width = width
        self.height = height
        self.channels = channels
        self.rows = rows

    def pixel(self, x, y):
        at = x * self.channels
        return tuple(self.rows[y][at:at + 3])

    def differences(self, other):
        """The set of (x, y) at which two pictures of one size differ."""
        found = set()
        for y, (mine, theirs) in enumerate(zip(self.rows, other.rows)):
            if mine == theirs:
                continue
            for x in range(self.width):
                if self.pixel(x, y) != other.pixel(x, y):
                    found.add((x, y))
        return found


def paeth(left, up, corner):
    """The PNG predictor of filter type 4."""
    guess = left + up - corner
    to_left, to_up, to_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner


def unfilter(kind, row, before, step):
    """Undo the filter of one row in place; before is the row above, step the bytes of a pixel."""
    if kind == 0:
        return
    for i, value in enumerate(row):
        left = row[i - step] if i >= step else 0
        corner = before[i - step] if i >= step else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = before[i]
        elif kind == 3:
            guess = (left + before[i]) // 2
        elif kind == 4:
            guess = paeth(left, before[i], corner)
        else:
            raise ValueError(f"unknown PNG filter {kind}")
        row[i] = (value + guess) & 0xff


def chunks(data):
    """The (type, content) pairs of a PNG file."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8:at + 8 + size]
        at += 12 + size


def load(path):
    """A Picture from a file; ValueError when it is not a PNG of the kind above."""
    data = path.read_bytes()
    if not data.startswith(SIGNATURE):
        raise ValueError(f"{path} is not a PNG file")
    header, packed = None, bytearray()
    for kind, content in chunks(data):
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", content)
        elif kind == b"IDAT":
            packed += content
    if not header or header[2] != 8 or header[3] not in CHANNELS or header[6]:
        raise ValueError(f"{path} is not an 8 bit RGB picture")
    width, height, step = header[0], header[1], CHANNELS[header[3]]
    raw = zlib.decompress(bytes(packed))
    size = width * step
    rows, before = [], bytes(size)
    for y in range(height):
        row = bytearray(raw[y * (size + 1) + 1:(y + 1) * (size + 1)])
        unfilter(raw[y * (size + 1)], row, before, step)
        rows.append(row)
        before = row
    return Picture(width, height, step, rows)
