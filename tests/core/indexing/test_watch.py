"""Looking at the folders again tells what changed, by listing alone, and leaves the index as it is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from PIL import Image

from faami_core.cli import main
from faami_core.errors import CollectionError
from faami_core.session import Session
from tests.stub_encoder import StubEncoder


@pytest.fixture
def session(image_folder: Path) -> Session:
    opened = Session(encoder=StubEncoder())
    opened.index(image_folder)
    return opened


def test_a_folder_just_indexed_has_no_changes_even_if_it_was_touched(session, image_folder):
    assert session.folder_changes(image_folder) == 0
    os.utime(image_folder / "red.png", (1, 1))

    assert session.folder_changes(image_folder) == 0


def test_new_edited_moved_and_deleted_files_are_counted_until_they_are_indexed(session, image_folder):
    Image.new("RGB", (9, 9), "red").save(image_folder / "new.png")
    Image.new("RGB", (9, 9), "navy").save(image_folder / "blue.png")
    (image_folder / "green.png").rename(image_folder / "moved.png")
    (image_folder / "cyan.png").unlink()

    for _ in range(2):  # looking changes nothing
        assert session.folder_changes(image_folder) == 4
    session.index(image_folder)
    assert session.folder_changes(image_folder) == 0


def test_a_drive_that_goes_and_comes_back_is_told_once(session, image_folder):
    away = image_folder.with_name("away")
    image_folder.rename(away)

    assert session.folder_changes(image_folder) == 12
    session.index(image_folder)
    assert session.folder_changes(image_folder) == 0
    away.rename(image_folder)
    assert session.folder_changes(image_folder) == 12


def test_a_drive_that_goes_and_comes_back_is_no_change_for_those_who_do_not_ask(session, image_folder):
    away = image_folder.with_name("away")
    image_folder.rename(away)
    assert session.folder_changes(image_folder, count_offline=False) == 0
    session.index(image_folder)
    away.rename(image_folder)
    assert session.folder_changes(image_folder, count_offline=False) == 0
    Image.new("RGB", (9, 9), "red").save(image_folder / "new.png")

    assert session.folder_changes(image_folder, count_offline=False) == 1


def test_all_folders_of_a_collection_are_looked_at_and_patterns_hold(session, image_folder, tmp_path):
    (tmp_path / "more").mkdir()
    session.change_collection(image_folder, add=[tmp_path / "more"], exclude=["draft_*"])
    session.index(image_folder)
    for name in ("new", "draft_new"):
        for folder in (image_folder, tmp_path / "more"):
            Image.new("RGB", (9, 9), "red").save(folder / f"{name}.png")

    assert session.folder_changes(image_folder) == 2


def test_a_file_that_stays_unreadable_is_no_change(session, image_folder):
    (image_folder / "bad.png").write_bytes(b"no")
    assert session.folder_changes(image_folder) == 1
    session.index(image_folder)

    assert session.folder_changes(image_folder) == 0


def test_a_folder_never_indexed_is_told(session, tmp_path):
    with pytest.raises(CollectionError, match="has not been indexed yet"):
        session.folder_changes(tmp_path)


def test_the_command_line_watches_until_it_is_interrupted_and_embeds_only_what_is_new(image_folder, capsys):
    encoder, looks = StubEncoder(), []
    Session(encoder=encoder).index(image_folder)

    class Played(Session):
        """The analyst adds an image after the first look, and presses Ctrl-C in the third."""

        def folder_changes(self, *arguments, **options):
            looks.append(super().folder_changes(*arguments, **options))
            if len(looks) == 1:
                Image.new("RGB", (9, 9), "red").save(image_folder / "new.png")
            if len(looks) == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return looks[-1]

    code = main(
        ["index", str(image_folder), "--watch", "1"], session_factory=lambda **_options: Played(encoder=encoder)
    )

    told = capsys.readouterr().out
    assert code == 0
    assert looks == [0, 1, 0]
    assert encoder.images_encoded == 13
    assert told.count("images seen") == 2
    assert "1 new, 0 changed" in told
