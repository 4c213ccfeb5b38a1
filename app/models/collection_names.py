"""What a collection is called on screen."""

from __future__ import annotations

from pathlib import Path

from faami_core.config import user_data_dir

DEMO = "Demo collection"


def title_of(root: Path) -> str:
    """The name of its folder, or what the demo is called, whose folder nobody chose."""
    return DEMO if root == (user_data_dir() / "demo").resolve() else root.name or str(root)
