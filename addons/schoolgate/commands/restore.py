"""``schoolgate restore``: a backup is put where a school is, or is to be."""

from pathlib import Path

import click

from schoolgate.terminal import Wrong


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--replace", is_flag=True, help="Put aside what is in DIR already. The gateway has to be stopped.")
def restore(file: Path, folder: Path, replace: bool) -> None:
    """Put the backup FILE into DIR, the folder above config/; it is looked at whole before anything is changed."""
    from schoolgate.backup.contents import BadBackup
    from schoolgate.backup.restoring import restore as put_back

    try:
        with file.open("rb") as given:
            done = put_back(given, folder, replace)
    except BadBackup as error:
        raise Wrong(f"{file}: {error}. Nothing was changed.") from None
    except OSError as error:
        what = f"{error.filename or folder}: {error.strerror or error}"
        raise Wrong(f"It is not restored: {what}. Put that right and restore again.") from None
    click.echo(f"{done.manifest.school} is as it was at {done.manifest.made} (schoolgate {done.manifest.version}).")
    for path in done.aside:
        click.echo(f"What was there is kept as {path}")
    click.echo(f"Next: schoolgate config check --config {folder / 'config'}, then start the gateway.")
