#!/bin/sh
# build-sweep.sh
#   Publishes the sweep's driver (tests/MailTlsState.Sweep) with Native AOT to artifacts/sweep when a source is newer than it, and
#   prints its path. A sweep starts it thousands of times, so it has to start in milliseconds. Progress on stderr.
set -eu
cd "$(dirname "$(realpath "$0")")/../.."
binary=$PWD/artifacts/sweep
newer=all
if [ -x "$binary" ]; then
    newer=$(find src/MailTlsState tests/MailTlsState.Sweep Directory.Build.props Directory.Packages.props global.json \
        \( -name bin -o -name obj \) -prune -o -newer "$binary" -print | head -n 1)
fi
if [ -n "$newer" ]; then
    case $(uname -m) in aarch64) rid=linux-arm64 ;; *) rid=linux-x64 ;; esac
    # As build-binary.sh does: two at once on one machine only keep each other waiting.
    exec 9>"${TMPDIR:-/tmp}/.mailtls-native-$(id -u).lock"
    flock 9
    mkdir -p artifacts
    : >artifacts/.sweep-started
    # A compiler server would outlive this script, and hold its output.
    dotnet publish tests/MailTlsState.Sweep -c Release -r $rid -o artifacts/publish-sweep -v quiet --nologo \
        -p:UseSharedCompilation=false -nodeReuse:false </dev/null >&2 9>&-
    mv -f artifacts/publish-sweep/MailTlsState.Sweep "$binary"
    touch -r artifacts/.sweep-started "$binary"
fi
echo "$binary"
