"""Commands that read cases: what is open, and one case with all that was done about it.

They show what the console would show the same person, and nothing else; a look at a case about somebody goes on record.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from schoolgate.access import Account
from schoolgate.alerting.case_roles import may_see
from schoolgate.alerting.clocks import Clock, clock_of
from schoolgate.commands.deeds import put_on_record, reading
from schoolgate.settings.alert_checks import CASE_ROLES
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Case, cases
from schoolgate.store.deeds import Contest, contests
from schoolgate.store.event import Deed, as_reference, stamp
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.terminal import Wrong, ask_account, config_option, open_settings

_by = click.option("--by", required=True, metavar="LOGIN", help="Who you are; your password is asked for.")
_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of words.")


@click.command("cases")
@_by
@click.option("--open", "only_open", is_flag=True, help="Only those that are not closed.")
@_json
@config_option
def list_cases(by: str, only_open: bool, as_json: bool, config: Path | None) -> None:
    """The cases that LOGIN may see: the reference, the priority, how far it has got, and its clock."""
    with open_settings(config, for_keeps=True) as settings:
        account = ask_account(settings, by, CASE_ROLES)
        known, told = _cases(settings, account)
        for case in known:
            if case.is_open or not only_open:
                clock = clock_of(case, settings.alerts.cases, settings.snapshot.calendar, told)
                click.echo(json.dumps(_brief(case, clock)) if as_json else _line(case, clock, settings))
    if not known and not as_json:
        click.echo("There are no cases that you may see.", err=True)


@click.command("case")
@click.argument("ref")
@_by
@_json
@config_option
def show_case(ref: str, by: str, as_json: bool, config: Path | None) -> None:
    """The case with the reference REF, and everything that was done about it. Nothing can be changed here."""
    with open_settings(config, for_keeps=True) as settings:
        account = ask_account(settings, by, CASE_ROLES)
        known, told = _cases(settings, account)
        case = next((each for each in known if each.ref == as_reference(ref)), None)
        if case is None:
            raise Wrong(f"REF: there is no case {ref!r} that {by} may see")
        if case.person:
            words = f"case {case.ref}"
            put_on_record(settings, account.actor, Deed.VIEWED, person=case.person, about=case.id, why=words)
        clock = clock_of(case, settings.alerts.cases, settings.snapshot.calendar, told)
        if as_json:
            whole = _brief(case, clock) | {"events": list(case.events)}
            click.echo(json.dumps(whole | {"history": [asdict(entry) for entry in case.history]}, indent=2))
        else:
            click.echo("\n".join(_in_words(case, clock, settings)))


def _cases(settings: Settings, account: Account) -> tuple[list[Case], list[Contest]]:
    """What somebody may see, and all contests."""
    pseudonyms = open_pseudonyms(settings.data)
    with reading(settings) as reader:
        known, told = cases(reader), contests(reader)
    return [case for case in known if may_see(settings, pseudonyms, account, case)], told


def _brief(case: Case, clock: Clock | None) -> dict[str, Any]:
    names = ("id", "ref", "at", "state", "priority", "owner", "route", "person", "group", "category", "theme", "why")
    told = {name: getattr(case, name) for name in names}
    told |= {"rule": case.rule, "outcome": case.outcome, "changed": case.changed}
    due = stamp(clock.due) if clock and clock.due else ""
    return told | {"clock": clock.name if clock else "", "due": due}


def _line(case: Case, clock: Clock | None, settings: Settings) -> str:
    who = case.person or "nobody named"
    begun = f"{case.ref}  {case.priority:6}  {case.state:13}  {case.owner.replace('_', ' '):18}"
    return f"{begun}  {_shown(case.at, settings)}  {who:14}  {_plain(case.why)}{_clock_words(clock, settings)}"


def _clock_words(clock: Clock | None, settings: Settings) -> str:
    if clock is None:
        return ""
    if clock.due is None:
        return f"  ({clock.name}: the clock stands still, as it is contested)"
    over = "ran out" if clock.is_over(datetime.now(UTC)) else "by"
    return f"  ({clock.name} {over} {_shown(stamp(clock.due), settings)})"


def _in_words(case: Case, clock: Clock | None, settings: Settings) -> list[str]:
    lines = [_line(case, clock, settings)]
    lines.append(f"Kind: {case.category or 'not named'}. Rule: {case.rule or 'none, somebody raised it'}.")
    lines.append(f"Outcome: {case.outcome.replace('_', ' ') or 'none yet'}. Entries of the record: {len(case.events)}.")
    for entry in case.history:
        what = " ".join(part for part in (entry.what, _plain(entry.entry)) if part)
        words = f": {_plain(entry.words)}" if entry.words else ""
        lines.append(f"{_shown(entry.at, settings)}  {entry.actor}  {what}{words}")
    return lines


def _shown(at: str, settings: Settings) -> str:
    return f"{datetime.fromisoformat(at).astimezone(settings.school.timezone):%a %d %b %Y %H:%M}"


def _plain(words: str) -> str:
    """What people wrote, in one line and without anything that a terminal would obey."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
