"""What happened at the pretend school in the two weeks before: told hour by hour, the same in every demonstration."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from random import Random

from schoolgate.demo.past import Past
from schoolgate.demo.school import GUESTS, PUPILS, ZONE
from schoolgate.store.cases import Outcome, State
from schoolgate.store.coverage import Fate
from schoolgate.store.event import Deed, Event, stamp

DAYS = 10
"""School days."""
_SEED = 1870  # of the Elementary Education Act: any number does, as long as it stays
_LESSONS = ("https://www.bbc.co.uk/bitesize/fractions", "https://www.topmarks.co.uk/times-tables")
_TEMPTING = (
    "https://www.roblox.com/games", "https://poki.com/en", "https://www.tiktok.com/foryou", "https://discord.com/app",
    "https://www.youtube.com/shorts", "https://www.instagram.com/", "https://www.snapchat.com/", "https://agar.io/",
)  # fmt: skip
_SEARCH = "https://www.google.co.uk/search?q="
_HARMFUL = {
    1: ("09:48", f"{PUPILS}.14", "https://www.bet365.com/football"),
    4: ("13:25", f"{PUPILS}.22", "https://pornhub.com/"),
    6: ("10:57", f"{PUPILS}.31", "https://www.proxysite.com/"),
    8: ("14:31", f"{PUPILS}.19", "https://www.stormfront.org/forum"),
}
_WORRYING = {
    3: ("11:08", f"{PUPILS}.27", f"{_SEARCH}they+all+hate+me+at+school+what+can+i+do"),
    7: ("13:41", f"{PUPILS}.16", f"{_SEARCH}i+want+to+run+away+from+home"),
}
_ASKED = {
    1: ("https://www.roblox.com/games", "everyone else is allowed", "A game in lesson time. Play it at home."),
    6: (
        "https://www.youtube.com/watch",
        "film about the romans for miss patel",
        "Asked Miss Patel: it is in her lesson.",
    ),
}
_OPENED = (6,)
_FOUND = {
    "gambling": (
        Outcome.UNFOUNDED,
        "Looked at the tablet's lesson and spoke to the class teacher.",
        "A football page led there; nobody meant to bet. No further step.",
    ),
    "guests": (
        Outcome.UNFOUNDED,
        "A guest's own telephone; nobody knows whose.",
        "The filter stopped it, and no child was near.",
    ),
    "bullying": (
        Outcome.SUBSTANTIATED,
        "Spoke with the child at lunch, with the class teacher present. Parents were telephoned.",
        "There was name-calling in the playground. The behaviour policy is followed, and we look again in two weeks.",
    ),
    "adult": (
        Outcome.LOW_LEVEL,
        "Asked the two children who shared the tablet.",
        "A dare at lunch; the filter showed nothing. Talked over with both, and the parents know.",
    ),
    "circumvention": (
        Outcome.SUBSTANTIATED,
        "The technician saw two tries of the same tablet.",
        "It was meant to reach a game. Talked about in the computing lesson.",
    ),
    "running_away": (
        Outcome.UNSUBSTANTIATED,
        "Spoke with the child and with the parents on the same afternoon.",
        "It was about a story for English. The class teacher keeps an eye on it.",
    ),
    "extremism": ("", "The tablet was used in three lessons that day; the class teachers are being asked.", ""),
}
_PERSONAL = (
    ("g.adeyemi", "https://www.ebay.co.uk/prams", "shopping"),
    ("g.adeyemi", "https://www.amazon.co.uk/garden-chairs", "shopping"),
    ("c.murray", "https://www.facebook.com/friends", "social_media"),
    ("l.novak", "https://www.instagram.com/", "social_media"),
)
_CONNECTIONS = (  # of an hour
    ("pupils", Fate.DECRYPTED, 212, ""), ("pupils", Fate.PLAIN, 3, ""), ("pupils", Fate.PASSED, 14, "apple.com"),
    ("pupils", Fate.PASSED, 6, "googleapis.com"), ("pupils", Fate.BROKEN, 2, ""), ("staff", Fate.DECRYPTED, 61, ""),
    ("staff", Fate.PASSED, 9, ""), ("guests", Fate.NAME, 12, ""), ("guests", Fate.REFUSED, 1, ""),
)  # fmt: skip
_STAFF = ("head", "dsl", "technician", "teacher", "g.adeyemi", "c.murray", "l.novak")


def school_days(today: date) -> list[date]:
    """The last school days before today, oldest first."""
    days = [today - timedelta(days=n) for n in range(1, 2 * DAYS)]
    return [day for day in days if day.weekday() < 5][:DAYS][::-1]


def live_through(past: Past, days: list[date]) -> Iterator[str]:
    """Each day in turn, with a word on what it was."""
    story = _Story(past)
    for number, day in enumerate(days):
        yield f"{day:%A %d %B}"
        story.day(number, day)


class _Story:
    """Knows what one day remembers of another."""

    def __init__(self, past: Past) -> None:
        self._past, self._dice = past, Random(_SEED)
        self._contested: Event | None = None

    def day(self, number: int, day: date) -> None:
        """From the bell to the digest."""
        dice = self._dice
        happened: list[tuple[datetime, Callable[[], None]]] = [(_at(day, "08:20"), partial(self._morning, number))]
        happened += [(_at(day, f"{hour:02}:05"), self._lessons) for hour in range(9, 16)]
        happened += [(self._some_time(day), self._tempted) for _ in range(dice.randint(5, 9))]
        happened += [(self._some_time(day), partial(self._personal, number)) for _ in range(dice.randint(1, 3))]
        for clock, who, url in (told[number] for told in (_HARMFUL, _WORRYING) if number in told):
            happened.append((_at(day, clock), partial(self._opens, who, url)))
            happened.append((_at(day, clock) + timedelta(minutes=18), self._acknowledged))
        if number in _ASKED:
            happened.append((_at(day, "11:22"), partial(self._asked, number)))
        happened.append((_at(day, "15:20"), partial(self._afternoon, number)))
        for at, happens in sorted(happened, key=lambda each: each[0]):
            self._past.goes_on(at)
            happens()
        self._past.goes_on(_at(day, "16:31"))

    def _some_time(self, day: date) -> datetime:
        return _at(day, "08:45") + timedelta(minutes=self._dice.randint(0, 380), seconds=self._dice.randint(0, 59))

    def _asked(self, number: int) -> None:
        """A page that a pupil asks for, and what the technician answers."""
        past, (url, words, answer) = self._past, _ASKED[number]
        event = past.opens(f"{PUPILS}.{20 + number}", url)
        assert event is not None, f"{url} was not blocked"
        request = past.asks(event, words)
        past.goes_on(past.now + timedelta(minutes=7))
        technician = f"technician {past.code('technician')}"
        if number in _OPENED:
            entry = f"{stamp(past.now)}/{stamp(past.now + timedelta(minutes=45))}"
            about = {"about": request.id, "host": event.host, "group": event.group, "entry": entry}
            past.deed(Deed.OPENED, technician, why=answer, **about)
        else:
            past.deed(Deed.NOT_OPENED, technician, about=request.id, host=event.host, why=answer)

    def _morning(self, number: int) -> None:
        if number == 0:
            for login in _STAFF:
                self._past.reads_notice(login)

    def _lessons(self) -> None:
        """Many pages that nobody needs to hear of."""
        for group, number in (("pupils", 900), ("staff", 260), ("guests", 40)):
            self._past.count(group, "allow", "", number + self._dice.randint(-30, 120))
        for group, fate, number, app in _CONNECTIONS:
            self._past.connections(group, fate, number, app)
        self._past.opens(f"{PUPILS}.{self._dice.randint(11, 40)}", self._dice.choice(_LESSONS))
        for login in ("g.adeyemi", "c.murray", "teacher"):
            self._past.activity(login, "other", "visit", self._dice.randint(4, 15))
            self._past.activity(login, "social_media", "embedded", self._dice.randint(1, 6))

    def _tempted(self) -> None:
        self._past.opens(f"{PUPILS}.{self._dice.randint(11, 40)}", self._dice.choice(_TEMPTING))

    def _personal(self, number: int) -> None:
        login, url, category = self._dice.choice(_PERSONAL)
        visit = self._past.opens(login, url)
        self._past.activity(login, category, "visit", 1)
        if login == "c.murray" and number < 5:
            self._contested = visit

    def _opens(self, who: str, url: str) -> None:
        self._past.opens(who, url)

    def _acknowledged(self) -> None:
        """Whoever looks after a new case has seen it."""
        for case in self._past.cases():
            if case.state is State.NEW:
                self._past.on_case(Deed.CASE_STEP, case, State.ACKNOWLEDGED)

    def _decided(self) -> None:
        """What has been looked into since yesterday is decided, and closed."""
        past = self._past
        for case in past.cases():
            if case.state is State.ACKNOWLEDGED and case.at < stamp(past.now - timedelta(hours=12)):
                outcome, note, words = _FOUND[case.category if case.group == "pupils" else case.group]
                past.on_case(Deed.CASE_STEP, case, State.INVESTIGATING)
                past.on_case(Deed.CASE_NOTE, case, words=note)
                if outcome:
                    past.goes_on(past.now + timedelta(minutes=6))
                    past.on_case(Deed.OUTCOME, case, outcome, words)
                    past.on_case(Deed.CASE_STEP, case, State.CLOSED)

    def _afternoon(self, number: int) -> None:
        self._decided()
        if number == 2:
            self._past.fault(
                "settings", "blocklists/local/block.yaml:7: unknown category 'gambing'; did you mean 'gambling'?"
            )
        if number == 5:
            self._contest()
        if number == 6:
            self._opens(f"{GUESTS}.7", "https://www.bet365.com/")
            self._past.goes_on(self._past.now + timedelta(minutes=9))
            self._acknowledged()

    def _contest(self) -> None:
        """Somebody says that a visit should not count; the Headteacher looks at it, and agrees."""
        event, past = self._contested, self._past
        if event is None:
            return
        head, words = (
            f"headteacher {past.code('head')}",
            "I looked up the page of the summer fair for the parents' letter.",
        )
        contest = past.deed(Deed.CONTEST, event.person, person=event.person, about=event.id, why=words)
        past.goes_on(past.now + timedelta(minutes=25))
        past.deed(Deed.VIEWED, head, person=event.person, why=f"contest {contest.ref}")
        past.goes_on(past.now + timedelta(minutes=3))
        answer = "That was agreed in the staff meeting. It is cleared."
        past.deed(Deed.ANSWER, head, person=event.person, about=contest.id, entry="upheld", why=answer)


def _at(day: date, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE)
