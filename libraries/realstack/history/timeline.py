"""One test on one time axis: tabs, messages, faults and services as an inline SVG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from realstack.core import svg
from realstack.history import values
from realstack.history.domain import History
from realstack.history.facts import Refuse, Reject
from realstack.history.laws.faults import outages

WIDTH = 980
LEFT = 164
RIGHT = 14
TOP = 46
LABEL_ROWS = 3
LANE = 24
MOST_MARKS = 300
MOST_LANES = 30
MOST_BANDS = 40
BUSY_BAND = 5
"""Height of the band that tells where others used the machine."""
BINS = 120


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on a lane: `shape` is ``send``, ``ack``, ``deliver``, ``refuse`` or ``event``."""

    lane: str
    at: float
    shape: str
    tip: str
    message: str
    index: int


def timeline(history: History, evidence: Collection[int] = ()) -> str:
    """Draw a history.

    Each message is joined from its sending to its acknowledgement and its deliveries; faults are bands over all
    lanes, and where others used the machine's cores, a thin one stands below them. Evidence of a violation is drawn in the
    colour of failures. More than 300 marks are drawn as bars (sent above, received below the lane); the size stays bounded
    whatever the history's.

    Args:
        history: What happened.
        evidence: Positions of events to point out.
    """
    marks = _marks(history)
    lanes = _lanes(history, marks)
    shown = lanes[:MOST_LANES]
    if not shown:
        return svg.document(WIDTH, 40, "Timeline", [svg.text(8, 24, "Nothing was recorded.", kind="dim")])
    begin = min((event.at for event in history.events), default=0.0)
    begin = max(min(begin, 0.0), -5.0)
    scale = _Scale(begin, max(history.end, begin + 0.001))
    heights = {lane: TOP + LANE * position + LANE / 2 for position, lane in enumerate(shown)}
    bottom = TOP + LANE * len(shown)
    parts = [*_grid(scale, shown, heights, bottom), *_faults(history, scale, bottom), *_presence(history, scale, heights)]
    parts += _busy(history, scale, bottom)
    visible = [mark for mark in marks if mark.lane in heights]
    if len(visible) > MOST_MARKS:
        parts += _bars(scale, heights, visible)
        visible = [mark for mark in visible if mark.index in evidence or mark.shape == "event"][:MOST_MARKS]
    parts += _joins(scale, heights, visible, evidence) + [_draw(mark, scale, heights, mark.index in evidence) for mark in visible]
    if len(lanes) > MOST_LANES:
        parts.append(svg.text(WIDTH - RIGHT, bottom + 34, f"and {len(lanes) - MOST_LANES} more lanes", anchor="end", kind="dim"))
    parts.append(svg.text(LEFT, bottom + 34, "○ sent   ● acknowledged   ◆ delivered   × refused   ▮ fault   ▲ event", kind="dim"))
    return svg.document(WIDTH, bottom + 42, "Timeline of the test", parts)


class _Scale:
    def __init__(self, begin: float, end: float) -> None:
        self.begin, self.end = begin, end

    def x(self, at: float) -> float:
        inner = WIDTH - LEFT - RIGHT
        return LEFT + inner * min(max((at - self.begin) / (self.end - self.begin), 0.0), 1.0)


def _marks(history: History) -> list[Mark]:
    name, when = history.name, history.when
    marks = [
        Mark(s.tab, s.at, "send", f"{name(s.message)} sent {when(s.at)} {s.text or ''}", s.message, s.index)
        for s in history.sends
    ]
    marks += [Mark(a.tab, a.at, "ack", f"{name(a.message)} acknowledged {when(a.at)}", a.message, a.index) for a in history.acks]
    marks += [
        Mark(d.tab, d.at, "deliver", f"{name(d.message)} ({d.role}) delivered {when(d.at)} {d.text or ''}", d.message, d.index)
        for d in history.deliveries
    ]
    refused: list[Refuse | Reject] = [*history.refusals, *history.rejections]
    marks += [Mark(r.tab, r.at, "refuse", f"{name(r.message)} refused {when(r.at)}", r.message, r.index) for r in refused]
    for note in history.noted("service", "act", "note", "revoked"):
        what = str(note.data.get("what") or note.data.get("text") or note.kind)
        marks.append(Mark(note.source, note.at, "event", f"{note.source} {what} {when(note.at)}", "", note.index))
    for note in history.noted("arrivals"):
        moments = (values.number(at) for at in note.data.get("times") or ())
        marks += [Mark(note.source, at, "event", f"tried {when(at)}", "", note.index) for at in moments if at is not None]
    for page in history.pages:
        state = "" if page.working is None else " works" if page.working else " does not work"
        marks.append(Mark(page.tab, page.at, "event", f"{page.tab} read {when(page.at)}{state}", "", page.index))
    return sorted(marks, key=lambda mark: mark.at)


