"""How the console says what the record says: to the person herself, or about somebody under a code."""

import re

from schoolgate.reporting import naming

_SURE = {
    "login": "sure which login it was; that is no proof of who sat at the device",
    "portal": "sure which login was typed on this device before; that is no proof of who sat at it later",
    "radius": "sure which login this device used at the network; that is no proof of who sat at the device",
    "mac": "fairly sure: the school has given this device to one person",
    "device": "fairly sure: the school has given this device to one person",
    "hostname": "not very sure: the device calls itself as one does that the school has given to one person",
    "network": "not sure: known by the device's network only, so somebody else may have used it",
    "unknown": "unknown: nobody was recognised",
}
_STATES = {
    "counted": "counts",
    "contested": "contested, waiting for an answer",
    "upheld": "cleared: the contest was upheld, so it counts no more",
    "refused": "counts: the contest was refused",
    "cleared": "cleared by the outcome of a case, so it counts no more",
}
_KINDS = {
    "visit": "page that was opened",
    "embedded": "part of another page",
    "prefetch": "fetched ahead by the browser",
    "background": "sent in the background",
    "redirect": "sent on by a site",
    "unknown": "cannot be told",
}
_ACTIONS = {"block": "blocked", "warn": "a page asked first", "log": "recorded", "allow": "let through"}


def yours(calendar: str) -> str:
    """The record's calendar words, said to the person herself: ``their working hours`` are ``your working hours``.

    Words that say what it was for are the school's or her own, and stay as they are.
    """
    if calendar.startswith("work:"):
        return calendar
    return re.sub(r"\btheir\b", "your", re.sub(r"\b(in|outside) (working hours)", r"\1 your \2", calendar))


def as_it_is(words: str) -> str:
    """The record's words to anybody else."""
    return words


def how_sure(confidence: str) -> str:
    """On what it rests that it was this person."""
    return _SURE.get(confidence, confidence or "unknown")


def how_sure_of_you(confidence: str) -> str:
    """The same, said to the person herself."""
    told = how_sure(confidence).replace("to one person", "to you alone")
    return told.replace("the device's network", "your device's network")


def state_words(state: str) -> str:
    """Whether a spell counts."""
    return _STATES[state]


def kind_words(kind: str) -> str:
    """What a request was."""
    return _KINDS.get(kind, kind)


def action_words(action: str) -> str:
    """What the filter did."""
    return _ACTIONS.get(action, action)


def actor_words(actor: str) -> str:
    """Who did something: the role where there is one, else the code."""
    role, code = naming.actor_words(actor)
    return f"{role} ({code})" if role else code
