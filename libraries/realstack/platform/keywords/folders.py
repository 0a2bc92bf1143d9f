"""Keywords that look into folders which services share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.keywords.assertions import Unit, verify
from realstack.core.loop import background
from realstack.core.waiting import Deadline, wait_until
from realstack.platform.driver import Operation
from realstack.platform.running import running

_LOOK_AGAIN = 0.02

T = TypeVar("T")


class Folders:
    """What services keep in files."""

    @keyword(tags=["getter"])
    def get_shared_folder(self, folder: str) -> Path:
        """Returns where a folder that services share can be read by the test: the folder itself, or (compose) a fresh copy of it.

        Args:
            folder: Its name; `files` is where the backend keeps uploads.

        ```robotframework
        ${folder} =    Get Shared Folder    files
        Record File Layer    file store    report.pdf    path=${folder}/${id}.pdf
        ```
        """
        driver = running()
        driver.demand(Operation.FOLDERS, folder)
        return background.run(driver.shared_folder(folder))

    @keyword(tags=["getter"])
    def get_shared_files(
        self,
        folder: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        pattern: str = "**/*",
        retry_timeout: timedelta = timedelta(0),
    ) -> list[str]:
        """Returns the files in a folder that services share, below its own folders too, by path from there.

        Args:
            folder: Its name.
            assertion_operator: See the Browser library's assertions.
            assertion_expected: Expected paths.
            message: Own message of the failure.
            pattern: Which files, such as `incoming/*.part`.
            retry_timeout: How long to look again while the assertion fails, such as `500 ms`.

        ```robotframework
        ${before} =    Get Shared Files    files
        Upload That Is Refused
        Get Shared Files    files    ==    ${before}    retry_timeout=1 s
        ```
        """

        def look() -> list[str]:
            return sorted(self._sizes(folder, pattern))

        names = _verified(
            look, assertion_operator, assertion_expected, message, f"Files of '{folder}'", retry_timeout=retry_timeout
        )
        logger.info(f"{len(names)} files of '{folder}' match {pattern}: {', '.join(names) or 'none'}")
        return names

    @keyword(tags=["getter"])
    def get_shared_bytes(
        self,
        folder: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        pattern: str = "**/*",
        retry_timeout: timedelta = timedelta(0),
    ) -> int:
        """Returns how many bytes the files of a folder that services share have, all together.

        Args:
            folder: Its name.
            assertion_operator: See the Browser library's assertions.
            assertion_expected: Expected number of bytes, such as `4 KiB`.
            message: Own message of the failure.
            pattern: Which files.
            retry_timeout: How long to look again while the assertion fails, such as `500 ms`.

        ```robotframework
        Get Shared Bytes    files    <    5 MiB    pattern=incoming/*.part
        ```
        """

        def look() -> int:
            return sum(self._sizes(folder, pattern).values())

        what = f"Bytes of '{folder}' in {pattern}"
        count = _verified(look, assertion_operator, assertion_expected, message, what, retry_timeout=retry_timeout, unit="B")
        logger.info(f"Files of '{folder}' that match {pattern} have {count} bytes.")
        return count

    def _sizes(self, folder: str, pattern: str) -> dict[str, int]:
        root = self.get_shared_folder(folder)
        return {str(path.relative_to(root)): size for path in root.glob(pattern) if (size := _size(path)) is not None}


def _size(path: Path) -> int | None:
    """Bytes of a file; None of what is none, or has just been removed."""
    try:
        return path.stat().st_size if path.is_file() else None
    except FileNotFoundError:
        return None


def _verified(
    look: Callable[[], T],
    operator: AssertionOperator | None,
    expected: Any,
    message: str | None,
    what: str,
    *,
    retry_timeout: timedelta,
    unit: Unit = "",
) -> T:
    """What is seen once the assertion holds; its error when it doesn't in time."""

    def look_and_judge() -> tuple[T, AssertionError | None]:
        seen = look()
        try:
            return verify(seen, operator, expected, what, message, unit=unit), None
        except AssertionError as error:
            return seen, error

    _, (seen, failed) = wait_until(look_and_judge, lambda judged: judged[1] is None, Deadline(retry_timeout), _LOOK_AGAIN)
    if failed is not None:
        raise failed
    return seen
