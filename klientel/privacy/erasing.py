"""Erasure (Art. 17 GDPR): plan, execute, verify, certify. Every step may be repeated, so a run that was killed goes on.

What is only about the person goes for good. What is about others too stays without the person. Of events stays who did
what kind of thing when, and to which fields; what was in them goes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel import jobs, writing
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import Conflict, Forbidden, Refused, filled
from klientel.kernel.events import sealing as audit
from klientel.kernel.files import keeping
from klientel.kernel.identity import sealing
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.tenancy import current
from klientel.kernel.trash import beside
from klientel.kernel.trash.hanging import Found, Web, web_of
from klientel.privacy import blanking, imports, ledger, retaining, tables, traces
from klientel.privacy.models import Erasure
from klientel.privacy.restricting import note, refuse_while_held, set_restricted
from klientel.privacy.subject import VERB, Identity, Pattern, for_privacy, identity_of, subject

GROUNDS = (
    ("request", _("the person asks for it")),
    ("withdrawn", _("consent was withdrawn")),
    ("purpose", _("the purpose has ended")),
    ("objection", _("objection")),
    ("unlawful", _("was stored unlawfully")),
)


@dataclass(frozen=True)
class Plan:
    """What an erasure would do, to be read before it is done."""

    rtype: RecordType
    record: Any
    identity: Identity
    web: Web
    held: list[retaining.Held]  # papers that the law wants kept
    emptied: dict[UUID, Found]  # what stays for their sake though it is about the person alone
    review: list[traces.Trace]  # texts elsewhere that name the person, or somebody of the same name

    def counts(self) -> dict[str, dict[str, int]]:
        """How many records of each type go, and how many stay without the person."""
        gone = Counter(f.rtype.key for f in self.web.gone.values())
        kept = Counter(f.rtype.key for f in self.web.kept.values())
        held = Counter("kernel.file" if retaining.is_paper(h) else h.rtype.key for h in self.held)
        parts = {"deleted": gone, "blanked": kept} | ({"restricted": held} if held else {})
        return {name: dict(sorted(n.items())) for name, n in parts.items()}


def plan(actor: Actor, rtype: RecordType, record_id: UUID) -> Plan:
    """Work out what goes and what stays; changes nothing."""
    with for_privacy(actor.tenant):
        return _plan(rtype, subject(actor, rtype, record_id))


def _plan(rtype: RecordType, record: Any) -> Plan:
    web = web_of(rtype, [record])
    held, emptied = retaining.hold(web)
    identity = identity_of(web.persons())
    known = {*web.gone, *web.kept, *(one.record.pk for one in held)}
    review = [t for t in traces.naming(identity) if t.record_id not in known]
    files = [f.record for f in web.kept.values() if f.rtype.key == "kernel.file"]  # what is in them nobody can blank
    review += [traces.Trace("kernel.file", file.id, file.title) for file in files]
    return Plan(rtype, record, identity, web, held, emptied, review)


def erase(
    actor: Actor, rtype: RecordType, record_id: UUID, ground: str, *, confirm: str | None = None, seconds: float = 0
) -> Erasure:
    """Erase a person for good, or go on with an interrupted erasure. ``confirm`` has to be the person's name.

    After ``seconds`` (0: never) the rest is left to the worker; then the state is still ``running``.
    """
    if ground not in dict(GROUNDS):
        raise Refused("not_a_choice", _("Please choose one of the given values."), "ground")
    with for_privacy(actor.tenant):
        begun = Erasure.objects.filter(record_id=record_id, state="running").first()
        if begun is None:
            record = subject(actor, rtype, record_id)
            if actor.kind != "system":  # which only repeats, after a restore, what was rightly done before
                refuse_while_held(record)
            if confirm is not None and " ".join(confirm.split()) != record.title:
                raise Refused(
                    "name_differs", _("Please type the name of the person exactly as it stands above."), "confirm"
                )
            begun = _begin(actor, _plan(rtype, record), ground)
        else:
            _may_go_on(actor, rtype)
    return resume(actor, begun.id, seconds=seconds)


def _may_go_on(actor: Actor, rtype: RecordType) -> None:
    if not ActorScope(actor).may(rtype, VERB):
        raise Forbidden("forbidden", _("You may not do this here."))


def _begin(actor: Actor, planned: Plan, ground: str) -> Erasure:
    """Lock the person against everybody, and seal what the steps need: a restart must not depend on what is left."""
    made = Erasure(record_type=planned.rtype.key, record_id=planned.record.id, ground=ground, actor=actor.ref)
    web = planned.web
    facts = {
        "identity": planned.identity.plain(),
        "gone": {str(i): f.rtype.key for i, f in web.gone.items()},
        "kept": {str(i): f.rtype.key for i, f in web.kept.items()},
        "emptied": [str(i) for i in planned.emptied],
        "places": [f.record.place for f in web.gone.values() if f.rtype.key == "kernel.file" and f.record.place],
    }
    made.sealed = sealing.seal(orjson.dumps(facts).decode(), str(made.id))
    made.counts = planned.counts()
    made.review = [{"type": t.record_type, "id": str(t.record_id)} for t in planned.review]
    try:
        with writing.door(), transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("erasing_already", _("This person is being erased already.")) from error
    set_restricted(planned.rtype, planned.record.id, restricted=True)
    retaining.restrict_all(actor, retaining.written_down(planned.held))
    return made


@dataclass
class _Facts:
    actor: Actor
    erasure: Erasure
    identity: Identity
    gone: dict[UUID, str]
    kept: dict[UUID, str]
    emptied: set[UUID]
    places: list[str]

    def of_type(self, which: dict[UUID, str]) -> dict[str, list[UUID]]:
        """Ids by type."""
        found: dict[str, list[UUID]] = {}
        for record_id, key in which.items():
            found.setdefault(key, []).append(record_id)
        return found


def resume(actor: Actor, erasure_id: UUID, *, seconds: float = 0) -> Erasure:
    """Do the steps that are left, each in a transaction of its own. One that failed the last look begins anew."""
    with for_privacy(actor.tenant), writing.door():
        Erasure.objects.filter(pk=erasure_id, state="running", reached=len(STEPS) - 1).update(reached=0)
    begun = time.monotonic()
    while True:
        jobs.breathe()
        with for_privacy(actor.tenant):
            erasure: Erasure = Erasure.objects.select_for_update().get(pk=erasure_id)
            if erasure.state != "running" or (seconds and time.monotonic() - begun > seconds):
                return erasure
            STEPS[erasure.reached](_facts(actor, erasure))
            erasure.reached += 1
            with writing.door():
                erasure.save()


def _facts(actor: Actor, erasure: Erasure) -> _Facts:
    plain = orjson.loads(sealing.unseal(erasure.sealed, str(erasure.id)))
    return _Facts(
        actor,
        erasure,
        Identity(**plain["identity"]),
        {UUID(i): k for i, k in plain["gone"].items()},
        {UUID(i): k for i, k in plain["kept"].items()},
        {UUID(i) for i in plain.get("emptied", ())},
        plain["places"],
    )


def _blank_linked(facts: _Facts) -> None:
    """Records that are about others too lose the link and the name."""
    _blank_some(facts, facts.kept, facts.identity.all)


def _blank_elsewhere(facts: _Facts) -> None:
    """Addresses that are the person's alone go from every other record."""
    found = {t.record_id: t.record_type for t in traces.holding(facts.identity.alone) if t.record_id not in facts.gone}
    _blank_some(facts, found, facts.identity.alone)


