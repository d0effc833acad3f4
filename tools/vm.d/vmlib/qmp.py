# SPDX-License-Identifier: MIT
"""QEMU's machine protocol, as much as starting, saving and looking at a guest needs."""

import json
import socket
import time

from .common import VmError


class Qmp:
    """One connection; QEMU serves one at a time, so keep it short."""

    def __init__(self, path, deadline=10):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(deadline)
        limit = time.monotonic() + deadline
        while True:
            try:
                self.sock.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > limit:
                    raise VmError("QEMU does not answer on its control socket") from None
                time.sleep(0.02)
        self.file = self.sock.makefile("r", encoding="utf-8")
        self.file.readline()
        self.run("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()

    def run(self, command, **arguments):
        """The command's return value; events in between are dropped."""
        message = json.dumps({"execute": command, "arguments": arguments})
        try:
            self.sock.sendall(message.encode())
            for line in self.file:
                reply = json.loads(line)
                if "error" in reply:
                    raise VmError(f"QEMU refused {command}: {reply['error'].get('desc')}")
                if "return" in reply:
                    return reply["return"]
        except OSError as error:
            raise VmError(f"QEMU stopped answering at {command}: {error}") from None
        raise VmError(f"QEMU went away at {command}")

    def wait_for(self, command, done, deadline):
        """Repeat a query until done(result); the last result."""
        limit = time.monotonic() + deadline
        while True:
            result = self.run(command)
            if done(result):
                return result
            if time.monotonic() > limit:
                raise VmError(f"QEMU did not get there in {deadline} s: {command} says {result}")
            time.sleep(0.05)
