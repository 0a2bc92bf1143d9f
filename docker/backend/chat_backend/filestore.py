"""Files on disk: written to a part file first, put into place in one step, and nothing half left behind.

While an upload lives, its part file is locked (flock). A lock ends with its process, however that ends, so a part file that can
be locked is what a crash left; it is also the note that tells whether its finished file has become anybody's.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from chat_common.errors import ApiError, StoreUnavailable
from chat_common.logs import Log
from chat_common.storage import file_path

log = Log("files")

SWEEP_SECONDS = 5.0
# A sweep that its store could not help with is tried again so soon: at start the store may answer only a little later.
POSTPONED_SECONDS = 0.25

Exists = Callable[[str], Awaitable[bool]]


class PartFile:
    """An upload while it arrives.

    Args:
        store: Where it belongs.
        file_id: Its future id.
    """

    def __init__(self, store: FileStore, file_id: str) -> None:
        self.file_id = file_id
        self.size = 0
        self.head = b""
        self.path = store.incoming / f"{file_id}.part"
        self._store = store
        self._hash = hashlib.sha256()
        self._handle = _locked_from_its_beginning(self.path)
        self._placed = False
        self._open = True

    @property
    def sha256(self) -> str:
        """Hash of what has arrived, in hex."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            ApiError: 413, the file is too large; 507, the disk is full.
        """
        self.size += len(data)
        if self.size > self._store.max_bytes:
            raise too_large(self._store.max_bytes)
        if len(self.head) < 1024:
            self.head += data[: 1024 - len(self.head)]
        self._hash.update(data)
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._handle, view) :]
        except OSError as error:
            raise ApiError(507, "storage_full", "The file can't be stored now.") from error

    @property
    def placed(self) -> bool:
        """Whether the file may lie in its place, and is not known to be anybody's."""
        return self._placed

    async def place(self) -> None:
        """Make the file durable and put it into its place; until `keep` it can still be taken back.

        Raises:
            ApiError: 507, the disk is full.
        """
        self._placed = True
        placing = asyncio.ensure_future(asyncio.to_thread(self._place))
        try:
            await asyncio.shield(placing)
        except asyncio.CancelledError:
            # The thread can't be stopped, and works with a handle that its caller closes next.
            await asyncio.wait({placing})
            raise
        except OSError as error:
            log.warning("storage_failed", reason=type(error).__name__, errno=error.errno)
            raise ApiError(507, "storage_full", "The file can't be stored now.") from error

    def _place(self) -> None:
        os.fsync(self._handle)
        # A link appears whole or not at all, and leaves the part file as the note that its row is not certain yet.
        os.link(self.path, self._store.path(self.file_id))
        _sync_folder(self._store.folder)

    def keep(self) -> None:
        """The file has become somebody's."""
        self._placed = False

    def discard(self) -> None:
        """Remove the part file, and the placed file unless it was kept; a second call does nothing."""
        if not self._open:
            return
        if self._placed:
            self._store.path(self.file_id).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        self.abandon()

    def abandon(self) -> None:
        """Leave everything as it is, for the sweep to find out whose the file is."""
        if self._open:
            self._open = False
            os.close(self._handle)


class FileStore:
    """A folder that replicas and agents share: `<id>.pdf`, and `incoming/<id>.part` while an upload arrives.

    Args:
        folder: The folder; made when it is missing.
        max_bytes: Largest file that is taken.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"
        self.max_bytes = max_bytes

    def prepare(self) -> None:
        """Make the folders."""
        self.incoming.mkdir(parents=True, exist_ok=True)

    def path(self, file_id: str) -> Path:
        """Where a file is."""
        return file_path(self.folder, file_id)

    def new(self, file_id: str) -> PartFile:
        """Begin an upload.

        Raises:
            ApiError: 507, nothing can be written.
        """
        try:
            return PartFile(self, file_id)
        except OSError as error:
            log.warning("storage_failed", reason=type(error).__name__, errno=error.errno)
            raise ApiError(507, "storage_full", "The file can't be stored now.") from error

    async def sweep_forever(self, exists: Exists) -> None:
        """Remove what crashes left, at start and then regularly.

        Args:
            exists: Whether a file of this id is in the database.
        """
        while True:
            try:
                await self.sweep(exists)
            except StoreUnavailable as error:
                log.debug("sweep_postponed", reason=error.reason)
                await asyncio.sleep(POSTPONED_SECONDS)
            else:
                await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self, exists: Exists) -> int:
        """Remove what crashes left.

        Returns:
            How many part files were removed.
        """
        removed = 0
        for part in await asyncio.to_thread(lambda: list(self.incoming.glob("*.part"))):
            try:
                handle = os.open(part, os.O_RDWR)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # its upload is alive
            else:
                if not await exists(part.stem):
                    self.path(part.stem).unlink(missing_ok=True)
                part.unlink(missing_ok=True)
                removed += 1
                log.info("half_upload_removed", file_id=part.stem)
            finally:
                os.close(handle)
        return removed


def too_large(limit: int) -> ApiError:
    """The refusal of a file that is too large."""
    return ApiError(413, "file_too_large", f"A file may have {limit} bytes.", extra={"limit": limit})


def _locked_from_its_beginning(path: Path) -> int:
    # It has no name until it is locked: between the two the sweep of another replica would take it for what a crash left.
    handle = os.open(path.parent, os.O_RDWR | os.O_TMPFILE, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        # With a folder to start from, which an absolute path makes no use of, the link goes to the file and not to procfs.
        os.link(f"/proc/self/fd/{handle}", path, src_dir_fd=handle)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
