"""Times of files that a file system may hold and a camera, a copy program or a wrong clock really write."""

from __future__ import annotations

import os
import time
from calendar import timegm
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from faami_core.indexing.catalog import Catalog
from faami_core.indexing.marks import modified_ns
from faami_core.queries import Filters
from faami_core.session import Session
from tests.faults.index_tools import index, paint
from tests.stub_encoder import StubEncoder

pytestmark = pytest.mark.faults

YEARS = (1, 1677, 1905, 1960, 1969, 1970, 2024, 2262, 2300, 2446)


def date_back(path: Path, year: int) -> bool:
    """Sets the time of a file to the middle of a year; False where this file system cannot."""
    wanted = timegm((year, 7, 1, 12, 0, 0)) * 10**9
    try:
        os.utime(path, ns=(wanted, wanted))
    except (OSError, OverflowError):
        return False
    return path.stat().st_mtime_ns == wanted


@pytest.fixture
def dated(tmp_path: Path) -> Path:
    """A folder with an image of every year that the file system can tell, named after it."""
    folder = tmp_path / "dated"
    folder.mkdir()
    for year in YEARS:
        paint(folder / f"{year}.png", year)
        if not date_back(folder / f"{year}.png", year):
            (folder / f"{year}.png").unlink()
    assert {"1905.png", "1960.png", "1969.png", "2024.png"} <= {path.name for path in folder.iterdir()}
    return folder


def years(session: Session, folder: Path, **days: date) -> set[int]:
    return {int(image.path.stem) for image in session.browse(folder, filters=Filters(**days))}


def test_files_of_any_year_are_indexed_and_are_unchanged_at_the_next_run(dated):
    session, count = Session(encoder=StubEncoder()), len([*dated.iterdir()])

    report = session.index(dated)
    assert (report.seen, report.added, report.unreadable) == (count, count, ())
    report = session.index(dated)
    assert (report.unchanged, report.changed) == (count, 0)
    assert session.folder_changes(dated) == 0


def test_days_are_compared_in_every_century(dated):
    session = Session(encoder=StubEncoder())
    session.index(dated)
    all_years = {int(path.stem) for path in dated.iterdir()}

    assert years(session, dated, modified_to=date(1965, 1, 1)) == {year for year in all_years if year < 1965}
    assert years(session, dated, modified_from=date(1906, 1, 1), modified_to=date(1969, 12, 31)) == {1960, 1969}
    assert years(session, dated, modified_from=date(1970, 1, 1)) == {year for year in all_years if year >= 1970}
    assert years(session, dated, modified_from=date.min, modified_to=date.max) == all_years
    assert years(session, dated, modified_from=date(2025, 1, 1)) == {year for year in all_years if year > 2025}


def test_an_old_picture_that_is_edited_and_dated_back_again_is_seen_by_its_new_time(dated):
    session = Session(encoder=StubEncoder())
    session.index(dated)
    paint(dated / "1960.png", 1)
    date_back(dated / "1960.png", 1961)

    assert session.index(dated).changed == 1


def test_a_file_changed_a_moment_ago_keeps_its_day(tmp_path):
    paint(tmp_path / "now.png", 1)
    session = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")
    session.index(tmp_path)
    yesterday = date.fromtimestamp(time.time() - 86_400)

    assert len(session.browse(tmp_path, filters=Filters(modified_from=yesterday))) == 1
    assert session.browse(tmp_path, filters=Filters(modified_to=yesterday)) == ()


def test_a_time_that_an_earlier_program_wrote_as_negative_is_still_of_its_day_and_is_put_right(tmp_path):
    images, folder = tmp_path / "images", tmp_path / "index"
    images.mkdir()
    for name in ("fresh", "1960"):
        Image.new("RGB", (8, 8), "red").save(images / f"{name}.png")
    date_back(images / "1960.png", 1960)
    index(folder, images)
    fresh = (images / "fresh.png").stat().st_mtime_ns
    with Catalog(folder) as catalog:
        with catalog.transaction() as connection:
            connection.execute("UPDATE file SET mtime_ns = ? WHERE path = ?", (-fresh, b"fresh.png"))
        times = sorted(modified_ns(catalog).values())
    assert times[0] < 0
    assert times[1] == fresh

    assert index(folder, images).changed == 0
    with Catalog(folder) as catalog:
        assert max(modified_ns(catalog).values()) in {fresh, fresh - 1}
