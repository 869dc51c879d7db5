#!/usr/bin/env bash
# Builds the runnable programs: artifacts/streamhouse (the server) and artifacts/streamctl, Release, compiled ahead of time (ReadyToRun).
set -euo pipefail
cd "$(dirname "$0")"

case $(uname -m) in
  x86_64) runtime=linux-x64 ;;
  aarch64) runtime=linux-arm64 ;;
  *) echo "build.sh: no runtime identifier is known for $(uname -m)" >&2; exit 1 ;;
esac

for project in StreamHouse.Server StreamHouse.Cli; do
  dotnet publish "src/$project/$project.csproj" --configuration Release --runtime "$runtime" --self-contained false \
    --output artifacts --nologo --verbosity quiet \
    -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:DebugType=embedded -p:PublishReferencesDocumentationFiles=false -p:PublishDocumentationFiles=false
done
