"""The law whole-file: one file, the same bytes everywhere."""

from __future__ import annotations

from collections import defaultdict

from realstack.history.domain import History
from realstack.history.facts import Note
from realstack.history.verdict import Findings


def whole_file(history: History) -> Findings:
    """Every layer that holds a file holds the same bytes (SHA-256), and a half upload leaves nothing behind.

    Read from ``file-layer`` events (a layer's digest and size of one file; the first is the original) and from
    ``leftover`` events (what a layer still held of an upload that was cut or refused).
    """
    findings = Findings()
    layers: dict[str, dict[str, Note]] = defaultdict(dict)
    for note in history.noted("file-layer"):
        layers[str(note.data.get("file"))][note.source] = note
    for file, found in layers.items():
        if len(found) < 2:
            findings.lacking.append(f"Only the layer {', '.join(found)} of {file} was read: compare it with another at least.")
        _judge_layers(history, findings, file, list(found.values()))
    leftovers = history.noted("leftover")
    for note in leftovers:
        left = note.data.get("found") or []
        if left:
            listed = ", ".join(str(item) for item in left) if isinstance(left, list) else str(left)
            findings.violated(
                f"{note.source} holds something of {note.data.get('file')}: nothing must be left, because "
                f"{note.data.get('because') or 'the upload was never finished'}; however, at "
                f"{history.when(note.at)} it held {listed[:200]}.",
                note.at,
                (note.index,),
            )
    files = set(layers) | {str(note.data.get("file")) for note in leftovers}
    findings.counts = {
        "files": len(files),
        "layers": sum(len(found) for found in layers.values()),
        "searches for leftovers": len(leftovers),
    }
    return findings


def _judge_layers(history: History, findings: Findings, file: str, notes: list[Note]) -> None:
    original = notes[0]
    for other in notes[1:]:
        for trait in ("sha256", "size"):
            first, second = original.data.get(trait), other.data.get(trait)
            if first is not None and second is not None and str(first).lower() != str(second).lower():
                findings.violated(
                    f"{other.source} holds other bytes of {file}: its {trait} must be {first}, because {original.source} had "
                    "that at "
                    f"{history.when(original.at)}; however, {other.source} had {second} at {history.when(other.at)}.",
                    other.at,
                    (original.index, other.index),
                )
                break
        else:
            if other.data.get("sha256") is None:
                findings.violated(
                    f"{other.source} does not hold {file}: it must, because {original.source} had it at "
                    f"{history.when(original.at)}; however, "
                    f"no digest of it was found there at {history.when(other.at)}.",
                    other.at,
                    (original.index, other.index),
                )
