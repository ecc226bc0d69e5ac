"""What all commands share: where the settings are, exit codes, and plain words for a human's mistake."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import Folders, find_folders
from schoolgate.settings.load import UNWRITABLE, Settings, load_settings

WRONG = 2  # exit code, beside click's 0 and 1

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Folder that holds school.yaml.  [default: ./config, or the shipped one]",
)


class Wrong(click.ClickException):
    """The command or a file is wrong."""

    exit_code = WRONG


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
