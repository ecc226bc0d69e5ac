"""The words are read from every engine's result pages, and from nothing that nobody searched for."""

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schoolgate.content.searches import SHIPPED, Search, open_engines, read_engines
from schoolgate.policy.request import BadAddress, request_from_url

ENGINES = open_engines()


def search(url: str) -> Search | None:
    rest = url.partition("://")[2]
    address, _, query = rest.partition("?")
    host, slash, path = address.partition("/")
    return ENGINES.search_of(host.partition(":")[0], slash + path, query.partition("#")[0])


SEARCHES = [
    # Google in all its shapes
    ("https://www.google.com/search?q=how+to+tie+a+tie&oq=how+to+ti&sourceid=chrome&ie=UTF-8", "how to tie a tie", "Google"),
    ("https://www.google.co.uk/search?q=chip%20shop&gs_lcrp=EgZjaHJvbWUqBggAEEUYOzIG", "chip shop", "Google"),
    ("https://google.de/search?hl=de&q=Gr%C3%BC%C3%9Fe", "Grüße", "Google"),
    ("https://www.google.com.au/search?q=wallaby&tbm=isch&sa=X", "wallaby", "Google"),
    ("https://www.google.com/search?udm=2&q=red+panda", "red panda", "Google"),
    ("https://www.google.cat/search?q=gat", "gat", "Google"),
    ("https://www.google.com/?q=prefilled", "prefilled", "Google"),
    ("https://www.google.com/search?as_q=kill&as_epq=myself&as_oq=&as_eq=python", "kill myself", "Google"),
    ("https://www.google.com/search?q=site%3Areddit.com+vape", "site:reddit.com vape", "Google"),
    ("https://www.google.com/search?q=one&q=two", "one two", "Google"),
    ("https://www.google.com/search?q=same&q=same", "same", "Google"),
    ("https://www.google.com/search?%71=hidden+name", "hidden name", "Google"),
    ("https://www.google.com/%73earch?q=hidden+path", "hidden path", "Google"),
    ("https://www.google.com//search?q=slashes", "slashes", "Google"),
    ("https://www.google.com/search?q=how%2520to%2520hide", "how to hide", "Google"),
    ("https://www.google.com/search?q=caf%E9&ie=ISO-8859-1", "café", "Google"),
    ("https://www.google.com/search?q=%uD83D%uDE00%u4F60", "😀你", "Google"),
    ("https://www.google.com/search?q=100%25+of+what", "100% of what", "Google"),
    ("https://www.google.com:443/search?q=port", "port", "Google"),
    ("https://www.google.com/search?q=fragment#q=other", "fragment", "Google"),
    ("https://encrypted.google.com/search?q=old", "old", "Google"),
    ("https://cse.google.com/cse/element/v1?rsz=filtered_cse&q=school+dinner&safe=off&cx=x", "school dinner", "Google"),
    ("https://www.google.co.uk/cse?cx=1&q=within", "within", "Google"),
    ("https://images.google.co.uk/images?q=cat", "cat", "Google Images"),
    ("https://images.google.com/search?q=cat", "cat", "Google"),
    ("https://scholar.google.co.uk/scholar?hl=en&as_sdt=0%2C5&q=photosynthesis", "photosynthesis", "Google Scholar"),
    ("https://news.google.com/search?q=election&hl=en-GB", "election", "Google"),
    ("https://books.google.co.uk/books?q=dickens", "dickens", "Google Books"),
    ("https://www.google.com/maps/search/chip+shop+near+me/@51.5,-0.1,15z", "chip shop near me", "Google Maps"),
    ("https://www.google.co.uk/maps/search/vape%20shop", "vape shop", "Google Maps"),
    ("https://maps.google.com/maps?q=leeds+station", "leeds station", "Google Maps"),
    ("https://www.google.com/maps/search/?api=1&query=bridge", "bridge", "Google Maps"),
    ("https://play.google.com/store/search?q=vpn&c=apps", "vpn", "Google Play"),
    ("https://trends.google.com/trends/explore?q=snow", "snow", "Google Trends"),
    # YouTube
    ("https://www.youtube.com/results?search_query=minecraft+house", "minecraft house", "YouTube"),
    ("https://m.youtube.com/results?sp=mAEA&search_query=cat", "cat", "YouTube"),
    ("https://music.youtube.com/search?q=drill", "drill", "YouTube"),
    ("https://www.youtube.com/hashtag/proana", "proana", "YouTube"),
    # the other engines
    ("https://www.bing.com/search?q=volcano&form=QBLH&sp=-1", "volcano", "Bing"),
    ("https://cn.bing.com/search?q=%E7%81%AB%E5%B1%B1", "火山", "Bing"),
    ("https://www.bing.com/search?Q=upper", "upper", "Bing"),
    ("https://www.bing.com/images/search?q=volcano&first=1", "volcano", "Bing Images"),
    ("https://www.bing.com/images/async?q=volcano&first=35", "volcano", "Bing Images"),
    ("https://www.bing.com/videos/search?q=fight", "fight", "Bing Videos"),
    ("https://www.bing.com/news/search?q=war", "war", "Bing News"),
    ("https://www.bing.com/maps?q=leeds", "leeds", "Bing Maps"),
    ("https://duckduckgo.com/?q=tor+browser&t=h_&ia=web", "tor browser", "DuckDuckGo"),
    ("https://duckduckgo.com/?q=cats&iax=images&ia=images", "cats", "DuckDuckGo"),
    ("https://duckduckgo.com/i.js?l=us-en&o=json&q=cats&vqd=4-1&p=1", "cats", "DuckDuckGo"),
    ("https://html.duckduckgo.com/html/?q=plain", "plain", "DuckDuckGo"),
    ("https://lite.duckduckgo.com/lite/?q=light", "light", "DuckDuckGo"),
    ("https://duckduckgo.com/flat+earth", "flat earth", "DuckDuckGo"),
    ("https://uk.search.yahoo.com/search?p=football&fr=yfp-t", "football", "Yahoo!"),
    ("https://search.yahoo.com/search;_ylt=AwrE?p=football", "football", "Yahoo!"),
    ("https://search.yahoo.com/search?va=all&vp=exact+phrase", "all exact phrase", "Yahoo!"),
    ("https://images.search.yahoo.com/search/images?p=kitten", "kitten", "Yahoo!"),
    ("https://search.yahoo.co.jp/search?p=%C7%AD&ei=EUC-JP", "猫", "Yahoo!"),
    ("https://www.ecosia.org/search?q=trees", "trees", "Ecosia"),
    ("https://www.ecosia.org/images?q=trees", "trees", "Ecosia"),
    ("https://search.brave.com/search?q=lion&source=web", "lion", "Brave"),
    ("https://search.brave.com/images?q=lion", "lion", "Brave"),
    ("https://www.qwant.com/?q=paris&t=web", "paris", "Qwant"),
    ("https://api.qwant.com/v3/search/images?count=50&q=paris&safesearch=0", "paris", "Qwant"),
    ("https://www.startpage.com/sp/search?query=anonymous", "anonymous", "Startpage"),
    ("https://www.startpage.com/do/dsearch?query=anonymous&cat=pics", "anonymous", "Startpage"),
    ("https://yandex.com/search/?text=cat&lr=10", "cat", "Yandex"),
    ("https://yandex.ru/search/touch/?text=%EA%EE%F2", "кот", "Yandex"),
    ("https://yandex.com.tr/search/?text=kedi", "kedi", "Yandex"),
    ("https://ya.ru/search/?text=cat", "cat", "Yandex"),
    ("https://yandex.com/images/search?text=cat", "cat", "Yandex Images"),
    ("https://www.baidu.com/s?wd=%B1%B1%BE%A9&ie=gb2312", "北京", "Baidu"),
    ("https://m.baidu.com/s?word=%E5%8C%97%E4%BA%AC", "北京", "Baidu"),
    ("https://search.naver.com/search.naver?query=%C7%D1%B1%B9", "한국", "Naver"),
    ("https://www.mojeek.com/search?q=own+index", "own index", "Mojeek"),
    ("https://swisscows.com/en/web?query=cow", "cow", "Swisscows"),
    ("https://kagi.com/search?q=paid", "paid", "Kagi"),
    ("https://www.kiddle.co/s.php?q=dinosaur", "dinosaur", "Kiddle"),
    ("https://www.wolframalpha.com/input?i=2%2B2", "2+2", "Wolfram Alpha"),
    # the long tail of Matomo's list
    ("https://www.dogpile.com/serp?q=meta", "meta", "InfoSpace"),
    ("https://poisk.ru/cgi-bin/poisk?text=%EA%EE%F2", "кот", "Poisk.Ru"),
    ("https://search.nate.com/search/all.html?q=%C7%D1%B1%B9", "한국", "Nate"),
    ("https://www.sogou.com/web?query=%B1%B1%BE%A9", "北京", "Sogou"),
    ("https://1.cz/s/kocka/", "kocka", "1.cz"),
    ("https://blekko.com/ws/old+engine", "old engine", "blekko"),
    ("https://search.aol.co.uk/aol/search?q=mail", "mail", "AOL"),
    ("https://lycos.fr/?query=chien", "chien", "Lycos"),
    ("https://search.seznam.cz/?q=pes", "pes", "Seznam"),
    ("https://www.presearch.com/search?q=coin", "coin", "Presearch"),
    ("https://metager.de/meta/meta.ger3?eingabe=hund", "hund", "MetaGer"),
    ("https://search.gmx.co.uk/web/result?q=post", "post", "GMX"),
    ("https://de.setooz.com/search?query=x1", "x1", "Setooz"),
    # reference
    ("https://en.wikipedia.org/w/index.php?search=henry+viii&title=Special%3ASearch", "henry viii", "Wikipedia"),
    ("https://en.wikipedia.org/wiki/Special:Search?search=tudor&go=Go", "tudor", "Wikipedia"),
    ("https://de.wikipedia.org/wiki/Spezial:Suche?search=Hund", "Hund", "Wikipedia"),
    ("https://minecraft.fandom.com/wiki/Special:Search?query=creeper", "creeper", "Fandom"),
    ("https://www.bbc.co.uk/search?q=newsround&d=HOMEPAGE_GNL", "newsround", "BBC"),
    ("https://archive.org/search?query=doom", "doom", "Internet Archive"),
    ("https://github.com/search?q=unblocker&type=repositories", "unblocker", "GitHub"),
    ("https://stackoverflow.com/search?q=kill+python+process", "kill python process", "Stack Exchange"),
    ("https://www.quora.com/search?q=why", "why", "Quora"),
    ("https://www.urbandictionary.com/define.php?term=sus", "sus", "Urban Dictionary"),
    ("https://www.wattpad.com/search/vampire%20love", "vampire love", "Wattpad"),
    ("https://archiveofourown.org/works/search?work_search%5Bquery%5D=angst&work_search%5Blanguage_id%5D=en", "angst", "Archive of Our Own"),
    ("https://archiveofourown.org/tags/Self-Harm/works", "Self-Harm", "Archive of Our Own"),
    ("https://www.openstreetmap.org/search?query=hull", "hull", "OpenStreetMap"),
    # social
    ("https://x.com/search?q=fight%20video&src=typed_query", "fight video", "X"),
    ("https://twitter.com/hashtag/edtwt?src=hashtag_click", "edtwt", "X"),
    ("https://x.com/i/api/graphql/a1B/SearchTimeline?variables=%7B%22rawQuery%22%3A%22fight%20video%22%2C%22count%22%3A20%7D", "fight video", "X"),
    ("https://www.facebook.com/search/top/?q=stoke%20fight", "stoke fight", "Facebook"),
    ("https://www.facebook.com/marketplace/leeds/search?query=knife", "knife", "Facebook"),
    ("https://www.instagram.com/explore/tags/thinspo/", "thinspo", "Instagram"),
    ("https://www.instagram.com/explore/search/keyword/?q=thinspo", "thinspo", "Instagram"),
    ("https://www.tiktok.com/search?q=what%20i%20eat&t=170", "what i eat", "TikTok"),
    ("https://www.tiktok.com/tag/wieiad", "wieiad", "TikTok"),
    ("https://www.tiktok.com/api/search/general/full/?aid=1988&keyword=challenge", "challenge", "TikTok"),
    ("https://www.tiktok.com/discover/how-to-skip-school", "how to skip school", "TikTok"),
    ("https://www.reddit.com/search/?q=vape+uk", "vape uk", "Reddit"),
    ("https://old.reddit.com/r/teenagers/search?q=run+away&restrict_sr=on", "run away", "Reddit"),
    ("https://www.pinterest.co.uk/search/pins/?q=sad%20drawings&rs=typed", "sad drawings", "Pinterest"),
    ("https://www.pinterest.com/resource/BaseSearchResource/get/?data=%7B%22options%22%3A%7B%22query%22%3A%22sad%22%7D%7D", "sad", "Pinterest"),
    ("https://www.tumblr.com/search/aesthetic", "aesthetic", "Tumblr"),
    ("https://www.tumblr.com/tagged/self%20harm?sort=top", "self harm", "Tumblr"),
    ("https://discord.com/api/v9/guilds/12/messages/search?content=meet+up", "meet up", "Discord"),
    ("https://www.linkedin.com/search/results/all/?keywords=teacher", "teacher", "LinkedIn"),
    ("https://www.twitch.tv/search?term=fortnite", "fortnite", "Twitch"),
    # pictures, music, video, games
    ("https://giphy.com/search/funny-cats", "funny cats", "GIPHY"),
    ("https://api.giphy.com/v1/gifs/search?api_key=k&q=funny+cats&rating=r", "funny cats", "GIPHY"),
    ("https://tenor.com/search/funny-cats-gifs", "funny cats", "Tenor"),
    ("https://imgur.com/search?q=meme", "meme", "Imgur"),
    ("https://www.flickr.com/search/?text=bridge", "bridge", "Flickr"),
    ("https://unsplash.com/s/photos/blue-sky", "blue sky", "Unsplash"),
    ("https://www.pexels.com/search/blue%20sky/", "blue sky", "Pexels"),
    ("https://pixabay.com/images/search/yellow%20flower/", "yellow flower", "Pixabay"),
    ("https://open.spotify.com/search/taylor%20swift/tracks", "taylor swift", "Spotify"),
    ("https://www.dailymotion.com/search/fight/videos", "fight", "Dailymotion"),
    ("https://rumble.com/search/video?q=vaccine", "vaccine", "Rumble"),
    ("https://www.roblox.com/discover/?Keyword=brookhaven", "brookhaven", "Roblox"),
    ("https://apis.roblox.com/search-api/omni-search?searchQuery=brookhaven&sessionId=1", "brookhaven", "Roblox"),
    ("https://store.steampowered.com/search/?term=doom", "doom", "Steam"),
    # shops
    ("https://www.amazon.co.uk/s?k=kitchen+knife&crid=3&sprefix=kitchen", "kitchen knife", "Amazon"),
    ("https://www.amazon.de/s/ref=nb_sb_noss?field-keywords=messer", "messer", "Amazon"),
    ("https://www.ebay.co.uk/sch/i.html?_from=R40&_nkw=air+rifle&_sacat=0", "air rifle", "eBay"),
    ("https://www.etsy.com/uk/search?q=necklace", "necklace", "Etsy"),
    ("https://www.argos.co.uk/search/air-fryer/", "air fryer", "Argos"),
    ("https://www.temu.com/uk/search_result.html?search_key=vape", "vape", "Temu"),
    ("https://www.shein.co.uk/pdsearch/dress/", "dress", "Shein"),
    ("https://www.aliexpress.com/w/wholesale-butterfly-knife.html", "butterfly knife", "AliExpress"),
    ("https://www.walmart.com/search?q=gun", "gun", "Walmart"),
    ("https://www.ikea.com/gb/en/search/?q=billy", "billy", "IKEA"),
    ("https://www.tesco.com/groceries/en-GB/search?query=milk", "milk", "Tesco"),
    ("https://www.vinted.co.uk/catalog?search_text=hoodie", "hoodie", "Vinted"),
    ("https://apps.apple.com/gb/iphone/search/vpn", "vpn", "App Store"),
    # anywhere
    ("https://library.school.example/search?q=harry+potter", "harry potter", "library.school.example"),
    ("https://www.ox.ac.uk/search?query=open+day", "open day", "www.ox.ac.uk"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "words", "engine"), SEARCHES)
