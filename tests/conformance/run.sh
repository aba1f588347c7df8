#!/bin/bash
# The Autobahn TestSuite against `twistd balws`.
# usage: run.sh WSTEST_DIR [quick|full]
#   WSTEST_DIR  where ../shared/parts/wstest/setup-wstest.sh installed the suite
# environment: PYTHON (default: python3) has balws installed; REPORTS (default: a new temporary folder)
# Exit status 0: no case failed, and none was non-strict.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
shared=$(cd "$here/../../../shared/parts/wstest" && pwd)
suite=$1 profile=${2:-quick}
reports=${REPORTS:-$(mktemp -d)}
mkdir -p "$reports"
cd "$reports"
"${PYTHON:-python3}" -c 'from twisted.scripts.twistd import run; run()' \
  -n --pidfile= --logfile=twistd.log balws --config "$here/$profile.toml" &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  (exec 3<>/dev/tcp/127.0.0.1/9001) 2>/dev/null && break
  kill -0 $server || { cat twistd.log >&2; exit 1; }
  sleep 0.1
done
"$suite/wstest" -m fuzzingclient -s "$shared/$profile.json" >wstest.log 2>&1 || { tail -n 20 wstest.log >&2; exit 1; }
kill -0 $server || { echo "the server died" >&2; cat twistd.log >&2; exit 1; }
tally=$(python3 "$shared/tally.py" reports/*/index.json) || { echo "$tally"; exit 1; }
echo "$tally"
if grep -q NON-STRICT <<<"$tally"; then exit 1; fi
if grep -nE 'Traceback|Unhandled' twistd.log; then exit 1; fi
