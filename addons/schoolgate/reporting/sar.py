"""A subject access copy: everything that is held about one person, in plain words, with everybody else taken out."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from schoolgate.policy.calendar import in_words_for
from schoolgate.reporting.filling import clock, fill, title
from schoolgate.reporting.kept import retention_lines
from schoolgate.reporting.redaction import Redactor
from schoolgate.reporting.sar_words import ACTIONS, DONE, FIELDS
from schoolgate.reporting.sittings import Row
from schoolgate.reporting.subject import Subject
from schoolgate.settings.load import Settings
from schoolgate.store.cases import CASE_DEEDS, clearings
from schoolgate.store.deeds import Contested, Queries, contested, contests
from schoolgate.store.event import Deed
from schoolgate.store.mails import alerts_about, mails_about

_EVENTS = (
    "select * from events where person in (select value from json_each(:codes)) and action <> 'deed' order by at, id"
)
_ACTIVITY = (
    "select day, category, kind, requests from activity where person in (select value from json_each(:codes)) "
    "order by day, category, kind"
)
_DEEDS = "select * from deeds order by at, id"
_WITHHELD = (Deed.HOLD, Deed.RELEASED, *CASE_DEEDS)  # of a case the school decides itself what it hands out
_INNER = ("ids", "keys", "kinds", "case", "case_ref", "case_priority", "in_case", "filled")
_NOT_COUNTED = {
    "block": "not as a visit: it was blocked, and stands here as a block",
    "warn": "no: a page asked first",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of thing that is held: what it is, columns with their meaning, rows for people, and the data itself."""

    id: str
    title: str
    explanation: str
    columns: dict[str, str]
    rows: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    data: list[Any] = field(default_factory=list[Any])


@dataclass(frozen=True, slots=True)
class Holdings:
    """A subject access copy, redacted."""

    subject: Subject
    made: datetime
    parts: tuple[Part, ...]
    retention: tuple[str, ...]
    contact: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is on record."""
        return not any(part.data for part in self.parts)


def holdings(reader: Queries, settings: Settings, subject: Subject, made: datetime) -> Holdings:
    """Gather everything. Raises sqlite3.Error when the record or the office's file is damaged."""
    codes = json.dumps(subject.codes)
    events = list(reader.query(_EVENTS, {"codes": codes}))
    own = {row["id"] for row in events}
    deeds = [row for row in reader.query(_DEEDS) if _concerns(row, subject, own) and row["rule"] not in _WITHHELD]
    told = contested((each for code in subject.codes for each in contests(reader, code)), clearings(reader))
    redactor = Redactor(settings, subject, {row["client"] for row in events if row["client"]})
    maker = _Maker(settings, redactor, subject)
    parts = (
        maker.events(events, told),
        maker.activity(list(reader.query(_ACTIVITY, {"codes": codes}))),
        maker.deeds([row for row in deeds if _did(row, subject) or row["rule"] == Deed.ANSWER], by_others=False),
        maker.deeds([row for row in deeds if not _did(row, subject) and row["rule"] != Deed.ANSWER], by_others=True),
        maker.mails(),
    )
    contact = settings.monitoring.notice.contact.strip()
    return Holdings(subject, made, parts, tuple(retention_lines(settings)), contact)


def _concerns(row: Row, subject: Subject, own: set[str]) -> bool:
    """Whether a deed is by the person, about them, or about one of their events; a look at a case is part of it."""
    if row["rule"] == Deed.VIEWED and row["about"] and not _did(row, subject):
        return False
    return _did(row, subject) or row["person"] in subject.codes or not own.isdisjoint(row["about"].split())


def _did(row: Row, subject: Subject) -> bool:
    return str(row["actor"]).rpartition(" ")[2] in subject.codes


