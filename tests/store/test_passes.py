"""What was learned of pinned apps, kept in one file for all workers."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from schoolgate.store.passes import FILE, FOLDER, HOLDS, Passes

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_what_one_worker_learns_another_knows_at_once(tmp_path: Path) -> None:
    one, other = Passes(tmp_path), Passes(tmp_path)
    assert not other.now().passes
    one.learn("a.example", "app", "it refuses", "", NOW)
    other.learn("a.example", "other", "it refuses", "", NOW)
    assert list(one.now().passes["a.example"].classes) == ["app", "other"]
    assert (tmp_path / FOLDER / FILE).stat().st_mode & 0o077 == 0


def test_it_holds_fourteen_days_and_is_learned_anew_for_those_who_still_refuse(tmp_path: Path) -> None:
    passes = Passes(tmp_path)
    passes.learn("a.example", "app", "it refuses", "", NOW)
    held = passes.now().passes["a.example"]
    assert (held.holds(NOW + HOLDS - timedelta(seconds=1)), held.holds(NOW + HOLDS)) == (True, False)
    passes.learn("a.example", "other", "it refuses", "", NOW + HOLDS)
    assert list(passes.now().passes["a.example"].classes) == ["other"]


def test_another_kind_of_program_prolongs_nothing_for_the_first(tmp_path: Path) -> None:
    passes = Passes(tmp_path)
    for day, program in enumerate(["app", "second", "third"]):
        passes.learn("a.example", program, "it refuses", "", NOW + timedelta(days=day * 7))
    held, now = passes.now().passes["a.example"], NOW + timedelta(days=14)
    assert [held.holds_for(each, now) for each in ("app", "second", "third", "fourth")] == [False, True, True, False]


def test_who_provokes_many_pushes_out_nothing_that_was_kept(tmp_path: Path) -> None:
    passes = Passes(tmp_path)
    passes.learn("kept.example", "app", "it refuses", "", NOW)
    assert passes.keep("kept.example")
    path = tmp_path / FOLDER / FILE
    document = json.loads(path.read_text())
    provoked = {"classes": {}, "since": NOW.isoformat(), "until": (NOW + HOLDS).isoformat(), "how": "", "service": ""}
    document["passes"] += [{"host": f"w{number}.example", **provoked} for number in range(999)]
    path.write_text(json.dumps(document))
    passes.learn("new.example", "app", "it refuses", "", NOW)
    hosts = list(passes.now().passes)
    assert (len(hosts), hosts[:2], hosts[-1]) == (1000, ["kept.example", "w1.example"], "new.example")


def test_it_can_be_kept_for_good_and_forgotten(tmp_path: Path) -> None:
    passes = Passes(tmp_path)
    assert (passes.keep("a.example"), passes.forget("a.example")) == (False, False)
    passes.learn("a.example", "app", "it refuses", "", NOW)
    assert passes.keep("a.example")
    passes.learn("a.example", "other", "it refuses", "", NOW)
    assert passes.now().passes["a.example"].holds(NOW + timedelta(days=1000))
    assert passes.forget("a.example")
    assert not passes.now().passes


def test_what_is_held_back_is_shown_until_it_is_learned(tmp_path: Path) -> None:
    passes = Passes(tmp_path)
    passes.stop("a.example", "nobody knows it", NOW)
    assert passes.now().stopped["a.example"].why == "nobody knows it"
    passes.learn("a.example", "app", "it refuses", "", NOW)
    assert not passes.now().stopped


def test_a_device_without_the_certificate_is_news_once_a_day(tmp_path: Path) -> None:
    passes = Passes(tmp_path)
    later = [timedelta(), timedelta(hours=23), timedelta(hours=25)]
    assert [passes.distrust("10.20.0.2", NOW + each) for each in later] == [True, False, True]


def test_nothing_is_kept_longer_than_a_month(tmp_path: Path) -> None:
    passes = Passes(tmp_path)
    passes.learn("a.example", "app", "it refuses", "", NOW)
    passes.learn("kept.example", "app", "it refuses", "", NOW)
    assert passes.keep("kept.example")
    passes.stop("b.example", "nobody knows it", NOW)
    passes.distrust("10.20.0.2", NOW)
    passes.stop("c.example", "nobody knows it", NOW + timedelta(days=45))
    now = passes.now()
    assert (list(now.passes), list(now.stopped), list(now.untrusting)) == (["kept.example"], ["c.example"], [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"passes": [{"host": "a"}], "stopped": [], "untrusting": []}',
        json.dumps(
            {
                "passes": [{"host": "a", "classes": {"b": "x"}, "since": "x", "until": "y", "how": "", "service": ""}],
                "stopped": [],
                "untrusting": [],
            }
        ),
    ],
)
def test_a_damaged_file_passes_nothing_and_is_begun_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / FILE).write_text(text)
    passes = Passes(tmp_path)
    for _ in range(2):
        with pytest.raises(ValueError, match="damaged"):
            passes.now()
    with pytest.raises(ValueError, match="damaged"):
        passes.forget("a")
    passes.learn("a.example", "app", "it refuses", "", NOW)
    assert list(passes.now().passes) == ["a.example"]
