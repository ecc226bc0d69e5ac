"""``schoolgate events``: what is on record, for whoever may read the data folder."""

import json
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from schoolgate.enquiry import since_of
from schoolgate.policy.rules import Action
from schoolgate.settings.faults import unknown
from schoolgate.settings.load import Settings
from schoolgate.terminal import Wrong, config_option, open_settings, unreadable

_HOUSEKEEPING = "action = 'probe' or (action = 'deed' and actor = 'schoolgate')"


@click.command()
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
    """What is on record, oldest first.

    What the gateway did with it (retention, seals) comes with --action deed, its own probes with --action probe.
    What stands in a case is for those who may see it: 'schoolgate case REF --by LOGIN'.
    """
    from schoolgate.store.cases import CASE_DEEDS
    from schoolgate.store.event import DEED, FAULT, NAMES, PROBE, as_reference, stamp
    from schoolgate.store.record import open_reader

    with open_settings(config) as settings:
        groups = [g.id for g in settings.snapshot.people.groups]
        if group and group not in groups:
            raise Wrong(f"--group: {unknown('group', group, groups)}")
        actions = [*Action, FAULT, PROBE, DEED]
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
            raise unreadable(settings.data, error) from None
    if not number and not as_json:
        click.echo("Nothing is on record for that.", err=True)


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


def _since(text: str, settings: Settings) -> datetime:
    try:
        return since_of(text, settings)
    except ValueError as error:
        raise Wrong(str(error)) from None