class _Maker:
    """Turns rows into parts; everything is redacted first, so that nothing else can slip through."""

    def __init__(self, settings: Settings, redactor: Redactor, subject: Subject) -> None:
        self._settings, self._redactor, self._subject = settings, redactor, subject

    def events(self, rows: list[Row], told: Contested) -> Part:
        columns = {
            "When": "on the school's clock",
            "What": "the site and page that were asked for, or the words that were searched for",
            "What was done": "recorded, blocked, let through; and the kind of site it is held to be",
            "Does it count?": "only a page that you opened yourself, in working time, can",
            "Why": "the school's rule, and what it rests on",
            "How sure?": "what your identity rests on, and the device",
            "Reference": "to name this entry when you speak of it",
        }
        words = (
            "Every entry that the gateway made about you. Of a page only its address is kept, never what you read or "
            "wrote there. The file sar.json holds all fields of each entry."
        )
        part = Part("events", "What is on record about you", words, columns)
        for row in rows:
            shown = self._redactor.value(row)
            part.data.append(shown)
            part.rows.append(self._event(shown, told))
        return part

    def _event(self, row: Row, told: Contested) -> tuple[str, ...]:
        what = f"searched for “{row['search']}” at {row['host']}" if row["search"] else f"{row['host']}{row['path']}"
        category = f"; {title(self._settings, row['category'])}" if row["category"] else ""
        done = f"{ACTIONS.get(row['action'], row['action'])}{category}; {row['kind'] or 'not told'}: {row['reason']}"
        why = " ".join(each for each in (row["why"], row["basis"] and f"({row['basis']})") if each)
        since = f" since {self._clock(row['identity_since'])}" if row["identity_since"] else ""
        sure = f"{row['identity_confidence']}{since}, at {row['client'] or 'no device'}"
        return (self._clock(row["at"]), what, done, _counts(row, told), why, sure, row["ref"])

    def activity(self, rows: list[Row]) -> Part:
        columns = {
            "Day": "",
            "Kind of site": "as the school's lists have it",
            "Kind of request": "a page that was opened (visit), or what pages loaded by themselves (all others)",
            "Requests": "how many; no addresses are kept",
        }
        words = (
            "Counts of what was asked for in your working time, so that shares can be told and not only what is bad."
        )
        part = Part("activity", "Counts without addresses", words, columns)
        for row in self._redactor.value(rows):
            part.data.append(row)
            kind = title(self._settings, row["category"]) if row["category"] else "Everything else"
            part.rows.append((f"{date.fromisoformat(row['day']):%a %d %b %Y}", kind, row["kind"], str(row["requests"])))
        return part

    def deeds(self, rows: list[Row], by_others: bool) -> Part:
        columns = {
            "When": "on the school's clock",
            "Who": "you, or the role of somebody else",
            "Did what": "",
            "Words": "the reason or the words that were given",
            "More": "the notice's version, the sites, the answer, or what was taken out",
            "Reference": "",
        }
        if by_others:
            words = "Who looked at your record, had your name shown or took a copy out, and the reason that was given."
            part = Part("looks", "Who looked at your record", words, columns)
        else:
            words = (
                "Notices that you read, purposes that you declared, your notes and contests, and the answers to them."
            )
            part = Part("said", "What you did and said", words, columns)
        for row in rows:
            shown = self._redactor.value({**row, "actor": ""}) | {"actor": self._redactor.actor(row["actor"])}
            part.data.append(shown)
            more = ", ".join(each for each in (shown["notice"], self._period(shown["entry"])) if each)
            done = DONE.get(row["rule"], str(row["rule"]))
            part.rows.append((self._clock(row["at"]), shown["actor"], done, shown["why"], more, shown["ref"]))
        return part

    def mails(self) -> Part:
        columns = {
            "When": "",
            "To": "as roles",
            "Subject": "",
            "What it says about you": "lines about others are left out",
        }
        words = "Alerts and mails that mention you. Of a digest only the lines about you are shown."
        part = Part("mails", "Alerts and mails about you", words, columns)
        data, subject = self._settings.data, self._subject
        alerts = alerts_about(data, subject.codes)
        for alert in alerts:
            part.data.append({"alert": self._redactor.value({**alert, "facts": _without_ids(alert["facts"])})})
        names = (*subject.codes, subject.login, subject.name, *subject.devices)
        of_alert = {alert["id"] for alert in alerts}
        for mail in mails_about(data, of_alert, names):
            text = mail["text"] or ""
            lines = text if mail["alert"] in of_alert else "\n".join(_lines_with(text, names))
            lines = _without_cases(lines, alerts)
            if not lines and mail["alert"] not in of_alert and not list(_lines_with(mail["subject"] or "", names)):
                continue  # only a part of a word is like hers
            to = sorted({self._role(address) for address in json.loads(mail["recipients"]) or [""]})
            when = self._clock(datetime.fromtimestamp(mail["created"], self._settings.school.timezone).isoformat())
            shown = self._redactor.value({"subject": mail["subject"] or "(not sent yet)", "text": lines})
            part.data.append({"mail": {"created": when, "to": to, **shown}})
            part.rows.append((when, ", ".join(to), shown["subject"], shown["text"]))
        return part

    def _role(self, address: str) -> str:
        roles = (
            name for name, role in self._settings.school.roles.items() if role.email.casefold() == address.casefold()
        )
        named = next(roles, "")
        return f"a person with the role {named.replace('_', ' ')}" if named else "delivered"

    def _period(self, entry: str) -> str:
        """A declared stretch of time on the school's clock; anything else as it is."""
        try:
            since, until = map(self._clock, entry.split("/"))
        except ValueError:
            return entry
        return f"{since} to {until}"

    def _clock(self, at: str) -> str:
        return clock(self._settings.school.timezone, at)


