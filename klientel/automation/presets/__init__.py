"""Workflows for the usual cases."""
