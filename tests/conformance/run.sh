#!/bin/bash
# The Autobahn TestSuite against `twistd balws`, and against balws.Client and balws.AsyncClient.
# usage: run.sh WSTEST_DIR [quick|full]
#   WSTEST_DIR  where ../shared/parts/wstest/setup-wstest.sh installed the suite
# environment: PYTHON (default: python3) has balws installed; REPORTS (default: a new temporary folder)
# Exit status 0: no case failed, and none was non-strict.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
shared=$(cd "$here/../../../shared/parts/wstest" && pwd)
suite=$1 profile=${2:-quick} python=${PYTHON:-python3}
reports=${REPORTS:-$(mktemp -d)}
mkdir -p "$reports"
cd "$reports"
peer=
trap '[ -z "$peer" ] || kill $peer 2>/dev/null || true' EXIT

waitFor() {  # waitFor PORT LOG: until the peer that was just started listens
  for _ in $(seq 200); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    kill -0 $peer || { cat "$2" >&2; exit 1; }
    sleep 0.1
  done
}

judge() {  # judge LOG REPORT...: the tally; nothing non-strict, and no fault in our log
  local tally log=$1
  shift
  tally=$(python3 "$shared/tally.py" "$@") || { echo "$tally"; exit 1; }
  echo "$tally"
  if grep -q NON-STRICT <<<"$tally"; then exit 1; fi
  if grep -nE 'Traceback|Unhandled' "$log"; then exit 1; fi
}

# Our server, the suite's clients
"$python" -c 'from twisted.scripts.twistd import run; run()' \
  -n --pidfile= --logfile=twistd.log balws --config "$here/server-$profile.toml" &
peer=$!
waitFor 9001 twistd.log
"$suite/wstest" -m fuzzingclient -s "$shared/$profile.json" >wstest.log 2>&1 || { tail -n 20 wstest.log >&2; exit 1; }
kill -0 $peer || { echo "the server died" >&2; cat twistd.log >&2; exit 1; }
judge twistd.log "reports/server-$profile/index.json"
kill $peer
wait $peer || true

# Our clients, the suite's server; both clients take all cases of the full profile
specification=$shared/fuzzingserver.json
if [ "$profile" = full ]; then
  specification=$reports/fuzzingserver.json
  sed -e 's/client-quick/client-full/' -e 's/"cases": \[[^]]*\]/"cases": ["*"]/' "$shared/fuzzingserver.json" >"$specification"
fi
"$suite/wstest" -m fuzzingserver -s "$specification" -u 0 >fuzzingserver.log 2>&1 &
peer=$!
waitFor 9002 fuzzingserver.log
for client in Client AsyncClient; do
  "$python" "$here/testee.py" $client "$profile" 2>"$client.log" || { tail -n 20 "$client.log" >&2; exit 1; }
done
judge Client.log "reports/client-$profile/index.json"
if grep -nE 'Traceback|Unhandled' AsyncClient.log; then exit 1; fi
