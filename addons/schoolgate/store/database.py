"""sqlite-utils, as the modules of this folder use it."""

from schoolgate.memory import without_numpy

with without_numpy():
    from sqlite_utils import Database, Migrations

__all__ = ["Database", "Migrations"]
