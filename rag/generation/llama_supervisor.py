"""A small process between Cita and its llama-server, so that the server never outlives Cita.

Run as a script: `python -I -S llama_supervisor.py LOG SECONDS COMMAND…`. It starts COMMAND, copies its
output to LOG, writes the port that it listens on to stdout, and kills it when stdin ends: the pipe
closes whenever Cita's process ends, however it ends, on every system. A death signal asked of the kernel
would be tied to the thread that started the child, and a web server's worker threads come and go.
"""

import ctypes
import os
import re
import select
import signal
import subprocess
import sys
import threading
from io import RawIOBase
from pathlib import Path

LISTENING = re.compile(rb"listening on http://[^\s]*:(\d+)")
LOG_LIMIT_BYTES = 5_000_000
PARENT_CHECK_SECONDS = 1.0
SET_DEATH_SIGNAL = 1


def main(log_path: str, startup_seconds: float, command: list[str]) -> int:
    """Run `command` until it ends by itself or the parent has gone; return its exit code."""
    parent = os.getppid()
    with Path(log_path).open("wb", buffering=0) as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Its directory: the server also loads libraries that lie in the folder it is started from.
            cwd=Path(command[0]).parent,
            # This process has one thread so far, and it lives as long as the process does.
            preexec_fn=_die_with_me if sys.platform == "linux" else None,
        )
        threading.Thread(target=_kill_without_parent, args=(server, parent), daemon=True).start()
        startup = threading.Timer(startup_seconds, server.kill)
        startup.daemon = True
        startup.start()
        _relay(server, log, startup)
        return server.wait()


def _relay(server: subprocess.Popen[bytes], log: RawIOBase, startup: threading.Timer) -> None:
    assert server.stdout is not None
    written = 0
    announced = False
    for line in server.stdout:
        if written < LOG_LIMIT_BYTES:
            written += log.write(line) or 0
        found = None if announced else LISTENING.search(line)
        if found:
            announced = True
            startup.cancel()
            print(int(found[1]), flush=True)


def _die_with_me() -> None:
    """Ask Linux to kill the server should this process itself be killed."""
    ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, int(signal.SIGKILL))


def _kill_without_parent(server: subprocess.Popen[bytes], parent: int) -> None:
    if os.name == "nt":
        sys.stdin.buffer.read()
    else:
        # The parent's number is watched too: a fork of it may hold the other end of the pipe open.
        while os.getppid() == parent:
            if select.select([sys.stdin], [], [], PARENT_CHECK_SECONDS)[0] and not os.read(0, 1):
                break
    server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), sys.argv[3:]))
