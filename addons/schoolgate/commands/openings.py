"""Commands about blocked sites: what was asked for, opening one for a while or always, and shutting it again."""

import json
import sqlite3
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from schoolgate.access import Account
from schoolgate.commands.deeds import put_on_record, reading
from schoolgate.opening import Write, carry_out, holding, is_meant, plan_of, right_of, shut
from schoolgate.policy.lengths import ALWAYS
from schoolgate.policy.standing import NO_STANDING, Standing
from schoolgate.settings.load import Settings
from schoolgate.settings.openable import NotOpened, Right
from schoolgate.store.openings import Asked, Opening, asked, opened, openings
from schoolgate.store.record import open_reader
from schoolgate.terminal import Wrong, ask_account, config_option, open_settings

_by = click.option("--by", required=True, metavar="LOGIN", help="Who you are; your password is asked for.")


@click.command("open")
@click.argument("site")
@click.option("--group", default="", help="For which group; not with --for always, which is for everybody.")
@click.option("--for", "length", required=True, metavar="LENGTH", help="45m, 2h, lesson, day, always, or until 11:15.")
@click.option("--why", required=True, help="Why; it goes on record.")
@_by
@config_option
def open_site(site: str, group: str, length: str, why: str, by: str, config: Path | None) -> None:
    """Open a blocked SITE (example.org, or example.org/lesson): for a group and a while, or always.

    Harmful sites are opened for nobody; only where a list is wrong, the technician allows one always.
    """
    if group and length.strip().lower() == ALWAYS:
        raise Wrong("--group: always is for everybody; leave it out, or choose a length of time")
    with open_settings(config, for_keeps=True) as settings:
        account, right = _who(settings, by)
        now = datetime.now(settings.school.timezone)
        try:
            plan = plan_of(settings, right, site, group, length, why, now)
            with reading(settings) as reader:
                about = tuple(each.id for each in asked(reader) if not each.answered_by and plan.answers(each))
            event = carry_out(settings, plan, account.actor, _writing(settings), about)
        except NotOpened as error:
            raise Wrong(str(error)) from None
    until = "always, for everybody" if plan.until is None else f"for {plan.group} until {plan.until:%H:%M on %Y-%m-%d}"
    click.echo(f"{plan.written} is opened {until}, in a few seconds. To take it back: schoolgate shut {event.ref}")


@click.command("shut")
@click.argument("site", metavar="SITE|REF")
@_by
@click.option("--why", default="", help="Why; it goes on record.")
@config_option
def shut_site(site: str, by: str, why: str, config: Path | None) -> None:
    """Shut what was opened: by its reference, or all openings of SITE that hold now."""
    with open_settings(config, for_keeps=True) as settings:
        account, right = _who(settings, by)
        now = datetime.now(UTC)
        with reading(settings) as reader:
            found = [each for each in openings(reader) if each.holds(now) and is_meant(each, site)]
        if right is Right.CLASS:
            found = [each for each in found if each.actor == account.actor]
        if not found:
            raise Wrong(f"{site}: nothing that is open now has this name or reference, or it is not yours to shut")
        for each in found:
            try:
                shut(settings, each, account.actor, _writing(settings), " ".join(why.split()))
            except NotOpened as error:
                raise Wrong(str(error)) from None
            click.echo(f"{each.site} is shut again ({each.ref}).")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.option("--all", "everything", is_flag=True, help="Also those that were answered.")
@config_option
def requests(as_json: bool, everything: bool, config: Path | None) -> None:
    """Blocked pages that somebody asked for and nobody has answered, oldest first; then what is open now."""
    with open_settings(config) as settings:
        with reading(settings) as reader:
            found = [_told(each, settings) for each in asked(reader) if everything or not each.answered_by]
            held = holding(settings, openings(reader), datetime.now(UTC))
        if as_json:
            for each in found:
                click.echo(json.dumps(asdict(each)))
            return
        for each in found:
            click.echo(_request_line(each, settings))
        if not found:
            click.echo("Nobody is waiting for an answer.", err=True)
        for opening in held:
            click.echo(_opening_line(opening, settings))


def opened_standing(settings: Settings) -> Standing:
    """What is opened, for ``schoolgate check``; nothing where there is no record that can be read."""
    try:
        with open_reader(settings.data, with_waiting=True) as reader:
            return Standing(opened=opened(reader, datetime.min.replace(tzinfo=UTC)))
    except (sqlite3.Error, OSError):
        return NO_STANDING


def _who(settings: Settings, by: str) -> tuple[Account, Right]:
    """Who gives the command, and how far they may go. Raises Wrong."""
    account = ask_account(settings, by, None)
    right = right_of(account.roles, account.staff)
    if right is None:
        words = "may open nothing: that is for the technician, the Headteacher, the safeguarding lead and teachers"
        raise Wrong(f"--by: {account.login} {words}")
    return account, right


def _writing(settings: Settings) -> Write:
    """Puts deeds into a journal of the command's own."""
    return lambda deed, actor, **given: put_on_record(settings, actor, deed, **given)


def _told(each: Asked, settings: Settings) -> Asked:
    """Who works here stands there as a group alone."""
    return replace(each, client="", person="") if each.group in settings.snapshot.calendar.at_work else each


def _request_line(each: Asked, settings: Settings) -> str:
    words = f'  "{each.words}"' if each.words else ""
    state = f"  {'opened' if each.opening else 'refused'}: {each.answer}" if each.answered_by else ""
    who = f"{each.group:8} {each.client:15}"
    return f"{_local(each.at, settings)}  {each.ref}  {who} {each.host}{each.path}  {each.category}{words}{state}"


def _opening_line(each: Opening, settings: Settings) -> str:
    until = f"until {_local(each.until, settings)}" if each.until else "always"
    return f"open now  {each.ref}  {each.group or 'everybody'}  {each.site}  {until}: {each.why}"


def _local(at: str, settings: Settings) -> str:
    return f"{datetime.fromisoformat(at).astimezone(settings.school.timezone):%Y-%m-%d %H:%M}"