def test_a_result_page_gives_away_its_words(url: str, words: str, engine: str) -> None:
    assert search(url) == Search(words, engine)


NO_SEARCHES = [
    # suggestions while somebody types
    "https://www.google.com/complete/search?q=how+to+k&cp=8&client=gws-wiz&xssi=t",
    "https://clients1.google.com/complete/search?client=chrome&q=how",
    "https://suggestqueries.google.com/complete/search?client=youtube&q=min",
    "https://suggestqueries-clients6.youtube.com/complete/search?client=youtube&q=mine",
    "https://www.bing.com/AS/Suggestions?pt=page.home&qry=vol&cp=3&q=vol",
    "https://api.bing.com/osjson.aspx?query=vol",
    "https://duckduckgo.com/ac/?q=tor&kl=wt-wt",
    "https://search.yahoo.com/sugg/gossip/gossip-us-ura/?command=foo&q=foo",
    "https://sugg.search.yahoo.net/sg/?command=foo&p=foo",
    "https://suggest.yandex.ru/suggest-ya.cgi?part=cat&text=cat",
    "https://yandex.com/suggest/suggest-ya.cgi?part=cat&text=cat",
    "https://ac.ecosia.org/autocomplete?q=tre",
    "https://ac.ecosia.org/?q=tre",
    "https://search.brave.com/api/suggest?q=li",
    "https://api.qwant.com/v3/suggest?q=par",
    "https://www.startpage.com/suggestions?q=ano",
    "https://www.startpage.com/cgi-bin/csuggest?query=ano",
    "https://en.wikipedia.org/w/api.php?action=opensearch&search=hen",
    "https://en.wikipedia.org/w/rest.php/v1/search/title?q=hen&limit=10",
    "https://completion.amazon.co.uk/api/2017/suggestions?prefix=kni&k=kni",
    "https://x.com/i/api/1.1/search/typeahead.json?q=fig",
    "https://www.instagram.com/api/v1/web/search/topsearch/?query=thi",
    "https://www.tiktok.com/api/search/general/preview/sug?keyword=wha",
    "https://www.dogpile.com/suggest?q=me",
    "https://suggest.example.com/search?q=ab",
    # pictures, beacons and what pages ask for by themselves
    "https://www.google.com/gen_204?atyp=i&q=cat",
    "https://www.google.com/imgres?q=cat&imgurl=https%3A%2F%2Fexample.org%2Fcat.jpg",
    "https://th.bing.com/th?q=cat&w=42",
    "https://www.dogpile.com/logo.png?q=meta",
    "https://www.google.com/maps/vt/pb=!1m4?q=x",
    "https://encrypted-tbn0.gstatic.com/images?q=tbn:ANd9Gc",
    # links, front pages, places
    "https://www.google.com/url?q=https://www.childline.org.uk/&sa=U",
    "https://www.google.com/",
    "https://www.google.com/search",
    "https://www.google.com/search?q=",
    "https://www.google.com/search?q=+&hl=en",
    "https://www.google.com/search?oq=typed",
    "https://mail.google.com/mail/u/0/?q=x",
    "https://docs.google.com/document/d/1/edit?q=x",
    "https://www.youtube.com/watch?v=abc&q=x",
    "https://duckduckgo.com/about",
    "https://duckduckgo.com/favicon.ico",
    "https://r.search.yahoo.com/_ylt=A/RV=2/RE=1/RO=10/RU=https%3a%2f%2fexample.org%2f/RK=2",
    "https://www.amazon.co.uk/dp/B0ABC?keywords=knife",
    "https://www.bbc.co.uk/news?q=x",
    "https://www.example.org/?q=x",
    "https://www.example.org/search?lang=en",
    "https://chatgpt.com/?q=hello",
]


