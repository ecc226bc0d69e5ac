"""``schoolgate devices``: which of the school's devices come to the filter from elsewhere, each by its own tunnel."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from schoolgate.commands.deeds import put_in_journal
from schoolgate.settings.away import (
    FILE,
    AwayDevice,
    NoSuchChange,
    add_device,
    public_of,
    remove_device,
    resolver_of,
)
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings
from schoolgate.settings.persons import groups_by_login
from schoolgate.settings.school_models import AwayEntry
from schoolgate.settings.written import data_folder_of
from schoolgate.store.event import Deed, deed_event
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.terminal import Wrong, config_option, open_settings, told_plainly


@click.group()
def devices() -> None:
    """Devices of the school that are filtered wherever they are (WireGuard)."""


@devices.command()
@click.argument("name")
@click.option("--group", required=True, help="The group of config/people.yaml whose rules hold for it.")
@click.option("--user", default="", help="The person of config/people.yaml whose own device it is.")
@click.option("--qr", type=click.Path(path_type=Path, dir_okay=False), help="Write the QR code to a .png or .svg, too.")
@config_option
def add(name: str, group: str, user: str, qr: Path | None, config: Path | None) -> None:
    """Add a device and show its WireGuard configuration, as text and as a QR code for the app.

    Its private key is shown this once and kept nowhere. It may come within seconds.
    """
    import segno

    if qr is not None and qr.suffix not in (".png", ".svg"):
        raise Wrong(f"--qr {qr}: the name must end in .png or .svg")
    with open_settings(config, for_keeps=True) as settings, _in_a_line():
        away = _away(settings)
        _check(settings, name, group, user)
        device, private = add_device(settings.data, away, name.strip(), group, user)
        _put_on_record(settings.data, Deed.DEVICE_IN, device, str(device.address(away)), settings.snapshot.version)
    text = configuration(device, away, private)
    code = segno.make(text, error="l", micro=False)
    click.echo(text)
    if sys.stdout.isatty():
        code.terminal(compact=True)
    if qr is not None:
        try:
            code.save(str(qr), scale=6)
            qr.chmod(0o600)
        except OSError as error:
            raise Wrong(f"--qr {qr}: cannot be written: {error.strerror}; the device was added") from None


@devices.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON line a device.")
@config_option
def list_devices(as_json: bool, config: Path | None) -> None:
    """Show every device that may come from elsewhere, with its address and its port."""
    with open_settings(config) as settings:
        away = _away(settings)
        for device in settings.away:
            row = {
                "name": device.name,
                "group": device.group,
                "user": device.user,
                "address": str(device.address(away)),
                "port": device.port(away),
                "added": device.added,
            }
            words = [device.name, str(row["address"]), f"UDP {row['port']}", device.group, device.user, device.added]
            click.echo(json.dumps(row) if as_json else "  ".join(filter(None, words)))
        if not settings.away and not as_json:
            click.echo("No device comes from elsewhere; add one with: schoolgate devices add NAME --group GROUP")


@devices.command()
@click.argument("name")
@config_option
def remove(name: str, config: Path | None) -> None:
    """Remove a device: its tunnel ends within a second, and its configuration is good for nothing any more.

    A lost device can be removed whatever is wrong in other files than school.yaml.
    """
    with told_plainly(), _in_a_line():
        data = data_folder_of(find_folders(config))
        gone = remove_device(data, name)
        _put_on_record(data, Deed.DEVICE_OUT, gone)
    click.echo(f"{gone.name} is removed.")


def configuration(device: AwayDevice, away: AwayEntry, private: str) -> str:
    """The device's configuration in WireGuard's own form (wg-quick, and the apps for every system)."""
    host = f"[{away.endpoint}]" if ":" in away.endpoint else away.endpoint
    return f"""[Interface]
PrivateKey = {private}
Address = {device.address(away)}/32, {device.address_v6(away)}/128
DNS = {resolver_of(away.network)}

[Peer]
PublicKey = {public_of(device.filter_key)}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = {host}:{device.port(away)}
PersistentKeepalive = 25
"""


def _check(settings: Settings, name: str, group: str, user: str) -> None:
    """Raises Wrong where people.yaml knows no such group or person, or knows them otherwise."""
    if not name.strip() or not name.isprintable():
        raise Wrong("NAME: a device needs a name, such as ipad-07")
    if group not in settings.people.groups:
        raise Wrong(f"--group {group}: config/people.yaml has: {', '.join(settings.people.groups)}")
    if not user:
        return
    if user.casefold() not in (login.casefold() for login in settings.people.people):
        raise Wrong(f"--user {user}: config/people.yaml has no such person under people:")
    if (theirs := groups_by_login(settings.people)[user.casefold()]) != group:
        raise Wrong(f"--user {user}: config/people.yaml has them in group {theirs!r}, not in {group!r}")


def _away(settings: Settings) -> AwayEntry:
    if settings.school.away is None:
        words = "config/school.yaml: devices that are elsewhere need to know where to; write for example"
        raise Wrong(f"{words} away: {{endpoint: filter.school.example}}")
    return settings.school.away


def _put_on_record(data: Path, deed: Deed, device: AwayDevice, client: str = "", snapshot: str = "") -> None:
    person = open_pseudonyms(data).of("user", device.user) if device.user else ""
    given = {"entry": device.name, "group": device.group, "person": person, "client": client}
    put_in_journal(data, deed_event(datetime.now(UTC), deed, "schoolgate", snapshot, **given))


@contextmanager
def _in_a_line() -> Iterator[None]:
    """What stands in a change's way."""
    try:
        yield
    except NoSuchChange as error:
        raise Wrong(str(error)) from None
    except OSError as error:
        raise Wrong(f"{error.filename or FILE}: cannot be written: {error.strerror}") from None
