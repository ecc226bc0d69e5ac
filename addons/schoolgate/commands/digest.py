"""``schoolgate digest``: the Headteacher's page of a day, a week or a term."""

from datetime import UTC, datetime
from pathlib import Path

import click

from schoolgate.enquiry import moment_of
from schoolgate.settings.load import Settings
from schoolgate.terminal import Wrong, config_option, open_settings


@click.command()
@click.option("--period", type=click.Choice(["day", "week", "term"]), required=True)
@click.option("--at", help="A day in the period, like 2026-11-24.  [default: today]")
@click.option("--send", is_flag=True, help="Mail it to the people that alerts.yaml names.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write digest.html and digest.txt there.")
@config_option
def digest(period: str, at: str | None, send: bool, out: Path | None, config: Path | None) -> None:
    """The Headteacher's page of a day, a week or a term: shown, mailed, or written to a folder."""
    from schoolgate.office import digest as make
    from schoolgate.reporting.period import span

    with open_settings(config) as settings:
        try:
            day = moment_of(at, settings).astimezone(settings.school.timezone).date()
            rendered = make(settings, span(period, day, settings.snapshot.calendar))
        except ValueError as error:
            raise Wrong(str(error)) from None
        if out is not None:
            try:
                out.mkdir(parents=True, exist_ok=True)
                (out / "digest.html").write_text(rendered.html)
                (out / "digest.txt").write_text(rendered.text)
            except OSError as error:
                raise Wrong(f"{out}: cannot be written: {error.strerror}") from None
            click.echo(f"Written: {out / 'digest.html'} and {out / 'digest.txt'}")
        if send:
            _send(settings, rendered.subject, rendered.text, rendered.html)
        if not send and out is None:
            click.echo(rendered.text, nl=False)


def _send(settings: Settings, subject: str, text: str, html: str) -> None:
    from schoolgate.alerting.post import Letter, send

    to = settings.recipients(settings.alerts.digest.to)
    if not to:
        raise Wrong("config/alerts.yaml: digest: to: names no role that school.yaml fills")
    stamp = int(datetime.now(UTC).timestamp())
    letter = Letter(tuple(to), subject, text, html, f"<digest-{stamp}@{settings.school.mail.sender.partition('@')[2]}>")
    outcome = send(letter, settings.school.mail, settings.folders.root)
    if outcome.left:
        raise click.ClickException(f"not sent to {', '.join(outcome.left)}: {outcome.error}")
    click.echo(f"Sent to {', '.join(to)}.")
