"""What is done once and not in every test or process: work whose outcome depends on nothing but what goes in."""

import os
import sys
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import Environment
from schoolgate.settings import blocklists, document


def spare(bytecode: Path) -> None:
    """Keep Python's bytecode in this folder, and in memory what was read of YAML and compiled of templates."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # where it is kept nowhere, a process takes thrice as long to begin
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(bytecode)
    sys.dont_write_bytecode = False
    document.parse_document = cache(document.parse_document)  # most of it is the shipped files
    blocklists.spelled_out = cache(blocklists.spelled_out)  # type: ignore[attr-defined]
    _compile_templates_once()


def _compile_templates_once() -> None:
    compile_anew = Environment.compile
    kept: dict[tuple[Any, ...], CodeType] = {}

    def compiled(self: Environment, source: Any, name: Any = None, filename: Any = None, *rest: Any) -> Any:
        way = (type(self), self.trim_blocks, self.autoescape is True, self.undefined, self.sandboxed)
        known = (*way, source, name, filename, *rest)
        if known not in kept:
            kept[known] = compile_anew(self, source, name, filename, *rest)
        return kept[known]

    Environment.compile = compiled  # type: ignore[method-assign, assignment]
