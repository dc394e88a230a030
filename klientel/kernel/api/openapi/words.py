"""Texts of the document."""

from __future__ import annotations

#: by status: name of the component, description, and an example's code and sentence
PROBLEMS: dict[int, tuple[str, str, str, str]] = {
    400: ("Unreadable", "The request cannot be read: not JSON, not UTF-8, a key twice, nested too deeply.", "not_json",
          "This is not valid JSON."),
    401: ("Unauthorised", "No token, or one that is wrong, expired, revoked, or without its member.", "not_signed_in",
          "Please send a valid token: “Authorization: Bearer …”."),
    403: ("Forbidden", "The token's scopes or the member's grants do not allow this.", "forbidden",
          "You may not do this here."),
    404: ("Missing", "No such record in this tenant, or none that the token may see.", "missing",
          "There is no such record, or you may not see it."),
    409: ("Conflict", "Somebody was first: changed since, exists already, the same under way.", "changed_since",
          "Somebody changed this since you opened it."),
    412: ("Stale", "The record changed since the version that If-Match names.", "changed_since",
          "Somebody changed this since you opened it."),
    413: ("TooLarge", "The body is larger than 1 MiB (bulk: 5 MiB).", "too_large", "This request is too large."),
    415: ("WrongType", "The body is not declared as application/json in UTF-8.", "not_json",
          "Please send JSON: “Content-Type: application/json”."),
    422: ("Refused", "A rule says no; every field concerned is named in errors. Nothing was written.", "unknown_field",
          "There is no such field."),
    429: ("TooMany", "Too many requests with this token.", "too_many_requests",
          "Too many requests. Please wait 3 seconds."),
}  # fmt: skip

ABOUT = """Every record type and action of Klientel, made from their declarations.

**Tokens.** `Authorization: Bearer kt_…`. A token acts as its member, narrowed by its scopes: `read`, `write` (or `*`),
a record type (`contacts.person`), one verb of it (`contacts.person:view`) or of all (`*:view`).

**Writing.** Everything written goes through an action, in one transaction: a refusal (4xx) leaves nothing.
`change_set` of an answer can be given to `/undo/{change_set}`. `If-Match` holds a change to a version. The same POST
with the same `Idempotency-Key` is done once within 24 hours.

**Reading.** Lists take a condition (`where`), `sort` (`-` before a field for downwards), `fields`, `limit`, and the
cursors `after` and `before` of the pages beside them. Fields and records that the member may not see are not there.

**Language.** Sentences come in the language of `Accept-Language` (German, English), else in the member's.
"""
