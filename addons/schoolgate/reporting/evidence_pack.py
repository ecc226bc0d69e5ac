"""The evidence pack as a folder and a zip file: the page, its PDF, and the rows with the proof of the chain."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from errno import EEXIST
from pathlib import Path
from tempfile import TemporaryDirectory

from schoolgate.reporting.evidence import Evidence, render_evidence
from schoolgate.reporting.pdf import make_pdf
from schoolgate.store.check_chain import grouped
from schoolgate.store.pack import Chained, name_files, write_chain
from schoolgate.store.record import RecordReader


@dataclass(frozen=True, slots=True)
class Pack:
    """Where it was written, whether a PDF could be made, and how many rows are not sealed yet (``waiting``)."""

    folder: Path
    zip: Path
    has_pdf: bool
    waiting: int


def write_pack(found: Evidence, reader: RecordReader, out: Path, cover: str, asked: str) -> Pack:
    """Write the pack below ``out``, whole or not at all, for the eyes of its owner only.

    Raises OSError, FileExistsError where it is there already, SettingsError where the school's template is wrong.
    """
    case = found.case
    name = f"evidence-{case.subject.code}-{case.first_day}-to-{case.last_day}"
    for there in (out / name, out / f"{name}.zip"):
        if there.exists():
            raise FileExistsError(EEXIST, "is there already", str(there))
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".evidence-", dir=out) as unfinished:
        folder = Path(unfinished) / name
        folder.mkdir(mode=0o700)
        pack = _fill(folder, found, reader, cover, asked)
        return Pack(folder.rename(out / name), pack.zip.rename(out / pack.zip.name), pack.has_pdf, pack.waiting)


def _fill(folder: Path, found: Evidence, reader: RecordReader, cover: str, asked: str) -> Pack:
    case = found.case
    rows = [*case.events, *case.deeds]
    chained = write_chain(reader, (row["seq"] for row in rows), folder)
    waiting = sum(row["seq"] is None for row in rows)
    html = render_evidence(found, _chain_words(chained, waiting, case.day), cover, asked)
    (folder / "evidence.html").write_text(html, encoding="utf-8")
    pdf = make_pdf(html)
    if pdf is not None:
        (folder / "evidence.pdf").write_bytes(pdf)
    shares = [{"category": s.category, "opened": s.opened, "by_itself": s.by_itself} for s in found.context.shares]
    (folder / "context.json").write_text(json.dumps(shares, indent=2), encoding="utf-8")
    name_files(folder)
    return Pack(folder, _zip(folder), pdf is not None, waiting)


def _chain_words(chained: Chained, waiting: int, clock: Callable[[str], datetime]) -> dict[str, str]:
    """What the page says of its proof."""
    words = "Nothing on record was sealed yet when this pack was made, so there is no proof."
    seal = ""
    if chained.head is not None:
        seal = grouped(chained.head.seal)
        words = (
            f"Every row of the record is sealed over all rows before it. {chained.rows} rows of this pack stand in "
            f"that chain; its last seal, of batch {chained.head.number}, was made on "
            f"{clock(chained.head.sealed_at):%a %d %b %Y at %H:%M:%S}. Whoever has kept a seal from the digest can "
            "tell whether anything was changed since."
        )
    if waiting:
        words += f" {waiting} more were not sealed yet: they stand on this page only. Make the pack again in a minute."
    return {"words": words, "seal": seal}


def _zip(folder: Path) -> Path:
    path = folder.with_name(f"{folder.name}.zip")
    path.touch(mode=0o600)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for each in sorted(folder.iterdir()):
            each.chmod(0o600)
            file.write(each, f"{folder.name}/{each.name}")
    return path
