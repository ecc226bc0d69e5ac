"""Sites that show, or lead to, pages of other sites: translators, archives, caches, AMP, readers, image proxies.

A line is a site (the domain and all below it; ``google.*`` is Google under any country's ending), the beginning of the
path, what the site does, and where the other address stands. ``shows``: the other page comes through this site, so no
request for it is ever seen. ``leads``: the browser is sent on to it. The other address is the value of one of the named
parameters (``?`` stands for a query that is nothing but the address), or a part of the path (``/``), which may lack
its ``https://`` only where ``/bare`` says so. The forms are the sites' own, as their pages and documentation show them.
"""

from dataclasses import dataclass
from enum import StrEnum


class Does(StrEnum):
    """Whether a site shows the other page itself or leads to it."""

    SHOWS = "shows"
    LEADS = "leads"


@dataclass(frozen=True, slots=True)
class Wrapper:
    """One line of the table."""

    site: str
    path: str
    does: Does
    names: frozenset[str]
    whole_query: bool
    in_path: bool
    bare: bool


_TABLE = """
# translators
translate.google.*               /                      shows  u url
translate.googleusercontent.com  /                      shows  u url
google.*                         /translate             shows  u url
googleweblight.com               /                      shows  u lite_url
bing.com                         /translator            shows  url a u
translatetheweb.com              /                      shows  a url u
microsofttranslator.com          /                      shows  a url u
translate.yandex.*               /                      shows  url u
yandex.*                         /translate             shows  url u
turbopages.org                   /                      shows  /bare
translate.baidu.com              /                      shows  query url u
fanyi.baidu.com                  /                      shows  query url
fanyi.youdao.com                 /                      shows  url
papago.naver.net                 /                      shows  url
papago.naver.com                 /                      shows  url
translate.sogou.com              /                      shows  url
online-translator.com            /                      shows  url
systran.net                      /                      shows  url
worldlingo.com                   /                      shows  wl_url url
itranslate.com                   /                      shows  url
# archives
web.archive.org                  /                      shows  /bare url
archive.org                      /wayback               shows  url /bare
archive.org                      /web/                  shows  /bare
wayback.archive-it.org           /                      shows  /bare
wayback.vefsafn.is               /                      shows  /bare
arquivo.pt                       /                      shows  /bare url
webarchive.org.uk                /                      shows  /bare
webarchive.nationalarchives.gov.uk /                    shows  /bare
webarchive.loc.gov               /                      shows  /bare
swap.stanford.edu                /                      shows  /bare
web.archive.bibalex.org          /                      shows  /bare
timetravel.mementoweb.org        /                      shows  /bare
ghostarchive.org                 /                      shows  /bare term url
webcitation.org                  /                      shows  url
megalodon.jp                     /                      shows  /bare url
freezepage.com                   /                      shows  url
conifer.rhizome.org              /                      shows  /bare
replayweb.page                   /                      shows  source url
oldweb.today                     /                      shows  /bare
archive.today                    /                      shows  /bare url
archive.ph                       /                      shows  /bare url
archive.is                       /                      shows  /bare url
# caches
webcache.googleusercontent.com   /                      shows  q
google.*                         /search                shows  cache:q
cc.bingj.com                     /                      shows  u url d
yandexwebcache.net               /                      shows  url
hghltd.yandex.net                /                      shows  url
cachedview.nl                    /                      shows  url uri
cachedpages.com                  /                      shows  url
coralcdn.org                     /                      shows  /bare
# AMP and light versions
google.*                         /amp/                  shows  /bare
bing.com                         /amp/                  shows  /bare
cdn.ampproject.org               /                      shows  /bare
amp.cloudflare.com               /                      shows  /bare
bing-amp.com                     /                      shows  /bare
# readers, printers, texts, pictures of pages
r.jina.ai                        /                      shows  /bare url
12ft.io                          /                      shows  /bare q
1ft.io                           /                      shows  /bare q
removepaywall.com                /                      shows  /bare url
removepaywalls.com               /                      shows  /bare url
smry.ai                          /                      shows  /bare url
freedium.cfd                     /                      shows  /bare
scribe.rip                       /                      shows  /bare
outline.com                      /                      shows  /bare
textise.net                      /                      shows  strurl url
txtify.it                        /                      shows  /bare
printfriendly.com                /                      shows  url
print-friendly.com               /                      shows  url
frogfind.com                     /                      shows  a q
via.hypothes.is                  /                      shows  /bare url
hypothes.is                      /                      leads  /
wave.webaim.org                  /                      shows  / url
validator.w3.org                 /                      shows  doc uri
validator.nu                     /                      shows  doc
web2pdfconvert.com               /                      shows  url
pdfcrowd.com                     /                      shows  url src
webtopdf.com                     /                      shows  url
image.thum.io                    /                      shows  /bare url
s.wordpress.com                  /mshots/               shows  /bare
s0.wp.com                        /mshots/               shows  /bare
api.microlink.io                 /                      shows  url
api.screenshotmachine.com        /                      shows  url
api.apiflash.com                 /                      shows  url
shot.screenshotapi.net           /                      shows  url
rss.app                          /                      shows  url
embed.ly                         /                      shows  url
iframely.net                     /                      shows  url
docs.google.com                  /viewer                shows  url
docs.google.com                  /gview                 shows  url
docs.google.com                  /viewerng              shows  url
drive.google.com                 /viewerng              shows  url
google.*                         /gwt/                  shows  u
lens.google.com                  /                      shows  url
google.*                         /searchbyimage         shows  image_url
tineye.com                       /search                shows  url
view.officeapps.live.com         /op/                   shows  src
htmlpreview.github.io            /                      shows  ?
api.rss2json.com                 /                      shows  rss_url
pagespeed.web.dev                /                      shows  url
developers.facebook.com          /tools/debug           shows  q
# relays for scripts
api.allorigins.win               /                      shows  url
allorigins.win                   /                      shows  url
corsproxy.io                     /                      shows  url ? /
cors.sh                          /                      shows  /
proxy.cors.sh                    /                      shows  /bare
cors-anywhere.herokuapp.com      /                      shows  /bare
cors-anywhere.com                /                      shows  /bare
thingproxy.freeboard.io          /                      shows  /bare
api.codetabs.com                 /                      shows  quest
yacdn.org                        /                      shows  /bare
jsonp.afeld.me                   /                      shows  url
crossorigin.me                   /                      shows  /bare
cors.eu.org                      /                      shows  /bare
cors.lol                         /                      shows  url
test.cors.workers.dev            /                      shows  ? url
whateverorigin.org               /                      shows  url
everyorigin.jwvbremen.nl         /                      shows  url
api.scraperapi.com               /                      shows  url
app.scrapingbee.com              /                      shows  url
api.scrapingant.com              /                      shows  url
api.webscraping.ai               /                      shows  url
# image proxies
images.weserv.nl                 /                      shows  url
wsrv.nl                          /                      shows  url
external-content.duckduckgo.com  /                      shows  u
proxy.duckduckgo.com             /                      shows  u
i0.wp.com                        /                      shows  /bare
i1.wp.com                        /                      shows  /bare
i2.wp.com                        /                      shows  /bare
i3.wp.com                        /                      shows  /bare
th.bing.com                      /                      shows  riu
tse.mm.bing.net                  /                      shows  riu
googleusercontent.com            /gadgets/proxy         shows  url
googleusercontent.com            /proxy                 shows  url
cdn.statically.io                /img/                  shows  /bare
res.cloudinary.com               /                      shows  /
imageproxy.pimg.tw               /                      shows  url
external.xx.fbcdn.net            /                      shows  url
qwant.com                        /thumbr                shows  u
images.search.yahoo.com          /                      leads  imgurl rurl
slack-imgs.com                   /                      shows  url
imgproxy.net                     /                      shows  /
avatars.yandex.net               /                      shows  img_url
yandex.*                         /images                leads  img_url
google.*                         /imgres                leads  imgurl imgrefurl
bing.com                         /images                leads  mediaurl purl
# links that lead on
google.*                         /url                   leads  q url
bing.com                         /ck/                   leads  u
bing.com                         /aclick                leads  u
duckduckgo.com                   /l/                    leads  uddg
duckduckgo.com                   /y.js                  leads  u3
r.search.yahoo.com               /                      leads  ru /
yandex.*                         /clck                  leads  url
startpage.com                    /cgi-bin/serveimage    shows  url
youtube.com                      /redirect              leads  q
l.facebook.com                   /                      leads  u
lm.facebook.com                  /                      leads  u
l.instagram.com                  /                      leads  u
l.messenger.com                  /                      leads  u
l.wl.co                          /                      leads  u
out.reddit.com                   /                      leads  url
steamcommunity.com               /linkfilter            leads  url u
vk.com                           /away.php              leads  to
t.umblr.com                      /                      leads  z
linkedin.com                     /redir                 leads  url
slack-redir.net                  /                      leads  url
safelinks.protection.outlook.com /                      leads  url
urldefense.com                   /                      leads  /
urldefense.proofpoint.com        /                      leads  u
href.li                          /                      leads  ?
anonym.to                        /                      leads  ? url
anon.to                          /                      leads  ?
nullrefer.com                    /                      leads  ?
dereferer.me                     /                      leads  ? url
hidelinks.com                    /                      leads  ? url
blankrefer.com                   /                      leads  ?
exit.sc                          /                      leads  url
"""


def _wrapper(line: str) -> Wrapper:
    site, path, does, *where = line.split()
    names = frozenset(word for word in where if word not in ("?", "/", "/bare"))
    in_path, bare = "/" in where or "/bare" in where, "/bare" in where
    return Wrapper(site, path, Does(does), names, "?" in where, in_path, bare)


def _by_site() -> dict[str, tuple[Wrapper, ...]]:
    lines = [line for line in _TABLE.splitlines() if line and not line.startswith("#")]
    found: dict[str, tuple[Wrapper, ...]] = {}
    for wrapper in map(_wrapper, lines):
        found[wrapper.site] = (*found.get(wrapper.site, ()), wrapper)
    return found


WRAPPERS = _by_site()
"""All lines by their site."""