def _blank_some(facts: _Facts, which: dict[UUID, str], pattern: Pattern) -> None:
    for key, ids in facts.of_type(which).items():
        rtype = type_of(key)
        for record in rtype.model.objects.filter(pk__in=ids).order_by("pk").select_for_update():
            bare = record.pk in facts.emptied
            if changed := blanking.blank_record(rtype, record, pattern, set(facts.gone), bare=bare):
                note(facts.actor, "privacy.blanked", rtype, record.id, {"fields": sorted(changed)})


def _forget_history(facts: _Facts) -> None:
    """The values of events: of what goes all of them, elsewhere the person's."""
    _unseal(facts, facts.identity.all, list(facts.kept))
    beside.forget_values([*facts.gone, *facts.emptied], facts.erasure.id)
    with writing.door():
        for table in _tables("kernel_event", "kernel_event_private"):
            tables.blank(table, facts.identity.all, list(facts.kept), key="record_id")


def _forget_beside(facts: _Facts) -> None:
    """What stands beside records: search rows, results and files of imports, notices, kept answers, queues."""
    _unseal(facts, facts.identity.alone, None)
    with writing.door():
        imports.drop_files(list(facts.gone), facts.identity.alone)
        imports.forget_rows(list(facts.gone), facts.identity.alone)
        beside.forget_rows(list(facts.gone))
        beside.forget_mentions(list(facts.gone))
        records = beside.record_tables()
        for table in beside.tables():
            if table.name not in records:
                tables.blank(table, facts.identity.alone)


