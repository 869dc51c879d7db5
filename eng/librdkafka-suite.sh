#!/usr/bin/env bash
# Runs librdkafka's own test suite (2.0.2, from Debian's source package) against this server, each test by itself, and holds the results against
# the table in docs/conformance.md: a test whose row says that it passes and that does not pass, or that has no row, makes this fail.
#   eng/librdkafka-suite.sh [--quick] [--write] [TEST...]
#     TEST      numbers such as 0012; all whose row says that they pass when none is given
#     --quick   the suite's quick mode: fewer rounds, less data, some tests not at all
#     --write   puts the seconds that each test took into the table
# The suite is built outside the repository, see librdkafka.sh. The server is STREAMHOUSE_SERVER, by default artifacts/streamhouse, on data of its own.
# KEEP=1 leaves its log and the tests' in TMPDIR.
set -euo pipefail
cd "$(dirname "$0")/.."

page=docs/conformance.md
seconds_max=900 mode='' write='' tests=()
while [ $# -gt 0 ]; do
  case $1 in
    --quick) mode=-Q seconds_max=180 ;;
    --write) write=1 ;;
    -*) sed -n '2,9p' "$0" >&2; exit 2 ;;
    *) tests+=("$1") ;;
  esac
  shift
done

# A row of the page's table is: | `0012_produce_consume` | passes | 2.0 |
[ ${#tests[@]} -gt 0 ] || mapfile -t tests < <(sed -nE 's/^\| `([0-9]{4})_[^`]*` \| passes.*/\1/p' "$page" | sort -u)

# What a test needs beside a server.
#   scenarios  the suite's name for how brokers are set up: default creates topics on first use, noautocreate does not
#   parts      substrings of the names of the subtests to run, one run each; empty for all
#   options    of the suite's runner
#   kafka      the broker version that the suite is told, from which it decides what to test
#   tools      whether the test finds a kafka-topics.sh: the one below, which calls streamctl
#   conf       a setting for all clients
needs() {
  scenarios=(default) parts=('') options='' kafka=3.3.0 tools='' conf=''
  case $1 in
    0045) scenarios=(default noautocreate) tools=1 ;;
    # Producers of before 0.10 are passed over where SASL is anything but GSSAPI; nothing connects with SASL here.
    0052) tools=1 conf=sasl.mechanisms=PLAIN ;;
    # All but transactions.
    0055) parts=(standard 'linger.ms (' 'linger.ms <' 'no acks' idempotence) ;;
    # Without transactions, which the suite leaves out before 0.11.
    0061) kafka=0.10.2 ;;
    0047 | 0079) options=-k ;;
    # Nothing but what needs no server: the rest needs SSL, or transactions.
    0097 | 0103) options=-l ;;
    # All but Acls and AlterConfigs.
    0081) parts=(unclean_destroy Topics Partitions DescribeConfigs Records Groups Offsets) ;;
    # do_test_txn_concurrent_operations, not in quick mode, gives a connection 5 s to a mock broker that answers after 5 s.
    0105) options=-Q ;;
    0107 | 0111) scenarios=(noautocreate) ;;
    # The suite denies access with kafka-acls.sh from 2.1 on.
    0109) kafka=2.0.0 ;;
    # All but o_java_interop. u_multiple_subscription_changes by itself: after the others, in one process, the client crashes.
    0113) parts=(assign_ subscribe change_subscription u_multiple delete_topic add_partition wildcard max_poll_interval commit x_incremental lost_partitions) ;;
  esac
}

command -v jq >/dev/null || eng/test-tools.sh >&2
source=$(eng/librdkafka.sh tests)
suite=$source/tests
[ -n "${STREAMHOUSE_SERVER:-}" ] || [ -x artifacts/streamhouse ] || ./build.sh >&2

