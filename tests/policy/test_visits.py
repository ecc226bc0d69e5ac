"""Whether a person did this, or a page did."""

import gzip
import json
from pathlib import Path

import pytest
from schoolgate.policy.visits import Kind, classify

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "traffic_sample" / "requests.jsonl.gz"


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"sec-fetch-dest": "document"}, 200, Kind.VISIT),
        ({"sec-fetch-dest": "document"}, None, Kind.VISIT),
        ({"sec-fetch-dest": "document"}, 302, Kind.REDIRECT),
        ({"sec-fetch-dest": "document"}, 304, Kind.VISIT),
        ({"sec-fetch-dest": "document", "sec-purpose": "prefetch"}, 200, Kind.PREFETCH),
        ({"sec-fetch-dest": "document", "purpose": "prefetch"}, 200, Kind.PREFETCH),
        ({"sec-fetch-dest": "iframe", "sec-fetch-user": "?1"}, 200, Kind.EMBEDDED),
        ({"sec-fetch-dest": "image"}, 200, Kind.EMBEDDED),
        ({"sec-fetch-dest": "empty"}, 200, Kind.EMBEDDED),
        ({"sec-fetch-dest": "serviceworker"}, 200, Kind.BACKGROUND),
        ({"accept": "text/html"}, 200, Kind.UNKNOWN),
        ({"accept": "*/*"}, 200, Kind.UNKNOWN),
        ({"accept": "image/avif,image/webp,*/*;q=0.8"}, 200, Kind.EMBEDDED),
        ({"accept": "text/css,*/*;q=0.1"}, 200, Kind.EMBEDDED),
        ({"accept": "*/*", "referer": "http://x.example/"}, 200, Kind.EMBEDDED),
        ({}, None, Kind.UNKNOWN),
    ],
)
def test_the_browser_says_what_a_request_is_for(headers: dict[str, str], status: int | None, kind: Kind) -> None:
    origin = classify(headers, status)
    assert origin.kind is kind
    assert origin.reason


@pytest.mark.skipif(not SAMPLE.exists(), reason="the traffic sample is not on this machine")
def test_of_real_page_loads_nothing_but_visits_counts() -> None:
    top = ("visit", "visit_redirect", "later_toplevel")  # the page asked for, where it led, where it went by itself
    counted, wrong = 0, list[str]()
    with gzip.open(SAMPLE, "rt") as lines:
        for line in lines:
            row = json.loads(line)
            kind = classify({name.lower(): value for name, value in row["req_headers"].items()}, row["status"]).kind
            counted += kind is Kind.VISIT
            if kind is Kind.VISIT and row["truth"] not in top:
                wrong.append(row["url"])
            if row["truth"] in top and row["status"] == 200 and "sec-fetch-dest" in row["req_headers"]:
                assert kind is Kind.VISIT, row["url"]
    assert wrong == []
    assert counted > 100
