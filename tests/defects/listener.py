"""Robot listener of the runs with planted bugs: waits for the word to begin, and tells when tests are over; see `runner.py`."""

from __future__ import annotations

import gc
import os
import signal
import socket

from robot import result, running


class listener:  # noqa: N801 -- Robot takes the class that is named like its file
    """Talks with the runner over a socket: waits for a byte once libraries are loaded, and closes it after the last test.

    Args:
        descriptor: The socket, a file descriptor of this process.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, descriptor: str) -> None:
        self._runner = socket.socket(fileno=int(descriptor))
        os.set_inheritable(self._runner.fileno(), False)  # services would keep it open
        self._left = 0
        self._begun = False
        gc.disable()  # what libraries make while they are loaded stays for good, and there are a hundred runs

    def start_suite(self, data: running.TestSuite, _result: result.TestSuite) -> None:
        """Wait for the word: Robot calls this when what the suite imports is loaded, and before its setup."""
        if data.parent is None:
            self._left = data.test_count
        if not data.tests or self._begun:
            return
        self._begun = True
        gc.freeze()
        gc.enable()
        if not self._runner.recv(1):
            signal.raise_signal(signal.SIGINT)  # nobody wants to know any more

    def end_test(self, _data: running.TestCase, _result: result.TestCase) -> None:
        """Say that the last test has ended."""
        self._left -= 1
        if self._left == 0:
            self._runner.close()
