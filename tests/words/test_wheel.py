"""What is installed elsewhere brings the shipped lists, settings and pages along."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif("UV" not in os.environ, reason="only 'uv run pytest' says where uv is, which builds the wheel")
def test_the_wheel_carries_what_a_school_begins_with(tmp_path: Path) -> None:
    subprocess.run([os.environ["UV"], "build", "--quiet", "--wheel", "--out-dir", tmp_path, ROOT], check=True)
    [wheel] = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    for pattern in (
        "blocklists/*.yaml",
        "blocklists/local/*.yaml",
        "blocklists/apps/*.yaml",
        "blocklists/private/*.yaml",
        "blocklists/sources/**/LICENSE*",
        "config/*.yaml",
        "reports/*.html",
    ):
        for path in ROOT.glob(pattern):
            assert f"schoolgate/shipped/{path.relative_to(ROOT)}" in carried
    for path in (ROOT / "addons" / "schoolgate" / "console").rglob("*.*"):
        if path.suffix in (".html", ".css"):
            assert str(path.relative_to(ROOT / "addons")) in carried
