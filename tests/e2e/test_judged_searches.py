"""What a pupil searches for, and asks a chatbot: help first, an alert to the DSL as care, and no alarm for a lesson."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from pretend.gateway import Answer, Gateway
from pretend.mailbox import Mailbox
from pretend.school import RULES
from pretend.sites import Sites

PUPIL, STAFF = "127.0.0.2", "127.0.0.3"
WORRIES = """rules:
  - {id: worries, groups: [pupils], categories: [self_harm, extremism, violence], applies_to: [searches],
     action: block, alert: immediate, why: The school looks after it., basis: KCSIE}
  - {id: drugs-seen, groups: [pupils], categories: [drugs], applies_to: [searches], action: log, alert: immediate,
     why: The school would like to know.}
"""


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start(rules=RULES.replace("rules:\n", WORRIES, 1))


def ask(gateway: Gateway, sites: Sites, host: str, path: str, *options: str, client: str = PUPIL) -> Answer:
    return gateway.curl(f"https://{host}:{sites.tls_port}{path}", *options, client=client)


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("www.google.com", "/search?client=x&q="),
        ("www.google.co.uk", "/search?q="),
        ("www.youtube.com", "/results?search_query="),
    ],
)
def test_a_worrying_search_shows_help_and_reaches_no_engine(
    gateway: Gateway, sites: Sites, host: str, path: str, version: str
) -> None:
    before = len(sites.seen(host))
    answer = ask(gateway, sites, host, path + quote_plus("how can I kill myself tonight"), version)
    assert answer.status == 403, answer.error
    assert "0800 1111" in answer.text
    assert "116 123" in answer.text
    assert "You matter" in answer.text
    assert len(sites.seen(host)) == before
    ref = answer.text.split("<code>")[1].split("</code>")[0]
    [event] = gateway.events("--ref", ref)
    assert event["search"] == "how can I kill myself tonight"
    assert (event["stage"], event["category"], event["rule"], event["alert"]) == (
        "search",
        "self_harm",
        "worries",
        "immediate",
    )


@pytest.mark.parametrize(
    "words", ["how can I kill a Python process", "romeo and juliet death scene", "suicide squad cast", "cake recipe"]
)
def test_a_lesson_is_no_alarm(gateway: Gateway, sites: Sites, words: str) -> None:
    assert ask(gateway, sites, "www.google.com", f"/search?q={quote_plus(words)}").status == 200


def test_a_rule_may_let_a_search_through_and_only_tell(gateway: Gateway, sites: Sites) -> None:
    assert ask(gateway, sites, "www.google.com", "/search?q=buy+cocaine+online").status == 200
    [event] = [each for each in gateway.events("--action", "log") if each["search"]]
    assert (event["search"], event["alert"], event["rule"]) == ("buy cocaine online", "immediate", "drugs-seen")


def test_suggestions_while_typing_are_no_searches(gateway: Gateway, sites: Sites) -> None:
    assert ask(gateway, sites, "www.google.com", "/complete/search?q=how+can+I+kill+myself").status == 200


def test_what_staff_search_is_not_written_down_where_no_rule_says_so(gateway: Gateway, sites: Sites) -> None:
    assert ask(gateway, sites, "www.google.com", "/search?q=buy+cocaine+online", client=STAFF).status == 200
    assert not [each for each in gateway.events() if each["group"] == "staff"]


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_prompt_to_a_chatbot_is_judged_like_a_search(gateway: Gateway, sites: Sites, version: str) -> None:
    def prompt(words: str) -> tuple[str, ...]:
        messages = [{"role": "user", "content": "hi"}, {"role": "user", "content": [{"type": "text", "text": words}]}]
        body = json.dumps({"model": "m", "messages": messages})
        return (version, "-H", "Content-Type: application/json", "--data", body)

    asked = ask(
        gateway, sites, "news.example", "/v1/chat/completions", *prompt("tell me how I can kill myself tonight")
    )
    assert asked.status == 403
    assert json.loads(asked.body)["category"] == "self_harm"
    assert ask(gateway, sites, "news.example", "/v1/chat/completions", *prompt("explain photosynthesis")).status == 200
    assert sites.seen("news.example")[-1].path == "/v1/chat/completions"


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("way", ["of a known length", "in chunks", "packed"])
def test_a_question_that_is_too_long_to_be_checked_is_refused(
    gateway: Gateway, sites: Sites, tmp_path: Path, version: str, way: str
) -> None:
    long = b'{"prompt": "' + b"a word " * 1_000_000 + b'"}'
    (tmp_path / "body").write_bytes(gzip.compress(long) if way == "packed" else long)
    options = ["-H", "Content-Type: application/json", "-H", "Expect:", "--data-binary", f"@{tmp_path / 'body'}"]
    options += ["-H", "Content-Encoding: gzip"] if way == "packed" else []
    if way == "in chunks":
        options[-2:] = ["-X", "POST", "-T", str(tmp_path / "body"), "-H", "Transfer-Encoding: chunked"]
    before = len(sites.seen("news.example"))
    asked = ask(gateway, sites, "news.example", "/v1/chat/completions", version, *options)
    assert asked.status == 413, (asked.head, asked.error)
    assert "too long" in asked.text
    assert len(sites.seen("news.example")) == before
    assert ask(gateway, sites, "news.example", "/", version).status == 200


@pytest.mark.parametrize(
    "options",
    [
        ("-X", "PATCH", "--data", "p=how+can+I+kill+myself+tonight"),
        ("--data-urlencode", 'f.req=[null,"[[\\"how can I kill myself tonight\\"]]"]'),
        ("--form", "x=how can I kill myself tonight"),
        ("--data", '{"prompt": "how can I kill myself tonight", "t": NaN}', "-H", "Content-Type: application/json"),
    ],
)
def test_a_prompt_is_found_however_it_is_sent(gateway: Gateway, sites: Sites, options: tuple[str, ...]) -> None:
    assert ask(gateway, sites, "news.example", "/v1beta/models/x:streamGenerateContent", *options).status == 403


@pytest.mark.parametrize(
    "address",
    ["chatgpt.com/?q=", "claude.ai/new?q=", "www.perplexity.ai/?q=", "copilot.microsoft.com/?q=", "duck.ai/?q="],
)
def test_a_first_prompt_in_the_address_of_a_chatbot_is_judged(gateway: Gateway, sites: Sites, address: str) -> None:
    answer = gateway.curl(f"http://{address}{quote_plus('how can I kill myself tonight')}")
    assert (answer.status, "You matter" in answer.text) == (403, True)


def test_the_dsl_gets_a_mail_with_the_words_and_no_reproach(
    start: Callable[..., Gateway], sites: Sites, mailbox: Callable[[int], Mailbox]
) -> None:
    gateway = start(rules=RULES.replace("rules:\n", WORRIES, 1))
    box = mailbox(gateway.school.mail_port)
    ask(gateway, sites, "www.google.com", "/search?q=how+can+I+kill+myself+tonight")
    [mail] = box.wait(1, 8)
    assert set(mail.to) == {"dsl@school.example"}
    for words in ('"how can I kill myself tonight"', "Pupil devices", "proves nothing", "without reproach"):
        assert words in mail.text
