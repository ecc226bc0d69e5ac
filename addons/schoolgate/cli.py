"""The commands: what a technician, a Headteacher or a script can ask of schoolgate."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from schoolgate.settings.folders import find_folders
from schoolgate.terminal import Wrong, config_option, told_plainly

_COMMANDS = {
    "init": "settings.init",
    "config": "settings.config",
    "lists": "lists.lists",
    "login": "logins.login",
    "setup-code": "logins.setup_code",
    "passes": "passes.passes",
    "gateway": "gateway.gateway",
    "doctor": "doctor.doctor",
    "devices": "devices.devices",
    "demo": "demo.demo",
    "restart": "restart.restart",
    "backup": "backup.backup",
    "restore": "restore.restore",
    "check": "check.check",
    "visits": "visits.visits",
    "replay": "replay.replay",
    "events": "events.events",
    "digest": "digest.digest",
    "report": "reports.report",
    "reports": "reports.reports",
    "coverage": "coverage.coverage",
    "verify": "record.verify",
    "retention": "record.retention",
    "hold": "record.hold",
    "explain": "record.explain",
    "cases": "cases.list_cases",
    "case": "cases.show_case",
    "open": "openings.open_site",
    "shut": "openings.shut_site",
    "requests": "openings.requests",
    "reveal": "people.reveal",
    "sar": "people.sar",
    "evidence": "people.evidence",
    "notices": "notices.notices",
    "dpia": "notices.dpia",
}
"""Where each command is, below ``commands``: only the one that is asked for is imported."""


class _Commands(click.Group):
    """The group of all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS and cmd_name not in self.commands:
            module, name = _COMMANDS[cmd_name].split(".")
            command: Any = getattr(import_module(f"schoolgate.commands.{module}"), name)
            self.add_command(command, cmd_name)
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
