"""Whether each of several workers judges as it should, not only the one that this machine's own address belongs to."""

from collections.abc import Iterator

from schoolgate.doctor.asking import Asker, NoAnswer, ways_in
from schoolgate.doctor.finding import Finding, good, wrong
from schoolgate.doctor.processes import workers
from schoolgate.doctor.verdicts import NEVER, Expected
from schoolgate.policy.reserved import RESERVED, reserved_name
from schoolgate.policy.rules import Action
from schoolgate.settings.load import Settings


def every_worker(settings: Settings, asker: Asker) -> Iterator[Finding]:
    """Where several workers share the devices: whether each judges by these settings, and refuses what is forbidden."""
    group, version = settings.snapshot.people.unknown, settings.snapshot.version
    blocked = Expected(settings).blocks(group, NEVER[0])
    bad = list[str]()
    for name, way in ways_in(asker, workers(settings)):
        try:
            told = way.plain(group, RESERVED).told
            ruled = way.plain(group, reserved_name(NEVER[0])).told if told else {}
        except NoAnswer as error:
            bad.append(f"{name} gives no answer ({error})")
            break  # each would cost as many seconds
        if told.get("snapshot") != version:
            bad.append(f"{name} judges by version {told.get('snapshot', 'of another gateway')}")
        elif blocked and ruled.get("action") != Action.BLOCK:
            bad.append(f"{name} does not refuse {NEVER[0]}")
    if bad:
        yield wrong("every worker", f"{'; '.join(bad[:4])}.", "Run 'schoolgate restart', and see the faults.")
    else:
        yield good("every worker", "Each worker judges by these settings.")
