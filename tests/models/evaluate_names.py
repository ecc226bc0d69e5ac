"""Measures the name model on names it has not learnt from, and says how that was made sure.

Needs what ``train_names.py`` needs:

    PYTHONPATH=addons python tests/models/evaluate_names.py [--data DIR] [--quick] [--split LETTER]

``--quick`` measures the shipped file on the hand-written sensitive names (and on the page-load sample, if it is there),
which no model has ever learnt from. Otherwise the model is trained anew for each split below, on everything but the
sources that the split holds out, and measured through the same file and the same code that a gateway runs:

- a held-out ordinary source teaches nothing at all, even where another list has the same site, and has no part in the
  thresholds; of it those sites are measured that no list which ships knows as harmful, for only those ask the model;
- of a held-out harm source those sites are measured that no other list of any category has ("unknown"); what the other
  lists know is counted as "lists alone". Sites that only lists which do not ship know are left out of both.
"""

import argparse
import gzip
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from name_data import DATA, DIRTY, HERE, Lists, Site, families, hosts_of, word_lists
from schoolgate.lists.names import NameModel, site_of

SPLITS: dict[str, tuple[str, ...]] = {
    "A": (
        "hagezi-uk",
        "gambling/ut1",
        "adult/sinfonietta",
        "dating/shadowwhisperer",
        "piracy/ut1",
        "circumvention/shadowwhisperer",
    ),
    "B": (
        "opendns",
        "gambling/shadowwhisperer",
        "adult/anti-porn",
        "dating/ut1",
        "piracy/nextdns",
        "circumvention/ut1",
    ),
    "C": (
        "whotracksme",
        "moz",
        "universities",
        "gambling/sinfonietta-gambling",
        "adult/shadowwhisperer",
        "circumvention/nextdns",
    ),
}


def known(site: Site, without: str = "") -> bool:
    """Whether a list that ships names the site as harmful."""
    return any(s not in DIRTY and f"{c}/{s}" != without for c, found in site.harm.items() for s in found)


def ordinary(model: NameModel, lists: Lists, source: str) -> None:
    """Print the false blocks on one ordinary source."""
    names = [n for n in lists.of("ordinary", source) if not known(lists.sites[n])]
    judged = {name: found for name in names if (found := model.judge(name))}
    by = Counter(found.category for found in judged.values())
    print(
        f"\n  {source}: {len(judged)} of {len(names)} ordinary sites blocked, {len(judged) / len(names):.3%}  {dict(by)}"
    )
    worst = sorted(judged, key=lambda name: -judged[name].confidence)
    print("   ", " ".join(f"{name}({judged[name].category[:3]} {judged[name].confidence:.2f})" for name in worst))


def harmful(model: NameModel, lists: Lists, key: str, all_ordinary: float) -> None:
    """Print the recall on one harm source."""
    category, source = key.split("/")
    names = lists.of(category, source)
    others = {name: [s for s in lists.sites[name].sources() if s != key] for name in names}
    unknown = [name for name in names if not others[name]]
    listed = [name for name in names if known(lists.sites[name], key)]
    judged = [model.judge(name) for name in unknown]
    blocked = sum(found is not None for found in judged)
    right = sum(found is not None and found.category == category for found in judged)
    sizes = families(unknown)
    every = sum(1 / sizes[name] for name in unknown)
    by_family = sum(1 / sizes[name] for name, found in zip(unknown, judged, strict=True) if found) / max(1.0, every)
    whole = len(unknown) + len(listed)
    share = blocked / max(1, len(unknown))
    precision = 0.05 * share / (0.05 * share + 0.95 * all_ordinary) if share else 0.0
    print(
        f"  {key:38} lists alone {len(listed) / whole:6.1%}  lists + model {(len(listed) + blocked) / whole:6.1%}  | "
        f"of {len(unknown):6} unknown: blocked {share:6.1%}, by families {by_family:6.1%}, right category "
        f"{right / max(1, blocked):6.1%}  precision if 1 in 20 is harmful {precision:.1%}"
    )


