"""Who belongs to a tenant and what their roles allow: records like any other, so they have pages, events and undo."""

from __future__ import annotations

from typing import Any

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import checks, elevating, uses
from klientel.kernel.kinds import Choice, Date, Email, Json, Link, Links, LongText, Privacy, Text, YesNo
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant


class Membership(models.Model):
    """Which login belongs to which tenant: ids only, without row-level security, so that a sign-in can find
    its tenants."""

    user_id = models.UUIDField()
    tenant_id = models.UUIDField()
    member_id = models.UUIDField(primary_key=True)
    active = models.BooleanField(default=True)

    class Meta:
        app_label = "kernel"
        indexes = [models.Index(fields=["user_id"], name="membership_user")]

    def __str__(self) -> str:
        return f"member {self.member_id}"


def access_changed(_records: Any) -> None:
    """Every cached actor of the tenant is stale now."""
    Tenant.objects.filter(pk=current()).update(access_version=models.F("access_version") + 1)


def _members_changed(records: Any) -> None:
    access_changed(records)
    with connection.cursor() as cursor:
        for m in records:
            if m.user:
                cursor.execute(
                    "INSERT INTO kernel_membership (member_id, user_id, tenant_id, active) VALUES (%s, %s, %s, %s)"
                    " ON CONFLICT (member_id) DO UPDATE SET user_id = excluded.user_id, active = excluded.active",
                    [m.pk, m.user, current(), m.active and m.archived_at is None],
                )
            else:
                cursor.execute("DELETE FROM kernel_membership WHERE member_id = %s", [m.pk])


class Team(Record):
    """A part of the company; teams form a tree."""

    name = Text(_("name"), required=True, max_length=100)
    parent = Link("kernel.team", _("part of"), reverse=_("teams below"))
    note = LongText(_("description"))

    class Meta(Record.Meta):
        app_label = "kernel"

    class About:
        label, plural, slug, icon = _("team"), _("teams"), "teams", "users"
        note = _("The tree of teams")
        title = "name"
        columns = ("name", "parent", "note")
        sections = ((_("Team"), ("name", "parent", "note")),)
        system = open = True
        settled = access_changed


class Role(Record):
    """What its holders may do: a list of grants."""

    name = Text(_("name"), required=True, max_length=100)
    note = LongText(_("description"))
    grants = Json(_("grants"), empty=[])

    class Meta(Record.Meta):
        app_label = "kernel"

    class About:
        label, plural, slug, icon = _("role"), _("roles"), "roles", "shield"
        note = _("Who may do what")
        title = "name"
        columns = ("name", "note")
        sections = ((_("Role"), ("name", "note", "grants")),)
        system = True
        settled = access_changed
        check = staticmethod(checks.role)
        fitting: dict[str, list[str]] = {"grants": []}


class Member(Record):
    """A person who works here: a login's place in this tenant."""

    name = Text(_("name"), required=True, privacy=Privacy.PERSONAL, search="A")
    email = Email(_("e-mail"), privacy=Privacy.PERSONAL, search="B")
    user = Link("kernel.user", _("login"), readonly=True)
    team = Link("kernel.team", _("team"), reverse=_("members"))
    roles = Links("kernel.role", _("roles"), reverse=_("members"))
    active = YesNo(_("active"), default=True)
    deputy = Link("kernel.member", _("deputy"), reverse=_("deputises for"))
    away_from = Date(_("away from"))
    away_until = Date(_("away until"))
    language = Choice(_("language"), of=(("de", "Deutsch"), ("en", "English")))

    class Meta(Record.Meta):
        app_label = "kernel"

    class About:
        label, plural, slug, icon = _("member"), _("members"), "members", "user-cog"
        note = _("People who work here, their teams and roles")
        title = "name"
        face = True
        columns = ("name", "email", "team", "roles", "active")
        sections = (
            (_("Member"), ("name", "email", "language", "team", "roles", "active")),
            (_("Absence"), ("deputy", "away_from", "away_until")),
        )
        system = open = True
        settled = _members_changed
        permits = staticmethod(elevating.given)


class View(Record):
    """A list as somebody wants to see it again: condition, columns, sort."""

    name = Text(_("name"), required=True, max_length=80)
    record_type = Text(_("list"), required=True, max_length=80)
    condition = Json(_("condition"))
    columns = Json(_("columns"), empty=[])
    sort = Text(_("sort"), max_length=80)
    shared = Choice(_("visible to"), of=(("own", _("only me")), ("team", _("my team")), ("all", _("everybody"))))
    team = Link("kernel.team", _("team"), reverse=_("views"))
    favourite = YesNo(_("in the sidebar"))

    class Meta(Record.Meta):
        app_label = "kernel"

    class About:
        label, plural, slug, icon = _("view"), _("views"), "views", "star"
        note = _("Saved lists, own and shared")
        title = "name"
        columns = ("name", "record_type", "shared")
        sections = (
            (_("View"), ("name", "record_type", "condition", "columns", "sort", "shared", "team", "favourite")),
        )
        system = True
        check = staticmethod(checks.view)
        fitting = {"record_type": "kernel.member", "condition": {}, "columns": [], "sort": "name"}
        permits = staticmethod(uses.unused)
