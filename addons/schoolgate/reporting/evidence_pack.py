"""The evidence pack as a folder and a zip file: the page, its PDF, and the rows with the proof of the chain."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

from schoolgate.reporting.evidence import Evidence, render_evidence
from schoolgate.reporting.pdf import make_pdf
from schoolgate.store.check_chain import grouped
from schoolgate.store.pack import Chained, write_chain
from schoolgate.store.record import RecordReader


@dataclass(frozen=True, slots=True)
class Pack:
    """Where it was written, whether a PDF could be made, and how many rows are not sealed yet (``waiting``)."""

    folder: Path
    zip: Path
    has_pdf: bool
    waiting: int


def write_pack(found: Evidence, reader: RecordReader, out: Path, cover: str, asked: str) -> Pack:
    """Write the pack below ``out``. Raises OSError, FileExistsError where it is there already."""
    case = found.case
    first, last = case.first_day, case.last_day
    folder = out / f"evidence-{case.subject.code}-{first}-to-{last}"
    folder.mkdir(parents=True)
    rows = [*case.events, *case.deeds]
    chained = write_chain(reader, (row["seq"] for row in rows), folder)
    waiting = sum(row["seq"] is None for row in rows)
    html = render_evidence(found, _chain_words(chained, waiting), cover, asked)
    (folder / "evidence.html").write_text(html, encoding="utf-8")
    pdf = make_pdf(html)
    if pdf is not None:
        (folder / "evidence.pdf").write_bytes(pdf)
    shares = [{"category": s.category, "opened": s.opened, "by_itself": s.by_itself} for s in found.context.shares]
    (folder / "context.json").write_text(json.dumps(shares, indent=2), encoding="utf-8")
    return Pack(folder, _zip(folder), pdf is not None, waiting)


def _chain_words(chained: Chained, waiting: int) -> dict[str, str]:
    """What the page says of its proof."""
    words = "Nothing on record was sealed yet when this pack was made, so there is no proof."
    seal = ""
    if chained.head is not None:
        seal = grouped(chained.head.seal)
        words = (
            f"Every row of the record is sealed over all rows before it. {chained.rows} rows of this pack stand in "
            f"that chain; its last seal, of batch {chained.head.number}, was made at {chained.head.sealed_at}. Whoever "
            "has kept a seal from the digest can tell whether anything was changed since."
        )
    if waiting:
        words += f" {waiting} more were not sealed yet: they stand on this page only. Make the pack again in a minute."
    return {"words": words, "seal": seal}


def _zip(folder: Path) -> Path:
    path = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as file:
        for each in sorted(folder.iterdir()):
            file.write(each, f"{folder.name}/{each.name}")
    return path
