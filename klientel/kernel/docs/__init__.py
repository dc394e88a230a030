"""The reference, written from the declarations themselves: records, actions, operators, settings, error codes."""

from klientel.kernel.docs.pages import Pages, pages

__all__ = ["Pages", "pages"]
