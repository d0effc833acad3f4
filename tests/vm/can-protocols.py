#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Protocols of the kernel over two CAN interfaces, data compared: can-protocols.py isotp|j1939 A B BYTES"""
import random
import signal
import socket
import sys

ISOTP_PDU = 4095    # the longest of classic ISO 15765-2
J1939_MESSAGE = 1785    # the longest of its transport protocol
SECONDS = 20
# J1939 ends a session whose answer overtakes the echo of the question. The daemon keeps the order, but virtio_can takes echoes and
# frames on two NAPI contexts, which run on two processors at times. It is for the application to send anew.
ATTEMPTS = 4


def isotp(a, b):
    """One socket a side, bound to the other one's identifiers."""
    sockets = []
    for name, receive, send in ((a, 0x7E0, 0x7E8), (b, 0x7E8, 0x7E0)):
        s = socket.socket(socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_ISOTP)
        s.bind((name, receive, send))
        sockets.append((s, s.send))
    return sockets, ISOTP_PDU


def j1939(a, b):
    sockets = []
    for name, address, other in ((a, 0x20, 0x30), (b, 0x30, 0x20)):
        s = socket.socket(socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_J1939)
        s.bind((name, socket.J1939_NO_NAME, socket.J1939_NO_PGN, address))
        to = (name, socket.J1939_NO_NAME, 0x12300, other)
        sockets.append((s, lambda data, s=s, to=to: s.sendto(data, to)))
    return sockets, J1939_MESSAGE


def deliver(sender, receiver, size, message):
    """Whether the message comes as it was sent; what is left of an earlier attempt is passed over."""
    try:
        sender[1](message)
        while receiver[0].recv(size) != message:
            pass
    except OSError as problem:
        print(f"again, because of: {problem}", flush=True)
        return False
    return True


def transfer(sender, receiver, size, total):
    """One way, message by message; returns how many needed another attempt."""
    again = 0
    for i, at in enumerate(range(0, total, size)):
        message = random.Random(i).randbytes(min(size, total - at))
        for attempt in range(ATTEMPTS):
            if deliver(sender, receiver, size, message):
                break
            again += 1
        else:
            sys.exit(f"message {i} did not come as it was sent")
    return again


def close(sockets):
    """J1939 waits here until its sessions have ended. Seen once on 5.10: it counted one for ever, and only a signal ended that. Its
    source has a way to it, also in 6.12: j1939_tp_set_rxtimeout() takes a reference too many when a frame is echoed on one processor
    while the next one is sent on the other (vcan echoes at once, on the same one)."""
    signal.signal(signal.SIGALRM, lambda *_: print("the kernel still counts a session that has ended", flush=True))
    for s in sockets:
        signal.alarm(SECONDS)
        s.close()
    signal.alarm(0)


def main():
    kind, a, b, total = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    (first, second), size = {"isotp": isotp, "j1939": j1939}[kind](a, b)
    for s, _ in (first, second):
        s.settimeout(SECONDS)
    for name, there, here in ((f"{a} to {b}", first, second), (f"{b} to {a}", second, first)):
        print(f"{kind}: {name}: {total} bytes, {transfer(there, here, size, total)} messages sent again", flush=True)
    close((first[0], second[0]))


main()
