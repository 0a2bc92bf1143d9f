"""Redis and Valkey: types, streams, and listeners that know what they may have missed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator

import pytest

from realstack.core.errors import InvalidRun, StackError, StackFailure
from realstack.core.waiting import Deadline
from realstack.databases.errors import NotThere, StatementRefused, StoreUnreachable
from realstack.databases.redis_channels import ChannelListener
from realstack.databases.redis_store import RedisSession, RedisTarget
from realstack.recording.recorder import recorder
from support import servers

Work = Callable[[RedisSession], Awaitable[None]]


@pytest.fixture(scope="module", params=["redis", "valkey"])
def redis_server(request: pytest.FixtureRequest) -> Iterator[servers.Redis]:
    """A server of each kind."""
    with getattr(servers, request.param)() as server:
        yield server


def run(server: servers.Redis, work: Work, timeout: float = 5) -> None:
    async def with_session() -> None:
        session = RedisSession("cache", RedisTarget(server.url), "realstack-test", timeout=timeout)
        await session.open()
        try:
            await session.client.flushdb()
            await work(session)
        finally:
            await session.close()

    asyncio.run(with_session())


def test_values_come_by_type(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        client = session.client
        await client.set("s", "text ü")
        await client.hset("h", mapping={"a": "1"})
        await client.rpush("l", "x", "y")
        await client.sadd("set", "b", "a")
        await client.zadd("z", {"two": 2, "one": 1})
        await client.xadd("st", {"f": "v"}, id="1-1")
        assert await session.read("s") == "text ü"
        assert await session.read("h") == {"a": "1"}
        assert await session.read("l") == ["x", "y"]
        assert await session.read("set") == ["a", "b"]
        assert await session.read("z") == {"one": 1.0, "two": 2.0}
        assert await session.read("st") == [{"id": "1-1", "fields": {"f": "v"}}]
        assert await session.read("nothing") is None

    run(redis_server, work)


def test_bytes_that_are_no_text_are_shown(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        await session.client.set("b", b"\xff\x00a")
        assert await session.read("b") == "\\xff\x00a"

    run(redis_server, work)


def test_long_streams_are_read_page_by_page(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        async with session.client.pipeline(transaction=False) as pipeline:
            for number in range(1, 2501):
                pipeline.xadd("long", {"n": number}, id=f"{number}-0")
            await pipeline.execute()
        entries = await session.stream("long", limit=2400)
        assert [int(entry["fields"]["n"]) for entry in entries] == list(range(1, 2401))
        assert len(await session.stream("long", limit=5000)) == 2500

    run(redis_server, work)


def test_counters_and_lives(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        assert await session.counter("c") == 0
        assert await session.seconds_to_live("c") == -2
        await session.client.incrby("c", 7)
        assert await session.counter("c") == 7
        assert await session.seconds_to_live("c") == -1
        set_at = Deadline(12.345)
        await session.client.pexpire("c", 12_345)
        # To the millisecond, of which each of the two readings may lose one.
        left = await session.seconds_to_live("c")
        assert set_at.left - 0.002 <= left <= 12.345
        await session.client.set("c", "seven")
        with pytest.raises(NotThere, match="a whole number in 'c'"):
            await session.counter("c")

    run(redis_server, work)


def test_keys_are_bounded(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        await session.client.mset({f"k:{number}": "x" for number in range(30)})
        assert len(await session.keys("k:*", 30)) == 30
        with pytest.raises(StackError, match="at most 29 keys"):
            await session.keys("k:*", 29)

    run(redis_server, work)


def test_wrong_type_is_refused_by_its_code(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        await session.client.set("s", "x")
        with pytest.raises(StatementRefused, match="WRONGTYPE") as caught:
            await session.call(session.client.xlen, "s")
        assert caught.value.code == "WRONGTYPE"

    run(redis_server, work)


def test_own_connections_do_not_count(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        other = RedisSession("other", RedisTarget(redis_server.url), "backend-1", timeout=5)
        await other.open()
        assert await session.client_count(None, "realstack-test") == 1
        assert await session.client_count("back*", "realstack-test") == 1
        assert await session.client_count("auth*", "realstack-test") == 0
        await other.close()

    run(redis_server, work)


def test_paused_server_is_told_and_found_again(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        os.kill(redis_server.pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreUnreachable, match="an answer of Redis 'cache' to GET"):
                await session.call(session.client.get, "x")
        finally:
            os.kill(redis_server.pid, signal.SIGCONT)
        assert await session.call(session.client.get, "x") is None

    run(redis_server, work, timeout=1.5)


def test_listener_hears_everything_from_its_confirmation_on(redis_server: servers.Redis) -> None:
    recording = recorder.begin("listener")

    async def work(session: RedisSession) -> None:
        listener = ChannelListener("ear", session, ["a", "b*"])
        await listener.start(5)
        for number in range(200):
            await session.client.publish("a" if number % 2 else "b1", f'{{"n": {number}, "token": "t0ken-t0ken"}}')
        await session.client.publish("c", "unheard")
        await listener.wait_for(lambda one: one.data["n"] == 199, "with n=199", Deadline(5))
        assert [one.data["n"] for one in listener.messages] == list(range(200))
        listener.require_whole()
        with pytest.raises(StackFailure, match="a message of any kind on a, b"):
            await listener.wait_for(lambda _: True, "of any kind", Deadline(0.05))
        await listener.stop()

    run(redis_server, work)
    heard = [event.data for event in recording.events() if event.kind == "note"]
    assert len(heard) == 200
    assert "t0ken" not in str(heard)


@pytest.mark.parametrize("levels", [300, 900, 100_000])
def test_what_is_published_too_deeply_nested_is_heard_as_a_text(redis_server: servers.Redis, levels: int) -> None:
    deep = "[" * levels + "]" * levels

    async def work(session: RedisSession) -> None:
        listener = ChannelListener("ear", session, ["a"])
        await listener.start(5)
        await session.client.publish("a", deep)
        await session.client.publish("a", "last")
        await listener.wait_for(lambda one: one.data == "last", "last", Deadline(5))
        assert [one.data for one in listener.messages] == [deep, "last"]
        listener.require_whole()
        await listener.stop()

    run(redis_server, work)


def test_lost_subscription_is_a_gap_and_comes_back(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        listener = ChannelListener("ear", session, ["a"])
        await listener.start(5)
        await session.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        deadline = Deadline(5)
        # Until the new subscription is confirmed, what is published may still be lost.
        while not listener.gaps or not listener.messages:
            assert not deadline.passed
            await session.client.publish("a", "again")
            await asyncio.sleep(0.01)
        with pytest.raises(InvalidRun, match=r"1 gap\(s\)"):
            listener.require_whole()
        await listener.stop()

    run(redis_server, work)


def test_listener_that_nobody_confirms_is_told(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        os.kill(redis_server.pid, signal.SIGSTOP)
        try:
            with pytest.raises(StackFailure, match=r"to confirm the subscription within 0\.2 s"):
                await ChannelListener("ear", session, ["a"]).start(0.2)
        finally:
            os.kill(redis_server.pid, signal.SIGCONT)

    run(redis_server, work)


@pytest.mark.parametrize(
    "url",
    [
        *("nonsense", "http://localhost", "redis://localhost:port/0", "redis://localhost/cache", "redis://localhost?unknown=1"),
        *("redis://localhost?protocol=9", "redis://localhost?ssl=true"),
    ],
)
def test_wrong_urls_are_told(url: str) -> None:
    with pytest.raises(StackError, match=r"a Redis URL (such as|with options that)"):
        asyncio.run(RedisSession("x", RedisTarget(url), "t", timeout=1).open())


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("redis+sentinel://:hidden-7@localhost:26379/primary/0", "SENTINEL GET-MASTER-ADDR-BY-NAME"),
        ("redis-sentinel://localhost:26379?sentinelMasterId=primary", "SENTINEL GET-MASTER-ADDR-BY-NAME"),
        ("Valkeys+Cluster://:hidden-7@localhost:6379,other:6379", "one of the nodes"),
    ],
)
def test_urls_of_several_servers_are_told_with_what_to_do(url: str, remedy: str) -> None:
    with pytest.raises(StackError, match=remedy) as caught:
        asyncio.run(RedisSession("x", RedisTarget(url), "t", timeout=1).open())
    assert "hidden-7" not in str(caught.value)


def test_keys_of_bytes_are_found_by_the_name_that_is_listed(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        await session.client.set(b"\xac\xed\x00\x05t\x00\x04user", "one")
        await session.client.set("App\\xacme", "a text")
        (text, name) = await session.keys("*", 10)
        assert text == "App\\xacme"
        assert await session.read(text) == "a text"
        assert await session.read(name) == "one"
        assert await session.type(name) == "string"
        assert await session.seconds_to_live(name) == -1
        await session.set(name, "2", None)
        assert await session.counter(name) == 2
        assert await session.delete(text, name) == 2
        assert await session.keys("*", 10) == []

    run(redis_server, work)


def test_long_values_come_whole_or_not_at_all(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        many = range(15_000)
        await session.client.rpush("l", *many)
        await session.client.zadd("z", {str(number): number for number in many})
        assert await session.read("l") == [str(number) for number in many]
        assert len(await session.read("z")) == 15_000
        for key in ("l", "z"):
            with pytest.raises(StackError, match=f"at most 10000 items in '{key}'\nSeen: 15000"):
                await session.read(key, 10_000)

    run(redis_server, work)


def test_pieces_count_more_than_a_url(redis_server: servers.Redis) -> None:
    async def in_database(target: RedisTarget) -> str:
        session = RedisSession("cache", target, "realstack-test", timeout=5)
        await session.open()
        try:
            return str((await session.client.client_info())["db"])
        finally:
            await session.close()

    url = redis_server.url.rstrip("/").removesuffix("/0")
    assert asyncio.run(in_database(RedisTarget(f"{url}/2"))) == "2"
    assert asyncio.run(in_database(RedisTarget(f"{url}/2", {"db": 3}))) == "3"
    with pytest.raises(StatementRefused):
        asyncio.run(in_database(RedisTarget(url, {"password": "not the one of the url"})))


def test_a_session_is_known_by_its_run_whatever_its_url_says(redis_server: servers.Redis) -> None:
    """Otherwise it is counted as one of the platform's; and `valkey` is the same protocol by another name."""

    async def client_name(url: str) -> str:
        session = RedisSession("cache", RedisTarget(url), "realstack-test", timeout=5)
        await session.open()
        try:
            return str((await session.client.client_info())["name"])
        finally:
            await session.close()

    assert asyncio.run(client_name(f"{redis_server.url}?client_name=backend")) == "realstack-test"
    assert asyncio.run(client_name(redis_server.url.replace("redis://", " valkey://") + "\n")) == "realstack-test"


