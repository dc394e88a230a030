"""Addresses of the pages. Fixed words stand before the words of record types."""

from __future__ import annotations

from django.urls import include, path, register_converter

from klientel.kernel.web.views import (
    audit,
    boards,
    branch,
    bulk,
    calendars,
    forms,
    history,
    home,
    homescreen,
    invitations,
    lists,
    merging,
    neighbours,
    notices,
    past,
    preferences,
    records,
    roles,
    saved,
    search,
    settings,
    shape,
    transfer,
    trash,
    tree,
    twins,
    undoing,
)


class Slug:
    """The word of a record type in an address."""

    regex = "[a-z][a-z0-9-]*"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value


register_converter(Slug, "type")

urlpatterns = [
    path("<type:slug>/", past.record_list, name="list"),  # asked for most; no fixed word ends like these two
    path("<type:slug>/<uuid:record_id>/", past.record, name="record"),
    path("", home.home, name="home"),
    path("manifest.webmanifest", homescreen.manifest, name="manifest"),
    path("shortcuts", home.shortcuts, name="shortcuts"),
    path("more", home.more, name="more"),
    path("calendar", calendars.work_calendar, name="work_calendar"),
    path("search", search.search, name="search"),
    path("palette", search.palette, name="palette"),
    path("palette/places", search.places, name="places"),
    path("options/<str:key>", search.options, name="options"),
    path("preferences", preferences.preferences, name="preferences"),
    path("notifications", notices.notices, name="notifications"),
    path("notifications/choice", notices.choice, name="notice_choice"),
    path("notifications/latest", notices.latest, name="notifications_latest"),
    path("notifications/read", notices.read, name="notifications_read"),
    path("undo/<uuid:change_set>", undoing.undo, name="undo"),
    path("runs/<uuid:run_id>", undoing.run, name="run"),
    path("runs/<uuid:run_id>/progress", undoing.progress, name="run_progress"),
    path("runs/<uuid:run_id>/cancel", undoing.cancel, name="run_cancel"),
    path("views/<uuid:view_id>/delete", saved.delete, name="view_delete"),
    path("trash", trash.trash, name="trash"),
    path("trash/<type:slug>", trash.trash, name="trash_of"),
    path("trash/<type:slug>/<uuid:record_id>", trash.delete, name="trash_delete"),
    path("duplicates", twins.overview, name="duplicates"),
    path("duplicates/<type:slug>", twins.overview, name="duplicates_of"),
    path("duplicates/<type:slug>/progress", twins.progress, name="duplicates_progress"),
    path("duplicates/<type:slug>/search", twins.search, name="duplicates_search"),
    path("duplicates/<type:slug>/decide", twins.decide, name="duplicates_decide"),
    path("settings", settings.overview, name="settings"),
    path("settings/audit", audit.audit, name="settings_audit"),
    path("settings/fields/<type:slug>", shape.fields_of, name="settings_fields"),
    path("settings/fields/<type:slug>/<str:name>", shape.field, name="settings_field"),
    path("settings/layouts/<uuid:layout_id>", shape.layout, name="settings_layout"),
    path("settings/workspace", settings.workspace, name="settings_workspace"),
    path("settings/roles/<uuid:role_id>/grants", roles.grants, name="settings_grants"),
    path("settings/roles/<uuid:role_id>/grants/line", roles.line, name="settings_grant"),
    path("settings/invitations", invitations.invite, name="settings_invite"),
    path("settings/invitations/<uuid:invitation_id>/withdraw", invitations.withdraw, name="settings_withdraw"),
    path("settings/invitations/<uuid:invitation_id>/again", invitations.resend, name="settings_resend"),
    path("import", transfer.imports, name="imports"),
    path("import/<uuid:import_id>", transfer.one_import, name="import"),
    path("import/<uuid:import_id>/mapping", transfer.mapping, name="import_mapping"),
    path("import/<uuid:import_id>/rows/<int:line>", branch.row, name="import_row"),
    path("import/<uuid:import_id>/decide", branch.decide, name="import_decide"),
    path("import/<uuid:import_id>/start", transfer.start, name="import_start"),
    path("import/<uuid:import_id>/result", transfer.result, name="import_result"),
    path("import/<uuid:import_id>/progress", transfer.progress, name="import_progress"),
    path("import/<uuid:import_id>/cancel", transfer.cancel, name="import_cancel"),
    path("import/<uuid:import_id>/errors.csv", transfer.error_file, name="import_errors"),
    path("", include("klientel.kernel.web.account.urls")),
    path("<type:slug>/new", forms.new, name="new"),
    path("<type:slug>/board", boards.record_board, name="board"),
    path("<type:slug>/board/begin", boards.begin, name="board_begin"),
    path("<type:slug>/board/column", boards.column, name="board_column"),
    path("<type:slug>/board/changed", boards.changed, name="board_changed"),
    path("<type:slug>/calendar", calendars.record_calendar, name="calendar"),
    path("<type:slug>/since", past.since, name="since"),
    path("<type:slug>/count", lists.how_many, name="count"),
    path("<type:slug>/columns", saved.columns, name="columns"),
    path("<type:slug>/builder", saved.build, name="builder"),
    path("<type:slug>/conditions", saved.conditions, name="conditions"),
    path("<type:slug>/views", saved.save, name="view_save"),
    path("<type:slug>/export", transfer.export, name="export"),
    path("<type:slug>/shown", forms.shown, name="shown"),
    path("<type:slug>/similar", forms.look_similar, name="similar"),
    path("<type:slug>/merge", merging.merge, name="merge"),
    path("<type:slug>/bulk/<str:verb>", bulk.bulk, name="bulk"),
    path("<type:slug>/<uuid:record_id>/history", history.history, name="history"),
    path("<type:slug>/<uuid:record_id>/history/<uuid:event_id>/<str:name>", history.restore, name="history_restore"),
    path("<type:slug>/<uuid:record_id>/tree", tree.tree, name="tree"),
    path("<type:slug>/<uuid:record_id>/when", calendars.move, name="when"),
    path("<type:slug>/<uuid:record_id>/peek", records.peek, name="peek"),
    path("<type:slug>/<uuid:record_id>/next", neighbours.neighbour, {"way": "after"}, name="next"),
    path("<type:slug>/<uuid:record_id>/previous", neighbours.neighbour, {"way": "before"}, name="previous"),
    path("<type:slug>/<uuid:record_id>/edit", forms.edit, name="edit"),
    path("<type:slug>/<uuid:record_id>/unmerge", merging.unmerge, name="unmerge"),
    path("<type:slug>/<uuid:record_id>/do/<str:verb>", forms.do, name="do"),
    path("<type:slug>/<uuid:record_id>/field/<str:name>", forms.one_field, name="field"),
]
