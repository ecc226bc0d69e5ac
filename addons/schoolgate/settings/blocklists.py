"""Reads blocklists/ and hands it to the list compiler; the index is made anew only when a list has changed."""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import publicsuffixlist

from schoolgate.content.e2guardian import UnreadablePhrases, read_phrase_list
from schoolgate.content.phrases import Phrase, spelled_out
from schoolgate.lists import delicate, guards
from schoolgate.lists.catalogue import Catalogue, open_names
from schoolgate.lists.compiler import FORMAT_VERSION, CategoryList, Report, Source, compile_index
from schoolgate.lists.entry import Entry
from schoolgate.lists.formats.found import LIST, UNLESS, Found
from schoolgate.lists.formats.reading import Reader, Reading
from schoolgate.lists.formats.registry import READERS
from schoolgate.lists.formats.source_text import UnreadableList
from schoolgate.lists.guards import Guard
from schoolgate.lists.index import BadIndex, Index
from schoolgate.lists.local_words import LOCAL, LocalWords
from schoolgate.lists.model_file import BadModel
from schoolgate.lists.publishers.copies import Copies
from schoolgate.lists.publishers.remote import Remote
from schoolgate.policy.rules import NAME, Category
from schoolgate.policy.sealed import SEALED
from schoolgate.settings.document import Document, read_document
from schoolgate.settings.faults import Fault, SettingsError, unknown
from schoolgate.settings.folders import Folders, shipped
from schoolgate.settings.list_models import CategoryFile, LocalFile, PhraseEntry, ProtectedFile, SourceEntry

PROTECTED = "protected.yaml"
COPY_OF = "copy of "
"""How ``Source.of`` begins for a list that was downloaded."""
_MADE_BY = (Path(delicate.__file__), Path(guards.__file__), Path(publicsuffixlist.PSLFILE))
"""What decides beside the lists which entries count: an upgrade of these compiles anew."""
_KEPT_INDEXES = 3
_LEFT_BEHIND = 3600.0  # seconds; no compilation takes as long
Compile = Callable[[Path, Iterable[CategoryList], Guard], Report]


def read_yaml_list(reading: Reading) -> Iterator[Found]:
    """A category file of somebody else's: its domains, urls and exceptions, and nothing else of it."""
    try:
        says = read_document(reading.path, reading.path.name).read(CategoryFile)
    except SettingsError as error:
        raise UnreadableList(str(error.faults[0])) from None
    for how, entries in ((LIST, (*says.domains, *says.urls)), (UNLESS, says.exceptions)):
        for number, entry in enumerate(entries, 1):
            yield number, entry.host, entry.path, how


FORMATS: dict[str, Reader] = {**READERS, "schoolgate": read_yaml_list}
"""Every format that ``format:`` may name."""


def compile_lists(path: Path, lists: Iterable[CategoryList], guard: Guard) -> Report:
    """Compile in this process."""
    return compile_index(path, lists, guard, FORMATS)


@dataclass(frozen=True, slots=True)
class Blocklists:
    """Everything of blocklists/, read and checked but not yet compiled."""

    categories: dict[str, Category]
    lists: tuple[CategoryList, ...]
    words: LocalWords
    protected: tuple[Entry, ...]
    unprotected: tuple[Entry, ...]
    remotes: tuple[Remote, ...]  # what is downloaded from its publisher, whether there is a copy yet or not
    files: tuple[Path, ...]
    advice: tuple[str, ...]
    faults: tuple[Fault, ...]
    names: frozenset[str]  # of every category, also of those whose file has faults
    phrases: tuple[Phrase, ...] = ()
    searches: tuple[Phrase, ...] = ()
    anyones: frozenset[str] = frozenset()  # hosts where anyone may publish

    @property
    def guard(self) -> Guard:
        """What keeps others' lists from blocking too much."""
        return Guard(self.protected, self.unprotected)

    def index_path(self, folder: Path) -> Path:
        """Where the index of these very lists lies, whether it is made yet or not."""
        digest = hashlib.sha256(f"{FORMAT_VERSION} {' '.join(map(content_of, _MADE_BY))}".encode())
        for each in self.lists:
            digest.update(repr((each.category, each.name, each.entries, each.exceptions)).encode())
            for source in each.sources:
                digest.update(f"{source.name}\0{source.format}\0{source.folder}\0{content_of(source.path)}".encode())
        digest.update(repr((self.protected, self.unprotected)).encode())
        return folder / f"{digest.hexdigest()[:16]}.index"

    def open_index(self, folder: Path, compile_them: Compile = compile_lists, anew: bool = False) -> Index:
        """The index in ``folder``, compiled now if these very lists were not compiled before, or if ``anew``."""
        path = self.index_path(folder)
        if not anew:
            with contextlib.suppress(BadIndex):
                return Index(path)
        compile_them(path, self.lists, self.guard)
        _tidy(folder, path)
        try:
            return Index(path)
        except BadIndex as error:
            raise SettingsError(
                [Fault("blocklists", 0, f"the lists cannot be compiled to a sound index: {error}")]
            ) from None

    def open_catalogue(self, index: Index, judge_names: bool) -> Catalogue:
        """The lists as verdicts ask them; names are judged for the categories of this school. Raises SettingsError."""
        try:
            names = open_names() if judge_names else None
        except BadModel as error:
            raise SettingsError([Fault("names.model", 0, str(error))]) from None
        guard = self.guard
        return Catalogue(
            index, self.words, names, frozenset(self.categories), guard.protected, guard.unprotected | self.anyones
        )


