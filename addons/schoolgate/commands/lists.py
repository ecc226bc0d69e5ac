"""``schoolgate lists``: bring lists up to date, compile them, and see what they say of a site, and why."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schoolgate.lists.compiler import CategoryList, Report, compile_index
from schoolgate.lists.guards import Guard
from schoolgate.lists.publishers.copies import AlreadyUpdating
from schoolgate.settings.blocklists import FORMATS
from schoolgate.settings.folders import Folders
from schoolgate.settings.load import Settings, load_settings
from schoolgate.terminal import Wrong, config_option, open_settings

if TYPE_CHECKING:
    from schoolgate.lists.publishers.update import Progress

_TELL_EVERY = 5.0  # seconds between two plain lines of progress


@click.group()
def lists() -> None:
    """Bring lists up to date, compile them, and see what they say of a site."""


@lists.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--force", is_flag=True, help="Ask every publisher now, whenever a list was last asked for.")
@click.option("--accept", metavar="NAME", multiple=True, help="Take the copy of this list that was held back.")
@config_option
def update(names: tuple[str, ...], force: bool, accept: tuple[str, ...], config: Path | None) -> None:
    """Download the lists that are due (or those NAMEd) from their publishers, and compile.

    A running gateway takes the new lists up by itself. Exit 1 when a list failed or was held back.
    """
    from schoolgate.lists.publishers.update import Result
    from schoolgate.upkeep import update_lists

    with open_settings(config, _load_with_progress, for_keeps=True) as settings:
        remotes = {remote.name: remote for remote in settings.remotes}
        for name in (*names, *accept):
            if name not in remotes:
                raise Wrong(f"no list called {name!r} is downloaded; there is {', '.join(sorted(remotes)) or 'none'}")
        if not remotes:
            click.echo("No list is downloaded: no file of blocklists/ has a source with an https: address.")
            return
        for name in accept:
            _accept(settings, name)
        if accept and not names:
            _compile_again(config)
            return
        wanted = tuple(remotes[name] for name in names) or settings.remotes
        with _shown() as show:
            try:
                outcomes = update_lists(settings, wanted, lambda: datetime.now(UTC), force or bool(names), show)
            except AlreadyUpdating as error:
                raise Wrong(str(error)) from None
        for outcome in outcomes:
            click.echo(f"{outcome.result.upper():9}  {outcome.words}")
    _compile_again(config)
    if any(outcome.result in (Result.FAILED, Result.HELD) for outcome in outcomes):
        sys.exit(1)


def _accept(settings: Settings, name: str) -> None:
    from schoolgate.upkeep import entries_of

    remote = next(remote for remote in settings.remotes if remote.name == name)
    try:
        copy = settings.copies.accept(name, datetime.now(UTC), lambda path: entries_of(remote, path))
    except (ValueError, AlreadyUpdating) as error:
        raise Wrong(str(error)) from None
    click.echo(f"TAKEN      {name}: {copy.entries or 0:,} entries are in force from now on")


def _compile_again(config: Path | None) -> None:
    with open_settings(config, _load_with_progress, for_keeps=True) as settings:
        index = settings.snapshot.lists.index  # type: ignore[attr-defined]
        click.echo(f"{len(index):,} entries are compiled in {settings.index}.")


@lists.command("compile")
@config_option
def compile_command(config: Path | None) -> None:
    """Put all lists into one index file, and say what was left out of it, where and why."""
    from schoolgate.listing import statistics

    started = time.monotonic()
    with open_settings(config, _load_anew, for_keeps=True) as settings:
        stats = statistics(settings, datetime.now(UTC))
        click.echo(_stats_in_words(stats))
        click.echo(f"Compiled in {time.monotonic() - started:.1f} s. A running gateway takes it up by itself.")


@lists.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@config_option
def stats(as_json: bool, config: Path | None) -> None:
    """Every list: how many entries count, how old it is, and what was left out of it, where and why."""
    from schoolgate.listing import statistics

    with open_settings(config, _load_with_progress) as settings:
        found = statistics(settings, datetime.now(UTC))
    click.echo(json.dumps(found, indent=2) if as_json else _stats_in_words(found))


@lists.command()
@click.argument("domain")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@config_option
def lookup(domain: str, as_json: bool, config: Path | None) -> None:
    """Which lists name DOMAIN (or an address with a path), since when, and why it is not listed where it is not."""
    from schoolgate.listing import account_of

    with open_settings(config, _load_with_progress) as settings:
        try:
            account = account_of(domain, settings)
        except ValueError as error:
            raise Wrong(str(error)) from None
    if as_json:
        click.echo(json.dumps(account, indent=2))
        return
    click.echo(account["site"])
    for line in account["lines"]:
        click.echo(f"  {line['word']:11} {line['words']}")


def _load_anew(folders: Folders) -> Settings:
    return load_settings(folders, compile_them=_compile_shown, anew=True)


def _load_with_progress(folders: Folders) -> Settings:
    """The settings; where lists have to be compiled for them, the terminal shows how far that is."""
    return load_settings(folders, compile_them=_compile_shown)


def _compile_shown(path: Path, lists: Iterable[CategoryList], guard: Guard) -> Report:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    lists = tuple(lists)
    number = sum(len(each.sources) for each in lists)
    console = Console(stderr=True)
    if not console.is_terminal:
        click.echo(f"Compiling {number} lists of others and {len(lists)} of our own …", err=True)
        return compile_index(path, lists, guard, FORMATS)
    with Progress(TextColumn("Compiling {task.description}"), BarColumn(), console=console) as bars:
        task = bars.add_task("lists", total=number)
        seen: set[str] = set()

        def tell(name: str, lines: int) -> None:
            seen.add(name)
            bars.update(task, completed=len(seen), description=f"{name} ({lines:,})")

        return compile_index(path, lists, guard, FORMATS, tell)


@contextmanager
def _shown() -> Iterator[Callable[["Progress"], None]]:
    """Bars on a terminal, a plain line now and then elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Bars(*columns, console=console) as bars:
            tasks: dict[str, Any] = {}

            def draw(progress: "Progress") -> None:
                if progress.name not in tasks:
                    tasks[progress.name] = bars.add_task(progress.name, total=progress.total)
                bars.update(tasks[progress.name], completed=progress.done, total=progress.total)

            yield draw
        return
    last: dict[str, float] = {}

    def say(progress: "Progress") -> None:
        now = time.monotonic()
        if now - last.setdefault(progress.name, now) >= _TELL_EVERY:
            last[progress.name] = now
            of = f" of {progress.total:,}" if progress.total else ""
            click.echo(f"{progress.name}: {progress.done:,}{of} bytes", err=True)

    yield say


def _stats_in_words(stats: dict[str, Any]) -> str:
    lines = [f"{'list':32} {'category':16} {'entries':>11}  copy"]
    for each in stats["lists"]:
        lines.append(f"{each['name']:32} {each['category']:16} {each['entries']:>11,}  {each['copy']}")
        lines += [f"      {note}" for note in each["notes"]]
    lines += [
        "",
        f"{stats['entries']:,} entries in {stats['index']}, {stats['bytes'] / 1e6:.1f} MB, version {stats['version']}.",
    ]
    return "\n".join(lines)
