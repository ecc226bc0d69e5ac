"""Lists are fetched when they are due, in the school's hours, and the technician hears of what needs her, once."""

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pretend.publisher import Page, Publisher
from pretend.school import School
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, load_settings
from schoolgate.upkeep import Upkeep

CATEGORY = """
category: gambling
title: Gambling
theme: commerce
why: w
sources: [{{name: fresh, url: "{url}", format: domains, refresh: 3d}}]
"""
_NOW = datetime.now(UTC)
# the next 03:30 (or 04:30 in London): the process that updates looks at the real clock, which must not be ahead
NIGHT = (_NOW + timedelta(days=_NOW.hour >= 3)).replace(hour=3, minute=30)
MANY = "".join(f"site{number}.example\n" for number in range(100)).encode()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    world = Publisher().start()
    world.pages["/list"] = Page(MANY, etag='"1"')
    yield world
    world.stop()


@pytest.fixture
def settings(tmp_path: Path, publisher: Publisher) -> Settings:
    lists = {"gambling.yaml": CATEGORY.format(url=publisher.url("/list"))}
    school = School(tmp_path, blocklists=lists, update='"02:00-05:00"').without_publishers().write()
    return load_settings(find_folders(school.config))


def _to_its_end(upkeep: Upkeep, settings: Settings, now: datetime) -> list[str]:
    """Everything that an update which begins now has to say; fails if none begins."""
    assert upkeep.round(settings, now) == []
    assert upkeep.is_busy
    end = time.monotonic() + 60
    while time.monotonic() < end:
        words = upkeep.round(settings, now)
        if not upkeep.is_busy:
            return words
        time.sleep(0.1)
    raise AssertionError("the update did not end")


def test_by_day_nothing_is_fetched_and_by_night_what_is_due(settings: Settings, publisher: Publisher) -> None:
    upkeep = Upkeep()
    upkeep.round(settings, NIGHT.replace(hour=11))
    assert not upkeep.is_busy
    assert _to_its_end(upkeep, settings, NIGHT) == []
    copy = settings.copies.get("fresh")
    assert copy is not None
    assert copy.entries == 100
    upkeep.round(settings, NIGHT + timedelta(minutes=5))
    assert not upkeep.is_busy, "it was asked a moment ago"
    assert len(publisher.requests("/list")) == 1


def test_a_list_that_shrank_is_told_once(settings: Settings, publisher: Publisher) -> None:
    upkeep = Upkeep()
    _to_its_end(upkeep, settings, NIGHT)
    publisher.pages["/list"] = Page(b"one.example\n", etag='"2"')
    often = replace(settings, remotes=tuple(replace(r, refresh=timedelta(seconds=1)) for r in settings.remotes))
    time.sleep(1.1)  # the update's own process looks at the real clock
    [words] = _to_its_end(upkeep, often, NIGHT + timedelta(days=1))
    assert "held back" in words
    assert "schoolgate lists update --accept fresh" in words
    time.sleep(1.1)
    assert _to_its_end(upkeep, often, NIGHT + timedelta(days=2)) == []


def test_an_update_that_is_killed_is_told_and_tried_again(settings: Settings, publisher: Publisher) -> None:
    page = publisher.pages["/list"] = Page(MANY, pace=(1, 5.0))
    upkeep = Upkeep()
    upkeep.round(settings, NIGHT)
    [process] = [child for child in multiprocessing.active_children() if child.name == "lists"]
    process.kill()
    process.join()
    [words] = upkeep.round(settings, NIGHT)
    assert "ended by itself" in words
    page.let_go.set()
    publisher.pages["/list"] = Page(MANY, etag='"1"')
    _to_its_end(upkeep, settings, NIGHT + timedelta(minutes=2))
    assert settings.copies.get("fresh") is not None


def test_stopping_ends_an_update_that_hangs(settings: Settings, publisher: Publisher) -> None:
    publisher.pages["/list"] = Page(MANY, pace=(1, 5.0))
    upkeep = Upkeep()
    upkeep.round(settings, NIGHT)
    assert upkeep.is_busy
    started = time.monotonic()
    upkeep.stop()
    assert time.monotonic() - started < 3
