"""``schoolgate demo``: a whole school on this machine, to be looked at before anything is installed."""

import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schoolgate.terminal import Wrong, told_plainly

if TYPE_CHECKING:
    from schoolgate.demo.play import Demo

_LOOK_EVERY = 0.5  # seconds


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Where the console opens.  [default: 8081, or a free port]")
@click.option(
    "--keep", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Leave the school's folder in DIR."
)
@click.option("--quick", is_flag=True, help="Fewer pupils and no pauses.")
def demo(port: int | None, keep: Path | None, quick: bool) -> None:
    """A pretend school, played through the real gateway on this machine, with the console open to be looked at.

    Nothing is installed, nothing leaves this machine, and Ctrl-C leaves nothing behind.
    """
    from schoolgate.demo.play import Demo, stopped_by_signals

    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise Wrong(f"--keep {keep}: is not empty; name a new folder")
    playing = Demo(port, keep, quick)
    with stopped_by_signals():
        try:
            _play(playing)
        except KeyboardInterrupt:
            click.echo("\nThe demonstration ends …", err=True)
        finally:
            playing.close()
    click.echo(f"Everything of it is in {keep}." if keep else "Nothing of it is left on this machine.")


def _play(playing: "Demo") -> None:
    """Play it, say where everything is, and wait. Raises KeyboardInterrupt, and Wrong or a fault in plain words."""
    from schoolgate.child import CannotStart
    from schoolgate.demo.day import NotAsTold

    try:
        with told_plainly(), _shown(playing.length) as show:
            for words in playing.play():
                show(words)
    except CannotStart as error:
        raise Wrong(str(error)) from None
    except NotAsTold as error:
        words = f"the day did not go as it should: {error}\nThe gateway said last:\n{playing.last_words()}"
        raise click.ClickException(words) from None
    click.echo(_banner(playing))
    while playing.gateway.alive:
        time.sleep(_LOOK_EVERY)
    raise click.ClickException(f"the gateway ended by itself:\n{playing.last_words()}")


@contextmanager
def _shown(steps: int) -> Iterator[Callable[[str], None]]:
    """A line for each step, with a bar below them on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda words: click.echo(words, err=True)
        return
    with Progress(BarColumn(), MofNCompleteColumn(), console=console, transient=True) as bars:
        task = bars.add_task("", total=steps)

        def show(words: str) -> None:
            bars.console.print(f"  {words}", markup=False, highlight=False)
            bars.advance(task)

        yield show


def _banner(demo: "Demo") -> str:
    """Where everything is, who can log in, and what to look at first."""
    from schoolgate.demo.guide import LOOK_FIRST, PRETENDED
    from schoolgate.demo.school import NAME, PEOPLE, SHOWN

    console, guide = (f"http://127.0.0.1:{port}/" for port in (demo.ports.console, demo.ports.guide))
    logins = [
        f"    {person.login:11} {demo.passwords[person.login]}   {person.name}, {person.title}"
        for person in PEOPLE
        if person.login in SHOWN
    ]
    first = [f"    {number}. {words}" for number, words in enumerate(LOOK_FIRST, 1)]
    lines = [
        "",
        f"  {NAME}",
        "",
        *(f"  {line}" for line in textwrap.wrap(PRETENDED, 100)),
        "  Today is working time at every hour (a duty in calendar.yaml), so that visits of staff count now.",
        "",
        f"  Console     {console}",
        "  Log in as   (passwords of this run only)",
        *logins,
        "",
        f"  Guide       {guide}   the letters that were sent, and what people saw on their screens",
        f"  Proxy       127.0.0.1:{demo.ports.proxy}   for a browser of your own, with the CA {demo.certificate}",
        "",
        "  Look first at",
        *first,
        "",
        f"  Folder      {demo.root}" + ("" if demo.keeps else "   (deleted at the end)"),
        "  End         Ctrl-C",
        "",
    ]
    return "\n".join(lines)
