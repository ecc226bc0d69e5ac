"""The files of an upload are found however it is cut into pieces, and little of it is kept."""

import gzip
import json
import random
import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schoolgate.content.uploads import Upload, open_upload
from schoolgate.policy.files import FileFacts

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
FORM = "multipart/form-data; boundary=XyZ"


def form(*parts: tuple[str, bytes], end: str = "\r\n") -> bytes:
    body = b""
    for head, data in parts:
        body += f"--XyZ{end}{head}{end}{end}".encode() + data + end.encode()
    return body + f"--XyZ--{end}".encode()


def field(name: str, value: bytes) -> tuple[str, bytes]:
    return f'Content-Disposition: form-data; name="{name}"', value


def file(name: str, kind: str, data: bytes) -> tuple[str, bytes]:
    return f'Content-Disposition: form-data; name="f"; filename="{name}"\r\nContent-Type: {kind}', data


def read(upload: Upload, pieces: Iterable[bytes]) -> list[FileFacts]:
    found: list[FileFacts] = []
    for piece in pieces:
        found.extend(upload.feed(piece))
    return found + upload.end()


BODY = form(field("note", b"x" * 3000), file("a.txt", "text/plain", b"short"), file("me.JPG", "image/jpeg", JPEG))


@given(st.lists(st.integers(0, len(BODY)), max_size=30))
def test_files_are_found_however_a_form_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(BODY)]
    found = read(Upload(FORM), [BODY[a:b] for a, b in zip(places, places[1:], strict=False)])
    assert [(sorted(each.extensions), sorted(each.types)) for each in found] == [
        (["txt"], ["text/plain"]),
        (["jpg"], ["image/jpeg"]),
    ]


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (FORM, form(field("a", b"1"), field("b", b"2")), set()),
        (FORM, form(file("blob", "application/octet-stream", JPEG)), {"application/octet-stream", "image/jpeg"}),
        (FORM, form(field("f", JPEG)), {"image/jpeg"}),
        (FORM, form(field("f", b"data:image/png;base64,iVBOR")), {"image/png"}),
        (FORM, form(file("a.png", "image/png", b"x"), end="\n"), {"image/png"}),
        (FORM, b"preamble\r\n" + form(file("a.png", "image/png", b"x")), {"image/png"}),
        (FORM, form(file("a.png", "image/png", b"x"))[:-10], {"image/png"}),
        (FORM.replace("XyZ", '"XyZ"'), form(file("a.png", "image/png", b"x")), {"image/png"}),
        ('multipart/related; type="x/y"; boundary=XyZ', form(("Content-Type: image/gif", b"GIF89a")), {"image/gif"}),
        (FORM, form(('Content-Disposition: form-data;\r\n filename="x.webp"', b"")), set()),
        ("image/heic", b"whatever", {"image/heic"}),
        ("application/octet-stream", JPEG, {"application/octet-stream", "image/jpeg"}),
        ("", JPEG, {"image/jpeg"}),
        ("multipart/form-data", JPEG, {"multipart/form-data", "image/jpeg"}),
        (
            "application/json",
            json.dumps({"a": "data:image/webp;base64,AAAA"}).encode(),
            {"application/json", "image/webp"},
        ),
        ("application/json", b'"data:image\\/webp;base64,AAAA"', {"application/json", "image/webp"}),
        (
            "application/x-www-form-urlencoded",
            b"a=data%3Aimage%2Fjpeg%3Bbase64%2C",
            {"application/x-www-form-urlencoded", "image/jpeg"},
        ),
        ("application/json", b'{"text": "data is beautiful"}', {"application/json"}),
    ],
)
def test_every_form_of_upload_is_read(kind: str, body: bytes, expected: set[str]) -> None:
    found = read(Upload(kind), [body])
    assert set().union(*(each.types for each in found)) == expected


def test_packed_uploads_are_read_and_bombs_are_left_alone() -> None:
    assert read(open_upload(FORM, "/", "", "gzip"), [gzip.compress(BODY)])[-1].types == {"image/jpeg"}
    assert read(open_upload("image/png", "/", "", "nonsense"), [b"x"])[0].types == {"image/png"}
    bomb = open_upload("application/json", "/", "", "gzip")
    started = time.monotonic()
    read(bomb, [gzip.compress(bytes(200_000_000))])
    assert not bomb.more
    assert time.monotonic() - started < 5


def test_a_long_upload_is_read_fast_and_kept_nowhere() -> None:
    upload, piece = Upload(FORM), random.Random(1).randbytes(65536)
    started = time.perf_counter()
    for _ in range(1600):
        upload.feed(piece)
    took = time.perf_counter() - started
    assert took < 2, f"{1600 / 16 / took:.0f} MB/s"
    assert len(upload._form._buffer) < 100  # type: ignore[union-attr]


def test_a_form_of_endless_parts_or_headers_ends_nothing() -> None:
    read(Upload(FORM), [form(*[file("a", "x/y", b"")] * 5000)])
    read(Upload(FORM), [b"--XyZ\r\n" + b"a" * 100_000, b"\r\n\r\nx" * 10_000])


@given(st.binary(max_size=400), st.text(max_size=60))
def test_nothing_that_is_sent_breaks_the_reading(data: bytes, head: str) -> None:
    read(open_upload(FORM + head, head, head, ""), [b"--XyZ", data, b"\r\n\r\n", data])
    read(open_upload(head, head, head, head), [data])
