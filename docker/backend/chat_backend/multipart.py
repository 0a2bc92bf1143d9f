"""Streamed `multipart/form-data` (RFC 7578): the file's bytes go where they belong as they come, fields are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from chat_common.errors import ApiError

# All fields together, without the file.
FIELDS_LIMIT = 80 * 1024
PARTS_LIMIT = 16
NAME_LIMIT = 200
FALLBACK_NAME = "document.pdf"


class Sink(Protocol):
    """Where a file's bytes go."""

    def write(self, data: bytes) -> None:
        """Take the next bytes; raises ApiError to refuse them."""


class Form:
    """Reads one form with one file.

    Args:
        sink: Gets the bytes of the part named `file`.
    """

    def __init__(self, sink: Sink) -> None:
        self.fields: dict[str, str] = {}
        self.file_name: str | None = None
        self._sink = sink
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._name = ""
        self._is_file = False
        self._data = bytearray()
        self._size = 0
        self._parts = 0
        self._ended = False

    async def read(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        """Read the form to its end.

        Raises:
            ApiError: 400 `bad_upload` when it is no proper form or breaks off; what the sink raises.
        """
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise ApiError(400, "bad_upload", "The body must be multipart/form-data.")
        callbacks = {name: getattr(self, f"_{name}") for name in _CALLBACKS}
        try:
            parser = MultipartParser(options[b"boundary"], callbacks)  # type: ignore[arg-type]
            async for chunk in chunks:
                parser.write(chunk)
        except MultipartParseError as error:
            raise ApiError(400, "bad_upload", "The form can't be read.") from error
        if not self._ended:
            raise ApiError(400, "bad_upload", "The form breaks off before its end.")

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > PARTS_LIMIT:
            raise ApiError(400, "bad_upload", f"The form has more than {PARTS_LIMIT} parts.")
        self._disposition, self._is_file, self._name = b"", False, ""
        self._data.clear()

    def _on_header_begin(self) -> None:
        self._header = self._value = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value

    def _on_headers_finished(self) -> None:
        _kind, options = parse_options_header(self._disposition.decode("latin-1"))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = self._name == "file" and b"filename" in options
        if self._is_file:
            if self.file_name is not None:
                raise ApiError(400, "bad_upload", "The form has more than one file.")
            self.file_name = clean_name(options[b"filename"].decode("utf-8", "replace"))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._sink.write(data[start:end])
            return
        self._size += end - start
        if self._size > FIELDS_LIMIT:
            raise ApiError(400, "bad_upload", "The form's fields are too long.")
        self._data += data[start:end]

    def _on_part_end(self) -> None:
        if not self._is_file and self._name:
            self.fields[self._name] = self._data.decode("utf-8", "replace")

    def _on_end(self) -> None:
        self._ended = True


_CALLBACKS = (
    "on_part_begin",
    "on_part_data",
    "on_part_end",
    "on_header_begin",
    "on_header_field",
    "on_header_value",
    "on_header_end",
    "on_headers_finished",
    "on_end",
)


def clean_name(name: str) -> str:
    """The bare name of a file: without folders of any system, control characters, or what hides a name."""
    bare = name.replace("\\", "/").rsplit("/", 1)[-1]
    bare = "".join(character for character in bare if character.isprintable()).strip(" .")
    if not bare:
        return FALLBACK_NAME
    if len(bare) > NAME_LIMIT:
        stem, dot, suffix = bare.rpartition(".")
        bare = stem[: NAME_LIMIT - len(suffix) - 1] + dot + suffix if dot and len(suffix) < 10 else bare[:NAME_LIMIT]
    return bare
