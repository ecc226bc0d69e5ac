"""All probes in their order: first whether anything answers, then group by group, then what it all rests on."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from schoolgate.doctor import certificates, keeping, lists, mail, processes, searches, verdicts, ways_out, workers
from schoolgate.doctor.asking import asker_of
from schoolgate.doctor.finding import Finding, Outcome, wrong, wrongs
from schoolgate.settings.load import Settings

ANSWERS = "filter answers"
"""The probe without which no other can ask the filter."""
Findings = Callable[[], Iterator[Finding]]
ITSELF = "examination"
"""What is found of the examination itself, by who waits for its end."""
_BROKEN = "Report it to the makers of schoolgate with these words."
_AS_WHOM = "Run this as root or as the gateway's user; if the file is damaged, delete it and restart the gateway."


@dataclass(frozen=True, slots=True)
class Step:
    """Probes that belong together; ``needed``: where one of them is wrong, asking the filter further is of no use."""

    name: str
    findings: Findings
    needed: bool = False
    asks: bool = False


def steps(settings: Settings, group: str = "", really_mail: bool = False) -> list[Step]:
    """What there is to do; of one ``group`` only, where it is named."""
    return [*_road(settings, group), *_ground(settings, really_mail)]


def _road(settings: Settings, only: str) -> Iterator[Step]:
    try:
        asker = asker_of(settings)
    except OSError as error:
        words = f"The key for probes cannot be read: {error}."
        yield Step("the filter", lambda: iter([wrong(ANSWERS, words, _AS_WHOM)]))
        return
    yield Step("the filter", partial(verdicts.settings_in_force, settings, asker), needed=True, asks=True)
    if not only:
        yield Step("every worker", partial(workers.every_worker, settings, asker), asks=True)
    for group in verdicts.groups_of(settings, only):
        for name, ask in (
            ("categories", verdicts.categories),
            ("block page", verdicts.block_page),
            ("safe search", searches.safe_search),
            ("lists", lists.listed),
            ("DNS over HTTPS", lists.encrypted_dns),
            ("illegal material", lists.sealed_for),
        ):
            yield Step(f"{name} as {group.id}", partial(ask, settings, asker, group), asks=True)


def _ground(settings: Settings, really_mail: bool) -> Iterator[Step]:
    for name, look in (
        ("lists", lists.held),
        ("lists of publishers", lists.fresh),
        ("sealed layer", lists.sealed),
        ("network", ways_out.redirected),
        ("resolver", ways_out.resolver),
        ("way out", ways_out.upstream),
        ("mail", partial(mail.mail, really=really_mail)),
        ("store", keeping.writable),
        ("disk", keeping.room),
        ("clock", keeping.clock),
        ("certificate", certificates.authority),
        ("console's certificate", certificates.console),
        ("processes", processes.alive),
        ("metrics and console", processes.answering),
    ):
        yield Step(name, partial(look, settings))


def examine(todo: list[Step], tell: Callable[[int, int], None] = lambda done, of: None) -> Iterator[Finding]:
    """Every finding; a probe that breaks is wrong itself. ``tell`` hears how many steps are done, of how many."""
    is_deaf = False
    for number, step in enumerate(todo):
        tell(number, len(todo))
        if is_deaf and step.asks:
            continue
        try:
            for finding in step.findings():
                is_deaf = is_deaf or (step.needed and finding.probe == ANSWERS and finding.outcome is Outcome.WRONG)
                yield finding
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            words = f"The probe itself failed: {type(error).__name__}: {error} ({where.name}, line {where.lineno})."
            yield wrong(step.name, words, _BROKEN)
    tell(len(todo), len(todo))


def is_cut_short(findings: Iterable[Finding]) -> bool:
    """Whether something was not asked because the filter did not answer, or a probe broke."""
    return any(each.probe == ANSWERS or each.advice == _BROKEN for each in wrongs(findings))