def _lanes(history: History, marks: list[Mark]) -> list[str]:
    tabs = sorted((tab for tab in history.tabs.values()), key=lambda tab: tab.stretches[0].opened if tab.stretches else 0.0)
    lanes = [tab.name for tab in tabs if tab.stretches]
    lanes += [mark.lane for mark in marks]
    return list(dict.fromkeys(lanes))


def _grid(scale: _Scale, lanes: list[str], heights: dict[str, float], bottom: float) -> list[str]:
    parts = [f'<rect class="panel" x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{bottom - TOP}" rx="3"/>']
    for tick in svg.ticks(scale.begin, scale.end, 10):
        x = scale.x(tick)
        parts += [svg.rule(x, TOP, x, bottom), svg.text(x, bottom + 14, f"{tick:g} s", anchor="middle", kind="dim")]
    for lane in lanes:
        y = heights[lane]
        parts += [svg.rule(LEFT, y, WIDTH - RIGHT, y), svg.text(LEFT - 8, y + 4, lane, anchor="end", most=25, middle=True)]
    return parts


def _faults(history: History, scale: _Scale, bottom: float) -> list[str]:
    parts: list[str] = []
    rows = [0.0] * LABEL_ROWS
    for span in outages(history)[:MOST_BANDS]:
        left, right = scale.x(span.begin), scale.x(span.end)
        label = f"{span.target} broken from {history.when(span.begin)} " + (f"to {history.when(span.end)}" if span.over else "on")
        width = max(right - left, 1.5)
        box = f'x="{svg.c(left)}" y="{TOP}" width="{svg.c(width)}" height="{svg.c(bottom - TOP)}"'
        parts.append(f'<rect class="band" {box}>{svg.tip(label)}</rect>')
        row = next((number for number, end in enumerate(rows) if end <= left), None)
        if row is not None:
            name = f"▮ {span.target}"
            x = min(left, WIDTH - 150)
            rows[row] = x + 7 * min(len(name), 26) + 8
            parts.append(svg.text(x, TOP - 6 - 13 * row, name, most=26))
    return parts


def _busy(history: History, scale: _Scale, bottom: float) -> list[str]:
    """The heavier, the more of the needed cores were missing."""
    parts: list[str] = []
    for note in history.noted("pressure")[-MOST_MARKS:]:
        seconds, available, needed = (values.number(note.data.get(name)) or 0.0 for name in ("seconds", "available", "needed"))
        left = scale.x(note.at - seconds)
        width = max(scale.x(note.at) - left, 1.5)
        missing = max(0.2, 1 - available / needed) if needed else 1.0
        label = f"the machine was busy until {history.when(note.at)}: {note.data.get('told') or ''}"
        place = f'x="{svg.c(left)}" y="{svg.c(bottom - BUSY_BAND)}" width="{svg.c(width)}" height="{BUSY_BAND}"'
        parts.append(f'<rect fill="var(--dim)" fill-opacity="{svg.c(missing)}" {place}>{svg.tip(label)}</rect>')
    if parts:
        parts.append(svg.text(LEFT - 8, bottom + 14, "busy machine", anchor="end", kind="dim"))
    return parts


