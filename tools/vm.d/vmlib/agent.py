# SPDX-License-Identifier: MIT
"""The host's end of guest/agent.c: run one command over one virtio-serial port."""

import contextlib
import fcntl
import os
import secrets
import selectors
import shutil
import signal
import socket
import struct
import sys
import termios
import time
import tty

from .common import VmError

PORTS = 8
MAGIC = 0x414F4C56
PAYLOAD_MAX = 65536
EXEC, INPUT, SIGNAL, WINDOW = 1, 2, 3, 4
STARTED, OUTPUT, ERRORS, EXITED = 16, 17, 18, 19
WANT_INPUT, WANT_TTY, SET_CLOCK = 1, 2, 4
HEAD = struct.Struct("<4I")
EXEC_HEAD = struct.Struct("<Q4H")
TIMED_OUT = 124
# A killed command gets this long to end before it is killed for good, and again before we give up waiting
GRACE = 3


class Gone(VmError):
    """The other end of the port closed: QEMU ended."""


@contextlib.contextmanager
def port(state):
    """A connection to a port that no other process uses."""
    for index in range(PORTS):
        handle = os.open(state / f"agent{index}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        directory = os.open(state, os.O_PATH)
        sock = socket.socket(socket.AF_UNIX)
        try:
            # Through /proc: a checkout may lie deeper than the 107 bytes of a socket's address
            sock.connect(f"/proc/self/fd/{directory}/agent{index}.sock")
            yield sock
        except (FileNotFoundError, ConnectionRefusedError):
            raise Gone("the test machine does not answer") from None
        finally:
            sock.close()
            os.close(directory)
            os.close(handle)
        return
    raise VmError(f"{PORTS} commands are running in this machine already, wait for one of them")


class Command:
    """One command in the guest. on_output(data) and on_errors(data) get what it prints as it comes."""

    def __init__(self, sock, on_output, on_errors, source=None):
        self.sock = sock
        self.sinks = {OUTPUT: on_output, ERRORS: on_errors}
        self.source = source
        self.session = secrets.randbits(32) | 1
        self.buffer = b""
        self.started = False
        self.status = None
        self.request = b""

    def send(self, kind, data=b""):
        try:
            self.sock.sendall(HEAD.pack(MAGIC, self.session, len(data), kind) + data)
        except OSError:
            raise Gone("the test machine went away") from None

    def receive(self):
        try:
            data = self.sock.recv(PAYLOAD_MAX)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Gone("the test machine went away")
        return data

    def start(self, argv, cwd="", flags=0):
        size = shutil.get_terminal_size()
        words = b"".join(os.fsencode(word) + b"\0" for word in [cwd, *argv])
        self.request = EXEC_HEAD.pack(time.time_ns(), flags, size.lines, size.columns, 0) + words
        if len(self.request) > PAYLOAD_MAX:
            raise VmError(f"the command line is too long: {len(self.request)} of {PAYLOAD_MAX} bytes; put it into a file")
        self.send(EXEC, self.request)

    def repeat(self):
        """A host that died in mid-frame leaves the agent counting bytes of it: fill them up and ask again."""
        self.sock.sendall(b"\0" * PAYLOAD_MAX)
        self.send(EXEC, self.request)

    def resize(self):
        size = shutil.get_terminal_size()
        self.send(WINDOW, EXEC_HEAD.pack(0, 0, size.lines, size.columns, 0))

    def take(self, data):
        """Frames of this session; whatever else is in the stream belonged to somebody before us."""
        self.buffer += data
        while len(self.buffer) >= HEAD.size:
            magic, session, length, kind = HEAD.unpack_from(self.buffer)
            if magic != MAGIC or length > PAYLOAD_MAX:
                self.buffer = self.buffer[1:]
                continue
            if len(self.buffer) < HEAD.size + length:
                return
            payload = self.buffer[HEAD.size:HEAD.size + length]
            self.buffer = self.buffer[HEAD.size + length:]
            if session != self.session:
                continue
            self.started = True
            if kind == EXITED:
                self.status = payload[0]
            elif kind in self.sinks:
                self.sinks[kind](payload)

    def step(self, wait):
        """Wait for something to happen, at most that long, and handle it."""
        # poll, not epoll: standard input may be a plain file
        with selectors.PollSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            if self.source is not None and self.started:
                selector.register(self.source, selectors.EVENT_READ)
            for key, _ in selector.select(max(wait, 0)):
                if key.fileobj is self.sock:
                    self.take(self.receive())
                else:
                    data = os.read(self.source, 8192)
                    self.send(INPUT, data)
                    if not data:
                        self.source = None

    def wait(self, timeout=None, repeat_after=5):
        """The exit status; TIMED_OUT when the command had to be killed. timeout None: as long as it takes."""
        began = time.monotonic()
        deadline = began + timeout if timeout else None
        repeat = began + repeat_after if repeat_after else None
        kills = [signal.SIGTERM, signal.SIGKILL]
        late = False
        while self.status is None:
            now = time.monotonic()
            if repeat and not self.started and now > repeat:
                self.repeat()
                repeat = None
            if deadline and now > deadline:
                late = True
                if not kills:
                    break
                self.send(SIGNAL, bytes([kills.pop(0)]))
                deadline = now + GRACE
            limit = min(1.0, deadline - now) if deadline else 1.0
            try:
                self.step(limit)
            except KeyboardInterrupt:
                self.send(SIGNAL, bytes([signal.SIGINT]))
                deadline, kills = time.monotonic() + GRACE, [signal.SIGKILL]
        return TIMED_OUT if late else self.status


def execute(state, argv, *, timeout=None, cwd="", source=None, flags=0, repeat_after=5,
            on_output=None, on_errors=None):
    """Run argv in the guest whose sockets lie in state; output goes to ours unless sinks are given."""
    def sink(stream):
        def write(data):
            stream.buffer.write(data)
            stream.buffer.flush()
        return write

    with port(state) as sock:
        command = Command(sock, on_output or sink(sys.stdout), on_errors or sink(sys.stderr), source)
        command.start(argv, cwd, flags | (WANT_INPUT if source is not None else 0))
        return command.wait(timeout, repeat_after)


def capture(state, argv, timeout=60, **options):
    """(status, output and errors together) of a short command."""
    parts = []
    status = execute(state, argv, timeout=timeout, on_output=parts.append, on_errors=parts.append, **options)
    return status, b"".join(parts).decode(errors="replace")


def shell(state, argv):
    """An interactive command on a terminal in the guest."""
    stdin = sys.stdin.fileno()
    saved = termios.tcgetattr(stdin)
    with port(state) as sock:
        def write(data):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

        command = Command(sock, write, write, stdin)
        signal.signal(signal.SIGWINCH, lambda *_: command.resize())
        tty.setraw(stdin)
        try:
            command.start(argv, "", WANT_INPUT | WANT_TTY)
            return command.wait()
        finally:
            termios.tcsetattr(stdin, termios.TCSADRAIN, saved)
