"""Where the project keeps what tests share with the journeys: profiles, the reference adapter."""

from __future__ import annotations

from pathlib import Path

from realstack.core.figures import Figures, load

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "resources" / "profiles"
ADAPTERS = ROOT / "resources" / "adapters"
VOCABULARY = ADAPTERS / "reference" / "vocabulary.yaml"
SOURCES = ROOT / "docker"
CACHE = ROOT / ".cache"


def figures(profile: str = "fast") -> Figures:
    """The figures of a profile."""
    return load(profile, PROFILES)


def platform_file(name: str) -> Path:
    """The file of one of the reference platform's drivers."""
    return ADAPTERS / "reference" / f"{name}.yaml"
