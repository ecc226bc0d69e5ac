"""What a worker knows of notices that were read: from the record, from its own pages, and when the record is damaged."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from schoolgate.proxy.standing import Standings
from schoolgate.proxy.tokens import Tokens, open_tokens
from schoolgate.store.event import Deed, deed_event
from schoolgate.store.journal import Journal
from schoolgate.store.record import FILE

NOW = datetime.now(UTC)
VERSION = "2026-3fa90c12"


def _say(journal: Journal, deed: Deed, **given: str) -> None:
    journal.append({"t": "event", **deed_event(NOW, deed, "u-1", "abc", **given).row()})


def test_what_another_process_wrote_is_known_in_time(tmp_path: Path) -> None:
    standings, other, faults = Standings(tmp_path), Journal(tmp_path, "worker2"), list[Exception]()
    standings.read(faults.append)
    assert not standings.now.acknowledged

    async def wait() -> None:
        standings.running()
        _say(other, Deed.NOTICE, person="u-1", notice=VERSION)
        until = f"{NOW.isoformat()}/{(NOW + timedelta(hours=1)).isoformat()}"
        _say(other, Deed.DECLARED, person="u-1", about="x.com", why="a lesson", entry=until)
        async with asyncio.timeout(60):
            while not standings.now.declared:
                await asyncio.sleep(0.1)
        await standings.done()

    asyncio.run(wait())
    assert standings.now.acknowledged == {("u-1", VERSION)}
    assert [each.purpose for each in standings.now.declared] == ["a lesson"]
    assert faults == []


def test_another_look_knows_at_once_what_another_process_wrote(tmp_path: Path) -> None:
    standings, other, faults = Standings(tmp_path), Journal(tmp_path, "worker2"), list[Exception]()
    standings.read(faults.append)
    assert not standings.look_again()
    _say(other, Deed.NOTICE, person="u-1", notice=VERSION)
    assert standings.look_again()
    assert standings.now.acknowledged == {("u-1", VERSION)}
    assert not standings.look_again()
    assert faults == []


def test_what_it_was_told_itself_holds_at_once_and_stays(tmp_path: Path) -> None:
    standings, faults = Standings(tmp_path), list[Exception]()
    standings.read(faults.append)
    standings.acknowledge("u-2", VERSION)
    assert standings.now.acknowledged == {("u-2", VERSION)}
    _say(Journal(tmp_path, "worker2"), Deed.NOTICE, person="u-1", notice=VERSION)
    standings.read(faults.append)
    assert standings.now.acknowledged == {("u-1", VERSION), ("u-2", VERSION)}


def test_a_record_that_cannot_be_read_is_told_once_and_what_was_known_holds(tmp_path: Path) -> None:
    standings, faults = Standings(tmp_path), list[Exception]()
    standings.acknowledge("u-2", VERSION)
    (tmp_path / FILE).write_bytes(b"this is no database, and it is long enough to be taken for one" * 100)
    for _ in range(3):
        standings.read(faults.append)
    assert len(faults) == 1
    assert standings.now.acknowledged == {("u-2", VERSION)}


def test_a_token_is_good_for_just_what_it_was_made_for(tmp_path: Path) -> None:
    tokens = open_tokens(tmp_path)
    token = tokens.of("notice", "u-1", VERSION, "https://x.com", "/a")
    assert open_tokens(tmp_path).holds(token, "notice", "u-1", VERSION, "https://x.com", "/a")
    assert not tokens.holds(token, "notice", "u-1", VERSION, "https://x.com/", "a")
    assert not Tokens(b"other").holds(token, "notice", "u-1", VERSION, "https://x.com", "/a")
    assert not tokens.holds("é", "notice")
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["forms.key"]
    assert (tmp_path / "keys" / "forms.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("parts", [("a", "b"), ("ab",), ("a", "b", "")])
def test_texts_do_not_run_into_each_other(parts: tuple[str, ...]) -> None:
    others = {("a", "b"), ("ab",), ("a", "b", "")} - {parts}
    tokens = Tokens(b"key")
    assert all(tokens.of(*parts) != tokens.of(*other) for other in others)
