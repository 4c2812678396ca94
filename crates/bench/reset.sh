#!/bin/sh
# reset.sh: puts the benchmark's database back to its template and starts the service on it again, so that every ingest
# sample begins alike. Needs SPIRAL_BENCH (the program), SPIRAL_CONFIG, SPIRAL_BENCH_DB, SPIRAL_BENCH_PID (a file) and
# the usual PGHOST, PGPORT and PGUSER of an administrator. The template is <database>_template.
# The copy goes through the log: a page that is changed for the first time since a checkpoint is logged whole, which the
# peers, whose database is never put back, pay only in their first sample.
set -eu
if [ -f "$SPIRAL_BENCH_PID" ]; then
    pid=$(cat "$SPIRAL_BENCH_PID")
    kill "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
fi
template=${SPIRAL_BENCH_DB}_template
owner=$(psql -d postgres -qAtc "select pg_get_userbyid(datdba) from pg_database where datname = '$template'")
psql -d postgres -qAtc "drop database if exists $SPIRAL_BENCH_DB" \
    -c "create database $SPIRAL_BENCH_DB owner $owner template $template strategy wal_log"
"$SPIRAL_BENCH" serve --config "$SPIRAL_CONFIG" --years-ahead 20 >"$SPIRAL_BENCH_PID.log" 2>&1 &
pid=$!
echo "$pid" >"$SPIRAL_BENCH_PID"
until grep -q 'serves on' "$SPIRAL_BENCH_PID.log"; do
    kill -0 "$pid" 2>/dev/null || { cat "$SPIRAL_BENCH_PID.log" >&2; exit 1; }
    sleep 0.05
done
