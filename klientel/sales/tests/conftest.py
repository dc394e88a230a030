"""Browsers for the pages of sales."""

from klientel.kernel.web.tests.conftest import actor, client, desk

__all__ = ["actor", "client", "desk"]
