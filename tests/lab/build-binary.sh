#!/bin/sh
# build-binary.sh
#   Publishes `mailtls` with Native AOT to artifacts/mailtls when a source is newer than it, and prints its path. It is linked
#   against Debian 11 (glibc 2.31) and starts on every later glibc.
#   MAILTLS_QUICK=1  a JIT build in artifacts/quick/mailtls instead: a tenth of the processor time, slower starts; for trying
#                    things out in a throwaway host, not for sweeps over system calls.
#   Needs the .NET SDK of global.json, a C compiler, zlib's headers and what make-root.sh needs. Progress on stderr.
set -eu
cd "$(dirname "$(realpath "$0")")/../.."
case $(uname -m) in aarch64) rid=linux-arm64 triple=aarch64-linux-gnu ;; *) rid=linux-x64 triple=x86_64-linux-gnu ;; esac
if [ -n "${MAILTLS_QUICK:-}" ]; then
    dotnet publish src/MailTlsState.Cli -c Release -r $rid --self-contained -o artifacts/quick -v quiet --nologo \
        -p:PublishAot=false -p:PublishSingleFile=true -nodeReuse:false </dev/null >&2
    echo "$PWD/artifacts/quick/mailtls"
    exit
fi
binary=$PWD/artifacts/mailtls
newer=all
if [ -x "$binary" ]; then
    newer=$(find src schemas tests/lab/build-binary.sh Directory.Build.props Directory.Packages.props global.json \
        \( -name bin -o -name obj \) -prune -o -newer "$binary" -print | head -n 1)
fi
if [ -n "$newer" ]; then
    root=$(sh tests/lab/make-root.sh --link bullseye)
    echo "compiling to native code; MAILTLS_QUICK=1 $0 makes a JIT build in a tenth of the time, for trying things out" >&2
    # Two at once on one machine only keep each other waiting.
    exec 9>"${TMPDIR:-/tmp}/.mailtls-native-$(id -u).lock"
    flock 9
    mkdir -p artifacts
    : >artifacts/.started
    # A compiler server would outlive this script, and hold its output.
    dotnet publish src/MailTlsState.Cli -c Release -r $rid -o artifacts/publish -v quiet --nologo \
        -p:SysRoot="$root" -p:LinkTriple=$triple -p:UseSharedCompilation=false -nodeReuse:false </dev/null >&2 9>&-
    mv -f artifacts/publish/mailtls "$binary"
    touch -r artifacts/.started "$binary"      # what was edited meanwhile is newer
fi
echo "$binary"
