"""``schoolgate backup``: settings, lists, record, certificate authority, keys and evidence in one file."""

import os
import sys
from pathlib import Path
from typing import Any, cast

import click

from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import data_folder, find_folders
from schoolgate.settings.school_models import SchoolFile
from schoolgate.terminal import Wrong, config_option, told_plainly
from schoolgate.whole_file import whole


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@config_option
def backup(file: Path, config: Path | None) -> None:
    """Write all that this school's gateway is into FILE ('-' for standard output), also while it runs.

    Who has the file can read the record and pretend to be the gateway: keep it as safe as the gateway itself.
    """
    from schoolgate.backup.contents import BadBackup
    from schoolgate.backup.writing import write_backup

    with told_plainly():
        folders = find_folders(config)
        files = ConfigFiles(folders)
        school = files.read("school", SchoolFile)
        if school is None:
            raise SettingsError(files.faults)
    extra = folders.root / school.upstream_ca if school.upstream_ca else None
    given: Any = (folders.root, data_folder(folders, school), school.name, extra)
    try:
        if str(file) == "-":
            manifest = write_backup(cast(Any, sys.stdout.buffer), *given)
        else:
            with whole(file) as out:
                os.fchmod(out.fileno(), 0o600)
                manifest = write_backup(out, *given)
    except BadBackup as error:
        raise Wrong(f"No backup was made: {error}.") from None
    except OSError as error:
        raise Wrong(f"No backup was made: {error.filename or file}: {error.strerror or error}") from None
    size = sum(size for size, _ in manifest.files.values())
    click.echo(f"{len(manifest.files):,} files ({size / 1e6:,.1f} MB) of {manifest.school} are in {file}.", err=True)
