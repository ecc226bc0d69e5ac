"""What one request costs in everything that is asked outside ``proxy/``: microseconds of CPU a call, part by part.

    .ci/uv run python tests/bench/bench_share.py

The addresses and headers are those of real page loads (``../shared/data/traffic_sample``) under the shipped rules and
lists, as a pupil's device and as a member of staff asks; then the same page once more and again, as a load tool asks.
A part that is asked alone looks for addresses in the address anew; in a row, as in a worker, the first spares it the
others. The last line of each is a look-up in the lists alone, which is a figure that other machines can compare.
With ``--mitmdump`` the CPU of a plain request through bare mitmdump stands beside it, measured in the same run (that
needs root, nginx and gcc, as ``bench_peers.py`` does).
"""

import argparse
import gzip
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import bench_peers
import peers
from pretend.school import School
from schoolgate.content.safe_search import Level, safe_change
from schoolgate.content.searches import open_engines
from schoolgate.content.wrapped_searches import asks_unsafely, search_behind
from schoolgate.policy.decision import decide_for
from schoolgate.policy.identity import Identity
from schoolgate.policy.origin import classify
from schoolgate.policy.ports import past_the_filter
from schoolgate.policy.request import WebRequest, match_target, request_from_url
from schoolgate.policy.rules import Subject
from schoolgate.policy.said import is_judged, text_limit
from schoolgate.policy.signs import of_request, opens_a_page
from schoolgate.proxy.translate import names_disagree
from schoolgate.settings.folders import find_folders, shipped
from schoolgate.settings.load import Settings, load_settings

