"""Commands about the school's files: a new school's, whether they are sound, and what they may hold."""

import json
import sys
from pathlib import Path

import click

from schoolgate.settings.folders import make_school
from schoolgate.settings.models import FILES
from schoolgate.terminal import Wrong, config_option, open_settings, told_plainly


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write a new school's config/, blocklists/local/ and reports/ into DIR, to edit."""
    with told_plainly():
        try:
            written = make_school(folder)
        except FileExistsError as error:
            raise Wrong(f"{error.args[0]}: there is a config already; nothing was written") from None
        except OSError as error:
            raise Wrong(f"{folder}: cannot be written: {error.strerror}") from None
    for path in written:
        click.echo(path)
    click.echo("Lists come from the shipped blocklists/; a file of the same name in your own replaces one.")
    click.echo("First edit config/people.yaml (networks) and config/school.yaml (who is told, mail server), then:")
    click.echo(f"  {Path(sys.argv[0]).name} config check --config {folder / 'config'}")
    click.echo(f"  {Path(sys.argv[0]).name} run --config {folder / 'config'}")


@click.group()
def config() -> None:
    """Check the settings, or show what they may hold."""


@config.command("check")
@config_option
def config_check(config: Path | None) -> None:
    """Every fault of config/ and blocklists/, by file and line."""
    from schoolgate.service import read_all

    with open_settings(config, read_all) as settings:
        snapshot = settings.snapshot
        for advice in settings.advice:
            click.echo(f"Note: {advice}")
        click.echo(
            f"The settings are sound (version {snapshot.version}): {len(snapshot.rules)} rules, "
            f"{len(snapshot.people.groups)} groups, {len(snapshot.categories)} categories."
        )


@config.command("schema")
@click.argument("name", type=click.Choice(list(FILES)), required=False)
def config_schema(name: str | None) -> None:
    """JSON Schema of one file, or of all, for editors."""
    schemas = {key: model.model_json_schema(by_alias=True) for key, model in FILES.items()}
    click.echo(json.dumps(schemas[name] if name else schemas, indent=2))
