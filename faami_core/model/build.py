"""Every assembly decision in one place: config → model."""

from __future__ import annotations

from faami_core.config import ModelConfig
from faami_core.model.consistency_enhancement import ConsistencyEnhancement
from faami_core.model.cross_attention import AdditiveCrossAttention, LayerCrossAttention
from faami_core.model.cross_layer_connection import CrossLayerConnection
from faami_core.model.faami import Faami
from faami_core.model.image_encoder import ImageEncoder
from faami_core.model.text_encoder import TextEncoder


def build_model(config: ModelConfig) -> Faami:
    """Builds a model with random weights.

    Raises:
        ModelError: if the config is outside its limits or names parts that do not exist or fit.
    """
    config.check()
    grids = config.grid_specs
    image_encoder = ImageEncoder(config.image, finest=max(grid.rows for grid in grids))
    connection = CrossLayerConnection(
        image_encoder.channels, image_encoder.sides, config.width, tuple(grid.rows for grid in grids)
    )
    enhancement = ConsistencyEnhancement(connection.layers_per_scale, config.width, grids, config.consistency)
    return Faami(
        config,
        image_encoder,
        connection,
        enhancement,
        TextEncoder(config.text, config.width),
        _alignment(config),
    )


def _alignment(config: ModelConfig) -> AdditiveCrossAttention | LayerCrossAttention | None:
    if config.interaction == "additive":
        return AdditiveCrossAttention(config.width)
    if config.interaction == "layer":
        return LayerCrossAttention(config.width, config.consistency.heads)
    return None
