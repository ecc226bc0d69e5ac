"""Commands about reports: which there are, and one of them shown, mailed, or written to a folder."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from schoolgate.commands.deeds import write_files
from schoolgate.enquiry import moment_of
from schoolgate.reporting.report import Rendered
from schoolgate.settings.faults import Fault
from schoolgate.settings.load import Settings
from schoolgate.terminal import Wrong, config_option, open_settings, unreadable

_PERIODS = ["day", "week", "term", "year"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@config_option
def reports(as_json: bool, config: Path | None) -> None:
    """Every report of reports/: what it is, who gets it, of which period, and when it goes out by itself."""
    from schoolgate.reporting.report import readers_of
    from schoolgate.settings.report_files import report_files, sent_by_itself

    with open_settings(config) as settings:
        faults: list[Fault] = []
        found = report_files(settings.folders, faults)
        sent = {entry.name: entry for entry in sent_by_itself(found, settings.alerts.reports)}
        rows = [
            {
                "name": each.name,
                "title": each.front.title,
                "about": each.front.about,
                "period": each.front.period,
                "to": readers_of(settings, each),
                "people": each.front.people,
                "when": sent[each.name].when if each.name in sent else None,
                "file": settings.folders.named(each.path),
            }
            for each in found
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(_line(row))
    for fault in faults:
        click.echo(f"Left out: {fault}", err=True)


def _line(row: dict[str, Any]) -> str:
    known = {None: "on demand", "school_days": "every school day", "end": f"after each {row['period']}"}
    goes = "as alerts.yaml says under digest:" if row["name"] == "digest" else known.get(row["when"])
    goes = goes or f"every {row['when']}"
    return f"{row['name']:18} {row['title']} ({row['period']}), {goes}, to {', '.join(row['to']) or 'nobody'}"


@click.command()
@click.argument("name")
@click.option("--period", type=click.Choice(_PERIODS), help="[default: the one that the report is made for]")
@click.option("--at", help="A day in the period, like 2026-11-24.  [default: today]")
@click.option("--send", is_flag=True, help="Mail it to those who get it by default.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write NAME.html, .txt and .pdf there.")
@config_option
def report(name: str, period: str | None, at: str | None, send: bool, out: Path | None, config: Path | None) -> None:
    """The report NAME ('schoolgate reports' lists them): shown as text, mailed, or written to a folder."""
    from schoolgate.reporting.report import make_report, readers_of, spans_of
    from schoolgate.settings.report_files import report_file

    with open_settings(config) as settings:
        try:
            found = report_file(settings.folders, name)
            day = moment_of(at, settings).astimezone(settings.school.timezone).date()
            rendered = make_report(settings, name, *spans_of(settings, period or found.front.period, day))
        except (ValueError, OverflowError) as error:
            raise Wrong(str(error)) from None
        except sqlite3.Error as error:
            raise unreadable(settings.data, error) from None
        if out is not None:
            _write(out, name, rendered)
        if send:
            mail_to(settings, readers_of(settings, found), rendered, name)
        if not send and out is None:
            click.echo(rendered.text, nl=False)


def mail_to(settings: Settings, roles: list[str], rendered: Rendered, name: str) -> None:
    """Mail a report now. Raises Wrong where nobody fills the roles, ClickException where the mail server fails."""
    from schoolgate.alerting.post import Letter, send

    to = settings.recipients(roles)
    if not to:
        raise Wrong(f"{name}: goes to {', '.join(roles) or 'nobody'}, and school.yaml fills none of these roles")
    domain = settings.school.mail.sender.partition("@")[2]
    message_id = f"<{name}-{int(datetime.now(UTC).timestamp())}@{domain}>"
    letter = Letter(tuple(to), rendered.subject, rendered.text, rendered.html, message_id)
    outcome = send(letter, settings.school.mail, settings.folders.root)
    if outcome.left:
        raise click.ClickException(f"not sent to {', '.join(outcome.left)}: {outcome.error}")
    click.echo(f"Sent to {', '.join(to)}.")


def _write(out: Path, name: str, rendered: Rendered) -> None:
    """The page, the text and, where the extra ``pdf`` is installed, the PDF; for their owner only."""
    from schoolgate.reporting.pdf import HOW_TO_INSTALL, make_pdf

    write_files(out, {f"{name}.html": rendered.html, f"{name}.txt": rendered.text})
    pdf = make_pdf(rendered.html)
    if pdf is not None:
        try:
            path = out / f"{name}.pdf"
            path.touch(mode=0o600)
            path.write_bytes(pdf)
        except OSError as error:
            raise Wrong(f"{out}: cannot be written: {error.strerror}") from None
    click.echo(
        f"Written: {', '.join(str(out / f'{name}.{kind}') for kind in ('html', 'txt', *(['pdf'] if pdf else [])))}"
    )
    if pdf is None:
        click.echo(HOW_TO_INSTALL, err=True)