@pytest.mark.parametrize("url", NO_SEARCHES)
def test_what_nobody_searched_for_is_no_search(url: str) -> None:
    assert search(url) is None


FORMS = [
    ("www.youtube.com", "/youtubei/v1/search", "application/json", b'{"context":{"client":{"hl":"en"}},"query":"ninja  cat"}', "ninja cat"),
    ("youtubei.googleapis.com", "/youtubei/v1/search", "application/json", '{"query":"тест"}'.encode(), "тест"),
    ("www.startpage.com", "/sp/search", "application/x-www-form-urlencoded", b"query=who+am+i&cat=web", "who am i"),
    ("html.duckduckgo.com", "/html/", "application/x-www-form-urlencoded; charset=UTF-8", b"q=caf%C3%A9&b=&kl=", "café"),
    ("lite.duckduckgo.com", "/lite/", "multipart/form-data; boundary=XyZ", b'--XyZ\r\nContent-Disposition: form-data; name="q"\r\n\r\ntwo words\r\n--XyZ--\r\n', "two words"),
    ("metager.org", "/en-US/meta/meta.ger3", "application/x-www-form-urlencoded", b"eingabe=hund", "hund"),
]  # fmt: skip


@pytest.mark.parametrize(("host", "path", "kind", "body", "words"), FORMS)
def test_a_form_gives_away_its_words(host: str, path: str, kind: str, body: bytes, words: str) -> None:
    assert ENGINES.takes_forms(host)
    assert ENGINES.takes_forms(host, path)
    found = ENGINES.search_of_form(host, path, "", kind, body)
    assert found is not None
    assert found.words == words


