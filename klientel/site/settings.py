"""Django's settings, from the one typed reader in :mod:`klientel.site.setup`."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from klientel.kernel.identity.settings import *  # noqa: F403 - how people sign in is decided there
from klientel.site import logs, secret
from klientel.site.postgres import Embedded, PostgresError
from klientel.site.setup import LOOPBACK, ROOT, Database, SetupError, read
from klientel.site.storage import FOR_EVER

try:
    SETUP = read()
    SERVER = Embedded(SETUP.home, SETUP.bindir) if SETUP.embedded else None
    SECRET_KEY, KLIENTEL_FIELD_KEY = secret.keys(SETUP)
except OSError as error:
    sys.exit(f"klientel: The home folder cannot be used: {error.filename}: {error.strerror}.")
except (SetupError, PostgresError) as error:
    sys.exit(f"klientel: {error}")

DEBUG = False
KLIENTEL_HOME: Path = SETUP.home
KLIENTEL_FILES: Path = SETUP.home / "files"
KLIENTEL_FILE_SIZE = SETUP.file_mb * 2**20
KLIENTEL_URL: str = SETUP.url
KLIENTEL_ADDRESS: str = SETUP.url or f"http://127.0.0.1:{SETUP.port}"  # in links that leave the house

# -- apps ------------------------------------------------------------------------------------------------------------


INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "procrastinate.contrib.django",
    "klientel.kernel",
    "klientel.privacy",
    "klientel.insights",
    "klientel.automation",
    "klientel.contacts",
    "klientel.channels",
    "klientel.work",
    "klientel.sales",
    "klientel.portal",
]
MIDDLEWARE = [
    "klientel.site.health.Early",
    "klientel.site.metrics.Measured",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "klientel.kernel.web.middleware.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "klientel.kernel.web.account.visiting.Authentication",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "klientel.kernel.web.account.activity.LastSeen",
    "django_htmx.middleware.HtmxMiddleware",
    "klientel.kernel.web.middleware.Klientel",
]
ROOT_URLCONF = "klientel.site.urls"
WSGI_APPLICATION = "klientel.site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS: list[str] = []

# -- database --------------------------------------------------------------------------------------------------------


def _database(role: str, given: Database | None) -> dict[str, object]:
    """One DATABASES entry; no session settings and no server-side cursors, so that PgBouncer may stand between."""
    place = given or (SERVER.database(role) if SERVER else SETUP.database)
    if place is None:  # unreachable: either there is a server of one's own or the embedded one
        raise SetupError("No database.")
    return {
        "ENGINE": "klientel.kernel.tenancy.backend",
        **place.django(),
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # the pool hands out no connection of before a restart
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "TEST": {"MIRROR": None, "MIGRATE": True},
    }


DATABASES = {
    "default": _database("klientel_app", SETUP.database),
    "owner": _database("klientel_owner", SETUP.owner),
}
if SETUP.pool:
    pooled = DATABASES["default"]["OPTIONS"]
    assert isinstance(pooled, dict)
    pooled["pool"] = {"min_size": 0, "max_size": SETUP.pool, "timeout": 10, "max_idle": 120}
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # a connection of before a restart is never handed out
KLIENTEL_DIRECT: Database | None = SETUP.direct or SETUP.database
"""Where LISTEN and Procrastinate connect; None means the place of the default database."""
KLIENTEL_KEEP_PLANS = SETUP.direct is None
"""Whether a connection stays the same one, so that it can keep plans: not where PgBouncer stands between."""

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "kernel_cache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}

# -- behind proxies ----------------------------------------------------------------------------------------------------

ALLAUTH_TRUSTED_PROXY_COUNT = SETUP.proxies

# -- cookies, headers ------------------------------------------------------------------------------------------------

_public = urlsplit(SETUP.url).hostname
ALLOWED_HOSTS = [_public] if _public else [*LOOPBACK, "[::1]"]
CSRF_TRUSTED_ORIGINS = [SETUP.url] if SETUP.url else []
SESSION_ENGINE = "klientel.kernel.web.account.visiting"
SESSION_COOKIE_NAME = "__Host-session" if SETUP.secure else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SETUP.secure
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if SETUP.secure else "csrftoken"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SETUP.secure and SETUP.proxies else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SETUP.secure else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_HANDLERS = [
    "klientel.kernel.files.uploading.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

KLIENTEL_LIVE_PORT = 0 if SETUP.url else SETUP.live_port
"""Port of the live stream for browsers; 0 means that a proxy serves it under the same address as the pages."""
_live = [f"http://{host}:{KLIENTEL_LIVE_PORT}" for host in ("127.0.0.1", "localhost")] if KLIENTEL_LIVE_PORT else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF, *_live],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# -- pages -----------------------------------------------------------------------------------------------------------

ENGINES = ("privacy", "insights", "automation")
APPS = ("kernel/web", "kernel/web/account", *ENGINES, "contacts", "channels", "work", "sales", "portal")
ROOMS = [ROOT / "klientel" / place for place in APPS]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": "jinja2",
        "DIRS": [room / "templates" for room in ROOMS],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "klientel.kernel.web.jinja.environment"},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "NAME": "django",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]  # other apps' pages are not ours
STATIC_URL = "/static/"
STATIC_ROOT = SETUP.home / "static"
STATICFILES_DIRS = [room / "static" for room in ROOMS if (room / "static").is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": KLIENTEL_FILES}},
    "staticfiles": {"BACKEND": "klientel.site.storage.Storage"},
}
WHITENOISE_MAX_AGE = 3600
WHITENOISE_IMMUTABLE_FILE_TEST = FOR_EVER

# -- languages, time -------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "de"
LANGUAGES = [("de", _("German")), ("en", _("English"))]
LOCALE_PATHS = [ROOT / "klientel" / "locale"]
LANGUAGE_COOKIE_NAME = "language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Berlin"

# -- mail ------------------------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = SERVER_EMAIL = SETUP.mail_from
_mail = urlsplit(SETUP.mail_url)
if _mail.scheme in {"smtp", "smtps"}:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or (465 if _mail.scheme == "smtps" else 587)
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = _mail.scheme == "smtp" and bool(_mail.username)
    EMAIL_TIMEOUT = 20
elif _mail.scheme == "file":
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = SETUP.home / "mail"
else:
    sys.exit("klientel: KLIENTEL_MAIL_URL must begin with smtp:, smtps: or file:.")

KLIENTEL_EGRESS_ALLOW: str = SETUP.egress_allow
"""Private servers that tenants may reach, as ``klientel.channels.egress.addresses.read_allowed`` reads it."""

KLIENTEL_VIES_URL: str = SETUP.vies_url

# -- logs ------------------------------------------------------------------------------------------------------------

LOGGING = logs.configuration(SETUP.log_level, SETUP.log_format)
