"""Commands about the record itself: is it whole, what is kept how long, what belongs to a case, what is explained."""

import re
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from schoolgate.access import names_of
from schoolgate.commands.deeds import put_on_record, reading, reason_of
from schoolgate.enquiry import moment_of
from schoolgate.policy.rules import Action
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import data_folder, find_folders
from schoolgate.settings.load import Settings
from schoolgate.settings.school_models import SchoolFile
from schoolgate.store.check_chain import Unreadable, check, in_words, plain_seal, span_words
from schoolgate.store.deeds import Hold, holds
from schoolgate.store.event import DEED, FAULT, PROBE, Deed, as_reference, stamp
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import FILE, RecordReader
from schoolgate.store.retention import REQUESTS
from schoolgate.store.verified import Verified, note_verified
from schoolgate.terminal import Wrong, ask_account, config_option, open_settings, progress, told_plainly

_KINDS = {
    Action.ALLOW: "visits that do not count",
    Action.LOG: "visits that a rule records",
    Action.WARN: "warnings",
    Action.BLOCK: "blocks",
    FAULT: "faults of the gateway",
    PROBE: "probes of the gateway's own",
    REQUESTS: "requests to open a site, and refusals",
    DEED: "what people did with the record",
}
_OLDEST = "select at from events where action = :value order by at limit 1"
_OLDEST_REQUEST = "select min(at) from deeds where rule in ('unblock-asked', 'unblock-refused')"
_by = click.option("--by", required=True, metavar="LOGIN", help="Who you are; your password is asked for.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--seal", default="", help="A seal that somebody has kept (from the digest): is it still in the record?")
@config_option
def verify(file: Path | None, seal: str, config: Path | None) -> None:
    """Is the record whole and unaltered? FILE is a copy of a record or an evidence pack.  [default: the school's own]

    Exit 0 whole, 1 not: the first bad row stands first; 2 it cannot be read.
    """
    try:
        wanted = plain_seal(seal) if seal else ""
    except ValueError as error:
        raise Wrong(f"--seal: {error}") from None
    path = file or _own_record(config)
    try:
        with progress("Checking rows", "Checked", "rows") as tell:
            report = check(path, wanted, own=file is None, tell=tell)
    except Unreadable as error:
        raise Wrong(str(error)) from None
    lines = in_words(report)
    if file is None:
        note_verified(path.parent, Verified(stamp(datetime.now(UTC)), not report.findings, lines[0]))
    for line in lines:
        click.echo(line)
    if report.findings:
        sys.exit(1)


def _own_record(config: Path | None) -> Path:
    """Where the school's record is; nothing else of the settings need be sound to check it."""
    with told_plainly():
        folders = find_folders(config)
        files = ConfigFiles(folders)
        school = files.read("school", SchoolFile)
        if school is None:
            raise SettingsError(files.faults)
    return data_folder(folders, school) / FILE


@click.command()
@config_option
def retention(config: Path | None) -> None:
    """How long everything is kept, what is due next, when it was last done, and what is on hold."""
    from schoolgate.recorder import kept

    with open_settings(config) as settings, reading(settings) as reader:
        for action, span in kept(settings).items():
            oldest = _one(reader, _OLDEST_REQUEST if action == REQUESTS else _OLDEST, action)
            click.echo(f"{_KINDS[Action(action) if action in list(Action) else action]}: kept for {span_words(span)}")
            if oldest:
                due = datetime.fromisoformat(oldest) + span
                click.echo(f"  oldest on record {_day(oldest, settings)}, due on {_day(stamp(due), settings)}")
            else:
                click.echo("  nothing is on record")
        sql = "select at, why from events where action = 'deed' and rule = :rule order by seq desc limit 1"
        last = next(reader.query(sql, {"rule": Deed.RETENTION}), None)
        click.echo(f"Last done {_day(last['at'], settings)}: {last['why']}" if last else "Nothing was due so far.")
        click.echo("The running gateway looks every hour. What is on hold is never deleted:")
        _tell_holds(holds(reader), settings)


@click.group()
def hold() -> None:
    """Legal hold: what belongs to a case is not deleted until it is released."""


@hold.command("add")
@click.option("--person", metavar="CODE", help="Everything of this person (their code, as in the digest).")
@click.option("--ref", "refs", multiple=True, help="The event with this reference; may be given again.")
@click.option("--from", "since", metavar="DAY", help="With --person: only from this day on.")
@click.option("--to", "until", metavar="DAY", help="With --person: only to the end of this day.")
@click.option("--case", required=True, help="The case, in words that its readers know.")
@_by
@config_option
def hold_add(
    person: str | None,
    refs: tuple[str, ...],
    since: str | None,
    until: str | None,
    case: str,
    by: str,
    config: Path | None,
) -> None:
    """Keep what belongs to a case, of a person or by the references of events."""
    if bool(person) == bool(refs):
        raise Wrong("name either --person or --ref: what is to be kept?")
    if refs and (since or until):
        raise Wrong("--from and --to go with --person only")
    with open_settings(config) as settings, reading(settings) as reader:
        span = f"{_day_start(since, settings)}/{_day_start(until, settings, 1)}"
        if since and until and span.partition("/")[0] >= span.partition("/")[2]:
            raise Wrong("--to: is before --from")
        code = _code(person, settings) if person else ""
        events = " ".join(_event_of(reader, ref) for ref in refs)
        account = ask_account(settings, by, settings.monitoring.names.may_reveal)
        given = {"person": code, "about": events, "entry": span if person else "", "why": reason_of("--case", case)}
        deed = put_on_record(settings, account.actor, Deed.HOLD, **given)
        click.echo(f"On hold under {deed.ref}, until 'schoolgate hold release {deed.ref}'.")


