"""The reports of reports/: which files are reports, what each says of itself, and which of them the office sends.

A report begins with its front matter, in lines of YAML that Jinja takes for a comment::

    {#---
    title: The technician's week
    to: [technician]
    people: none
    period: week
    when: fri
    ---#}
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from schoolgate.settings.alert_models import ReportEntry, ReportFront, When
from schoolgate.settings.document import Document, parse_document
from schoolgate.settings.faults import Fault, SettingsError, unknown
from schoolgate.settings.folders import Folders, shipped

_BEGIN, _END = "{#---\n", "---#}"
_LATE = frozenset({"term", "year"})
USUAL: dict[str, When] = {"day": "school_days", "week": "fri", "term": "end", "year": "end"}
"""When a report goes out that alerts.yaml names without saying when, by its period."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report: its name is that of its file, without ``.html``."""

    name: str
    path: Path
    front: ReportFront


def report_files(folders: Folders, faults: list[Fault] | None = None) -> list[ReportFile]:
    """Every report, by name; a file of the school's own replaces a shipped one.

    One that cannot be used is left out, and its faults are added to ``faults``.
    """
    names = {path.name for root in (shipped(), folders.root) for path in (root / "reports").glob("*.html")}
    found: list[ReportFile] = []
    for name in sorted(names):
        try:
            found.extend(_report(folders, name))
        except SettingsError as error:
            if faults is not None:
                faults.extend(error.faults)
    return found


def report_file(folders: Folders, name: str) -> ReportFile:
    """One report by its name. Raises SettingsError where its front matter is faulty, ValueError where there is none."""
    known = [each.name for each in report_files(folders)]
    if f"{name}.html" not in {path.name for path in folders.own_reports()} and name not in known:
        raise ValueError(unknown("report", name, known))
    found = next(_report(folders, f"{name}.html"), None)
    if found is None:
        called = folders.named(folders.report(f"{name}.html"))
        raise ValueError(
            f"{called}:1: this is no report, as it has no front matter; begin it with the line {_BEGIN.strip()}"
        )
    return found


def sent_by_itself(reports: Iterable[ReportFile], entries: list[ReportEntry] | None) -> list[ReportEntry]:
    """What the office sends, whole: what alerts.yaml says, or else what the reports say themselves."""
    known = {each.name: each.front for each in reports}
    if entries is None:
        return [ReportEntry(name=name, to=front.to, when=front.when) for name, front in known.items() if front.when]
    return [
        ReportEntry(
            name=entry.name,
            to=known[entry.name].to if entry.to is None else entry.to,
            when=entry.when or known[entry.name].when or USUAL[known[entry.name].period],
        )
        for entry in entries
        if entry.name in known
    ]


def check_entries(
    alerts: Document | None, entries: list[ReportEntry] | None, folders: Folders, roles: Collection[str]
) -> Iterator[Fault]:
    """What alerts.yaml says of reports that are not there, at times that do not fit, or to roles that nobody knows."""
    if alerts is None or not entries:
        return
    fronts = {each.name: each.front for each in report_files(folders)}
    own = {path.stem for path in folders.own_reports()}
    for number, entry in enumerate(entries):
        place = ("reports", number)
        for index, role in enumerate(entry.to or []):
            if role not in roles:
                yield alerts.fault((*place, "to", index), unknown("role", role, roles))
        if entry.name not in fronts:
            if entry.name not in own:
                yield alerts.fault((*place, "name"), unknown("report", entry.name, fronts))
        elif words := misfit(fronts[entry.name].period, entry.when):
            yield alerts.fault((*place, "when"), words)


def misfit(period: str, when: str | None) -> str:
    """Why a report of that period cannot go out then; "" where it can."""
    if when is None or (when == "end") == (period in _LATE):
        return ""
    fitting = "end" if period in _LATE else "school_days, or a weekday like fri"
    return f"a report of a {period} goes out at {fitting}, not at {when!r}"


def _report(folders: Folders, name: str) -> Iterator[ReportFile]:
    """A report, or nothing where the file is none; one of the school's own may leave its front matter out."""
    own = folders.report(name)
    for path in dict.fromkeys((own, shipped() / "reports" / name)):
        front = _front(path, folders.named(path)) if path.is_file() else None
        if front is not None:
            yield ReportFile(name.removesuffix(".html"), own, front)
            return


def _front(path: Path, called: str) -> ReportFront | None:
    try:
        text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(called, 0, f"cannot be read as UTF-8 text: {error}")]) from None
    if not text.startswith(_BEGIN):
        return None
    lines, end, _ = text.removeprefix(_BEGIN).partition(_END)
    if not end:
        raise SettingsError([Fault(called, 1, f"the front matter has no end; write {_END} below it")])
    document = parse_document(f"\n{lines}", called)
    front = document.read(ReportFront)
    if words := misfit(front.period, front.when):
        raise SettingsError([document.fault(("when",), words)])
    return front
