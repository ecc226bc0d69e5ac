"""The commands: what a technician, a Headteacher or a script can ask of schoolgate."""

import gc
import json
import sqlite3
import sys
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from typing import Any

import click

from schoolgate.cli_cases import list_cases, show_case
from schoolgate.cli_demo import demo
from schoolgate.cli_lists import lists
from schoolgate.cli_notices import dpia, notices
from schoolgate.cli_openings import open_site, opened_standing, requests, shut_site
from schoolgate.cli_people import evidence, reveal, sar
from schoolgate.cli_record import explain, hold, retention, verify
from schoolgate.cli_replay import replay
from schoolgate.cli_reports import report, reports
from schoolgate.cli_visits import visits
from schoolgate.content.charset import decode
from schoolgate.enquiry import Enquiry, in_words, moment_of, since_of
from schoolgate.policy.rules import Action
from schoolgate.settings.faults import unknown
from schoolgate.settings.folders import find_folders, make_school
from schoolgate.settings.load import Settings
from schoolgate.settings.models import FILES
from schoolgate.terminal import Wrong, config_option, open_settings, told_plainly

BLOCKED = 3  # exit code of check
_HOUSEKEEPING = "action = 'deed' and actor = 'schoolgate'"


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


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write a new school's config/, blocklists/local/ and reports/ into DIR, to edit."""
    with told_plainly():
        try:
            written = make_school(folder)
        except FileExistsError as error:
            raise Wrong(f"{error.args[0]}: there is a config already; nothing was written") from None
        except OSError as error:
            raise Wrong(f"{folder}: cannot be written: {error.strerror}") from None
    for path in written:
        click.echo(path)
    click.echo("Lists come from the shipped blocklists/; a file of the same name in your own replaces one.")
    click.echo("First edit config/people.yaml (networks) and config/school.yaml (who is told, mail server), then:")
    click.echo(f"  {Path(sys.argv[0]).name} config check --config {folder / 'config'}")
    click.echo(f"  {Path(sys.argv[0]).name} run --config {folder / 'config'}")


@main.command()
@click.argument("urls", metavar="URL...", nargs=-1)
@click.option("--group", help="Judge as this group.")
@click.option("--client", help="Judge as the device with this IP address.")
@click.option("--user", help="Judge as this user, as if logged in.")
@click.option("--at", help="Judge at this time, like 2026-11-24T10:42 (school time).  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--stream", is_flag=True, help="JSON lines in, JSON lines out, in order.")
@click.option(
    "--text", type=click.Path(path_type=Path, allow_dash=True), help="Judge what this file says, - for stdin."
)
@click.option("--search", help="Judge these search words, or this prompt to a chatbot.")
@config_option
def check(
    urls: tuple[str, ...],
    group: str | None,
    client: str | None,
    user: str | None,
    at: str | None,
    as_json: bool,
    stream: bool,
    text: Path | None,
    search: str | None,
    config: Path | None,
) -> None:
    """The verdict on each URL and every reason for it. Exit 0 allow, log or warn; 3 if any is blocked.

    With --text a page or text is judged by its words (an HTML file by what is visible of it), as if it stood at URL
    where one is named; with --search the words of a search are.
    """
    said = text is not None or search is not None
    if stream and (urls or said):
        raise Wrong("--stream takes its questions from its input, so it goes with no URL, --text or --search")
    if not stream and not urls and not said:
        raise Wrong("name URLs to check, give --text or --search, or give --stream and send JSON lines")
    if (text is not None and search is not None) or (said and len(urls) > 1):
        raise Wrong("one text or one search at a time, with at most one URL that it belongs to")
    with open_settings(config) as settings:
        who = {"group": group, "client": client, "user": user, "at": at}
        enquiry = Enquiry(settings, who, opened_standing(settings))
        if stream:
            _stream(enquiry)
            return
        answers = []
        words = {"search": search} if search is not None else _words_of(text) if text is not None else {}
        for url in urls or (None,):
            try:
                answers.append(enquiry.answer({"url": url, **words}))
            except ValueError as error:
                raise Wrong(str(error)) from None
    if as_json:
        click.echo(json.dumps(answers if len(answers) > 1 else answers[0], indent=2))
    else:
        for each in answers:
            click.echo(in_words(each))
    if any(each["action"] == Action.BLOCK for each in answers):
        sys.exit(BLOCKED)