def _counts(row: Mapping[str, Any], told: Contested) -> str:
    if row["id"] in told.by_case:
        return f"no: it was cleared by the outcome of case {told.by_case[row['id']]}"
    if row["id"] in told.cleared:
        return "no: you contested it, and that was upheld"
    if row["id"] in told.waiting:
        return "not for now: you contested it, and nobody has answered yet"
    if row["kind"] == "visit" and row["action"] == "log" and not row["left_out"]:
        return f"yes: {in_words_for(row['calendar'], '')}"
    if row["left_out"]:
        return f"no: {row['left_out']}"
    return _NOT_COUNTED.get(row["action"], "no: it is not held to be a page that you opened")


def _lines_with(text: str, words: Iterable[str]) -> Iterator[str]:
    wanted = "|".join(re.escape(word) for word in words if word)
    whole = re.compile(rf"(?<![\w.])(?:{wanted})(?!\w|\.\w)", re.IGNORECASE)
    return (line for line in text.splitlines() if wanted and whole.search(line))


def _without_ids(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in _INNER}


def _without_cases(text: str, alerts: Iterable[Mapping[str, Any]]) -> str:
    """A mail without the lines that name a case."""
    names = [str(alert["facts"][name]) for alert in alerts for name in ("case", "case_ref") if name in alert["facts"]]
    return "\n".join(line for line in text.splitlines() if not any(name in line for name in names))


def as_json(found: Holdings) -> str:
    """The copy as one JSON document."""
    subject = found.subject
    person = {"login": subject.login, "name": subject.name, "group": subject.group, "codes": list(subject.codes)}
    return json.dumps(
        {
            "person": person | {"devices": list(subject.devices)},
            "made": found.made.isoformat(timespec="seconds"),
            "retention": list(found.retention),
            "parts": {part.id: {"explanation": part.explanation, "rows": part.data} for part in found.parts},
        },
        indent=2,
        ensure_ascii=False,
    )


def as_page(found: Holdings, settings: Settings) -> str:
    """The copy as a page."""
    made = found.made.astimezone(settings.school.timezone)
    return fill(settings, "sar", {"found": found, "made": made, "fields": FIELDS})["html"]
