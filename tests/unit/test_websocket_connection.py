"""Connections against a real server on loopback."""

from __future__ import annotations

import asyncio

import pytest

from realstack.core.errors import InvalidRun, StackFailure
from realstack.recording.events import Event, FrameIn
from realstack.websocket import Connection, Match, Options
from support.websocket_scene import Recorded, with_server


def test_sends_receives_and_records_in_order() -> None:
    recorded = Recorded()

    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo", subprotocols=["jwt-auth"]), record=recorded)
        assert (connection.state, connection.status, connection.subprotocol) == ("open", 101, "jwt-auth")
        assert 0 < connection.handshake_seconds < 5
        (sent,) = await connection.send_json({"type": "hello", "payload": {"text": "grüße"}})
        got = await connection.wait_for(Match.of("hello", **{"payload.text": "grüße"}), 2)
        assert got.number == sent.number + 1
        assert got.at >= sent.at
        assert got.data == sent.data
        closed = await connection.close(4000, "done")
        assert (closed.code, closed.reason, closed.by) == (4000, "done", "client")
        assert connection.state == "closed"

    with_server(scenario)
    assert recorded.kinds() == ["opened", "frame-out", "frame-in", "closed"]
    assert recorded.events[1][2]["frame"] == {"type": "hello", "payload": {"text": "grüße"}}
    assert recorded.events[3][2] == {"code": 4000, "reason": "done", "by": "client"}


def test_the_reader_works_while_nobody_waits() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/burst"), record=None)
        last = await connection.wait_for(Match.of("tick", seq=100), 5)
        first = await connection.wait_for(Match.of("tick"), 0)
        assert (first.data["seq"], last.data["seq"]) == (1, 100)
        assert len(connection.mailbox.take()) == 98
        await connection.close()

    with_server(scenario)


def test_text_and_binary_frames() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        await connection.send("plain")
        await connection.send(b"\x00\x01")
        frames = await connection.wait_for_several(Match(), 2, 2)
        assert [(frame.content, frame.data) for frame in frames] == [("text", "plain"), ("binary", b"\x00\x01")]
        assert frames[1].event("x").sha256
        await connection.close()

    with_server(scenario)


@pytest.mark.parametrize("levels", [300, 900, 100_000])
def test_what_is_nested_too_deeply_to_be_looked_through_is_a_text_and_the_connection_goes_on(levels: int) -> None:
    deep = '{"a":' * levels + "1" + "}" * levels

    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        await connection.send(deep)
        await connection.send_json({"type": "next"})
        await connection.wait_for(Match.of("next"), 5)
        (frame,) = connection.mailbox.untaken()
        assert (frame.content, frame.data, frame.size) == ("text", deep, len(deep))
        assert frame.problem in ("nested more than 200 levels deep", "")
        await connection.close()

    with_server(scenario)


def test_a_missing_frame_shows_the_nearest_and_when_it_came() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        await connection.send_json({"type": "other"})
        await connection.send_json({"type": "message", "payload": {"text": "Hullo"}})
        await connection.wait_for(Match.of("other"), 2)
        with pytest.raises(StackFailure) as caught:
            await connection.wait_for(Match.of("message", **{"payload.text": "Hello"}), 0.05)
        text = str(caught.value)
        assert "a frame with  type=message  payload.text=Hello  on connection 'tab1'" in text
        assert "+ type=message" in text
        assert "- payload.text is Hello, but was Hullo" in text
        assert text.index("Hullo") < text.index('"other"')
        await connection.close()

    with_server(scenario)


def test_a_frame_that_was_taken_is_named_in_the_failure() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        await connection.send_json({"type": "once"})
        await connection.wait_for(Match.of("once"), 2)
        with pytest.raises(StackFailure, match="Frame #2 matches, but an earlier wait took it"):
            await connection.wait_for(Match.of("once"), 0.02)
        await connection.close()

    with_server(scenario)


def test_a_wait_ends_at_once_when_the_connection_does() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        waiting = asyncio.create_task(connection.wait_for(Match.of("never"), 60))
        await connection.send("drop")
        with pytest.raises(StackFailure, match="1006, closed by nobody"):
            await waiting
        with pytest.raises(StackFailure, match="No frame can arrive on a closed connection"):
            await connection.wait_for(Match.of("never"), 60)

    with_server(scenario)


