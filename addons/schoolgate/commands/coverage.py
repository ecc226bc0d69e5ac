"""``schoolgate coverage``: how much of each group's traffic the filter can see."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from schoolgate.enquiry import since_of
from schoolgate.reporting.coverage import coverage_of
from schoolgate.store.event import stamp
from schoolgate.store.record import open_reader
from schoolgate.terminal import Wrong, config_option, open_settings


@click.command()
@click.option("--since", default="7d", show_default=True, help="7d, 1h, or a moment such as 2026-11-24T10:00.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, one a group.")
@config_option
def coverage(since: str, as_json: bool, config: Path | None) -> None:
    """The share of connections that are looked into, judged by name, passed through, refused, or break off."""
    with open_settings(config) as settings:
        try:
            begin = since_of(since, settings)
        except ValueError as error:
            raise Wrong(str(error)) from None
        end = datetime.now(UTC) + timedelta(hours=1)  # the hour that is running counts
        with open_reader(settings.data, with_waiting=True) as reader:
            rows = coverage_of(reader, stamp(begin), stamp(end), settings)
        for row in rows:
            if as_json:
                told: dict[str, object] = {"group": row.group, "inspect": row.inspect, "connections": row.total}
                told |= {fate.value: number for fate, number in row.numbers.items()} | {"apps": dict(row.apps)}
                click.echo(json.dumps(told))
            else:
                click.echo(row.in_words())
