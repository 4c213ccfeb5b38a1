"""Colours as the screen and the model expect them: sRGB, whatever profile or gamma a file carries."""

from __future__ import annotations

import io
import logging

from PIL import Image, ImageCms

_log = logging.getLogger(__name__)

_SRGB_GAMMA = 1 / 2.2
_SAME_GAMMA = 0.02  # files write 0.45454 or 0.45455 for the gamma of sRGB
_SPACES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}  # of a profile → of the pixels it is for


def to_srgb(image: Image.Image, profile: bytes | None, gamma: float | None = None) -> Image.Image:
    """Converts a grey, RGB or CMYK image to sRGB.

    A profile that is broken, or made for other pixels than these, costs itself and not the picture.

    Args:
        image: In mode L, RGB or CMYK.
        profile: An ICC profile; None if there is none.
        gamma: Of the file, as in PNG's gAMA chunk (1/2.2 for sRGB); only used where there is no profile.

    Returns:
        An image in mode RGB.
    """
    if profile is not None:
        try:
            return _convert(image, profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
            _log.info("a colour profile is left out: %s", error)
    elif gamma is not None and gamma > 0 and abs(gamma - _SRGB_GAMMA) > _SAME_GAMMA and image.mode in {"L", "RGB"}:
        curve = [round(255 * (level / 255) ** (_SRGB_GAMMA / gamma)) for level in range(256)]
        image = image.point(curve * len(image.getbands()))
    return image if image.mode == "RGB" else image.convert("RGB")


def _convert(image: Image.Image, content: bytes) -> Image.Image:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
    mode = _SPACES.get(profile.profile.xcolor_space)
    if mode is None:
        raise ValueError(f"it is for {profile.profile.xcolor_space.strip()!r}")
    if mode != image.mode:
        if "CMYK" in {mode, image.mode}:
            raise ValueError(f"it is for {mode}, the pixels are {image.mode}")
        image = image.convert(mode)  # grey pixels with a profile for colours, or colours that are all grey
    converted = ImageCms.profileToProfile(
        image,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None  # it is only where the conversion is made in place
    return converted
