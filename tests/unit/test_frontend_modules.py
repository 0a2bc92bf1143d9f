"""The page's modules, tried in a real browser; the tests themselves are in `frontend/*.test.js`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from chat_auth.routes_profile import NAME_LENGTH
from chat_backend.commands import TEXT_LIMIT
from chat_backend.threads import TITLE_LIMIT
from support.browser_modules import Outcome, run_modules

HERE = Path(__file__).parent
WWW = HERE.parents[1] / "docker" / "frontend" / "www"
FILES = sorted(path.name for path in (HERE / "frontend").glob("*.test.js"))


@pytest.fixture(scope="module")
def outcomes() -> Mapping[str, list[Outcome]]:
    """All files in one browser, because starting it takes longer than they do."""
    return run_modules(FILES, {"/": WWW, "/tests/": HERE / "frontend"})


@pytest.mark.parametrize("name", FILES)
def test_modules(name: str, outcomes: Mapping[str, list[Outcome]]) -> None:
    tried = outcomes[name]
    failures = [f"{outcome.name}\n  {outcome.error}" for outcome in tried if outcome.error is not None]
    assert not failures, f"{len(failures)} of {len(tried)} tests in {name} failed:\n" + "\n".join(failures)
    assert len(tried) > 1, "the file registered no tests"


def test_every_module_is_preloaded() -> None:
    """Without it the browser finds the modules one import after the other, a round trip each."""
    page = (WWW / "index.html").read_text()
    preloaded = set(re.findall(r'rel="modulepreload" href="(/[^"]+)"', page))
    modules = {f"/{path.relative_to(WWW)}" for path in (WWW / "js").rglob("*.js")} - {"/js/types.js"}
    assert preloaded == modules


def test_page_has_nothing_inline() -> None:
    """The Content-Security-Policy would refuse it."""
    page = (WWW / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", page)


def test_ids_are_unique_and_labels_lead_somewhere() -> None:
    page = (WWW / "index.html").read_text()
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), sorted({name for name in ids if ids.count(name) > 1})
    wanted = re.findall(r'\s(?:for|list|aria-controls)="([^"]+)"', page)
    wanted += [name for names in re.findall(r'aria-labelledby="([^"]+)"', page) for name in names.split()]
    assert set(wanted) <= set(ids)


def test_nothing_may_be_longer_on_the_page_than_at_its_service() -> None:
    page = (WWW / "index.html").read_text()
    limits = {
        "display-name": NAME_LENGTH,
        "workspace-name": NAME_LENGTH,
        "thread-title-input": TITLE_LIMIT,
        "message-input": TEXT_LIMIT,
    }
    for name, limit in limits.items():
        field = re.search(rf'<[^>]*\bid="{name}"[^>]*>', page)
        assert field is not None
        # The page counts what JavaScript counts, which is never less than characters.
        assert f'maxlength="{limit}"' in field[0], name


@pytest.mark.parametrize("module", sorted((WWW / "js").rglob("*.js")), ids=lambda path: path.name)
def test_modules_use_no_storage_for_tokens_and_stay_readable(module: Path) -> None:
    text = module.read_text()
    assert not re.search(r"localStorage|sessionStorage|document\.cookie|innerHTML|outerHTML|insertAdjacentHTML|\beval\(", text)
    assert len(text.splitlines()) < 400
