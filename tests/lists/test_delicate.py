"""Which names of a downloaded list are kept out of it for what they read like."""

from time import perf_counter

import pytest
from schoolgate.lists.delicate import is_delicate

DELICATE = {
    "adult": "mazewomenshealth.com sexpositivefamilies.com sexualhealthmagazine.com sexology.co.za utahprideparade.org "
    "gaychoir.example lesbianhistory.example transyouthsupport.example intersex.co.il queerfilms.eu "
    "thecentreforconsent.uk bombedoutchurch.com gaymuslims.com.au museumofsex.com "
    "bayareaplaywrightsfestival.org pregnantteenhelp.org "
    "aspatriatowncouncil.co.uk quitporneasily.com stoplibraryporn.com rapecrisis.example physics.ac.ug "
    "breastcancer.example breastfeedingsupport.example analcancer.example sexaddictionhelp.co.uk",
    "gambling": "gamblersanonymous.org georgiagamblinghelp.org problemgamblinghelpline.ca addicttocasinos.com "
    "northerngamblingservice.nhs.uk gamblingaddictionhotline.org pediatrichealthcare.com islamlib.com",
    "dating": "asexuality.org lgbthistory.example swarrnim.edu.in",
    "games": "digipen.edu ndejjeuniversity.ac.ug leedsplayhouse.org.uk museumofplay.org healthygamer.gg gamechurch.com",
    "misinformation": "reedleycornerstonecommunitychurch.com 9dcw3b.blockmuseum.art diplomatie.gouv.fm",
    "social_media": "mychurch.org academia.edu sexualhealthguide.in",
}
PLAIN = {
    "adult": "pornhub.com healthsexcams.com lesbianvideos.com gayporn.org schoolgirlporn.bid clinicfuck.com "
    "sexchurch.xxx blackcockchurch.com pornlgbt.com universityxxx.com girlfriendporn.com telefonsexhotline.net "
    "gaytube.com safepornsites.net "
    "transgenderdating.com collegefuckfest.com hospitalsexvids.com milf-festival.jp 458rr.com bigbreasts.net "
    "chaturbate.com essexescorts.co.uk queerporn.tv theraped.net",
    "gambling": "bet365.com casinochurch.com casino-vegas.org pokeracademy.com drift-casino-help.ru "
    "christchurchcasino.co.nz",
    "dating": "christiandating.com gaysingles.com jewishmatch.com muslima.com",
    "games": "unblockedgamesschool.com totallyscience.co crazygames.com",
    "malware": "nhs-covid-health.com churchhelp.org login.university.edu",
    "circumvention": "vpn4schools.tk",
    "no such category": "breastcancer.example",
}


def _table(names: dict[str, str]) -> list[tuple[str, str]]:
    return [(category, host) for category, hosts in names.items() for host in hosts.split()]


@pytest.mark.parametrize(("category", "host"), _table(DELICATE))
def test_names_of_help_health_faith_and_learning_are_kept_out(category: str, host: str) -> None:
    reason = is_delicate(host, category)
    assert reason is not None
    assert reason.startswith("delicate: ")


@pytest.mark.parametrize(("category", "host"), _table(PLAIN))
def test_names_that_say_what_they_are_stay_listed(category: str, host: str) -> None:
    assert is_delicate(host, category) is None


def test_millions_of_names_are_judged_in_seconds() -> None:
    names = [
        f"{word}{number}.com" for number in range(5000) for word in ("freevideo", "hotlinks", "example", "abc-def")
    ]
    begun = perf_counter()
    for name in names:
        is_delicate(name, "adult")
    assert (perf_counter() - begun) / len(names) < 10e-6  # some 1e-6 s on an idle machine
