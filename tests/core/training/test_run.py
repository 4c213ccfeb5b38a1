"""A whole run on sixteen tiny images: it learns, resumes to the same numbers, and leaves a checkpoint that loads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from faami_core.config import TrainingConfig
from faami_core.data import dataset
from faami_core.errors import CancelledError, TrainingError
from faami_core.model.faami import EncodedImages, Faami
from faami_core.model.image_encoder import ImageEncoder
from faami_core.model.weights import load_checkpoint
from faami_core.model.window import Window
from faami_core.training.preparation import prepare, starting_model
from faami_core.training.run import read_training_config, train
from faami_core.training.trainer import Trainer
from faami_core.types import CancelToken, Progress


def losses(config: TrainingConfig, *names: str) -> list[float]:
    lines = (Path(config.output) / "metrics.jsonl").read_text().splitlines()
    by_step = {entry["step"]: sum(entry[name] for name in names or ("loss",)) for entry in map(json.loads, lines)}
    return [by_step[step] for step in sorted(by_step)]


@pytest.mark.slow
def test_a_run_learns_and_leaves_a_checkpoint(training_config: TrainingConfig) -> None:
    config = replace(training_config, epochs=24, learning_rate=1e-2)
    seen: list[Progress] = []
    folder = train(config, device="cpu", progress=seen.append)
    checkpoint = load_checkpoint(folder)
    assert checkpoint.known_words >= {"storage", "tanks", "river", "bridge"}
    curve = losses(config, "global", "fine")
    assert len(curve) == 72
    assert sum(curve[-6:]) < 0.8 * sum(curve[:6])
    last = json.loads((Path(config.output) / "metrics.jsonl").read_text().splitlines()[-1])
    assert {"global", "fine", "margin", "mask", "cell", "val_combined", "val_global_share"} <= last.keys()
    assert seen[-1].total is not None
    assert {entry.stage.split(",")[0] for entry in seen} >= {"Training", "Making scenes", "Reading captions"}


@pytest.mark.faults
def test_a_killed_run_resumes_to_the_same_loss_curve(training_config: TrainingConfig, tmp_path: Path) -> None:
    """F6: five kills, each after two steps."""
    whole = replace(training_config, output=str(tmp_path / "whole"), epochs=4)
    train(whole, device="cpu")
    killed = replace(whole, output=str(tmp_path / "killed"))
    for kill in range(5):
        token, steps = CancelToken(), []

        def stop_after_two(progress: Progress, token: CancelToken = token, steps: list[int] = steps) -> None:
            if progress.stage.startswith("Training"):
                steps.append(progress.done)
                if len(steps) == 2:
                    token.cancel()

        with pytest.raises(CancelledError):
            train(killed, resume=kill > 0, device="cpu", progress=stop_after_two, cancel=token)
    train(killed, resume=True, device="cpu")
    assert losses(killed) == pytest.approx(losses(whole), abs=1e-6)
    names = ("model.safetensors", "config.json", "words.txt")
    assert all(
        (tmp_path / "whole/model" / n).read_bytes() == (tmp_path / "killed/model" / n).read_bytes() for n in names
    )


def tuned(config: TrainingConfig) -> TrainingConfig:
    """Both encoders learn, on windows, with every loss."""
    return replace(
        config,
        image_learning_rate=1e-3,
        text_learning_rate=1e-3,
        image_frozen=("conv_stem", "blocks.0"),
        window=1,
        captions_per_image=2,
        channel_dropout=0.2,
        queue=8,
        class_weight=0.2,
        mosaic_sides=(2,),
    )


def test_what_learns_drops_out(training_config: TrainingConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen text encoder answers the same every time; one that learns does not, and layers of images have gaps."""
    seen: list[torch.Tensor] = []
    encode = Faami.encode_taps

    def watch(model: Faami, taps: list[torch.Tensor], window: Window | None = None) -> EncodedImages:
        seen[:] = taps
        return encode(model, taps, window)

    monkeypatch.setattr(Faami, "encode_taps", watch)
    for config, drops in (
        (replace(training_config, mosaics=0), False),
        (replace(tuned(training_config), mosaics=0), True),
    ):
        model, tokenizer, _ = starting_model(config)
        Trainer(config, model, prepare(config, model, tokenizer), lambda _: {}, torch.device("cpu")).step(0)
        assert model.text_encoder.bert.training is drops
        gaps = [float((tap.flatten(2).abs().amax(dim=2) == 0).float().mean()) for tap in seen]
        assert all(0.05 < share < 0.4 for share in gaps) is drops


@pytest.mark.slow
def test_encoders_learn_too_and_what_is_frozen_stays(training_config: TrainingConfig) -> None:
    config = tuned(training_config)
    before = starting_model(config)[0].state_dict()
    after = load_checkpoint(train(config, device="cpu")).model.state_dict()
    changed = {
        name
        for name, old in before.items()
        if float((old.float() - after[name].float()).abs().max()) > 0.01 * float(old.float().abs().max()) + 1e-6
    }
    assert any(name.startswith("image_encoder.backbone.blocks.4") for name in changed)
    assert any(name.startswith("text_encoder.bert.encoder") for name in changed)
    assert not any(name.startswith(("image_encoder.backbone.conv_stem", "text_encoder.bert.emb")) for name in changed)
    last = json.loads((Path(config.output) / "metrics.jsonl").read_text().splitlines()[-1])
    assert {"global", "fine", "margin", "class", "mask", "cell", "val_combined"} <= last.keys()


