#!/bin/sh
# Writes every 0001_initial anew. Only while no version has been released.
set -eu
cd "$(dirname "$0")/.."
mv klientel/kernel/migrations/0002_events.py /tmp/0002_events.py
rm -f klientel/*/migrations/0001_initial.py
"$@"
mv /tmp/0002_events.py klientel/kernel/migrations/0002_events.py
