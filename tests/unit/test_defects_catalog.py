"""Each planted bug can be planted in the code as it is today."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from defects.catalog import CatalogError, Defect, load

ROOT = Path(__file__).resolve().parents[2]
CATALOG = load(ROOT / "tests" / "defects" / "catalog", ROOT / "suites")


@pytest.mark.parametrize("defect", CATALOG, ids=lambda defect: defect.name)
def test_is_planted_by_one_change_of_its_file(defect: Defect, tmp_path: Path) -> None:
    original = (ROOT if defect.is_fault_off else ROOT / defect.sources) / defect.file
    copy = tmp_path / defect.file
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(original, copy)
    defect.plant(tmp_path)
    assert copy.read_text(encoding="utf-8") != original.read_text(encoding="utf-8")


def test_a_text_that_is_not_there_once_is_told(tmp_path: Path) -> None:
    (tmp_path / "app.txt").write_text("good good", encoding="utf-8")
    with pytest.raises(CatalogError, match="stands 2 times in app"):
        Defect("a", "app.txt", "good", "bad", "01_login", "no-entry", "").plant(tmp_path)
