"""What calendars look like that people bring: calendar files, and lists of appointments."""

from __future__ import annotations

from klientel.kernel.transfer.targets import Preset, preset

preset(
    "work.meeting",
    Preset(
        synonyms={
            "subject": ("subject", "summary", "betreff", "titel", "title", "termin"),
            "begins": ("begins", "start", "beginn", "beginnt am", "start date", "dtstart", "von"),
            "ends": ("ends", "end", "ende", "endet am", "end date", "dtend", "bis"),
            "all_day": ("all day", "all day event", "ganztägig", "ganztägiges ereignis"),
            "repeats": ("repeats", "recurrence", "wiederholung", "rrule"),
            "place": ("place", "location", "ort"),
            "notes": ("notes", "description", "beschreibung", "notizen"),
        },
        keys=("subject", "begins"),
    ),
)
