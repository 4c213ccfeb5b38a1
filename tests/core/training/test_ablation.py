"""Ablations: variants of one base run, every seed, one table; a stopped plan goes on where it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from faami_core.cli import main
from faami_core.config import TrainingConfig, resources_dir
from faami_core.errors import TrainingError
from faami_core.model.weights import load_checkpoint
from faami_core.training import ablation
from faami_core.training.ablation import Variant, VariantResult, plan_table, read_plan, run_plan


def test_the_shipped_plan_is_complete_and_every_variant_builds() -> None:
    variants, seeds = read_plan(resources_dir() / "configs" / "ablations.toml")
    groups = [variant.group for variant in variants]
    assert len(seeds) >= 2
    assert len(set(groups)) == 5
    assert len({(variant.group, variant.name) for variant in variants}) == len(variants)
    by_name = {variant.name: variant.config for variant in variants}
    assert by_name["EfficientNet-Lite2"].model.image.backbone == "tf_efficientnet_lite2"
    assert by_name["EfficientNet-Lite0 at random"].image_weights == ""
    assert dict(by_name["14×14"].model.grids) == {"fine": 14}
    assert by_name["layer"].model.interaction == "layer"
    assert by_name["last layer alone"].model.width == 256  # the base is merged in


@pytest.fixture
def variants(training_config: TrainingConfig) -> list[Variant]:
    base = replace(training_config, epochs=1, scenes=0, mosaics=0)
    return [Variant("loss", "InfoNCE", base), Variant("loss", "both", replace(base, margin_weight=1.0))]


def test_every_variant_and_seed_is_trained_once(
    variants: list[Variant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_plan(variants, [0, 1], tmp_path / "runs", device="cpu")
    assert [len(result.mean_recalls) for result in first] == [2, 2]
    figures = json.loads((tmp_path / "runs/loss-infonce-1/val.json").read_text())
    assert first[0].mean_recalls[1] == figures["combined"]["mr"]
    model = load_checkpoint(tmp_path / "runs/loss-infonce-1/model").model
    assert model.calibration is None, "what the table does not show costs no time"

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a finished run was trained again")

    monkeypatch.setattr(ablation, "train", fail)
    again = run_plan(variants, [0, 1], tmp_path / "runs", device="cpu")
    assert [result.mean_recalls for result in again] == [result.mean_recalls for result in first]


def test_variants_with_equal_settings_share_their_runs(variants: list[Variant], tmp_path: Path) -> None:
    base = variants[0]
    results = run_plan([base, replace(base, group="interaction", name="additive")], [0], tmp_path, device="cpu")
    assert results[0].mean_recalls == results[1].mean_recalls
    assert [folder.parent.name for folder in tmp_path.glob("*/val.json")] == ["loss-infonce-0"]


def test_missing_starting_weights_are_told_before_anything_is_trained(
    variants: list[Variant], tmp_path: Path
) -> None:
    last = Variant("backbone", "other", replace(variants[0].config, image_weights="no_such_package"))
    with pytest.raises(TrainingError, match="'no_such_package' is not installed"):
        run_plan([*variants, last], [0], tmp_path / "runs", device="cpu")
    assert not (tmp_path / "runs").exists()


def test_stored_bytes_are_those_of_the_index(variants: list[Variant], tmp_path: Path) -> None:
    result = run_plan(variants[:1], [0], tmp_path / "runs", device="cpu")[0]
    regions, width = 4 * 4 + 2 * 2, 16
    assert result.bytes_per_image == regions * (width + 4 + 4) + 2 * width
    assert result.milliseconds > 0


def test_the_table_shows_mean_and_half_range_per_group(variants: list[Variant]) -> None:
    results = [
        VariantResult(variants[0], (20.0, 21.0), 12_544, 3.21),
        VariantResult(replace(variants[1], group="other"), (19.5,), 100, 1.0),
    ]
    lines = plan_table(results).splitlines()
    assert lines[0] == "| loss | mR on val | bytes/image | ms/image |"
    assert lines[2] == "| InfoNCE | 20.50 ± 0.50 | 12,544 | 3.2 |"
    assert lines[4].startswith("| other |")
    assert "| both | 19.50 | 100 | 1.0 |" in lines


@pytest.mark.parametrize(
    "text",
    [
        "seeds = [0]\n[base]\n",
        "seeds = ['x']\n[base]\n[[variant]]\ngroup = 'a'\nname = 'b'\n",
        "seeds = [0]\n[base]\n[[variant]]\ngroup = 'a'\nname = 'b'\n[variant.settings]\nepochs = 0\n",
        "seeds = [0]\n[base]\n[[variant]]\ngroup = 'a'\nname = 'b'\n[variant.settings]\ncolour = 1\n",
        "seeds =",
    ],
)
def test_a_wrong_plan_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises(TrainingError):
        read_plan(file)


def test_the_command_prints_and_writes_the_table(
    variants: list[Variant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ablation, "read_plan", lambda _: (variants, [0]))
    table = tmp_path / "table.md"
    status = main(
        ["ablate", "--plan", "x.toml", "--output", str(tmp_path / "runs"), "--table", str(table), "--device", "cpu"]
    )
    assert status == 0
    assert table.read_text() in capsys.readouterr().out
    assert "| InfoNCE |" in table.read_text()
