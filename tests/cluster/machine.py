"""Runs a command on a machine of its own: a network and a clock that nobody else has. It ends with whoever started it.

`python machine.py SOCKET ADDRESS MILLISECONDS COMMAND…`: over the socket go the command's process id and the tun device that is
the machine's only way to the others, which whoever gets it reads packets from and writes them to. Nothing has a name outside, so
nothing can be left behind.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys

NEW_NETWORK, NEW_TIME = 0x40000000, 0x00000080
DIE_WITH_PARENT, TUNSETIFF, TUN_WITHOUT_HEADER = 1, 0x400454CA, 0x1001
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Have the kernel end this process when its parent does."""
    _libc.prctl(DIE_WITH_PARENT, signal.SIGKILL)


def tun(address: str) -> int:
    """A way to the network 10.9.0.0/24; packets are read from and written to what it returns."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"way", TUN_WITHOUT_HEADER))
    for command in (f"address add {address}/24 dev way", "link set way up", "link set lo up"):
        subprocess.run(["ip", *command.split()], check=True)
    return device


def main() -> int:
    """Become the machine."""
    die_with_parent()
    told, address, milliseconds, *command = sys.argv[1:]
    if _libc.unshare(NEW_NETWORK | NEW_TIME):
        raise OSError(ctypes.get_errno(), "unshare")
    with open("/proc/self/timens_offsets", "w", encoding="ascii") as offsets:
        offsets.write(f"monotonic 0 {int(milliseconds) * 1_000_000}\n")
    device = tun(address)
    running = subprocess.Popen(command, preexec_fn=die_with_parent)  # noqa: PLW1509 - there are no other threads
    with socket.socket(fileno=int(told)) as channel:
        socket.send_fds(channel, [str(running.pid).encode()], [device])
    return running.wait()


if __name__ == "__main__":
    raise SystemExit(main())
