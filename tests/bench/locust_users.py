"""The same exchanges as in `load.py` by Locust, which runs this file; at the end it prints its own figures as a line of JSON."""

from __future__ import annotations

import json
import os
import time
import uuid
from typing import Any

import websocket
from locust import User, constant_throughput, events, task

_began: list[float] = []


class Asker(User):
    """A user with a connection that asks at its share of the rate, and waits for the answer."""

    wait_time = constant_throughput(float(os.environ["BENCH_RATE"]) / int(os.environ["BENCH_USERS"]))

    def on_start(self) -> None:
        """Connect."""
        self.socket = websocket.create_connection(os.environ["BENCH_URL"])

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
    _began.append(time.process_time())


@events.test_stop.add_listener
def tell(environment: Any, **_: Any) -> None:
    """Processor's time of an exchange, opening the connections included, as with the others."""
    total = environment.stats.total
    cpu = (time.process_time() - _began[0]) / total.num_requests
    print(json.dumps({"cpu": cpu, "p99": total.get_response_time_percentile(0.99) / 1000}), flush=True)
