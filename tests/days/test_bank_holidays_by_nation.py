"""Each nation has bank holidays of its own, with the days that stand in for those on a weekend: nobody works on them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from days.conftest import LONDON, Told
from schoolgate.settings.year import bank_holidays

# from the calendars that the governments have published: days of the week only
PUBLISHED = {
    "England": {
        2026: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
        2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
        2028: "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26",
    },
    "Wales": {
        2026: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
        2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
        2028: "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26",
    },
    "Scotland": {
        2026: "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28",
        2027: "01-01 01-04 03-26 05-03 05-31 08-02 11-30 12-27 12-28",
        2028: "01-03 01-04 04-14 05-01 05-29 08-07 11-30 12-25 12-26",
    },
    "Northern Ireland": {
        2026: "01-01 03-17 04-03 04-06 05-04 05-25 07-13 08-31 12-25 12-28",
        2027: "01-01 03-17 03-26 03-29 05-03 05-31 07-12 08-30 12-27 12-28",
        2028: "01-03 03-17 04-14 04-17 05-01 05-29 07-12 08-28 12-25 12-26",
    },
}


@pytest.mark.parametrize(("nation", "year"), [(nation, year) for nation in PUBLISHED for year in (2026, 2027, 2028)])
def test_the_days_are_those_that_are_published(nation: str, year: int) -> None:
    weekdays = {f"{day:%m-%d}" for day in bank_holidays(nation) if day.year == year and day.weekday() < 5}
    assert weekdays == set(PUBLISHED[nation][year].split())


@pytest.mark.parametrize("nation", ["Scotland", "Northern Ireland", "none"])
def test_nobody_works_on_them_all_year_staff_neither(tell: Callable[[str], Told], nation: str) -> None:
    told = tell(
        'working_hours: {staff: {mon-fri: ["08:15-16:00"]}}\n'
        'contracts: [{id: office, people: [o.ffice], hours: {mon-fri: ["08:00-15:30"]}, works: all_year}]\n'
        f"bank_holidays: {nation}\n"
    )
    expected = set(PUBLISHED[nation][2027].split()) if nation in PUBLISHED else set()
    calendar = told.settings.snapshot.calendar
    for who, group in (("o.ffice", "site"), ("t.full", "staff")):
        day, off = date(2027, 1, 1), set()
        while day.year == 2027:
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=LONDON)
            if day.weekday() < 5 and "bank holiday" in calendar.moment(noon, group, who).words:
                off.add(f"{day:%m-%d}")
            day += timedelta(days=1)
        assert off == expected
