"""Commands about one person and their rights: the name behind a code, a copy for the person, an evidence pack.

Each of them that shows somebody's record asks who is there, and puts that on record before it shows anything.
"""

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import click

from schoolgate.access import Account, named, names_of
from schoolgate.commands.deeds import put_on_record, reading, reason_of, write_files
from schoolgate.reporting.case import read_case
from schoolgate.reporting.evidence import evidence as make_evidence
from schoolgate.reporting.evidence_pack import write_pack
from schoolgate.reporting.pdf import HOW_TO_INSTALL
from schoolgate.reporting.period import Span, between
from schoolgate.reporting.sar import as_json, as_page, holdings
from schoolgate.reporting.subject import Subject, is_code, subject_of
from schoolgate.settings.load import Settings
from schoolgate.store.event import Deed
from schoolgate.store.pseudonym import Pseudonyms, open_pseudonyms
from schoolgate.store.record import RecordReader
from schoolgate.terminal import Wrong, ask_account, config_option, open_settings

_by = click.option("--by", required=True, metavar="LOGIN", help="Who you are; your password is asked for.")
_reason = click.option("--reason", required=True, help="Why you need it; it goes on record.")
_out = click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="The folder to write into.")


@click.command()
@click.argument("code")
@_by
@_reason
@config_option
def reveal(code: str, by: str, reason: str, config: Path | None) -> None:
    """The name behind CODE (u-... or d-...), for a role that may look; the look goes on record first."""
    why, code = reason_of("--reason", reason), code.strip().lower()
    if not is_code(code):
        raise Wrong("CODE: a code is written like u-0123456789ab; nothing else is looked up, or put on record")
    with open_settings(config, for_keeps=True) as settings:
        account = ask_account(settings, by, settings.monitoring.names.may_reveal)
        put_on_record(settings, account.actor, Deed.REVEALED, person=code, why=why)
        with reading(settings) as reader:
            found = _behind(settings, reader, code)
        if not found:
            words = f"{code}: no name and no device is known for this code; was it copied whole?"
            raise click.ClickException(f"{words} The question is on record.")
        click.echo(found)


def _behind(settings: Settings, reader: RecordReader, code: str) -> str:
    """Who or what a code stands for, in words; "" where nobody knows."""
    pseudonyms = open_pseudonyms(settings.data)
    login = names_of(settings, pseudonyms).get(code)
    if login is not None:
        return _login_and_name(settings, pseudonyms, login)
    for person in settings.snapshot.people.persons:
        for device in person.own:
            if pseudonyms.of("device", device) == code:
                owner = _login_and_name(settings, pseudonyms, person.login)
                return f"the device {device}, which only {owner} uses"
    sql = "select distinct client from events where (person = :code or device = :code) and client <> ''"
    for row in reader.query(sql, {"code": code}):
        if pseudonyms.of("device", row["client"]) == code:
            title = settings.snapshot.people.identify(row["client"], None).group.title
            return f"the device {row['client']} ({title})"
    addresses = ", ".join(row["client"] for row in reader.query(sql, {"code": code}))
    return f"a device that is known by its MAC, and had {addresses}" if addresses and code.startswith("d-") else ""


def _login_and_name(settings: Settings, pseudonyms: Pseudonyms, login: str) -> str:
    name = named(settings, pseudonyms, login).name
    return f"{login}, {name}" if name.casefold() != login.casefold() else login


@click.command()
@click.argument("person")
@_by
@click.option("--reason", default="Subject access", show_default=True, help="Why, for the record.")
@_out
@config_option
def sar(person: str, by: str, reason: str, out: Path | None, config: Path | None) -> None:
    """Everything that is held about PERSON (a login or a code), for the person: sar.html and sar.json.

    Everybody else is taken out of it. People ask for their own with --by and their own login.
    """
    why = reason_of("--reason", reason)
    with open_settings(config, for_keeps=True) as settings:
        pseudonyms = open_pseudonyms(settings.data)
        with reading(settings) as reader:
            subject = _subject(settings, pseudonyms, reader, person)
            own = pseudonyms.of("user", by) == subject.code
            account = ask_account(settings, by, None if own else settings.monitoring.names.may_reveal)
            folder = out or Path(f"sar-{subject.code}")
            put_on_record(settings, account.actor, Deed.EXPORTED, person=subject.code, entry="sar", why=why)
            try:
                found = holdings(reader, settings, subject, datetime.now(UTC))
            except sqlite3.Error as error:
                raise click.ClickException(f"{settings.data}: cannot be read: {error}") from None
        write_files(folder, {"sar.html": as_page(found, settings), "sar.json": as_json(found)})
        click.echo(f"Written: {folder / 'sar.html'} and {folder / 'sar.json'}. They are confidential.")
        if found.is_empty:
            click.echo(f"Nothing is on record about {person}. Is the login or the code written like that?", err=True)


