"""Which links may be broken: the run's own and no others."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from realstack.core.errors import StackError
from realstack.faults.library import NetworkFault
from realstack.faults.links import Link, LinkBook, Place, Target, is_local, targets_of
from realstack.faults.namespaces import Namespace, NamespaceGone
from realstack.faults.nft import Table
from realstack.faults.rules import Rules
from realstack.faults.sockets import TcpConnection

LISTENER = "import socket,sys; s=socket.create_server(('127.0.0.1',0)); print(s.getsockname()[1],flush=True); sys.stdin.read()"


def book(**owned: list[tuple[str, int]]) -> LinkBook:
    return LinkBook(owned.get)


def target(host: str, port: int) -> Target:
    return Target(ipaddress.ip_address(host), port)


def test_services_of_the_platform_are_links_by_their_names() -> None:
    link = book(backend=[("127.0.0.1", 8001), ("127.0.0.1", 8002)]).get("backend")
    assert str(link) == "'backend' (127.0.0.1:8001, 127.0.0.1:8002)"
    assert link.local


def test_a_service_that_the_driver_does_not_own_is_refused() -> None:
    with pytest.raises(StackError, match="needs-faults"):
        book(backend=[]).get("backend")


def test_names_of_the_platform_can_not_be_redefined() -> None:
    with pytest.raises(StackError, match="'redis' is a service of the platform"):
        book(redis=[("127.0.0.1", 1)]).define("redis", "127.0.0.1", 2)


def test_a_link_without_a_name_is_none() -> None:
    with pytest.raises(StackError, match="a name for the link"):
        book().define("", "127.0.0.1", 1)


def test_unknown_names_list_the_known() -> None:
    links = book()
    with pytest.raises(StackError, match=r"There is no link 'x'\. Defined are: none\."):
        links.get("x")
    links.define("a", "127.0.0.1", 80)
    with pytest.raises(StackError, match="Defined are: a"):
        links.get("x")


def test_what_this_process_or_a_child_listens_on_may_be_broken() -> None:
    links = book()
    with socket.create_server(("127.0.0.1", 0)) as mine:
        links.define("mine", "127.0.0.1", mine.getsockname()[1])
        assert links.get("mine").name == "mine"
    with subprocess.Popen([sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        links.define("childs", "127.0.0.1", int(child.stdout.readline()))
        assert links.get("childs").targets[0].port > 0
        child.stdin.close()


def test_what_others_listen_on_is_refused_with_their_name() -> None:
    """The listener is handed over to PID 1 by a parent that ends, so it is nobody's child here."""
    orphan = f"import subprocess,sys; subprocess.Popen([sys.executable,'-c',{LISTENER!r}],stdin=0)"
    read, write = os.pipe()
    with subprocess.Popen([sys.executable, "-c", orphan], stdin=read, stdout=subprocess.PIPE, text=True) as parent:
        os.close(read)
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        parent.wait()
        links = book()
        links.define("theirs", "127.0.0.1", port)
        try:
            with pytest.raises(StackError, match=rf"127\.0\.0\.1:{port} listens python.* \(PID \d+\)"):
                links.get("theirs")
            assert LinkBook(lambda _name: None, [("127.0.0.1", port)]).define("theirs", "127.0.0.1", port)
        finally:
            os.close(write)


def test_expressly_allowed_addresses_may_be_broken() -> None:
    links = LinkBook(lambda _name: None, [("192.0.2.7", 443)])
    links.define("staging", "192.0.2.7", 443)
    links.define("other", "192.0.2.7", 80)
    assert not links.get("staging").local
    with pytest.raises(StackError, match=r"192\.0\.2\.7:80 is not an address of this machine"):
        links.get("other")


def test_nobody_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        links = book()
        links.define("down", "127.0.0.1", reserved.getsockname()[1])
        with pytest.raises(StackError, match="nobody listens at"):
            links.get("down")


def test_a_link_that_only_leads_somewhere_is_found_whoever_owns_it() -> None:
    links = book(known=[])
    links.define("elsewhere", "192.0.2.7", 80)
    assert str(links.find("elsewhere").targets[0]) == "192.0.2.7:80"
    with pytest.raises(StackError, match="the platform's driver owns none"):
        links.find("known")


def test_a_service_that_the_driver_only_knows_leads_somewhere_and_is_cut_where_that_was_allowed() -> None:
    known = {"chat": [("192.0.2.7", 443)]}.get
    links = LinkBook(lambda name: [] if known(name) else None, known=known)
    assert str(links.find("chat").targets[0]) == "192.0.2.7:443"
    with pytest.raises(StackError, match="allowed=host:port"):
        links.get("chat")
    assert LinkBook(lambda name: [] if known(name) else None, [("192.0.2.7", 443)], known).get("chat")


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 0), ("127.0.0.1", 65536), ("no..such.host", 80)])
def test_bad_addresses(host: str, port: int) -> None:
    with pytest.raises(StackError, match=r"not a TCP port|can be resolved"):
        targets_of(host, port)


def test_an_address_of_ipv6_may_stand_as_in_a_url() -> None:
    assert targets_of("[::1]", 80) == targets_of("::1", 80)


