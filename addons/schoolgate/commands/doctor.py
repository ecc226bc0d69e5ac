"""``schoolgate doctor``: is this gateway really filtering? Probes through the real path, each with what to do."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from schoolgate.doctor.examination import examine, steps
from schoolgate.doctor.finding import Finding, Outcome, wrongs
from schoolgate.doctor.history import ASKED, event_of
from schoolgate.lock import running
from schoolgate.settings.faults import unknown
from schoolgate.settings.load import Settings
from schoolgate.store.journal import Journal
from schoolgate.terminal import Wrong, config_option, open_settings, progress


@click.command()
@click.option("--group", help="Probe as this group only.  [default: as each]")
@click.option("--mail", "really_mail", is_flag=True, help="Send a real test mail to the technician, too.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, one a probe.")
@config_option
def doctor(group: str | None, really_mail: bool, as_json: bool, config: Path | None) -> None:
    """Is this gateway really filtering? Probes it as each group, and all that it rests on.

    Exit code 0 all is well, 1 something is wrong, 2 it does not run, or the command or a file is wrong.
    """
    with open_settings(config) as settings:
        groups = [each.id for each in settings.snapshot.people.groups]
        if group is not None and group not in groups:
            raise Wrong(f"--group: {unknown('group', group, groups)}")
        if not _runs(settings):
            raise Wrong(f"no gateway is running with {settings.data}; start it with 'schoolgate run'")
        found = list[Finding]()
        with progress("Probing", "Done", "steps") as tell:
            for finding in examine(steps(settings, group or "", really_mail), tell):
                found.append(finding)
                click.echo(json.dumps(asdict(finding)) if as_json else _shown(finding))
        _keep(settings, found)
    bad = len(wrongs(found))
    if not as_json:
        skipped = sum(each.outcome is Outcome.SKIPPED for each in found)
        click.echo(f"{len(found) - bad - skipped} ok, {bad} wrong, {skipped} skipped.")
    if bad:
        raise click.exceptions.Exit(1)


def _runs(settings: Settings) -> bool:
    try:
        return running(settings.data) is not None
    except OSError as error:
        raise Wrong(f"{error.filename}: {error.strerror}; run this as root or as the gateway's user") from None


def _shown(finding: Finding) -> str:
    group = f" [{finding.group}]" if finding.group else ""
    advice = f"\n        What to do: {finding.advice}" if finding.advice else ""
    return f"{finding.outcome:8}{finding.probe}{group}: {finding.words}{advice}"


def _keep(settings: Settings, found: Sequence[Finding]) -> None:
    """On record as the hourly ones are; where nothing can be written, the probes have said so."""
    event = event_of(found, datetime.now(UTC), ASKED, settings.snapshot.version)
    try:
        journal = Journal(settings.data, f"doctor{os.getpid()}")
        try:
            journal.append({"t": "event", **event.row()})
        finally:
            journal.close()
    except OSError as error:
        click.echo(f"This was not put on record: {error.strerror}.", err=True)
