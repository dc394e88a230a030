"""Klientel as it runs, but each process names its connections, so that its backends can be told apart."""

from __future__ import annotations

import os

from klientel.site.settings import *  # noqa: F403
from klientel.site.settings import DATABASES

NAME = os.environ.get("BENCH_NAME", "bench")
DATABASES["default"]["OPTIONS"]["application_name"] = f"bench-{NAME}"  # type: ignore[index]
if NAME == "bare":
    ROOT_URLCONF = "bench.reference.urls"
    MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]  # its app insists; serve.py takes it out again