@hold.command("list")
@config_option
def hold_list(config: Path | None) -> None:
    """What is on hold now."""
    with open_settings(config) as settings, reading(settings) as reader:
        _tell_holds(holds(reader), settings)


@hold.command("release")
@click.argument("ref")
@click.option("--reason", required=True, help="Why it need not be kept any more.")
@_by
@config_option
def hold_release(ref: str, reason: str, by: str, config: Path | None) -> None:
    """End the hold REF; what it kept is deleted when its time is over."""
    with open_settings(config) as settings, reading(settings) as reader:
        found = next((each for each in holds(reader) if each.ref == as_reference(ref)), None)
        if found is None:
            raise Wrong(f"{ref}: there is no such hold; 'schoolgate hold list' shows all")
        account = ask_account(settings, by, settings.monitoring.names.may_reveal)
        given = {"about": found.id, "person": found.person, "why": reason_of("--reason", reason)}
        put_on_record(settings, account.actor, Deed.RELEASED, **given)
        click.echo(f"{found.ref} is released: {found.case}")


@click.command()
@click.argument("seq", type=click.IntRange(min=1))
@click.option("--reason", required=True, help="What happened, in words for whoever reads the record.")
@_by
@config_option
def explain(seq: int, reason: str, by: str, config: Path | None) -> None:
    """Put on record why verify complains of the row SEQ.

    A clock that was set back for a reason is no finding any more; all else stays one, told with the explanation.
    """
    with open_settings(config) as settings:
        roles = ["technician", *settings.monitoring.names.may_reveal]
        try:
            with progress("Checking rows", "Checked", "rows") as tell:
                report = check(settings.data / FILE, own=True, tell=tell)
        except Unreadable as error:
            raise Wrong(str(error)) from None
        of_row = [finding for finding in report.findings if finding.seq == seq]
        if not of_row:
            rows = ", ".join(str(row) for row in sorted({finding.seq for finding in report.findings})[:10])
            raise Wrong(f"verify does not complain of row {seq}{f'; it does of {rows}' if rows else ''}")
        click.echo(of_row[0].words, err=True)
        account = ask_account(settings, by, roles)
        given = {"about": str(seq), "why": reason_of("--reason", reason)}
        deed = put_on_record(settings, account.actor, Deed.EXPLAINED, **given)
        click.echo(f"The explanation is on record ({deed.ref}), and is told by verify once the gateway has sealed it.")


def _code(person: str, settings: Settings) -> str:
    """A code as it is, or the code of a login that the school's files name."""
    if re.fullmatch(r"[ud]-[0-9a-f]{12}", person):
        return person
    pseudonyms = open_pseudonyms(settings.data)
    code = pseudonyms.of("user", person)
    if code not in names_of(settings, pseudonyms):
        raise Wrong(f"--person: {person!r} is neither a code (like u-0123456789ab) nor a login of config/people.yaml")
    return code


def _event_of(reader: RecordReader, ref: str) -> str:
    row = next(reader.query("select id from events where ref = :ref", {"ref": as_reference(ref)}), None)
    if row is None:
        raise Wrong(f"--ref: {ref}: no event on record has this reference")
    return str(row["id"])


def _day_start(text: str | None, settings: Settings, more: int = 0) -> str:
    if not text:
        return ""
    try:
        day = date.fromisoformat(text) + timedelta(days=more)
        return stamp(moment_of(day.isoformat(), settings))
    except (ValueError, OverflowError):
        raise Wrong(f"{text!r} is no day; write it like 2026-11-24") from None


def _day(at: str, settings: Settings) -> str:
    return f"{datetime.fromisoformat(at).astimezone(settings.school.timezone):%a %d %b %Y %H:%M}"


def _one(reader: RecordReader, sql: str, value: str) -> str | None:
    row = next(reader.query(sql, {"value": value}), None)
    return next(iter(row.values())) if row else None


def _tell_holds(found: list[Hold], settings: Settings) -> None:
    for each in found:
        what = f"of {each.person}" if each.person else f"{len(each.events)} events"
        since = f" from {_day(each.since, settings)}" if each.since else ""
        until = f" until {_day(each.until, settings)}" if each.until else ""
        click.echo(f"{each.ref}  {what}{since}{until}: {each.case} (by {each.actor}, {_day(each.at, settings)})")
    if not found:
        click.echo("Nothing is on hold.")
