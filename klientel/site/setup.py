"""The one typed reader of the ``KLIENTEL_*`` variables; imports nothing of Django, so that the launcher may use it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]

VARIABLES: dict[str, str] = {
    "KLIENTEL_HOME": "folder of everything that is kept: database, files, secrets (default: var beside the code)",
    "KLIENTEL_HOST": "address to listen on (default 127.0.0.1)",
    "KLIENTEL_PORT": "port of the web process (default 8700)",
    "KLIENTEL_LIVE_PORT": "port of the live process (default: the web port + 1)",
    "KLIENTEL_URL": "public address, e.g. https://crm.example.org; then cookies are secure and a TLS proxy is expected",
    "KLIENTEL_DATABASE_URL": "own PostgreSQL server, role klientel_app: postgresql://user:password@host/name",
    "KLIENTEL_DATABASE_OWNER_URL": "the same database as role klientel_owner, for migrations",
    "KLIENTEL_DATABASE_DIRECT_URL": "the same as KLIENTEL_DATABASE_URL but past PgBouncer, for LISTEN and jobs",
    "KLIENTEL_DATABASE_BACKUP_URL": "the same database as role klientel_backup, for backups",
    "KLIENTEL_DATABASE_POOL": "most connections a process keeps open (default 8, 0 switches the pool off)",
    "KLIENTEL_PG_BINDIR": "folder with postgres, initdb and pg_dump (default: the wheel's, else the system's)",
    "KLIENTEL_SECRET_KEY": "signs sessions and links; the same on every machine (default: made at the first start)",
    "KLIENTEL_FIELD_KEY": "encrypts secrets at rest; the same on every machine (default: made at the first start)",
    "KLIENTEL_WEB_PROCESSES": "web processes (default 1; about one for each core)",
    "KLIENTEL_WEB_THREADS": "requests that one web process answers at the same time (default 4)",
    "KLIENTEL_WORKER_JOBS": "jobs that one worker runs at the same time (default 4)",
    "KLIENTEL_FILE_MB": "the largest file that is taken, in MB (default 25)",
    "KLIENTEL_MAIL_URL": "where mail goes: smtp://user:password@host:587, smtps://…, file: (default; home folder)",
    "KLIENTEL_MAIL_FROM": "sender of system mail (default klientel@localhost)",
    "KLIENTEL_EGRESS_ALLOW": "private servers tenants may reach: hansewerk=10.0.0.5:25 *=192.168.7.0/24 (default none)",
    "KLIENTEL_VIES_URL": "where VAT IDs are asked about (default: VIES of the European Commission)",
    "KLIENTEL_PROXIES": "how many trusted proxies stand in front (default 0; 1 when KLIENTEL_URL is https)",
    "KLIENTEL_METRICS_TOKEN": "opens /metrics to other machines, as a bearer token (default: this machine only)",
    "KLIENTEL_LOG_LEVEL": "debug, info, warning or error (default info)",
    "KLIENTEL_LOG_FORMAT": "json or text (default json)",
}
VIES = "https://ec.europa.eu/taxation_customs/vies/rest-api"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SetupError(Exception):
    """A setting that cannot be used; its text is one sentence for the administrator."""


@dataclass(frozen=True)
class Database:
    """How to reach one database as one role; ``host`` may be a folder with a socket."""

    host: str
    port: str
    name: str
    user: str
    password: str
    options: tuple[tuple[str, str], ...] = ()

    def django(self) -> dict[str, object]:
        """The connection part of a Django DATABASES entry."""
        return {
            "HOST": self.host,
            "PORT": self.port,
            "NAME": self.name,
            "USER": self.user,
            "PASSWORD": self.password,
            "OPTIONS": dict(self.options),
        }

    def conninfo(self, name: str | None = None) -> dict[str, Any]:
        """Keyword arguments for ``psycopg.connect``."""
        given = {"host": self.host, "port": self.port, "dbname": name or self.name, "user": self.user}
        return {key: value for key, value in given.items() if value} | {"password": self.password} | dict(self.options)

    def environ(self, name: str | None = None) -> dict[str, str]:
        """``PG*`` variables for pg_dump, pg_restore and psql, so that no password stands on a command line."""
        names = {"host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD"}
        plain = {variable: self.conninfo(name).get(key, "") for key, variable in names.items()}
        return plain | {"PG" + key.upper(): value for key, value in self.options}


def database(url: str, variable: str = "KLIENTEL_DATABASE_URL") -> Database:
    """Read ``postgresql://user:password@host:port/name?sslmode=require``; ``?host=/folder`` names a socket folder."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise SetupError(f"{variable} must look like postgresql://user:password@host/name.")
    options = dict(parse_qsl(parts.query))
    try:
        port = str(parts.port or options.pop("port", ""))
    except ValueError as error:
        raise SetupError(f"{variable} names a port that is no number.") from error
    return Database(
        host=options.pop("host", "") or unquote(parts.hostname or ""),
        port=port,
        name=unquote(parts.path.strip("/")),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        options=tuple(sorted(options.items())),
    )


