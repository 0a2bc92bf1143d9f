"""What rows mean, from the columns of the rows in which the texts that were said stand."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from realstack.draft.drafted import Talk
from realstack.draft.heard import name_of, plain, shown, steps_of
from realstack.draft.ids import stem
from realstack.draft.observations import Found, Observations

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_MOMENT = re.compile(r'"?\d{4}-\d\d-\d\d[ T]')
Row = Mapping[str, str | None]


@dataclass(slots=True)
class Stored:
    """Where texts are stored.

    Attributes:
        store: The store; empty where none holds them.
        take: Fields of a message, and the columns that have them.
        why: What that was inferred from.
        rows: The statement that gives the rows, to which a condition is added.
        of_users, of_threads: The conditions; empty where nothing tells.
        order: What the rows are ordered by.
        missing: What could not be seen.
    """

    store: str = ""
    take: dict[str, str] = field(default_factory=dict)
    why: str = ""
    rows: str = ""
    of_users: str = ""
    of_threads: str = ""
    order: str = ""
    missing: list[str] = field(default_factory=list)


def infer(observations: Observations, talk: Talk) -> Stored:
    """What rows mean."""
    stored = Stored()
    if not observations.stores:
        stored.missing.append("No store was given (--store name=postgresql://…): nothing is known of rows.")
        return stored
    for found in {one.table: one for one in observations.found if not one.column}.values():
        stored.missing.append(f"What the key {found.table} of {found.store} is for: it holds what was said.")
    said = [one.text for one in observations.said]
    places: dict[tuple[str, str, str], dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for found in observations.found:
        if found.column and found.row.get(found.column) in (*said, *talk.answers.values()):
            places[found.store, found.table, found.column][found.text].append(talk.ids.row(found))
    own = {place: rows for place, rows in places.items() if sum(number in rows for number in range(len(said))) > 1}
    send = talk.rule("send", "out")
    asked = name_of(steps_of(send.take["text"])) if send else ""

    def fitness(place: tuple[str, str, str]) -> tuple[int, bool, int]:
        rows = own[place]
        named = sum(talk.messages.get(number) in row.values() for number in range(len(said)) for row in rows.get(number, ()))
        return named, name_of((place[2],)) == asked, len(rows)

    if not own:
        stored.missing.append(f"In {', '.join(observations.stores)} no table was found that holds the texts as they were said.")
        return stored
    best = max(own, key=fitness)
    stored.store, table, column = best
    _columns(stored, talk, (table, column), own[best], observations)
    return stored


def _columns(
    stored: Stored, talk: Talk, place: tuple[str, str], rows: Mapping[int, Sequence[Row]], observations: Observations
) -> None:
    (table, column), count = place, len(observations.said)

    def holding(number: int, identity: str) -> Row | None:
        return next((row for row in rows.get(number, ()) if identity in row.values()), None)

    pairs = [(one, talk.messages.get(one, "")) for one in range(count)]
    ours = [(row, identity) for number, identity in pairs if identity and (row := holding(number, identity)) is not None]
    answers = [
        (row, identity, number)
        for number, identity in talk.answer_ids.items()
        if (row := holding(count + number, identity)) is not None
    ]
    both = [*ours, *((row, identity) for row, identity, _ in answers)]
    if not both:
        stored.missing.append(
            f"The rows of {table} hold the texts and none of their ids: who reads them must say which is which."
        )
        stored.take = {"text": column}
        return

    def always(wanted: Sequence[tuple[Row, str]]) -> str:
        names = [name for name in both[0][0] if wanted and all(value and row.get(name) == value for row, value in wanted)]
        return min(names, key=len, default="")

    def whatever(wanted: Sequence[tuple[Row, str]], named: Callable[[str], bool]) -> str:
        """The same, also in a column that is named for another kind of thing, if it is one of these."""
        loosely = [({name: plain(one) for name, one in row.items() if named(name)}, shown(value)) for row, value in wanted]
        return always(wanted) or always(loosely)

    every = [row for row, _ in both]
    take = {
        "message": always(both),
        "thread": always([(row, talk.thread) for row in every]),
        # An id may be the number, too.
        "seq": whatever([(row, str(talk.numbers.get(identity, ""))) for row, identity in both], lambda name: True),
        "role": _role([row for row, _ in ours], [row for row, _, _ in answers], talk.agent_roles),
        "text": column,
        "run": whatever([(row, talk.runs.get(number, "")) for row, _, number in answers], lambda name: bool(stem(name))),
        "user": always([(row, talk.account) for row in every]),
    }
    stored.take = {name: path for name, path in take.items() if path}
    told = f"{len(ours)} of {count} texts and {len(answers)} answers stand in {table}.{column}, each beside its id"
    stored.why = f"{told} ({', '.join(f'{name}: {path}' for name, path in stored.take.items())})"
    _statement(stored, talk, table, every, observations.found)


def _role(ours: Sequence[Row], answers: Sequence[Row], roles: Sequence[str]) -> str:
    if not ours or not answers:
        return ""
    for name in ours[0]:
        mine, theirs = {row.get(name) for row in ours}, {row.get(name) for row in answers}
        if len(mine) == len(theirs) == 1 and mine != theirs and None not in mine | theirs and theirs <= set(roles):
            return name
    return ""


def _statement(stored: Stored, talk: Talk, table: str, rows: Sequence[Row], found: Sequence[Found]) -> None:
    take = stored.take
    columns = [f"m.{_name(path)}" for path in dict.fromkeys(path for name, path in take.items() if name != "user")]
    join = ""
    user = f"m.{_name(take['user'])}" if "user" in take else ""
    if not user and "thread" in take and talk.account:
        # Whose a conversation is stands in another table, beside its id.
        for other in found:
            row = talk.ids.row(other)
            key = next((name for name, value in row.items() if value == talk.thread), "")
            owner = next((name for name, value in row.items() if value == talk.account), "")
            if other.store == stored.store and key and owner and other.table != table:
                join = f" JOIN {_table(other.table)} t ON t.{_name(key)} = m.{_name(take['thread'])}"
                user, take["user"] = f"t.{_name(owner)}", owner
                stored.why += f"; {other.table}.{owner} is the user's id, where {key} is the conversation's"
                break
    if user:
        columns.append(user)
    else:
        stored.missing.append(f"Whose a row of {table} is, was not seen: without it no-crosstalk can't be judged.")
    where = []
    if "role" in take:
        words = sorted({str(row[take["role"]]) for row in rows})
        others = {one.row.get(take["role"]) for one in found if one.table == table} - set(words)
        if others:
            where.append(f"m.{_name(take['role'])} IN ({', '.join(_literal(word) for word in words)})")
    # Names come from the store's own catalog; the statement goes into a file that people read before it is run.
    of_roles = "".join(f"{one} AND " for one in where)
    stored.rows = f"SELECT {', '.join(columns)} FROM {_table(table)} m{join} WHERE {of_roles}"  # noqa: S608
    stored.of_users = f"{user}::text = ANY($1)" if user else ""
    stored.of_threads = f"m.{_name(take['thread'])}::text = ANY($1)" if "thread" in take else ""
    moments = [name for name, value in rows[0].items() if value and _MOMENT.match(value) and all(row.get(name) for row in rows)]
    begun = min(moments, key=lambda name: (not re.search("(?i)creat|start", name), len(name)), default="")
    stored.order = take.get("seq") or begun


def ordered(stored: Stored, condition: str) -> str:
    """The whole statement for a condition."""
    return f"{stored.rows}{condition}" + (f" ORDER BY m.{_name(stored.order)}" if stored.order else "")


def _name(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else f'"{name}"'


def _table(name: str) -> str:
    return ".".join(map(_name, name.split(".", 1)))


def _literal(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
