"""A coverage-guided fuzzer of what reads bytes of strangers (``targets``); list formats have one of their own beside it.

    pip install atheris            # not a dependency: needs clang's runtime, which its wheel carries
    mkdir new && python tests/fuzz/fuzz.py url new tests/fuzz/corpus/url -max_total_time=600

What harmed goes into the corpus under a name of its own, which ``test_fuzz.py`` replays with every run of the tests.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main() -> None:
    """Fuzz the target that is named first."""
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=["schoolgate"]):
        from targets import TARGETS  # type: ignore[import-not-found]
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in TARGETS:
        sys.exit(f"name one of {', '.join(TARGETS)}")
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
