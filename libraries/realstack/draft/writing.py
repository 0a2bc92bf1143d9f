"""Writes what was inferred as the files of an adapter. The house's own readers read each before any of them is kept."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from realstack.browser import description
from realstack.core.errors import StackError, explain
from realstack.draft import frames, keywords, page, stored, ways
from realstack.draft.drafted import Talk
from realstack.draft.keywords import Keyword, Resource, statements
from realstack.draft.observations import Observations
from realstack.draft.page import PageDraft
from realstack.draft.rows import password_variable
from realstack.draft.stored import Stored
from realstack.draft.ways import Ways
from realstack.history.vocabulary import Vocabulary
from realstack.platform import adapter
from realstack.secrets.names import is_credential_name
from realstack.secrets.redaction import redact_text

WIDE = 120
ACCOUNTS = 2
"""Accounts that the platform's file asks for at least: a user, and one who must not see anything of it."""
NAMES = ("vocabulary.yaml", "page.yaml", "platform.yaml", "adapter.resource")


@dataclass(slots=True)
class Draft:
    """All that was inferred of a platform."""

    name: str
    observations: Observations
    talk: Talk
    page: PageDraft
    stored: Stored
    ways: Ways
    resource: Resource
    accounts: int = ACCOUNTS

    @classmethod
    def of(cls, name: str, observations: Observations, accounts: int = ACCOUNTS) -> Draft:
        """Infer it, for so many accounts to test with."""
        talk = frames.infer(observations)
        found = stored.infer(observations, talk)
        how = ways.infer(observations, talk)
        resource = keywords.infer(observations, talk, how, found, prefix(name))
        return cls(name, observations, talk, page.infer(observations, talk), found, how, resource, max(accounts, ACCOUNTS))

    @property
    def missing(self) -> dict[str, list[str]]:
        """What could not be seen, by the file that lacks it."""
        unknown = [
            f"What '{kind}' means: it came {count} times, and names something of ours."
            for kind, count in self.talk.unknown.items()
        ]
        return {
            "vocabulary.yaml": [*self.talk.missing, *unknown, *self.stored.missing],
            "page.yaml": self.page.missing,
            "adapter.resource": [*self.ways.missing, *self.resource.missing],
            "platform.yaml": [*self.observations.notes],
        }

    def files(self) -> dict[str, str]:
        """The text of each file."""
        return {
            "vocabulary.yaml": _vocabulary(self),
            "page.yaml": _page(self),
            "platform.yaml": _platform(self),
            "adapter.resource": _resource(self),
        }


def prefix(name: str) -> str:
    """How environment variables of an adapter begin."""
    return re.sub(r"\W+", "_", name).upper()


