"""Ends of faults by the kernel: on time, by themselves, of an interrupted start, and in a namespace of one's own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from realstack.core import programs
from realstack.core.waiting import Deadline, poll
from realstack.faults.kernel import Plan
from support.kernel_scene import QUIET, Scene, play


def test_it_expires_by_itself_to_the_millisecond() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        fault = await here.faults.start(Plan(here.link, seconds=1.0))
        assert await client.say(b"during", QUIET) is None
        await asyncio.wait_for(fault.over.wait(), 5)
        assert fault.receipt.ended_by == "expired"
        assert fault.receipt.lasted == pytest.approx(1.0)
        assert await client.hear(6) == b"during"
        assert fault.receipt.doubt() is None

    play(story)


def test_the_kernel_alone_ends_a_fault_whose_maker_was_killed() -> None:
    """SIGKILL, and no reaper: the sets' elements time out, and the link works again."""

    async def story(here: Scene) -> None:
        port, table = here.link.targets[0].port, here.faults.table
        maker = textwrap.dedent(
            f"""
            import asyncio, sys
            from realstack.faults.kernel import KernelFaults, Plan
            from realstack.faults.links import Link, targets_of
            from realstack.faults.nft import Table

            async def main():
                link = Link("echo", targets_of("127.0.0.1", {port}))
                await KernelFaults(Table("{table.name}")).start(Plan(link, seconds=1.0, probing=False))
                print("cut", flush=True)
                await asyncio.Event().wait()

            asyncio.run(main())
            """
        )
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "libraries")}
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", maker, stdout=subprocess.PIPE, env=environment)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"cut\n"
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert table.exists(), "nobody has cleaned up"
        assert await here.connects(QUIET) == "silent", "the rules outlive their maker"
        good, _ = await poll(here.connects, lambda outcome: outcome == "connected", Deadline(5))
        assert good
        assert all(count == 0 for count in table.elements().values()), "the rules are there and hit nobody"
        table.delete()

    play(story)


def test_an_interrupted_start_leaves_nothing() -> None:
    async def story(here: Scene) -> None:
        for delay in (0.0, 0.001, 0.004, 0.01, 0.02):
            starting = asyncio.create_task(here.faults.start(Plan(here.link)))
            await asyncio.sleep(delay)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await here.faults.heal_all()
            assert not here.faults.table.exists()
        assert await here.connects() == "connected"

    play(story)


def test_healing_twice_and_after_the_end_is_harmless() -> None:
    async def story(here: Scene) -> None:
        fault = await here.faults.start(Plan(here.link, seconds=0.2))
        await asyncio.gather(here.faults.heal(fault), here.faults.heal(fault))
        ended = fault.receipt.ended_at
        await here.faults.heal(fault)
        assert fault.receipt.ended_at == ended

    play(story)


def test_in_a_network_namespace_of_its_own(tmp_path: Path) -> None:
    """The same as an ordinary user of a machine would run it: own user and network namespace, no privilege outside."""
    story = textwrap.dedent(
        """
        import asyncio
        from realstack.faults.kernel import Kind, KernelFaults, Plan
        from realstack.faults.links import Link, targets_of
        from realstack.faults.nft import Table

        async def echo(reader, writer):
            while data := await reader.read(100):
                writer.write(data)
            writer.close()

        async def main():
            async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
                link = Link("echo", targets_of("127.0.0.1", server.sockets[0].getsockname()[1]))
                faults = KernelFaults(Table("realstack_own"))
                for kind in (Kind.DROP, Kind.REJECT, Kind.RESET):
                    fault = await faults.start(Plan(link, kind))
                    await asyncio.wait([fault.during])
                    receipt = await faults.heal(fault)
                    assert receipt.doubt() is None, receipt.doubt()
                    print(kind.value, receipt.during.outcome)

        asyncio.run(main())
        """
    )
    (tmp_path / "story.py").write_text(story)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "libraries")}
    command = [programs.program("unshare", "util-linux"), "--user", "--map-current-user", "--net", "--keep-caps", "sh", "-c"]
    command += [f"{programs.program('ip', 'iproute2')} link set lo up && exec {sys.executable} {tmp_path}/story.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["drop silent", "reject refused", "reset refused"]
