"""Checks what alerts.yaml says of quiet hours, routes and channels against the school and its files."""

from collections.abc import Iterator

from schoolgate.settings.chat_address import HOW_TO_INSTALL, fault_of, is_installed
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.faults import Fault
from schoolgate.settings.models import AlertsFile


def check_alerts(files: ConfigFiles, alerts: AlertsFile | None) -> Iterator[Fault]:
    """Faults of alerts.yaml; names are looked up in what is written, so that no other mistake hides them."""
    roles, groups = set(files.at("school", "roles", kind=dict)), set(files.at("people", "groups", kind=dict))
    for number in range(len(files.at("alerts", "routes", kind=list))):
        yield from files.known("alerts", ("routes", number, "to"), "role", roles)
        yield from files.known("alerts", ("routes", number, "groups"), "group", groups)
    for number in range(len(files.at("alerts", "channels", kind=list))):
        yield from files.known("alerts", ("channels", number, "to"), "role", roles)
    if alerts and alerts.quiet and alerts.quiet.since == alerts.quiet.until:
        words = "begins and ends at once; write two different times, or quiet: null for none"
        yield files.fault("alerts", ("quiet", "from"), words)
    yield from _check_channels(files, alerts) if alerts else ()


def _check_channels(files: ConfigFiles, alerts: AlertsFile) -> Iterator[Fault]:
    if alerts.channels and not is_installed():
        words = f"channels cannot be used: Apprise is not installed; {HOW_TO_INSTALL}"
        yield files.fault("alerts", ("channels",), words)
        return
    seen: set[str] = set()
    for number, channel in enumerate(alerts.channels):
        place = ("channels", number, "url_file")
        if channel.url_file in seen:
            yield files.fault("alerts", place, f"{channel.url_file!r} stands here twice; give each channel a file")
        elif fault := fault_of(files.folders.root / channel.url_file):
            yield files.fault("alerts", place, f"{channel.url_file!r} {fault}")
        seen.add(channel.url_file)