def _presence(history: History, scale: _Scale, heights: dict[str, float]) -> list[str]:
    """A heavier line while a tab is open; without it a cut would look like silence."""
    parts: list[str] = []
    for tab in history.tabs.values():
        if tab.name not in heights:
            continue
        y = heights[tab.name]
        for stretch in tab.stretches[:MOST_BANDS]:
            end = history.end if stretch.closed is None else stretch.closed
            label = f"{tab.name} of {tab.user} open from {history.when(stretch.opened)}"
            line = f"M{svg.c(scale.x(stretch.opened))} {svg.c(y)}L{svg.c(scale.x(end))} {svg.c(y)}"
            parts.append(f'<path d="{line}" stroke="var(--dim)" stroke-opacity=".7" stroke-width="2">{svg.tip(label)}</path>')
    return parts


def _joins(scale: _Scale, heights: dict[str, float], marks: list[Mark], evidence: Collection[int]) -> list[str]:
    by_message: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.message:
            by_message[mark.message].append(mark)
    parts: list[str] = []
    for number, same in enumerate(by_message.values()):
        first = same[0]
        bad = any(mark.index in evidence for mark in same)
        stroke = "var(--bad)" if bad else svg.colour(number)
        steps = [
            f"M{svg.c(scale.x(first.at))} {svg.c(heights[first.lane])}L{svg.c(scale.x(mark.at))} {svg.c(heights[mark.lane])}"
            for mark in same[1:]
            if mark.lane != first.lane or mark.at != first.at
        ]
        if steps:
            parts.append(f'<path d="{"".join(steps)}" stroke="{stroke}" stroke-opacity=".55" fill="none"/>')
    return parts


def _draw(mark: Mark, scale: _Scale, heights: dict[str, float], bad: bool) -> str:
    x, y = scale.x(mark.at), heights[mark.lane]
    paint = "var(--bad)" if bad or mark.shape == "refuse" else "var(--s0)" if mark.shape != "event" else "var(--ink)"
    size = 5 if bad else 3.5
    shapes = {
        "send": f'<circle cx="{svg.c(x)}" cy="{svg.c(y)}" r="{size}" fill="var(--panel)" stroke="{paint}" stroke-width="1.5">',
        "ack": f'<circle cx="{svg.c(x)}" cy="{svg.c(y)}" r="{size - 1}" fill="{paint}">',
        "deliver": f'<path d="M{svg.c(x)} {svg.c(y - size)}l{size} {size}l-{size} {size}l-{size} -{size}z" fill="{paint}">',
        "refuse": f'<path d="M{svg.c(x - 4)} {svg.c(y - 4)}l8 8m0 -8l-8 8" stroke="{paint}" stroke-width="2" fill="none">',
        "event": f'<path d="M{svg.c(x)} {svg.c(y - 5)}l4 8h-8z" fill="{paint}">',
    }
    element = shapes[mark.shape]
    return f"{element}{svg.tip(mark.tip)}</{element[1:].split(' ', 1)[0]}>"


def _bars(scale: _Scale, heights: dict[str, float], marks: list[Mark]) -> list[str]:
    counts: dict[tuple[str, int, bool], int] = defaultdict(int)
    for mark in marks:
        if mark.shape != "event":
            place = int((mark.at - scale.begin) / (scale.end - scale.begin) * BINS)
            counts[mark.lane, min(max(place, 0), BINS - 1), mark.shape == "send"] += 1
    most = max(counts.values(), default=1)
    width = (WIDTH - LEFT - RIGHT) / BINS
    paths: dict[bool, list[str]] = {True: [], False: []}
    for (lane, place, sent), count in counts.items():
        height = max(1.0, (LANE / 2 - 2) * count / most)
        x, y = LEFT + place * width, heights[lane]
        paths[sent].append(
            f"M{svg.c(x)} {svg.c(y)}h{svg.c(width * 0.8)}v{svg.c(-height if sent else height)}h{svg.c(-width * 0.8)}z"
        )
    parts = [f'<path d="{"".join(d)}" fill="{svg.colour(0 if sent else 1)}"/>' for sent, d in paths.items() if d]
    note = f"{len(marks)} marks drawn as bars: sent above, received below; the highest bar is {most}"
    return [*parts, svg.text(WIDTH - RIGHT, 12, note, anchor="end", kind="dim", most=120)]
