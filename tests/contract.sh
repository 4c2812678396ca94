#!/usr/bin/env bash
# Checks the contract with tools of others: linters of the OpenAPI document, the GraphQL-over-HTTP audit, Schemathesis.
# Not part of CI: it needs node, npm, python3 and their registries. Everything runs on loopback and ends by itself.
#
#   tests/contract.sh            # builds and starts a server of its own on 127.0.0.1:18431
#   PORT=18500 EXAMPLES=50 tests/contract.sh
#   SPIRAL=/path/to/spiral tests/contract.sh    # a program that is built already
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
own="$root/tests/contract"
work=${WORK:-$(mktemp -d)}
port=${PORT:-18431}
base="http://127.0.0.1:$port"
failed=0

cd "$root"
spiral=${SPIRAL:-}
if [ -z "$spiral" ]; then
    cargo build --quiet --package spiral-server
    spiral="${CARGO_TARGET_DIR:-$root/target}/debug/spiral"
fi

mkdir -p "$work/tools" "$work/run"
cd "$work/tools"
[ -d node_modules ] || npm install --silent --no-audit --no-fund \
    @stoplight/spectral-cli@6 @redocly/cli@2 graphql-http@1 graphql@16
[ -d venv ] || { python3 -m venv venv && venv/bin/pip install --quiet 'schemathesis>=4,<5'; }

# The demo tenant, and no quotas: thousands of requests come from one caller.
export SPIRAL__SERVER__LISTEN="127.0.0.1:$port" SPIRAL__LIMITS__REQUESTS_PER_MINUTE=0 \
    SPIRAL__LIMITS__ANONYMOUS_PER_MINUTE=0 SPIRAL__LIMITS__TOKENS_PER_MINUTE=0
cd "$work/run"
"$spiral" serve > serve.log 2>&1 &
server=$!
trap 'kill "$server" 2> /dev/null || true' EXIT
for _ in $(seq 600); do
    curl --silent --fail --output /dev/null "$base/readyz" && break
    sleep 0.3
done
token=$("$spiral" token --as national_lead --minutes 120 | tail -1)
[ -n "$token" ] || { echo "FAILED  no token: see $work/run/serve.log"; exit 1; }

step() {
    local name=$1
    shift
    if "$@" > "$work/$name.log" 2>&1; then
        echo "ok      $name"
    else
        echo "FAILED  $name: see $work/$name.log"
        failed=1
    fi
}

cd "$work/tools"
curl --silent --fail "$base/openapi.json" --output openapi.json
cp "$own"/{spectral.yaml,redocly.yaml,audit.mjs,hooks.py,schemathesis.toml} .
step spectral npx spectral lint openapi.json --ruleset spectral.yaml --fail-severity warn
# It ends well where it warns.
redocly() {
    npx redocly lint openapi.json --config redocly.yaml --max-problems 1000 2>&1 | tee redocly.said
    ! grep --quiet --extended-regexp 'You have [0-9]+ (warning|error)|Failed to' redocly.said
}
step redocly redocly
step graphql-http node audit.mjs "$base/graphql" "$token"
step schemathesis env SCHEMATHESIS_HOOKS=hooks timeout 1800 venv/bin/st --config-file schemathesis.toml run \
    "$base/openapi.json" --header "Authorization: Bearer $token" --checks all --mode all \
    --phases examples,coverage,fuzzing --max-examples "${EXAMPLES:-20}" --generation-database none \
    --continue-on-failure --no-color

# No answer of the server's own fault, and it is still there.
if grep -q '"status":500\|panicked' "$work/run/serve.log" || ! curl --silent --fail --output /dev/null "$base/readyz"; then
    echo "FAILED  the server: see $work/run/serve.log"
    failed=1
fi
exit "$failed"
