"""The end of records: what hangs on one, what keeps it, and what goes with it for good."""
