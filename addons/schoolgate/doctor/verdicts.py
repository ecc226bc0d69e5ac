"""Whether each group is refused what the rules forbid it, and whether the rules forbid what no pupil may see.

Asked for are the reserved names of all categories (``policy/reserved.py``), so no site is touched and no list decides;
what lists hold is asked for in ``lists``. What is expected comes from the rules for that group at that moment.
"""

import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from schoolgate.doctor.asking import Answer, Asker, NoAnswer
from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.policy.decision import decide_for
from schoolgate.policy.identity import Group, Inspect
from schoolgate.policy.request import request_from_url
from schoolgate.policy.reserved import RESERVED, reserved_name
from schoolgate.policy.rules import Action, Stage, Subject
from schoolgate.policy.sealed import SEALED
from schoolgate.policy.verdict import Verdict
from schoolgate.settings.load import Settings
from schoolgate.store.event import PROBE
from schoolgate.store.record import open_reader

NEVER = ("adult", "extremism")
"""Categories that must be blocked for every group that does not work here (KCSIE; Prevent duty)."""
_ON_RECORD = 20.0  # seconds within which a block must stand in the record
_IN_FORCE = 15.0  # seconds in which an edit of the settings is taken up
_REFERENCE = re.compile(r"\b[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}\b")
_ANOTHER = "Is something else listening there, or was keys/probe.key replaced? Restart the gateway."
_RESTART = "Look at 'schoolgate events --action fault --since 1d'; restart the gateway if nothing explains it."


@dataclass(frozen=True, slots=True)
class Expected:
    """What the settings say of an address for a group, just now."""

    settings: Settings

    def of(self, group: str, host: str, target: str = "/", stage: Stage = Stage.REQUEST) -> Verdict:
        """The verdict that the gateway should reach."""
        request = request_from_url(f"http://{host}{target}", at=datetime.now(UTC))
        return decide_for(self.settings.snapshot.people.probe(group), request, self.settings.snapshot, stage)

    def blocks(self, group: str, category: str) -> bool:
        """Whether the first rule that speaks of it now blocks it: read off the rules, whatever decides by them."""
        snapshot = self.settings.snapshot
        periods = snapshot.calendar.moment(datetime.now(UTC), group).periods
        spoken = (
            rule.action
            for rule in snapshot.rules
            if group in rule.groups and category in rule.categories and rule.when in periods
            if Subject.ADDRESSES in rule.subjects
        )
        return next(spoken, Action.ALLOW) is Action.BLOCK

    def is_pupils(self, group: Group) -> bool:
        """Whether the group is of people who do not work here, and is looked after."""
        return group.inspect is not Inspect.NONE and group.id not in self.settings.snapshot.calendar.at_work


def groups_of(settings: Settings, only: str = "") -> list[Group]:
    """The groups that are asked for."""
    return [group for group in settings.snapshot.people.groups if only in ("", group.id)]


def settings_in_force(settings: Settings, asker: Asker) -> Iterator[Finding]:
    """Whether the gateway judges by the settings as they stand in the files, with the sealed feeds in them."""
    end, version = time.monotonic() + _IN_FORCE, settings.snapshot.version
    group, in_force = settings.snapshot.people.unknown, ""
    while in_force != version and time.monotonic() < end:
        try:
            told = asker.plain(group, RESERVED).told  # listed nowhere: if it is taken for a device's, nobody did wrong
        except NoAnswer as error:
            yield wrong("filter answers", f"The proxy gives no answer: {error}.", _RESTART)
            return
        if not told:
            words = "It does not know its own probe: what answers at the proxy's address is not this gateway."
            yield wrong("filter answers", words, _ANOTHER)
            return
        in_force = told["snapshot"]
        if in_force != version:
            time.sleep(1)
    yield good("filter answers", "The filter answers at the proxy's address.")
    if in_force == version:
        yield good("settings in force", f"Version {version} is in force, as the files say.")
    else:
        words = f"The gateway judges by version {in_force}, the files are version {version}."
        yield wrong("settings in force", words, "See 'schoolgate config check' and the gateway's faults.")


def categories(settings: Settings, asker: Asker, group: Group) -> Iterator[Finding]:
    """Every category by its reserved name."""
    if group.inspect is Inspect.NONE:
        yield skipped("categories", "This group is not inspected (inspect: none).", group.id)
        return
    expected = Expected(settings)
    for category in settings.snapshot.categories:
        if category == SEALED:  # stands outside the rules: lists.sealed_for
            continue
        yield _category(expected, asker, group, category)