@click.command()
@click.argument("person")
@click.option("--from", "first", required=True, metavar="DAY", help="The first day, like 2026-11-01.")
@click.option("--to", "last", required=True, metavar="DAY", help="The last day.")
@_by
@_reason
@click.option("--with-name", is_flag=True, help="Put the name on the cover; that is a look behind the code, on record.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder to write into."
)
@config_option
def evidence(
    person: str, first: str, last: str, by: str, reason: str, with_name: bool, out: Path, config: Path | None
) -> None:
    """The evidence pack about PERSON (a login or a code) in a period: what happened, in context, and what explains it.

    A folder and a .zip of it, which 'schoolgate verify' and the verify.py inside can check.
    """
    why = reason_of("--reason", reason)
    with open_settings(config, for_keeps=True) as settings, reading(settings) as reader:
        during = _period(settings, first, last)
        subject = _subject(settings, open_pseudonyms(settings.data), reader, person)
        account = ask_account(settings, by, settings.monitoring.names.may_reveal)
        if account.person == subject.code:
            raise Wrong("--by: this is about yourself; somebody else makes the pack, and 'schoolgate sar' is your copy")
        if not _is_known(reader, subject):
            raise Wrong(f"{person}: neither on record nor in config/people.yaml; is it written like that?")
        put_on_record(settings, account.actor, Deed.EXPORTED, person=subject.code, entry="evidence", why=why)
        cover = _cover(settings, account, subject, why) if with_name else ""
        click.echo("Gathering, and making the page and its PDF; a long period takes a minute.", err=True)
        found = make_evidence(read_case(reader, settings, subject, during), datetime.now(UTC))
        try:
            pack = write_pack(found, reader, out, cover, f"for {account.actor}, because: {why}")
        except FileExistsError as error:
            raise Wrong(f"{error.filename}: is there already; name another --out") from None
        except OSError as error:
            raise Wrong(f"{out}: cannot be written: {error.strerror}") from None
    click.echo(f"Written: {pack.folder} and {pack.zip}. They are confidential.")
    if not pack.has_pdf:
        click.echo(HOW_TO_INSTALL)
    if pack.waiting:
        click.echo(f"{pack.waiting} rows are not sealed yet; run the gateway, and make the pack again.", err=True)


def _subject(settings: Settings, pseudonyms: Pseudonyms, reader: RecordReader, person: str) -> Subject:
    """Raises Wrong where nothing is written: what nobody is known to have done is nobody's record."""
    if not person.strip():
        raise Wrong("PERSON: write a login, or a code like u-0123456789ab")
    return subject_of(settings, pseudonyms, reader, person)


def _cover(settings: Settings, account: Account, subject: Subject, why: str) -> str:
    put_on_record(settings, account.actor, Deed.REVEALED, person=subject.code, why=why)
    return f"{subject.name} ({subject.login})" if subject.login else "not known"


def _period(settings: Settings, first: str, last: str) -> Span:
    days: list[date] = []
    for option, text in (("--from", first), ("--to", last)):
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            raise Wrong(f"{option}: {text!r} is no day; write it like 2026-11-24") from None
    if days[1] < days[0]:
        raise Wrong(f"--to: {last} is before --from {first}")
    if not all(1970 < day.year < 9000 for day in days):
        raise Wrong("--from, --to: no days of a school's life")
    return between(days[0], days[1], settings.snapshot.calendar)


def _is_known(reader: RecordReader, subject: Subject) -> bool:
    """Whether the person is in the school's files, or anything at all is on record about them."""
    sql = "select 1 as found from events where person = :code limit 1"
    return bool(subject.group) or any(reader.query(sql, {"code": subject.code}))
