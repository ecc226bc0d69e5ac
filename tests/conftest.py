"""What all tests share: a compiled index of the shipped lists, a world of sites, and gateways that end with their test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pretend.gateway import Gateway, namespace
from pretend.mailbox import Mailbox
from pretend.school import School
from pretend.sites import Sites
from schoolgate.settings.folders import find_folders, shipped
from schoolgate.settings.load import Settings, load_settings


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped lists, compiled once a session."""
    folder = tmp_path_factory.mktemp("index")
    school = School(tmp_path_factory.mktemp("school")).write()
    load_settings(find_folders(school.config), folder)
    return folder


@pytest.fixture(scope="session")
def default(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The shipped default settings."""
    return load_settings(find_folders(shipped() / "config"), tmp_path_factory.mktemp("default"))


@pytest.fixture
def settings_of(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[School], Settings]:
    """Load a written school, with a copy of the shared index to begin with."""
    own = tmp_path_factory.mktemp("index")
    shutil.copytree(index, own, dirs_exist_ok=True)
    return lambda school: load_settings(find_folders(school.config), own)


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """The pretend internet."""
    world = Sites(tmp_path_factory.mktemp("sites")).start()
    yield world
    world.stop()


@pytest.fixture(scope="module")
def start(sites: Sites, index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Gateway]]:
    """Starts gateways that end with the module."""
    if not namespace():
        pytest.skip("this machine allows no mount namespace (unshare --mount), which these tests need for /etc/hosts")
    started: list[Gateway] = []

    def begin(
        workers: int = 1, environment: dict[str, str] | None = None, fresh: bool = False, **changes: object
    ) -> Gateway:
        school = School(tmp_path_factory.mktemp("gateway"), upstream_ca=sites.ca)
        for name, value in changes.items():
            setattr(school, name, value)
        gateway = Gateway(school, workers, None if fresh else index, environment or {})
        started.append(gateway)
        return gateway.start()

    yield begin
    for gateway in started:
        gateway.stop()


@pytest.fixture
def mailbox() -> Iterator[Callable[[int], Mailbox]]:
    """Starts mail servers that end with the test."""
    opened: list[Mailbox] = []

    def begin(port: int) -> Mailbox:
        opened.append(Mailbox(port).start())
        return opened[-1]

    yield begin
    for box in opened:
        box.stop()
