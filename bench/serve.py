"""One web process as ``klientel up`` starts it: granian, WSGI, one worker. ``python -m bench.serve PORT``."""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
WARM = 30  # requests that are not in a profile: imports, templates, caches


def application(*_: object) -> Any:
    """The WSGI application, optionally with a profile of every request (``BENCH_PROFILE=file``)."""
    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.urls import get_resolver

    from klientel.site.processes import rarely_collect

    django.setup(set_prefix=False)
    if os.environ.get("BENCH_NAME") == "bare":
        settings.MIDDLEWARE = []
    made = WSGIHandler()
    _ = get_resolver().url_patterns  # reading it imports every view
    rarely_collect()
    place = os.environ.get("BENCH_PROFILE")
    return profiled(made, place) if place else made


def profiled(inner: Any, place: str) -> Any:
    """Adds up where the time goes, for all requests of the process."""
    import cProfile

    profile, seen = cProfile.Profile(), iter(range(WARM))

    def outer(environ: Any, start: Any) -> Any:
        if next(seen, None) is not None:
            return inner(environ, start)
        profile.enable()
        try:
            return inner(environ, start)
        finally:
            profile.disable()
            profile.dump_stats(place)

    return outer


def main() -> None:
    from granian import Granian
    from granian.constants import Interfaces

    server = Granian(
        "bench.serve:application", address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.WSGI, workers=1,
        blocking_threads=1, backpressure=64, websockets=False, log_enabled=False,
    )  # fmt: skip
    server.serve(target_loader=application)


if __name__ == "__main__":
    main()
