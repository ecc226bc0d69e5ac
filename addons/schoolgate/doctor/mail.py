"""Whether alerts would arrive: the mail server takes one for everybody who is told at once."""

import secrets
from collections.abc import Iterator

from schoolgate.alerting.post import Letter, send, would_take
from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.settings.load import Settings

_ADVICE = "Correct mail: in school.yaml, or ask who runs the mail server; alerts wait until it takes them."


def mail(settings: Settings, really: bool) -> Iterator[Finding]:
    """All of the talk but the mail itself; ``really`` sends one to those who are told of faults."""
    alerts, school = settings.alerts, settings.school
    roles = list(dict.fromkeys((*alerts.told_at_once, *alerts.worries.to, *alerts.faults.to)))
    recipients = tuple(dict.fromkeys(settings.recipients(roles)))
    if not recipients:
        yield wrong("alert mail", "Nobody is told of anything.", "Give the roles in school.yaml an e-mail address.")
        return
    place = f"{school.mail.host}:{school.mail.port}"
    outcome = would_take(recipients, school.mail, settings.folders.root)
    if outcome.left:
        yield wrong("alert mail", f"It would not reach {', '.join(outcome.left)}: {outcome.error}.", _ADVICE)
    else:
        number = f"{len(recipients)} people who are" if len(recipients) > 1 else "the one who is"
        yield good("alert mail", f"{place} takes mail for {number} told at once.")
    if not really:
        return
    to = tuple(settings.recipients(alerts.faults.to))
    domain = school.mail.sender.partition("@")[2]
    text = "schoolgate doctor was asked to send this mail. Nothing is wrong, and there is nothing to do.\n"
    subject = f"{school.name}: a test mail of the filter"
    letter = Letter(to, subject, text, "", f"<doctor-{secrets.token_hex(8)}@{domain}>")
    if not to:
        yield skipped("test mail", "Nobody is told of faults (faults: to: in alerts.yaml).")
        return
    sent = send(letter, school.mail, settings.folders.root)
    if sent.left:
        yield wrong("test mail", f"It did not reach {', '.join(sent.left)}: {sent.error}.", _ADVICE)
    else:
        yield good("test mail", f"It was handed over for {', '.join(to)}; see that it arrives.")
