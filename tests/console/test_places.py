"""Forms with files are read only so many at once: the others wait a little, and are then told so in plain words."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from schoolgate.console.entry import Visitor, Who, door
from schoolgate.console.multipart import KIND
from schoolgate.console.pages import Pages
from schoolgate.console.places import NoPlace, Places
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

MOST = 1024 * 1024


class Sent:
    """A form that begins to be sent; its body comes when the test says so."""

    def __init__(self, console: Any, login: str, app: Any) -> None:
        browser = console.browser(login)
        cookie = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
        content = f'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n{browser.token}\r\n--x--\r\n'.encode()
        headers = {"host": "127.0.0.1:8081", "cookie": cookie, "content-type": f"{KIND}; boundary=x"}
        self._scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/large",
            "raw_path": b"/large", "query_string": b"", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8081),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        self._app, self._content, self._may_come = app, content, asyncio.Event()
        self.is_read, self.status, self.headers, self.text = False, 0, dict[bytes, bytes](), b""

    def come(self) -> None:
        self._may_come.set()

    async def send(self) -> None:
        await self._app(self._scope, self._receive, self._take)

    async def _receive(self) -> dict[str, Any]:
        self.is_read = True
        await self._may_come.wait()
        return {"type": "http.request", "body": self._content, "more_body": False}

    async def _take(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        self.text += message.get("body", b"")


@pytest.fixture
def slow() -> Iterator[threading.Event]:
    """Screens return when this is set."""
    event = threading.Event()
    yield event
    event.set()


def _app(console: Any, slow: threading.Event, patience: float) -> Any:
    def screen(visitor: Visitor) -> Response:
        assert slow.wait(40)
        return PlainTextResponse("taken")

    enter = door(console.desk, Pages(), Who.SOMEONE, screen, Places(patience), MOST)
    return Starlette(routes=[Route("/large", enter, methods=["POST"])])


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not is_so():
            await asyncio.sleep(0.01)


def _run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def test_a_fifth_form_is_not_read_and_told_when_to_come_again(console: Any, slow: threading.Event) -> None:
    async def all_at_once() -> None:
        app = _app(console, slow, 0.2)
        first = [Sent(console, login, app) for login in ("a.jones", "a.jones", "b.khan", "b.khan")]
        tasks = [asyncio.create_task(each.send()) for each in first]
        await _until(lambda: all(each.is_read for each in first))
        for each in first:
            each.come()  # they are whole now, and their screens run
        late = Sent(console, "d.safe", app)
        late.come()
        await late.send()
        assert (late.status, late.headers[b"retry-after"]) == (503, b"10")
        assert b"Too many files are being sent" in late.text
        slow.set()
        await asyncio.gather(*tasks)
        assert [(each.status, each.text) for each in first] == [(200, b"taken")] * 4
        again = Sent(console, "d.safe", app)
        again.come()
        await again.send()
        assert again.status == 200

    _run(all_at_once)


def test_one_person_does_not_take_every_place_and_who_waits_comes_in(console: Any, slow: threading.Event) -> None:
    async def one_with_three() -> None:
        app = _app(console, slow, 40)
        theirs = [Sent(console, "a.jones", app) for _ in range(3)]
        other = Sent(console, "d.safe", app)
        tasks = [asyncio.create_task(each.send()) for each in (*theirs, other)]
        await _until(lambda: other.is_read and sum(each.is_read for each in theirs) == 2)
        await asyncio.sleep(0.05)
        assert sum(each.is_read for each in theirs) == 2  # the third waits before a byte of it is read
        slow.set()
        for each in (*theirs, other):
            each.come()
        await asyncio.gather(*tasks)
        assert [each.status for each in (*theirs, other)] == [200] * 4

    _run(one_with_three)


def test_a_place_comes_back_whatever_becomes_of_the_form() -> None:
    async def often() -> None:
        places = Places(patience=0.05)
        for _ in range(10):
            with pytest.raises(ValueError, match="broken"):
                async with places.take("u-1"):
                    raise ValueError("broken")

        async def hang() -> None:
            async with places.take("u-1"):
                await asyncio.sleep(40)

        hanging = [asyncio.create_task(hang()) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(NoPlace):
            async with places.take("u-1"):
                pass
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        async with places.take("u-1"), places.take("u-1"):
            pass

    _run(often)


def test_what_is_no_form_with_files_may_be_no_larger_than_any_other(console: Any) -> None:
    jones = console.browser("a.jones")
    assert jones.post("/concern", {"words": "a" * 200_000}).status_code == 413
