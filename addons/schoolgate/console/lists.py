"""The kinds of site and their lists: how old they are, what they say of a site, and what a group would get."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from schoolgate.console.entry import Visitor
from schoolgate.console.log import choices
from schoolgate.enquiry import Enquiry, because, moment_of
from schoolgate.listing import account_of, statistics
from schoolgate.policy.calendar import said_of
from schoolgate.policy.standing import Opened, Standing
from schoolgate.settings.load import Settings
from schoolgate.store.openings import opened
from schoolgate.store.record import RecordReader

_CURATED = "schoolgate and the school"
_MISSING = "Not downloaded yet"


@dataclass(frozen=True, slots=True)
class Source:
    """One list: where it comes from, how many entries count, under which licence, and how old it is, in words."""

    name: str
    entries: int
    source: str
    licence: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of site with the lists that say what belongs to it."""

    id: str
    title: str
    sources: tuple[Source, ...]

    @property
    def entries(self) -> int:
        """Of all its lists."""
        return sum(each.entries for each in self.sources)


def show_lists(visitor: Visitor) -> Response:
    """All kinds, and the answers to what the two forms ask."""
    site, url = visitor.query.line("site", 500), visitor.query.line("url", 2000)
    words: dict[str, Any] = {"site": site, "url": url, "found": None, "answer": None}
    words |= {"group": visitor.query.line("group", 64), "at": visitor.query.line("at", 20), "wrong": ""}
    try:
        if site:
            words["found"] = account_of(site, visitor.settings)
        if url:
            words["answer"] = ask(visitor, url, words["group"], words["at"])
    except ValueError as error:
        words["wrong"] = f"{str(error)[:1].upper()}{str(error)[1:]}."
    kinds = kinds_of(visitor.settings, visitor.desk.now())
    return visitor.page("lists.html", 400 if words["wrong"] else 200, **words, kinds=kinds, **choices(visitor.settings))


def ask(visitor: Visitor, url: str, group: str, at: str = "") -> dict[str, Any]:
    """The gateway's verdict on an address for a group at a time, with every reason. Raises ValueError in words."""
    moment = moment_of(at, visitor.settings) if at else visitor.desk.now()
    asked = {"url": url, "group": group or "unknown", "at": moment.isoformat()}
    with visitor.desk.reading() as reader:
        standing = Standing(opened=visitor.desk.folds.of(reader, _opened))
    answer = Enquiry(visitor.settings, {}, standing).answer(asked)
    when = answer["counts"] or said_of(answer["calendar"], answer["person"] or "")
    return answer | {"because": because(answer), "when": when}


def _opened(reader: RecordReader) -> tuple[Opened, ...]:
    """All that was ever opened for a while, as a time that is over may be asked about too."""
    return opened(reader, datetime.min.replace(tzinfo=UTC))


def kinds_of(settings: Settings, now: datetime) -> list[Kind]:
    """Every kind of site, by title; lists that are not downloaded yet stand with their kind too."""
    facts = statistics(settings, now)
    licences = {remote.name: remote.licence for remote in settings.remotes}
    by_kind: dict[str, list[Source]] = defaultdict(list)
    for row in facts["lists"]:
        name, copy = row["name"], row["copy"]
        copy = _CURATED if copy.startswith("curated") else copy
        source = Source(name, row["entries"], copy, licences.get(name, ""), tuple(row["notes"]))
        by_kind[row["category"]].append(source)
    titles = {each.id: each.title for each in settings.snapshot.categories.values()}
    kinds = [Kind(name, titles.get(name, name or _MISSING), tuple(of)) for name, of in by_kind.items()]
    return sorted(kinds, key=lambda kind: kind.title.casefold())
