"""Commands about what staff are told and what the school answers for: acknowledged notices, the impact assessment."""

from datetime import UTC, datetime
from pathlib import Path

import click

from schoolgate.access import named, names_of
from schoolgate.commands.deeds import put_on_record, reading, reason_of, write_files
from schoolgate.reporting import dpia as assessment
from schoolgate.reporting.acknowledged import Acknowledged, as_csv, ledger
from schoolgate.settings.faults import unknown
from schoolgate.settings.load import Settings
from schoolgate.settings.notice import in_text, notices_of
from schoolgate.store.event import Deed
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.terminal import Wrong, ask_account, config_option, open_settings


@click.command()
@click.option("--csv", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write the ledger to this file.")
@click.option("--text", is_flag=True, help="Show the notice itself, as it is now.")
@click.option("--group", help="With --text: only of this group.")
@click.option("--by", metavar="LOGIN", help="Who you are: shows names beside the codes, for a role that may.")
@click.option("--reason", help="With --by: why the names are needed; it goes on record.")
@config_option
def notices(
    file: Path | None, text: bool, group: str | None, by: str | None, reason: str | None, config: Path | None
) -> None:
    """Who acknowledged which notice, and when: under codes, or with names for a role that may see them."""
    if bool(by) != bool(reason):
        raise Wrong("--by and --reason go together: names are shown for a reason")
    if group and not text:
        raise Wrong("--group goes with --text")
    if text and (file or by):
        raise Wrong("--text shows the notice itself, which names nobody: it goes without --csv and --by")
    with open_settings(config, for_keeps=not text) as settings:
        if text:
            _show_notices(settings, group)
            return
        names = _names(settings, by, reason, "notices (csv)" if file else "notices")
        if not by:
            put_on_record(settings, "schoolgate", Deed.EXPORTED, entry="notices (csv)" if file else "notices")
        with reading(settings) as reader:
            rows = ledger(reader, settings, names)
        if file is None:
            _show_ledger(rows)
            return
        write_files(file.parent, {file.name: as_csv(rows)})
        click.echo(f"Written: {file} ({len(rows)} acknowledgements)")


def _names(settings: Settings, by: str | None, reason: str | None, what: str) -> dict[str, tuple[str, str]]:
    """Login and name by code, for a role that may see them; without ``by`` none."""
    if not by or not reason:
        return {}
    why = reason_of("--reason", reason)
    account = ask_account(settings, by, settings.monitoring.names.may_reveal)
    put_on_record(settings, account.actor, Deed.EXPORTED, entry=f"{what}, with names", why=why)
    pseudonyms = open_pseudonyms(settings.data)
    logins = names_of(settings, pseudonyms)
    return {code: (login, named(settings, pseudonyms, login).name) for code, login in logins.items()}


def _show_notices(settings: Settings, group: str | None) -> None:
    today = datetime.now(UTC).astimezone(settings.school.timezone).date()
    known = notices_of(settings, today)
    if group and group not in known:
        raise Wrong(f"--group: {unknown('group of people who work here', group, list(known))}")
    click.echo("\n\n".join(in_text(notice) for name, notice in known.items() if group in (None, name)), nl=False)


def _show_ledger(rows: list[Acknowledged]) -> None:
    for row in rows:
        who = f"{row.code}{f' ({row.login}, {row.name})' if row.login else ''}"
        click.echo(f"{row.at}  {row.version}  {who}  {row.group}, at {row.device or 'no device'}  {row.ref}")
    if not rows:
        click.echo("Nobody has acknowledged a notice yet.", err=True)


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write FILE.html, and FILE.txt beside it.")
@config_option
def dpia(out: Path | None, config: Path | None) -> None:
    """A draft of the data protection impact assessment, from the settings; what people must fill in says TO DO."""
    with open_settings(config) as settings:
        text, html = assessment.render_dpia(settings, datetime.now(UTC).astimezone(settings.school.timezone))
    if out is None:
        click.echo(text, nl=False)
        return
    page = out if out.suffix.lower() in (".html", ".htm") else out.with_name(f"{out.name}.html")
    plain = page.with_suffix(".txt")
    write_files(page.parent, {page.name: html, plain.name: text})
    click.echo(f"Written: {page} and {plain}")
