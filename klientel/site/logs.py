"""Log lines: one JSON object each, without personal data."""

from __future__ import annotations

import json
import logging
import re
import traceback
from datetime import UTC, datetime

FIELDS = (
    "tenant",
    "process",
    "queue",
    "job",
    "task",
    "consumer",
    "route",
    "method",
    "status",
    "ms",
    "request_id",
    "code",
    "user",
    "tokens",
)
HIDDEN = (
    (re.compile(r"k[tis]_[0-9a-f]{32}_\S+"), "[secret]"),  # API tokens, links of invitations and quotes
    (re.compile(r"DETAIL:.*", re.DOTALL), "DETAIL: […]"),  # PostgreSQL repeats the offending values there
    (re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]+"), "[e-mail]"),
    (re.compile(r"(?<![\w-])\+?\d[\d ()/.-]{6,}\d(?![\w-])"), "[number]"),
    (re.compile(r"\?[\w.%-]+=[^\s\"']*"), "?[…]"),  # query strings carry what people searched for
)


def without_personal_data(text: str) -> str:
    """``text`` without e-mail addresses, long numbers, query strings and the values PostgreSQL repeats."""
    for pattern, instead in HIDDEN:
        text = pattern.sub(instead, text)
    return text


def _fault(record: logging.LogRecord) -> dict[str, object]:
    """Type and place of the exception; its own text may name a person, so it is cleaned."""
    if not record.exc_info or record.exc_info[1] is None:
        return {}
    error = record.exc_info[1]
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "reason": without_personal_data(str(error))[:300],
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-25:]],
    }


class Json(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the known fields, and where an error came from."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_personal_data(record.getMessage()),
        }
        line |= {
            name: getattr(record, name) for name in FIELDS if isinstance(getattr(record, name, None), str | int | float)
        }
        line["process"] = getattr(record, "klientel_process", None) or record.process
        return json.dumps(line | _fault(record), ensure_ascii=False, default=str)


class Text(logging.Formatter):
    """The same for people who watch a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        fault = _fault(record)
        last = fault.get("stack") or [""]
        more = f" · {fault['error']}: {fault['reason']} ({last[-1] if isinstance(last, list) else ''})" if fault else ""
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        return f"{at} {record.levelname.lower():7} {record.name}: {without_personal_data(record.getMessage())}{more}"


def configuration(level: str, form: str) -> dict[str, object]:
    """What goes into Django's LOGGING."""
    quiet = {"handlers": ["out"], "level": "WARNING", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": Json}, "text": {"()": Text}},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["out"], "level": "WARNING"},
        "loggers": {
            "klientel": {"handlers": ["out"], "level": level.upper(), "propagate": False},
            "django": quiet,
            "procrastinate": quiet,
            "_granian": quiet,
        },
    }
