"""Reads a form that comes with files, as browsers send it (RFC 7578), from a body that is here already."""

from collections import deque
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from schoolgate.console.forms import BadForm, Form, Upload

KIND = "multipart/form-data"
_MOST_PARTS = 100


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    content: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class _Reading:
    """What the parser has told so far."""

    parts: list[_Part] = field(default_factory=list[_Part])
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)

    def begin(self) -> None:
        """A part begins."""
        if len(self.parts) >= _MOST_PARTS:
            raise BadForm("This form has more parts than any form of the console.")
        self.parts.append(_Part())

    def end_of_header(self) -> None:
        """A header of the part is whole."""
        self.parts[-1].headers[bytes(self.name).lower()] = bytes(self.value)
        self.name.clear()
        self.value.clear()


def read_multipart(kind: str, body: deque[bytearray]) -> Form:
    """The fields and files of a posted form; ``body`` is used up, so that it is never held twice. Raises BadForm."""
    boundary = parse_options_header(kind)[1].get(b"boundary", b"")
    if not boundary:
        raise BadForm("This is no form of the console.")
    reading = _Reading()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reading.begin,
                "on_part_data": lambda data, start, end: reading.parts[-1].content.extend(data[start:end]),
                "on_header_field": lambda data, start, end: reading.name.extend(data[start:end]),
                "on_header_value": lambda data, start, end: reading.value.extend(data[start:end]),
                "on_header_end": reading.end_of_header,
            },
        )
        while body:
            parser.write(bytes(body.popleft()))
        parser.finalize()
    except FormParserError:
        raise BadForm("This form did not come whole, so nothing was done. Try again.") from None
    return _form(reading.parts)


def _form(parts: list[_Part]) -> Form:
    fields, files = dict[str, list[str]](), dict[str, list[Upload]]()
    for part in parts:
        options = parse_options_header(part.headers.get(b"content-disposition", b""))[1]
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            given = options[b"filename"].decode("utf-8", "replace")
            if given or part.content:  # a field for files that was left empty comes as a file without a name
                files.setdefault(name, []).append(Upload(given, bytes(part.content)))
        else:
            fields.setdefault(name, []).append(part.content.decode("utf-8", "replace"))
    return Form(fields, files)
