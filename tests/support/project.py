"""Where the project keeps what tests share with the journeys: profiles, platforms, the vocabulary."""

from __future__ import annotations

from pathlib import Path

from realstack.core.figures import Figures, load

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "resources" / "profiles"
VOCABULARY = ROOT / "resources" / "vocabulary" / "chat.yaml"
SOURCES = ROOT / "docker"
CACHE = ROOT / ".cache"


def figures(profile: str = "fast") -> Figures:
    """The figures of a profile."""
    return load(profile, PROFILES)


def platform_file(name: str) -> Path:
    """The YAML file of a platform."""
    return ROOT / "resources" / "platforms" / f"{name}.yaml"
