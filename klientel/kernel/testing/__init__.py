"""What tests are made with: a fixed cast, whole records, and promises kept by every declaration."""

from klientel.kernel.testing.making import make, make_tenant

__all__ = ["make", "make_tenant"]
