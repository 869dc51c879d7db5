#!/usr/bin/env bash
# Runs seeds of the simulation; see docs/simulation.md. Exit status 0 only when everything held.
set -euo pipefail
cd "$(dirname "$0")"
project=tests/StreamHouse.Simulation
dotnet build "$project" --nologo --verbosity quiet --configuration Release >&2
export STREAMHOUSE_SIM_COMMIT=${STREAMHOUSE_SIM_COMMIT:-$(git rev-parse --short HEAD 2>/dev/null || echo unknown)}
# Code is compiled and patched all the time in a short run; remapping its pages for each write costs 5 % of it.
export DOTNET_EnableWriteXorExecute=${DOTNET_EnableWriteXorExecute:-0}
[ $# -gt 0 ] || set -- --seeds 1..200
exec "$project/bin/Release/net10.0/StreamHouse.Simulation" simulate "$@"
