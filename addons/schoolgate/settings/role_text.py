"""Puts a role's login into the text of ``school.yaml``, and the password file's name into that of ``people.yaml``.

The parser only says where things stand; the text itself is never written anew, so comments, order and line ends stay.
"""

import yaml

_BLOCK_TEXTS = ("|", ">")


def with_user(text: str, role: str, login: str) -> str:
    """The text with ``user:`` for the role. Raises ValueError or yaml.YAMLError where it cannot be put in."""
    entry = _mapping(_mapping(_compose(text), "roles"), role)
    keys = [key.value for key, _ in entry.value]
    if "user" in keys:
        given = str(entry.value[keys.index("user")][1].value)
        if given.casefold() == login.casefold():
            return text
        if given in ("", "~", "null"):
            raise ValueError(f"{role} has 'user:' without a login behind it")
        raise ValueError(f"{role} has another login already")
    last, addition, end = entry.value[-1][1], f"user: '{login}'", _line_end(text)
    if not isinstance(last, yaml.ScalarNode) or last.style in _BLOCK_TEXTS:
        raise ValueError(f"{role} ends in something that is no word")
    place = int(last.end_mark.index)
    if entry.flow_style:
        return f"{text[:place]}, {addition}{text[place:]}"
    line = f"{' ' * int(entry.value[0][0].start_mark.column)}{addition}{end}"
    after = text.find("\n", place) + 1
    return f"{text[:after]}{line}{text[after:]}" if after else f"{text}{end}{line}"


def with_file(text: str, file: str) -> str:
    """The text with ``logins:``, where it names no password file yet. Raises ValueError or yaml.YAMLError."""
    root = _compose(text)
    if any(key.value == "logins" for key, _ in root.value):
        return text
    if root.flow_style or root.start_mark.column:
        raise ValueError("it is not made of lines that begin at the margin")
    end = _line_end(text)
    return f"{text}{'' if text.endswith('\n') else end}{logins_line(file)}{end}"


def logins_line(file: str) -> str:
    """What ``people.yaml`` says of a password file."""
    return f"logins: {{file: {file}, ask: []}}"


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _compose(text: str) -> yaml.MappingNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise ValueError("it is not made of 'key: value' lines")
    return root


def _mapping(node: yaml.MappingNode, key: str) -> yaml.MappingNode:
    found = next((value for name, value in node.value if name.value == key), None)
    if not isinstance(found, yaml.MappingNode) or not found.value:
        raise ValueError(f"{key} is not written in it")
    return found
