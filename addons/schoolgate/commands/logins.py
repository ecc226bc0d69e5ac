"""Commands about who may log in: passwords, and the code for the console's first login."""

import sys
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path

import click

from schoolgate.settings.folders import find_folders
from schoolgate.terminal import Wrong, config_option, open_settings, told_plainly


@click.command()
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


@click.command("setup-code")
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
