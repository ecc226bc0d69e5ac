"""What config/rules.yaml may hold: rules about the web and about files."""

from typing import Annotated

from pydantic import BaseModel, Field

from schoolgate.policy.files import Direction
from schoolgate.policy.rules import Action, Alert, Subject
from schoolgate.settings.values import (
    STRICT,
    Extension,
    MediaType,
    Size,
    Words,
)


class _Strict(BaseModel):
    model_config = STRICT


class RuleEntry(_Strict):
    """One rule; the first that matches wins."""

    id: Words
    groups: Annotated[list[str], Field(min_length=1)]
    categories: Annotated[list[str], Field(min_length=1)]
    when: str = "always"
    action: Action
    alert: Alert = Alert.NONE
    why: Words
    basis: str = ""
    applies_to: Annotated[list[Subject], Field(min_length=1)] = list(Subject)


class FileEntry(_Strict):
    """One rule for downloads or uploads; the first that speaks of a file wins.

    It speaks of files of one of ``extensions`` or ``types`` (of all where neither is given), larger than
    ``larger_than``, on sites of ``categories`` (on all where none is given).
    """

    id: Words
    groups: Annotated[list[str], Field(min_length=1)]
    direction: Direction
    extensions: list[Extension] = []
    types: list[MediaType] = []
    larger_than: Size | None = None
    categories: list[str] = []
    action: Action
    alert: Alert = Alert.NONE
    why: Words
    basis: str = ""


class RulesFile(_Strict):
    """config/rules.yaml"""

    rules: list[RuleEntry]
    files: list[FileEntry] = []
