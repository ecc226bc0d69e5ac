"""Checks what school.yaml says of a single sign-on against the school's files."""

from collections.abc import Iterator

from schoolgate.passwords import LOGIN
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.faults import Fault
from schoolgate.settings.school_models import SchoolFile


def check_sign_on(files: ConfigFiles, school: SchoolFile | None) -> Iterator[Fault]:
    """Faults of ``sign_on:``."""
    if school is None or school.sign_on is None:
        return
    entry, place = school.sign_on, ("sign_on", "client_secret_file")
    path = files.folders.root / entry.client_secret_file
    try:
        if not path.read_text("utf-8").strip():
            yield files.fault("school", place, f"{entry.client_secret_file!r} is empty; put the client secret there")
    except OSError as error:
        words = f"{entry.client_secret_file!r} cannot be read ({error.strerror}); put the client secret there"
        yield files.fault("school", place, words)
    except UnicodeDecodeError:
        yield files.fault("school", place, f"{entry.client_secret_file!r} is no text")
    for address, login in entry.logins.items():
        if not LOGIN.fullmatch(login):
            yield files.fault("school", ("sign_on", "logins", address), f"{login!r} is no login: no blanks, ':' or '#'")
