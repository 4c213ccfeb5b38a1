"""Made scenes: the same bytes every time, captions that tell what was drawn, masks that lie where it was drawn."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from faami_core.data.scenes import KINDS, Scene, collection, render_collection, render_scene, write_collection
from faami_core.data.scenes.canvas import Canvas, box, disc, stadium_shape
from faami_core.data.scenes.captions import Link, Noun, Story, write_captions
from faami_core.data.scenes.light import Sun, sunlit
from faami_core.data.scenes.materials import plain
from faami_core.data.scenes.noise import fractal_noise
from faami_core.data.scenes.render import _KINDS
from faami_core.errors import CancelledError
from faami_core.types import CancelToken, Progress

NUMBERS = {"two": 2, "three": 3, "four": 4}


@lru_cache(maxsize=96)
def scene_of(kind: str, seed: int = 3, size: int = 128) -> Scene:
    return render_scene(kind, seed, size=size)


def words_of(caption: str) -> list[str]:
    return re.findall(r"[a-z]+", caption)


def blobs(mask: npt.NDArray[np.bool_]) -> list[int]:
    """Sizes of the connected parts of a mask, by flooding."""
    left, sizes = {(int(row), int(column)) for row, column in np.argwhere(mask)}, []
    while left:
        front, size = [left.pop()], 0
        while front:
            row, column = front.pop()
            size += 1
            for step in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                if step in left:
                    left.remove(step)
                    front.append(step)
        sizes.append(size)
    return sizes


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_renders_pixels_of_the_asked_size_with_contrast(self, kind: str) -> None:
        pixels = scene_of(kind).pixels
        assert pixels.shape == (128, 128, 3)
        assert pixels.dtype == np.uint8
        assert pixels.flags.c_contiguous
        assert pixels.std() > 5

    def test_masks_fit_the_picture_and_are_not_empty(self, kind: str) -> None:
        masks = scene_of(kind).masks
        assert masks
        for word, mask in masks.items():
            assert mask.shape == (128, 128), word
            assert mask.dtype == np.bool_, word
            assert mask.any(), word

    def test_five_different_captions_in_lower_case(self, kind: str) -> None:
        captions = scene_of(kind).captions
        assert len(set(captions)) == 5
        for caption in captions:
            assert caption == caption.lower()
            assert caption.endswith(" .")
            assert len(words_of(caption)) >= 4

    def test_every_mask_is_named_in_at_least_three_captions(self, kind: str) -> None:
        scene = scene_of(kind)
        for word in scene.masks:
            assert sum(word in words_of(caption) for caption in scene.captions) >= 3, (word, scene.captions)

    def test_numbers_in_captions_are_the_numbers_drawn(self, kind: str) -> None:
        for seed in (3, 4):
            scene = scene_of(kind, seed)
            for caption in scene.captions:
                words = words_of(caption.replace("two sides", ""))
                for place, word in enumerate(words):
                    if word in NUMBERS:
                        named = next(w for w in words[place:] if w in scene.counts or w in scene.masks)
                        assert scene.counts[named] == NUMBERS[word], caption

    def test_mean_colour_is_within_three_spreads_of_real_pictures(self, kind: str) -> None:
        means = np.stack([scene_of(kind, seed).pixels.mean(axis=(0, 1)) for seed in (3, 4)])
        assert np.all(np.abs(means.mean(axis=0) - _KINDS[kind].mean) < 3 * np.asarray(_KINDS[kind].spread))


def test_there_are_at_least_24_kinds_with_their_own_names() -> None:
    assert len(set(KINDS)) == len(KINDS) >= 24
    assert all(re.fullmatch(r"[a-z_]+", kind) for kind in KINDS)


@pytest.mark.parametrize("kind", ["airport", "mountain", "dense_residential"])
def test_the_same_arguments_give_the_same_bytes(kind: str) -> None:
    first, second = render_scene(kind, 11, size=128), render_scene(kind, 11, size=128)
    assert first.pixels.tobytes() == second.pixels.tobytes()
    assert first.captions == second.captions
    assert {w: m.tobytes() for w, m in first.masks.items()} == {w: m.tobytes() for w, m in second.masks.items()}


def test_the_bytes_do_not_depend_on_the_number_of_threads() -> None:
    code = (
        "import zlib; from faami_core.data.scenes import render_scene; "
        "print(zlib.crc32(render_scene('farmland', 1, size=256).pixels.tobytes()))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(printed) == 1


def test_another_seed_gives_another_scene() -> None:
    assert not np.array_equal(scene_of("storage_tanks", 3).pixels, scene_of("storage_tanks", 4).pixels)


@pytest.mark.parametrize("size", [128, 256, 320])
def test_sizes(size: int) -> None:
    scene = render_scene("storage_tanks", 5, size=size)
    assert scene.pixels.shape == (size, size, 3)
    assert {mask.shape for mask in scene.masks.values()} == {(size, size)}


def test_a_larger_size_shows_the_same_layout() -> None:
    small, large = render_scene("tennis_courts", 6, size=128), render_scene("tennis_courts", 6, size=256)
    assert small.masks.keys() == large.masks.keys()
    assert small.counts == large.counts
    word = next(iter(small.masks))
    assert small.masks[word].mean() == pytest.approx(large.masks[word].mean(), rel=0.1)


@pytest.mark.parametrize(("kind", "word"), [("storage_tanks", "tanks"), ("runway", "planes"), ("runway", "plane")])
def test_counted_things_are_separate_parts_of_their_mask(kind: str, word: str) -> None:
    scenes = [scene_of(kind, seed, 256) for seed in range(2, 6)]
    counted = [scene for scene in scenes if word in scene.masks]
    assert counted
    for scene in counted:
        sizes = blobs(scene.masks[word])
        # A tree or another shadowless sliver may cut a corner off; whole things are much larger.
        assert sum(size > 0.25 * max(sizes) for size in sizes) == scene.counts[word], scene.name


def test_a_thing_hides_what_lies_below_but_a_lot_keeps_its_cars() -> None:
    tanks, cars = scene_of("storage_tanks"), scene_of("parking")
    others = [mask for word, mask in tanks.masks.items() if word != "tanks"]
    assert not any((tanks.masks["tanks"] & mask).mean() > 0.01 for mask in others)
    assert (cars.masks["cars"] & ~cars.masks["lot"]).sum() <= 0.05 * cars.masks["cars"].sum()


def test_an_unknown_kind_and_bad_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="volcano"):
        render_scene("volcano", 1)
    with pytest.raises(ValueError, match="negative"):
        render_scene("river", -1)
    with pytest.raises(ValueError, match="32"):
        render_scene("river", 1, size=16)


class TestSun:
    @pytest.mark.parametrize("azimuth", [0.0, 0.9, 2.5, 4.4])
    def test_all_shadows_lie_away_from_the_one_sun(self, azimuth: float) -> None:
        height = np.zeros((120, 120), dtype=np.float32)
        towers = [(30, 30), (30, 90), (90, 30), (90, 90)]
        for row, column in towers:
            height[row - 2 : row + 3, column - 2 : column + 3] = 12.0
        sun = Sun(azimuth, float(np.radians(45)))
        dark = sunlit(height, sun, 1.0) < 0.5
        assert dark.any()
        for row, column in towers:
            near = np.zeros_like(dark)
            near[row - 25 : row + 25, column - 25 : column + 25] = True
            rows, columns = np.nonzero(dark & near)
            away = np.asarray((columns.mean() - column, rows.mean() - row))
            assert away @ np.asarray(sun.towards) < -0.9 * np.hypot(*away)

    def test_a_shadow_is_as_long_as_the_sun_is_low(self) -> None:
        height = np.zeros((8, 200), dtype=np.float32)
        height[:, 20:24] = 20.0
        lengths = [
            int((sunlit(height, Sun(np.pi, float(np.radians(degrees))), 1.0)[4] < 0.5).sum())
            for degrees in (30, 45, 60)
        ]
        assert lengths == pytest.approx([20 * 3**0.5, 20, 20 / 3**0.5], abs=2)

    def test_flat_ground_lies_in_full_sun(self) -> None:
        assert sunlit(np.zeros((16, 16), dtype=np.float32), Sun(1.0, 0.8), 2.0).min() == 1.0

    def test_trees_of_a_scene_darken_the_side_away_from_its_sun(self) -> None:
        canvas = Canvas(np.random.default_rng(1), 64, 64.0)
        frame = canvas.frame()
        frame.paint(disc(frame.u, frame.v, 5.0), plain((200, 200, 200)), names=("tank",), height=8.0)
        sun = Sun(float(np.pi / 2), 0.8)
        dark_rows = np.nonzero(sunlit(canvas.height, sun, canvas.scale) < 0.5)[0]
        assert dark_rows.mean() < canvas.side / 2  # the sun stands at the lower rim


class TestCanvas:
    def test_distances_are_negative_inside_and_metres_outside(self) -> None:
        u, v = np.asarray([0.0, 10.0], dtype=np.float32), np.zeros(2, dtype=np.float32)
        for distance in (box(u, v, 4, 3), disc(u, v, 4), stadium_shape(u, v, 1, 3)):
            assert distance[0] < 0
            assert distance[1] == pytest.approx(6.0)

    def test_painted_area_matches_the_geometry_at_any_angle(self) -> None:
        canvas = Canvas(np.random.default_rng(2), 100, 100.0)
        frame = canvas.frame(3.0, -5.0, 0.7)
        frame.paint(box(frame.u, frame.v, 20.0, 10.0), plain((255, 0, 0)), names=("roof",))
        area = canvas.shown["roof"].sum() / canvas.scale**2
        assert area == pytest.approx(800, rel=0.02)

    def test_later_things_take_the_ground_of_earlier_ones_except_of_wholes(self) -> None:
        canvas = Canvas(np.random.default_rng(3), 64, 64.0)
        frame = canvas.frame()
        canvas.name("lot", whole=True)
        for names, half in ((("river",), 30.0), (("lot",), 20.0), (("car",), 2.0)):
            frame.paint(box(frame.u, frame.v, half, half), plain((90, 90, 90)), names=names)
        assert not (canvas.shown["river"] & canvas.shown["lot"]).any()
        assert (canvas.shown["car"] <= canvas.shown["lot"]).all()

    def test_noise_is_normal_and_tiles_without_seams(self) -> None:
        field = fractal_noise(np.random.default_rng(4), 128, 8, 3)
        assert field.mean() == pytest.approx(0, abs=1e-3)
        assert field.std() == pytest.approx(1, abs=1e-3)
        seam, inside = np.abs(field[0] - field[-1]).mean(), np.abs(np.diff(field, axis=0)).mean()
        assert seam < 2 * inside


class TestCaptions:
    def test_a_story_names_its_things_and_keeps_its_relations(self) -> None:
        links = (Link(Noun("river", "river", 1, ("green",)), ("beside",), ("beside",)),)
        story = Story(Noun("tanks", "storage tanks", 3), links)
        for seed in range(20):
            captions = write_captions(story, np.random.default_rng(seed))
            assert len(set(captions)) == 5
            for caption in captions:
                assert "three storage tanks" in caption
                assert "beside" in caption
                assert "river" in caption

    @pytest.mark.parametrize(("number", "said"), [(1, "a "), (2, "two "), (4, "four "), (12, "many ")])
    def test_numbers_are_said_as_people_say_them(self, number: int, said: str) -> None:
        assert Noun("ships", "ships", number).say(np.random.default_rng(0)).startswith(said)

    def test_a_lonely_story_needs_sentences_of_its_own(self) -> None:
        with pytest.raises(ValueError, match="five sentences"):
            write_captions(Story(Noun("desert", "desert")), np.random.default_rng(0))


class TestCollection:
    def test_kinds_take_turns_and_scenes_do_not_depend_on_how_many_are_asked_for(self) -> None:
        few = list(render_collection(3, 2, size=64))
        more = list(render_collection(4, 2, size=64))
        assert [scene.kind for scene in more] == list(KINDS[:4])
        assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(few, more, strict=False))
        assert len({scene.name for scene in more}) == 4

    def test_files_and_captions_have_the_layout_of_the_field(self, tmp_path: Path) -> None:
        steps: list[Progress] = []
        write_collection(tmp_path, 4, size=64, progress=steps.append)
        record = json.loads((tmp_path / "captions.json").read_text(encoding="utf-8"))
        assert [step.done for step in steps] == [1, 2, 3, 4]
        assert len(record["images"]) == 4
        for entry in record["images"]:
            assert (tmp_path / entry["filename"]).read_bytes()[:2] == b"\xff\xd8"
            assert entry["split"] in {"train", "val"}
            assert len({sentence["raw"] for sentence in entry["sentences"]}) == 5
        left = {path.name for path in tmp_path.iterdir()} - {entry["filename"] for entry in record["images"]}
        assert left == {"captions.json"}

    def test_an_interrupted_run_goes_on_where_it_stopped(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole, resumed, drawn = tmp_path / "whole", tmp_path / "resumed", Counter[tuple[str, int]]()
        write_collection(whole, 5, size=64)
        original = render_scene

        def counting(kind: str, seed: int, *, size: int) -> Scene:
            drawn[kind, seed] += 1
            return original(kind, seed, size=size)

        monkeypatch.setattr(collection, "render_scene", counting)
        cancel = CancelToken()

        def stop_at_three(step: Progress) -> None:
            if step.done == 3:
                cancel.cancel()

        with pytest.raises(CancelledError):
            write_collection(resumed, 5, size=64, progress=stop_at_three, cancel=cancel)
        assert not (resumed / "captions.json").exists()
        write_collection(resumed, 5, size=64)
        assert len(drawn) == 5
        assert set(drawn.values()) == {1}
        for path in whole.iterdir():
            assert (resumed / path.name).read_bytes() == path.read_bytes()

    def test_a_complete_collection_is_left_alone_and_other_settings_draw_anew(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_collection(tmp_path, 2, size=64)
        before = (tmp_path / f"{KINDS[0]}_0000.jpg").read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(collection, "render_scene", lambda *_, **__: pytest.fail("drawn again"))
            write_collection(tmp_path, 2, size=64)
        write_collection(tmp_path, 2, size=96)
        assert (tmp_path / f"{KINDS[0]}_0000.jpg").read_bytes() != before