def test_an_interrupted_wait_gives_its_frames_back() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        waiting = asyncio.create_task(connection.wait_for_several(Match.of("a"), 2, 60))
        await connection.send_json({"type": "a"})
        await connection.send_json({"type": "b"})
        await connection.wait_for(Match.of("b"), 2)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (await connection.wait_for(Match.of("a"), 0)).data == {"type": "a"}
        await connection.close()

    with_server(scenario)


def test_silence() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        await connection.expect_silence(Match.of("error"), 0.02)
        await connection.send_json({"type": "error"})
        taking = asyncio.create_task(connection.wait_for(Match.of("error"), 2))
        with pytest.raises(StackFailure, match=r"#2, which arrived .* into the wait"):
            await connection.expect_silence(Match.of("error"), 2)
        await taking
        await connection.send_json({"type": "error"})
        await connection.send_json({"type": "other"})
        await connection.wait_for(Match.of("other"), 2)
        with pytest.raises(StackFailure, match="before the wait began"):
            await connection.expect_silence(Match.of("error"), 0)
        await connection.expect_silence(Match.of("error"), 0.02, only_new=True)
        await connection.close()
        with pytest.raises(InvalidRun, match="so that the absence of  type=other  means something"):
            await connection.expect_silence(Match.of("other"), 0.02)

    with_server(scenario)


def test_ping() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        assert 0 < await connection.ping(2) < 2
        await connection.close()
        with pytest.raises(StackFailure, match="open to ping"):
            await connection.ping(1)
        deaf = await Connection.open("deaf", Options(f"{url}/deaf"), record=None)
        with pytest.raises(StackFailure, match=r"a pong on connection 'deaf' within 0\.05 s"):
            await deaf.ping(0.05)
        await deaf.abort()

    with_server(scenario)


def test_sending_on_a_closed_connection_says_how_it_ended() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/close/4401"), record=None)
        closed = await connection.wait_closed(2)
        assert (closed.code, closed.reason, closed.by) == (4401, "as you wish", "server")
        with pytest.raises(StackFailure, match="4401 'as you wish', closed by the server"):
            await connection.send("too late")

    with_server(scenario)


def test_an_open_connection_is_not_closed() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        with pytest.raises(StackFailure, match=r"closed within 0\.02 s\nSeen: it is still open"):
            await connection.wait_closed(0.02)
        await connection.close()

    with_server(scenario)


@pytest.mark.parametrize("reset", [True, False])
def test_abort_sends_rst_or_fin_and_no_close_frame(reset: bool) -> None:
    async def main() -> None:
        upgraded, ended = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            from websockets.server import ServerProtocol

            protocol = ServerProtocol()
            while not upgraded.is_set():
                protocol.receive_data(await reader.read(4096))
                for event in protocol.events_received():
                    protocol.send_response(protocol.accept(event))  # type: ignore[arg-type]
                    upgraded.set()
                for data in protocol.data_to_send():
                    writer.write(data)
            try:
                ended.set_result(await reader.read(4096))
            except ConnectionResetError as error:
                ended.set_result(error)
            writer.close()

        async with asyncio.timeout(5), await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            connection = await Connection.open("tab1", Options(f"ws://127.0.0.1:{port}/"), record=None)
            closed = await connection.abort(reset=reset)
            assert (closed.code, closed.by) == (1006, "client")
            seen = await ended
            assert isinstance(seen, ConnectionResetError) if reset else seen == b""

    asyncio.run(main())


def test_closing_a_deaf_server_ends_in_time() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/deaf", compression=False), record=None)
        stuck = [asyncio.create_task(connection.send(b"x" * 4_000_000)) for _ in range(4)]
        closed = await connection.close(timeout=0.1)
        assert closed.code == 1006
        results = await asyncio.gather(*stuck, return_exceptions=True)
        assert any(isinstance(result, StackFailure) for result in results)

    with_server(scenario)


def test_a_message_above_the_limit_closes_with_1009() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo", max_size=1000), record=None)
        await connection.send("x" * 2000)
        closed = await connection.wait_closed(2)
        assert closed.by == "client"
        assert closed.code == 1009

    with_server(scenario)


def test_a_fault_in_the_recorder_ends_the_connection_instead_of_hanging_its_waits() -> None:
    def broken(event: Event) -> None:
        if isinstance(event, FrameIn):
            raise OSError("disk full")

    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=broken)
        await connection.send_json({"type": "a"})
        with pytest.raises(StackFailure, match="disk full"):
            await connection.wait_for(Match.of("b"), 5)

    with_server(scenario)
