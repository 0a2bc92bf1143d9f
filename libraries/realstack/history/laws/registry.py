"""All laws by id, and how one is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from realstack.core.errors import StackError, explain
from realstack.history.domain import History
from realstack.history.laws import (
    access,
    agents,
    bystanders,
    claims,
    connection,
    converging,
    delivery,
    faults,
    files,
    flowing,
    growth,
    limits,
    once,
    order,
    privacy,
    said,
    spread,
    stopping,
    stores,
    tools,
    unforeseen,
)
from realstack.history.verdict import Findings, Verdict, settle


@dataclass(frozen=True, slots=True)
class Law:
    """One sentence that must always hold.

    Attributes:
        id: The law's name, as failing tests begin with it.
        sentence: The law.
        check: Looks through a history and collects violations.
        floors: The least counts for the verdict to mean anything.
        timed: Whether it is about times, so that a machine which was too busy can explain a violation.
    """

    id: str
    sentence: str
    check: Callable[[History], Findings]
    floors: Mapping[str, int] = field(default_factory=dict)
    timed: bool = False


def _laws() -> dict[str, Law]:
    laws = (
        Law(
            "acked-is-kept",
            "A message that the platform acknowledged is stored, and reaches every tab its user has or opens later.",
            delivery.acked_is_kept,
            {"acknowledged messages": 1, "store readings": 1, "tabs": 1},
        ),
        Law(
            "exactly-once",
            "No message is stored twice, or shown twice in one tab, however often it was sent again.",
            once.exactly_once,
            {"messages": 1, "tabs": 1},
        ),
        Law(
            "same-order",
            "All tabs of a user, and the store, agree on one order; one sender's messages keep the order they were sent in.",
            order.same_order,
            {"messages": 2, "views": 2},
        ),
        Law(
            "from-somebody",
            "Nothing is delivered that nobody sent.",
            delivery.from_somebody,
            {"deliveries": 1, "sent messages": 1},
        ),
        Law(
            "no-crosstalk",
            "A user's canary never appears in another user's frames, page, rows, keys or files.",
            privacy.no_crosstalk,
            {"users": 2, "canaries": 1, "pieces of evidence": 1},
        ),
        Law(
            "resume-without-gap",
            "After a reconnect a tab holds every message from its last one on, without a gap.",
            order.resume_without_gap,
            {"reconnects": 1, "messages": 1},
        ),
        Law(
            "agent-stream",
            "The events of an agent run are started, (thinking, tool executing, tool completed)*, then one terminal event, once.",
            agents.agent_stream,
            {"runs": 1},
        ),
        Law(
            "stop-stops",
            "An answer that its user stops ends at once and everywhere, what was said of it stays, and nothing else is stopped.",
            stopping.stop_stops,
            {"stops": 1, "runs": 1},
            timed=True,
        ),
        Law(
            "right-tools",
            "An agent calls the tools that a question needs, in order, with the right arguments, no others, and not endlessly.",
            tools.right_tools,
            {"questions": 1, "calls": 1},
        ),
        Law(
            "answers-flow",
            "The first word of an answer, each next one and its end come within the times that the platform declares for them.",
            flowing.answers_flow,
            {"answers": 1, "pieces": 2, "bounds": 1},
            timed=True,
        ),
        Law(
            "said-is-stored",
            "What was said comes back the same, to the byte, in every layer that shows it: frame, row, page, other tab, title, "
            "file name, answer; and in the conversation that it was said in.",
            said.said_is_stored,
            {"texts": 1, "showings": 1},
        ),
        Law(
            "converges",
            "Titles, read markers, plans, profiles and lists are equal on all tabs and in the store once quiet, and never go "
            "backwards.",
            converging.converges,
            {"things": 1, "changes": 1, "places": 2},
        ),
        Law(
            "all-or-nothing",
            "Once the platform is quiet, an operation's profile change, workspace and event exist all three or not at all.",
            stores.all_or_nothing,
            {"operations": 1},
        ),
        Law(
            "admits-exactly",
            "In one window exactly the plan's limit is admitted: the first ones, however many tabs, replicas or races.",
            limits.admits_exactly,
            {"attempts": 2, "full windows": 1},
        ),
        Law(
            "one-connection",
            "Token expiry is told in time, and alone neither closes a connection nor changes its id.",
            connection.one_connection,
            {"tabs": 1, "expiries lived through": 1},
            timed=True,
        ),
        Law(
            "same-claims",
            "A refreshed token says the same of its user and session as the one before it.",
            claims.same_claims,
            {"refreshed tokens": 1, "claims": 1},
        ),
        Law(
            "no-entry",
            "An expired, forged, replayed or revoked credential opens nothing, anywhere, and a good one its door.",
            access.no_entry,
            {"refused entries": 1},
        ),
        Law(
            "contained",
            "While one service is down, the others answer within their usual time and without an error of their own.",
            faults.contained,
            {"services": 1, "probes before": 3, "probes during": 3},
            timed=True,
        ),
        Law(
            "recovers-alone",
            "After the fault the user's page works again with no act of the user's, and services answer everybody well.",
            faults.recovers_alone,
            {"pages": 1, "faults": 1, "readings during a fault": 1},
            timed=True,
        ),
        Law(
            "spread-out",
            "Clients that lost their connections at one moment come back spread over their waiting time, and try no more often "
            "than it allows.",
            spread.spread_out,
            {"outages": 1, "clients": spread.LEAST_CLIENTS, "longest waits": spread.LEAST_WAITS},
            timed=True,
        ),
        Law(
            "bystanders-unchanged",
            "An operation changes what it is about, and nothing else of its user's or of anybody's.",
            bystanders.bystanders_unchanged,
            {"operations": 1, "bystanders": 1, "fields": 1},
        ),
        Law(
            "no-growth",
            "Repeating the same work, good or refused, does not make memory, descriptors, threads, connections or sessions grow.",
            growth.no_growth,
            {"series": 1},
        ),
        Law(
            "whole-file",
            "Every layer that holds a file holds the same bytes (SHA-256), and a half upload leaves nothing behind.",
            files.whole_file,
            {"files": 1},
        ),
        Law(
            "nothing-unforeseen",
            "Whatever users do and whatever breaks, neither a service nor a page meets what nobody foresaw.",
            unforeseen.nothing_unforeseen,
            {"services": 1},
        ),
    )
    return {law.id: law for law in laws}


LAWS = _laws()


def law_named(name: str) -> Law:
    """The law with this id.

    Raises:
        StackError: There is no such law; says which there are.
    """
    if name not in LAWS:
        raise StackError(explain(f"the id of a law: {', '.join(LAWS)}", f"{name!r}"))
    return LAWS[name]


def judge(name: str, history: History, floors: Mapping[str, int] | None = None) -> Verdict:
    """Judge a history by one law.

    Args:
        name: The law's id.
        history: What happened.
        floors: Least counts on top of the law's own, by the count's name; a floor below the law's own lowers it.

    Raises:
        StackError: There is no such law, or it has no such count.
    """
    law = law_named(name)
    findings = law.check(history)
    wanted = {**law.floors, **(floors or {})}
    for count, least in wanted.items():
        if count not in findings.counts:
            raise StackError(explain(f"a count of the law {name}: {', '.join(findings.counts)}", f"a floor for {count!r}"))
        if findings.counts[count] < least:
            findings.lacking.append(f"Only {findings.counts[count]} {count}, at least {least} must be seen.")
    return settle(name, law.sentence, findings)
