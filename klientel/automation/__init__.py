"""Automation: workflows that react to what happens, wait, and act; an engine that knows the kernel and no domain."""
