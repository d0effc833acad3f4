#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A serial CAN adapter on a pseudo-terminal: slcan-peer.py NAME

Makes the interface NAME of it. Prints the commands that the kernel sends, each on a line, and sends it the lines that it reads.
"""
import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import tty

N_SLCAN = 17    # linux/tty.h
SIOCGIFNAME = 0x8910    # linux/sockios.h


def main():
    adapter, terminal = os.openpty()
    tty.setraw(terminal)
    fcntl.ioctl(terminal, termios.TIOCSETD, struct.pack("i", N_SLCAN))
    name = bytearray(16)
    fcntl.ioctl(terminal, SIOCGIFNAME, name)
    subprocess.run(["ip", "link", "set", name.rstrip(b"\0").decode(), "name", sys.argv[1]], check=True)
    while True:
        ready = select.select([adapter, 0], [], [])[0]
        if adapter in ready:
            print(os.read(adapter, 4096).decode().replace("\r", "\n"), end="", flush=True)
        if 0 in ready:
            lines = os.read(0, 4096)
            if not lines:
                return
            os.write(adapter, lines.replace(b"\n", b"\r"))


main()
