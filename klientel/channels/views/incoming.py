"""Calls of other systems that start a workflow: signed, fresh, and of effect once (standardwebhooks.com)."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

import orjson
from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from klientel.automation.models import Version, Workflow
from klientel.automation.queries.acting import actor_for
from klientel.automation.queries.starting import Wanted, begin
from klientel.automation.queries.triggers import rules_of
from klientel.channels.queries import hooks
from klientel.kernel import actions, tenancy, writing
from klientel.kernel.access.reading import get
from klientel.kernel.actions import Item, run_item
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.links import whole
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web.addresses import place
from klientel.kernel.web.answers import act, told
from klientel.lib import clock
from klientel.lib.ids import uuid7

KEY = "automation.workflow"
MOST = 256_000  # bytes of a call

_SEEN = """
INSERT INTO channels_hookseen (id, tenant_id, workflow, message, at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING 1
"""


@csrf_exempt
@require_POST
def call(request: Any, tenant_id: UUID, workflow_id: UUID) -> HttpResponse:
    """Start a workflow for a record that the call names, or for one made of the values that it brings."""
    if int(request.headers.get("Content-Length") or 0) > MOST:
        return JsonResponse({"code": "too_large"}, status=413)
    body = request.body
    try:
        with working_in(tenant_id), tenancy.writing():
            message = hooks.genuine(hooks.secret(workflow_id), request.headers, body, clock.now())
            if not message:
                return JsonResponse({"code": "not_signed"}, status=401)
            return JsonResponse(_taken(workflow_id, message, body), status=202)
    except Tenant.DoesNotExist:
        return JsonResponse({"code": "not_signed"}, status=401)
    except Refused as no:
        return JsonResponse(told(no), status=no.status)


def _taken(workflow_id: UUID, message: str, body: bytes) -> dict[str, Any]:
    """What came of it; a call that came before has no further effect. A refusal undoes that it was seen."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_SEEN, [uuid7(), current(), workflow_id, message, clock.now()])
        if cursor.fetchone() is None:
            return {"seen_before": True}
    workflow = Workflow.objects.filter(pk=workflow_id, state="active", archived_at=None).first()
    version = Version.objects.filter(workflow=workflow_id, active=True).first()
    if workflow is None or version is None or version.definition["trigger"]["when"] != "call":
        raise Missing("missing", _("There is no workflow that can be called here."))
    [rule] = rules_of([version.pk])
    record = _record(actor_for(workflow), rule.on, _content(body))
    began = begin([Wanted(rule, record, uuid5(workflow_id, message))])
    for no in began.broken.values():
        raise no
    return {"record": str(record), "runs": [str(r) for r in began.runs]}


def _content(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Refused("wrong_shape", _("This is not valid JSON."))
    data = found.get("data", found)
    return data if isinstance(data, dict) else {}


def _record(actor: Any, on: str, data: dict[str, Any]) -> UUID:
    """The record that the call is about, with the rights of whoever activated the workflow."""
    values = data.get("values")
    if isinstance(values, dict):
        made: UUID = run_item(actor, f"{on}.create", Item(params=values)).record.pk
        return made
    try:
        return UUID(str(data.get("record") or ""))
    except ValueError:
        raise Refused("no_record", _("Please send “record” with an id, or “values” of a new one."), "record") from None


@act
def address(request: Any, record_id: UUID) -> HttpResponse:
    """Where a workflow is called and with which secret; a POST makes a new secret."""
    with tenancy.reading():
        rtype = type_of(KEY)
        workflow = get(request.scope, rtype, record_id)
        if not request.scope.may(rtype, "change"):
            raise Forbidden("forbidden", _("You may not change this."))
        if request.method != "POST":
            at = whole("hook", current(), record_id)
            context = {"workflow": workflow, "rtype": rtype, "address": at, "secret": hooks.secret(record_id)}
            return render(request, "channels/address.html", context)
    actions.run(request.actor, f"{KEY}.renew_call_secret", record_id, scope=request.scope)
    return HttpResponseRedirect(place("workflow_address", record_id))
