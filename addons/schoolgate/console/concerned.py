"""Whom a concern is about, where the school's files know them by what was written: a login, a name, a title or a code.

Whoever fills a role must not be given a concern about themselves, so they are found by a part of their name, too: it is
better to go round somebody once too often.
"""

import re

from schoolgate.access import named, names_of
from schoolgate.alerting.case_roles import CHAIR, DSL, HEAD
from schoolgate.console.entry import Visitor
from schoolgate.reporting.subject import is_code

STAFF, ROUND = "staff", "head"
"""The kinds of concern that are about somebody who works here, and about the Headteacher."""
_TITLES = {
    HEAD: re.compile(r"\b(head ?teacher|headmaster|headmistress|principal|head(?! of (?!(the )?school\b)))\b"),
    DSL: re.compile(r"\b(dsl|safeguarding lead)\b"),
    CHAIR: re.compile(r"\bchair(man|woman)? of (the )?(board of )?governors\b"),
}
_BELOW = frozenset({"deputy", "assistant", "vice"})
_NO_NAMES = frozenset({"mr", "mrs", "ms", "miss", "sir", "head", "teacher", "designated", "safeguarding", "lead"})


def whom(visitor: Visitor, kind: str, about: str) -> tuple[str, str]:
    """Code and group, both "" where nobody is known by what was written."""
    settings, pseudonyms = visitor.settings, visitor.desk.pseudonyms
    written = about.casefold()
    if kind == ROUND:
        head = settings.school.roles.get(HEAD)
        login = (head.user if head else None) or ""
    elif is_code(written):
        return written, ""
    else:
        login = _login_of(visitor, written) or _with_a_role(visitor, written, kind == STAFF)
    return (pseudonyms.of("user", login), named(settings, pseudonyms, login).group) if login else ("", "")


def _login_of(visitor: Visitor, written: str) -> str:
    """The login whose name, or who, was written."""
    settings, pseudonyms = visitor.settings, visitor.desk.pseudonyms
    for login in names_of(settings, pseudonyms).values():
        if written and written in (login.casefold(), named(settings, pseudonyms, login).name.casefold()):
            return login
    return ""


def _with_a_role(visitor: Visitor, written: str, by_parts: bool) -> str:
    """The login of a role that is meant by its title or the whole name, or ``by_parts`` of a name."""
    settings, said = visitor.settings, re.findall(r"[^\W_]+", written)
    text = " ".join(said)
    for name, role in settings.school.roles.items():
        if not role.user:
            continue
        called = (role.name, named(settings, visitor.desk.pseudonyms, role.user).name)
        names = [re.findall(r"[^\W_]+", each.casefold()) for each in called]
        title = _TITLES.get(name)
        is_meant = title is not None and title.search(text) and _BELOW.isdisjoint(said)
        whole = any(len(each) > 1 and f" {' '.join(each)} " in f" {text} " for each in names)
        parts = {part for each in names for part in each if len(part) > 3} | {each[-1] for each in names if each}
        parts = {part for part in parts - _NO_NAMES if len(part) > 2 or len(names[0]) > 1}
        if is_meant or whole or (by_parts and not parts.isdisjoint(said)):
            return role.user
    return ""
