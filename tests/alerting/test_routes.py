"""Routes lead alerts of a theme or a group to other roles; never to the person whom they are about."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.alerted import alerting_school
from pretend.school import School
from schoolgate.alerting.recipients import recipients_of, roles_of
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings
from schoolgate.store.pseudonym import open_pseudonyms

ROUTES = """routes:
  - {themes: [commerce], groups: [staff], to: [chair_of_governors]}
  - {themes: [contact, conduct], to: [dsl]}
  - {groups: [guests], to: [technician]}
"""


@pytest.mark.parametrize(
    ("audience", "roles"),
    [
        ("safeguarding/contact/pupils", ["dsl"]),
        ("safeguarding/conduct/staff", ["dsl"]),
        ("safeguarding/commerce/staff", ["chair_of_governors"]),
        ("safeguarding/commerce/pupils", ["headteacher", "dsl"]),
        ("safeguarding/content/pupils", ["headteacher", "dsl"]),
        ("safeguarding/content/guests", ["technician"]),
        ("safeguarding/contact/guests", ["dsl"]),
        ("safeguarding//pupils", ["headteacher", "dsl"]),
        ("safeguarding", ["headteacher", "dsl"]),
        ("worry/contact/pupils", ["dsl"]),
        ("worry/content/guests", ["dsl"]),
        ("technical//", ["technician"]),
        ("contest//staff", ["headteacher", "dsl"]),
    ],
)
def test_the_first_route_that_fits_counts(
    audience: str, roles: list[str], tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    settings = settings_of(alerting_school(tmp_path, ROUTES))
    name, theme, group = (*audience.split("/"), "", "")[:3]
    assert roles_of(settings, name, theme, group) == roles
    assert recipients_of(settings, open_pseudonyms(tmp_path), audience) == settings.recipients(roles)


def test_without_routes_all_is_as_before(tmp_path: Path, settings_of: Callable[[School], Settings]) -> None:
    settings = settings_of(alerting_school(tmp_path, ""))
    for theme in ("content", "contact", "conduct", "commerce", ""):
        assert roles_of(settings, "safeguarding", theme, "pupils") == ["headteacher", "dsl"]


def test_no_route_leads_to_whom_it_is_about_at_any_device_of_theirs(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = alerting_school(tmp_path, ROUTES)
    people = (school.config / "people.yaml").read_text()
    (school.config / "people.yaml").write_text(
        f'{people}  d.safe: {{name: S, group: staff, devices: ["127.0.3.99"]}}\n'
    )
    settings, pseudonyms = settings_of(school), open_pseudonyms(tmp_path)
    chair = pseudonyms.of("user", "c.chair")
    for code in (pseudonyms.of("user", "d.safe"), pseudonyms.of("device", "127.0.3.99")):
        assert recipients_of(settings, pseudonyms, "safeguarding/contact/staff", code) == [
            "head@school.example",
            "chair@school.example",
        ]
        assert "dsl@school.example" not in recipients_of(settings, pseudonyms, "worry/content/staff", code)
    assert recipients_of(settings, pseudonyms, "safeguarding/commerce/staff", chair) == [
        "head@school.example",
        "dsl@school.example",
    ]


def test_nobody_hears_of_themselves_in_a_mailbox_of_another_role(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = alerting_school(tmp_path, "")
    text = (school.config / "school.yaml").read_text()
    (school.config / "school.yaml").write_text(text.replace("dsl@school.example", "Head@school.example"))
    settings, pseudonyms = settings_of(school), open_pseudonyms(tmp_path)
    head = pseudonyms.of("user", "h.head")
    for audience in ("safeguarding/content/staff", "worry/content/staff", "contest//staff"):
        assert "head@" not in "".join(recipients_of(settings, pseudonyms, audience, head)).casefold()
    assert recipients_of(settings, pseudonyms, "worry/content/staff", head) == ["chair@school.example"]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            "routes:\n  - {themes: [contact], to: [dls]}\n",
            "config/alerts.yaml:3: unknown role 'dls'; did you mean 'dsl'?",
        ),
        (
            "routes:\n  - {themes: [contakt], to: [dsl]}\n",
            "config/alerts.yaml:3: unknown value 'contakt'; did you mean 'contact'?",
        ),
        (
            "routes:\n  - {groups: [pupil], to: [dsl]}\n",
            "config/alerts.yaml:3: unknown group 'pupil'; did you mean 'pupils'?",
        ),
        ("routes:\n  - {themes: [contact]}\n", "config/alerts.yaml:3: 'to' is missing"),
        ("routes:\n  - {themes: [contact], to: []}\n", "config/alerts.yaml:3: is empty; at least one"),
        ("worries: {to: []}\n", "config/alerts.yaml:2: is empty; at least one"),
    ],
)
def test_faults_are_told_by_line(
    written: str, words: str, tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    with pytest.raises(SettingsError) as error:
        settings_of(alerting_school(tmp_path, written))
    assert words in str(error.value)
