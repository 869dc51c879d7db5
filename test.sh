#!/usr/bin/env bash
# Installs what the tests need, builds everything and runs all tests. Ends with "N passed, N failed".
#   --long   also the soak tests (200 rounds of the crash audit; about an hour)
set -euo pipefail
cd "$(dirname "$0")"

while [ $# -gt 0 ]; do
  case $1 in
    --long) export STREAMHOUSE_TEST_LONG=1 ;;
    *) echo "usage: ./test.sh [--long]" >&2; exit 2 ;;
  esac
  shift
done

eng/test-tools.sh
dotnet build StreamHouse.slnx --nologo --verbosity quiet
./build.sh
dotnet build tests/StreamHouse.Simulation --nologo --verbosity quiet --configuration Release
export STREAMHOUSE_TEST_ARTIFACTS="$PWD/artifacts"

# A suite that hangs is ended, and fails: killed, since the servers it runs take the polite signal for their own.
seconds=600
[ -z "${STREAMHOUSE_TEST_LONG:-}" ] || seconds=14400

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
passed=0 failed=0 skipped=0 broken=0
for suite in StreamHouse.Tests StreamHouse.Simulation StreamHouse.IntegrationTests; do
  # Simulated time is bought with processor time: the engine runs optimized there.
  configuration=Debug
  [ "$suite" != StreamHouse.Simulation ] || configuration=Release
  # The runner's own exit status tells failed tests; the counts come from its report.
  timeout --kill-after=10 "$seconds" "tests/$suite/bin/$configuration/net10.0/$suite" -noLogo -longRunning 60 -xml "$results/$suite.xml" || broken=1
  report=$(head -c 4000 "$results/$suite.xml" 2>/dev/null | tr '\n' ' ' | grep -o '<assembly [^>]*>' || true)
  if [ -z "$report" ]; then
    echo "$suite ended without a report" >&2
    failed=$((failed + 1))
    continue
  fi
  count() { sed -E "s/.* $1=\"([0-9]+)\".*/\1/" <<<"$report"; }
  passed=$((passed + $(count passed)))
  failed=$((failed + $(count failed) + $(count errors)))
  skipped=$((skipped + $(count skipped) + $(count not-run)))
done
[ "$broken" = 0 ] || [ "$failed" -gt 0 ] || failed=1
if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
