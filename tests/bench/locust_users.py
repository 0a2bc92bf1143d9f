"""The same exchanges as in `load.py` by Locust, which runs this file; at the end it prints its own figures as a line of JSON."""

from __future__ import annotations

import json
import os
import time
import uuid
from typing import Any

import websocket
from locust import User, constant_throughput, events, task

_looks: list[tuple[float, int]] = []
"""Seconds of the processor, and exchanges so far: at the start, and when all are connected."""
_connected: list[User] = []


class Asker(User):
    """A user with a connection that asks at its share of the rate, and waits for the answer."""

    wait_time = constant_throughput(float(os.environ["BENCH_RATE"]) / int(os.environ["BENCH_USERS"]))

    def on_start(self) -> None:
        """Connect."""
        self.socket = websocket.create_connection(os.environ["BENCH_URL"])
        _connected.append(self)
        if len(_connected) == int(os.environ["BENCH_USERS"]):  # those who were so before have asked already
            _looks.append((time.process_time(), self.environment.stats.total.num_requests))

    def on_stop(self) -> None:
        """Disconnect."""
        self.socket.close()

    @task
    def ask(self) -> None:
        """One exchange."""
        began = time.perf_counter()
        asked = str(uuid.uuid4())
        self.socket.send(json.dumps({"type": "ask", "message_id": asked, "payload": {"text": os.environ["BENCH_TEXT"]}}))
        while json.loads(self.socket.recv())["message_id"] != asked:
            pass
        took = (time.perf_counter() - began) * 1000
        told = {"request_type": "WS", "name": "answer", "response_time": took, "response_length": 0, "exception": None}
        self.environment.events.request.fire(**told, context={})


@events.test_start.add_listener
def begin(**_: Any) -> None:
    """From here on time counts: not the start of the interpreter."""
    _looks.append((time.process_time(), 0))


@events.test_stop.add_listener
def tell(environment: Any, **_: Any) -> None:
    """What a connection and what an exchange took of the processor's time."""
    total = environment.stats.total
    (began, _), (opened, before) = _looks
    cpu = (time.process_time() - opened) / (total.num_requests - before)
    told = {
        "opened": (opened - began - cpu * before) / int(os.environ["BENCH_USERS"]),
        "cpu": cpu,
        "p99": total.get_response_time_percentile(0.99) / 1000,
    }
    print(json.dumps(told), flush=True)
