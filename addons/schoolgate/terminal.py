"""What all commands share: where the settings are, exit codes, and plain words for a human's mistake."""

import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path

import click

from schoolgate.access import Account, account_of
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import Folders, find_folders
from schoolgate.settings.load import UNWRITABLE, Settings, load_settings
from schoolgate.store.copies import is_damage
from schoolgate.store.pseudonym import open_pseudonyms

WRONG = 2  # exit code, beside click's 0 and 1

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Folder that holds school.yaml.  [default: ./config, or the shipped one]",
)


class Wrong(click.ClickException):
    """The command or a file is wrong."""

    exit_code = WRONG


def unreadable(data: Path, error: sqlite3.Error) -> click.ClickException:
    """The words for a record that cannot be read, with what is done about it."""
    words = f"{data}: the record cannot be read: {error}"
    if is_damage(error):
        words += (
            "; it is damaged. A gateway that runs puts it aside within seconds and goes on with its last good copy:"
        )
        words += " ask again then. See docs/backup.md."
    return click.ClickException(words)


@contextmanager
def told_plainly() -> Iterator[None]:
    """A human's mistake in a file gets its lines and exit code 2, never a stack trace."""
    try:
        yield
    except SettingsError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        number = len(error.faults)
        raise Wrong(f"{number} fault{'s' if number > 1 else ''}; correct and try again.") from None


@contextmanager
def open_settings(
    config: Path | None, load: Callable[[Folders], Settings] = load_settings, for_keeps: bool = False
) -> Iterator[Settings]:
    """The settings; where their data folder cannot be written, lists are compiled in a temporary one.

    ``for_keeps`` is for commands whose very purpose is what stays in that folder.
    """
    with told_plainly():
        folders = find_folders(config)
        try:
            loaded = load(folders)
        except SettingsError as error:
            if for_keeps or not any(UNWRITABLE in fault.words for fault in error.faults):
                raise
            with tempfile.TemporaryDirectory() as folder:
                yield load_settings(folders, Path(folder))
            return
        yield loaded


@contextmanager
def progress(doing: str, done: str, what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, a plain line for each tenth elsewhere (``done`` so many of so many ``what``).

    What it gives is told how many are done, of how many.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if console.is_terminal:
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task(doing)
            yield lambda so_far, total: bar.update(task, completed=so_far, total=total)
        return
    told = 0

    def plainly(so_far: int, total: int) -> None:
        nonlocal told
        if total and so_far * 10 // total > told:
            told = so_far * 10 // total
            click.echo(f"{done} {so_far:,} of {total:,} {what}.", err=True)

    yield plainly


def ask_account(settings: Settings, login: str, roles: Iterable[str] | None) -> Account:
    """Who gives the command: ``login`` with its password (asked for, or read from standard input) and one of ``roles``.

    Where ``roles`` is None the password is enough: what somebody asks about herself. Raises Wrong where no passwords
    are set up, the password is wrong, or none of the roles is theirs.
    """
    allowed = None if roles is None else list(roles)
    if settings.people.logins is None:
        words = "config/people.yaml: no logins: is set, so nobody can say who they are; set passwords with"
        raise Wrong(f"{words} 'schoolgate login USER' and add: logins: {{file: logins.htpasswd, ask: []}}")
    password = getpass(f"Password of {login}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        account = account_of(settings, open_pseudonyms(settings.data), login, password)
    except OSError as error:
        raise Wrong(f"{error.filename}: cannot be read: {error.strerror}") from None
    if account is None:
        raise Wrong(f"--by: no such login, or not the password of {login!r}; nothing was done")
    if allowed is not None and set(allowed).isdisjoint(account.roles):
        named = f"user: {account.login}"
        words = f"--by: {account.login} has none of the roles that may do this ({', '.join(allowed)})"
        raise Wrong(f"{words}; config/school.yaml gives one under roles: with '{named}'")
    return account
