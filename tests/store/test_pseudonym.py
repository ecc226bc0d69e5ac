"""The key behind the codes: kept whole, and never quietly replaced where codes are on record already."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from schoolgate.store.event import Deed, deed_event
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.recorder import Recorder


def test_a_key_is_made_once_and_read_ever_after(tmp_path: Path) -> None:
    code = open_pseudonyms(tmp_path).of("user", "J.Smith")
    assert open_pseudonyms(tmp_path).of("user", "j.smith") == code
    assert (tmp_path / "keys" / "pseudonym.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", [b"", b"short", b"x" * 33])
def test_what_is_no_key_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "pseudonym.key").write_bytes(text)
    with pytest.raises(OSError, match="no key of schoolgate's"):
        open_pseudonyms(tmp_path)


def test_a_lost_key_is_not_replaced_where_the_record_holds_codes(tmp_path: Path) -> None:
    person = open_pseudonyms(tmp_path).of("user", "j.smith")
    journal = Journal(tmp_path, "w")
    journal.append({"t": "event", **deed_event(datetime.now(UTC), Deed.NOTICE, person, "v", person=person).row()})
    journal.close()
    Recorder(tmp_path, {}).close()
    (tmp_path / "keys" / "pseudonym.key").unlink()
    with pytest.raises(OSError, match="is lost; put it back from a backup"):
        open_pseudonyms(tmp_path)
    assert not (tmp_path / "keys" / "pseudonym.key").exists()