@pytest.mark.parametrize(
    ("host", "path", "body"),
    [
        ("www.youtube.com", "/youtubei/v1/log_event", b'{"query":"x"}'),
        ("www.youtube.com", "/youtubei/v1/search", b'{"context":{}}'),
        ("www.youtube.com", "/youtubei/v1/search", b"{" * 5000),
        ("www.youtube.com", "/youtubei/v1/search", b"\xff\x00"),
        ("www.google.com", "/log", b"q=x"),
        ("www.example.org", "/login", b"q=x"),
    ],
)
def test_other_posts_are_no_search(host: str, path: str, body: bytes) -> None:
    assert ENGINES.search_of_form(host, path, "", "application/json", body) is None


def test_only_hosts_that_are_asked_by_post_take_forms() -> None:
    assert not ENGINES.takes_forms("www.google.com")
    assert not ENGINES.takes_forms("www.example.org")
    assert not ENGINES.takes_forms("www.youtube.com", "/youtubei/v1/player")


def test_words_are_kept_to_4000_characters() -> None:
    found = search("https://www.google.com/search?q=" + "ab+" * 5000)
    assert found is not None
    assert len(found.words) == 4000


def test_every_engine_of_the_shipped_file_can_be_asked() -> None:
    rules = json.loads(SHIPPED.read_text(encoding="utf-8"))["rules"]
    assert len({rule["engine"] for rule in rules}) >= 290
    unread = []
    for rule in rules:
        if rule.get("exact") or "names" not in rule or "path" in rule or "in_path" in rule:
            continue
        for host in rule["hosts"]:
            real = host.replace("{}", "fr").replace("*.", "www.")
            name = rule["names"][0][0]
            found = ENGINES.search_of(real, "/results", f"{quote(name)}=dog%20walk")
            if found is None or found.words != "dog walk":
                unread.append(real)
    assert unread == []


