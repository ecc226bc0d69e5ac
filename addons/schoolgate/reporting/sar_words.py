"""What a subject access copy says in place of the record's own words, and what each field of an entry means."""

from schoolgate.store.event import Deed

DONE: dict[str, str] = {
    Deed.NOTICE: "acknowledged the notice",
    Deed.DECLARED: "declared a purpose ahead",
    Deed.WITHDRAWN: "took a declared purpose back",
    Deed.NOTE: "noted something",
    Deed.CONTEST: "contested entries",
    Deed.ANSWER: "answered a contest",
    Deed.REVEALED: "had the name behind the code shown",
    Deed.VIEWED: "looked at the record",
    Deed.EXPORTED: "took a copy out",
    Deed.EXPLAINED: "explained something in the record",
    Deed.ASKED: "asked for a blocked page",
    Deed.OPENED: "opened a blocked site",
    Deed.NOT_OPENED: "refused to open a blocked site",
    Deed.SHUT: "shut a site again that had been opened",
}
ACTIONS = {
    "log": "recorded",
    "allow": "let through",
    "warn": "a page asked first",
    "block": "blocked",
    "fault": "the gateway failed",
}
FIELDS = {
    "id": "a number of the entry, unique",
    "ref": "a short reference, to be read out",
    "at": "when, in universal time (UTC)",
    "client": "the network address of the device",
    "device": "a code for the device",
    "person": "your code: only those who may can look behind it, with a reason that goes on record",
    "identity_confidence": "what your identity rests on: login, portal (a login on this device before), radius (a "
    "login at the network), mac, device or hostname (yours alone), network, or unknown",
    "group": "the group of people or devices that you were held to belong to",
    "kind": "what the request was: a visit (a page that somebody opened), or what pages and browsers do by themselves",
    "confidence": "how sure the kind is, from 0 to 1",
    "reason": "why it is held to be of that kind",
    "action": "what the gateway did: allow, log (recorded), warn (a page asked first), block",
    "stage": "how much was known when it was decided",
    "method": "the technical kind of the request (GET, POST ...)",
    "host": "the site",
    "path": "the page on the site, without what stands behind a question mark",
    "search": "the words of a search that was blocked or alerted; else nothing",
    "category": "the kind of site",
    "theme": "content, contact, conduct or commerce: the four areas of risk of the statutory guidance for schools",
    "list": "the list on which the site stands",
    "entry": "the entry of that list; for deeds: the answer, the period, or what was taken out",
    "rule": "the school's rule; for deeds: what was done",
    "basis": "what the rule rests on",
    "why": "the reason of the rule, or the words that somebody gave",
    "alert": "whether somebody was told at once, in the digest, or not at all",
    "calendar": "whether it was in your working time, and why",
    "left_out": "why the visit does not count; nothing where it counts",
    "notice": "the version of the notice that you had acknowledged",
    "actor": "who did it, for deeds",
    "about": "the entries, sites or deeds that a deed is about",
    "snapshot": "the version of the school's settings that held",
}
"""What each field of an entry means, in plain words."""
