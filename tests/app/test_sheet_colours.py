"""What is written without a window has the window's colours."""

from __future__ import annotations

import numpy as np

from app import colormap
from faami_core.evidence import overlay


def test_the_contact_sheet_and_the_window_tint_alike() -> None:
    np.testing.assert_allclose(overlay.colour_table(), colormap.colour_table(), atol=3)