TRAFFIC = Path(__file__).parents[3] / "shared" / "data" / "traffic_sample" / "requests.jsonl.gz"
HEADERS = {"host": "allowed.example", "user-agent": "load"}
DEVICES = {"a pupil": "127.0.0.2", "staff": "127.0.0.3"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the gate has it, and its headers by lower-case names."""

    request: WebRequest
    headers: Mapping[str, str]
    identity: Identity


def traffic(number: int) -> list[tuple[str, str, dict[str, str]]]:
    """Method, address and headers of so many requests of real page loads, in their order."""
    found: list[tuple[str, str, dict[str, str]]] = []
    with gzip.open(TRAFFIC, "rt") as lines:
        for line in lines:
            row = json.loads(line)
            if row["url"].startswith("http"):
                headers = {name: value for name, value in row["req_headers"].items() if name[0] != ":"}
                found.append((row["method"], row["url"], headers))
            if len(found) == number:
                break
    return found


def asked(rows: list[tuple[str, str, dict[str, str]]], settings: Settings, device: str) -> list[Asked]:
    """The requests of a device, all at this minute."""
    people, now = settings.snapshot.people, datetime.now(UTC)
    identity = people.identify(device, None)
    return [Asked(_judged(url, method, headers, device, now), headers, identity) for method, url, headers in rows]


def _judged(url: str, method: str, headers: Mapping[str, str], device: str, now: datetime) -> WebRequest:
    plain = request_from_url(url, at=now, client=device)
    signs, opened = of_request(method, plain.host, plain.asked, headers), opens_a_page(headers)
    return WebRequest(
        now, device, None, method, plain.scheme, plain.names, plain.port, plain.path, plain.target, plain.query,
        plain.asked, signs, opened,
    )  # fmt: skip


def parts(settings: Settings) -> Iterator[tuple[str, Callable[[Asked], object]]]:
    """What is asked about each request, in the order of its road; each once for every time that duties ask it."""
    snapshot, engines, judge = settings.snapshot, open_engines(), settings.judge
    yield "names and path into one spelling", lambda each: match_target(each.request.path, each.request.query)
    yield "who it is", lambda each: snapshot.people.identify(each.request.client, None)
    yield (
        "signs of circumvention",
        lambda each: (
            of_request(each.request.method, each.request.host, each.request.asked, each.headers),
            opens_a_page(each.headers),
        ),
    )
    yield "port", lambda each: past_the_filter(each.request.port)
    yield "calendar", lambda each: snapshot.calendar.moment(each.request.at, each.identity.group.id, "")
    yield "the verdict", lambda each: decide_for(each.identity, each.request, snapshot)

    def searched(each: Asked) -> object:
        search = search_behind(each.request, engines)
        return search and judge.query(search.words)

    yield "what is searched for", searched
    yield "unsafe searches", lambda each: asks_unsafely(each.request, each.identity, engines)
    yield "names that disagree", lambda each: names_disagree(each.request, each.request.host)
    yield (
        "safe search",
        lambda each: safe_change(
            each.request.host, each.request.path, each.request.query, Level(each.identity.group.safe_search)
        ),
    )
    yield (
        "whether its page is judged (asked 3 times)",
        lambda each: [is_judged(each.identity, each.request, snapshot, Subject.PAGES) for _ in range(3)],
    )
    yield "at which points", lambda each: text_limit(each.identity, each.request, snapshot)
    yield "what the person did", lambda each: classify(each.headers, 200)


def microseconds(work: Callable[[Asked], object], items: list[Asked]) -> float:
    """CPU of one call, the best of five passes; caches are warm after the first, as those of a worker are."""
    best = float("inf")
    for _ in range(5):
        started = time.process_time()
        for item in items:
            work(item)
        best = min(best, time.process_time() - started)
    return best / len(items) * 1e6


def show(title: str, settings: Settings, items: list[Asked]) -> float:
    """Print what each part costs, and all of them in a row, which is returned."""
    print(f"\n{title} ({len(items):,} requests)")
    for name, work in parts(settings):
        print(f"  {name:44} {microseconds(work, items):8.2f} µs")
    works = [work for _, work in parts(settings)]
    row = microseconds(lambda each: [work(each) for work in works], items)
    print(f"  {'all about one request, then about the next':44} {row:8.2f} µs")
    lists = settings.snapshot.lists
    alone = microseconds(lambda each: lists.look_up(each.request.host, each.request.target), items)
    print(f"  {'a look-up in the lists alone':44} {alone:8.2f} µs")
    return row


def bare_mitmdump(folder: Path) -> float:
    """Microseconds of CPU of a plain keep-alive request through bare mitmdump, 32 clients."""
    made_by, tool = peers.authority(folder, "ca"), bench_peers.build(folder)
    site = peers.site(folder, made_by)
    peer = peers.mitmdump(folder, made_by)
    try:
        peers.load(tool, peer, "plain", 32, 2.0)
        return peers.load(tool, peer, "plain", 32, 4.0)["cpu"] * 1000
    finally:
        peer.stop()
        site.terminate()
        site.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--mitmdump", action="store_true", help="measure bare mitmdump beside it")
    options = parser.parse_args()
    if options.mitmdump and bench_peers.INSIDE not in os.environ:
        sys.exit(bench_peers.inside(__file__, sys.argv[1:]))  # in a network and with names of its own
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rules = (shipped() / "config" / "rules.yaml").read_text(encoding="utf-8")
        school = School(folder / "school", rules=rules).without_publishers().write()
        settings = load_settings(find_folders(school.config))
        settings.judge.make_ready()
        rows, totals = traffic(options.requests), dict[str, float]()
        for who, device in DEVICES.items():
            totals[f"page loads of {who}"] = show(f"page loads, {who}", settings, asked(rows, settings, device))
        again = [("GET", "http://allowed.example/10k.html", HEADERS)] * 1000
        for who, device in DEVICES.items():
            totals[f"one page of {who}"] = show(f"one page again, {who}", settings, asked(again, settings, device))
        if options.mitmdump:
            bare = bare_mitmdump(folder)
            print(f"\na plain request through bare mitmdump: {bare:.0f} µs of CPU")
            for title, total in totals.items():
                print(f"  {title:44} {total / bare:8.1%} of it")


if __name__ == "__main__":
    main()
