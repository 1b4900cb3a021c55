"""A process that has imported what functions need and does nothing: others are forked from it, each
with the socket it gets its events through.

usage: zygote.py DESCRIPTOR   (a socket, over which come sockets for the children)
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import traceback


READY = b"ready"
_PR_SET_PDEATHSIG = 1


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever has started it ends it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    import ropewalk_server.lambdas.doors
    import ropewalk_server.lambdas.handlers
    import ropewalk_server.lambdas.sockets
    import ropewalk_server.lambdas.streaming  # noqa: F401

    control.sendall(READY)
    while True:
        word, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if not word:
            return
        child = os.fork()
        if child == 0:
            control.close()
            _live(descriptors[0])
        os.close(descriptors[0])
        control.sendall(child.to_bytes(4, "little"))


def _live(descriptor: int) -> None:
    status = 0
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if sys.platform == "linux":
            # It may stand still when the emulator is killed, and would for ever.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        from ropewalk_server.emulator.runtime import serve

        serve(socket.socket(fileno=descriptor))
    except BaseException:
        traceback.print_exc()
        status = 1
    finally:
        sys.stdout.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
