"""The shipped lists, rules and pages are held to their word."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import yaml
from schoolgate.policy.decision import decide_for
from schoolgate.policy.identity import Confidence, Identity
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import Action
from schoolgate.policy.verdict import Verdict
from schoolgate.settings.folders import shipped
from schoolgate.settings.load import Settings

CATEGORIES = [
    "adult",
    "unsafe_search",
    "extremism",
    "hate",
    "violence",
    "self_harm",
    "drugs",
    "alcohol_tobacco",
    "gambling",
    "weapons",
    "malware",
    "circumvention",
    "piracy",
    "misinformation",
    "social_media",
    "streaming",
    "games",
    "shopping",
    "dating",
    "webmail",
    "chat",
    "ai_chatbots",
]
Judge = Callable[..., Verdict]

FREE = [
    "bbc.co.uk",
    "nhs.uk",
    "gov.uk",
    "wikipedia.org",
    "childline.org.uk",
    "samaritans.org",
    "papyrus-uk.org",
    "nspcc.org.uk",
    "mind.org.uk",
    "youngminds.org.uk",
    "beateatingdisorders.org.uk",
    "brook.org.uk",
    "stonewall.org.uk",
    "talktofrank.com",
    "macmillan.org.uk",
    "cancerresearchuk.org",
    "breastcancernow.org",
    "het.org.uk",
    "annefrank.org",
    "yadvashem.org",
    "ushmm.org",
    "educateagainsthate.com",
    "iwm.org.uk",
    "britishmuseum.org",
    "nationalarchives.gov.uk",
    "aqa.org.uk",
    "ocr.org.uk",
    "qualifications.pearson.com",
    "tes.com",
    "twinkl.co.uk",
    "kahoot.com",
    "scratch.mit.edu",
    "khanacademy.org",
    "thenational.academy",
    "essex.gov.uk",
    "scunthorpeunited.co.uk",
    "sussex.ac.uk",
    "middlesex.ac.uk",
    "google.com",
    "bing.com",
    "duckduckgo.com",
    "github.com",
    "theguardian.com",
    "vatican.va",
    "unison.org.uk",
    "neu.org.uk",
    "lloydsbank.com",
    "tate.org.uk",
    "plannedparenthood.org",
    "mermaidsuk.org.uk",
    "switchboard.lgbt",
    "cyberbullying.org",
    "internetmatters.org",
    "saferinternet.org.uk",
    "thinkuknow.co.uk",
    "reportharmfulcontent.com",
    "iwf.org.uk",
    "hopenothate.org.uk",
    "splcenter.org",
    "docs.google.com",
    "classroom.google.com",
    "office.com",
]

LISTED = {
    "adult": "pornhub.com xvideos.com xnxx.com xhamster.com onlyfans.com chaturbate.com redtube.com youporn.com",
    "gambling": "bet365.com williamhill.com paddypower.com betfair.com skybet.com pokerstars.com ladbrokes.com",
    "extremism": "patrioticalternative.org.uk",
    "hate": "stormfront.org kiwifarms.net",
    "violence": "bestgore.com",
    "drugs": "leafly.com erowid.org",
    "alcohol_tobacco": "vapeclub.co.uk",
    "circumvention": "nordvpn.com expressvpn.com torproject.org hide.me croxyproxy.com",
    "piracy": "thepiratebay.org 1337x.to",
    "social_media": "twitter.com x.com facebook.com linkedin.com youtube.com flickr.com reddit.com instagram.com "
    "pinterest.com tumblr.com tiktok.com snapchat.com",
    "streaming": "netflix.com twitch.tv disneyplus.com",
    "games": "roblox.com store.steampowered.com minecraft.net",
    "shopping": "amazon.co.uk ebay.co.uk argos.co.uk",
    "dating": "tinder.com bumble.com",
    "webmail": "mail.yahoo.com outlook.live.com",
    "chat": "discord.com web.whatsapp.com",
    "ai_chatbots": "chatgpt.com claude.ai character.ai",
    "misinformation": "infowars.com naturalnews.com",
}


@pytest.fixture(scope="module")
def judge(default: Settings) -> Judge:
    def verdict(url: str, group: str) -> Verdict:
        request = request_from_url(url, at=datetime(2026, 11, 24, 10, 42, tzinfo=UTC))
        identity = Identity(None, None, default.snapshot.people.group(group), Confidence.UNKNOWN, "test")
        return decide_for(identity, request, default.snapshot)

    return verdict


def test_every_category_is_there_with_words_for_people(default: Settings) -> None:
    assert set(CATEGORIES) <= set(default.snapshot.categories)
    for category in default.snapshot.categories.values():
        assert category.why.endswith((".", ".)"))
        assert category.theme in ("content", "contact", "conduct", "commerce")


@pytest.mark.parametrize("site", FREE)
def test_sites_that_a_school_needs_are_free_for_pupils(judge: Judge, site: str) -> None:
    for url in (f"https://{site}/", f"https://www.{site}/lesson"):
        verdict = judge(url, "pupils")
        assert verdict.action is not Action.BLOCK, f"{url}: {verdict.category} by {verdict.list} ({verdict.entry})"


@pytest.mark.parametrize(("category", "names"), LISTED.items())
def test_well_known_sites_are_in_their_category(default: Settings, category: str, names: str) -> None:
    for name in names.split():
        hits = default.snapshot.lists.look_up(name, "/").hits
        assert category in {hit.category for hit in hits}, name


def _sources() -> Iterator[tuple[str, dict[str, str]]]:
    for path in sorted((shipped() / "blocklists").glob("*.yaml")):
        for source in yaml.safe_load(path.read_text()).get("sources") or []:
            yield path.stem, source


def test_no_shipped_list_reads_badly(default: Settings) -> None:
    facts = default.snapshot.lists.index.facts
    for name, reason, number, places in facts["left_out"]:
        if reason.startswith(("no host", "a name longer", "it ")):
            assert facts["entries"][name] > 100 * number, f"{name}: {reason}: {places}"
    assert sum(facts["entries"].values()) > 400_000


def test_every_source_names_its_licence_and_is_shipped_or_downloaded_over_tls() -> None:
    names = Counter(source["name"] for _, source in _sources())
    assert not [name for name, number in names.items() if number > 1]
    for category, source in _sources():
        assert source["licence"], (category, source)
        assert source["url"].startswith(("https://", "file:")), (category, source)
        beside = source.get("shipped") or source["url"].removeprefix("file:")
        if not beside.startswith("https://"):
            assert (shipped() / "blocklists" / beside).exists(), (category, source)
            assert source["licence"] in ("MIT", "Unlicense", "CC-BY-SA-4.0"), "others may not be shipped"


def test_every_source_folder_has_its_licence_beside_it() -> None:
    for folder in (shipped() / "blocklists" / "sources").iterdir():
        if folder.is_dir():
            assert list(folder.glob("LICENSE*")), folder


def test_staff_may_read_in_their_break_and_are_logged_at_work(default: Settings) -> None:
    identity = Identity(None, None, default.snapshot.people.group("staff"), Confidence.UNKNOWN, "test")
    for at, action in (("2026-11-24T10:42", Action.LOG), ("2026-11-24T12:30", Action.ALLOW)):
        request = request_from_url("https://www.facebook.com/", at=datetime.fromisoformat(at).replace(tzinfo=UTC))
        assert decide_for(identity, request, default.snapshot).action is action
