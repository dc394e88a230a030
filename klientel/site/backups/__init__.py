"""Backup and restore: one file with database, files and ledger, and a manifest that says what it must hold."""
