"""What all tests share: a compiled index of the shipped lists, a world of sites, and gateways that end with their test."""

import gc
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pretend.gateway import Gateway, namespace
from pretend.mailbox import Mailbox
from pretend.school import NO_DIGEST, School
from pretend.sites import Sites
from pretend.spared import spare
from schoolgate.settings.folders import find_folders, shipped
from schoolgate.settings.load import Settings, load_settings


def pytest_configure(config: pytest.Config) -> None:
    """Spare all tests what need not be done again and again."""
    spare(config.rootpath / ".pytest_cache" / "bytecode")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that both workers end at about the same time."""
    items.sort(key=lambda item: {"e2e", "faults"}.isdisjoint(item.path.parts))


def pytest_collection_finish() -> None:
    """What is collected stays: the garbage collector need not look at it again and again."""
    gc.freeze()


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
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """The pretend internet."""
    world = Sites(tmp_path_factory.mktemp("sites")).start()
    yield world
    world.stop()


@pytest.fixture(scope="module")
def sites(world: Sites) -> Sites:
    """The same, which remembers nothing of the files of tests before: a teacher of theirs may have been where pupils may not go."""
    world.asked.clear()
    return world


@pytest.fixture(scope="module")
def gateways() -> Iterator[list[Gateway]]:
    """What runs and is to end with the module at the latest."""
    running: list[Gateway] = []
    yield running
    for gateway in running:
        gateway.stop()


@pytest.fixture(autouse=True)
def _with_the_test(gateways: list[Gateway]) -> Iterator[None]:
    """A gateway that a test starts for itself ends with it: those left running would take the next ones' time."""
    shared = len(gateways)
    yield
    while len(gateways) > shared:
        gateways.pop().stop()


@pytest.fixture(scope="module")
def start(
    gateways: list[Gateway], sites: Sites, index: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Gateway]:
    """Starts gateways: one for a fixture of the module ends with the module, one for a test with the test."""
    if not namespace():
        pytest.skip("this machine allows no mount namespace (unshare --mount), which these tests need for /etc/hosts")

    def begin(
        workers: int = 1, environment: dict[str, str] | None = None, fresh: bool = False, **changes: object
    ) -> Gateway:
        school = School(tmp_path_factory.mktemp("gateway"), upstream_ca=sites.ca, digest=NO_DIGEST)
        for name, value in changes.items():
            setattr(school, name, value)
        gateway = Gateway(school, workers, None if fresh else index, environment or {})
        gateways.append(gateway)
        return gateway.start()

    return begin


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
