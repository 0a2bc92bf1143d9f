"""Robot listener of the runs with planted bugs: tells the runner that the last test has ended, while the platform still stops."""

from __future__ import annotations

import os

from robot import result, running


class listener:  # noqa: N801 -- Robot takes the class that is named like its file
    """Closes a pipe at the end of the last test.

    Args:
        pipe: The pipe's end for writing, a file descriptor of this process. It also closes when the process ends.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, pipe: str) -> None:
        self._pipe = int(pipe)
        os.set_inheritable(self._pipe, False)  # services would keep it open
        self._left = 0

    def start_suite(self, data: running.TestSuite, _result: result.TestSuite) -> None:
        """Count the tests when the outermost suite starts."""
        if data.parent is None:
            self._left = data.test_count

    def end_test(self, _data: running.TestCase, _result: result.TestCase) -> None:
        """Close the pipe after the last test."""
        self._left -= 1
        if self._left == 0:
            os.close(self._pipe)
