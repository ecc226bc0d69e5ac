"""What the school wrote, as it stands in its files: every one of them read, and checked against the others."""

from dataclasses import dataclass
from pathlib import Path

from schoolgate.lists.publishers.copies import Copies
from schoolgate.settings.alert_checks import check_alerts
from schoolgate.settings.alert_models import AlertsFile
from schoolgate.settings.blocklists import Blocklists, read_blocklists
from schoolgate.settings.calendar_models import CalendarFile
from schoolgate.settings.checks import ConfigFiles, check
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import Folders, data_folder
from schoolgate.settings.identity_checks import check_identity
from schoolgate.settings.monitoring import check_monitoring
from schoolgate.settings.monitoring_models import MonitoringFile
from schoolgate.settings.passing import Apps, check_passing, read_apps
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.persons import check_people
from schoolgate.settings.report_files import check_entries
from schoolgate.settings.rule_models import RulesFile
from schoolgate.settings.school_models import SchoolFile
from schoolgate.settings.sign_on_checks import check_sign_on
from schoolgate.settings.topics import Topics, read_topics
from schoolgate.settings.year_checks import check_year


@dataclass(frozen=True, slots=True)
class Written:
    """Sound files, before anything is made of them; ``paths`` are all that were read."""

    files: ConfigFiles
    school: SchoolFile
    people: PeopleFile
    year: CalendarFile
    rules: RulesFile
    alerts: AlertsFile
    monitoring: MonitoringFile
    lists: Blocklists
    topics: Topics
    apps: Apps
    data: Path  # where the gateway writes
    paths: tuple[Path, ...]


def read_written(folders: Folders, copies: Copies | None = None) -> Written:
    """Read and check every file; ``copies`` are downloaded lists to use in place of those below ``data:``.

    Raises SettingsError with every fault of every file.
    """
    files = ConfigFiles(folders)
    school, people = files.read("school", SchoolFile), files.read("people", PeopleFile)
    year = files.read("calendar", CalendarFile, optional=True)
    rules, alerts = files.read("rules", RulesFile), files.read("alerts", AlertsFile, optional=True)
    own = Copies(data_folder(folders, school) / "lists") if school else None
    lists = read_blocklists(folders, copies or own)
    files.faults.extend(lists.faults)
    monitoring = files.read("monitoring", MonitoringFile, optional=True)
    topics, apps = read_topics(folders, lists.anyones), read_apps(folders)
    files.faults.extend((*check_people(files, people), *check_year(files, year, people)))
    check(files, school, people, rules, lists)
    files.faults.extend((*check_alerts(files, alerts), *check_sign_on(files, school)))
    files.faults.extend(check_identity(files, school, people))
    if alerts and school:
        files.faults.extend(check_entries(files.documents.get("alerts"), alerts.reports, folders, list(school.roles)))
    files.faults.extend((*apps.faults, *check_passing(files, school)))
    files.faults.extend((*topics.faults, *check_monitoring(files, monitoring, lists, topics)))
    if files.faults or not (school and people and year and rules and alerts and monitoring):
        raise SettingsError(files.faults)
    own_ca = (folders.root / school.upstream_ca,) if school.upstream_ca else ()
    paths = (*files.paths, *lists.files, *topics.files, *apps.files, *own_ca)
    data = data_folder(folders, school)
    return Written(files, school, people, year, rules, alerts, monitoring, lists, topics, apps, data, paths)


def data_folder_of(folders: Folders) -> Path:
    """Where the gateway writes, by school.yaml alone, whatever is wrong in other files. Raises SettingsError."""
    files = ConfigFiles(folders)
    school = files.read("school", SchoolFile)
    if school is None:
        raise SettingsError(files.faults)
    return data_folder(folders, school)
