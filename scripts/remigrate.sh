#!/bin/sh
# Writes every 0001_initial anew from the models. Only while no version has been released.
set -eu
cd "$(dirname "$0")/.."
exec 9>/tmp/klientel-remigrate.lock
flock 9
kept=$(mktemp -d)
mv klientel/kernel/migrations/000[2-9]_*.py "$kept"/
rm -f klientel/*/migrations/0001_initial.py
KLIENTEL_HOME="$kept/home" KLIENTEL_DATABASE_POOL=0 .venv/bin/python -W ignore manage.py makemigrations --skip-checks kernel privacy contacts work || true
mv "$kept"/000*.py klientel/kernel/migrations/
rm -rf "$kept"
.venv/bin/ruff check --fix-only --quiet klientel/*/migrations klientel/kernel/migrations || true
.venv/bin/ruff format --quiet klientel/*/migrations
