"""Whether searches are really made safe: what an engine would have been sent, as the gateway would have sent it."""

from collections.abc import Iterator
from dataclasses import dataclass

from schoolgate.doctor.asking import Asker, NoAnswer
from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.doctor.verdicts import Expected
from schoolgate.policy.identity import Group, Inspect
from schoolgate.policy.rules import Action
from schoolgate.settings.load import Settings

PROBE = "safe search"
_WORDS = "weather"


@dataclass(frozen=True, slots=True)
class _Engine:
    """What an engine is asked without safety, and what must be in its address or headers then, strict and moderate."""

    host: str
    target: str
    strict: str
    moderate: str


_ENGINES = (
    _Engine("www.google.com", f"/search?q={_WORDS}&safe=off", "safe=active", "safe=active"),
    _Engine("www.bing.com", f"/search?q={_WORDS}&adlt=off", "adlt=strict", "adlt=moderate"),
    _Engine("duckduckgo.com", f"/?q={_WORDS}&kp=-2", "kp=1", "kp=-1"),
    _Engine(
        "www.youtube.com", f"/results?search_query={_WORDS}", "youtube-restrict: strict", "youtube-restrict: moderate"
    ),
)


def safe_search(settings: Settings, asker: Asker, group: Group) -> Iterator[Finding]:
    """Each of the engines that nearly everybody uses, asked without safety on purpose."""
    if group.inspect is not Inspect.FULL:
        yield skipped(PROBE, f"What this group searches for is not seen (inspect: {group.inspect}).", group.id)
        return
    if group.safe_search == "off" and Expected(settings).is_pupils(group):
        words = "It is off for this group, who must not be shown what engines hold back (safe_search: off)."
        yield wrong(PROBE, words, f"Take 'safe_search: off' out of {group.id} in people.yaml.", group.id)
        return
    if group.safe_search == "off":
        yield skipped(PROBE, "It is off for this group (safe_search: off in people.yaml).", group.id)
        return
    bad, tried = list[str](), 0
    for engine in _ENGINES:
        if Expected(settings).of(group.id, engine.host, engine.target).action in (Action.BLOCK, Action.WARN):
            continue
        tried += 1
        if trouble := _trouble(asker, group, engine):
            bad.append(f"{engine.host} {trouble}")
    if bad:
        advice = "Restart the gateway, and see its faults; until then these engines answer without their filter."
        yield wrong(PROBE, f"{'; '.join(bad)}.", advice, group.id)
    elif tried:
        yield good(PROBE, f"{tried} engines are told to answer safely ({group.safe_search}).", group.id)
    else:
        yield skipped(PROBE, "No engine that is probed is open to this group now.", group.id)


def _trouble(asker: Asker, group: Group, engine: _Engine) -> str:
    try:
        sent = asker.plain(group.id, engine.host, engine.target).sent
    except NoAnswer as error:
        return f"gave no answer ({error})"
    if not sent:
        return "was not let through as the rules say"
    headers = sent.get("headers")
    lines = [f"{name}: {value}" for name, value in headers] if isinstance(headers, list) else []
    text = "\n".join([str(sent.get("url")).replace("?", "&") + "&", *lines]).lower()
    wanted = engine.strict if group.safe_search == "strict" else engine.moderate
    found = wanted in text if ":" in wanted else f"&{wanted}&" in text
    return "" if found else f"would have been asked without {wanted}"
