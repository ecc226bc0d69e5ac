"""``schoolgate restart``: the running gateway's processes are replaced one after the other, and nobody is refused."""

import os
import signal
import time
from pathlib import Path

import click

from schoolgate.crew import Roll
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
        before = _found(settings)
        try:
            os.kill(before.pid, signal.SIGHUP)
        except PermissionError:
            raise Wrong("the gateway belongs to another user; run this as that user, or with sudo") from None
        stands = _wait(settings, before)
    if stands != Roll.DONE:
        raise click.ClickException("Not every process could be replaced; the old ones go on. See the gateway's log.")
    click.echo("Every process of the gateway has been replaced.")


def _wait(settings: Settings, before: Running) -> str:
    """How it ended. One that is under way already is ended first; a gateway that takes no notice is told of."""
    end = time.monotonic() + _ENDS_WITHIN
    begins = time.monotonic() + _BEGINS_WITHIN
    while (now := _found(settings)).begun == before.begun or now.roll == Roll.UNDER_WAY:
        if now.roll == Roll.UNDER_WAY:
            begins = time.monotonic() + _BEGINS_WITHIN
        if time.monotonic() > min(begins, end):
            raise click.ClickException(f"The gateway (process {now.pid}) does not answer; nothing may have been done.")
        time.sleep(_LOOK_EVERY)
    return now.roll


def _found(settings: Settings) -> Running:
    found = running(settings.data)
    if found is None:
        raise Wrong(f"no gateway is running with {settings.data}; start it with 'schoolgate run'")
    return found
