"""Every kind of file that a school may write, and what it may hold."""

from pydantic import BaseModel

from schoolgate.settings.alert_models import AlertsFile
from schoolgate.settings.calendar_models import CalendarFile
from schoolgate.settings.list_models import AppFile, CategoryFile, LocalFile, ProtectedFile, TopicFile
from schoolgate.settings.monitoring_models import MonitoringFile
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.rule_models import RulesFile
from schoolgate.settings.school_models import SchoolFile

FILES: dict[str, type[BaseModel]] = {
    "school": SchoolFile,
    "people": PeopleFile,
    "calendar": CalendarFile,
    "rules": RulesFile,
    "alerts": AlertsFile,
    "monitoring": MonitoringFile,
    "blocklists/category": CategoryFile,
    "blocklists/local": LocalFile,
    "blocklists/protected": ProtectedFile,
    "blocklists/private": TopicFile,
    "blocklists/apps": AppFile,
}
"""Every kind of file, for ``schoolgate config schema``."""
