"""The school day that is played through the real gateway: who opens what, and what must come of it.

Every step says what ought to happen, and ``play`` looks whether it did: a demonstration that shows something else than
what it tells would be worse than none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from schoolgate.demo.device import Device, Page
from schoolgate.demo.school import GUESTS, PUPILS, STAFF
from schoolgate.demo.visitor import Visitor

_LESSONS = (
    "https://www.bbc.co.uk/bitesize/fractions",
    "https://www.topmarks.co.uk/times-tables",
    "https://www.natgeokids.com/volcanoes",
)


OTHERS = 15
"""Steps beside the lessons."""


class NotAsTold(Exception):
    """A step came out differently; the words say how."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A page that somebody saw, kept for the guide: what they did, whose screen it was, and the page."""

    what: str
    whose: str
    page: Page


@dataclass(slots=True)
class Day:
    """``device`` makes a device with an address of its own (and a login); ``block_list`` is the school's own."""

    device: Callable[..., Device]
    console: int
    passwords: dict[str, str]
    block_list: Path
    pupils: int
    seen: list[Seen] = field(default_factory=list[Seen])

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What happens, in order, each with its words."""
        for number in range(self.pupils):
            yield f"Tablet {number + 1} of Year 6 works on fractions, tables and volcanoes", _with(self._lesson, number)
        yield "A lesson about the Holocaust, and one about breast cancer: both open", self._delicate
        yield "A search for volcanoes, made safe on its way", self._safe_search
        yield "A pupil opens a betting site: blocked, and the Headteacher is told", self._blocked
        yield "A pupil tries a games site, and is told why not", self._distraction
        yield "A pupil asks for a film that her lesson needs: it waits for the technician", self._asks
        yield "A worrying search brings help first, and the safeguarding lead is told", self._worry
        yield "A trainee reads the notice before anything of his is recorded", self._notice
        yield "A teacher visits a shop: it counts, as her working time is going on", self._personal
        yield "She visits the school's own page: that is work, and counts for nothing", self._official
        yield "A news page loads a picture from Facebook: nobody visited Facebook", self._embedded
        yield "She reads her union's advice: that is nobody's business, and stands nowhere", self._private
        yield "She contests the visit in the console; the Headteacher is to answer", self._contest
        yield "She raises a concern about unkind messages: it becomes a case of the safeguarding lead", self._concern
        yield "A guest's telephone asks for a betting site: stopped by its name alone", self._guest
        yield "The technician saves a list with a mistake, and is told the file and the line", self._fault

    def _lesson(self, number: int) -> None:
        tablet = self.device(f"{PUPILS}.{11 + number}")
        for url in _LESSONS:
            _expect(tablet.open(url), 200)
            tablet.load(f"{url.rsplit('/', 1)[0]}/logo.gif", url)

    def _delicate(self) -> None:
        tablet = self.device(f"{PUPILS}.12")
        for what, url in (
            ("A lesson about the Holocaust: open", "https://www.hmd.org.uk/learn/the-holocaust"),
            ("About breast cancer: open", "https://www.nhs.uk/conditions/breast-cancer"),
        ):
            self._show(what, "Tablet 2, Year 6", _expect(tablet.open(url), 200))

    def _safe_search(self) -> None:
        page = self.device(f"{PUPILS}.13").open("https://www.google.co.uk/search?q=volcanoes+for+kids&safe=off")
        _expect(page, 200, "Safe search is <strong>on</strong>")
        self._show("A search that asked for no safe search, and got it", "Tablet 3, Year 6", page)

    def _blocked(self) -> None:
        page = self.device(f"{PUPILS}.14").open("https://www.bet365.com/")
        self._show("A betting site: blocked", "Tablet 4, Year 6", _expect(page, 403))

    def _distraction(self) -> None:
        page = self.device(f"{PUPILS}.15").open("https://poki.com/")
        self._show("A games site: blocked", "Tablet 5, Year 6", _expect(page, 403))

    def _asks(self) -> None:
        tablet = self.device(f"{PUPILS}.12")
        page = _expect(tablet.open("https://www.youtube.com/watch?v=volcanoes"), 403)
        done = tablet.answer(page, words="the film about volcanoes, Miss Patel said we should watch it")
        self._show("What she reads after she asked for a film", "Tablet 2, Year 6", _expect(done, 200))

    def _worry(self) -> None:
        page = self.device(f"{PUPILS}.16").open("https://www.google.co.uk/search?q=i+hate+my+life+and+want+to+die")
        self._show("A worrying search: help comes first", "Tablet 6, Year 6", _expect(page, 403, "Childline"))

    def _teacher(self) -> Device:
        return self.device(f"{STAFF}.50", ("teacher", self.passwords["teacher"]))

    def _notice(self) -> None:
        laptop = self.device(f"{STAFF}.14")
        page = _expect(laptop.open("https://www.ebay.co.uk/"), 403, "I have read this")
        self._show("The notice, before anything is recorded", "A trainee's laptop", page)
        _expect(laptop.answer(page), 200)

    def _personal(self) -> None:
        _expect(self._teacher().open("https://www.amazon.co.uk/garden-chairs"), 200)

    def _official(self) -> None:
        _expect(self._teacher().open("https://www.facebook.com/stwilfridsdemo"), 200)

    def _embedded(self) -> None:
        laptop, news = self._teacher(), "https://www.bbc.co.uk/news/school-meals"
        _expect(laptop.open(news), 200)
        laptop.load("https://www.facebook.com/like.gif", news)

    def _private(self) -> None:
        _expect(self._teacher().open("https://neu.org.uk/advice"), 200)

    def _contest(self) -> None:
        teacher = Visitor(self.console)
        teacher.log_in("teacher", self.passwords["teacher"])
        visit = _visit_of(teacher.open("/mine"), "www.amazon.co.uk")
        words = "The chairs are for the reading corner; the office asked me to compare prices."
        asked = teacher.answer(teacher.open(visit), "/note", to=f"{visit}/contest", words=words)
        _expect(teacher.answer(asked, "/contest", sure="yes"), 200, "reading corner")

    def _concern(self) -> None:
        teacher = Visitor(self.console)
        teacher.log_in("teacher", self.passwords["teacher"])
        words = "Two girls of Year 6 told me that somebody writes mean things about one of them in a group chat."
        given = {"kind": "bullying", "words": words, "seen": "since Monday", "address": "a group chat"}
        _expect(teacher.answer(teacher.open("/concern"), "/concern", **given), 200, "Reference")

    def _guest(self) -> None:
        """It would not believe a page of ours, so there is none to be seen: the connection ends."""
        try:
            page = self.device(f"{GUESTS}.5").open("https://www.bet365.com/")
        except OSError:
            return
        _expect(page, 403)

    def _fault(self) -> None:
        self.block_list.write_text(
            "# The school's own list. Saved in a hurry: 'domain' should be 'domains'.\n"
            "title: Blocked by the school\ndomain: [betting-tips.example]\n"
        )

    def tidy_up(self) -> None:
        """The technician corrects the list."""
        self.block_list.write_text(
            "# Sites that this school blocks for everybody, whatever any list says.\n"
            "title: Blocked by the school\ndomains: [betting-tips.example]\nurls: []\n"
        )

    def _show(self, what: str, whose: str, page: Page) -> None:
        self.seen.append(Seen(what, whose, page))


def _with(happens: Callable[[int], None], number: int) -> Callable[[], None]:
    return lambda: happens(number)


def _expect(page: Page, status: int, words: str = "") -> Page:
    """The page, if it is as told. Raises NotAsTold."""
    if page.status != status or words not in page.text:
        said = f" with the words {words!r}" if words else ""
        raise NotAsTold(f"{page.url} answered {page.status} ({page.title}), not {status}{said}")
    return page


def _visit_of(page: Page, host: str) -> str:
    """The address of the entry about a host, on the page of somebody's own record. Raises NotAsTold."""
    for part in page.text.split("<article")[1:]:
        if host in part:
            return f"/mine/visits/{part.partition('/mine/visits/')[2].partition('"')[0]}"
    raise NotAsTold(f"the teacher's own record does not show her visit to {host} ({page.status})")
