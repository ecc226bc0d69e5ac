"""Which sites show, or lead to, pages of other sites: the table that ``wrappers`` reads and explains."""

SHOWING = """
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
translate.ru                     /                      shows  url
deepl.com                        /translator            shows  url
reverso.net                      /                      shows  url
imtranslator.net                 /                      shows  url
translate.alibaba.com            /                      shows  url
fanyi.sogou.com                  /                      shows  url
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
archive.md                       /                      shows  /bare url
archivebuttons.com               /                      shows  /bare article url
perma.cc                         /                      shows  url
vefsafn.is                       /                      shows  /bare
webarchive.nla.gov.au            /                      shows  /bare
# caches
webcache.googleusercontent.com   /                      shows  q
google.*                         /search                shows  cache:q
cc.bingj.com                     /                      shows  u url d
yandexwebcache.net               /                      shows  url
hghltd.yandex.net                /                      shows  url
cachedview.nl                    /                      shows  url uri
cachedview.com                   /                      shows  url
cache.baiducontent.com           /                      shows  url
cachedpages.com                  /                      shows  url u
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
textise.org                      /                      shows  strurl url
readability.com                  /                      shows  url
getpocket.com                    /                      shows  url
instapaper.com                   /                      shows  u url
feedly.com                       /i/                    shows  /
inoreader.com                    /                      shows  / url
feed2json.org                    /                      shows  url
morss.it                         /                      shows  /bare
fetchrss.com                     /                      shows  url
politepol.com                    /                      shows  url
feed43.com                       /                      shows  url
fivefilters.org                  /                      shows  url
fivefilters.net                  /                      shows  url
printwhatyoulike.com             /                      shows  url
pure.md                          /                      shows  /bare
theoldnet.com                    /                      shows  /bare url
68k.news                         /                      shows  a
w3.org                           /                      shows  url uri doc docaddr
txtify.it                        /                      shows  /bare
printfriendly.com                /                      shows  url
print-friendly.com               /                      shows  url
frogfind.com                     /                      shows  a q
via.hypothes.is                  /                      shows  /bare url
hypothes.is                      /                      leads  /
wave.webaim.org                  /                      shows  / url
validator.nu                     /                      shows  doc
web2pdfconvert.com               /                      shows  url
pdfcrowd.com                     /                      shows  url src
webtopdf.com                     /                      shows  url
image.thum.io                    /                      shows  /bare url
s.wordpress.com                  /mshots/               shows  /bare
api.microlink.io                 /                      shows  url
api.screenshotmachine.com        /                      shows  url
api.apiflash.com                 /                      shows  url
api.screenshotone.com            /                      shows  url
url2png.com                      /                      shows  url
urlbox.io                        /                      shows  url
urlbox.com                       /                      shows  url
s-shot.ru                        /                      shows  ?
site-shot.com                    /                      shows  url
pagepeeker.com                   /                      shows  url
capture.techulus.in              /                      shows  url
api.pikwy.com                    /                      shows  url
screenshot.11ty.dev              /                      shows  /
urlscan.io                       /liveshot              shows  url
wp.com                           /mshots/               shows  /bare
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
googleapis.com                   /pagespeedonline/      shows  url
google.*                         /test/                 shows  url
google.*                         /webmasters/           shows  url
script.google.com                /macros/               shows  url u q link target
ui.dev                           /amiresponsive         shows  url
responsinator.com                /                      shows  url
amiresponsive.co.uk              /                      shows  site
developers.facebook.com          /tools/debug           shows  q
# relays for scripts
api.allorigins.win               /                      shows  url
allorigins.win                   /                      shows  url
corsproxy.io                     /                      shows  url ? /
corsproxy.org                    /                      shows  url ? /
api.corsproxy.dev                /                      shows  url
workers.dev                      /                      shows  ? url u q / link target
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
images.duckduckgo.com            /                      shows  u
rsz.io                           /                      shows  /bare
camo.githubusercontent.com       /                      shows  /
startpage.com                    /av/                   shows  piurl
ecosia.org                       /image                 shows  url
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
"""
"""Translators, archives, caches, AMP, readers, printers, pictures of pages, relays for scripts and image proxies."""
LEADING = """
# links that lead on
google.*                         /url                   leads  q url
bing.com                         /ck/                   leads  u
bing.com                         /aclick                leads  u
bing.com                         /alink/                leads  url
duckduckgo.com                   /l/                    leads  uddg
duckduckgo.com                   /y.js                  leads  u3
r.search.yahoo.com               /                      leads  ru /
yandex.*                         /clck                  leads  url
startpage.com                    /cgi-bin/serveimage    shows  url
youtube.com                      /redirect              leads  q
l.facebook.com                   /                      leads  u
lm.facebook.com                  /                      leads  u
facebook.com                     /l.php                 leads  u
facebook.com                     /flx/warn              leads  u
l.instagram.com                  /                      leads  u
l.messenger.com                  /                      leads  u
l.wl.co                          /                      leads  u
out.reddit.com                   /                      leads  url
steamcommunity.com               /linkfilter            leads  url u
vk.com                           /away.php              leads  to
t.umblr.com                      /                      leads  z
linkedin.com                     /redir                 leads  url
linkedin.com                     /safety/go             leads  url
medium.com                       /r/                    leads  url
disq.us                          /url                   leads  url
amazon.com                       /gp/redirect           leads  location
link.zhihu.com                   /                      leads  target
link.csdn.net                    /                      leads  target
jianshu.com                      /go-wild               leads  url
google.*                         /aclk                  leads  adurl
googleadservices.com             /                      leads  adurl
doubleclick.net                  /                      leads  adurl
ecosia.org                       /out                   leads  url
store.steampowered.com           /linkfilter            leads  url u
slack-redir.net                  /                      leads  url
safelinks.protection.outlook.com /                      leads  url
statics.teams.cdn.office.net     /                      leads  url
outlook.office.com               /mail/safelink         leads  url
linkprotect.cudasvc.com          /                      leads  a
mimecast.com                     /                      leads  domain
secure-web.cisco.com             /                      leads  /
clicktime.symantec.com           /                      leads  u
urldefense.com                   /                      leads  /
urldefense.us                    /                      leads  /
urldefense.proofpoint.com        /                      leads  u
href.li                          /                      leads  ?
anonym.to                        /                      leads  ? url
anon.to                          /                      leads  ?
anon.ws                          /                      leads  ?
dereferer.org                    /                      leads  ?
hidereferrer.com                 /                      leads  ?
nullrefer.com                    /                      leads  ?
dereferer.me                     /                      leads  ? url
hidelinks.com                    /                      leads  ? url
blankrefer.com                   /                      leads  ?
exit.sc                          /                      leads  url
"""
"""Links that lead on."""