def sensitive(model: NameModel) -> None:
    """Print the false blocks on the hand-written groups."""
    groups = {f"models/{stem}": names for stem, names in word_lists("sensitive").items()}
    for path in sorted((HERE.parent / "words" / "sensitive").glob("*.txt")):
        groups[f"words/{path.stem}"] = list(hosts_of(path.read_text()))
    for group, names in groups.items():
        judged = [(name, found) for name in names if (found := model.judge(name))]
        said = " ".join(f"{name}({found.category[:3]} {found.confidence:.2f})" for name, found in judged)
        print(f"  {group:40} {len(judged):3} of {len(names):4} blocked, {len(judged) / max(1, len(names)):.2%}  {said}")


def telling(model: NameModel) -> None:
    """Print the recall on the invented English names of harmful sites."""
    for category, names in word_lists("telling").items():
        missed = [name for name in names if not (found := model.judge(name)) or found.category != category]
        print(f"  telling/{category:32} {len(names) - len(missed)} of {len(names)} known; missed: {' '.join(missed)}")


def traffic(model: NameModel, data: Path, lists: Lists) -> None:
    """Print the false blocks on the hosts of real page loads (development data, never shipped, never learnt from)."""
    path = data / "traffic_sample" / "requests.jsonl.gz"
    if not path.exists():
        return
    hosts = set()
    with gzip.open(path, "rt") as lines:
        for line in lines:
            row = json.loads(line)
            hosts.update(hosts_of(str(row.get("url") or row.get("host") or "")))
    fresh = {host for host in hosts if not (site := lists.sites.get(site_of(host, lists.suffixes))) or not known(site)}
    judged = {host: found for host in sorted(fresh) if (found := model.judge(host))}
    print(f"  page-load sample: {len(judged)} of {len(fresh)} unlisted hosts blocked  {list(judged)[:20]}")


def speed(model: NameModel, hosts: Sequence[str]) -> None:
    """Print the microseconds of a judgement."""
    best = min(_once(model, hosts) for _ in range(5))
    opened = min(_open_once(model.path) for _ in range(5))
    print(f"  {best:.2f} us a judgement on {len(hosts)} hosts; opened in {opened * 1000:.0f} ms")


def _once(model: NameModel, hosts: Sequence[str]) -> float:
    judge, began = model.judge, time.perf_counter()
    for host in hosts:
        judge(host)
    return (time.perf_counter() - began) / len(hosts) * 1e6


def _open_once(path: Path) -> float:
    began = time.perf_counter()
    NameModel(path)
    return time.perf_counter() - began


def quick(data: Path, lists: Lists) -> None:
    """Measure the shipped file."""
    model = NameModel()
    print(f"shipped model {model.version}, {model.path.stat().st_size:,} bytes, {', '.join(model.categories)}")
    sensitive(model)
    telling(model)
    traffic(model, data, lists)
    for source in ("hagezi-uk", "opendns"):
        names = lists.of("ordinary", source)
        random.Random(1).shuffle(names)
        speed(model, names)


def evaluate(letter: str, lists: Lists) -> None:
    """Train without the split's sources and measure on them."""
    from train_names import train

    held = SPLITS[letter]
    print(f"\nSPLIT {letter}: trained and tuned without {', '.join(held)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.model"
        train(lists, path, frozenset(held))
        model = NameModel(path)
        tops = [source for source in held if "/" not in source]
        names = [n for s in tops for n in lists.of("ordinary", s) if not known(lists.sites[n])]
        rate = sum(model.judge(name) is not None for name in names) / len(names)
        for source in tops:
            ordinary(model, lists, source)
        for key in held:
            if "/" in key:
                harmful(model, lists, key, rate)
        sensitive(model)
        telling(model)
        speed(model, names)


def main() -> None:
    """Measure what the options ask for."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--split", choices=sorted(SPLITS))
    chosen = options.parse_args()
    lists = Lists(chosen.data)
    if chosen.quick:
        quick(chosen.data, lists)
        return
    for letter in [chosen.split] if chosen.split else sorted(SPLITS):
        evaluate(letter, lists)
    quick(chosen.data, lists)


if __name__ == "__main__":
    main()