def test_any_command_runs_but_those_of_a_connection(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        assert await session.command(["SETBIT", "bits", 7, 1]) == 0
        assert await session.command(["bitcount", "bits"]) == 1
        assert await session.command(["OBJECT", "ENCODING", "bits"]) == "raw"
        assert await session.command(["COMMAND", "COUNT"]) > 100
        assert await session.command(["command", "getkeys", "SET", "a key", 1]) == ["a key"]
        assert "get" in await session.command(["COMMAND"])
        for command in ("SELECT 1", "multi", "SUBSCRIBE 1", "client reply off", "CLIENT TRACKING on"):
            with pytest.raises(StackError, match="leaves its connection as it is"):
                await session.command(command.split())
        with pytest.raises(StatementRefused):
            await session.command(["NONSENSE"])

    run(redis_server, work)


def test_answers_are_whole(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        await session.command(["XADD", "s", "1-1", "a", "1", "b", "x", "a", "2"])
        entry = {"id": "1-1", "fields": {"a": ["1", "2"], "b": "x"}}
        assert await session.read("s") == await session.stream("s") == [entry]
        assert await session.command(["EVAL", "return {1, {redis.error_reply('MINE no'), 'x'}}", 0]) == [1, ["MINE no", "x"]]
        await session.command(["SADD", "members", "b", "a"])
        assert await session.command(["SMEMBERS", "members"]) == ["a", "b"]

    run(redis_server, work)


@pytest.mark.parametrize("text", ["1_000", " 12 ", "\u0663", "007", "+5", "-0", "9" * 19, ""])
def test_a_counter_holds_what_incr_takes(redis_server: servers.Redis, text: str) -> None:
    async def work(session: RedisSession) -> None:
        await session.set("n", text, None)
        with pytest.raises(NotThere, match="a whole number in 'n'"):
            await session.counter("n")
        with pytest.raises(StatementRefused):
            await session.command(["INCR", "n"])

    run(redis_server, work)


@pytest.mark.parametrize(
    ("said", "code", "seen"),
    [
        ("MOVED 3999 127.0.0.1:6381", "MOVED", r"MOVED 3999 127.0.0.1:6381\nRemedy: .*another node"),
        ("CLUSTERDOWN Hash slot not served", "CLUSTERDOWN", "CLUSTERDOWN Hash"),
        ("NOAUTH Authentication required.", "NOAUTH", r"Authentication required\.\nRemedy: .*password="),
        ("WRONGPASS invalid username-password pair", "WRONGPASS", r"invalid.*\nRemedy: Check user="),
        ("NOPERM this user has no permissions to run the 'get' command", "NOPERM", r"'get' command\nRemedy: .*rights"),
        ("READONLY You can't write against a read only replica.", "READONLY", r"READONLY .*\nRemedy: .*primary"),
    ],
)
def test_refusals_have_their_code(redis_server: servers.Redis, said: str, code: str, seen: str) -> None:
    async def work(session: RedisSession) -> None:
        with pytest.raises(StatementRefused, match=seen) as caught:
            await session.command(["EVAL", "return redis.error_reply(ARGV[1])", 0, said])
        assert caught.value.code == code

    run(redis_server, work)


def test_half_a_surrogate_pair_is_not_sent_as_another_text(redis_server: servers.Redis) -> None:
    half = "x \ud83d"

    async def work(session: RedisSession) -> None:
        asked = [session.set("k", half, None), session.set(half, "v", None), session.read(half), session.keys(half, 5)]
        for one in [*asked, session.command(["SET", "k", half]), session.delete("k", half)]:
            with pytest.raises(StackError, match="texts that UTF-8 can tell\nSeen: half a surrogate pair"):
                await one
        assert await session.keys("*", 5) == []

    run(redis_server, work)


def test_what_is_published_to_shards_is_heard(redis_server: servers.Redis) -> None:
    async def work(session: RedisSession) -> None:
        listener = ChannelListener("ear", session, ["bell", "door*"])
        await listener.start(5)
        try:
            await session.command(["SPUBLISH", "bell", "sharded"])
            await session.command(["PUBLISH", "bell", "plain"])
            heard = [(await listener.wait_for(lambda _: True, "of any kind", Deadline(5))).data for _ in range(2)]
            assert sorted(heard) == ["plain", "sharded"]
        finally:
            await listener.stop()

    run(redis_server, work)


def test_version_is_the_servers_own(redis_server: servers.Redis) -> None:
    told = subprocess.run([f"/proc/{redis_server.pid}/exe", "--version"], check=True, capture_output=True, text=True).stdout

    async def work(session: RedisSession) -> None:
        assert f"v={await session.version()} " in told

    run(redis_server, work)


def test_accounts_that_may_not_look_at_the_server(redis_server: servers.Redis) -> None:
    async def work(owner: RedisSession) -> None:
        await owner.command(["ACL", "SETUSER", "member", "on", "nopass", "~*", "&*", "+@all", "-@dangerous"])
        await owner.command(["ACL", "SETUSER", "deaf", "on", "nopass", "~*", "+@all", "-@pubsub"])
        member, deaf = await signed_in("member"), await signed_in("deaf")
        listener = ChannelListener("ear", member, ["bell"])
        try:
            with pytest.raises(StatementRefused) as refused:
                await member.version()
            assert refused.value.code == "NOPERM"
            await listener.start(5)
            await member.command(["SPUBLISH", "bell", "sharded"])
            assert (await listener.wait_for(lambda _: True, "of any kind", Deadline(5))).data == "sharded"
            with pytest.raises(StackFailure, match=r"within 1 s\nSeen: .*no permissions"):
                await ChannelListener("ear", deaf, ["bell"]).start(1)
        finally:
            await listener.stop()
            await member.close()
            await deaf.close()

    async def signed_in(user: str) -> RedisSession:
        target = RedisTarget(redis_server.url, {"username": user, "password": "any"})
        session = RedisSession("cache", target, "realstack-test", timeout=5)
        await session.open()
        return session

    run(redis_server, work)
