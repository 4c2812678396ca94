#!/usr/bin/env bash
# Replays each fault on throw-away databases, on loopback, and prints what was lost: nothing.
# A restart of the database, no connection left, a lock that is held, a full disk, slow and silent clients, clients
# that have gone, three times the load, SIGTERM under load, and kill -9 in the middle of batches.
set -euo pipefail
cd "$(dirname "$0")/.."
timeout "${SPIRAL_FAULTS_SECONDS:-1200}" \
    cargo test -q -p e2e --test it -- --nocapture --test-threads 1 faults:: kill:: | grep --line-buffered -E 'lost|ran on|result'
