"""Structured logs: one JSON object a line on standard output, with secrets taken out.

Every line has `ts` (RFC 3339, UTC), `level`, `service`, `event`, of a request also `trace` and `request_id`, and then the
event's own fields.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from chat_common.trace import current_trace

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(
    r"(^|_)(authorization|cookies?|credentials?|dsn|password|passwd|secret|verifier)$"
    r"|(^|_)(access|refresh|id|internal|bearer|client)?_?tokens?$|^set-cookie$|_secret_|(^|_)auth_code$",
    re.IGNORECASE,
)
# Words that are also used for harmless things: a run's state, an error's code.
_AMBIGUOUS_NAME = re.compile(r"^(code|state|nonce)$", re.IGNORECASE)
_LOOKS_SECRET = re.compile(r"[A-Za-z0-9._~+/=-]{16,}")
# Paths and errors hold what anybody sends: each of these begins where a word does, and looks ahead so far at most.
_SECRET_TEXT = (
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,4096}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*"), REDACTED),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"\b(\w+://[^/\s:@]{0,256}):[^@\s/]{1,4096}@"), rf"\1:{REDACTED}@"),
    (
        re.compile(
            r"\b(code|state|nonce|token|access_token|refresh_token|id_token|client_secret|code_verifier|password|login_flow)"
            r"=[^&\s;\"']+"
        ),
        rf"\1={REDACTED}",
    ),
)


def redact(value: Any, name: str = "") -> Any:
    """Take credentials out of a log field, by its name and by what its text looks like; goes into lists and mappings."""
    if name and _SECRET_NAME.search(name) and value not in (None, "", True, False):
        return REDACTED
    if isinstance(value, str):
        return _redact_text(value, name)
    if isinstance(value, dict):
        return {str(key): redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _redact_text(text: str, name: str) -> str:
    if name and _AMBIGUOUS_NAME.match(name) and _LOOKS_SECRET.fullmatch(text):
        return REDACTED
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON line. Records of other packages' loggers become event `log` with their logger's name."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line: dict[str, Any] = {"ts": stamp, "level": record.levelname.lower(), "service": self._service}
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line.update(event=record.getMessage(), **current_trace().fields())
            line.update({name: redact(value, name) for name, value in fields.items() if name not in line})
        else:
            line.update(event="log", **current_trace().fields(), logger=record.name, message=redact(record.getMessage()))
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


class Log:
    """Logger of events with fields: `log.info("login_completed", user_id=…)`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **fields: Any) -> None:
        """Log what only a developer wants to see."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """Log an ordinary event."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Log something that an operator should know."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, *, exc_info: BaseException | bool | None = None, **fields: Any) -> None:
        """Log a failure, with its traceback when `exc_info` is given."""
        self._write(logging.ERROR, event, fields, exc_info)

    def _write(self, level: int, event: str, fields: dict[str, Any], exc_info: BaseException | bool | None = None) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, extra={"fields": fields}, exc_info=exc_info)


def configure_logs(service: str, level: str = "INFO") -> None:
    """Send every logger's records to standard output as JSON lines.

    Libraries that write headers, queries or payloads at DEBUG stay at WARNING whatever the level is.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (
        "asyncpg",
        "httpcore",
        "httpx",
        "redis",
        "websockets",
        "multipart",
        "python_multipart",
        "pypdf",
        "uvicorn",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
