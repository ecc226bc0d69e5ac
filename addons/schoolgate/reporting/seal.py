"""Hands the seal of the record to people outside the gateway, so that nobody can change the record alone."""

from datetime import UTC, datetime

from schoolgate.settings.load import Settings
from schoolgate.store.check_chain import Seal, grouped, moment
from schoolgate.store.event import Deed, deed_event
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import RecordReader

_BOOKMARK, _ROW = "seal", "seal-row"
_NEWS = (
    "select 1 from events where seq > :last and action <> 'probe' "
    "and (action <> 'deed' or actor <> 'schoolgate') limit 1"
)


def seal_words(seal: Seal | None, settings: Settings) -> str:
    """The seal as the digest gives it; "" where nothing is sealed yet."""
    if seal is None:
        return ""
    return (
        f"Seal of the record, {_when(seal, settings)}, batch {seal.number}, up to row {seal.last}: "
        f"{grouped(seal.seal)}. Keep this mail: whoever holds this seal can tell whether anything that was on record "
        "then has been changed since (schoolgate verify --seal, or verify.py of an evidence pack)."
    )


def hand_out(store: OfficeStore, settings: Settings, seal: Seal | None, told: list[str], now: float) -> bool:
    """Once a day, mail the seal to those of ``seal: to:`` who are not among ``told``, who have it in their digest.

    Whether it was due: then ``note_handed_out`` puts on record who was given it, once the mail is in the outbox.
    """
    roles = [role for role in settings.monitoring.seal.to if role in settings.school.roles]
    today = datetime.fromtimestamp(now, settings.school.timezone).date().isoformat()
    if seal is None or not roles or store.bookmark(_BOOKMARK) == today:
        return False
    others = [address for address in settings.recipients(roles) if address not in told]
    if others:
        domain = settings.school.mail.sender.partition("@")[2]
        subject = f"{settings.school.name}: seal of the record of {today}"
        store.add_mail(others, subject, _letter(seal, settings), "", f"<seal-{today}@{domain}>", now)
    store.set_bookmark(_BOOKMARK, today)
    store.set_bookmark(_ROW, str(seal.last))
    return True


def has_news(store: OfficeStore, reader: RecordReader) -> bool:
    """Whether the record holds anything since the last seal was handed out but what the gateway did by itself."""
    return any(reader.query(_NEWS, {"last": int(store.bookmark(_ROW) or 0)}))


def note_handed_out(settings: Settings, seal: Seal, now: float) -> None:
    """Put on record who was given which seal. Raises OSError where the journal cannot be written."""
    roles = ", ".join(role for role in settings.monitoring.seal.to if role in settings.school.roles)
    at, version = datetime.fromtimestamp(now, UTC), settings.snapshot.version
    journal = Journal(settings.data, "office")
    try:
        deed = deed_event(at, Deed.SEALED, "schoolgate", version, entry=seal.seal, about=str(seal.last), why=roles)
        journal.append({"t": "event", **deed.row()})
    finally:
        journal.close()


def _when(seal: Seal, settings: Settings) -> str:
    return f"{moment(seal.sealed_at).astimezone(settings.school.timezone):%a %d %b %Y %H:%M:%S}"


def _letter(seal: Seal, settings: Settings) -> str:
    return f"""What this is: the seal of {settings.school.name}'s filtering and monitoring record.

  {grouped(seal.seal)}

  sealed {_when(seal, settings)}, batch {seal.number}, up to row {seal.last} of the record

What to do now: nothing but keep this mail. You hold it as a second party, so that nobody, not even who looks after
the gateway, can change what was on record then without its being seen.

If the record is ever in doubt: ask for a copy of it, or for an evidence pack, and have it checked against this seal:

  schoolgate verify --seal "{grouped(seal.seal)}"
  python3 verify.py --seal "{grouped(seal.seal)}"    (in an evidence pack; needs nothing but Python)

The seal names nobody and says nothing of what is on record.
"""