def write(draft: Draft, folder: Path, secrets: Sequence[str], *, overwrite: bool, adapters: Path) -> list[Path]:
    """Write the files of a draft.

    Args:
        draft: What was inferred.
        folder: Where they go.
        secrets: What must be in none of them.
        overwrite: Whether files that are there are replaced.
        adapters: The folder that knows capabilities and elements.

    Raises:
        StackError: A file is there already; or a file would hold a secret, or can't be read by those who will.
    """
    files = {name: redact_text(text) for name, text in draft.files().items()}
    there = [name for name in files if (folder / name).exists()]
    if there and not overwrite:
        raise StackError(
            explain(
                f"{folder} holds no file of an adapter yet",
                f"It has {', '.join(there)}.",
                remedy="Give another folder (--to), or say --overwrite.",
            )
        )
    leaking = [name for name, text in files.items() if any(secret and secret in text for secret in secrets)]
    if leaking:
        raise StackError(explain("no credential in a file that is written", f"One stands in {', '.join(leaking)}."))
    check(files, adapters)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def check(files: Mapping[str, str], adapters: Path) -> None:
    """Let the readers of vocabulary, page and platform read them.

    Raises:
        StackError: One of them can't.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "draft"
        folder.mkdir()
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        Vocabulary.load(folder / "vocabulary.yaml")
        description.load(folder / "page.yaml", description.known_elements(adapters))
        adapter.find(str(folder), adapters, default="reference")


def _flow(value: Any) -> str:
    told: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True)
    return told.strip().removesuffix("...").strip()


def _commented(text: str, indent: str) -> Iterator[str]:
    """A comment in lines of a bearable width."""
    line = ""
    for word in " ".join(text.split()).split(" "):
        if line and len(indent) + len(line) + len(word) > WIDE:
            yield f"{indent}# {line}"
            line = ""
        line = f"{line} {word}" if line else word
    yield f"{indent}# {line}"


def _head(draft: Draft, file: str, what: str) -> list[str]:
    lines = [f"# {what} Drafted by looking; each line says what it was inferred from."]
    missing = draft.missing[file]
    if missing:
        lines.append("# Not seen:")
        lines += [line for one in missing for line in _commented(f"- {one}", "")]
    return lines


def _vocabulary(draft: Draft) -> str:
    talk, lines = draft.talk, _head(draft, "vocabulary.yaml", "What frames and rows mean to the laws.")
    lines.append(f"name: {_flow(draft.name)}")
    if talk.echo is False:
        lines.append("echo: false    # what was said on a tab did not come to that tab")
    lines += ["", "frames:"]
    for direction, rules in (("out", talk.out), ("in", talk.into)):
        lines.append(f"  {direction}:" if rules else f"  {direction}: []")
        for rule in rules:
            lines += _commented(rule.why, "    ")
            lines.append(f"    - {_flow(rule.plain)}")
    if talk.chain:
        lines += ["", "chain:"]
        lines += [f"  - {_flow({kind: stages})}    # {why}" for kind, stages, why in talk.chain]
    if talk.forward:
        lines += ["", f"forward: {_flow(talk.forward)}    # it only ever grew"]
    if talk.answered:
        lines += ["", f"every_message_is_answered: true    # each of {len(talk.runs)} texts had one run"]
    if talk.agent_roles:
        # Pages say `agent`, whatever frames and rows do.
        roles = list(dict.fromkeys([*talk.agent_roles, "agent"]))
        lines.append(f"agent_roles: {_flow(roles)}    # what answers have as their role, and no text that was said")
    message = draft.page.elements.get("message")
    if message is not None:
        take = {name: name for name in ("id", "seq", "role", "text", "run", "state") if name == "text" or name in message.values}
        take = {"message" if name == "id" else name: path for name, path in take.items()}
        lines += [
            "",
            "# As tests read the page: the values of 'message' in page.yaml.",
            "page:",
            f"  take: {_flow({**take, 'thread': 'thread'})}",
            "  acknowledged: [stored]",
            "  working: {path: status, values: [online]}",
            "  connection: connection_id",
        ]
    if draft.stored.take:
        lines += ["", *_commented(draft.stored.why, ""), "rows:", f"  take: {_flow(draft.stored.take)}"]
    return "\n".join(lines) + "\n"


def _page(draft: Draft) -> str:
    lines = _head(draft, "page.yaml", "Where the page has what.")
    if draft.page.conversation:
        lines.append(f"conversation: {_flow(draft.page.conversation)}    # the page's address had the id that frames name")
    lines += ["", "elements:" if draft.page.elements else "elements: {}"]
    for name, place in draft.page.elements.items():
        lines += _commented(place.why, "  ")
        if not place.values:
            lines.append(f"  {name}: {_quoted(place.selector)}")
            continue
        lines += [f"  {name}:", f"    selector: {_quoted(place.selector)}"]
        lines += [f"    {value}: {_flow(how)}" for value, how in place.values.items()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _platform(draft: Draft) -> str:
    seen, name = draft.observations, prefix(draft.name)
    lines = _head(draft, "platform.yaml", "Where the platform is, and what it can.")
    lines += ["driver: external", "services:"]
    parts = urlsplit(seen.address)
    lines.append(f"  frontend: {parts.scheme}://{parts.netloc}    # the page that was opened")
    for store, address in seen.stores.items():
        url = urlsplit(address)
        entry = {"url": address.replace(f"{url.username}@", "", 1) if url.username else address}
        if url.username:
            entry["user"] = url.username
        lines.append(f"  {store}: {_flow({**entry, 'password_env': password_variable(store)})}    # as it was given")
    lines += ["", "# Users to test with: as many as tests have at once, at least.", "credentials:"]
    lines += [f"  user-{number}: {name}_PASSWORD_{number}" for number in range(1, draft.accounts + 1)]
    names = [f"!{one}" for one in draft.talk.harmless]
    if names:
        lines += ["", "# These fields hold pieces of answers."]
    held = str(draft.ways.token[3][-1]) if draft.ways.token is not None and draft.ways.token[3] else ""
    if held and not is_credential_name(held):
        lines += ["", f"# The token comes in a field called {held}, which nobody else would take for one."]
        names.append(held)
    if names:
        lines.append(f'credential_names: "{", ".join(names)}"')
    lines += ["", "# Only what was seen; what stands here with `true` has its tests run. capabilities.yaml tells the others."]
    able = list(_capabilities(draft))
    lines.append("capabilities:" if able else "capabilities: {}")
    lines += [f"  {one}: true    # {why}" for one, why in able]
    return "\n".join(lines) + "\n"


def _capabilities(draft: Draft) -> Iterator[tuple[str, str]]:
    talk, said = draft.talk, len(draft.observations.said)
    if talk.answers and len(talk.answers) == said:
        yield "computed-answers", f"each of {said} answers held the sum that was asked for"
    if talk.fan_out:
        yield "fan-out", "what was said on one tab came to the other at once"
    if talk.rule("resume", "out") is not None:
        yield "resume", "a page asked for a conversation over its socket when it was opened or connected anew"


def _resource(draft: Draft) -> str:
    name, how = prefix(draft.name), draft.ways
    lines = [
        "*** Settings ***",
        f"Documentation       How {draft.name} is used: drafted by looking. Each keyword says what it was inferred from.",
        "Keyword Tags        adapter",
        "Library             Collections",
        "Library             realstack.OAuth",
        "Library             realstack.BrowserSession",
        "Library             realstack.Databases",
        "Library             realstack.Platform",
        "Library             realstack.NetworkFault",
        "Library             realstack.WebSocket",
        "# What is not said here: no plans, accounts that are there, conversations that their first message makes.",
        "Resource            ${ADAPTER.defaults}",
        "",
        "",
        "*** Variables ***",
        "@{ACCOUNTS}         " + "    ".join(f"%{{{name}_USER_{number}=}}" for number in range(1, draft.accounts + 1)),
        "&{TAKEN}            accounts=${0}",
    ]
    if how.cookie:
        lines.append(f"${{COOKIE}}           {how.cookie}")
    if draft.stored.rows:
        lines += [f"${{CHAT_DATABASE}}    {draft.stored.store}", "${STORE}            the store"]
        for variable, statement in statements(draft.stored).items():
            lines += [f"${{{variable}}}", *(f"...    {part}" for part in _cut(statement))]
    lines += ["", "", "*** Keywords ***"]
    for keyword in draft.resource.keywords:
        lines += [*_keyword(keyword), ""]
    missing = draft.missing["adapter.resource"]
    if missing:
        lines += ["*** Comments ***", "Not seen:", *(line for one in missing for line in _plainly(f"- {one}"))]
    return "\n".join(lines).rstrip("\n") + "\n"


def _plainly(text: str) -> Iterator[str]:
    yield from (line.removeprefix("# ") for line in _commented(text, ""))


def _cut(text: str) -> list[str]:
    lines: list[str] = []
    for word in text.split(" "):
        if lines and len(lines[-1]) + len(word) < WIDE - 10:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _keyword(keyword: Keyword) -> Iterator[str]:
    yield keyword.name
    yield from _commented(f"Inferred from: {keyword.why}.", "    ")
    documentation = _cut(keyword.documentation)
    yield f"    [Documentation]    {documentation[0]}"
    yield from (f"    ...    {line}" for line in documentation[1:])
    if keyword.tags:
        yield f"    [Tags]    {keyword.tags}"
    if keyword.arguments:
        yield "    [Arguments]    " + "    ".join(keyword.arguments)
    for line in keyword.lines:
        yield from _wrapped(line)


def _wrapped(line: str) -> Iterator[str]:
    """A line of a keyword, continued where it would be too long."""
    depth = len(line) - len(line.lstrip())
    margin, told = " " * (4 + depth), ""
    for cell in line.strip().split("    "):
        if told and len(margin) + len(told) + len(cell) > WIDE:
            yield margin + told
            told = "..."
        told = f"{told}    {cell}" if told else cell
    yield margin + told


def closing(draft: Draft, written: Sequence[Path], say: Callable[[str], None], *, platform: str) -> None:
    """Tell what was written, what could not be seen, and what comes next for the adapter that runs know as `platform`."""
    talk = draft.talk
    say("")
    say(f"Drafted {draft.name}")
    rows = f"rows of {draft.stored.store}" if draft.stored.take else "nothing of rows"
    say(f"  codec {talk.codec or 'unknown'}; {len(talk.out) + len(talk.into)} rules for frames, {rows},")
    say(f"  {len(draft.page.elements)} elements of the page, {len(draft.resource.keywords)} keywords")
    for path in written:
        say(f"  {path}")
    say("")
    missing = [(file, one) for file, told in draft.missing.items() for one in told]
    say("What could not be seen" if missing else "Nothing was left out.")
    for file, one in missing:
        say(f"  {file}: {one}")
    say("")
    name = prefix(draft.name)
    say("What comes next")
    say("  1. Read the files: what each line was inferred from stands above it.")
    say(f"  2. Name accounts in the environment: {name}_USER_1, {name}_PASSWORD_1, {name}_USER_2 …")
    say(f"  3. make contract PLATFORM={platform}")
