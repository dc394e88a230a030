"""Sums, charts and dashboards over records: knows the kernel, no domain."""
