"""Reads blocklists/ and hands it to the list compiler; the index is made anew only when a list has changed."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from schoolgate.lists.compiler import FORMAT_VERSION, CategoryList, Source, compile_index
from schoolgate.lists.formats import READERS, Entry
from schoolgate.lists.guards import Guard
from schoolgate.lists.index import BadIndex, Index
from schoolgate.policy.rules import Category
from schoolgate.settings.document import read_document
from schoolgate.settings.faults import Fault, SettingsError, unknown
from schoolgate.settings.folders import Folders
from schoolgate.settings.models import CategoryFile, LocalFile, ProtectedFile, SourceEntry

PROTECTED = "protected.yaml"
_KEPT_INDEXES = 3
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Blocklists:
    """Everything of blocklists/, read and checked but not yet compiled."""

    categories: dict[str, Category]
    lists: tuple[CategoryList, ...]
    allow: CategoryList
    block: CategoryList
    protected: tuple[Entry, ...]
    unprotected: tuple[Entry, ...]
    files: tuple[Path, ...]
    advice: tuple[str, ...]
    faults: tuple[Fault, ...]
    names: frozenset[str]  # of every category, also of those whose file has faults

    def open_index(self, folder: Path) -> Index:
        """The compiled index in ``folder``, made now if these very lists were not compiled before."""
        digest = hashlib.sha256(FORMAT_VERSION.encode())
        for path in self.files:
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        path = folder / f"{digest.hexdigest()[:16]}.index"
        try:
            return Index(path)
        except BadIndex:
            path.unlink(missing_ok=True)
        compile_index(path, self.lists, self.allow, self.block, Guard(self.protected, self.unprotected))
        for old in sorted(folder.glob("*.index"), key=lambda file: -file.stat().st_mtime)[_KEPT_INDEXES:]:
            old.unlink(missing_ok=True)  # who has it mapped keeps it
        return Index(path)


def read_blocklists(folders: Folders) -> Blocklists:
    """Read every file of blocklists/. The result is of use only where it has no ``faults``."""
    reader = _Reader(folders)
    for path in folders.blocklists():
        try:
            reader.file(path)
        except SettingsError as error:
            reader.faults.extend(error.faults)
    allow, block = reader.local("allow"), reader.local("block")
    return Blocklists(
        reader.categories,
        tuple(reader.lists),
        allow,
        block,
        reader.protected,
        reader.unprotected,
        tuple(reader.files),
        tuple(reader.advice),
        tuple(reader.faults),
        frozenset(reader.names),
    )


class _Reader:
    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.categories: dict[str, Category] = {}
        self.lists: list[CategoryList] = []
        self.files: list[Path] = []
        self.faults: list[Fault] = []
        self.advice: list[str] = []
        self.protected: tuple[Entry, ...] = ()
        self.unprotected: tuple[Entry, ...] = ()
        self.names: set[str] = set()
        self._defined_in: dict[str, str] = {}

    def file(self, path: Path) -> None:
        name = self.folders.named(path)
        document = read_document(path, name)
        self.files.append(path)
        if path.name == PROTECTED:
            guard = document.read(ProtectedFile)
            self.protected, self.unprotected = tuple(guard.domains), tuple(guard.exceptions)
            return
        if isinstance(document.tree, dict):
            self.names.add(str(document.tree.get("category")))
        says = document.read(CategoryFile)
        if says.category in self._defined_in:
            words = f"category {says.category!r} stands already in {self._defined_in[says.category]}"
            self.faults.append(document.fault(("category",), words))
            return
        self._defined_in[says.category] = name
        self.categories[says.category] = Category(says.category, says.title, says.theme, says.why)
        if says.phrases:
            self.advice.append(f"{name}: phrases are not judged yet by this version")
        sources: list[Source] = []
        for number, source in enumerate(says.sources):
            try:
                found = self._source(path, source)
            except ValueError as error:
                self.faults.append(document.fault(("sources", number, "url"), str(error)))
                continue
            if found is None:
                self.advice.append(f"{name}: the list {source.name} is not downloaded yet by this version")
            else:
                sources.append(found)
                self.files.append(found.path)
        entries = (*says.domains, *says.urls)
        self.lists.append(CategoryList(says.category, path.stem, entries, tuple(says.exceptions), tuple(sources)))

    def _source(self, path: Path, source: SourceEntry) -> Source | None:
        scheme, colon, rest = source.url.partition(":")
        if scheme in ("http", "https") and colon:
            return None
        if scheme != "file" or not rest:
            raise ValueError(f"{source.url!r} is no source; write https://… or file:path beside this file")
        if source.format not in READERS:
            raise ValueError(unknown("format", source.format, READERS))
        found = self.folders.source(path, rest.removeprefix("//"))
        if not found.is_file():
            raise ValueError(f"the list file {rest!r} does not exist")
        return Source(source.name, found, source.format)

    def local(self, name: str) -> CategoryList:
        path = self.folders.local(name)
        says = LocalFile()
        if os.path.lexists(path):
            try:
                says = read_document(path, self.folders.named(path)).read(LocalFile)
                self.files.append(path)
            except SettingsError as error:
                self.faults.extend(error.faults)
        return CategoryList(LOCAL, f"local/{name}", (*says.domains, *says.urls))
