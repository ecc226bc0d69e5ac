"""Tells a second party who looked at whose record, so that nobody watches alone: the chair of governors, as a rule."""

from schoolgate.reporting.filling import times
from schoolgate.reporting.looks import Look, looks
from schoolgate.reporting.naming import Names
from schoolgate.reporting.period import Span
from schoolgate.settings.load import Settings
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import open_reader


def tell_watchers(store: OfficeStore, settings: Settings, who: Names, span: Span, told: list[str], now: float) -> None:
    """Mail the look-ups of a period to those who hold the seal and are not among ``told``; none, where there were none.

    Nobody is told of a look at their own record.
    """
    for role in settings.monitoring.seal.to:
        to = [address for address in settings.recipients([role]) if address not in told]
        with open_reader(settings.data, with_waiting=True) as reader:
            found = looks(reader, span, who.codes([role]), [role]) if to else []
        if found:
            day = span.until[:10]
            domain = settings.school.mail.sender.partition("@")[2]
            subject = f"{settings.school.name}: who looked at whose record"
            store.add_mail(to, subject, _letter(found, span, settings), "", f"<looks-{day}-{role}@{domain}>", now)


def _letter(found: list[Look], span: Span, settings: Settings) -> str:
    lines = "\n".join(map(_line, found))
    return f"""What this is: who looked at whose record at {settings.school.name}, {span.words}.
You get this as a second party, so that nobody who may look does so unseen. People stand under codes.

{lines}

What to do now: ask, if a reason does not convince you. The console's page "Look-ups" shows all of them.
"""


def _line(look: Look) -> str:
    whose = f" of {look.person}" if look.person else ""
    reasons = "; ".join(look.reasons) or "no reason given"
    return f"- {look.role or 'no role'} ({look.actor}) {look.done}{whose}, {times(look.number)}: {reasons}"
