"""A feed is downloaded only where its folder says how; credentials go to its publisher alone and stand nowhere else."""

import base64
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pretend.publisher import Page, Publisher
from pretend.school import School
from schoolgate.lists.sealed.fetching import NotFetched, downloads_of, fetch, is_due
from schoolgate.lists.sealed.taking import take_up
from schoolgate.policy.request import request_from_url
from schoolgate.sealed_upkeep import SealedUpkeep
from schoolgate.settings.load import Settings

NOW = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)
KEY = b"k" * 32
FEED = "/feed?licence=4711"
LIST = b"http://pages.example/bad.html\n"


@pytest.fixture
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    made = Publisher(tmp_path_factory.mktemp("publisher")).start()
    yield made
    made.stop()


def write(root: Path, text: str, mode: int = 0o600) -> Path:
    path = root / "sealed" / "iwf" / "download.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def says(publisher: Publisher, more: str = 'user = "school"\npassword = "secret word"\n') -> str:
    return f'url = "{publisher.url(FEED, "localhost")}"\n{more}'


def is_named(root: Path) -> bool:
    request = request_from_url("http://pages.example/bad.html", at=NOW)
    return take_up(root, root / "var", KEY).sealed.match(request.names, request.asked) is not None


def get(root: Path, publisher: Publisher, now: datetime = NOW) -> None:
    [download], troubles = downloads_of(root, root / "var")
    assert troubles == []
    fetch(download, root / "var", now, publisher.ca)


def test_it_is_fetched_with_its_credentials_and_taken_up(tmp_path: Path, publisher: Publisher) -> None:
    write(tmp_path, says(publisher))
    publisher.pages[FEED] = Page(LIST)
    get(tmp_path, publisher)
    assert publisher.asked[-1].headers["authorization"] == "Basic " + base64.b64encode(b"school:secret word").decode()
    assert is_named(tmp_path)
    for path in (tmp_path / "var").rglob("*"):
        if path.is_file():
            assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
            assert b"secret" not in path.read_bytes()
    write(tmp_path, says(publisher, 'token = "t0ken"\n'))
    get(tmp_path, publisher)
    assert publisher.asked[-1].headers["authorization"] == "Bearer t0ken"


def test_it_is_asked_for_when_it_is_time_and_no_sooner(tmp_path: Path, publisher: Publisher) -> None:
    write(tmp_path, says(publisher, "every_hours = 6\n"))
    [download], _ = downloads_of(tmp_path, tmp_path / "var")
    data = tmp_path / "var"
    assert is_due(download, data, NOW)
    publisher.pages[FEED] = Page(LIST)
    fetch(download, data, NOW, publisher.ca)
    assert not is_due(download, data, NOW + timedelta(hours=5))
    assert is_due(download, data, NOW + timedelta(hours=6))
    publisher.pages[FEED] = Page(status=500)
    with pytest.raises(NotFetched, match="500"):
        fetch(download, data, NOW + timedelta(hours=6), publisher.ca)
    assert not is_due(download, data, NOW + timedelta(hours=6, minutes=20))
    assert is_due(download, data, NOW + timedelta(hours=6, minutes=30))


def test_nothing_newer_counts_as_confirmed(tmp_path: Path, publisher: Publisher) -> None:
    write(tmp_path, says(publisher))
    publisher.pages[FEED] = Page(LIST, '"one"')
    get(tmp_path, publisher)
    get(tmp_path, publisher, NOW + timedelta(hours=7))
    assert publisher.asked[-1].headers["if-none-match"] == '"one"'
    assert is_named(tmp_path)


@pytest.mark.parametrize(
    "answer",
    [
        Page(status=401),
        Page(status=302, headers={"Location": "https://elsewhere.example/"}),
        Page(b"<html>maintenance</html>"),
        Page(b"short", promise=500),
    ],
    ids=["refused", "sent-on", "no-list", "broken-off"],
)
def test_what_goes_wrong_leaves_the_last_good_copy_and_tells_no_address(
    tmp_path: Path, publisher: Publisher, answer: Page
) -> None:
    write(tmp_path, says(publisher))
    publisher.pages[FEED] = Page(LIST)
    get(tmp_path, publisher)
    assert is_named(tmp_path)
    publisher.pages[FEED] = answer
    try:
        get(tmp_path, publisher, NOW + timedelta(hours=7))
    except NotFetched as error:
        assert not any(word in str(error) for word in ("localhost", "4711", "secret", "elsewhere"))
    assert is_named(tmp_path)


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ('url = "http://localhost/feed"', 0o600, "begins with https://"),
        ('url = "https://localhost/feed"', 0o644, "chmod 600"),
        ('url = "https://localhost/feed"\nevery_hours = 0', 0o600, "every_hours"),
        ('url = "https://localhost/feed"\npasword = "x"', 0o600, "'pasword'"),
        ("url = ", 0o600, "cannot be read"),
    ],
)
def test_a_faulty_file_is_told_of_and_nothing_is_fetched(tmp_path: Path, text: str, mode: int, words: str) -> None:
    write(tmp_path, text, mode)
    found, [trouble] = downloads_of(tmp_path, tmp_path / "var")
    assert found == []
    assert words in trouble
    assert "localhost" not in trouble


def test_the_gateway_fetches_by_itself_and_tells_of_troubles_once_a_day(
    settings_of: Callable[[School], Settings], tmp_path: Path, publisher: Publisher
) -> None:
    settings = settings_of(School(tmp_path, upstream_ca=publisher.ca).write())
    upkeep, told = SealedUpkeep(), list[str]()
    assert upkeep.round(settings, NOW) == []
    write(tmp_path, says(publisher))
    publisher.pages[FEED] = Page(status=403)
    for minute in range(1, 60):
        told += upkeep.round(settings, NOW + timedelta(minutes=minute))
        if upkeep._running is not None:
            upkeep._running.result(40)
    assert len(told) == 1
    assert "answered 403" in told[0]
    publisher.pages[FEED] = Page(LIST)
    for minute in range(60, 130):
        upkeep.round(settings, NOW + timedelta(minutes=minute))
        if upkeep._running is not None:
            upkeep._running.result(40)
    upkeep.stop()
    assert is_named(tmp_path)
