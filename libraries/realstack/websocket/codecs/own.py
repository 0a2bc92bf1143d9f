"""Codecs of the user's own: a class, a function or a module, given as such or by where it is."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import GeneratorType, ModuleType
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.core.nesting import too_deep
from realstack.websocket.codecs.codec import Codec, Message, Payload, as_it_is, member_name, size_of

HOW = (
    "A codec of your own is a class with decode(self, payload) and, to send, encode(self, value); a function that decodes; or a "
    "module with such functions. Name it package.module.Name, path/to/file.py or path/to/file.py:Name."
)


class Own(Codec):
    """What the user's own code says.

    ``decode`` gives the message; as a generator it gives any number of them, also none while more is to come. ``encode`` gives a
    text or bytes; as a generator several. Whatever it raises tells that the payload, or the value, is no message.

    Args:
        code: Has ``decode``, and ``encode`` where messages are to be sent.
        name: For errors.
    """

    form = "what its decode() takes"

    def __init__(self, code: Any, name: str) -> None:
        self.name = name
        self._decode: Callable[[Payload], Any] = code.decode
        self._encode: Callable[[Any], Any] | None = getattr(code, "encode", None)
        path = getattr(code, "type_path", None)
        if isinstance(path, str):
            self.type_path = path

    def decode(self, payload: Payload) -> list[Message]:
        try:
            values = _several(self._decode(payload))
        except Exception as error:  # whatever the user's code makes of a stranger's bytes
            return [self.unread(payload, _told(error))]
        sizes = [size_of(payload), *[0] * len(values)]  # of several, the first stands for the frame
        return [self._message(value, payload, size) for value, size in zip(values, sizes, strict=False)]

    def _message(self, value: Any, payload: Payload, size: int) -> Message:
        if isinstance(value, (str, bytes)):
            return as_it_is(value)._replace(size=size)
        if value is None or isinstance(value, (dict, list, bool, int, float)):
            return Message("json", value if too_deep(value) else _plain(value), size)
        return self.unread(payload, f"its decode() gave a {type(value).__name__}, which is no value of JSON")

    def encode(self, value: Any) -> list[Payload]:
        if self._encode is None:
            raise self.refusal("it has no encode()", f"Give it one, or use [Send Frame]. {HOW}")
        try:
            payloads = _several(self._encode(value))
        except Exception as error:
            raise self.refusal(f"its encode() raised {_told(error)}") from error
        if wrong := [payload for payload in payloads if not isinstance(payload, (str, bytes))]:
            raise self.refusal(f"its encode() gave a {type(wrong[0]).__name__}, neither text nor bytes", HOW)
        return payloads


class _Decoder:
    """A function that only decodes."""

    def __init__(self, decode: Callable[[Payload], Any]) -> None:
        self.decode = decode


def own(code: object, name: str) -> Callable[[], Codec]:
    """What makes the codec of each direction of a connection; a class is made anew for each.

    Raises:
        StackError: It has nothing to decode with.
    """
    shown = name or getattr(code, "__qualname__", type(code).__name__)
    if inspect.isclass(code) and callable(getattr(code, "decode", None)):
        return lambda: Own(_made(code, shown), shown)
    if callable(getattr(code, "decode", None)):
        return lambda: Own(code, shown)
    if callable(code) and not inspect.isclass(code):
        return lambda: Own(_Decoder(code), shown)
    raise StackError(explain(f"a codec in {shown}", f"{type(code).__name__} without decode()", remedy=HOW))


def load(where: str) -> object:
    """The code that a text names.

    Raises:
        StackError: There is none, or it can't be loaded.
    """
    path, colon, name = where.partition(".py:")
    if colon or where.endswith(".py"):
        return _named(_module_at(Path(f"{path}.py" if colon else where)), name, where)
    parts = where.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError as error:
            if (error.name or "") in {".".join(parts[:length]) for length in range(1, count + 1)}:
                continue
            raise _unloaded(where, error) from error
        except Exception as error:  # whatever the user's code does when it is imported
            raise _unloaded(where, error) from error
        for part in parts[count:]:
            found = _named(found, part, where)
        return found
    raise StackError(explain(f"a codec called '{where}'", "no module of that name", remedy=HOW))


def _module_at(path: Path) -> ModuleType:
    if not path.is_file():
        raise StackError(explain(f"a file of Python at {path}", "there is none", remedy=HOW))
    name = f"realstack_codec_{path.stem}_{abs(hash(path.resolve())):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as an import does: dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _unloaded(str(path), error) from error
    return module


def _named(found: object, name: str, where: str) -> object:
    if not name:
        return found
    if not hasattr(found, name):
        raise StackError(explain(f"a codec at '{where}'", f"{getattr(found, '__name__', found)} has no '{name}'", remedy=HOW))
    return getattr(found, name)


def _made(cls: Callable[[], object], name: str) -> object:
    try:
        return cls()
    except Exception as error:
        raise StackError(explain(f"a codec made by {name}()", _told(error), remedy=HOW)) from error


def _unloaded(where: str, error: Exception) -> StackError:
    return StackError(explain(f"a codec at '{where}'", _told(error), remedy=HOW))


def _several(given: Any) -> list[Any]:
    """What a generator gives, or the one thing that is given: a list may be a message."""
    return list(given) if isinstance(given, GeneratorType) else [given]


def _plain(value: Any) -> Any:
    """A value with texts for names, as JSON has them, by which credentials are known and messages matched."""
    if isinstance(value, dict):
        return {member_name(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
