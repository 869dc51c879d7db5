#!/usr/bin/env bash
# Builds, then runs the server in the foreground. Arguments go to the server: ./run.sh --help
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/build.sh"
exec "$here/artifacts/streamhouse" "$@"