@given(st.text(alphabet=st.characters(categories=["L", "N"], max_codepoint=0x2FFF), min_size=1, max_size=40))
def test_any_words_come_back_as_they_were_typed(text: str) -> None:
    found = search(f"https://www.google.com/search?hl=en&q={quote_plus(text)}")
    assert found == Search(text, "Google")


@given(st.text(max_size=200), st.text(max_size=200), st.binary(max_size=300))
def test_nothing_that_a_client_sends_raises(path: str, query: str, body: bytes) -> None:
    for host in ("www.google.com", "www.youtube.com", "lite.duckduckgo.com", "1.cz", "x.com", "www.example.org"):
        ENGINES.search_of(host, "/" + path, query)
        for kind in ("application/json", "multipart/form-data; boundary=a", ""):
            ENGINES.search_of_form(host, "/youtubei/v1/search", query, kind, body)
            ENGINES.search_of_form(host, "/html", query, kind, body)


def test_the_gateways_own_reading_of_an_address_can_be_given() -> None:
    from datetime import UTC, datetime

    request = request_from_url("HTTPS://WWW.Google.COM./search?q=a+b", at=datetime(2026, 11, 24, tzinfo=UTC))
    assert ENGINES.search_of(request.host, request.path, request.query) == Search("a b", "Google")
    with pytest.raises(BadAddress):
        request_from_url("ftp://www.google.com/search?q=x", at=datetime(2026, 11, 24, tzinfo=UTC))


def test_engines_can_be_read_from_a_small_document() -> None:
    document = {"rules": [{"engine": "Ours", "hosts": ["find.example"], "names": [["w"]]}]}
    assert read_engines(document).search_of("find.example", "/", "w=x") == Search("x", "Ours")
