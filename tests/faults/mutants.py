"""Image files as a stranger might send them: mutants of sound ones, bombs, disguises. The same on every run."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF")


def sound_image(kind: str, seed: int) -> bytes:
    """A small image with some structure; TIFF comes with several compressions, PNG and GIF with palettes, too."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:40, 0:56]
    waves = np.stack([x * 4 + seed, y * 6, (x * y) // 9], axis=-1) % 256
    pixels = np.clip(waves + generator.normal(0, 6, waves.shape), 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    options: dict[str, object] = {}
    if kind == "TIFF":
        options["compression"] = ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")[seed % 5]
    if kind in {"PNG", "GIF"} and seed % 2:
        image = image.quantize(16)
    if kind == "JPEG":
        options |= {"progressive": bool(seed % 2), "quality": 80}
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def mutant(content: bytes, seed: int) -> bytes:
    """One of six damages: flipped bits, other bytes, a hole, a doubled part, a cut, a number at its extreme."""
    generator = np.random.default_rng(seed)
    damaged = bytearray(content)
    places = [int(place) for place in generator.integers(0, len(content), 6)]
    near_start = int(generator.integers(0, min(len(content), 120)))  # where the headers are
    match seed % 6:
        case 0:
            for place in [near_start, *places[:2]]:
                damaged[place] ^= 1 << int(generator.integers(8))
        case 1:
            for place in [near_start, *places]:
                damaged[place] = int(generator.integers(256))
        case 2:
            del damaged[places[0] : places[0] + 8]
        case 3:
            damaged[places[0] : places[0]] = content[places[1] : places[1] + 200]
        case 4:
            del damaged[places[0] :]
        case _:
            damaged[near_start : near_start + 4] = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff")[seed % 3]
    return bytes(damaged)


def write_mutants(folder: Path, count: int) -> None:
    """``count`` mutants of all formats into ``folder``, under names that tell how to make each again."""
    for seed in range(count):
        kind = FORMATS[seed % len(FORMATS)]
        content = mutant(sound_image(kind, seed // 36), seed // len(FORMATS) + 1000 * (seed % len(FORMATS)))
        (folder / f"mutant_{seed:03d}.{kind.lower()}").write_bytes(content)


# --- bombs -----------------------------------------------------------------------------------------------------


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, bits: int = 8, colour: int = 2, extra: bytes = b"") -> bytes:
    """A PNG that claims a size and holds next to no pixels."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    data = _png_chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", header) + extra + data + _png_chunk(b"IEND", b"")


def write_large_scene(path: Path, side: int) -> None:
    """A sound PNG of ``side``² RGB pixels, red on the left and blue on the right, written row by row."""
    row = b"\0" + b"\xff\0\0" * (side // 2) + b"\0\0\xff" * (side - side // 2)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", header) + _png_chunk(b"IDAT", data) + _png_chunk(b"IEND", b"")
    )


def jpeg(width: int, height: int) -> bytes:
    content = bytearray(sound_image("JPEG", 0))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def tiff(tags: dict[int, tuple[int, tuple[int, ...]]], data: bytes = b"", *, big: bool = False) -> bytes:
    """A little-endian TIFF: tag → (type 3 short or 4 long, values); tag 273 (offsets) is filled in."""
    wide = 8 if big else 4
    count, entry = len(tags), (20 if big else 12)
    first = 16 if big else 8
    heap = first + (8 if big else 2) + count * entry + wide
    body, rest = b"", b""
    for tag, (kind, given) in sorted(tags.items()):
        values = (heap + 4096,) if tag == 273 else given
        packed = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > wide:
            place, rest = heap + len(rest), rest + packed
            packed = struct.pack("<Q" if big else "<I", place)
        body += struct.pack("<HHQ" if big else "<HHI", tag, kind, len(values)) + packed.ljust(wide, b"\0")
    start = b"II\x2b\0\x08\0\0\0" + struct.pack("<Q", first) if big else b"II\x2a\0" + struct.pack("<I", first)
    table = struct.pack("<Q" if big else "<H", count) + body + b"\0" * wide
    return (start + table + rest).ljust(heap + 4096, b"\0") + data


def tiff_of(
    width: int, height: int, *, bands: int = 3, bits: int = 8, data: bytes = b"", big: bool = False,
    extra: dict[int, tuple[int, tuple[int, ...]]] | None = None,
) -> bytes:  # fmt: skip
    tags = {
        256: (4, (width,)), 257: (4, (height,)), 258: (3, (bits,) * bands), 259: (3, (1,)),
        262: (3, (2 if bands >= 3 else 1,)), 273: (4, (0,)), 277: (3, (bands,)), 278: (4, (height,)),
        279: (4, (len(data),)), 284: (3, (1,)),
    }  # fmt: skip
    return tiff(tags | (extra or {}), data, big=big)


def webp_canvas(side: int) -> bytes:
    """An animation on a canvas of ``side``² with one small frame."""
    small = io.BytesIO()
    Image.new("RGB", (16, 16)).save(small, "WEBP", lossless=True)
    body = small.getvalue()[12:]
    canvas = struct.pack("<I", side - 1)[:3]
    frame = b"\0" * 6 + struct.pack("<I", 15)[:3] * 2 + struct.pack("<I", 100)[:3] + b"\0" + body
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + canvas * 2
    chunks += b"ANIM" + struct.pack("<I", 6) + b"\xff\xff\xff\xff\0\0"
    chunks += b"ANMF" + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def gif(screen: int, frame: int) -> bytes:
    """A GIF with a screen of ``screen``² and a first frame of ``frame``²."""
    head = b"GIF89a" + struct.pack("<HH", screen, screen) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    return head + b"," + struct.pack("<HHHH", 0, 0, frame, frame) + b"\0" + b"\2\2\x4c\1\0;"


def bmp(width: int, height: int, *, bits: int = 24) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 100, 0, 0, 54) + info + b"\0" * 100


def _text_bomb() -> bytes:
    return _png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 200_000_000, 1))


def _profile_bomb() -> bytes:
    return _png_chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(b"a" * 200_000_000, 1))


BOMBS: dict[str, Callable[[], bytes]] = {
    "png_50000.png": lambda: png(50_000, 50_000),
    "png_one_bit.png": lambda: png(100_000, 100_000, bits=1, colour=0),
    "png_longest_row.png": lambda: png(2**31 - 1, 1),
    "png_text.png": lambda: png(40, 40, extra=_text_bomb()),
    "png_profile.png": lambda: png(40, 40, extra=_profile_bomb()),
    "jpeg_65500.jpg": lambda: jpeg(65_500, 65_500),
    "tiff_60000.tif": lambda: tiff_of(60_000, 60_000, data=b"\0" * 100),
    "tiff_big.tif": lambda: tiff_of(200_000, 200_000, data=b"\0" * 100, big=True),
    "webp_canvas.webp": lambda: webp_canvas(65_535),
    "gif_screen.gif": lambda: gif(65_535, 2),
    "gif_frame.gif": lambda: gif(10, 65_535),
    "bmp_40000.bmp": lambda: bmp(40_000, 40_000),
}
