"""What program a session runs in, in two words: enough to recognise one's own."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

_BROWSERS = [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")]
_SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
]
_HANDHELD = ("iPhone", "iPad", "Android")


@dataclass(frozen=True, slots=True)
class Device:
    """A browser on a system, and the icon that stands for it."""

    text: str
    icon: str


def of(user_agent: str) -> Device:
    """The device a user agent names; what it does not name is left out."""
    browser = next((label for sign, label in _BROWSERS if sign in user_agent), "")
    system = next((label for sign, label in _SYSTEMS if sign in user_agent), "")
    icon = "smartphone" if system in _HANDHELD else "monitor"
    if browser and system:
        return Device(_("%(browser)s on %(system)s") % {"browser": browser, "system": system}, icon)
    return Device(browser or system or _("Unknown program"), icon)
