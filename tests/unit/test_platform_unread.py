"""Bytes that a server has not read, on real sockets."""

from __future__ import annotations

import os
import socket
import time

from realstack.platform.unread import Unread, client_ports, parse, unread

LINES = (
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000005 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0",
    "   1: 0100007F:1F90 0100007F:C001 01 00000000:0000001C 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1",
    "   2: 0100007F:1F90 0100007F:C002 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1",
    "   3: 0100007F:C001 0100007F:1F90 01 0000001C:00000007 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1",
)


def test_only_unread_bytes_of_the_servers_end_count() -> None:
    assert parse(LINES, 0x1F90) == [Unread(0xC001, 0x1C)]


def test_bytes_are_there_until_they_are_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            with accepted:
                assert unread(port) == []
                client.sendall(b"hello")
                assert _soon(port, 1) == [Unread(client.getsockname()[1], 5)]
                assert accepted.recv(100) == b"hello"
                assert _soon(port, 0) == []


def test_a_connection_that_was_not_even_accepted_counts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"hello")
            assert len(_soon(port, 1)) == 1


def test_ports_of_a_process_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert {port, client.getsockname()[1]} <= client_ports([os.getpid()])


def test_a_process_that_is_gone_has_no_ports() -> None:
    assert client_ports([2**22 + 1]) == frozenset()


def _soon(port: int, count: int) -> list[Unread]:
    end = time.monotonic() + 5
    while len(found := unread(port)) != count and time.monotonic() < end:
        time.sleep(0.005)
    return found
