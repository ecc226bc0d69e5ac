"""A coverage-guided fuzzer of everything that reads list files: no bytes may crash the compiler or make it hang.

    pip install atheris            # not a dependency: needs clang's runtime, which its wheel carries
    python tests/fuzz/fuzz_lists.py tests/fuzz/corpus/lists -max_total_time=600

The first byte chooses the format, the rest is the file. Without atheris, ``--replay`` runs every file of the corpus.
"""

import sys
import tempfile
from pathlib import Path

from schoolgate.lists.compiler import CategoryList, Source, compile_index
from schoolgate.lists.entry import entry
from schoolgate.lists.formats.registry import READERS
from schoolgate.lists.guards import Guard
from schoolgate.lists.index import Index

FORMATS = sorted(READERS)
GUARD = Guard([entry("bbc.co.uk"), entry("gov.uk")])


def compile_bytes(data: bytes, folder: Path) -> Index:
    """The index of one category that is filled by these bytes."""
    path = folder / "list"
    path.write_bytes(data[1:])
    source = Source("fuzzed", path, FORMATS[(data[0] if data else 0) % len(FORMATS)])
    compile_index(folder / "index", [CategoryList("adult", "adult", (entry("curated.example"),), (), (source,))], GUARD)
    return Index(folder / "index")


def test_one_input(data: bytes) -> None:
    """What must hold for any bytes."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        index = compile_bytes(data, Path(folder))
        assert index.look_up("www.curated.example", "/").hits, "a list cost another list its entries"
        assert not index.look_up("news.bbc.co.uk", "/a/page").hits, "a list blocked a protected site"
        index.look_up("a" * 60 + ".example", "/" + "a" * 2000)


def main() -> None:
    """Fuzz, or replay the corpus."""
    if "--replay" in sys.argv:
        files = sorted(path for path in (Path(__file__).parent / "corpus" / "lists").iterdir() if path.is_file())
        for path in files:
            test_one_input(path.read_bytes())
        print(f"{len(files)} files of the corpus replayed")
        return
    import atheris  # type: ignore[import-not-found]

    atheris.instrument_all()
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
