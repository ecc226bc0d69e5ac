"""``schoolgate gateway``: makes this machine the way to the internet, tells how it stands, and takes it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from schoolgate.gateway import installation
from schoolgate.gateway.nftables import NoNftables
from schoolgate.gateway.system import CannotInstall
from schoolgate.terminal import Wrong, config_option, open_settings

workers_option = click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
root_option = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/"),
    show_default=True,
    help="Only write the files below this folder, such as a disk image; put nothing in force.",
)


@click.group()
def gateway() -> None:
    """Bring a whole network's web traffic to the filter: nftables and systemd."""


@gateway.command()
@workers_option
@config_option
def show(workers: int, config: Path | None) -> None:
    """Show every file that install would write."""
    with _told(), open_settings(config) as settings:
        for path, text in installation.planned(settings, workers).items():
            click.echo(f"# /{path}\n{text}")


@gateway.command()
@workers_option
@root_option
@config_option
def install(workers: int, root: Path, config: Path | None) -> None:
    """Write nftables' table and systemd's units, and put them in force; again after an edit of the settings."""
    with _told(), open_settings(config, for_keeps=True) as settings:
        for line in installation.install(settings, workers, root):
            click.echo(line)


@gateway.command()
@root_option
def remove(root: Path) -> None:
    """Stop the gateway and take away what install wrote. The record and the settings stay."""
    with _told():
        lines = list(installation.remove(root))
        for line in lines or ["Nothing of schoolgate is installed here."]:
            click.echo(line)


@gateway.command()
@click.option("--workers", type=click.IntRange(1, 64), help="As many as it should run; left out: as it was installed.")
@config_option
def status(workers: int | None, config: Path | None) -> None:
    """Whether the table and the units are in force as the settings say; exit code 1 where something is not."""
    with _told(), open_settings(config) as settings:
        findings = list(installation.status(settings, workers))
    for finding in findings:
        click.echo(("ok    " if finding.good else "WRONG ") + finding.words)
    if not all(finding.good for finding in findings):
        raise click.exceptions.Exit(1)


@contextmanager
def _told() -> Iterator[None]:
    """What stands in the way is said in a line, with exit code 2."""
    try:
        yield
    except (CannotInstall, NoNftables) as error:
        raise Wrong(str(error)) from None
    except OSError as error:
        raise Wrong(f"{error.filename}: {error.strerror}; nothing further was done") from None
