"""What is compressed comes out whole, and what would burst does not."""

import gzip
import random
import subprocess
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from schoolgate.content.unpacking import Bound, Broken, TooMuch, Unpacker

TEXT = "".join(random.Random(4).choices("abcdefgh ijklm. nö€😀\n", k=300_000)).encode()


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def two_members(data: bytes) -> bytes:
    return gzip.compress(data[:1000]) + gzip.compress(data[1000:]) + b"trailing rubbish"


def two_frames(data: bytes) -> bytes:
    return zstandard.compress(data[:1000]) + zstandard.compress(data[1000:])


PACKED: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("", bytes),
    ("identity", bytes),
    ("gzip", gzip.compress),
    ("GZIP", gzip.compress),
    ("x-gzip", gzip.compress),
    ("gzip", two_members),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", brotli.compress),
    ("zstd", zstandard.compress),
    ("zstd", two_frames),
    ("gzip, br", lambda data: brotli.compress(gzip.compress(data))),
    ("br, gzip , zstd", lambda data: zstandard.compress(gzip.compress(brotli.compress(data, quality=4)))),
    ("identity, gzip", gzip.compress),
]


@pytest.mark.parametrize(("encoding", "pack"), PACKED)
@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
def test_every_coding_comes_out_whole_in_steps_of_any_size(
    encoding: str, pack: Callable[[bytes], bytes], step: int
) -> None:
    text = TEXT[: 20_000 if step < 1000 else None]
    packed = pack(text)
    unpacker = Unpacker(encoding, len(text))
    out = b"".join(unpacker.feed(packed[at : at + step]) for at in range(0, len(packed), step))
    assert out + unpacker.end() == text
    assert not unpacker.full


@pytest.mark.parametrize(
    ("encoding", "flushed"),
    [
        ("gzip", lambda parts: _flushed(zlib.compressobj(wbits=31), parts, zlib.Z_SYNC_FLUSH)),
        ("deflate", lambda parts: _flushed(zlib.compressobj(), parts, zlib.Z_SYNC_FLUSH)),
        ("br", lambda parts: _brotli_flushed(parts)),
        ("zstd", lambda parts: _flushed(zstandard.ZstdCompressor().compressobj(), parts, 1)),
    ],
)
def test_what_a_server_has_flushed_is_there_at_once(
    encoding: str, flushed: Callable[[list[bytes]], list[bytes]]
) -> None:
    parts = [b"data: %d\n\n" % number for number in range(200)]
    unpacker = Unpacker(encoding, 100, Bound.STEP)
    assert [unpacker.feed(packed) for packed in flushed(parts)] == parts


def _flushed(packer: object, parts: list[bytes], mode: int) -> list[bytes]:
    return [packer.compress(part) + packer.flush(mode) for part in parts]  # type: ignore[attr-defined]


