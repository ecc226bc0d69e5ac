"""``schoolgate passes``: what stays closed although its group is looked into, and what devices refuse."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from schoolgate.content.searches import open_engines
from schoolgate.policy.identity import Inspect
from schoolgate.policy.passing import held_back
from schoolgate.policy.request import BadAddress, canonical_host
from schoolgate.settings.load import Settings
from schoolgate.store.passes import Learned, Passes
from schoolgate.terminal import Wrong, config_option, open_settings

_GIVE = "What must stay closed all the same can be given in config/school.yaml (pass_through: hosts)."


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@config_option
@click.pass_context
def passes(context: click.Context, as_json: bool, config: Path | None) -> None:
    """Sites that are passed through unopened, learned or given in school.yaml, and what devices refuse all the same."""
    if context.invoked_subcommand is not None:
        return
    with open_settings(config) as settings:
        known = _known(settings)
        if as_json:
            click.echo(json.dumps(_document(settings, known), indent=2))
        else:
            _show(settings, known)


@passes.command()
@click.argument("host")
@config_option
def forget(host: str, config: Path | None) -> None:
    """Look into HOST again; where devices go on refusing, it is learned anew (school.yaml can say never)."""
    _change(host, config, keeps=False)
    click.echo(f"{host} is forgotten, and is looked into again.")


@passes.command()
@click.argument("host")
@config_option
def keep(host: str, config: Path | None) -> None:
    """Pass a learned HOST through for good, for the kinds of program that refused there."""
    _change(host, config, keeps=True)
    click.echo(f"{host} is passed through for good. To take it back: schoolgate passes forget {host}")


def _change(host: str, config: Path | None, keeps: bool) -> None:
    above = click.get_current_context().parent
    config = config or (above.params.get("config") if above is not None else None)
    with open_settings(config, for_keeps=True) as settings:
        try:
            name = canonical_host(host)
            known = Passes(settings.data)
            is_known = known.keep(name) if keeps else known.forget(name)
            held = known.now().stopped.get(name)
        except BadAddress as error:
            raise Wrong(f"{host!r} is no host: {error}") from None
        except (OSError, ValueError) as error:
            raise Wrong(str(error)) from None
    if not is_known:
        words = f"it is held back, as {held.why}. {_GIVE}" if held else f"nothing of this name was learned. {_GIVE}"
        raise Wrong(f"{host}: {words}")


def _known(settings: Settings) -> Learned:
    try:
        return Passes(settings.data).now()
    except (OSError, ValueError) as error:
        raise Wrong(f"{error}; delete the file, and everything is learned anew") from None


def _document(settings: Settings, known: Learned) -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "learning": settings.snapshot.passing.is_learning,
        "given": sorted(settings.snapshot.passing.given),
        "never": sorted(settings.snapshot.passing.never),
        "at_once": settings.snapshot.passing.at_once,
        "learned": [
            asdict(each) | {"holds": each.holds(now), "held": _held(settings, each.host)}
            for each in known.passes.values()
        ],
        "held_back": [asdict(each) for each in known.stopped.values()],
        "untrusting": [asdict(each) for each in known.untrusting.values()],
    }


def _show(settings: Settings, known: Learned) -> None:
    now, passing = datetime.now(UTC), settings.snapshot.passing
    for each in known.passes.values():
        until = f"until {_day(each.until, settings)}" if each.until else "for good"
        state = until if each.holds(now) else f"ended {_day(each.until, settings)}, is tried again"
        if each.holds(now) and (why := _held(settings, each.host)):
            state = f"looked into all the same: {why}"
        about = f" ({each.service})" if each.service else ""
        click.echo(f"learned    {each.host}{about}  {state}: {each.how}")
    for host in sorted(passing.given):
        click.echo(f"given      {host}  school.yaml")
    for stopped in known.stopped.values():
        click.echo(f"held back  {stopped.host}  last on {_day(stopped.at, settings)}: {stopped.why}")
    for device in known.untrusting.values():
        words = "it, or a program on it, does not trust the school's certificate"
        click.echo(f"device     {device.client}  {_day(device.at, settings)}: {words}")
    topics = len(set(settings.snapshot.purposes.private.values()))
    learning = "on" if passing.is_learning else "off"
    if known.stopped:
        click.echo(_GIVE, err=True)
    click.echo(
        f"From the start: {len(passing.at_once)} hosts of device services, and {topics} never-log topics. "
        f"Learning is {learning}.",
        err=True,
    )


def _held(settings: Settings, host: str) -> str:
    """Why a learned host passes for nobody now; "" where it does, and where nobody is told what is sealed."""
    snapshot, is_searched = settings.snapshot, open_engines().knows(host)
    if snapshot.sealed.knows(host):
        return ""
    groups = [group.id for group in snapshot.people.groups if group.inspect is Inspect.FULL]
    held = [held_back(snapshot, group, host, is_searched) for group in groups]
    return next((each.value for each in held if each), "") if all(held) else ""


def _day(at: str, settings: Settings) -> str:
    return f"{datetime.fromisoformat(at).astimezone(settings.school.timezone):%Y-%m-%d}"
