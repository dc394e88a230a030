"""Export of lists, and the import assistant: a file, its columns, a dry run with every row, progress, result."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from klientel.kernel import jobs, tenancy
from klientel.kernel.errors import Refused
from klientel.kernel.files import uploading
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.transfer import assistant, exporting, templates
from klientel.kernel.transfer.jobs import run_import
from klientel.kernel.transfer.models import ImportRun, State
from klientel.kernel.web import shell
from klientel.kernel.web.answers import act, id_of, say_done
from klientel.kernel.web.listing import state_of, views_of
from klientel.kernel.web.views import branch
from klientel.kernel.web.views.lists import seen_type
from klientel.kernel.web.views.transferwords import made_words, words

ROWS = 100
#: files of so many rows are imported while one waits; larger ones by the worker
AT_ONCE = 300


@act
def imports(request: Any) -> HttpResponse:
    """The imports there were, and a new one."""
    refused: Refused | None = None
    if request.method == "POST":
        try:
            return _upload(request)
        except Refused as no:
            refused = no
    with tenancy.reading():
        types = [t for t in shell.shell_of(request).types if request.scope.may(t, "create")]
        runs = [{"run": r, "rtype": type_of(r.record_type)} for r in assistant.recent(request.actor)]
        chosen = request.POST.get("type") or request.GET.get("type") or ""
        context = {"types": types, "runs": runs, "chosen": chosen, "refused": refused}
        return render(request, "transfer/imports.html", context, status=refused.status if refused else 200)


def _upload(request: Any) -> HttpResponse:
    files = uploading.sent(request)
    if not files:
        raise Refused("required", _("Please choose a file."), "file")
    run = assistant.start(request.actor, _type(request), files[0], name=files[0].name)
    return HttpResponseRedirect(reverse("import", args=[run.pk]))


def _type(request: Any) -> RecordType:
    key = request.POST.get("type", "")
    if not key:
        raise Refused("required", _("Please say what the file holds."), "type")
    return type_of(key)


@act
def one_import(request: Any, import_id: UUID) -> HttpResponse:
    """One import: its mapping while it can be changed, its progress while it runs, its result at the end."""
    run = assistant.get(request.actor, import_id)
    columns = request.GET.get("step") == "columns"
    if run.state == State.UPLOADED or (columns and run.state == State.CHECKED):
        return _mapping(request, run)
    if run.state in (State.CHECKED, State.CONFLICTS):
        return branch.shown(request, run)
    return _result(request, run)


def _mapping(request: Any, run: ImportRun, refused: Refused | None = None) -> HttpResponse:
    told = assistant.describe(run)
    groups: dict[str, list[Any]] = {}
    for target in told.targets:
        groups.setdefault(target.group, []).append(target)
    with tenancy.reading():
        saved = templates.fitting(run, [c.name for c in told.columns])
    context = {
        "run": run, "rtype": type_of(run.record_type), "told": told, "groups": groups, "refused": refused,
        "saved": saved,
    }  # fmt: skip
    return _shown(request, "transfer/mapping.html", context, status=refused.status if refused else 200)


@require_POST
@act
def mapping(request: Any, import_id: UUID) -> HttpResponse:
    """Keep where the columns lead and how duplicates are treated, then try it out."""
    run = assistant.get(request.actor, import_id)
    if request.POST.get("template"):
        return _from_template(run, request.POST["template"])
    told = assistant.describe(run)
    chosen = {c.name: request.POST.get(f"column-{n}", "") for n, c in enumerate(told.columns)}
    options: dict[str, Any] = {
        name: request.POST[name] for name in ("on_duplicate", "update", "sheet") if name in request.POST
    }
    options["keys"] = request.POST.getlist("keys")
    options |= {name: name in request.POST for name in ("strict", "create_links", "mute")}
    options["means"] = _meant(request, run)
    try:
        run = assistant.choose(run, {c: p for c, p in chosen.items() if p}, options)
        if request.POST.get("template_name", "").strip():
            templates.save(run, request.POST["template_name"])
        if options.get("sheet", told.sheet) == told.sheet:
            branch.begin(request, run)
    except Refused as no:
        run.mapping = chosen
        return _mapping(request, run, no)
    return HttpResponseRedirect(reverse("import", args=[run.pk]))


def _meant(request: Any, run: ImportRun) -> dict[str, dict[str, str]]:
    """What was chosen for words of the file: field -> word -> id. What was left as proposed is not said: a proposal
    looks at the whole row.
    """
    found: dict[str, dict[str, str]] = {k: dict(v) for k, v in (run.options.get("means") or {}).items()}
    parts = (request.POST.getlist(f"meant-{name}") for name in ("field", "word", "before", "record"))
    for name, word, before, record in zip(*parts, strict=False):
        if record and record != before:
            found.setdefault(name, {})[word] = record
    return found


def _from_template(run: ImportRun, template: str) -> HttpResponse:
    """The columns as a saved template says."""
    chosen, options = templates.apply(run, id_of(template))
    assistant.choose(run, chosen or None, options)
    return HttpResponseRedirect(reverse("import", args=[run.pk]))


def _shown(request: Any, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    with tenancy.reading():
        return render(request, template, context, status=status)


@require_POST
@act
def start(request: Any, import_id: UUID) -> HttpResponse:
    """Import it: a small file at once, a large one by the worker."""
    run = assistant.get(request.actor, import_id)
    if run.state in (State.UPLOADED, State.CHECKING):
        raise Refused("not_checked", _("Please try the import out first."))
    if run.staged and (run.rows_total or 0) <= AT_ONCE:
        run = assistant.commit(run)
    else:
        with tenancy.writing():
            jobs.defer(run_import, tenant=request.tenant.pk, run=run.pk, once=f"import:{run.pk}")
    return HttpResponseRedirect(reverse("import_result", args=[run.pk]))


@act
def result(request: Any, import_id: UUID) -> HttpResponse:
    """Progress or result, also before the worker has begun."""
    run = assistant.get(request.actor, import_id)
    if run.state == State.CONFLICTS:
        return HttpResponseRedirect(reverse("import", args=[run.pk]))
    return _result(request, run)


def _result(request: Any, run: ImportRun) -> HttpResponse:
    now, state = assistant.progress(run), request.GET.get("show", "")
    after = request.GET.get("after", "0")
    start = int(after) if after.isascii() and after.isdigit() else 0
    rows = assistant.outcomes(run, after=start, limit=ROWS, state=state) if now.ended else []
    counts = [(k, word, now.counts.get(k, 0)) for k, word in words().items()]
    context = {
        "run": run,
        "rtype": type_of(run.record_type),
        "now": now,
        "rows": rows,
        "counts": counts,
        "likely": now.counts.get("likely", 0),
        "show": state,
        "words": words(),
        "made": made_words(now.made),
        "text": _text(now),
        "full": len(rows) == ROWS,
        "trying": run.state == State.CHECKING,
        "muted": bool(run.options.get("mute")),
    }
    return _shown(request, "transfer/result.html", context)


def _text(now: assistant.Progress) -> str:
    if now.total:
        return _("%(n)d of %(total)d rows") % {"n": now.done, "total": now.total}
    return ngettext("%(n)d row", "%(n)d rows", now.done) % {"n": now.done}


@act
def progress(request: Any, import_id: UUID) -> HttpResponse:
    """How far it is, for the page that waits."""
    now = assistant.progress(assistant.get(request.actor, import_id))
    ready = now.state != State.CHECKING if "trying" in request.GET else now.ended
    return JsonResponse({"done": now.done, "total": now.total, "text": _text(now), "ready": ready})


@require_POST
@act
def cancel(request: Any, import_id: UUID) -> HttpResponse:
    """Stop it; what was imported stays and can be undone."""
    run = assistant.cancel(assistant.get(request.actor, import_id))
    if run.state == State.UPLOADED:
        return HttpResponseRedirect(reverse("import", args=[run.pk]))
    say_done(request, _("The import was stopped."))
    return HttpResponseRedirect(reverse("import_result", args=[run.pk]))


@act
def error_file(request: Any, import_id: UUID) -> HttpResponseBase:
    """The refused rows with their reasons, to be corrected and imported again."""
    run = assistant.get(request.actor, import_id)
    answer = StreamingHttpResponse(assistant.error_file(run), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="errors-{run.pk}.csv"'
    return answer


@act
def export(request: Any, slug: str) -> HttpResponseBase:
    """A list as a file: the records it selects, with its columns or with everything one may see."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        state = state_of(request.scope, rtype, request.GET, views_of(request.scope, rtype))
    kind = request.GET.get("format", "csv")
    paths = list(state.columns) if request.GET.get("only") == "columns" else None
    pieces = exporting.stream(request.scope, rtype, state.where, paths, kind)
    answer = StreamingHttpResponse(pieces, content_type=exporting.MEDIA_TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{rtype.slug}.{kind}"'
    answer["Cache-Control"] = "no-store"
    return answer
