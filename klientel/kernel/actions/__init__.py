"""Actions: the only way to write. One door for pages, API, imports, jobs and workflows."""

from klientel.kernel.actions import basics as _basics
from klientel.kernel.actions.declaring import Action, action, actions_on, all_actions, get, happenings_on
from klientel.kernel.actions.running import Done, Item, Outcome, run, run_item, run_many, would_refuse
from klientel.kernel.actions.step import Step

__all__ = [
    "Action",
    "Done",
    "Item",
    "Outcome",
    "Step",
    "_basics",
    "action",
    "actions_on",
    "all_actions",
    "get",
    "happenings_on",
    "run",
    "run_item",
    "run_many",
    "would_refuse",
]
