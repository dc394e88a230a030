"""Twins: records that are likely the same. Found while typing, on every way in, and in the whole base."""
