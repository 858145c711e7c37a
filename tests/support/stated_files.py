"""Picture files that state something of their samples: chunks, boxes, tags, profiles."""

import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

# Red, green and blue of sRGB, adapted to D50, as profiles hold them.
_COLORANTS = {
    "r": (0.4361, 0.2225, 0.0139),
    "g": (0.3851, 0.7169, 0.0971),
    "b": (0.1431, 0.0606, 0.7139),
}


def saved(pixels: np.ndarray, kind: str, **options) -> bytes:
    """Return an 8-bit picture as a file of one of Pillow's formats."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    image.info.update(options.pop("info", {}))
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(pixels: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of 8 or 16 bits with chunks behind its header."""
    data = cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes()
    made = b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return data[:33] + made + data[33:]


def icc_chunk(profile: bytes) -> tuple[bytes, bytes]:
    """Return a profile as PNG holds it."""
    return b"iCCP", b"profile\0\0" + zlib.compress(profile)


def gamma_profile(*exponents: float, description: str = "Curves") -> bytes:
    """Return an ICC profile (version 2.4) of sRGB's colours and an exponent for each channel."""

    def xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(65536 * v)) for v in values)

    said = description.encode() + b"\0"
    tags = {
        b"desc": struct.pack(">4s4xI", b"desc", len(said)) + said + bytes(78),
        b"wtpt": xyz((0.9642, 1.0, 0.8249)),
        b"cprt": b"text\0\0\0\0none\0",
    }
    for channel, exponent in zip("rgb", exponents, strict=True):
        tags[f"{channel}XYZ".encode()] = xyz(_COLORANTS[channel])
        curve = struct.pack(">4s4xIHxx", b"curv", 1, round(256 * exponent))
        tags[f"{channel}TRC".encode()] = curve
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(content))
        body += content
    kinds = (b"\2\x40\0\0", b"mntr", b"RGB ", b"XYZ ")
    size = 128 + len(table) + len(body)
    head = struct.pack(">I4x4s4s4s4s12x4s", size, *kinds, b"acsp").ljust(68, b"\0")
    head += xyz((0.9642, 1.0, 0.8249))[8:]
    return head.ljust(128, b"\0") + table + body


def exif_of(**stated: object) -> bytes:
    """Return EXIF with tags by Pillow's names: ExposureTime=1 / 30, FNumber=1.8."""
    from PIL.ExifTags import Base

    exif = Image.Exif()
    exif[Base.Make] = "Maker"
    exif.get_ifd(Base.ExifOffset).update({Base[name]: value for name, value in stated.items()})
    return exif.tobytes()
