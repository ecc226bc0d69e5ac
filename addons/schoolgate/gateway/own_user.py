"""The filter's own user: who may write the record and read the settings, and nothing else of the machine."""

import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from schoolgate.gateway.system import WITHIN, CannotInstall, run, said
from schoolgate.gateway.units import USER
from schoolgate.lists.sealed.feeds import REQUIRED
from schoolgate.lists.sealed.taking import MACHINE
from schoolgate.settings.load import Settings


def make_user(settings: Settings) -> Iterator[str]:
    """A user of the filter's own, who may read the settings and owns what the gateway writes."""
    try:
        of_user()
    except KeyError:
        command = ["systemd-sysusers", f"{USER}.conf"] if shutil.which("systemd-sysusers") else _useradd()
        run(command)
        yield f"made     the user {USER}"
    user, group = of_user()
    folders = settings.folders
    for folder in (settings.data, folders.root / "blocklists" / "local"):
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, group, follow_symlinks=False)
    readable = [folder for folder in (folders.config, folders.root / "secrets") if folder.is_dir()]
    for path in (path for folder in readable for path in (folder, *folder.rglob("*"))):
        if not path.is_symlink():
            let_read(path, user, group)
    yield f"given    {settings.data} to {USER}, and {' and '.join(map(str, readable))} to read"
    yield make_feed_folders(MACHINE, folders.root / "sealed", user, group)


def let_read(path: Path, user: int, group: int) -> None:
    """The group may read it; what nobody but root may read is a secret, and becomes the user's."""
    found = path.stat()
    if path.is_file() and found.st_uid == 0 and not found.st_mode & 0o077:
        os.chown(path, user, group)
        return
    os.chown(path, -1, group)
    path.chmod(found.st_mode | (0o050 if path.is_dir() else 0o040))


def make_feed_folders(machine: Path, beside: Path, user: int, group: int) -> str:
    """Folders for the feeds of illegal material; these, and those ``beside`` config/, are the filter's."""
    for name in REQUIRED:
        (machine / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    for place in (machine, beside):
        for path in (place, *place.rglob("*")) if place.is_dir() else ():
            os.chown(path, user, group, follow_symlinks=False)
    machine.chmod(0o700)
    return f"given    {machine} to {USER}: each feed of illegal material goes into its folder there (docs/sealed.md)"


def of_user() -> tuple[int, int]:
    """The numbers of the user and of its group. Raises KeyError where there is none."""
    return pwd.getpwnam(USER).pw_uid, grp.getgrnam(USER).gr_gid


def try_as_user(python: Path, config: Path, user: int, group: int) -> None:
    """Whether the filter's own user may run this program and read the settings, as it will have to."""
    command = [str(python), "-m", "schoolgate", "config", "check", "--config", str(config)]
    try:
        done = subprocess.run(
            command, user=user, group=group, extra_groups=[], cwd="/", capture_output=True, timeout=WITHIN
        )
    except PermissionError:
        raise CannotInstall(
            f"the user {USER} may not run {python} ({python.resolve()}): install schoolgate and its Python where every"
            " user may read them, such as below /opt; what is redirected is as it was"
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstall(f"{python} could not be run as {USER}: {error}; what is redirected is as it was") from None
    if done.returncode:
        raise CannotInstall(
            f"the user {USER} cannot start schoolgate with {config}: {said(done.stderr.decode(errors='replace'))};"
            " it needs to read what the settings name, and to pass every folder above; what is redirected is as it was"
        )


def _useradd() -> list[str]:
    return ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "--user-group", USER]