def _unseal(facts: _Facts, pattern: Pattern, records: list[UUID] | None) -> None:
    """Before values of events go: their salts, so that nothing can be guessed from the audit's seal."""
    events: list[UUID] = []
    for table, key in (("kernel_event", "id"), ("kernel_event_private", "event_id")):
        [found] = _tables(table)
        rows = tables.rows_with(found, pattern, columns=f"x.{key}, x.record_id", limit=1_000_000)
        events += [event for event, record in rows if records is None or record in records]
    audit.unseal(events, facts.erasure.id)


def _tables(*names: str) -> list[beside.Table]:
    return [t for t in beside.tables() if t.name in names]


def _delete(facts: _Facts) -> None:
    """The rows themselves, the person's too."""
    for key, ids in facts.of_type(facts.gone).items():
        blanking.delete_records(type_of(key), ids)
    beside.forget_rows(list(facts.gone))


def _drop_bytes(facts: _Facts) -> None:
    """Bytes go after their rows are gone for good: a row never points to nothing."""
    for place in facts.places:
        keeping.drop(current(), place)


def _certify(facts: _Facts) -> None:
    """Look again at everything; only if nothing is left the ledger says so."""
    left = traces.left_over(facts.identity, set(facts.gone))
    if left:
        raise Refused(
            "not_erased", filled(_("Something of the person is still there: %(where)s."), {"where": ", ".join(left)})
        )
    erasure, tenant = facts.erasure, current()
    erasure.counts |= {"verified": True}
    ledger.append(
        {
            "erasure": str(erasure.id),
            "record_type": erasure.record_type,
            "subject": ledger.sign(tenant, str(erasure.record_id)),
            "identities": sorted(ledger.sign(tenant, v) for v in facts.identity.strong),
            "ground": erasure.ground,
            "counts": {k: v for k, v in erasure.counts.items() if isinstance(v, dict)},
            "rule": ledger.RULE,
            "by": erasure.actor,
            "code": ledger.code_version(),
        }
    )
    parameters = {"ground": erasure.ground, **erasure.counts}
    note(facts.actor, "privacy.erased", type_of(erasure.record_type), erasure.record_id, parameters)
    erasure.state, erasure.sealed, erasure.ended_at = "done", "", timezone.now()


STEPS: tuple[Callable[[_Facts], None], ...] = (
    _blank_linked,
    _blank_elsewhere,
    _forget_history,
    _forget_beside,
    _delete,
    _drop_bytes,
    _certify,
)


def unfinished() -> list[UUID]:
    """Erasures of the current tenant that were interrupted: for the worker to go on with."""
    return list(Erasure.objects.filter(state="running").values_list("id", flat=True))
