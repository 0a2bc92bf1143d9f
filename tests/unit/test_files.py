"""Test files: real readers open what should open, and refuse what should not."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import zipfile
import zlib
from contextlib import closing
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
import requests
from assertionengine import AssertionOperator
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from realstack.core.errors import StackError
from realstack.files import digest, odd
from realstack.files.any_text import UNSTORABLE, text_pdf
from realstack.files.document import Plan, build
from realstack.files.library import Files

FACT = "The vault (east) opens at 07:45 with code 48213."

POPPLER = shutil.which("pdftotext")


def test_document_is_read_by_a_strict_reader() -> None:
    data = build(Plan("seed", pages=5, size=5_000_000, fact=FACT, fact_page=4))
    reader = PdfReader(BytesIO(data), strict=True)
    texts = [page.extract_text() for page in reader.pages]
    assert len(data) == 5_000_000
    assert [FACT in page for page in texts] == [False, False, False, True, False]
    assert [page.splitlines()[0] for page in texts] == [f"Page {n} of 5" for n in range(1, 6)]
    for page in reader.pages:
        (picture,) = page.images
        assert picture.image is not None
        assert picture.image.width > 500


def test_pictures_can_not_be_compressed() -> None:
    data = build(Plan("seed", size=1_000_000))
    assert len(zlib.compress(data, 9)) > 970_000


# A second reader, where there is one: a test that can't run is none, for a skipped one counts as failed.
if POPPLER:

    def test_document_is_read_by_poppler(tmp_path: Path) -> None:
        path = tmp_path / "document.pdf"
        path.write_bytes(build(Plan("seed", size=200_000, fact=FACT, fact_page=2)))
        found = subprocess.run([POPPLER, "-f", "2", "-l", "2", path, "-"], capture_output=True, text=True, check=True, timeout=20)
        assert FACT in found.stdout
        assert found.stderr == ""


@settings(deadline=None, max_examples=40)
@given(pages=st.integers(1, 6), extra=st.integers(0, 60_000), seed=st.text(max_size=5))
def test_size_is_met_to_the_byte(pages: int, extra: int, seed: str) -> None:
    size = len(build(Plan(seed, pages))) + extra
    data = build(Plan(seed, pages, size))
    assert len(data) == size
    assert len(PdfReader(BytesIO(data), strict=True).pages) == pages


@pytest.mark.parametrize("size", [10 * 2**20 - 1, 10 * 2**20, 10 * 2**20 + 1])
def test_sizes_around_a_limit(size: int) -> None:
    assert len(build(Plan("limit", size=size))) == size


def test_equal_seeds_give_equal_files_and_others_do_not() -> None:
    one, again, other = (build(Plan(seed, size=50_000)) for seed in ("a", "a", "b"))
    assert one == again
    assert one != other


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan("s", pages=0), "at least one page"),
        (Plan("s", pages=2, fact_page=3), "the fact on a page from 1 to 2"),
        (Plan("s", size=100), r"a size of at least \d+ bytes for 5 pages"),
        (Plan("s", fact="яма"), "Western European characters"),
        (Plan("s", fact="x" * 85), "at most 84 characters"),
        (Plan("s", password="p", size=10_000), "an encrypted document without a size"),
    ],
)
def test_impossible_plans_are_refused(plan: Plan, words: str) -> None:
    with pytest.raises(StackError, match=words):
        build(plan)


@pytest.mark.parametrize("mark_at", [0, 900])
def test_text_of_any_script_is_read(mark_at: int) -> None:
    text = "Насос 報告 😀 <b> (50 %) \\ delivers"
    data = text_pdf(f"{UNSTORABLE} {text * 5}", mark_at=mark_at)
    assert data.index(b"%PDF-") == mark_at
    assert PdfReader(BytesIO(data)).pages[0].extract_text() == f"{UNSTORABLE} {text * 5}"


@pytest.mark.parametrize(("text", "mark_at"), [("", 0), ("x", 1), ("x", 1020), ("x", -1)])
def test_a_text_and_a_mark_that_readers_find_are_needed(text: str, mark_at: int) -> None:
    with pytest.raises(StackError):
        text_pdf(text, mark_at=mark_at)


def test_encrypted_document_opens_with_its_password_only() -> None:
    reader = PdfReader(BytesIO(build(Plan("seed", pages=2, password="opens", fact=FACT))))
    assert reader.is_encrypted
    assert reader.decrypt("") == 0
    assert reader.decrypt("wrong") == 0
    assert reader.decrypt("opens") == 1
    assert FACT in reader.pages[0].extract_text()


@pytest.mark.parametrize("kind", get_args(odd.BrokenKind))
def test_broken_files_look_like_pdfs_and_are_not(kind: odd.BrokenKind) -> None:
    data = odd.broken(kind, "seed")
    assert data.startswith(b"%PDF-1.")
    with pytest.raises((PyPdfError, ValueError, KeyError, AttributeError, TypeError)):
        len(PdfReader(BytesIO(data)).pages[0].extract_text())


@pytest.mark.parametrize(("pages", "counted"), [(10, 10), (11, 100), (100_000, 100_000), (10**9, 10**9)])
def test_page_bomb_claims_many_pages_from_few_bytes(pages: int, counted: int) -> None:
    data = odd.page_bomb(pages)
    tree = PdfReader(BytesIO(data), strict=True).trailer["/Root"]["/Pages"]
    assert len(data) < 2500
    assert tree["/Count"] == counted


def test_small_page_bomb_really_has_its_pages() -> None:
    assert len(PdfReader(BytesIO(odd.page_bomb(100)), strict=True).pages) == 100


@pytest.mark.parametrize("pages", [9, 10**9 + 1])
def test_page_bomb_has_bounds(pages: int) -> None:
    with pytest.raises(StackError, match="a bomb of 10 to"):
        odd.page_bomb(pages)


def test_stream_bomb_unpacks_to_its_size() -> None:
    data = odd.stream_bomb(5 * 2**20 + 3)
    packed = data[data.index(b"stream\n") + 7 : data.index(b"\nendstream")]
    assert len(zlib.decompress(packed)) == 5 * 2**20 + 3
    assert len(data) < 10_000


def test_other_types_are_real() -> None:
    made = {kind: odd.of_type(kind, "seed") for kind in get_args(odd.FileType)}
    assert all(not data.startswith(b"%PDF") for data in made.values())
    assert made["png"].startswith(b"\x89PNG\r\n\x1a\n")
    with zipfile.ZipFile(BytesIO(made["zip"])) as archive:
        assert archive.testzip() is None
    assert made == {kind: odd.of_type(kind, "seed") for kind in get_args(odd.FileType)}


def test_png_is_read_by_an_image_library() -> None:
    image = pytest.importorskip("PIL.Image")
    picture = image.open(BytesIO(odd.of_type("png", "seed")))
    picture.load()
    assert picture.size == (8, 8)


@pytest.mark.parametrize("name", ["a\0b", "\ud83d.pdf", "ü" * 130])
def test_a_name_that_no_file_has_is_told(name: str) -> None:
    with closing(Files()) as files:
        with pytest.raises(StackError, match="a file with a name that its system takes"):
            files.make_empty_file(name)
        if name != "ü" * 130:
            with pytest.raises(StackError, match="a file that can be read"):
                files.get_sha256(name)
        assert files.make_empty_file("🦜 ü.pdf")["size"] == 0


@pytest.mark.parametrize("fact", ["two\nlines", "x\0y", "a\tb", "one\xa0word", "\x7f"])
def test_a_fact_that_no_reader_finds_is_refused(fact: str) -> None:
    with pytest.raises(StackError, match="a fact of characters that are seen"):
        build(Plan("seed", fact=fact))


def test_digests_agree_with_hashlib(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 300_000)
    assert digest.of_file(path) == digest.of_bytes(b"x" * 300_000) == hashlib.sha256(b"x" * 300_000).hexdigest()
    with pytest.raises(StackError, match="a file that can be read"):
        digest.of_file(tmp_path / "none")


@pytest.mark.parametrize("value", ["plain", "(a) \\ b", "line\nline", "ÄÖ€"])
def test_texts_survive_escaping(value: str) -> None:
    data = build(Plan("s", fact=value.replace("\n", " ")))
    assert value.replace("\n", " ") in PdfReader(BytesIO(data)).pages[0].extract_text()


def test_digest_is_of_any_response_and_in_any_case() -> None:
    """Of RequestsLibrary's responses it was refused."""
    content, files = b"the same bytes", Files()
    wanted = hashlib.sha256(content).hexdigest()
    response = requests.Response()
    response.raw = BytesIO(content)
    for one in (content, bytearray(content), SimpleNamespace(body=content), response):
        assert files.get_sha256(one, AssertionOperator["=="], f" {wanted.upper()}") == wanted
    with pytest.raises(AssertionError):
        files.get_sha256(content, AssertionOperator["=="], wanted[:-1])
    with pytest.raises(StackError, match="a path, bytes or a response"):
        files.get_sha256(5)
