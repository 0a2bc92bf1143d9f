"""The steps of a script that send HTTP requests; a module of their own, since only they need an HTTP client."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realstack.core.errors import StackFailure, explain
from realstack.core.json_path import parse
from realstack.http.fields import filled, lines, pairs
from realstack.load.actor import Actor, StepFailed
from realstack.oauth.sign_in import FormWalk, expect_end


@dataclass(frozen=True, slots=True)
class Request:
    """Send an HTTP request in the user's session."""

    method: str
    url: str
    bearer: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    file: Path | None = None
    form: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None
    keep: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 5.0
    measure: str | None = None

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        fill = actor.values.fill
        kind = mimetypes.guess_type(self.file.name)[0] or "application/octet-stream" if self.file else ""
        answer = await actor.http(
            self.method,
            actor.values.text(self.url),
            bearer=actor.values.text(self.bearer) if self.bearer else None,
            headers=lines(fill(dict(self.headers))),
            json=fill(self.body),
            form=pairs(fill(dict(self.form))) if self.form else None,
            files={"file": (self.file.name, self.file.read_bytes(), kind)} if self.file else None,
            status=self.status,
            timeout=self.timeout,
            measure=self.measure,
        )
        body = answer.json() if self.keep else None
        for name, path in self.keep.items():
            found = parse(path).all(body)
            if not found:
                raise StepFailed("wrong", explain(f"a value at {path} of {answer.where}", "none", evidence=answer.described))
            actor.values.own[name] = found[0]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Sign in through the provider's forms, in the user's session."""

    url: str
    fields: Mapping[str, Any]
    press: Sequence[str] = ()
    end_at: str = ""
    timeout: float = 10.0
    measure: str | None = None

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        fields = filled(actor.values.fill(dict(self.fields)))
        walk = FormWalk(actor.session, fields, press=self.press, timeout=self.timeout)
        try:
            ended = await walk.run(actor.session.target(actor.values.text(self.url)))
            expect_end(ended, actor.values.text(self.end_at))
        except StackFailure as error:
            raise StepFailed("sign-in", str(error)) from None
        actor.measured(self.measure, actor.planned, actor.clock.now)

    def __str__(self) -> str:
        return "sign in"