work=$(mktemp -d)
declare -A server=() processes=()
finish() {
  local process
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null && wait "$process" 2>/dev/null || true; done
  [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap finish EXIT

# Starts the server of a scenario, if it does not run yet.
serve() {
  local scenario=$1 data=$work/$1 create=true
  [ -z "${server[$scenario]:-}" ] || return 0
  [ "$scenario" = default ] || create=false
  mkdir -p "$data/bin"
  # 0054 and 0059 read back records that they stamp with times of 1970, which retention is right to remove.
  "${STREAMHOUSE_SERVER:-artifacts/streamhouse}" --data-dir "$data/data" --grpc-port 0 --http-port 0 --kafka-port 0 \
    --set "Kafka:AutoCreateTopics=$create" --set Lifecycle:RetentionInterval=1h >"$data/server.log" 2>&1 &
  processes[$scenario]=$!
  for _ in $(seq 100); do
    [ ! -f "$data/data/endpoints.json" ] || break
    kill -0 "${processes[$scenario]}" 2>/dev/null || { cat "$data/server.log" >&2; exit 1; }
    sleep 0.1
  done
  server[$scenario]=$(jq -r .kafka "$data/data/endpoints.json")

  # kafka-topics.sh --bootstrap-server HOST:PORT (--create|--alter|--delete) --topic TOPIC [--OPTION VALUE]...
  cat >"$data/bin/kafka-topics.sh" <<END
#!/usr/bin/env bash
verb=\${3#--} topic=\$5 arguments=()
shift 5
while [ \$# -gt 0 ]; do
  [ "\$1" = --replication-factor ] || arguments+=("\$1" "\$2")
  shift 2
done
exec "$PWD/artifacts/streamctl" --addr "http://$(jq -r .grpc "$data/data/endpoints.json" | sed 's,^http://,,')" topic "\$verb" "\$topic" "\${arguments[@]}"
END
  chmod +x "$data/bin/kafka-topics.sh"
}

# Runs one test in one scenario, of its subtests those that have $3 in their names, and prints: name, state, seconds, and why it failed.
run() {
  local test=$1 scenario=$2 part=$3 code=0
  local log=$work/$test.$scenario${part:+.$part}.log report=$work/report.json
  printf 'bootstrap.servers=%s\n%s\n' "${server[$scenario]}" "$conf" >"$work/test.conf"
  rm -f "$report"
  (
    cd "$suite"
    export LD_LIBRARY_PATH=../src:../src-cpp RDKAFKA_TEST_CONF=$work/test.conf TEST_REPORT=$report TEST_KAFKA_VERSION=$kafka TEST_SCENARIO=$scenario TESTS=$test
    [ -z "$part" ] || export SUBTESTS=$part
    [ -z "$tools" ] || export KAFKA_PATH=$work/$scenario BROKERS=${server[$scenario]}
    # shellcheck disable=SC2086
    exec timeout -k 5 "$seconds_max" ./test-runner -p1 -r $options $mode
  ) >"$log" 2>&1 </dev/null || code=$?

  local why
  why=$(grep -a -A1 "### Test \"$test" "$log" | tail -1 | tr '\t' ' ' | cut -c1-300) || true
  if ! jq -e .tests "$report" >/dev/null 2>&1; then
    printf '%s\t%s\t%s\t%s\n' "$(grep -oaE "\[$test[a-z0-9_]*" "$log" | tail -1 | tr -d '[' | grep . || echo "$test")" \
      "$([ $code = 124 ] && echo 'TIMED OUT' || echo "ENDED WITH $code")" "$seconds_max" "$why"
  elif [ -n "$part" ] && ! grep -aq "$part.*: PASS (" "$log" && ! grep -q '"FAILED"' "$report"; then
    printf '%s\tNO SUBTEST %s\t0\t\n' "$test" "$part"
  else
    # The report has a line per test: "0012_produce_consume": {..., "state": "PASSED", ..., "duration": 1.234 }
    jq -r --arg test "$test" --arg why "$why" \
      '.tests[] | select(.name | startswith($test)) | [.name, .state, .duration, (if .state == "PASSED" then "" else $why end)] | @tsv' "$report"
  fi
}

# Of several runs of a test the worst counts; one that the suite passes over in a scenario or part counts least.
declare -A state=() seconds=() reason=()
record() {
  local name got took why
  while IFS=$'\t' read -r name got took why; do
    seconds[$name]=$(jq -n "${seconds[$name]:-0} + $took")
    case ${state[$name]:-SKIPPED}/$got in
      SKIPPED/* | PASSED/[!S]*) state[$name]=$got reason[$name]=$why ;;
    esac
  done
}

failed=0
fail() { failed=$((failed + 1)); echo "$1" >&2; }
row() { grep -E "^\| \`$1\` \|" "$page" || true; }

for test in "${tests[@]}"; do
  state=() seconds=() reason=()
  needs "$test"
  for scenario in "${scenarios[@]}"; do
    serve "$scenario"
    for part in "${parts[@]}"; do record < <(run "$test" "$scenario" "$part"); done
  done
  for name in $(printf '%s\n' "${!state[@]}" | sort); do
    printf '%-50s %-10s %7.1f s\n' "$name" "${state[$name]}" "${seconds[$name]}"
    [ -z "${reason[$name]}" ] || printf '    %s\n' "${reason[$name]}"
    case $(row "$name")/${state[$name]} in
      /*) fail "$name: no row in $page" ;;
      *'| passes'*/PASSED)
        [ -z "$write" ] || sed -i -E "s/^(\| \`$name\` \| passes[^|]*\|)[^|]*\|/\1 $(printf %.1f "${seconds[$name]}") |/" "$page" ;;
      *'| passes'*/SKIPPED) [ -n "$mode" ] || fail "$name: $page says that it passes; the suite passed it over" ;;
      *'| passes'*) fail "$name: $page says that it passes" ;;
      */PASSED) fail "$name: passed, and $page says otherwise" ;;
    esac
  done
done

for name in $(sed -nE 's/^ +_TEST\(([0-9]{4}_[a-z0-9_]+),.*/\1/p' "$suite/test.c"); do
  [ -n "$(row "$name")" ] || fail "$name: no row in $page"
done
for process in "${!processes[@]}"; do
  kill -0 "${processes[$process]}" 2>/dev/null || fail "the server of scenario $process has ended: $(tail -3 "$work/$process/server.log")"
done
[ "$failed" = 0 ] || { echo "$failed failed" >&2; exit 1; }
