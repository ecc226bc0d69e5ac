"""``schoolgate replay``: what edited settings would have done to the past weeks, before anybody saves them."""

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from schoolgate.access import names_of
from schoolgate.enquiry import moment_of, since_of
from schoolgate.lists.compiler import CategoryList, Report
from schoolgate.lists.guards import Guard
from schoolgate.replay.outcome import Change
from schoolgate.replay.run import Replay
from schoolgate.replay.run import replay as judge_again
from schoolgate.settings.blocklists import compile_lists
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import Folders, data_folder, find_folders
from schoolgate.settings.load import Settings, load_settings
from schoolgate.settings.school_models import SchoolFile
from schoolgate.store.pseudonym import find_pseudonyms
from schoolgate.store.record import open_reader
from schoolgate.terminal import Wrong, progress, told_plainly, unreadable

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.option("--config", "new", type=_FOLDER, required=True, metavar="NEW", help="Folder with the edited settings.")
@click.option("--current", type=_FOLDER, help="Folder with the settings in force.  [default: ./config]")
@click.option("--since", default="14d", show_default=True, help="A length of time (1h, 7d) or a moment.")
@click.option("--until", help="A moment.  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def replay(new: Path, current: Path | None, since: str, until: str | None, as_json: bool) -> None:
    """What if: which past visits and blocks would go otherwise under edited settings.

    NEW is a copy of the school's folder with config/ and blocklists/, edited; where it has no blocklists/, those in
    force are taken. Nothing is changed by this: the record is read, and a running gateway is left alone.
    """
    with _both(new, current) as (now, edited):
        first, last = _span(since, until, now)
        with progress("Judging events", "Judged", "events") as tell:
            try:
                with open_reader(now.data, with_waiting=True) as reader:
                    found = judge_again(reader, now, edited, first, last, _logins(now, edited), tell)
            except sqlite3.Error as error:
                raise unreadable(now.data, error) from None
            except OSError as error:
                raise Wrong(f"{error.filename}: cannot be read: {error.strerror}") from None
        if as_json:
            versions = {"current": now.snapshot.version, "new": edited.snapshot.version}
            click.echo(json.dumps(versions | _as_json(found), indent=2))
        else:
            click.echo("\n".join(map(_seen, _in_words(found, now))))


@contextmanager
def _both(new: Path, current: Path | None) -> Iterator[tuple[Settings, Settings]]:
    """The settings in force and the edited ones, with their lists compiled in a folder that goes afterwards."""
    with told_plainly(), tempfile.TemporaryDirectory(prefix="schoolgate-") as place:
        index = Path(place)
        with _named("The settings in force"):
            here = find_folders(current)
            _lay_out(index, here)
            now = _load(here, index)
        with _named("The edited settings"):
            there = _edited(find_folders(new), here)
            edited = _load(there, index, now)
        yield now, edited


def _lay_out(index: Path, folders: Folders) -> None:
    """Links to what the gateway has compiled already, so that lists that have not changed are not compiled again."""
    school = ConfigFiles(folders).read("school", SchoolFile)
    for compiled in (data_folder(folders, school) / "index").glob("*.index") if school else ():
        (index / compiled.name).symlink_to(compiled)


def _edited(there: Folders, here: Folders) -> Folders:
    if there.config == here.config.resolve():
        words = "these are the settings in force; copy the folder, edit the copy, and name that"
        raise Wrong(f"--config {there.config}: {words}")
    if (there.root / "blocklists").is_dir():
        return there
    return Folders(there.config, here.root)


def _load(folders: Folders, index: Path, now: Settings | None = None) -> Settings:
    """The settings of a folder; with ``now``, lists are the school's copies of those that were downloaded."""

    def compile_them(path: Path, lists: Iterable[CategoryList], guard: Guard) -> Report:
        click.echo("Compiling the lists, as no gateway has done so yet ...", err=True)
        return compile_lists(path, lists, guard)

    return load_settings(folders, index, compile_them, copies=now.copies if now else None)


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Says whose faults follow."""
    try:
        yield
    except SettingsError:
        click.echo(f"{what}:", err=True)
        raise


def _span(since: str, until: str | None, settings: Settings) -> tuple[datetime, datetime]:
    try:
        first = since_of(since, settings)
    except ValueError as error:
        raise Wrong(str(error)) from None
    try:
        last = moment_of(until, settings)
    except ValueError as error:
        raise Wrong(f"--until: {error}") from None
    if first >= last:
        raise Wrong("--since and --until: the time ends before it begins")
    return first, last


def _logins(*known: Settings) -> dict[str, str]:
    """The logins behind pseudonyms that either settings name; none where the school has no key yet."""
    pseudonyms = find_pseudonyms(known[0].data)
    if pseudonyms is None:
        return {}
    return {code: login for settings in known for code, login in names_of(settings, pseudonyms).items()}


def _as_json(found: Replay) -> dict[str, Any]:
    told = asdict(found) | {"since": found.since.isoformat(), "until": found.until.isoformat()}
    return {"changed": found.changed, **told}


def _in_words(found: Replay, settings: Settings) -> Iterator[str]:
    zone = settings.school.timezone
    first, last = (f"{moment.astimezone(zone):%a %d %b %Y, %H:%M}" for moment in (found.since, found.until))
    yield f"{_events(found.events)} from {first} to {last}:"
    yield f"{found.changed:>9,} would go otherwise"
    another = f", {found.by_another:,} of them by another rule" if found.by_another else ""
    yield f"{found.same:>9,} would go as they do now{another}"
    yield f"{sum(each.events for each in found.missed):>9,} cannot be judged again"
    for change in found.changes:
        yield ""
        yield from _change(change)
    if found.missed:
        yield "\nNot judged again:"
        for each in found.missed:
            touched = f"; {each.touched:,} of these by a rule that the edit changes" if each.touched else ""
            yield f"{each.events:>9,} {each.why}{touched}"
    yield ""
    yield from _context(found)


def _change(change: Change) -> Iterator[str]:
    category = change.category or "not listed"
    moves = f" (then in the group {change.moves})" if change.moves else ""
    yield f"{_events(change.events)} of {change.group}, {category}: {change.before} -> {change.after}{moves}"
    yield f"    decided by {change.rule or 'no rule'}; now by {change.rule_before or 'no rule'}"
    shown = ", ".join(f"{each.host} ({each.events:,})" for each in change.examples)
    more = f" and {change.hosts - len(change.examples):,} more" if change.hosts > len(change.examples) else ""
    yield f"    {'site' if change.hosts == 1 else 'sites'}: {shown}{more}"


def _context(found: Replay) -> Iterator[str]:
    yield f"Told at once: {_events(found.told_after)}, in place of {found.told_before:,}."
    if found.drifted:
        words = "were judged otherwise when they happened than the settings in force would judge them"
        yield f"{_events(found.drifted)} {words}: settings or lists have changed since."
    if not found.allowed:
        return
    yield "\nWhat was simply allowed is counted and not recorded, so its sites cannot be listed:"
    for group in found.allowed:
        yield f"{group.requests:>9,} requests of {group.group}, {group.listed:,} of them to sites that a list names"
    for each in found.expected:
        yield f"{each.requests:>9,} of {each.group} to {each.category} would meet {each.rule}: {each.action}"
    if not found.expected:
        yield "          none of them would meet a rule that the edit brings"


def _seen(line: str) -> str:
    """What a record says steers no terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "?" for sign in line)


def _events(number: int) -> str:
    return f"{number:,} event{'' if number == 1 else 's'}"
