"""The workers of a gateway and what becomes of them, with processes that do nothing but live and die."""

import time
from collections.abc import Callable, Iterator

import pytest
from pretend.children import stands_still, waits, works
from schoolgate import crew
from schoolgate.child import STOP, Child
from schoolgate.crew import REPLACED, Crew, Roll

Begin = Callable[..., Crew]


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """A crew of one worker that runs; all of its processes end with the test."""
    monkeypatch.setattr(crew, "_SPARE_AFTER", 600.0)
    monkeypatch.setattr(crew, "_FIRST_SPARE_AFTER", 600.0)
    crews: list[Crew] = []

    def start(main: Callable[..., None], *others: Callable[..., None]) -> Crew:
        made = Crew(1, lambda number: Child(f"worker {number}", main, ()), lambda pid: None)
        made.others = [Child(other.__name__, other, ()) for other in others]
        crews.append(made)
        for child in (*made.places, *made.others):
            child.start("settings")
            child.wait_until_ready()
        return made

    yield start
    for child in (each for made in crews for each in (*made.everybody(), *made.others)):
        child.tell(STOP)
        if child.process is not None:
            child.process.kill()
            child.process.join(40)


def rounds(made: Crew, holds: Callable[[], bool], within: float = 60.0) -> float:
    """Let it work until something holds; the seconds that the longest round took."""
    end, longest = time.monotonic() + within, 0.0
    while not holds():
        began = time.monotonic()
        assert began < end
        made.round("settings")
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.05)
    return longest


def test_a_worker_that_stands_still_is_ended_and_told_of(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_STANDS_STILL", 2.0)
    made = begin(stands_still)
    [worker] = made.places
    rounds(made, lambda: not worker.alive)
    assert made.told == "worker 1 stood still for 2 seconds and is ended."


def test_a_spare_that_does_not_take_the_place_it_is_given_is_ended(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_SPARE_AFTER", 0.0)
    monkeypatch.setattr(crew, "_FIRST_SPARE_AFTER", 0.0)
    monkeypatch.setattr(crew, "_STANDS_STILL", 2.0)
    made = begin(waits)
    [worker] = made.places
    rounds(made, lambda: made.spare is not None and made.spare.is_ready())
    assert worker.process is not None
    worker.process.kill()
    worker.process.join(40)
    assert made.revive(worker)
    assert worker.alive
    rounds(made, lambda: not worker.alive)


def test_where_the_whole_machine_stood_still_nobody_is_ended_for_it(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_STANDS_STILL", 1.0)
    monkeypatch.setattr(crew, "_ASLEEP", 0.5)
    made = begin(stands_still)
    rounds(made, lambda: made.places[0].pulse.value > 0)
    time.sleep(1.5)
    made.round("settings")
    assert made.told == ""


def test_one_that_takes_its_time_to_leave_holds_nothing_else_up(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_GAP_WITHIN", 6.0)
    made = begin(works, stands_still, works)
    old = [child.process for child in (*made.places, *made.others)]
    made.restart()
    longest = rounds(made, lambda: made.roll is Roll.DONE)
    assert longest < 5  # the one that has to be killed took 6
    assert made.told == REPLACED
    now = [child.process for child in (*made.places, *made.others)]
    assert all(before is not after for before, after in zip(old, now, strict=True))
    rounds(made, lambda: not any(process is not None and process.is_alive() for process in old))


@pytest.mark.parametrize(
    ("deaths", "was_ready", "pause"),
    [(0, False, 0), (1, False, 0), (2, False, 2), (3, False, 4), (5, True, 0), (6, True, 2), (60, True, 30)],
)
def test_one_that_keeps_dying_young_is_started_after_growing_pauses(deaths: int, was_ready: bool, pause: float) -> None:
    child = Child("worker 1", works, (), early_deaths=deaths, ready=was_ready)
    assert child.pause() == pause
