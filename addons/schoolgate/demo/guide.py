"""The demo's own page: what to look at first, the letters that were sent, and what people saw on their screens."""

import threading
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from schoolgate.demo.day import Seen
from schoolgate.demo.mail import Letter
from schoolgate.demo.school import NAME, PEOPLE, ZONE, mailbox

_PAGES = Environment(loader=FileSystemLoader(Path(__file__).with_name("pages")), autoescape=True, trim_blocks=True)
_SAFETY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
_NOT_OURS = "; sandbox"  # what others wrote is looked at, and does nothing
PRETENDED = (
    "Everything here is pretended: the school, its people, the sites and the letters. The gateway, its rules, its "
    "record and this console are the real ones. The two weeks before today were told to them in a few seconds."
)
LOOK_FIRST = (
    "As head: a contest waits for an answer, and so does the case of the betting site.",
    "Log out and in again as dsl: a child searched for something worrying this minute. What would you do?",
    "As technician: a pupil asked for a film that her lesson needs.",
    "As teacher: her own record, her contest, and what does not count and why.",
    "As chair: reports and look-ups, and nobody's record.",
    "In the guide: what pupils and staff saw on their screens, and every letter that was sent.",
)


@dataclass(frozen=True, slots=True)
class Guide:
    """What the page is made of; ``letters`` and ``seen`` are asked anew each time."""

    console: int
    letters: Callable[[], list[Letter]]
    seen: Callable[[], list[Seen]]

    def page(self, path: str) -> str | None:
        """The page at a path, or None."""
        letters = {str(each.number): each for each in self.letters()}
        screens = {str(number): each for number, each in enumerate(self.seen(), 1)}
        match path.strip("/").split("/"):
            case [""]:
                return self._first()
            case ["letters", number] if number in letters:
                letter = letters[number]
                return _fill("letter.html", letter.subject, letter=letter, rich=rich(letter) is not None)
            case ["letters", number, "html"] if number in letters:
                return rich(letters[number])
            case ["screens", number] if number in screens:
                return screens[number].page.text
        return None

    def _first(self) -> str:
        shown = {"letters": self.letters(), "seen": self.seen(), "first": LOOK_FIRST, "pretended": PRETENDED}
        shown["console"] = f"http://127.0.0.1:{self.console}/"
        return _fill("guide.html", f"A demonstration of schoolgate: {NAME}", **shown)


def _fill(template: str, title: str, **shown: object) -> str:
    return _PAGES.get_template(template).render(title=title, moment=_moment, names=_names, short=_short, **shown)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%a %d %b %H:%M}"


def _names(addresses: Iterable[str]) -> str:
    known = {mailbox(person): person.title for person in PEOPLE}
    return ", ".join(known.get(address, address) for address in addresses)


def _short(subject: str) -> str:
    return subject.removeprefix(f"{NAME}: ")


def rich(letter: Letter) -> str | None:
    """The HTML part with its pictures in it, or None where a letter is plain text only."""
    body = letter.message.get_body(("html",))
    if body is None:
        return None
    page = str(body.get_content())
    for part in letter.message.walk():
        name = str(part["Content-ID"] or "").strip("<> ")
        if name and part.get_content_maintype() == "image":
            data = b64encode(part.get_content()).decode()
            page = page.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{data}")
    return page


class GuideServer:
    """Serves the guide on a port of 127.0.0.1."""

    def __init__(self, port: int, guide: Guide) -> None:
        class Handler(_Handler):
            page_of = staticmethod(guide.page)

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="guide", daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    page_of: Callable[[str], str | None]
    timeout = 60

    def do_GET(self) -> None:
        """A page of the guide."""
        page = self.page_of(self.path)
        body = (page if page is not None else _fill("frame.html", "There is no such page")).encode()
        theirs = self.path.startswith("/screens/") or self.path.endswith("/html")
        self.send_response(200 if page is not None else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", _SAFETY + (_NOT_OURS if theirs else ""))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The terminal belongs to the demo."""
