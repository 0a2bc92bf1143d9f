"""A small TCP server that can leak: what the Monitor's tests watch.

It prints its port, then serves until its standard input ends. Each connection sends one line; the answer comes, and both
sides close.
With ``--leak N`` it keeps N bytes of each connection for good, with ``--keep`` the socket of every tenth one.
"""

from __future__ import annotations

import argparse
import socket
import sys
import threading


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--leak", type=int, default=0)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    kept: list[object] = []
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=serve, args=(listener, kept, options.leak, options.keep), daemon=True).start()
    sys.stdin.read()


def serve(listener: socket.socket, kept: list[object], leak: int, keep: bool) -> None:
    number = 0
    while True:
        connection, _ = listener.accept()
        number += 1
        line = connection.recv(4096)
        work = [line * 20 for _ in range(50)]
        connection.sendall(b"ok %d\n" % len(work))
        if leak:
            kept.append(bytes([number % 256]) * leak)
        if keep and number % 10 == 0:
            kept.append(connection)
        else:
            connection.close()


if __name__ == "__main__":
    main()
