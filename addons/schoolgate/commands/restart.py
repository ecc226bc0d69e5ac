"""``schoolgate restart``: the running gateway's processes are replaced one after the other, and nobody is refused."""

import os
import signal
import time
from pathlib import Path

import click

from schoolgate.lock import Running, running
from schoolgate.settings.load import Settings
from schoolgate.terminal import Wrong, config_option, open_settings

_BEGINS_WITHIN = 10.0  # seconds
_ENDS_WITHIN = 600.0  # seconds
_LOOK_EVERY = 0.1  # seconds


@click.command()
@config_option
def restart(config: Path | None) -> None:
    """Replace the running gateway's processes one by one, after an upgrade; no connection is refused meanwhile."""
    with open_settings(config) as settings:
        found = _found(settings)
        try:
            os.kill(found.pid, signal.SIGHUP)
        except PermissionError:
            raise Wrong("the gateway belongs to another user; run this as that user, or with sudo") from None
        end = time.monotonic() + _BEGINS_WITHIN
        while _found(settings).roll != "under way" and time.monotonic() < end:
            time.sleep(_LOOK_EVERY)
        end = time.monotonic() + _ENDS_WITHIN
        while (stands := _found(settings).roll) == "under way" and time.monotonic() < end:
            time.sleep(_LOOK_EVERY)
    if stands != "done":
        raise click.ClickException("Not every process could be replaced; the old ones go on. See the gateway's log.")
    click.echo("Every process of the gateway has been replaced.")


def _found(settings: Settings) -> Running:
    found = running(settings.data)
    if found is None:
        raise Wrong(f"no gateway is running with {settings.data}; start it with 'schoolgate run'")
    return found
