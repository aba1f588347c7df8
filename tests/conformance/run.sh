#!/bin/bash
# The Autobahn TestSuite against `twistd balws`, and against balws.Client and balws.AsyncClient.
# usage: run.sh WSTEST_DIR [quick|full] [plain|tls] [both|server]
#   WSTEST_DIR  where ../shared/parts/wstest/setup-wstest.sh installed the suite
# environment: PYTHON (default: python3) has balws installed; REPORTS (default: a new temporary folder);
#   BALWS_FRAMES, see docs/howto/extension.rst
# Exit status 0: no case failed, and none was non-strict.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
shared=$(cd "$here/../../../shared/parts/wstest" && pwd)
suite=$1 profile=${2:-quick} under=${3:-plain} parts=${4:-both} python=${PYTHON:-python3}
reports=${REPORTS:-$(mktemp -d)}
mkdir -p "$reports"
cd "$reports"
peer= tunnel= server=$here/server-$profile.toml clients=$shared/$profile.json url=ws://127.0.0.1:9002
trap 'for each in $peer $tunnel; do kill $each 2>/dev/null || true; done' EXIT

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

if [ "$under" = tls ]; then  # the same with a certificate of our own
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.2 -keyout own.key -out own.crt 2>/dev/null
  sed "/^port = /a secureSocket = {key = {certFile = \"$PWD/own.crt\", keyFile = \"$PWD/own.key\"}}" "$server" >server.toml
  printf '[python]\npath = ["%s"]\n' "$here" >>server.toml
  sed 's#ws://#wss://#' "$clients" >clients.json
  server=$PWD/server.toml clients=$PWD/clients.json url=wss://127.0.0.2:9002
  export SSL_CERT_FILE=$PWD/own.crt
fi

way=$("$python" -c 'from balws.wire.speed import WAY; print(WAY)')
echo "frames: $way"

# Our server, the suite's clients
"$python" -c 'from twisted.scripts.twistd import run; run()' \
  -n --pidfile= --logfile=twistd.log balws --config "$server" &
peer=$!
waitFor 9001 twistd.log
"$suite/wstest" -m fuzzingclient -s "$clients" >wstest.log 2>&1 || { tail -n 20 wstest.log >&2; exit 1; }
kill -0 $peer || { echo "the server died" >&2; cat twistd.log >&2; exit 1; }
judge twistd.log "reports/server-$profile/index.json"
kill $peer
wait $peer || true
[ "$parts" = both ] || exit 0

# Our clients, the suite's server; both clients take all cases of the full profile
specification=$shared/fuzzingserver.json
if [ "$profile" = full ]; then
  specification=$reports/fuzzingserver.json
  sed -e 's/client-quick/client-full/' -e 's/"cases": \[[^]]*\]/"cases": ["*"]/' "$shared/fuzzingserver.json" >"$specification"
fi
"$suite/wstest" -m fuzzingserver -s "$specification" -u 0 >fuzzingserver.log 2>&1 &
peer=$!
waitFor 9002 fuzzingserver.log
if [ "$under" = tls ]; then  # the suite has no TLS as a server, and wants its own port in the Host field
  "$python" "$here/tunnel.py" 127.0.0.2 127.0.0.1 9002 own.crt own.key 2>tunnel.log &
  tunnel=$!
  until (exec 3<>/dev/tcp/127.0.0.2/9002) 2>/dev/null; do kill -0 $tunnel || { cat tunnel.log >&2; exit 1; }; sleep 0.1; done
fi
for client in Client AsyncClient; do
  "$python" "$here/testee.py" $client "$profile" $url 2>"$client.log" || { tail -n 20 "$client.log" >&2; exit 1; }
done
judge Client.log "reports/client-$profile/index.json"
if grep -nE 'Traceback|Unhandled' AsyncClient.log; then exit 1; fi
