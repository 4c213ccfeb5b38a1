"""How many pixels an image file may have."""

from __future__ import annotations

import os

from faami_core.errors import FaamiError, UnreadableImageError

# A scene of 20,000 × 20,000 pixels passes, and thrice the largest aerial camera frame on sale; decoded that is 2 GB.
MAX_PIXELS = 500_000_000
MAX_PIXELS_VARIABLE = "FAAMI_MAX_PIXELS"


def max_pixels() -> int:
    """The pixels an image file may have, as the environment sets it.

    Raises:
        FaamiError: if the setting is no positive number.
    """
    setting = os.environ.get(MAX_PIXELS_VARIABLE, str(MAX_PIXELS))
    if not setting.isascii() or not setting.isdigit() or int(setting) == 0:
        raise FaamiError(
            f"The environment variable {MAX_PIXELS_VARIABLE} is {setting!r}, not a number of pixels.",
            f"Unset it, or set it to a number like {MAX_PIXELS}.",
        )
    return int(setting)


def check_size(name: str, width: int, height: int) -> None:
    """Refuses an image with more pixels than the limit, before any is decoded.

    Raises:
        UnreadableImageError: if it has more.
    """
    if width * height > max_pixels():
        raise too_large(name, (width, height))


def too_large(name: str, size: tuple[int, int] | None = None) -> UnreadableImageError:
    """The reason for a file over the limit; ``size`` is None where a decoder refuses before it tells the size."""
    has = "more pixels than" if size is None else f"{size[0]} × {size[1]} pixels, more than"
    value = "a larger number" if size is None else f"at least {size[0] * size[1]}"
    return UnreadableImageError(
        f"{name!r} has {has} the limit of {max_pixels() / 1e6:g} million.",
        f"Set the environment variable {MAX_PIXELS_VARIABLE} to {value} if you trust the file.",
    )