def _tidy(folder: Path, kept: Path) -> None:
    """Remove old indexes, and what compilations that were killed have left; who has a file mapped keeps it."""
    for old in sorted(folder.glob("*.index"), key=lambda file: -file.stat().st_mtime)[_KEPT_INDEXES:]:
        if old != kept:
            old.unlink(missing_ok=True)
    for left in folder.glob(".*.index.*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_BEHIND:
                left.unlink()


def list_files(path: Path) -> list[Path]:
    """The file, or all files below the folder, that a list consists of."""
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def content_of(path: Path) -> str:
    """A digest of a file or folder, read again only when its time or size has changed. Raises OSError."""
    digests = []
    for file in list_files(path):
        stat = file.stat()
        digests.append(f"{file.name} {_digest(file, stat.st_mtime_ns, stat.st_size)}")
    return " ".join(digests)


@lru_cache(maxsize=1024)
def _digest(path: Path, changed: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_blocklists(folders: Folders, copies: Copies | None = None) -> Blocklists:
    """Read every file of blocklists/; ``copies`` holds what was downloaded.

    The result is of use only where it has no ``faults``.
    """
    reader = _Reader(folders, copies)
    for path in folders.blocklists():
        try:
            reader.file(path)
        except SettingsError as error:
            reader.faults.extend(error.faults)
    reader.check_parts()
    words = LocalWords(reader.local("allow"), reader.local("block"))
    return Blocklists(
        reader.categories,
        tuple(reader.lists),
        words,
        reader.protected,
        reader.unprotected,
        tuple(reader.remotes.values()),
        tuple(reader.files),
        tuple(reader.advice),
        tuple(reader.faults),
        frozenset(reader.names),
        tuple(reader.phrases),
        tuple(reader.searches),
        reader.anyones,
    )


class _Reader:
    def __init__(self, folders: Folders, copies: Copies | None) -> None:
        self.folders, self.copies = folders, copies
        self.categories: dict[str, Category] = {}
        self.lists: list[CategoryList] = []
        self.files: list[Path] = []
        self.faults: list[Fault] = []
        self.advice: list[str] = []
        self.protected: tuple[Entry, ...] = ()
        self.unprotected: tuple[Entry, ...] = ()
        self.anyones: frozenset[str] = frozenset()
        self.remotes: dict[str, Remote] = {}
        self.names: set[str] = set()
        self.phrases: list[Phrase] = []
        self.searches: list[Phrase] = []
        self._defined_in: dict[str, str] = {}
        self._parts: list[tuple[CategoryFile, Document]] = []

    def file(self, path: Path) -> None:
        name = self.folders.named(path)
        document = read_document(path, name)
        self.files.append(path)
        if path.name == PROTECTED:
            guard = document.read(ProtectedFile)
            self.protected, self.unprotected = tuple(guard.domains), tuple(guard.exceptions)
            self.anyones = frozenset(entry.host for entry in guard.anyone_writes)
            return
        if isinstance(document.tree, dict):
            self.names.add(str(document.tree.get("category")))
        says = document.read(CategoryFile)
        if says.category == SEALED:
            words = "is the category of the sealed feeds, which no file of the school's can speak of; take another name"
            self.faults.append(document.fault(("category",), f"{says.category!r} {words}"))
            return
        if says.category in self._defined_in:
            words = f"category {says.category!r} stands already in {self._defined_in[says.category]}"
            self.faults.append(document.fault(("category",), words))
            return
        self._defined_in[says.category] = name
        self.categories[says.category] = Category(says.category, says.title, says.theme, says.why, says.part_of)
        if says.part_of:
            self._parts.append((says, document))
        self.phrases.extend(self._phrases(document, "phrases", says.category, says.phrases))
        self.searches.extend(self._phrases(document, "searches", says.category, says.searches))
        for number, file in enumerate(says.phrase_lists):
            try:
                self.phrases.extend(self._phrase_list(path, says.category, file))
            except _WrongSource as error:
                self.faults.append(document.fault(("phrase_lists", number), str(error)))
        sources: list[Source] = []
        called: set[str] = set()
        for number, source in enumerate(says.sources):
            try:
                self._check_name(source.name, called)
                found = self._source(path, source)
            except _WrongSource as error:
                self.faults.append(document.fault(("sources", number, error.key), str(error)))
                continue
            if found is not None:
                sources.append(found)
                self.files.extend(list_files(found.path))
        entries = (*says.domains, *says.urls)
        self.lists.append(CategoryList(says.category, path.stem, entries, tuple(says.exceptions), tuple(sources)))

    def check_parts(self) -> None:
        """Every ``part_of`` must name a category, and one that is not itself a part of another."""
        for says, document in self._parts:
            wider = self.categories.get(says.part_of)
            if wider is None:
                words = unknown("category", says.part_of, self.names)
                self.faults.append(document.fault(("part_of",), words))
            elif wider.part_of:
                words = f"{wider.id!r} is itself a part of {wider.part_of!r}; name that one"
                self.faults.append(document.fault(("part_of",), words))

    def _phrases(self, document: Document, key: str, category: str, written: Iterable[PhraseEntry]) -> Iterator[Phrase]:
        for number, entry in enumerate(written):
            if bool(entry.any) == bool(entry.say):
                words = "a phrase has either 'say' (one) or 'any' (several)"
                self.faults.append(document.fault((key, number), words))
                continue
            for at, saying in enumerate(entry.any or [entry.say or ()]):
                try:
                    yield from (Phrase(category, each, entry.weight) for each in spelled_out(saying))
                except ValueError as error:
                    place = (key, number, "any", at) if entry.any else (key, number, "say")
                    self.faults.append(document.fault(place, str(error)))

    def _phrase_list(self, path: Path, category: str, file: str) -> list[Phrase]:
        """Phrases in e2guardian's format, from a file beside the one that names it."""
        found = self.folders.source(path, file)
        try:
            phrases, files = read_phrase_list(found, category)
        except OSError as error:
            raise _WrongSource("phrase_lists", f"{file!r} cannot be read: {error.strerror}") from None
        except UnreadablePhrases as error:
            raise _WrongSource("phrase_lists", str(error)) from None
        self.files.extend(files)
        return phrases

    def _check_name(self, name: str, called: set[str]) -> None:
        """A list's name stands for it in verdicts and exceptions, so it may be nobody else's."""
        own = {path.stem for path in self.folders.blocklists()} | {NAME, LOCAL}
        if name in called or name in own:
            raise _WrongSource("name", f"something else is called {name!r} already; give this list a name of its own")
        called.add(name)

    def _source(self, path: Path, source: SourceEntry) -> Source | None:
        """A list file beside the one that names it, or the copy of a downloaded one; None where there is no copy."""
        if source.format not in FORMATS:
            raise _WrongSource("format", unknown("format", source.format, FORMATS))
        scheme, _, rest = source.url.partition(":")
        if scheme in ("http", "https") and rest.startswith("//"):
            return self._downloaded(path, source)
        if scheme != "file" or not rest:
            raise _WrongSource("url", f"{source.url!r} is no source; write https://… or file:path beside this file")
        return self._beside(path, source, rest.removeprefix("//"), "url")

    def _beside(self, path: Path, source: SourceEntry, file: str, key: str) -> Source:
        found = self.folders.source(path, file)
        if not found.exists():
            raise _WrongSource(key, f"the list file {file!r} does not exist")
        of = "shipped copy" if found.is_relative_to(shipped()) else "a file of the school's own"
        return Source(source.name, found, source.format, source.folder if key == "url" else "", of)

    def _downloaded(self, path: Path, source: SourceEntry) -> Source | None:
        try:
            remote = Remote(
                source.name,
                source.url,
                source.format,
                source.refresh,
                source.sha256,
                folder=source.folder,
                licence=source.licence,
            )
        except ValueError as error:
            raise _WrongSource("url", str(error)) from None
        if self.remotes.setdefault(source.name, remote) != remote:
            raise _WrongSource("name", f"two downloads are called {source.name!r}; give each a name of its own")
        beside = self._beside(path, source, source.shipped, "shipped") if source.shipped else None
        copy = self.copies.get(source.name) if self.copies else None
        if copy is not None and copy.sha256 not in content_of(copy.path):
            self.advice.append(f"the copy of {source.name} is damaged; 'schoolgate lists update' fetches it again")
            copy = None
        if copy is None:
            return beside
        return Source(source.name, copy.path, source.format, source.folder, f"{COPY_OF}{copy.fetched:%Y-%m-%d}")

    def local(self, name: str) -> tuple[Entry, ...]:
        path = self.folders.local(name)
        says = LocalFile()
        if os.path.lexists(path):
            try:
                says = read_document(path, self.folders.named(path)).read(LocalFile)
                self.files.append(path)
            except SettingsError as error:
                self.faults.extend(error.faults)
        return (*says.domains, *says.urls)


class _WrongSource(Exception):
    """A source that cannot be used; ``key`` is where the fault stands."""

    def __init__(self, key: str, words: str) -> None:
        super().__init__(words)
        self.key = key