@dataclass(frozen=True)
class Setup:
    """Every setting, read once and checked."""

    home: Path
    host: str
    port: int
    live_port: int
    url: str
    database: Database | None
    owner: Database | None
    direct: Database | None
    backup: Database | None
    pool: int
    bindir: Path | None
    secret_key: str
    field_key: str
    web_processes: int
    web_threads: int
    worker_jobs: int
    file_mb: int
    mail_url: str
    mail_from: str
    egress_allow: str
    vies_url: str
    proxies: int
    metrics_token: str
    log_level: str
    log_format: str

    @property
    def embedded(self) -> bool:
        """Whether Klientel runs its own PostgreSQL."""
        return self.database is None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the pages, without a proxy."""
        return self.host in LOOPBACK and not self.url

    @property
    def secure(self) -> bool:
        """Whether people reach the pages by https."""
        return self.url.startswith("https://")


def read(environ: Mapping[str, str] | None = None) -> Setup:
    """Read every ``KLIENTEL_*`` variable; raises SetupError for an unknown or unusable one."""
    given = {key: value for key, value in (os.environ if environ is None else environ).items() if value}
    _refuse_unknown(given)
    port = _whole(given, "KLIENTEL_PORT", 8700, 1, 65535)
    url = _url(given)
    if given.get("KLIENTEL_HOST", "127.0.0.1") not in LOOPBACK and not url:
        raise SetupError("KLIENTEL_HOST lets other machines in, so KLIENTEL_URL must say which address people type.")
    return Setup(
        home=Path(given.get("KLIENTEL_HOME", ROOT / "var")).expanduser().absolute(),
        host=given.get("KLIENTEL_HOST", "127.0.0.1"),
        port=port,
        live_port=_whole(given, "KLIENTEL_LIVE_PORT", port + 1, 1, 65535),
        url=url,
        database=_database(given, "KLIENTEL_DATABASE_URL"),
        owner=_database(given, "KLIENTEL_DATABASE_OWNER_URL"),
        direct=_database(given, "KLIENTEL_DATABASE_DIRECT_URL"),
        backup=_database(given, "KLIENTEL_DATABASE_BACKUP_URL"),
        pool=_whole(given, "KLIENTEL_DATABASE_POOL", 8, 0, 200),
        bindir=Path(given["KLIENTEL_PG_BINDIR"]) if "KLIENTEL_PG_BINDIR" in given else None,
        secret_key=given.get("KLIENTEL_SECRET_KEY", ""),
        field_key=given.get("KLIENTEL_FIELD_KEY", ""),
        web_processes=_whole(given, "KLIENTEL_WEB_PROCESSES", 1, 1, 64),
        web_threads=_whole(given, "KLIENTEL_WEB_THREADS", 4, 1, 64),
        worker_jobs=_whole(given, "KLIENTEL_WORKER_JOBS", 4, 1, 64),
        file_mb=_whole(given, "KLIENTEL_FILE_MB", 25, 1, 10_000),
        mail_url=given.get("KLIENTEL_MAIL_URL", "file:"),
        mail_from=given.get("KLIENTEL_MAIL_FROM", "klientel@localhost"),
        egress_allow=_egress(given.get("KLIENTEL_EGRESS_ALLOW", "")),
        vies_url=given.get("KLIENTEL_VIES_URL", VIES).rstrip("/"),
        proxies=_whole(given, "KLIENTEL_PROXIES", 1 if url.startswith("https://") else 0, 0, 9),
        metrics_token=given.get("KLIENTEL_METRICS_TOKEN", ""),
        log_level=_one_of(given, "KLIENTEL_LOG_LEVEL", ("info", "debug", "warning", "error")),
        log_format=_one_of(given, "KLIENTEL_LOG_FORMAT", ("json", "text")),
    )


def _refuse_unknown(given: Mapping[str, str]) -> None:
    unknown = sorted(key for key in given if key.startswith("KLIENTEL_") and key not in VARIABLES)
    if unknown:
        raise SetupError(f"Unknown setting {', '.join(unknown)}; known are {', '.join(sorted(VARIABLES))}.")
    extra = [key for key in ("OWNER", "DIRECT", "BACKUP") if f"KLIENTEL_DATABASE_{key}_URL" in given]
    if extra and "KLIENTEL_DATABASE_URL" not in given:
        raise SetupError(f"KLIENTEL_DATABASE_{extra[0]}_URL is given without KLIENTEL_DATABASE_URL.")


def _egress(text: str) -> str:
    for part in text.split():
        tenant, _equals, place = part.partition("=")
        network, colon, port = place.rpartition(":") if place.count(":") == 1 or "]:" in place else (place, "", "0")
        try:
            ip_network(network.strip("[]"), strict=False)
        except ValueError as error:
            raise SetupError(f"KLIENTEL_EGRESS_ALLOW: {part} must look like tenant=10.0.0.5:25.") from error
        if not tenant or (colon and not port.isdigit()):
            raise SetupError(f"KLIENTEL_EGRESS_ALLOW: {part} must look like tenant=10.0.0.5:25.")
    return text


def _whole(given: Mapping[str, str], key: str, default: int, least: int, most: int) -> int:
    text = given.get(key, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SetupError(f"{key} must be a whole number from {least} to {most}, not {text!r}.")
    return int(text)


def _one_of(given: Mapping[str, str], key: str, known: tuple[str, ...]) -> str:
    text = given.get(key, known[0]).lower()
    if text not in known:
        raise SetupError(f"{key} must be one of {', '.join(known)}, not {text!r}.")
    return text


def _database(given: Mapping[str, str], key: str) -> Database | None:
    return database(given[key], key) if key in given else None


def _url(given: Mapping[str, str]) -> str:
    url = given.get("KLIENTEL_URL", "").rstrip("/")
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise SetupError(f"KLIENTEL_URL must look like https://crm.example.org, not {url!r}.")
    return url