def _category(expected: Expected, asker: Asker, group: Group, category: str) -> Finding:
    host = reserved_name(category)
    before, ruled = expected.of(group.id, host), expected.blocks(group.id, category)
    try:
        answer = asker.plain(group.id, host)
    except NoAnswer as error:
        return wrong(category, f"The filter gave no answer: {error}.", _RESTART, group.id)
    wanted = (before.action, expected.of(group.id, host).action)  # the hour may have struck in between
    if ruled and expected.blocks(group.id, category):
        wanted = (Action.BLOCK, Action.BLOCK)
    if category in NEVER and expected.is_pupils(group) and Action.BLOCK not in wanted:
        words = f"No rule blocks {category} for {group.id} now ({before.calendar})."
        return wrong(
            category, words, f"Put it into a rule with 'action: block' for {group.id} in rules.yaml.", group.id
        )
    if answer.told.get("action") not in wanted:
        words = f"It should be {wanted[0]}, the gateway says {answer.told.get('action', answer.status)}."
        return wrong(category, words, _RESTART, group.id)
    if answer.told["action"] == Action.BLOCK and not is_block_page(answer):
        words = f"It is refused, but without the block page (status {answer.status})."
        return wrong(category, words, "Is reports/block_page.html of the school's own as it should be?", group.id)
    rule = f" by {answer.told['rule']}" if answer.told.get("rule") else ""
    return good(category, f"{answer.told['action']}{rule}, as the rules say.", group.id)


def is_block_page(answer: Answer) -> bool:
    """Whether a page with a reference came in place of the site."""
    return answer.status in (403, 451) and bool(_REFERENCE.search(answer.page))


def block_page(settings: Settings, asker: Asker, group: Group) -> Iterator[Finding]:
    """One block as a device meets it: over https where its TLS is opened; and it must stand on record."""
    expected = Expected(settings)
    categories = (*NEVER, *settings.snapshot.categories)
    blocked = (reserved_name(category) for category in categories if expected.blocks(group.id, category))
    host = next(blocked, None) if group.inspect is not Inspect.NONE else None
    if host is None:
        yield skipped("block page", "Nothing is blocked for this group now.", group.id)
        return
    target = f"/on-record/{secrets.token_hex(8)}"
    opens = group.inspect is Inspect.FULL
    try:
        answer = asker.secure(group.id, host, target) if opens else asker.plain(group.id, host, target)
    except NoAnswer as error:
        advice = "Is the school's certificate expired, or its key gone? See the certificate's own line."
        yield wrong("block page", f"No page came over {'https' if opens else 'http'}: {error}.", advice, group.id)
        return
    if not is_block_page(answer):
        words = f"No block page with a reference came (status {answer.status})."
        yield wrong("block page", words, "Is reports/block_page.html of the school's own as it should be?", group.id)
        return
    yield good("block page", f"It came over {'https' if opens else 'http'} with a reference.", group.id)
    yield _on_record(settings, group, target)
    if group.inspect is Inspect.NAMES:
        yield _at_the_hello(expected, asker, group, host)


def _on_record(settings: Settings, group: Group, path: str) -> Finding:
    end = time.monotonic() + _ON_RECORD
    sql = "select ref from events where action = :action and path = :path"
    trouble = "it is not there"
    while time.monotonic() < end:
        try:
            with open_reader(settings.data) as reader:
                if (row := next(reader.query(sql, {"action": PROBE, "path": path}), None)) is not None:
                    return good("on record", f"The block is on record ({row['ref']}).", group.id)
        except Exception as error:  # whatever is wrong with the record is what was asked
            trouble = str(error)
        time.sleep(0.25)
    words = f"The block is not on record within {_ON_RECORD:.0f} seconds: {trouble}."
    advice = "Is the disk full, record.db locked by another program, or the recorder not running? See the faults."
    return wrong("on record", words, advice, group.id)


def _at_the_hello(expected: Expected, asker: Asker, group: Group, host: str) -> Finding:
    """Groups whose TLS stays closed are refused by the name alone."""
    wanted = expected.of(group.id, host, stage=Stage.HELLO).action is Action.BLOCK
    try:
        refused = asker.hello(group.id, host)
    except NoAnswer as error:
        return wrong("refused by name", f"The filter gave no answer: {error}.", _RESTART, group.id)
    if refused is wanted:
        return good("refused by name", "TLS for a blocked name ends at its first message.", group.id)
    return wrong("refused by name", "TLS for a blocked name is not refused at its first message.", _RESTART, group.id)
