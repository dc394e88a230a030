"""What lists of appointments, tasks, calls and notes look like that people bring; of the former also calendar files."""

from __future__ import annotations

from klientel.kernel.transfer.targets import Preset, preset

_CONCERNS = ("betrifft", "bezug", "person", "kontakt", "ansprechpartner", "firma", "kunde", "organisation", "regarding",
             "contact", "company", "account", "related to")  # fmt: skip
_WHAT = ("betreff", "titel", "bezeichnung", "was", "subject", "title", "summary")
_MORE = ("notizen", "beschreibung", "bemerkung", "text", "notes", "description", "body")

preset(
    "work.task",
    Preset(
        synonyms={
            "subject": (*_WHAT, "todo", "to do", "name"),
            "due": ("fällig", "fällig am", "fälligkeit", "fälligkeitsdatum", "termin", "frist", "bis", "due date",
                    "deadline"),
            "remind_at": ("erinnerung", "erinnern am", "wiedervorlage", "reminder", "reminder date"),
            "state": ("status", "stand", "erledigt"),
            "priority": ("priorität", "wichtigkeit", "prio", "importance"),
            "description": _MORE,
            "concerns": _CONCERNS,
        },
    ),
)  # fmt: skip
preset(
    "work.call",
    Preset(
        synonyms={
            "subject": _WHAT,
            "at": ("datum", "wann", "zeitpunkt", "angerufen am", "date", "call time", "start"),
            "minutes": ("dauer", "minuten", "dauer in minuten", "duration", "duration in minutes"),
            "direction": ("richtung", "art", "call type"),
            "result": ("ergebnis", "outcome", "status"),
            "phone": ("nummer", "rufnummer", "telefonnummer", "phone number"),
            "notes": _MORE,
            "concerns": _CONCERNS,
        },
    ),
)
preset("work.note", Preset(synonyms={"text": (*_MORE, "inhalt", "kommentar"), "concerns": _CONCERNS}))
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
