"""The machine's TCP sockets: lines of the kernel's table, and real sockets."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys

import pytest

from realstack.core import procfs, tcp
from support.waiting import until

LINES = (
    b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000005 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0",
    b"   1: 0100007F:1F90 0100007F:C001 01 00000000:0000001C 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1",
    b"   2: 0100007F:1F90 0100007F:C002 08 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1",
    b"   3: 0100007F:C001 0100007F:1F90 01 0000001C:00000007 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1",
    b"   4: 0100007F:1F90 0100007F:C003 06 00000000:00000000 03:00000512 00000000     0        0 0 3 0000000000000000",
)
LOOPBACK = ipaddress.ip_address("127.0.0.1")


def test_a_line_is_told_by_its_fields() -> None:
    listening, asked, half_closed, asking = tcp.parse(LINES)
    assert listening.listens
    assert not listening.connected
    assert (asked.local_port, asked.peer_port, asked.unread) == (0x1F90, 0xC001, 0x1C)
    assert half_closed.connected
    assert asking.unread == 7


def test_what_waits_for_nothing_but_the_time_is_left_out() -> None:
    assert [one.peer_port for one in tcp.parse(LINES)] == [0, 0xC001, 0xC002, 0x1F90], "the last line is in TIME_WAIT"


@pytest.mark.skipif(sys.byteorder != "little", reason="the lines are those of a little-endian machine")
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"0200007F:1F90", "127.0.0.2"),
        (b"00000000000000000000000001000000:1F90", "::1"),
        (b"B80D0120000000000000000001000000:1F90", "2001:db8::1"),
        (b"0000000000000000FFFF00000100007F:1F90", "127.0.0.1"),
    ],
)
def test_addresses_are_those_that_programs_use(written: bytes, meant: str) -> None:
    line = b"0: %s %s 01 00000000:00000000 00:00000000 00000000 0 0 2 1" % (written, written)
    (one,) = tcp.parse([line])
    assert str(one.local_address) == str(one.peer_address) == meant


def test_accepted_ones_came_in_at_a_port_of_the_same_service() -> None:
    table = {int(one.inode): one for one in tcp.parse(LINES)}
    assert tcp.accepted(table, {1, 2, 3, 4}) == 2
    assert tcp.accepted(table, {2, 3, 4}) == 0, "without its listener nobody knows which end came first"


def unread(port: int) -> list[tuple[int, int]]:
    return [(one.peer_port, one.unread) for one in tcp.unread(port)]


def test_bytes_are_there_until_they_are_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            with accepted:
                assert unread(port) == []
                client.sendall(b"hello")
                until(lambda: unread(port) == [(client.getsockname()[1], 5)], "five bytes")
                assert accepted.recv(100) == b"hello"
                until(lambda: unread(port) == [], "none any more")


def test_a_connection_that_was_not_even_accepted_counts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"hello")
            until(lambda: len(unread(port)) == 1, "a connection in the backlog")


def test_ports_of_a_process_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert {port, client.getsockname()[1]} <= tcp.ports_of([os.getpid()])


def test_a_process_that_is_gone_has_no_ports() -> None:
    assert tcp.ports_of([2**22 + 1]) == frozenset()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])  # noqa: S104 -- a server that everybody reaches is meant
def test_who_listens_is_told(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        port = server.getsockname()[1]
        asked = ipaddress.ip_address("::1" if ":" in host else "127.0.0.1")
        assert tcp.listeners(port) == tcp.listeners(port, asked) == {os.getpid()}
        assert tcp.listeners(port, ipaddress.ip_address("192.0.2.1")) == ({os.getpid()} if host == "0.0.0.0" else set())  # noqa: S104
    assert tcp.listeners(port) == set()


def test_a_listener_on_any_address_has_clients_of_both_kinds() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as both:
        port = both.getsockname()[1]
        assert tcp.listeners(port, LOOPBACK) == tcp.listeners(port, ipaddress.ip_address("::1")) == {os.getpid()}


def test_a_connection_has_two_ends_in_the_table() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        here, there = client.getsockname()[1], server.getsockname()[1]
        # Either port alone may be part of somebody else's connection to another place.
        ends = {
            (one.local_address, one.local_port, one.peer_port)
            for one in tcp.sockets()
            if one.connected and {one.local_port, one.peer_port} == {here, there}
        }
        assert ends == {(LOOPBACK, here, there), (LOOPBACK, there, here)}


def test_a_process_that_is_gone_has_no_table() -> None:
    assert list(tcp.sockets(2**22 + 1)) == []
    assert tcp.Tables().of(2**22 + 1) == {}
    assert procfs.network_namespace(2**22 + 1) is None
