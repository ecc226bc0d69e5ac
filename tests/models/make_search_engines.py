"""Makes ``addons/schoolgate/content/search_engines.json`` from Matomo's list of search engines and our own rules.

    PYTHONPATH=addons python tests/models/make_search_engines.py [--data FILE] [--out FILE]

Matomo's list (``SearchEngines.yml`` of matomo-org/searchengine-and-social-list) is in the public domain (CC0 1.0). It
was made to read referrers, so it says nothing of suggestions, forms or paths; for the engines that pupils use most, and
for shops, maps and social sites, the rules below, written for schoolgate, stand in its place.

A rule: ``engine``, ``hosts`` (``{}`` is any country: as a top-level domain, or as one label; ``*.`` is any host below),
``path`` (a regular expression that the path must match), ``in_path`` (one whose first group is the words; called
``dashes`` where dashes stand for blanks), ``names`` (of parameters: turns that are tried one after the other, each of
names that are read together), ``in_json`` (the words lie in JSON, under these names), ``codecs`` (for what is no UTF-8),
``posted`` (also asked by POST), ``exact`` (the path alone says that it is a search).
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from schoolgate.content.searches import SHIPPED, SearchEngines, read_engines

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "matomo" / "SearchEngines.yml"
WORDS = r"([^/?#]+)"
DASHED = r"(?P<dashes>[^/?#]+)"
_CODECS = {
    "utf-8": "",
    "gb2312": "gb18030",
    "euc-kr": "cp949",
    "euc-jp": "euc_jp",
    "ms932": "cp932",
    "shift_jis": "cp932",
    "iso-8859-1": "cp1252",
    "iso-8859-2": "iso8859_2",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
}
_NEVER = {"ChatGPT", "Perplexity"}  # chatbots: what they are asked is a prompt, and read as one


def at(engine: str, hosts: str, path: str, *names: str, **more: Any) -> dict[str, Any]:
    """A rule of ours; each of ``names`` is a turn, its parts parted by blanks."""
    rule: dict[str, Any] = {"engine": engine, "hosts": hosts.split(), "exact": True, **more}
    if path:
        rule["path"] = path
    if names:
        rule["names"] = [turn.split() for turn in names]
    return rule


def inside(engine: str, hosts: str, in_path: str, **more: Any) -> dict[str, Any]:
    """A rule of ours for words that stand in the path."""
    return at(engine, hosts, "", in_path=in_path, **more)


GOOGLE = "google.{} *.google.{}"
YOUTUBE = "youtube.com *.youtube.com youtube-nocookie.com *.youtube-nocookie.com youtubei.googleapis.com"
OURS = [
    # search engines
    at("Google", GOOGLE, r"^/(?:search|m|m/search|ie|webhp|custom|cse|blogsearch|cse/element/v\d)?/?$", "q as_q as_epq as_oq", "query"),
    at("Google Images", GOOGLE, r"^/(?:images|imghp)/?$", "q as_q as_epq as_oq"),
    at("Google Scholar", GOOGLE, r"^/scholar/?$", "q as_q as_epq as_oq"),
    at("Google Books", GOOGLE, r"^/(?:books|books/edition/.*)/?$", "q", "dq"),
    at("Google Video", GOOGLE, r"^/(?:videosearch|video/search)/?$", "q"),
    at("Google Shopping", GOOGLE, r"^/(?:shopping|products|product)(?:/search)?/?$", "q"),
    at("Google Trends", GOOGLE, r"^/trends/explore/?$", "q"),
    at("Google Maps", GOOGLE, r"^/maps(?:/search)?/?$", "q query near"),
    inside("Google Maps", GOOGLE, rf"^/maps/(?:preview/)?search/{WORDS}"),
    at("Google Play", "play.google.com", r"^/store/search/?$", "q"),
    at("Google Translate", "translate.google.{}", r"^/?$", "q"),
    at("Google", "customsearch.googleapis.com www.googleapis.com", r"^/customsearch/v1", "q"),
    at("YouTube", YOUTUBE, r"^/(?:results|search)/?$", "search_query", "q", "query"),
    at("YouTube", YOUTUBE, r"^/youtubei/v\d/search/?$", "query", in_json=["query"], posted=True),
    inside("YouTube", YOUTUBE, rf"^/hashtag/{WORDS}"),
    at("YouTube", "www.googleapis.com youtube.googleapis.com", r"^/youtube/v3/search", "q"),
    at("Bing", "bing.com *.bing.com", r"^/(?:search|copilotsearch)?/?$", "q"),
    at("Bing Images", "bing.com *.bing.com", r"^/images/(?:search|async|create)/?$", "q"),
    at("Bing Videos", "bing.com *.bing.com", r"^/videos/(?:search|async|asyncv2|riverview/relatedvideo)/?$", "q"),
    at("Bing News", "bing.com *.bing.com", r"^/(?:news|shop|shop/productpage|academic|travel)(?:/search)?/?$", "q"),
    at("Bing Maps", "bing.com *.bing.com", r"^/maps(?:/search)?/?$", "q where1 ss"),
    at("DuckDuckGo", "duckduckgo.com *.duckduckgo.com duck.com ddg.gg", r"^/(?:html|lite|[div]\.js|news\.js)?/?$", "q", posted=True),
    inside("DuckDuckGo", "duckduckgo.com *.duckduckgo.com", r"^/(?!ac$|l$|y\.js|about|settings|app|c$|privacy|spread|bang|duckduckgo-help)([^/?#.]+)$", exact=False),
    at("Yahoo!", "*.search.yahoo.com search.yahoo.com *.search.yahoo.{} search.yahoo.{}", r"^/(?:mobile/s|yhs/search|search(?:[;/](?!dir/gossip).*)?|[a-z]+/search.*)?/?$", "p va vp vo", "q", codecs=["euc_jp", "cp932"], exact=False),
    at("Yahoo! Images", "*.images.yahoo.com", r"^/search", "p va"),
    at("Ecosia", "ecosia.org *.ecosia.org", r"^/(?:search|images|videos|news|shopping|maps|ai-search)?/?$", "q"),
    at("Brave", "search.brave.com *.search.brave.com", r"^/(?:search|images|videos|news|goggles|ask|api/(?:images|videos|news|search|chat).*)/?$", "q"),
    at("Qwant", "qwant.com *.qwant.com qwantjunior.com *.qwantjunior.com", r"^/(?:v\d/search/\w+|api/search/\w+|maps)?/?$", "q"),
    at("Startpage", "startpage.com *.startpage.com ixquick.com *.ixquick.com ixquick.de *.ixquick.de", r"^/(?:sp|do|rvd)/(?:[a-z]*search|metasearch\.pl)/?$", "query", "q", posted=True),
    at("Yandex", "yandex.{} *.yandex.{} yandex.com.{} ya.ru *.ya.ru", r"^/(?:search|yandsearch|touchsearch|padsearch|msearch|large)?(?:/(?:touch|pad|smart|xml|direct|site|ads))?/?$", "text", "query", codecs=["cp1251"]),
    at("Yandex Images", "yandex.{} *.yandex.{} ya.ru *.ya.ru", r"^/(?:images|video|gorsel|maps|news)(?:/(?:search|touch/search|smart/search|yandsearch))?/?$", "text", codecs=["cp1251"]),
    at("Baidu", "baidu.com *.baidu.com", r"^/(?:s|from=[^/]*/s|baidu|ns|f|search|mobile/search|search/index|search/wiseala|search/acjson|sf/vsearch|v|q|search/detail|search/word)?/?$", "wd word kw query", codecs=["gb18030"]),
    at("Naver", "search.naver.com *.search.naver.com", r"^/(?:search\.naver)?$", "query", codecs=["cp949"]),
    at("Mojeek", "mojeek.com *.mojeek.com mojeek.co.uk", r"^/search/?$", "q"),
    at("Swisscows", "swisscows.com *.swisscows.com swisscows.ch", r"^/(?:[a-z]{2}/)?(?:web|images|video|music|news|v\d/.*)/?$", "query", "q"),
    at("MetaGer", "metager.de metager.org metager.es", r"^/(?:[a-z]{2}(?:-[a-z]{2})?/)?meta/.*", "eingabe", posted=True),
    at("Kagi", "kagi.com", r"^/(?:html/)?(?:search|images|videos|news|maps|podcasts)/?$", "q"),
    at("Ask", "ask.com *.ask.com ask.co.uk", r"^/(?:web|youtube|pictures|news|video)?/?$", "q", "ask", "searchfor"),
    at("Kiddle", "kiddle.co *.kiddle.co", r"^/(?:s\.php)?$", "q"),
    at("Kidrex", "kidrex.org alarms.org", r"^/(?:results|kidrex)/?$", "q"),
    at("KidzSearch", "kidzsearch.com *.kidzsearch.com", r"^/(?:kidz-?search/)?(?:kz|k)?search.*|^/kidz.*|^/results/?$", "q", "search"),
    at("Lilo", "search.lilo.org", r"^/(?:searchweb\.php|results\.php|images|)?/?$", "q"),
    at("Wolfram Alpha", "wolframalpha.com *.wolframalpha.com", r"^/(?:input|n/input)/?$", "i"),
    at("Seznam", "search.seznam.cz videa.seznam.cz", r"^/(?:obrazky|videa|clanky)?/?$", "q"),
    at("Marginalia", "marginalia-search.com old-search.marginalia.nu search.marginalia.nu", r"^/search/?$", "query"),
    at("GMX", "search.gmx.com search.gmx.co.uk suche.gmx.net search.mail.com", r"^/(?:web|images|video)?(?:/result)?/?$", "q"),
    # encyclopaedias, libraries, questions and answers
    at("Wikipedia", "*.wikipedia.org *.wiktionary.org *.wikimedia.org *.wikibooks.org *.wikiquote.org *.wikinews.org *.wikivoyage.org *.wikidata.org simple.wikipedia.org", r"^/(?:w/index\.php|wiki/[^/]*:[^/]*)?/?$", "search"),
    at("Fandom", "fandom.com *.fandom.com *.wikia.com", r"^/(?:[a-z-]+/)?(?:wiki/[^/]*:[^/]*|w/index\.php)?/?$", "query", "search", "s"),
    at("Britannica", "britannica.com kids.britannica.com", r"^/(?:search|kids/search.*)/?$", "query"),
    at("BBC", "bbc.co.uk bbc.com *.bbc.co.uk *.bbc.com", r"^/(?:[a-z]+/)?search/?$", "q", "d"),
    at("Internet Archive", "archive.org *.archive.org", r"^/(?:search|search\.php|advancedsearch\.php|services/search/.*)/?$", "query", "q", "user_query"),
    at("GitHub", "github.com gist.github.com", r"^/search(?:/advanced)?/?$|^/[^/]+/[^/]+/(?:search|issues|pulls)/?$", "q"),
    at("Stack Exchange", "stackoverflow.com *.stackexchange.com superuser.com serverfault.com askubuntu.com", r"^/search/?$", "q"),
    at("Quora", "quora.com *.quora.com", r"^/search/?$", "q"),
    at("Urban Dictionary", "urbandictionary.com", r"^/define\.php$", "term"),
    at("Answers", "answers.com", r"^/search/?$", "q"),
    at("Medium", "medium.com", r"^/search(?:/\w+)?/?$", "q"),
    at("Archive of Our Own", "archiveofourown.org ao3.org", r"^/(?:works|bookmarks|people|tags)(?:/search)?/?$", "work_search[query]", "bookmark_search[bookmarkable_query]", "people_search[query]", "tag_search[name]", "query"),
    inside("Archive of Our Own", "archiveofourown.org ao3.org", rf"^/tags/{WORDS}/works"),
    inside("Wattpad", "wattpad.com", rf"^/(?:search|stories)/{WORDS}"),
    at("Wattpad", "wattpad.com api.wattpad.com", r"^/(?:search|v4/search/stories|v4/stories)/?$", "q", "query"),
    at("FanFiction", "fanfiction.net", r"^/search/?$", "keywords"),
    at("Goodreads", "goodreads.com", r"^/search/?$", "q", "query"),
    inside("SlideShare", "slideshare.net", rf"^/search/{WORDS}"),
    at("Scribd", "scribd.com", r"^/search/?$", "query"),
    # maps
    at("OpenStreetMap", "openstreetmap.org", r"^/(?:search|geocoder/search.*)/?$", "query"),
    at("OpenStreetMap", "nominatim.openstreetmap.org", r"^/(?:search|search\.php|ui/search\.html)/?$", "q"),
    at("Apple Maps", "maps.apple.com", r"^/(?:search)?/?$", "q", "query"),
    at("Waze", "waze.com", r"^/(?:[a-z-]+/)?live-map/directions.*", "q"),
    at("Rightmove", "rightmove.co.uk", r"^/property.*/search\.html$", "searchLocation"),
    # social
    at("X", "x.com twitter.com *.twitter.com *.x.com", r"^/(?:search|i/api/2/search/adaptive\.json|i/search)/?$", "q"),
    at("X", "x.com twitter.com *.twitter.com *.x.com", r"^/(?:i/api/)?graphql/[^/]+/SearchTimeline", "variables", in_json=["rawQuery"], posted=True),
    inside("X", "x.com twitter.com *.twitter.com", rf"^/hashtag/{WORDS}"),
    at("Facebook", "facebook.com *.facebook.com", r"^/(?:search(?:/[a-z]+)*|marketplace(?:/[^/]+)?/search|watch/search|groups/[^/]+/search|[^/]+/search)/?$", "q", "query"),
    inside("Facebook", "facebook.com *.facebook.com", rf"^/hashtag/{WORDS}"),
    at("Instagram", "instagram.com *.instagram.com", r"^/(?:explore/search(?:/keyword)?|api/v1/fbsearch/(?:web/)?top_serp)/?$", "q", "query"),
    inside("Instagram", "instagram.com *.instagram.com", rf"^/explore/tags/{WORDS}"),
    at("Threads", "threads.net threads.com", r"^/search/?$", "q"),
    at("TikTok", "tiktok.com *.tiktok.com", r"^/(?:[a-z-]+/)?search(?:/(?:video|user|live|photo))?/?$", "q"),
    at("TikTok", "tiktok.com *.tiktok.com", r"^/api/search/(?:general|item|user|live|photo)/(?:full|preview)?/?$", "keyword"),
    inside("TikTok", "tiktok.com *.tiktok.com", rf"^/(?:tag|music/search)/{WORDS}"),
    inside("TikTok", "tiktok.com *.tiktok.com", rf"^/discover/{DASHED}"),
    at("Reddit", "reddit.com *.reddit.com", r"^/(?:(?:r|user)/[^/]+/)?(?:search(?:/[a-z]+)*|search\.json|svc/shreddit/search.*|svc/shreddit/r/[^/]+/search.*)/?$", "q"),
    at("Pinterest", "pinterest.{} *.pinterest.{} pinterest.com *.pinterest.com", r"^/search(?:/[a-z_]+)*/?$", "q"),
    at("Pinterest", "pinterest.{} *.pinterest.{} pinterest.com *.pinterest.com", r"^/resource/BaseSearchResource/get/?$", "data", in_json=["query"]),
    inside("Pinterest", "pinterest.{} *.pinterest.{} pinterest.com", rf"^/ideas/{DASHED}/\d+"),
    inside("Tumblr", "tumblr.com *.tumblr.com", rf"^/(?:search|tagged)/{WORDS}"),
    at("Tumblr", "tumblr.com *.tumblr.com", r"^/api/v2/timeline/search/?$", "query"),
    at("Snapchat", "snapchat.com *.snapchat.com", r"^/(?:[a-z-]+/)?(?:search|explore)/?$", "q"),
    inside("Snapchat", "snapchat.com *.snapchat.com", rf"^/(?:[a-z-]+/)?(?:explore|topic)/{DASHED}"),
    at("Discord", "discord.com discordapp.com canary.discord.com ptb.discord.com", r"^/api/v\d+/(?:guilds|channels)/\d+/messages/search", "content"),
    at("Discord", "discord.com", r"^/(?:servers|api/v\d+/discovery/search)/?$", "query"),
    at("LinkedIn", "linkedin.com *.linkedin.com", r"^/(?:search/results/\w+|jobs/search|jobs/[^/]+-jobs)/?$", "keywords"),
    at("Bluesky", "bsky.app", r"^/search/?$", "q"),
    at("Bluesky", "public.api.bsky.app api.bsky.app *.bsky.network", r"^/xrpc/app\.bsky\.feed\.searchPosts", "q"),
    at("Mastodon", "mastodon.social mstdn.social", r"^/(?:search|api/v2/search)/?$", "q"),
    at("VK", "vk.com m.vk.com", r"^/(?:search|video|feed|groups|people).*", "c[q]", "q"),
    inside("Weibo", "s.weibo.com", rf"^/weibo/{WORDS}"),
    at("Weibo", "s.weibo.com", r"^/(?:weibo|user)?/?$", "q"),
    at("Twitch", "twitch.tv *.twitch.tv", r"^/search/?$", "term"),
    at("Kick", "kick.com", r"^/search/?$", "query"),
    inside("4chan archives", "boards.4chan.org 4plebs.org archive.4plebs.org desuarchive.org", rf"/search/text/{WORDS}"),
    # video, music, pictures
    inside("Dailymotion", "dailymotion.com", rf"^/search/{WORDS}"),
    at("Dailymotion", "api.dailymotion.com", r"^/videos/?$", "search"),
    at("Vimeo", "vimeo.com", r"^/search/?$", "q"),
    at("Rumble", "rumble.com", r"^/search/(?:video|all|channel)/?$", "q"),
    at("BitChute", "bitchute.com", r"^/search/?$", "query"),
    at("Odysee", "odysee.com", r"^/\$/search/?$", "q"),
    at("Bilibili", "search.bilibili.com", r"^/(?:all|video|bangumi|live|article|upuser)?/?$", "keyword"),
    inside("Spotify", "open.spotify.com", rf"^/search/{WORDS}"),
    at("Spotify", "api.spotify.com api-partner.spotify.com", r"^/(?:v1/search|pathfinder/v\d/query)/?$", "q", posted=False),
    at("Spotify", "api-partner.spotify.com", r"^/pathfinder/v\d/query/?$", "variables", in_json=["searchTerm"]),
    at("SoundCloud", "soundcloud.com api-v2.soundcloud.com", r"^/search(?:/\w+)*/?$", "q"),
    at("Genius", "genius.com", r"^/(?:search|api/search/\w+)/?$", "q"),
    inside("GIPHY", "giphy.com", rf"^/(?:search|explore)/{DASHED}"),
    at("GIPHY", "api.giphy.com", r"^/v1/(?:gifs|stickers|clips|videos)/(?:search|translate)/?$", "q", "s"),
    inside("Tenor", "tenor.com", r"^/(?:[a-zA-Z-]{2,7}/)?search/(?P<dashes>[^/?#]+?)(?:-(?:gifs|stickers|memes))?/?(?:\?|$)"),
    at("Tenor", "tenor.googleapis.com g.tenor.com api.tenor.com", r"^/v\d/search/?$", "q"),
    at("Imgur", "imgur.com m.imgur.com", r"^/search(?:/\w+)*/?$", "q", "q_all"),
    inside("Imgur", "imgur.com m.imgur.com", rf"^/t/{WORDS}"),
    at("Flickr", "flickr.com *.flickr.com", r"^/(?:search|search/advanced|services/rest)/?$", "text", "q", "tags"),
    inside("Flickr", "flickr.com", rf"^/photos/tags/{WORDS}"),
    inside("Unsplash", "unsplash.com", rf"^/(?:[a-z]{{2}}/)?s/(?:photos|illustrations|vectors)/{DASHED}"),
    at("Unsplash", "unsplash.com api.unsplash.com", r"^/(?:napi/)?search/photos/?$", "query"),
    inside("Pexels", "pexels.com", rf"^/(?:[a-z]{{2}}-[a-z]{{2}}/)?search/(?:videos/)?{WORDS}"),
    inside("Pixabay", "pixabay.com", rf"^/(?:[a-z]{{2}}/)?(?:images|photos|illustrations|vectors|videos|music|sound-effects|gifs)/search/{WORDS}"),
    at("Pixabay", "pixabay.com", r"^/api(?:/videos)?/?$", "q"),
    inside("Shutterstock", "shutterstock.com", rf"^/(?:[a-z]{{2}}/)?(?:search|image-photo|video/search)/{DASHED}"),
    at("Getty Images", "gettyimages.{} gettyimages.com istockphoto.com", r"^/search/2/.*", "phrase"),
    inside("Getty Images", "gettyimages.{} gettyimages.com istockphoto.com", rf"^/(?:photos|videos|illustrations)/{DASHED}"),
    at("DeviantArt", "deviantart.com", r"^/search(?:/\w+)?/?$", "q"),
    inside("DeviantArt", "deviantart.com", rf"^/(?:tag|topic)/{WORDS}"),
    at("Know Your Meme", "knowyourmeme.com", r"^/search/?$", "q"),
    # games
    at("Roblox", "roblox.com *.roblox.com", r"^/(?:[a-z]{2}/)?(?:discover|games|catalog|search/\w+|search)/?$", "keyword", "searchquery"),
    at("Roblox", "apis.roblox.com catalog.roblox.com users.roblox.com games.roblox.com", r"^/(?:search-api/omni-search|v1/search/items(?:/details)?|v2/search/items/details|v1/users/search|v1/games/list)/?$", "searchQuery", "keyword"),
    at("Steam", "store.steampowered.com steamcommunity.com", r"^/(?:search(?:/results|/users)?|workshop/browse)/?$", "term", "text", "searchtext"),
    at("itch.io", "itch.io", r"^/search/?$", "q"),
    at("Epic Games", "store.epicgames.com", r"^/(?:[a-z]{2}(?:-[a-z]{2})?/)?browse/?$", "q"),
    inside("Scratch", "scratch.mit.edu", r"^/search/(?:projects|studios)\?(?:.*&)?q=([^&]+)"),
    at("Scratch", "api.scratch.mit.edu", r"^/search/(?:projects|studios)/?$", "q"),
    at("Minecraft", "minecraft.net curseforge.com modrinth.com", r"^/(?:[a-z-]+/)*(?:search|mods)/?$", "q", "search"),
    # shops and apps
    at("Amazon", "amazon.{} *.amazon.{}", r"^/(?:[^/]+/)?(?:s|gp/search|gp/aw/s|exec/obidos/.*)(?:/.*)?$", "k", "field-keywords", "keywords"),
    at("eBay", "ebay.{} *.ebay.{} ebay.com", r"^/sch/(?:[^/]*/)*(?:i\.html)?$", "_nkw"),
    inside("eBay", "ebay.{} *.ebay.{} ebay.com", rf"^/(?:shop|b)/{DASHED}"),
    at("Etsy", "etsy.com *.etsy.com", r"^/(?:[a-z]{2}(?:-[a-z]+)?/)?search(?:/[a-z-]+)*/?$", "q"),
    inside("Etsy", "etsy.com", r"^/(?:[a-z]{2}/)?market/([^/?#]+)"),
    inside("Argos", "argos.co.uk", r"^/search/(?P<dashes>[^/?#]+)"),
    at("Temu", "temu.com *.temu.com", r"^/(?:[a-z-]+/)?search_result\.html$", "search_key"),
    inside("Shein", "shein.{} *.shein.{} shein.com shein.co.uk", rf"^/pdsearch/{WORDS}"),
    at("AliExpress", "aliexpress.{} *.aliexpress.{} aliexpress.com *.aliexpress.us aliexpress.us", r"^/(?:wholesale|premium/.*|w/wholesale.*|glosearch/.*)/?$", "SearchText", "searchtext"),
    inside("AliExpress", "aliexpress.{} *.aliexpress.{} aliexpress.com *.aliexpress.us aliexpress.us", r"^/w/wholesale-(?P<dashes>[^/?#]+?)\.html"),
    at("Alibaba", "alibaba.com *.alibaba.com", r"^/(?:trade/search|search/page)/?$", "SearchText"),
    inside("Wish", "wish.com", rf"^/search/{WORDS}"),
    at("Walmart", "walmart.com walmart.ca", r"^/(?:[a-z]{2}/)?search/?$", "q", "query"),
    at("Target", "target.com", r"^/s/?$", "searchTerm"),
    at("IKEA", "ikea.com", r"^/(?:[a-z]{2}/[a-z]{2}/)?search/(?:products/)?$", "q", "query"),
    at("Tesco", "tesco.com *.tesco.com", r"^/(?:(?:groceries|shop)/)?(?:[a-z]{2}-[a-z]{2}/)?search/?$", "query"),
    at("Sainsbury's", "sainsburys.co.uk", r"^/(?:gol-ui/SearchResults|shop/.*Search.*).*", "searchTerm"),
    inside("Sainsbury's", "sainsburys.co.uk", rf"^/gol-ui/SearchResults/{WORDS}"),
    at("Asda", "asda.com groceries.asda.com", r"^/search.*", "q"),
    inside("Asda", "asda.com groceries.asda.com", rf"^/(?:groceries/)?search/{WORDS}"),
    at("Boots", "boots.com", r"^/(?:sitesearch|search.*)/?$", "searchText", "searchTerm", "text"),
    at("Superdrug", "superdrug.com", r"^/search.*", "text", "q"),
    at("John Lewis", "johnlewis.com", r"^/search.*", "search-term"),
    at("Currys", "currys.co.uk", r"^/search.*", "q"),
    at("Screwfix", "screwfix.com toolstation.com diy.com", r"^/search.*", "search", "q", "term"),
    at("ASOS", "asos.com", r"^/(?:[a-z]{2}/)?search/?$", "q"),
    at("Vinted", "vinted.{} vinted.co.uk vinted.com", r"^/(?:catalog|vetements|api/v2/catalog/items)/?$", "search_text"),
    at("Depop", "depop.com", r"^/search/?$", "q"),
    at("Gumtree", "gumtree.com", r"^/search/?$", "q"),
    at("Craigslist", "*.craigslist.org craigslist.org", r"^/(?:d/[^/]+/)?search(?:/.*)?$", "query"),
    at("JD Sports", "jdsports.co.uk", r"^/search/.*", "q"),
    inside("JD Sports", "jdsports.co.uk", rf"^/search/{WORDS}"),
    at("Smyths Toys", "smythstoys.com", r"^/.*/search/?$", "text"),
    inside("App Store", "apps.apple.com", rf"^/(?:[a-z]{{2}}/)?(?:iphone/)?search/{WORDS}"),
    at("App Store", "apps.apple.com itunes.apple.com", r"^/(?:(?:[a-z]{2}/)?(?:iphone/)?search|search)/?$", "term"),
    at("App Store", "amp-api.apps.apple.com amp-api-edge.apps.apple.com", r"^/v\d/catalog/[a-z]{2}/search/?$", "term"),
    at("Apple Music", "music.apple.com amp-api.music.apple.com", r"^/(?:[a-z]{2}/search|v\d/catalog/[a-z]{2}/search)/?$", "term"),
    at("Microsoft Store", "apps.microsoft.com", r"^/search(?:/home)?/?$", "query"),
    at("Chrome Web Store", "chromewebstore.google.com", r"^/$", "q"),
    inside("Chrome Web Store", "chromewebstore.google.com", rf"^/search/{WORDS}"),
    at("Firefox Add-ons", "addons.mozilla.org", r"^/(?:[a-z]{2}(?:-[a-z]{2})?/)?(?:firefox|android)/search/?$", "q"),
    at("Netflix", "netflix.com", r"^/search/?$", "q"),
    at("Just Eat", "just-eat.co.uk deliveroo.co.uk ubereats.com", r"^/.*search.*", "q"),
]  # fmt: skip


def matomos(document: dict[str, list[dict[str, Any]]], ours: SearchEngines) -> Iterator[dict[str, Any]]:
    """Matomo's rules for the hosts that ours do not cover, one for each host path."""
    for engine, entries in document.items():
        for entry in () if engine in _NEVER else entries:
            names = [[name] for name in entry["params"] if not name.startswith("/") and name.strip()]
            patterns = [name.strip("/").replace("\\/", "/") for name in entry["params"] if name.startswith("/")]
            codecs = [codec for said in entry.get("charsets", ()) if (codec := _CODECS[said.lower()])]
            places: dict[str, list[str]] = {}
            for url in entry["urls"]:
                host, _, path = url.lower().partition("/")
                if "." in host and not ours.knows(host.replace("{}", "de")):
                    places.setdefault(path, []).append(re.sub(r"^www\d*\.(?=.*\..)", "", host))
            for path, hosts in places.items():
                rule: dict[str, Any] = {"engine": engine, "hosts": sorted(set(hosts))}
                if path:
                    rule["path"] = "^/" + re.escape(path.strip("/"))
                if codecs:
                    rule["codecs"] = codecs
                for pattern in patterns:
                    yield {**rule, "in_path": pattern}
                if names:
                    yield {**rule, "names": list(dict.fromkeys(tuple(turn) for turn in names))}


def main() -> int:
    """Write the file, and say how much is in it."""
    options = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--out", type=Path, default=SHIPPED)
    chosen = options.parse_args()
    document = yaml.safe_load(chosen.data.read_text(encoding="utf-8"))
    rules = [*OURS, *matomos(document, read_engines({"rules": OURS}))]
    lines = ",\n".join(json.dumps(rule, ensure_ascii=False, sort_keys=True) for rule in rules)
    words = (
        "Made by tests/models/make_search_engines.py; partly from matomo-org/searchengine-and-social-list (CC0 1.0)."
    )
    chosen.out.write_text(f'{{"about": {json.dumps(words)},\n"rules": [\n{lines}\n]}}\n', encoding="utf-8")
    engines, hosts = {rule["engine"] for rule in rules}, {host for rule in rules for host in rule["hosts"]}
    print(f"{len(rules)} rules, {len(engines)} engines ({len(document)} of Matomo's), {len(hosts)} hosts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
