"""What the lists hold, in words: the account of every list, and of one site with all that speaks for and against it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from schoolgate.lists.catalogue import Catalogue
from schoolgate.lists.formats.found import BELOW, EXACT, LIST
from schoolgate.lists.index import EXCEPT, PROTECTED, UNPROTECTED
from schoolgate.lists.publishers.copies import Copies, ago
from schoolgate.lists.sealed.feeds import known
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import NAME
from schoolgate.settings.blocklists import COPY_OF
from schoolgate.settings.load import Settings

_SHOWN_PLACES = 2
_REFUSED = "refused: "


def catalogue_of(settings: Settings) -> Catalogue:
    """The lists behind a snapshot."""
    lists = settings.snapshot.lists
    assert isinstance(lists, Catalogue)
    return lists


def statistics(settings: Settings, now: datetime) -> dict[str, Any]:
    """Every list with its entries, its age and its faults; and those that are named but not downloaded yet."""
    index, copies = catalogue_of(settings).index, settings.copies
    facts = index.facts
    sources, left_out = facts["sources"], defaultdict(list)
    for name, reason, number, places in facts["left_out"]:
        left_out[name].append((number, reason, places))
    downloaded = {remote.name for remote in settings.remotes}
    rows = []
    for name, number in sorted(facts["entries"].items(), key=lambda item: (item[0] not in sources, item[0])):
        source = sources.get(name, {"category": name, "of": "curated by schoolgate or by the school"})
        notes = list(_import_notes(name, facts, left_out[name]))
        if name in downloaded:
            notes = [*_copy_notes(name, copies, now), *notes]
        rows.append(
            {"name": name, "category": source["category"], "entries": number, "copy": source["of"], "notes": notes}
        )
    for remote in settings.remotes:
        if remote.name not in sources:
            notes = list(_copy_notes(remote.name, copies, now))
            words = "not downloaded yet: run 'schoolgate lists update'"
            rows.append({"name": remote.name, "category": "", "entries": 0, "copy": words, "notes": notes})
    return {
        "lists": rows,
        "entries": len(index),
        "index": str(settings.index),
        "bytes": settings.index.stat().st_size,
        "version": index.version,
    }


def _copy_notes(name: str, copies: Copies, now: datetime) -> Iterator[str]:
    copy, failure = copies.get(name), copies.failure(name)
    if copy is not None:
        yield copy.age(now)
        if copy.held is not None:
            yield f"held back: {copy.held.reason}"
    if failure is not None:
        yield f"the last try failed {ago(now - failure.at)}: {failure.words}"


def _import_notes(name: str, facts: dict[str, Any], left_out: list[tuple[int, str, Any]]) -> Iterator[str]:
    for what, words in (("repeated", "named twice"), ("below_another", "below a domain that it lists too")):
        if facts[what].get(name):
            yield f"{facts[what][name]:,} {words}"
    for number, reason, places in sorted(left_out, reverse=True):
        first = ", ".join(f"{file}:{line} {text!r}" for file, line, text in places[:_SHOWN_PLACES])
        yield f"{number:,} left out: {reason}" + (f" ({first})" if first else "")


def account_of(site: str, settings: Settings) -> dict[str, Any]:
    """All that is known of a site, a line each. Raises ValueError for what is no address."""
    request = request_from_url(site, at=datetime.now(UTC))
    catalogue, copies = catalogue_of(settings), settings.copies
    sources = catalogue.index.facts["sources"]
    lines: list[dict[str, str]] = []

    def say(word: str, words: str, **more: str) -> None:
        lines.append({"word": word, "words": words, **more})

    local = catalogue.words.word(request.host, request.target)
    if local is not None:
        action, hit = local
        say(action, f"the school says so itself: {hit.list} names {hit.entry}", list=hit.list, entry=hit.entry)
    kept = {(hit.category, hit.list, hit.entry) for hit in catalogue.index.look_up(request.host, request.target).hits}
    for entry, (role, category, name) in sorted(catalogue.index.explain(request.host, request.target), reverse=True):
        more = {"category": category, "list": name, "entry": entry}
        if role in (LIST, EXACT, BELOW):
            counts = (category, name, entry) in kept
            words = f"{category}, because {name} lists {entry} ({_since(name, entry, sources, copies)})"
            say("listed" if counts else "cleared", words if counts else f"{words}, but an exception clears it", **more)
        elif role == PROTECTED:
            say("protected", f"{entry}: no list of others and no judgement of the name can block it", **more)
        elif role == UNPROTECTED:
            say("unprotected", f"{entry} is taken out of protection by protected.yaml", **more)
        elif role == EXCEPT:
            say("exception", f"{entry} never counts as {category} (blocklists/{name}.yaml)", **more)
        elif role.startswith(_REFUSED):
            words = f"{name} lists {entry} as {category}, but that was left out: {role.removeprefix(_REFUSED)}"
            say("left out", words, **more)
        else:
            say("exception", f"{name} itself makes an exception of {entry} in {category}", **more)
    for hit in catalogue.look_up(request.host, request.target).hits:
        if hit.list == NAME:
            pieces = ", ".join(f"{piece!r} {share:.0%}" for piece, share in catalogue.weigh(request.host)[:5])
            say(
                "judged",
                f"{hit.entry}: no list knows it; what spoke for it: {pieces}",
                category=hit.category,
                list=NAME,
            )
    match = settings.snapshot.sealed.match(request.names, request.asked)
    if match is not None:
        words = f"the sealed feed {known(match.feed).title} names it; nothing of the school's own changes that"
        say("sealed", words, list=match.feed)
        return {"site": "an address that is not shown", "lines": lines[-1:]}
    if not lines:
        by_name = "its name says nothing" if catalogue.names is not None else "names are not judged here"
        say("unknown", f"no list names it, and {by_name}")
    return {"site": f"{request.host}{request.path}", "lines": lines}


def _since(name: str, entry: str, sources: dict[str, Any], copies: Copies) -> str:
    if name not in sources:
        return "curated"
    copy = copies.get(name) if sources[name]["of"].startswith(COPY_OF) else None
    if copy is None:
        return str(sources[name]["of"])
    since = copies.since(name, entry)
    return f"since {since:%Y-%m-%d}" if since else f"there since the first copy, of {copy.first:%Y-%m-%d}"