def test_what_is_no_url_leads_through_no_proxy() -> None:
    """An address of nowhere came of it, or a bare error."""
    faults = NetworkFault()
    faults.open_proxy_link("wire", "127.0.0.1", 1)
    try:
        port = faults.get_proxy_url("wire", "http://x").rpartition(":")[2]
        assert faults.get_proxy_url("wire", "ws://chat.example:8000/a?b#c") == f"ws://127.0.0.1:{port}/a?b#c"
        for url in ("127.0.0.1:8000/path", "localhost:8000", "", "/path", "http://[::1", "http:///path"):
            with pytest.raises(StackError, match="a URL with a scheme and a host"):
                faults.get_proxy_url("wire", url)
        with pytest.raises(StackError, match="a pattern of characters that UTF-8 has"):
            faults.cut_at_bytes("wire", "\ud83d")
    finally:
        faults.close_proxy_link("wire")


def test_local_addresses() -> None:
    assert is_local(ipaddress.ip_address("127.0.0.1"))
    assert not is_local(ipaddress.ip_address("192.0.2.1"))


def test_rules_of_a_remote_service_hit_where_packets_leave() -> None:
    """Such a link can't be tried here without another machine, so its rules are read."""
    link = Link("remote", (target("192.0.2.7", 443), target("2001:db8::7", 443)))
    rules = Rules("t", 1, link.places()[0], "reset", "both")
    lines = "\n".join(rules.install(seconds=1.5, client_ports=[4000], spared_ports=[5000]))
    assert "hook output" in lines
    assert "192.0.2.7 . 443 timeout 1500ms" in lines
    assert "add rule inet t fault1_output ip daddr . tcp dport @fault1_services4" in lines
    assert "add rule inet t fault1_input ip6 saddr . tcp sport @fault1_services6" in lines
    assert "tcp sport @fault1_clients tcp sport != @fault1_spared" in lines
    assert "tcp flags & rst == 0" in lines


def test_networks_of_services_themselves_are_asked_for_only_where_the_link_may_be_broken() -> None:
    service = target("10.77.0.2", 8000)
    place = Place.inside((service,), Namespace(1, "net:[1]", "chat"), [ipaddress.ip_address("10.77.0.1")])
    inside = {"chat": [place]}
    links = LinkBook({"chat": [("127.0.0.1", 20001)]}.get, inside=inside.__getitem__)
    link = links.get("chat")
    assert [one.targets for one in link.places()] == [link.targets, (service,)]
    assert link.places([4000]) == link.places()[:1], "ports of clients are those of this network"
    assert not links.find("chat").inside
    known = {"chat": [("192.0.2.7", 443)]}.get
    links = LinkBook(lambda _name: [], known=known, allowed=[("192.0.2.7", 443)], inside=inside.__getitem__)
    assert not links.get("chat").inside


def test_rules_in_a_network_of_the_services_own_spare_who_is_hit_elsewhere() -> None:
    place = Place.inside((target("10.77.0.2", 8000),), Namespace(1, "net:[1]", "chat"), [ipaddress.ip_address("10.77.0.1")])
    lines = Rules("t", 1, place, "drop", "both").install(seconds=1)
    (to, back) = [line for line in lines if "counter name fault1_to" in line or "counter name fault1_from" in line]
    assert to.startswith("add rule inet t fault1_input ip daddr . tcp dport @fault1_services4 ip saddr != { 10.77.0.1 } ")
    assert back.startswith("add rule inet t fault1_output ip saddr . tcp sport @fault1_services4 ip daddr != { 10.77.0.1 } ")


@pytest.mark.parametrize("spared", [(), ("192.0.2.1", "192.0.2.2", "2001:db8::1")])
def test_the_kernel_takes_the_rules_of_every_shape(spared: tuple[str, ...]) -> None:
    table = Table(f"realstack_shapes_{os.getpid()}")
    link = Link("remote", (target("192.0.2.7", 443), target("2001:db8::7", 443)))
    place = replace(link.places()[0], spared=frozenset(map(ipaddress.ip_address, spared)))
    existing = [TcpConnection(target("192.0.2.1", 999), link.targets[0])]
    try:
        number = 0
        for verdict in ("drop", "reject", "reset"):
            for direction in ("both", "to-service", "from-service"):
                for only in (None, existing, []):
                    number += 1
                    rules = Rules(table.name, number, place, verdict, direction)  # type: ignore[arg-type]
                    lines = rules.install(seconds=9, only=only, handshakes_only=only is None, probe_ports=[77], spared_ports=[1])
                    table.apply([f"add table inet {table.name}", *lines])
                    table.apply(rules.withdraw())
                    assert rules.counter_to in table.counters()
                    table.apply(rules.remove_rest())
        assert table.counters() == {}
        assert table.elements() == {}
    finally:
        table.delete()
    assert not table.exists()


def test_a_table_needs_a_plain_name() -> None:
    with pytest.raises(ValueError, match="can't name a table"):
        Table("x; flush ruleset")


def test_a_network_that_is_this_ones_or_gone_is_told() -> None:
    with pytest.raises(StackError, match=r"(?s)a network of its own for chat.*in that of the tests"):
        Namespace.of(os.getpid(), "chat")
    with pytest.raises(NamespaceGone, match=r"(?s)the network of chat.*stopped, restarted or removed"):
        Namespace.of(2**22 + 1, "chat")
    gone = Namespace(os.getpid(), "net:[1]", "chat")
    with pytest.raises(NamespaceGone):
        gone.command(["nft"])
    with pytest.raises(NamespaceGone):
        Table("realstack_gone", gone).counters()
