"""The kinds of values that stand in the school's files, each read from the text that people write there."""

import re
from datetime import date, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import pairwise
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from schoolgate.lists.entry import Entry, entry
from schoolgate.lists.guards import is_suffix
from schoolgate.policy.files import every_extension, in_bytes
from schoolgate.policy.ports import PortRange, Ways, port_range
from schoolgate.policy.week import MIDNIGHT, Week, Window
from schoolgate.settings.faults import unknown

STRICT = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
"""Every file is read so: nothing unknown is passed over, and nothing changes afterwards."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_DAYS = {
    "monday": "mon",
    "tuesday": "tue",
    "wednesday": "wed",
    "thursday": "thu",
    "friday": "fri",
    "saturday": "sat",
    "sunday": "sun",
}
_LONGEST_NIGHT = 14 * 60  # a stretch across midnight that is longer is two times in the wrong order
_STRETCH = r"^\s*\d{1,2}[:.]\d{2}\s*-\s*\d{1,2}[:.]\d{2}\s*$"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{what} is missing here")
    return value.strip()


def _duration(value: Any) -> timedelta:
    text = _text(value, "a length of time such as 30d")
    match = re.fullmatch(r"(\d{1,5})\s*([smhdwy])", text)
    if not match:
        raise ValueError(f"{text!r} is no length of time; write a number and s, m, h, d, w or y, such as 30d")
    length = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if length > timedelta(days=100 * 365):
        raise ValueError(f"{text!r} is longer than 100 years")
    return length


def _wait(value: Any) -> timedelta:
    length = _duration(value)
    if length < timedelta(minutes=1):
        raise ValueError(f"{value!r} leaves nobody any time; write a minute (1m) or more")
    return length


def _size(value: Any) -> int:
    text = _text(value, "a size such as 50MB")
    try:
        size = in_bytes(text)
    except ValueError:
        raise ValueError(f"{text!r} is no size; write it like 50MB, 1.5 GB or a number of bytes") from None
    if size <= 0:
        raise ValueError(f"{text!r} is no size that a file can be larger than")
    return size


def _extension(value: Any) -> str:
    text = _text(value, "a file ending such as exe")
    plain = next(every_extension([text]))
    if not re.fullmatch(r"[a-z0-9_-]{1,16}", plain):
        raise ValueError(f"{text!r} is no file ending; write it like exe or .exe")
    return plain


def _media_type(value: Any) -> str:
    text = _text(value, "a media type such as image/png or image/*").lower()
    if not re.fullmatch(r"[a-z0-9.+*-]+/[a-z0-9.+*_-]+", text):
        raise ValueError(f"{text!r} is no media type; write it like image/png, or image/* for all images")
    return text


def _network(value: Any) -> IPv4Network | IPv6Network:
    text = _text(value, "a network such as 10.20.0.0/16")
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no network; write it like 10.20.0.0/16 or 2001:db8:20::/48") from None
    raise ValueError(f"{text!r} is an address inside a network; did you mean '{meant}'?")


def _ports(value: Any) -> Ways | tuple[PortRange, ...]:
    if isinstance(value, list):
        return tuple(port_range(_text(each, "a port such as tcp/993")) for each in value)
    if value in tuple(Ways) or isinstance(value, tuple):
        return Ways(value) if isinstance(value, str) else value
    raise ValueError(f"{value!r} is not guarded, any, or a list of ports such as [tcp/993, udp/3478-3481]")


def _tunnels(value: Any) -> IPv4Network:
    network = _network(value)
    if not isinstance(network, IPv4Network) or not 22 <= network.prefixlen <= 26:
        raise ValueError(f"{network} cannot be shared out to tunnels; take an IPv4 network of /22 to /26")
    return network


def _address(value: Any) -> IPv4Address | IPv6Address:
    text = _text(value, "an address such as 10.30.1.20")
    try:
        return ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is no IP address; write it like 10.30.1.20") from None


def _listen(value: Any) -> tuple[str, int]:
    text = _text(value, "an address such as 127.0.0.1:8080")
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]*)):(\d{1,5})", text)
    if not match or not 0 < int(match[3]) < 65536:
        raise ValueError(f"{text!r} is no address to listen on; write it like 127.0.0.1:8080 or [::1]:8080")
    host = match[1] or match[2] or "0.0.0.0"
    if host != "localhost":
        try:
            ip_network(host)
        except ValueError:
            raise ValueError(f"{text!r}: {host!r} is no IP address of this machine") from None
    return host, int(match[3])


def _email(value: Any) -> str:
    text = _text(value, "an e-mail address")
    if not re.fullmatch(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+", text):
        raise ValueError(f"{text!r} is no e-mail address")
    return text


def _zone(value: Any) -> ZoneInfo:
    text = _text(value, "a time zone such as Europe/London")
    if text not in available_timezones():
        raise ValueError(unknown("time zone", text, available_timezones()))
    return ZoneInfo(text)


def _entry(value: Any) -> Entry:
    written = entry(_text(value, "a domain such as example.com"))
    single = "." not in written.host and ":" not in written.host and written.host != "localhost"
    if single and not is_suffix(written.host):
        raise ValueError(f"{value!r} is no domain; write the whole name, like {written.host}.com")
    return written


def _minute(text: str, whole: str) -> int:
    match = re.fullmatch(r"(\d{1,2})[:.](\d{2})", text.strip())
    if not match or int(match[2]) > 59 or int(match[1]) * 60 + int(match[2]) > 24 * 60:
        raise ValueError(f"{whole!r} is no stretch of a day; write it like 08:15-12:15")
    return int(match[1]) * 60 + int(match[2])


def _window(value: Any) -> Window:
    text = _text(value, "a stretch of a day such as 08:15-12:15")
    first, dash, last = text.partition("-")
    window = Window(_minute(first, text), _minute(last, text))
    if not dash or window.end <= window.start:
        raise ValueError(f"{text!r} ends before it begins; write it like 08:15-12:15")
    return window


def _window_or_night(value: Any) -> Window:
    """A stretch of a day that may end on the next: 22:00-06:00."""
    first, dash, last = str(value).partition("-")
    try:
        night = Window(_minute(first, ""), _minute(last, "") + MIDNIGHT)
    except ValueError:
        return _window(value)
    if not dash or not night.end - MIDNIGHT < night.start < MIDNIGHT:
        return _window(value)
    if night.end - night.start > _LONGEST_NIGHT:
        nights = "a night is at most 14 hours long; divide a longer one at 24:00"
        raise ValueError(f"{str(value)!r} ends before it begins; write it like 08:15-12:15 ({nights})")
    return night


def _weekdays(text: str) -> list[int]:
    """The days that are meant, from 0 for Monday; a span may go over the weekend: sun-thu."""
    days: list[int] = []
    for part in text.lower().split(","):
        first, dash, last = (_LONG_DAYS.get(piece.strip(), piece.strip()) for piece in part.partition("-"))
        if first not in _DAYS or (dash and last not in _DAYS):
            raise ValueError(f"{text!r} is no weekday; write mon, tue, wed, thu, fri, sat, sun or a span like mon-thu")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days.extend(day % 7 for day in range(begin, end + 1 if begin <= end else end + 8))
    return days


def _date(value: Any) -> date:
    text = _text(value, "a date such as 2026-09-02")
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no date; write it like 2026-09-02")


def _days(value: Any) -> str:
    text = _text(value, "a weekday such as mon or mon-thu")
    _weekdays(text)
    return text


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _in_order(windows: list[Window]) -> list[Window]:
    ordered = sorted(windows, key=lambda window: window.start)
    for before, after in pairwise(ordered):
        if after.start < before.end:
            raise ValueError(f"{before} and {after} overlap; let one end where the other begins")
    return ordered


def week_of(hours: dict[str, list[Window]]) -> Week:
    """Hours as people write them, day by day. Raises ValueError when a day has them twice."""
    week: list[tuple[Window, ...]] = [()] * 7
    for days, windows in hours.items():
        for day in _weekdays(days):
            if week[day]:
                raise ValueError(f"{_DAYS[day]} has its hours twice")
            week[day] = tuple(windows)
    return tuple(week)


def _each_day_once(hours: dict[str, list[Window]]) -> dict[str, list[Window]]:
    week = week_of(hours)
    for day in range(7):
        before, after = week[day - 1], week[day]
        if before and after and after[0].start < before[-1].end - MIDNIGHT:
            raise ValueError(f"{before[-1]} of {_DAYS[day - 1]} overlaps {after[0]} of {_DAYS[day]}")
    return hours


def _at_least_one(hours: dict[str, list[Window]]) -> dict[str, list[Window]]:
    if not any(hours.values()):
        raise ValueError('no hours stand here; write them like {mon-thu: ["08:15-12:15"]}')
    return hours


def _as_text(example: str, pattern: str = "") -> WithJsonSchema:
    shape = {"pattern": pattern} if pattern else {}
    return WithJsonSchema({"type": "string", "examples": [example], **shape})


Duration = Annotated[timedelta, BeforeValidator(_duration), _as_text("30d")]
Wait = Annotated[timedelta, BeforeValidator(_wait), _as_text("1h")]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network), _as_text("10.20.0.0/16")]
TunnelNetwork = Annotated[IPv4Network, BeforeValidator(_tunnels), _as_text("10.90.0.0/24")]
Address = Annotated[IPv4Address | IPv6Address, BeforeValidator(_address), _as_text("10.30.1.20")]
Listen = Annotated[tuple[str, int], BeforeValidator(_listen), _as_text("127.0.0.1:8080")]
OneOrMoreListen = Annotated[
    tuple[Listen, ...],
    BeforeValidator(_as_list, json_schema_input_type=Listen | list[Listen]),
    Field(min_length=1),
]
Port = Annotated[int, Field(gt=0, lt=65536)]
Ports = Annotated[
    Ways | tuple[PortRange, ...],
    BeforeValidator(_ports, json_schema_input_type=Literal["guarded", "any"] | list[str]),
]
Email = Annotated[str, BeforeValidator(_email), _as_text("head@school.example")]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone), _as_text("Europe/London")]
ListEntry = Annotated[Entry, BeforeValidator(_entry), _as_text("example.com/path")]
NightHours = Annotated[Window, BeforeValidator(_window), _as_text("02:00-05:00", _STRETCH)]
Clock = Annotated[int, BeforeValidator(lambda v: _minute(str(v), str(v))), _as_text("16:30")]
Day = Annotated[date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
_Days = Annotated[str, BeforeValidator(_days)]
_Stretch = Annotated[Window, BeforeValidator(_window_or_night), _as_text("08:15-12:15", _STRETCH)]
_OfOneDay = Annotated[Window, BeforeValidator(_window), _as_text("13:00-16:00", _STRETCH)]
Windows = Annotated[
    list[_Stretch],
    BeforeValidator(_as_list, json_schema_input_type=_Stretch | list[_Stretch]),
    AfterValidator(_in_order),
]
DayWindows = Annotated[
    list[_OfOneDay],
    BeforeValidator(_as_list, json_schema_input_type=_OfOneDay | list[_OfOneDay]),
    AfterValidator(_in_order),
]
Hours = Annotated[dict[_Days, Windows], AfterValidator(_each_day_once)]
SomeHours = Annotated[Hours, AfterValidator(_at_least_one)]
OneOrMoreDays = Annotated[
    list[Day], BeforeValidator(_as_list, json_schema_input_type=Day | list[Day]), Field(min_length=1)
]
Words = Annotated[str, Field(min_length=1)]
FilePath = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]+$")]
Size = Annotated[int, BeforeValidator(_size), WithJsonSchema({"type": "string"})]
Extension = Annotated[str, BeforeValidator(_extension)]
MediaType = Annotated[str, BeforeValidator(_media_type)]
