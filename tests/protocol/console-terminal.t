#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A terminal that vhost-user-console has made raw is given back, however the program ends."""

import os
import pty
import signal
import sys
import tempfile
import termios
import time

DAEMON = os.environ["BUILD"] + "/vhost-user-console/vhost-user-console"
PATIENCE = 20
ENDS = [
    ("the escape key", lambda pid, fd: os.write(fd, b"\x1dq"), 0),
    ("SIGTERM", lambda pid, fd: os.kill(pid, signal.SIGTERM), 0),
    ("SIGINT", lambda pid, fd: os.kill(pid, signal.SIGINT), 0),
    ("SIGQUIT", lambda pid, fd: os.kill(pid, signal.SIGQUIT), -signal.SIGQUIT),
    ("SIGKILL", lambda pid, fd: os.kill(pid, signal.SIGKILL), -signal.SIGKILL),
]


def eventually(check):
    end = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def modes(fd):
    return termios.tcgetattr(fd)[:4]


def try_end(socket, name, end, want):
    """What went wrong, or None."""
    fd, slave = pty.openpty()
    before = modes(slave)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        # a shell that runs us in the background has these ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        for to in (0, 1, 2):
            os.dup2(slave, to)
        os.execv(DAEMON, [DAEMON, "--socket-path=" + socket, "--port=backend=stdio", "--log-level=error"])
    if not eventually(lambda: modes(slave) != before and os.path.exists(socket)):
        return "the terminal was never made raw"
    end(pid, fd)
    ended = []
    if not eventually(lambda: ended.append(os.waitpid(pid, os.WNOHANG)) or ended[-1][0]):
        os.kill(pid, signal.SIGKILL)
        ended.append(os.waitpid(pid, 0))
    status = os.waitstatus_to_exitcode(ended[-1][1])
    back = eventually(lambda: modes(slave) == before)
    os.close(fd)
    os.close(slave)
    if status != want:
        return f"the program ended with {status}"
    return None if back else "the terminal stayed raw"


def main():
    print(f"1..{len(ENDS)}")
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        for number, (name, end, want) in enumerate(ENDS, 1):
            wrong = try_end(f"{work}/{number}", name, end, want)
            print(f"{'not ' if wrong else ''}ok {number} - {name}")
            if wrong:
                print(f"# {wrong}")
                failed += 1
    sys.exit(failed > 0)


main()
