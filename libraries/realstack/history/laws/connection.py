"""The law one-connection: a connection outlives its token, and whoever is to bring the next one is told in time."""

from __future__ import annotations

from realstack.history.domain import History
from realstack.history.facts import Connected, PageReading, Refreshed, Tab
from realstack.history.verdict import Findings


def one_connection(history: History) -> Findings:
    """Token expiry is told in time, and alone neither closes a connection nor changes its id.

    Expiries are read from what the platform told (greetings and refreshes name the moment). A tab that saw one
    pass must still be on the same connection, unless the test closed it itself; a page's readings must all name one connection.
    Of each token that ``expiry-notice`` events are about, its tab was told that it is about to expire.
    """
    findings = Findings()
    lived = 0
    judged = 0
    for tab in history.tabs.values():
        pages = [page for page in history.pages if page.tab == tab.name and page.connection]
        if tab.page:
            judged += bool(pages)
            lived += _judge_page(history, findings, tab, pages)
        elif any(greeting.tab == tab.name for greeting in history.greetings):
            judged += 1
            lived += _judge_tab(history, findings, tab)
    notices = history.noted("expiry-notice")
    for note in notices:
        if not note.data.get("told"):
            findings.violated(
                f"{note.source} was not told that its token is about to expire: it must be, for each of its tokens and in time, "
                f"because it is to bring the next one; however, at {history.when(note.at)} nothing had said so.",
                note.at,
                (note.index,),
                (note.source,),
            )
    findings.counts = {
        "tabs": judged,
        "expiries lived through": lived,
        "refreshes": len(history.refreshes),
        "notices": len(notices),
    }
    return findings


def _expiries(history: History, tab: Tab) -> list[float]:
    """The moments, on the history's clock, at which credentials of a tab ran out."""
    told: list[Connected | Refreshed] = [*history.greetings, *history.refreshes]
    moments = {fact.expires_at - history.began_wall for fact in told if fact.tab == tab.name and fact.expires_at is not None}
    moments |= {note.at for note in history.noted("expiry") if note.source == tab.name}
    return sorted(moments)


def _judge_tab(history: History, findings: Findings, tab: Tab) -> int:
    moments = _expiries(history, tab)
    first = tab.stretches[0]
    greetings = [greeting for greeting in history.greetings if greeting.tab == tab.name]
    ended = None if first.by_us else first.closed
    until = first.closed if first.closed is not None else history.end
    lived = [moment for moment in moments if first.opened < moment < until]
    # A platform closes on expiry a little early or late; what closed well before any expiry is another law's business.
    due = [moment for moment in moments if ended is not None and moment - 1.0 <= ended]
    if ended is not None and due:
        told = "expired" if due[-1] <= ended else "was about to expire"
        findings.violated(
            f"{tab.name} lost its connection: it must stay open, because only its token {told}, at {history.when(due[-1])}; "
            "however, it was closed "
            f"at {history.when(ended)}{f' with code {first.code}' if first.code else ''}.",
            ended,
            (first.index, first.closed_index if first.closed_index is not None else first.index),
            (tab.name,),
        )
    first_id = greetings[0].connection
    for greeting in greetings[1:]:
        if greeting.connection != first_id and greeting.stretch == greetings[0].stretch:
            findings.violated(
                f"{tab.name} was given another connection: its id must stay, because nothing closed it; however, the "
                "platform greeted it again at "
                f"{history.when(greeting.at)} with another id.",
                greeting.at,
                (greetings[0].index, greeting.index),
                (tab.name,),
            )
            break
    return len(lived)


def _judge_page(history: History, findings: Findings, tab: Tab, pages: list[PageReading]) -> int:
    if not pages:
        return 0
    first, last = pages[0], pages[-1]
    for page in pages[1:]:
        if page.connection != first.connection:
            findings.violated(
                f"{tab.name} changed its connection: the id must stay, because only its token expired; however, the page "
                "named one connection at "
                f"{history.when(first.at)} and another at {history.when(page.at)}.",
                page.at,
                (first.index, page.index),
                (tab.name,),
            )
            break
    return sum(1 for moment in _expiries(history, tab) if first.at < moment < last.at)
