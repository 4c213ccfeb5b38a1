"""Made aerial scenes: pictures with captions and a mask for each named thing, drawn from a seed."""

from faami_core.data.scenes.collection import write_collection
from faami_core.data.scenes.render import KINDS, Scene, render_collection, render_scene

__all__ = ["KINDS", "Scene", "render_collection", "render_scene", "write_collection"]
