"""Somebody who tries a hundred ways round the filter within minutes is one alert, not a hundred."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import yaml
from pretend.school import School
from schoolgate.alerting.alerts import gather, raise_mails
from schoolgate.policy.decision import NAMES_DISAGREE, ODD_PORT, WRAPPED_SEARCH, decide, refuse
from schoolgate.policy.request import WebRequest, request_from_url
from schoolgate.policy.rules import Action, Alert
from schoolgate.policy.signs import of_request
from schoolgate.policy.verdict import Verdict
from schoolgate.policy.visits import Kind, Origin
from schoolgate.settings.load import Settings
from schoolgate.store.event import event_of
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

HOUR = 3600.0


def _tries(settings: Settings) -> list[tuple[WebRequest, Verdict]]:
    """What a pupil tried: sites, resolvers, proxies, tunnels, and requests that are refused for their form."""
    found = list[tuple[WebRequest, Verdict]]()
    for case in yaml.safe_load((Path(__file__).parent / "ways.yaml").read_text()):
        request = request_from_url(case["url"], at=datetime.now(UTC), client="127.0.0.2")
        signs = of_request("GET", request.host, request.asked, case.get("headers", {}))
        verdict = decide(replace(request, signs=signs), settings.snapshot)
        if verdict.theme == "conduct" and verdict.action is Action.BLOCK:
            found.append((request, verdict))
    first, blocked = found[0]
    refused = [refuse(blocked.identity, first, settings.snapshot, rule, "why") for rule in _REFUSED]
    return [*((first, verdict) for verdict in refused), *found]


_REFUSED = (NAMES_DISAGREE, ODD_PORT, WRAPPED_SEARCH)


def test_a_hundred_tries_are_one_alert(tmp_path: Path, settings_of: Callable[[School], Settings]) -> None:
    settings = settings_of(School(tmp_path / "school").write())
    tries = _tries(settings)[:100]
    assert len(tries) == 100
    data = tmp_path / "data"
    data.mkdir()
    journal, pseudonyms = Journal(data, "w"), open_pseudonyms(data)
    recorder, office = Recorder(data, {}), OfficeStore(data)
    now = 1_000_000.0
    for number, (request, verdict) in enumerate(tries):
        event = event_of(request, verdict, Origin(Kind.VISIT, "a test"), pseudonyms)
        journal.append({"t": "event", **event.row()})
        if number % 10 == 9:
            recorder.round()
            with open_reader(data) as reader:
                gather(office, reader, HOUR, now)
            now += 1.0
    raise_mails(office, lambda *_: ["dsl@school.example"], HOUR, now + 30, "school.example")
    [alert] = office.rows("select * from alert")
    assert len(office.rows("select * from mail")) == 1
    at_once = sum(1 for _, verdict in tries if verdict.alert is Alert.IMMEDIATE)
    assert alert["count"] == at_once > 80  # the others are in the digest
