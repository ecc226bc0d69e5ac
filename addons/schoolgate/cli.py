"""The commands: what a technician, a Headteacher or a script can ask of schoolgate."""

from pathlib import Path

import click

from schoolgate.commands.backup import backup
from schoolgate.commands.cases import list_cases, show_case
from schoolgate.commands.check import check
from schoolgate.commands.coverage import coverage
from schoolgate.commands.demo import demo
from schoolgate.commands.devices import devices
from schoolgate.commands.digest import digest
from schoolgate.commands.doctor import doctor
from schoolgate.commands.events import events
from schoolgate.commands.gateway import gateway
from schoolgate.commands.lists import lists
from schoolgate.commands.logins import login, setup_code
from schoolgate.commands.notices import dpia, notices
from schoolgate.commands.openings import open_site, requests, shut_site
from schoolgate.commands.passes import passes
from schoolgate.commands.people import evidence, reveal, sar
from schoolgate.commands.record import explain, hold, retention, verify
from schoolgate.commands.replay import replay
from schoolgate.commands.reports import report, reports
from schoolgate.commands.restart import restart
from schoolgate.commands.restore import restore
from schoolgate.commands.settings import config as config_commands
from schoolgate.commands.settings import init
from schoolgate.commands.visits import visits
from schoolgate.settings.folders import find_folders
from schoolgate.terminal import Wrong, config_option, told_plainly


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="schoolgate")
def main() -> None:
    """schoolgate: the network filter and monitor of a school.

    Exit codes: 0 good, 1 a fault, 2 the command or a file is wrong, 3 blocked (check only).
    """


@main.command()
@config_option
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes.")
def run(config: Path | None, workers: int) -> None:
    """Run the gateway and the office until Ctrl-C, which drains and stops."""
    from schoolgate.child import CannotStart
    from schoolgate.service import Supervisor

    with told_plainly():
        try:
            Supervisor(find_folders(config), workers, lambda words: click.echo(words)).run()
        except CannotStart as error:
            raise Wrong(str(error)) from None
    click.echo("schoolgate has stopped; everything is in the record.")


_SETTINGS = (init, config_commands, lists, login, setup_code, passes, gateway, doctor, devices, demo)
_UPKEEP = (restart, backup, restore)
_VERDICTS = (check, visits, replay)
_RECORD = (events, digest, report, reports, coverage, verify, retention, hold, explain)
_PEOPLE = (list_cases, show_case, open_site, shut_site, requests, reveal, sar, evidence, notices, dpia)
for _command in (*_SETTINGS, *_UPKEEP, *_VERDICTS, *_RECORD, *_PEOPLE):
    main.add_command(_command)
