import sys, time
sys.path.insert(0,'/work/main/tests'); sys.path.insert(0,'/work/main/tests/e2e')
from test_browser import CHROMIUM, QUIET, Relay
from pretend.browsed import Browsed, Reply
from schoolgate.policy.visits import Visits
from dataclasses import replace
def show(world, name):
    print("=====",name)
    sent, bare = Visits(), Visits()
    for s in world.seen:
        if 'favicon' in s.url and 0: continue
        o=sent.judge(s); h={k:v for k,v in s.headers.items() if not k.startswith('sec-fetch')}
        b=bare.judge(replace(s,headers=h))
        H=s.headers
        print(f"{s.method} {s.url.split('://')[1][:60]:60} {s.status} | {H.get('sec-fetch-dest')} {H.get('sec-fetch-mode')} {H.get('sec-fetch-site')} U{H.get('sec-fetch-user','-')} P:{H.get('sec-purpose','')} R:{H.get('referer','-')[-30:]} cc:{H.get('cache-control','')} uir:{H.get('upgrade-insecure-requests','')} A:{H.get('accept','')[:12]} | {o.kind} {o.confidence} {o.reason[:40]} || {b.kind} {b.confidence} {b.reason[:50]}")
    world.seen.clear()
def test_probe(start, sites):
    from playwright.sync_api import sync_playwright
    world=Browsed(sites); g=start(); P=world.tls_port
    N=f"https://news.example:{P}"; A=f"https://allowed.example:{P}"; S=f"https://slow.example:{P}"
    def H(b): return Reply("<!doctype html><link rel=icon href='data:,'><title>t</title>"+b)
    w=world.pages
    parts="<link rel=stylesheet href=/s.css><img src=/i.png><script src=/a.js></script>"
    w['news.example/']=H(parts+f"<a id=in href=/story>s</a><a id=out href='{A}/'>o</a><a id=blank target=_blank href='{A}/blank'>b</a><button id=open onclick=\"window.open('{A}/opened')\">o</button><a id=file href=/file>f</a><a id=file2 download href=/file2>f</a><a id=r href=/r1>r</a><form method=post action=/post><input id=send type=submit></form><a id=ping ping=/ping href=/pinged>p</a><a id=later onclick=\"setTimeout(()=>location.href='/later',200);return false\" href=#>l</a>")
    w['news.example/s.css']=Reply("a{}",type="text/css"); w['news.example/i.png']=Reply("x",type="image/png"); w['news.example/a.js']=Reply("fetch('/data.json').catch(()=>0);navigator.sendBeacon('/beacon','x')",type="text/javascript")
    w['news.example/data.json']=Reply("{}",type="application/json"); w['news.example/beacon']=Reply("",204)
    for n in ('story','pinged','later','r5'): w['news.example/'+n]=H(n+"<a id=more href=/more>m</a>")
    w['news.example/more']=H("more")
    w['news.example/ping']=Reply("",204)
    for n in ('','blank','opened','landed'): w['allowed.example/'+n]=H(n)
    w['news.example/file']=Reply("zip",type="application/zip",headers={"Content-Disposition":"attachment; filename=a.zip"})
    w['news.example/file2']=Reply("zip",type="application/octet-stream")
    for i,c in enumerate((301,302,303,307),1): w[f'news.example/r{i}']=Reply("",c,headers={"Location":f"/r{i+1}"})
    w['news.example/post']=Reply("",303,headers={"Location":"/story"})
    w['news.example/meta']=H("<meta http-equiv=refresh content='1'>")
    w['news.example/reloads']=H("<script>setTimeout(()=>location.reload(),1000)</script>")
    w['news.example/forward']=H(f"<meta http-equiv=refresh content='0;url={A}/landed'>")
    w['news.example/script']=H(f"<script>location.replace('{A}/landed')</script>")
    w['news.example/frames']=H(f"<iframe src='{S}/outer'></iframe><iframe src=/own></iframe><iframe referrerpolicy=no-referrer src='{S}/silent'></iframe><script>function late(){{let f=document.createElement('iframe');f.src='{S}/late';document.body.append(f);f=document.createElement('iframe');f.src='/late';document.body.append(f)}}</script><object data='{S}/obj'></object>")
    w['slow.example/outer']=H(f"<iframe src='{A}/inner'></iframe><a id=inf target=_top href='{A}/landed'>x</a>"); w['allowed.example/inner']=H("i"); w['news.example/own']=H("o"); w['slow.example/late']=H("o");w['news.example/late']=H("o"); w['slow.example/silent']=H("o");w['slow.example/obj']=H("o")
    w['news.example/pre']=H("<link rel=prefetch href=/ahead><script type=speculationrules>{\"prerender\":[{\"source\":\"list\",\"urls\":[\"/story\"],\"eagerness\":\"immediate\"}],\"prefetch\":[{\"source\":\"list\",\"urls\":[\"/more\"],\"eagerness\":\"immediate\"}]}</script><a id=go href=/story>s</a><a id=gom href=/more>m</a>")
    w['news.example/ahead']=H("a")
    w['news.example/sw']=H("<script>navigator.serviceWorker.register('/sw.js').then(()=>navigator.serviceWorker.ready).then(()=>{document.title='ready'})</script><a id=go href=/story>s</a>")
    w['news.example/sw.js']=Reply("self.addEventListener('activate',e=>e.waitUntil(clients.claim()));self.addEventListener('fetch',e=>e.respondWith(fetch(e.request)));setTimeout(()=>fetch('/worker.json'),300)",type="text/javascript"); w['news.example/worker.json']=Reply("{}",type="application/json")
    w['news.example/spa']=H("<script>function go(){history.pushState({},'','/spa/two');fetch('/data.json')}</script><button id=go onclick=go()>x</button><a id=l href=/story>s</a>")
    w['news.example/missing']=Reply("no",404); w['news.example/broken']=Reply("no",500)
    with sync_playwright() as p:
        relay=Relay("127.0.0.2", g.school.proxy_port)
        b=p.chromium.launch(executable_path=CHROMIUM,args=QUIET,proxy={"server":f"http://127.0.0.1:{relay.port}"})
        c=b.new_context(ignore_https_errors=True)
        def go(url):
            page=c.new_page(); page.goto(url); time.sleep(1); world.think(20); return page
        def click(page,id): page.bring_to_front(); page.focus('#'+id); page.keyboard.press('Enter'); time.sleep(0.8); world.think(20)
        page=go(N+'/'); click(page,'in'); page.go_back(); time.sleep(.7); world.think(20); page.go_forward(); time.sleep(.7); world.think(20); page.reload(); time.sleep(.7); world.think(20); page.focus('#more'); page.keyboard.press('Enter'); time.sleep(.7); show(world,'walk')
        page=go(N+'/'); click(page,'out'); page=go(N+'/'); click(page,'blank'); click(page,'open'); page=go(N+'/'); click(page,'file'); page=go(N+'/'); click(page,'file2'); page=go(N+'/'); click(page,'ping'); show(world,'clicks')
        page=go(N+'/'); click(page,'r'); page=go(N+'/'); click(page,'send'); page=go(N+'/'); click(page,'later'); show(world,'redirects, post, later')
        page=c.new_page(); page.goto(N+'/meta'); time.sleep(3.5); page.close(); page=c.new_page(); page.goto(N+'/reloads'); time.sleep(3.5); page.close(); show(world,'refresh')
        page=go(N+'/forward'); page=go(N+'/script'); show(world,'forwards')
        page=go(N+'/frames'); page.evaluate('late()'); time.sleep(1); world.think(20); page.frames[1].focus('#inf'); page.keyboard.press('Enter'); time.sleep(.8); show(world,'frames')
        page=go(N+'/pre'); time.sleep(1); click(page,'go'); page=go(N+'/pre'); time.sleep(1); click(page,'gom'); show(world,'pre')
        page=go(N+'/sw'); page.wait_for_function("document.title=='ready'"); time.sleep(1); world.think(20); click(page,'go'); page.goto(N+'/sw'); time.sleep(1); show(world,'sw')
        page=go(N+'/spa'); click(page,'go'); click(page,'l'); show(world,'spa')
        c.new_page().goto(N+'/missing'); c.new_page().goto(N+'/broken'); show(world,'errors')
        h=f"http://news.example:{world.port}"
        page=go(h+'/'); click(page,'in'); time.sleep(1); show(world,'http'); 
        b.close()