def _brotli_flushed(parts: list[bytes]) -> list[bytes]:
    packer = brotli.Compressor()
    return [packer.process(part) + packer.flush() for part in parts]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_data_that_is_something_else_is_broken(encoding: str) -> None:
    with pytest.raises(Broken):
        Unpacker(encoding, 1 << 20).feed(b"<!doctype html><p>Never compressed at all, whatever the header says." * 9)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_damage_in_the_middle_is_found(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = bytearray(pack(TEXT))
    packed[len(packed) // 2] ^= 0xFF
    packed[len(packed) // 2 + 1] ^= 0xFF
    with pytest.raises(Broken):
        Unpacker(encoding, 1 << 22).feed(bytes(packed))


@pytest.mark.parametrize("encoding", ["none", "UTF-8", "utf8, none", "chunked", "iso-8859-1", "", "identity, None"])
def test_a_word_that_is_no_coding_changes_nothing(encoding: str) -> None:
    assert Unpacker(encoding, len(TEXT)).feed(TEXT) == TEXT


@pytest.mark.parametrize(
    "encoding",
    ["compress", "dcb", "sdch", "gzip, foo", "gzip, gzip, gzip, gzip", "none, gzip", "gzip;q=1", "x-none", "nones"],
)
def test_a_coding_that_cannot_be_undone_is_said_at_once(encoding: str) -> None:
    with pytest.raises(Broken):
        Unpacker(encoding, 1000)


@pytest.mark.parametrize(("encoding", "pack"), PACKED)
def test_what_came_before_an_early_end_counts(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(TEXT)
    out = Unpacker(encoding, len(TEXT)).feed(packed[: len(packed) * 3 // 4])
    assert TEXT.startswith(out)
    assert len(out) > 0


@pytest.mark.parametrize(("encoding", "pack"), PACKED)
def test_the_limit_is_exact(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(TEXT)
    assert Unpacker(encoding, len(TEXT)).feed(packed) == TEXT
    with pytest.raises(TooMuch):
        Unpacker(encoding, len(TEXT) - 1).feed(packed)
    partial = Unpacker(encoding, 1000, Bound.PARTIAL)
    assert partial.feed(packed[:70_000]) == TEXT[:1000]
    assert partial.full
    assert partial.feed(packed[70_000:]) + partial.end() == b""
    steps = Unpacker(encoding, len(TEXT) - 1, Bound.STEP)
    assert b"".join(steps.feed(packed[at : at + 5000]) for at in range(0, len(packed), 5000)) == TEXT
    with pytest.raises(TooMuch):
        Unpacker(encoding, len(TEXT) - 1, Bound.STEP).feed(packed)


BOMB = """
import gzip, io, sys, zlib, brotli, zstandard, resource
from schoolgate.content.unpacking import Bound, TooMuch, Unpacker

def spread(new, finish):  # 1 GB of zeros, never held
    packer, out = new, []
    for _ in range(1024):
        out.append(getattr(packer, 'compress', None)(bytes(1 << 20)) if hasattr(packer, 'compress') else packer.process(bytes(1 << 20)))
    return b''.join(out) + finish(packer)

def brot(data): return brotli.compress(data, quality=5)
bombs = {
    'gzip': lambda: spread(zlib.compressobj(9, wbits=31), lambda p: p.flush()),
    'deflate': lambda: spread(zlib.compressobj(9, wbits=-15), lambda p: p.flush()),
    'br': lambda: spread(brotli.Compressor(quality=5), lambda p: p.finish()),
    'zstd': lambda: spread(zstandard.ZstdCompressor(3).compressobj(), lambda p: p.flush()),
    'gzip, br': lambda: brot(spread(zlib.compressobj(9, wbits=31), lambda p: p.flush())),
    'br, zstd, gzip': lambda: gzip.compress(zstandard.compress(spread(brotli.Compressor(quality=5), lambda p: p.finish()))),
    'zstd, zstd': lambda: zstandard.compress(spread(zstandard.ZstdCompressor(3).compressobj(), lambda p: p.flush())),
}
encoding, bound, step = sys.argv[1], Bound(sys.argv[2]), int(sys.argv[3])
if bound is Bound.WHOLE:
    open(sys.argv[4], 'wb').write(bombs[encoding]())
bomb = open(sys.argv[4], 'rb').read()
def peak(): return int([l for l in open('/proc/self/status') if l.startswith('VmHWM')][0].split()[1])
open('/proc/self/clear_refs', 'w').write('5')
before, unpacker, got, said = peak(), Unpacker(encoding, 1 << 20, bound), 0, ''
try:
    for at in range(0, len(bomb), step):
        got += len(unpacker.feed(bomb[at:at + step]))
        if unpacker.full: break
except TooMuch:
    said = 'too much'
print(len(bomb), peak() - before, got, said or 'fine', unpacker.full)
"""


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, br", "br, zstd, gzip", "zstd, zstd"])
def test_a_gigabyte_of_zeros_costs_little_more_than_the_limit(encoding: str, tmp_path: object) -> None:
    results = []
    for bound in (Bound.WHOLE, Bound.PARTIAL, Bound.STEP):
        command = [sys.executable, "-c", BOMB, encoding, bound, str(1 << 20), f"{tmp_path}/bomb"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        size, kilobytes, got, rest = done.stdout.split(maxsplit=3)
        results.append(f"{encoding}: {size} bytes, {bound}: {kilobytes} kB, {got} bytes out, {rest.strip()}")
        assert int(kilobytes) < 24_000  # the limit twice, and brotli's window of up to 16 MB
        assert rest.strip() == ("fine True" if bound is Bound.PARTIAL else "too much True")
        assert int(got) == (1 << 20 if bound is Bound.PARTIAL else 0)
    print("\n".join(results))


def test_a_frame_that_asks_for_a_huge_window_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(Broken, match="memory"):
        Unpacker("zstd", 1 << 20).feed(packer.compress(b"small") + packer.flush())
