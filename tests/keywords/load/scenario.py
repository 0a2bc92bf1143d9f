"""What users do who choose as they go."""

from __future__ import annotations

from realstack.load.actor import Actor


async def ask(user: Actor) -> None:
    """Ask again until the question has been asked three times."""
    for _ in range(3):
        await user.send({"type": "answer", "message_id": user["id"], "payload": {"text": user["query"]}})
        frame = await user.expect("answer", timeout=5.0, measure="answer", message_id=user["id"])
    user.keep(answer=frame.data["payload"]["text"])
    assert user["query"] == frame.data["payload"]["text"], "it comes back as it was"


async def fail(user: Actor) -> None:
    """Expect what never comes true."""
    assert user["query"] == "something else"


async def stumble(user: Actor) -> None:
    """Have a fault of its own."""
    user["query"].no_such_thing()


def wait() -> None:
    """Not asynchronous."""
