"""Asked by every job that reaches outside: see :mod:`klientel.kernel.tenancy.quarantine`."""

from klientel.kernel.tenancy.quarantine import active

__all__ = ["active"]
