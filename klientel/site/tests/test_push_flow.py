"""A member switches on notifications in a real browser; its service worker shows what is pushed and leads to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from klientel.lib import webpush
from klientel.site.tests.looking import Demo, scrolls_sideways, violations

pytestmark = pytest.mark.flow
#: the browser's push service, which is elsewhere, gives this address and this key
SERVICE = """
(() => {
  const made = { endpoint: "https://push.example/send/1", keys: KEYS };
  let there = sessionStorage.pushed ? made : null;
  const known = () => there && { endpoint: there.endpoint, toJSON: () => there, unsubscribe: async () => {
    there = null; delete sessionStorage.pushed; return true;
  } };
  PushManager.prototype.subscribe = async () => { there = made; sessionStorage.pushed = 1; return known(); };
  PushManager.prototype.getSubscription = async () => known();
})();
"""


def registered(page: Any) -> tuple[Any, str]:
    """The developer tools of the page, and the id of its service worker's registration."""
    tools, found = page.context.new_cdp_session(page), list[dict[str, Any]]()
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(told["registrations"]))
    tools.send("ServiceWorker.enable")
    page.wait_for_function("navigator.serviceWorker.getRegistration('/push/worker.js').then((r) => r?.active)")
    page.wait_for_timeout(0)
    return tools, found[-1]["registrationId"]


def test_a_browser_is_switched_on_told_and_switched_off(demo: Demo) -> None:
    page = demo.page("katrin")
    keys = {"p256dh": webpush.text_of(webpush.public(ec.generate_private_key(webpush.CURVE))),
            "auth": webpush.text_of(b"s" * 16)}  # fmt: skip
    page.add_init_script(SERVICE.replace("KEYS", json.dumps(keys)))
    page.context.grant_permissions(["notifications"])
    page.goto("/notifications/browsers")
    page.locator("[data-do=on]").click()
    page.locator("[data-do=off]").wait_for()
    assert page.locator("button[value^='remove ']").count() == 1
    assert violations(page) == [] and not scrolls_sideways(page)
    tools, registration = registered(page)
    said = {"title": "Hansewerk GmbH", "body": "Jemand hat Sie erwähnt", "url": "/leads", "tag": "1"}
    home = page.evaluate("location.origin")
    push = {"origin": home, "registrationId": registration, "data": json.dumps(said)}
    tools.send("ServiceWorker.deliverPushMessage", push)
    page.wait_for_function(
        "navigator.serviceWorker.getRegistration('/push/worker.js').then((r) => r.getNotifications())"
        ".then((all) => all.some((n) => n.body.startsWith('Jemand') && n.data.url.endsWith('/leads')))"
    )
    page.locator("[data-do=off]").click()
    page.locator("[data-do=on]").wait_for()
    assert page.locator("button[value^='remove ']").count() == 0
