#!/usr/bin/env bash
# Makes the generated C# of src/StreamHouse.Kafka from the schemas beside it. With --check it writes nothing and fails when a file differs.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet run --project eng/kafka-codec -- src/StreamHouse.Kafka "$@"
