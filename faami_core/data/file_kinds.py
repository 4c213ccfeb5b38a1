"""What kind of file a stranger's bytes are, told by how they start: the name of a file proves nothing."""

from __future__ import annotations

from typing import IO

HEAD_BYTES = 512

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    # those that are read
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (0, b"\xffO\xffQ", "JPEG 2000"),
    (0, b"EHFA_HEADER_TAG", "ERDAS IMAGINE"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (8, b"WEBP", "WEBP"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypavis", "AVIF"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypheix", "HEIC"),
    (4, b"ftypheim", "HEIC"),
    (4, b"ftypheis", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftypmsf1", "HEIC"),
    (0, b"BM", "BMP"),
    # those that are named in the reason why they are not
    (0, b"\xff\x0a", "a JPEG XL image"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image"),
    (4, b"ftyp", "a film"),
    (0, b"\0\0\1\0", "an icon"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"PK\3\4", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"CDF\1", "a NetCDF file"),
    (0, b"CDF\2", "a NetCDF file"),
    (0, b"GRIB", "a GRIB file"),
    (0, b"NITF", "an NITF image"),
    (0, b"SIMPLE  =", "a FITS image"),
    (0, b"v/1\1", "an OpenEXR image"),
    (0, b"DDS ", "a DDS texture"),
    (0, b"version https://git-lfs", "a pointer of Git LFS, not the image itself"),
    (0, b"\0\5\x16\7", "a side file of macOS (AppleDouble)"),
)
_MARKUP = (
    (b"<vrtdataset", "a VRT, which points to other files"),
    (b"<svg", "an SVG drawing"),
    (b"<html", "a web page"),
)


def head_of(stream: IO[bytes]) -> bytes:
    """The first bytes of a stream, which stays at its start."""
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    return head


def kind_of(head: bytes) -> str | None:
    """The kind of a file by its first bytes.

    Returns:
        One of ``"JPEG"``, ``"PNG"``, ``"TIFF"``, ``"JPEG 2000"``, ``"ERDAS IMAGINE"``, ``"GIF"``, ``"WEBP"``,
        ``"AVIF"``, ``"HEIC"``, ``"BMP"``; for others a phrase like ``"a ZIP archive"``; None where nothing is known.
    """
    found = next((kind for place, start, kind in _SIGNATURES if head.startswith(start, place)), None)
    if found == "HEIC" and b"avif" in head[8:64]:  # AVIF says so among its compatible brands alone
        return "AVIF"
    return found


def description_of(head: bytes) -> str:
    """What a file that is no image of a known format is, as the end of "it is …"."""
    kind = kind_of(head)
    if kind is not None:
        return kind
    if not head:
        return "empty"
    if not any(head):
        return "full of zeros, like a file that is still being copied"
    markup = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if markup.startswith(b"<"):
        return next((name for start, name in _MARKUP if start in markup), "an XML document")
    return "text" if _is_text(head) else "of a kind that is not known here"


def _is_text(head: bytes) -> bool:
    return all(byte in b"\t\n\r\f" or 32 <= byte < 127 for byte in head[:128])
