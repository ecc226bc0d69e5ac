"""What the gateway's own probes found stands on the health screen."""

from datetime import timedelta
from typing import Any

from schoolgate.console.checks import State, checks
from schoolgate.doctor.finding import Finding, good, wrong
from schoolgate.doctor.history import BY_ITSELF, event_of
from schoolgate.store.journal import Journal


def _probes(console: Any) -> Any:
    return next(each for each in checks(console.desk) if each.name == "Probes")


def _examined(console: Any, found: list[Finding], ago: timedelta) -> None:
    journal = Journal(console.settings.data, "office")
    journal.append({"t": "event", **event_of(found, console.desk.now() - ago, BY_ITSELF, "").row()})
    journal.close()


def test_the_last_examination_counts(console: Any) -> None:
    assert _probes(console).state is State.LOOK
    _examined(console, [good("disk", "Room."), wrong("adult", "No rule.", "Write one.", "pupils")], timedelta(hours=2))
    found = _probes(console)
    assert found.state is State.BAD
    assert "adult (pupils): No rule. What to do: Write one." in found.words
    _examined(console, [good("disk", "Room.")], timedelta(hours=1))
    assert (_probes(console).state, _probes(console).words) == (
        State.GOOD,
        "1 probe was ok 60 minutes ago, none was wrong.",
    )


def test_a_gateway_that_stopped_examining_itself_needs_a_look(console: Any) -> None:
    _examined(console, [good("disk", "Room.")], timedelta(hours=5))
    assert _probes(console).state is State.LOOK
