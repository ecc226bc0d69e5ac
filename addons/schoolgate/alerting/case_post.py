"""Tells the role that a case comes to: by one mail, and on the channels of that role that want to hear of it.

What rings beside the mail waits for the end of quiet hours, unless the case is urgent. The note that something was told
is one transaction with it, so that nothing is told twice.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from schoolgate.alerting.case_roles import told_of
from schoolgate.alerting.case_words import LETTERS, NO_LOGIN
from schoolgate.alerting.quiet_hours import is_quiet
from schoolgate.alerting.recipients import channels_to
from schoolgate.settings.alert_checks import CASE_ROLES
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Case, Entry, Priority
from schoolgate.store.event import Deed, stamp
from schoolgate.store.office import OfficeStore
from schoolgate.store.pseudonym import Pseudonyms

_FRESH = timedelta(days=7)  # what is older and was never told is left alone: the office's file was lost
_TO_RING = "waits"


def tell(store: OfficeStore, pseudonyms: Pseudonyms, case: Case, settings: Settings, now: float) -> None:
    """Put into the outbox what was not told yet of a case."""
    waits = case.priority != Priority.HIGH and is_quiet(settings.alerts.quiet, settings.snapshot.calendar, now)
    for deed, role, letter in _letters(case, now):
        told, rung = f"case-told/{deed}", f"case-rung/{deed}"
        is_told = store.bookmark(told) is not None
        if is_told and (waits or store.bookmark(rung) != _TO_RING):
            continue
        roles = told_of(settings, pseudonyms, case, role)
        subject, text = LETTERS[letter](case, deed, settings)
        brief, logins = text.partition("\n\n")[0], [settings.school.roles[each].user for each in roles]
        text += "" if all(logins) else NO_LOGIN
        message_id = f"<case-{deed}@{settings.school.mail.sender.partition('@')[2]}>"
        with store.atomic():
            to = [] if is_told else settings.recipients(roles)
            if to:
                store.add_mail(to, subject, text, "", message_id, now)
            for channel in [] if waits else channels_to(settings, roles, Priority(case.priority)):
                store.add_mail([channel], subject, brief, "", message_id, now, channel=channel)
            store.set_bookmark(told, stamp(datetime.fromtimestamp(now, UTC)))
            store.set_bookmark(rung, _TO_RING if waits else "")


def _letters(case: Case, now: float) -> Iterator[tuple[str, str, Deed]]:
    """Deeds of a case of which a role is told by a mail of its own: the deed's id, the role, and which mail that is."""
    fresh = stamp(datetime.fromtimestamp(now, UTC) - _FRESH)
    if case.was_raised_by_somebody and case.at > fresh:
        yield case.id, case.route, Deed.CASE
    for entry in case.of(Deed.ESCALATED, Deed.CASE_OWNER):
        if entry.at > fresh and entry.entry in CASE_ROLES and not _took_it(entry):
            yield entry.id, entry.entry, entry.what


def _took_it(entry: Entry) -> bool:
    """Whether somebody took a case over, who needs no mail about it."""
    return entry.what is Deed.CASE_OWNER and entry.entry == entry.actor.partition(" ")[0]