@pytest.mark.faults
def test_a_killed_run_of_trained_encoders_resumes_to_the_same_loss_curve(
    training_config: TrainingConfig, tmp_path: Path
) -> None:
    whole = replace(tuned(training_config), output=str(tmp_path / "whole"), epochs=2)
    train(whole, device="cpu")
    killed = replace(whole, output=str(tmp_path / "killed"))
    token, steps = CancelToken(), []

    def stop_after_three(progress: Progress) -> None:
        if progress.stage.startswith("Training"):
            steps.append(progress.done)
            if len(steps) == 3:
                token.cancel()

    with pytest.raises(CancelledError):
        train(killed, device="cpu", progress=stop_after_three, cancel=token)
    train(killed, resume=True, device="cpu")
    assert losses(killed) == pytest.approx(losses(whole), abs=1e-6)


def test_made_scenes_are_rendered_once(training_config: TrainingConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []
    original = dataset.render_collection

    def count(*arguments: Any, **settings: Any) -> Any:
        rendered.append(arguments)
        return original(*arguments, **settings)

    monkeypatch.setattr(dataset, "render_collection", count)
    for _ in range(2):
        train(replace(training_config, epochs=1), device="cpu")
    assert len(rendered) == 1


def test_cached_features_are_not_computed_again(
    training_config: TrainingConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(replace(training_config, epochs=1), device="cpu")
    original, seen = ImageEncoder.forward, []

    def counted(encoder: ImageEncoder, images: torch.Tensor) -> list[torch.Tensor]:
        seen.append(len(images))
        return original(encoder, images)

    monkeypatch.setattr(ImageEncoder, "forward", counted)
    train(replace(training_config, epochs=2), device="cpu")
    assert sum(seen) == 12  # the bank of the calibration, from the training images as they are


def test_there_must_be_something_to_resume(training_config: TrainingConfig) -> None:
    with pytest.raises(TrainingError, match="no run to resume"):
        train(training_config, resume=True, device="cpu")


def test_a_run_of_another_shape_is_not_resumed(training_config: TrainingConfig) -> None:
    train(replace(training_config, epochs=1), device="cpu")
    other = replace(training_config, model=replace(training_config.model, width=24))
    with pytest.raises(TrainingError, match="another model config"):
        train(other, resume=True, device="cpu")


@pytest.mark.parametrize("interaction", ["layer", "none"])
def test_other_interactions_train_without_evidence(training_config: TrainingConfig, interaction: str) -> None:
    model = replace(training_config.model, interaction=interaction)  # type: ignore[arg-type]
    train(replace(training_config, model=model, epochs=1), device="cpu")
    last = json.loads((Path(training_config.output) / "metrics.jsonl").read_text().splitlines()[-1])
    assert "mask" not in last
    assert ("fine" in last) == (interaction == "layer")


def test_without_images_there_is_nothing_to_train(training_config: TrainingConfig, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="No training image"):
        train(replace(training_config, images=str(tmp_path / "nowhere")), device="cpu")


def test_starting_weights_must_be_there(training_config: TrainingConfig) -> None:
    with pytest.raises(TrainingError, match="not installed"):
        train(replace(training_config, text_weights="no_such_package"), device="cpu")
    with pytest.raises(TrainingError, match="not installed"):
        train(replace(training_config, image_weights="no_such_package"), device="cpu")


def test_a_config_file_is_read_with_its_nested_tables(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('epochs = 3\n[model]\nwidth = 64\ngrids = { fine = 14 }\n[model.image]\nbackbone = "resnet50"\n')
    config = read_training_config(file)
    assert (config.epochs, config.model.width, dict(config.model.grids)) == (3, 64, {"fine": 14})
    assert config.model.image.backbone == "resnet50"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("epochs = 0", "epochs"),
        ("learning_rate = -1.0", "learning_rate"),
        ("captions_per_image = 0", "captions_per_image"),
        ("channel_dropout = 1.0", "channel_dropout"),
        ("colour = 3", "colour"),
        ("epochs = 'many'", "epochs"),
        ("[model]\nwidth = 1000000", "width"),
        ("epochs =", "cannot be read"),
        ("window = 3", "image encoder that is trained"),
        ("window = 3\nimage_learning_rate = 0.1\n[model]\ngrids = { fine = 10, coarse = 7 }", "multiples"),
    ],
)
def test_a_wrong_config_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "run.toml"
    file.write_text(text)
    with pytest.raises(TrainingError, match=says):
        read_training_config(file)


def test_a_missing_config_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        read_training_config(tmp_path / "none.toml")


@pytest.mark.slow
def test_a_run_can_go_on_from_the_weights_of_another(training_config: TrainingConfig, tmp_path: Path) -> None:
    first = train(replace(training_config, epochs=6, learning_rate=1e-2), device="cpu")
    second = replace(training_config, start=str(first), output=str(tmp_path / "second"), epochs=1, learning_rate=1e-6)
    train(second, device="cpu")
    fresh = replace(training_config, output=str(tmp_path / "fresh"), epochs=1, learning_rate=1e-6)
    train(fresh, device="cpu")
    assert losses(second, "global", "fine")[0] < losses(fresh, "global", "fine")[0]


def test_weights_of_another_shape_are_refused(training_config: TrainingConfig, tmp_path: Path) -> None:
    first = train(replace(training_config, epochs=1), device="cpu")
    model = replace(training_config.model, width=24)
    with pytest.raises(TrainingError, match="another model config"):
        train(replace(training_config, model=model, start=str(first), output=str(tmp_path / "other")), device="cpu")


def test_a_single_scene_which_lacks_nothing_still_teaches_what_it_shows(training_config: TrainingConfig) -> None:
    config = replace(training_config, scenes=1, scene_batch=1, mosaics=0, epochs=1)
    train(config, device="cpu")
    assert all(loss > 0 for loss in losses(config, "mask"))