def _words_of(file: Path) -> dict[str, str]:
    """What a file says, as the question for it: HTML by its name or its first characters, else plain text."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Wrong(f"{file}: cannot be read: {error.strerror}") from None
    content = decode(raw)
    is_html = file.suffix.lower() in (".html", ".htm", ".xhtml") or content.lstrip()[:9].lower().startswith(
        ("<!doctype", "<html")
    )
    return {"html" if is_html else "text": content}


def _stream(enquiry: Enquiry) -> None:
    from schoolgate.stream import WorkerLost, answer_stream

    gc.freeze()  # what is loaded stays, so that workers share it
    gc.set_threshold(100_000)
    try:
        answer_stream(sys.stdin.fileno(), sys.stdout.fileno(), enquiry.answer_line)
    except BrokenPipeError:
        sys.exit(1)  # who asked has gone
    except WorkerLost as error:
        raise click.ClickException(str(error)) from None


main.add_command(lists)
for record_command in (verify, retention, hold, explain):
    main.add_command(record_command)
main.add_command(visits)
main.add_command(list_cases)
main.add_command(show_case)
main.add_command(demo)
for opening_command in (open_site, shut_site, requests):
    main.add_command(opening_command)
main.add_command(replay)
main.add_command(report)
main.add_command(reports)
for people_command in (reveal, sar, evidence, notices, dpia):
    main.add_command(people_command)


@main.group()
def config() -> None:
    """Check the settings, or show what they may hold."""


@config.command("check")
@config_option
def config_check(config: Path | None) -> None:
    """Every fault of config/ and blocklists/, by file and line."""
    from schoolgate.service import read_all

    with open_settings(config, read_all) as settings:
        snapshot = settings.snapshot
        for advice in settings.advice:
            click.echo(f"Note: {advice}")
        click.echo(
            f"The settings are sound (version {snapshot.version}): {len(snapshot.rules)} rules, "
            f"{len(snapshot.people.groups)} groups, {len(snapshot.categories)} categories."
        )


@config.command("schema")
@click.argument("name", type=click.Choice(list(FILES)), required=False)
def config_schema(name: str | None) -> None:
    """JSON Schema of one file, or of all, for editors."""
    schemas = {key: model.model_json_schema(by_alias=True) for key, model in FILES.items()}
    click.echo(json.dumps(schemas[name] if name else schemas, indent=2))


@main.command()
@click.option("--since", default="24h", show_default=True, help="A length of time (1h, 7d) or a moment.")
@click.option("--until", help="A moment, like 2026-11-24T16:30; what happened then is not shown.  [default: now]")
@click.option("--group", help="Only this group.")
@click.option("--action", help="Only this action: log, warn, block, fault, deed.")
@click.option("--ref", help="The event behind the reference of a block page, however old.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@config_option
def events(
    since: str,
    until: str | None,
    group: str | None,
    action: str | None,
    ref: str | None,
    as_json: bool,
    config: Path | None,
) -> None:
    """What is on record, oldest first; what the gateway did with it (retention, seals) with --action deed.

    What stands in a case is for those who may see it: 'schoolgate case REF --by LOGIN'.
    """
    from schoolgate.store.cases import CASE_DEEDS
    from schoolgate.store.event import DEED, FAULT, NAMES, as_reference, stamp
    from schoolgate.store.record import open_reader

    with open_settings(config) as settings:
        groups = [g.id for g in settings.snapshot.people.groups]
        if group and group not in groups:
            raise Wrong(f"--group: {unknown('group', group, groups)}")
        actions = [*Action, FAULT, DEED]
        if action and action not in actions:
            raise Wrong(f"--action: {unknown('action', action, actions)}")
        start = "" if ref else stamp(_since(since, settings))
        sql = "select * from events where at >= :since"
        sql += " and at < :until" if until else ""
        sql += ' and "group" = :group' if group else ""
        sql += " and action = :action" if action else "" if ref else f" and not ({_HOUSEKEEPING})"
        sql += " and ref = :ref" if ref else ""
        end = stamp(_since(until, settings)) if until else ""
        values = {"since": start, "until": end, "group": group, "action": action, "ref": as_reference(ref or "")}
        number = 0
        try:
            with open_reader(settings.data, with_waiting=True) as reader:
                for row in reader.query(f"{sql} order by at, id", values):
                    number += 1
                    event = {name: row[name] for name in NAMES}
                    if row["action"] == DEED and row["rule"] in CASE_DEEDS:
                        event |= dict.fromkeys(("person", "group", "client", "entry", "why", "about"), "")
                    click.echo(json.dumps(event) if as_json else _line(event, settings))
        except sqlite3.Error as error:
            raise click.ClickException(f"{settings.data}: the record cannot be read: {error}") from None
    if not number and not as_json:
        click.echo("Nothing is on record for that.", err=True)


@main.command()
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


@main.command()
@click.argument("user")
@click.option("--remove", is_flag=True, help="Take the login away.")
@config_option
def login(user: str, remove: bool, config: Path | None) -> None:
    """Set USER's password for the console and the proxy (asked for, or read from standard input)."""
    from schoolgate.passwords import FILE, LOGIN, hashed, set_password, what_is_wrong

    with told_plainly():
        folders = find_folders(config)
    if not LOGIN.fullmatch(user):
        raise Wrong(f"{user!r}: a user name has no blanks, ':' or '#', and at most 64 characters")
    path, code = folders.config / FILE, None
    if not remove:
        password = getpass(f"Password for {user}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        if wrong := what_is_wrong(user, password):
            raise Wrong(f"{wrong} Nothing was changed.")
        code = hashed(password)
    try:
        done = set_password(path, user, code)
    except (OSError, UnicodeDecodeError) as error:
        raise Wrong(f"{path}: cannot be changed: {error}") from None
    if not done:
        raise Wrong(f"{path}: there is no user {user!r}")
    click.echo(f"{path}: {user} is {'removed' if remove else 'set'}. If people.yaml does not name the file yet, add:")
    click.echo("logins: {file: logins.htpasswd, ask: []}")


@main.command("setup-code")
@config_option
def setup_code(config: Path | None) -> None:
    """The code that sets up the console's first login, as long as no role has one."""
    from schoolgate.setup_code import is_needed, issue

    with open_settings(config, for_keeps=True) as settings:
        if settings.school.listen.console is None:
            raise Wrong("config/school.yaml: listen: console: is null, so there is no console to log in at")
        try:
            if not is_needed(settings):
                raise Wrong("a role has its login already; others get theirs with 'schoolgate login USER'")
            code = issue(settings.data, datetime.now(UTC))
        except OSError as error:
            raise Wrong(f"{error.filename}: {error.strerror}") from None
        until = code.until.astimezone(settings.school.timezone)
        click.echo(f"{code.letters}   at {settings.console_url}/setup, once, until {until:%a %d %b %Y, %H:%M}")


def _line(event: dict[str, Any], settings: Settings) -> str:
    local = datetime.fromisoformat(event["at"]).astimezone(settings.school.timezone)
    what = f"{event['method']} {event['host']}{event['path']}" if event["host"] else event["why"]
    what = f"{event['rule']} by {event['actor']}: {what}" if event["action"] == "deed" else what
    what += f' searched for "{event["search"]}"' if event["search"] else ""
    because = f"  {event['category']} ({event['rule']})" if event["category"] else ""
    who = f"{event['group'] or '-':8} {event['client'] or '-':15}"
    return (
        f"{local:%Y-%m-%d %H:%M:%S}  {event['ref']}  {event['action']:5} {who} {event['kind'] or '-':9} {what}{because}"
    )


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


def _since(text: str, settings: Settings) -> datetime:
    try:
        return since_of(text, settings)
    except ValueError as error:
        raise Wrong(str(error)) from None
