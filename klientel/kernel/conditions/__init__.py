"""Conditions: the one language for filters, views, rights, segments and rules. Compiled to SQL only."""

from klientel.kernel.conditions import computing as _computing
from klientel.kernel.conditions.compiling import Past, Scope, SystemScope, check, compile  # noqa: A004  the house calls it so
from klientel.kernel.conditions.matching import Matches, matching
from klientel.kernel.conditions.operators import OPERATORS, Operator
from klientel.kernel.conditions.saying import say

__all__ = [
    "OPERATORS",
    "Matches",
    "Operator",
    "Past",
    "Scope",
    "SystemScope",
    "_computing",
    "check",
    "compile",
    "matching",
    "say",
]
