"""What the terminal says when the gateway runs: where everything is, how to trust the CA, and what to do next."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from schoolgate.lists.sealed.compliance import KEEP, not_compliant, told
from schoolgate.settings.load import Settings


def welcome(settings: Settings, certificate: Path, fingerprint: str, code: str = "") -> str:
    """The words; ``fingerprint`` is the SHA-256 of the CA certificate, ``code`` sets up the console's first login."""
    school = settings.school
    where, *others = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in school.listen.proxy)
    command = _command()
    to = ", ".join(settings.recipients(settings.alerts.immediate.to)) or "nobody"
    lines = [
        f"schoolgate is running for {school.name}.",
        "",
        f"  Proxy     {where}   set this as HTTP and HTTPS proxy on the devices",
        *(f"            {other}" for other in others),
        *_redirected(school.listen.transparent),
        f"  CA        {certificate}",
        "            install it on the devices as a trusted authority; its SHA-256 fingerprint is",
        f"            {fingerprint}",
    ]
    if school.listen.console:
        lines.append(f"  Console   {_console(settings, command)}")
        lines += [f"            {line}" for line in _setup(settings, code)]
    if school.listen.metrics:
        lines.append(f"  Metrics   http://{school.listen.metrics[0]}:{school.listen.metrics[1]}/metrics")
    lines += [
        f"  Office    alerts go to {to} through {school.mail.host}:{school.mail.port}",
        f"  Lists     {_lists(settings, command)}",
        f"  Record    {settings.data}   settings {settings.folders.config} (version {settings.snapshot.version})",
        "",
        f"  Try it    {command} check pornhub.com --group pupils",
        f"            curl --proxy http://{where} --cacert {certificate} https://example.org/",
        f"  Look      {command} events --since 1h",
        "  Tune      edit config/*.yaml: sound edits are taken up by themselves",
        "  Stop      Ctrl-C",
    ]
    lines += ["", *_sealed(settings)]
    lines += [f"  Note      {advice}" for advice in settings.advice]
    return "\n".join(lines)


def _sealed(settings: Settings) -> list[str]:
    """The feeds of illegal material that are in force, and loudly, those that are missing."""
    lines = [f"  Illegal   {told(state, datetime.now(UTC))}" for state in settings.sealed]
    if lacking := not_compliant(settings.sealed):
        lines += [f"  {lacking}", f"  {KEEP}"]
    return lines


def _lists(settings: Settings, command: str) -> str:
    """What the lists are, and how to get those that were never fetched."""
    missing = sum(settings.copies.get(remote.name) is None for remote in settings.remotes)
    if not missing:
        return f"{len(settings.remotes)} are kept fresh from their publishers; see  {command} lists stats"
    when = settings.school.lists.update
    by_itself = f", or by itself in the night ({when})" if when else ""
    return f"{missing} of {len(settings.remotes)} were never downloaded: {command} lists update{by_itself}"


def _redirected(port: int | None) -> list[str]:
    return (
        []
        if port is None
        else [f"  Network   port {port} takes what the network redirects (schoolgate gateway status)"]
    )


def _console(settings: Settings, command: str) -> str:
    """Where the console is, and what it lacks as long as nobody can log in."""
    host, port = settings.school.listen.console or ("", 0)
    address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    if settings.people.logins is None and settings.school.sign_on is None:
        return f"{address}   nobody can log in yet; the code again: {command} setup-code"
    return f"{address}   staff see their own record there, and say what is wrong"


def _setup(settings: Settings, code: str) -> list[str]:
    """How the first login comes about, where none of the roles has one."""
    if not code:
        return []
    return [f"set up the first login at {settings.console_url}/setup with the code {code}", "(once, within a day)"]


def _command() -> str:
    """How this command was called, so that the next one can be called the same way."""
    path = Path(sys.argv[0]).absolute()
    if path.name != "schoolgate":
        return "schoolgate"
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
