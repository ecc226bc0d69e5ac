"""``schoolgate check``: the verdict on an address, a text or a search, and every reason for it."""

import gc
import json
import sys
from pathlib import Path

import click

from schoolgate.commands.openings import opened_standing
from schoolgate.content.charset import decode
from schoolgate.enquiry import Enquiry, in_words
from schoolgate.policy.rules import Action
from schoolgate.policy.whereabouts import NOWHERE
from schoolgate.terminal import Wrong, config_option, open_settings
from schoolgate.whereabouts.sightings import known_now

BLOCKED = 3  # exit code of check


@click.command()
@click.argument("urls", metavar="URL...", nargs=-1)
@click.option("--group", help="Judge as this group.")
@click.option("--client", help="Judge as the device with this IP address, and whoever is known to be at it now.")
@click.option("--user", help="Judge as this user, as if logged in.")
@click.option("--at", help="Judge at this time, like 2026-11-24T10:42 (school time).  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--stream", is_flag=True, help="JSON lines in, JSON lines out, in order.")
@click.option(
    "--text", type=click.Path(path_type=Path, allow_dash=True), help="Judge what this file says, - for stdin."
)
@click.option("--search", help="Judge these search words, or this prompt to a chatbot.")
@config_option
def check(
    urls: tuple[str, ...],
    group: str | None,
    client: str | None,
    user: str | None,
    at: str | None,
    as_json: bool,
    stream: bool,
    text: Path | None,
    search: str | None,
    config: Path | None,
) -> None:
    """The verdict on each URL and every reason for it. Exit 0 allow, log or warn; 3 if any is blocked.

    With --text a page or text is judged by its words (an HTML file by what is visible of it), as if it stood at URL
    where one is named; with --search the words of a search are.
    """
    said = text is not None or search is not None
    if stream and (urls or said):
        raise Wrong("--stream takes its questions from its input, so it goes with no URL, --text or --search")
    if not stream and not urls and not said:
        raise Wrong("name URLs to check, give --text or --search, or give --stream and send JSON lines")
    if (text is not None and search is not None) or (said and len(urls) > 1):
        raise Wrong("one text or one search at a time, with at most one URL that it belongs to")
    with open_settings(config) as settings:
        who = {"group": group, "client": client, "user": user, "at": at}
        seen = known_now(settings.data) if client and not (at or stream) else NOWHERE
        enquiry = Enquiry(settings, who, opened_standing(settings), seen)
        if stream:
            _stream(enquiry)
            return
        answers = []
        words = {"search": search} if search is not None else _words_of(text) if text is not None else {}
        for url in urls or (None,):
            try:
                answers.append(enquiry.answer({"url": url, **words}))
            except ValueError as error:
                raise Wrong(str(error)) from None
    if as_json:
        click.echo(json.dumps(answers if len(answers) > 1 else answers[0], indent=2))
    else:
        for each in answers:
            click.echo(in_words(each))
    if any(each["action"] == Action.BLOCK for each in answers):
        sys.exit(BLOCKED)


def _words_of(file: Path) -> dict[str, str]:
    """What a file says, as the question for it: HTML by its name or its first characters, else plain text."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Wrong(f"{file}: cannot be read: {error.strerror}") from None
    content = decode(raw)
    is_html = file.suffix.lower() in (".html", ".htm", ".xhtml") or content.lstrip()[:9].lower().startswith(
        ("<!doctype", "<html")
    )
    return {"html" if is_html else "text": content}


def _stream(enquiry: Enquiry) -> None:
    from schoolgate.stream import WorkerLost, answer_stream

    gc.freeze()  # what is loaded stays, so that workers share it
    gc.set_threshold(100_000)
    try:
        answer_stream(sys.stdin.fileno(), sys.stdout.fileno(), enquiry.answer_line)
    except BrokenPipeError:
        sys.exit(1)  # who asked has gone
    except WorkerLost as error:
        raise click.ClickException(str(error)) from None
