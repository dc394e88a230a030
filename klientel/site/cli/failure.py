"""How a command fails: one clear line, a non-zero exit."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.db.utils import InterfaceError

from klientel.site.postgres import PostgresError
from klientel.site.setup import SetupError


class Failure(Exception):
    """A command cannot do what was asked; its text is one sentence."""


EXPECTED = (
    Failure,
    PostgresError,
    SetupError,
    ImproperlyConfigured,
    OperationalError,
    InterfaceError,
    psycopg.OperationalError,
)


@contextmanager
def one_line() -> Iterator[None]:
    """Turn expected failures into one line on stderr: 1 for a failure, 2 for a wrong call, 130 for Ctrl+C."""
    try:
        yield
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        _say(error.format_message(), error.ctx if isinstance(error, click.UsageError) else None)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except EXPECTED as error:
        _tell(error)
    except OSError as error:
        if not error.strerror:
            raise
        _say(f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}.")
        sys.exit(1)
    except Exception as error:
        if not _is_refusal(error):
            raise
        _tell(error)


def _is_refusal(error: Exception) -> bool:
    """Whether it is one of the kernel's four errors, known by their shape so that nothing is imported here."""
    return isinstance(getattr(error, "code", None), str) and hasattr(error, "message")


def _tell(error: Exception) -> None:
    every = error.all() if callable(getattr(error, "all", None)) else [error]  # type: ignore[attr-defined]
    texts = [str(getattr(one, "message", "") or one).strip() or type(one).__name__ for one in every]
    _say(" ".join(text.splitlines()[0] for text in texts))
    sys.exit(1)


def _say(text: str, call: click.Context | None = None) -> None:
    """One line; after a wrong ``call`` with where the right ones are described."""
    path = call.command_path if call else "klientel"
    hint = f" See `{path} --help`." if call else ""
    print(f"{path}: {' '.join(text.split())}{hint}", file=sys.stderr)
