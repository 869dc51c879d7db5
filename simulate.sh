#!/usr/bin/env bash
# Runs seeds of the simulation; see docs/simulation.md. Exit status 0 only when everything held.
set -euo pipefail
cd "$(dirname "$0")"
project=tests/StreamHouse.Simulation
program=artifacts/simulation/StreamHouse.Simulation
case $(uname -sm) in
  "Linux x86_64") runtime=linux-x64 ;;
  "Linux aarch64") runtime=linux-arm64 ;;
  *) runtime= ;;
esac
if [ -n "$runtime" ]; then
  # Compiled ahead of time: otherwise the first seconds of a run go into compiling.
  dotnet publish "$project" --nologo --verbosity quiet --configuration Release --runtime "$runtime" --self-contained false \
    --output "${program%/*}" -p:PublishReadyToRun=true >&2
else
  dotnet build "$project" --nologo --verbosity quiet --configuration Release --output "${program%/*}" >&2
fi
export STREAMHOUSE_SIM_COMMIT=${STREAMHOUSE_SIM_COMMIT:-$(git rev-parse --short HEAD 2>/dev/null || echo unknown)}
# What is compiled later is patched while it runs; remapping its pages for each write would cost 5 %.
export DOTNET_EnableWriteXorExecute=${DOTNET_EnableWriteXorExecute:-0}
[ $# -gt 0 ] || set -- --seeds 1..200
exec "$program" simulate "$@"
