"""A disk that is full: no site that is blocked is shown, and what was seen is on record."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable

import pytest
from pretend.gateway import Gateway
from pretend.sites import Sites


def test_a_full_data_folder_stops_no_ordinary_page(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start()
    gateway.stop()
    data = gateway.school.data
    kept = data.with_name("kept")
    data.rename(kept)
    data.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", data], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        shutil.copytree(kept, data, dirs_exist_ok=True)
        gateway.start()
        with pytest.raises(OSError, match="No space"), (data / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        before = sites.connections
        assert gateway.curl(f"http://pornhub.com:{sites.port}/").status in (403, 503)
        assert sites.connections == before
        assert gateway.curl(f"http://allowed.example:{sites.port}/").status == 200
        for victim in ("worker1", "recorder", "office"):  # a full disk keeps nobody from beginning again
            killed = gateway.children()[victim]
            os.kill(killed, signal.SIGKILL)
            end = time.monotonic() + 40
            while gateway.children().get(victim, killed) == killed:
                assert time.monotonic() < end
                time.sleep(0.1)
        end = time.monotonic() + 60
        while gateway.curl(f"http://allowed.example:{sites.port}/").status != 200:
            assert time.monotonic() < end, gateway.log[-3000:]
        assert gateway.curl(f"http://pornhub.com:{sites.port}/").status in (403, 503)
        assert sites.connections > before
        assert not sites.seen("pornhub.com")
        (data / "filler").unlink()
        end = time.monotonic() + 60
        while gateway.curl(f"http://pornhub.com:{sites.port}/").status != 403:
            assert time.monotonic() < end, gateway.log[-3000:]
    finally:
        gateway.stop()
        subprocess.run(["umount", data], check=True)


def test_a_full_disk_shows_no_block_page_and_no_site(start: Callable[..., Gateway], sites: Sites) -> None:
    """The journal's folder is a file system of 64 KB; when it is full, a block cannot be recorded."""
    gateway = start()
    gateway.stop()
    journal = gateway.school.data / "journal"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", journal], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        gateway.start()
        os.kill(gateway.children()["recorder"], signal.SIGSTOP)
        before = sites.connections
        statuses = [gateway.curl(f"http://pornhub.com:{sites.port}/{n}").status for n in range(120)]
        assert set(statuses) == {403, 503}
        assert sites.connections == before
        assert gateway.curl(f"http://allowed.example:{sites.port}/").status == 200
        os.kill(gateway.children()["recorder"], signal.SIGCONT)
        assert len(gateway.events("--action", "block")) == statuses.count(403)
    finally:
        gateway.stop()
        subprocess.run(["umount", journal], check=True)
