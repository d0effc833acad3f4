#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A terminal that vhost-user-console has made raw is given back, however the program ends; and what ends it."""

import fcntl
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


def start(socket, fd, stdin=None):
    """With a terminal to control it, whose end is fd, and that as standard input unless there is another one."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
        # a shell that runs us in the background has these ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        for to in (0, 1, 2):
            os.dup2(stdin if to == 0 and stdin is not None else fd, to)
        os.execv(DAEMON, [DAEMON, "--socket-path=" + socket, "--port=backend=stdio", "--log-level=error"])
    return pid


def status_of(pid):
    ended = []
    if not eventually(lambda: ended.append(os.waitpid(pid, os.WNOHANG)) or ended[-1][0]):
        os.kill(pid, signal.SIGKILL)
        ended.append(os.waitpid(pid, 0))
    return os.waitstatus_to_exitcode(ended[-1][1])


def try_end(socket, end, want):
    """What went wrong, or None."""
    fd, slave = pty.openpty()
    before = modes(slave)
    pid = start(socket, slave)
    if not eventually(lambda: modes(slave) != before and os.path.exists(socket)):
        return "the terminal was never made raw"
    end(pid, fd)
    status = status_of(pid)
    back = eventually(lambda: modes(slave) == before)
    os.close(fd)
    os.close(slave)
    if status != want:
        return f"the program ended with {status}"
    return None if back else "the terminal stayed raw"


def try_hang_up(socket):
    fd, slave = pty.openpty()
    before = modes(slave)
    pid = start(socket, slave)
    if not eventually(lambda: modes(slave) != before and os.path.exists(socket)):
        return "the terminal was never made raw"
    os.close(fd)
    status = status_of(pid)
    os.close(slave)
    return f"the program ended with {status}" if status else None


def try_end_of_input(socket):
    fd, slave = pty.openpty()
    reader, writer = os.pipe2(os.O_CLOEXEC)
    pid = start(socket, slave, reader)
    os.close(reader)
    if not eventually(lambda: os.path.exists(socket)):
        return "the program did not start"
    os.close(writer)
    time.sleep(0.3)
    early = os.waitpid(pid, os.WNOHANG)[0]
    if early:
        return "the program ended"
    os.kill(pid, signal.SIGTERM)
    status = status_of(pid)
    os.close(fd)
    os.close(slave)
    return f"the program ended with {status}" if status else None


def main():
    tests = [(name, lambda socket, end=end, want=want: try_end(socket, end, want)) for name, end, want in ENDS]
    tests.append(("the terminal hangs up", try_hang_up))
    tests.append(("the end of a pipe is none of the program", try_end_of_input))
    print(f"1..{len(tests)}")
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        for number, (name, test) in enumerate(tests, 1):
            wrong = test(f"{work}/{number}")
            print(f"{'not ' if wrong else ''}ok {number} - {name}")
            if wrong:
                print(f"# {wrong}")
                failed += 1
    sys.exit(failed > 0)


main()
