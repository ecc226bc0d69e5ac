"""What is looked at quickly first, and what is remembered, never changes an answer."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import ascii_lowercase
from urllib.parse import unquote

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from schoolgate.policy import signs, wrapped
from schoolgate.policy.identity import Confidence, Group, Inspect, People
from schoolgate.policy.request import BadAddress, WebRequest, request_from_url
from schoolgate.policy.rules import Action, Rule, Subject
from schoolgate.policy.said import is_judged
from schoolgate.policy.spelled import spelled
from schoolgate.policy.whereabouts import NOTHING, Found, Source
from schoolgate.policy.within_names import within_name
from schoolgate.policy.wrappers import Does
from schoolgate.settings.load import Settings

AT = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)
CORPUS = Path(__file__).parents[1] / "evasions"
LINES = [(words, pattern) for words, *patterns in (*signs._CERTAIN, *signs._DOUBTFUL) for pattern in patterns]


def requests() -> Iterator[WebRequest]:
    """Every address of the corpus, as a page and as a part of one."""
    for path in sorted(CORPUS.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            try:
                request = request_from_url(case.get("url", "unreadable"), at=AT, client="10.0.0.1")
            except BadAddress:
                continue
            yield request
            yield replace(request, opened=True)


def slowly_named(lines: tuple[tuple[str, ...], ...], text: str) -> str:
    """The first line of a table that is found first in a text, without regard to case."""
    groups = (f"(?P<n{number}>{'|'.join(each)})" for number, (_, *each) in enumerate(lines))
    match = re.search("|".join(groups), text, re.IGNORECASE)
    return lines[int((match.lastgroup or "n0")[1:])][0] if match else ""


@pytest.mark.parametrize(("words", "pattern"), LINES)
def test_whatever_a_proxys_address_looks_like_the_first_look_sees_it(words: str, pattern: str) -> None:
    without_looking_ahead = re.compile(pattern.replace(r"(?=[a-f]*\d)", ""), re.IGNORECASE)

    @tries(max_examples=60, deadline=None)
    @given(st.from_regex(without_looking_ahead), st.booleans())
    def seen(text: str, capitals: bool) -> None:
        text = text.upper() if capitals and len(text.upper()) == len(text) else text
        if re.search(pattern, text, re.IGNORECASE) is None:
            return  # of what was made, not all is one
        small = signs._small(text)
        assert signs._SOON.search(small)
        for known, lines in ((signs._SURELY, signs._CERTAIN), (signs._PERHAPS, signs._DOUBTFUL)):
            assert known.named(small) == slowly_named(lines, text)

    seen()
    assert words


def test_small_letters_are_what_regular_expressions_take_for_the_same_letter() -> None:
    everything = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    for letter in ascii_lowercase:
        same = set(re.findall(letter, everything, re.IGNORECASE))
        assert {sign for sign in same if signs._small(sign) == letter} == same
    assert {sign for sign in everything if signs._small(sign) in set(ascii_lowercase)} == set(
        re.findall("[a-z]", everything, re.IGNORECASE)
    )


def test_addresses_of_ways_round_and_of_lookalikes_show_the_same_signs_as_without_a_first_look() -> None:
    number = 0
    for request in requests():
        for text in {request.asked, unquote(request.asked)}:
            small, number = signs._small(text), number + 1
            found = slowly_named(signs._CERTAIN, text), slowly_named(signs._DOUBTFUL, text)
            assert (signs._SURELY.named(small), signs._PERHAPS.named(small)) == found
            assert signs._SOON.search(small) or found == ("", ""), text
    assert number > 1500


def slowly_looked_at(request: WebRequest) -> tuple[tuple[str, Does], ...]:
    """``wrapped._look_at`` without what spares most addresses most of it."""
    path, _, query = request.asked.partition("?")
    found = list[tuple[str, Does]]()
    for host in request.names:
        for name in within_name(host, query):
            found.append((f"https://{name}{request.asked if host.endswith('.translate.goog') else '/'}", Does.SHOWS))
        for wrapper in wrapped._wrappers(host):
            if request.asked.lower().startswith(wrapper.path):
                found.extend((text, wrapper.does) for text in wrapped._of_wrapper(wrapper, request.asked))
    match = wrapped._IN_A_PATH.search(path, 1)
    if match is not None and path[: match.start()].lower().endswith(("/", "%2f")):
        found.extend((text, Does.SHOWS) for text in spelled(request.asked[match.start() :], bare=False))
    if request.opened and not wrapped._TOLD.search(path):
        found.extend((text, Does.PERHAPS) for text in wrapped._of_any_site(path, query))
    return tuple(found)


def test_an_address_in_an_address_is_found_by_the_quick_look_too() -> None:
    found = 0
    for request in requests():
        if len(request.asked) < wrapped._LONGEST:
            assert wrapped._addresses(request) == slowly_looked_at(request), request.asked
            assert wrapped.wrapped_in(request) == wrapped._wrapped_in.__wrapped__(request)
            found += bool(wrapped.wrapped_in(request))
    assert found > 300


def group(name: str) -> Group:
    return Group(name, name, Inspect.FULL)


def test_somebody_is_known_by_what_is_seen_now_and_not_by_what_was_seen_before() -> None:
    people = People((group("pupils"), Group("staff", "staff", Inspect.FULL, users=frozenset({"j.smith"}))), "pupils")
    at_portal = Found(1, "00:00:00:00:00:01", user="j.smith", source=Source.PORTAL, since=AT)
    for _ in range(2):
        assert people.identify("10.0.0.1", None).confidence is Confidence.UNKNOWN
        assert people.identify("10.0.0.1", None, at_portal).user == "j.smith"
        later = replace(at_portal, since=AT + timedelta(hours=1))
        assert people.identify("10.0.0.1", None, later).since == later.since
        assert people.identify("10.0.0.1", "j.smith").confidence is Confidence.LOGIN
        assert people.identify("10.0.0.1", None, NOTHING).user is None
    assert people.identify("10.0.0.1", None) is people.identify("10.0.0.1", None)


def test_who_was_seen_is_remembered_of_so_many_only() -> None:
    people = People((group("pupils"),), "pupils")
    for number in range(10_000):
        people.identify(f"10.0.{number // 256}.{number % 256}", None)
    assert 0 < len(people._known) <= 4096


def test_whether_pages_are_judged_is_what_the_rules_say_at_every_moment(default: Settings) -> None:
    snapshot = default.snapshot
    moments = [AT + timedelta(hours=hour) for hour in range(0, 24 * 7, 3)]
    for moment in moments * 2:  # the second time from memory
        request = request_from_url("https://site.example/", at=moment)
        for each in snapshot.people.groups:
            identity = snapshot.people.probe(each.id)
            periods = snapshot.calendar.moment(moment, each.id).periods
            for subject in (Subject.PAGES, Subject.PICTURES):
                told = any(_could_do(rule, each.id, periods, subject) for rule in snapshot.rules)
                assert is_judged(identity, request, snapshot, subject) == (told and each.inspect is Inspect.FULL)


def _could_do(rule: Rule, name: str, periods: frozenset[str], subject: Subject) -> bool:
    does = rule.action in (Action.WARN, Action.BLOCK)
    return does and name in rule.groups and rule.when in periods and subject in rule.subjects


def test_a_moment_is_that_of_who_is_asked_about(default: Settings) -> None:
    calendar = default.snapshot.calendar
    at = AT + timedelta(days=2)
    fresh = replace(calendar)
    for name in ("staff", "pupils", "staff", "staff"):
        for user in ("", "somebody"):
            assert calendar.moment(at, name, user) == replace(fresh).moment(at, name, user)
            assert calendar.moment(AT, name, user) == replace(fresh).moment(AT, name, user)
