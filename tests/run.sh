#!/bin/bash
# run.sh [--long]
#   Installs what the tests need, builds, and runs them all: unit tests, host tests with the native binary and the real
#   Postfix and Dovecot in throwaway hosts, and the quickstart. Needs root on a Debian-like system and the .NET 10 SDK.
#   The last line is `N passed, N failed`; exit 0 only if none failed and none was skipped.
#   --long  more iterations of the property tests (CsCheck_Iter), and the sweeps and releases that take longer (MAILTLS_LONG)
set -u
cd "$(dirname "$(realpath "$0")")/.." || exit 1
export LC_ALL=C DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
short='-trait- Run=Long' more=''      # whole classes that only --long runs carry this trait
for argument in "$@"; do
    case $argument in
    --long) export CsCheck_Iter=${CsCheck_Iter:-10000} MAILTLS_LONG=1 short='' more=testssl.sh ;;
    *) echo "usage: run.sh [--long]" >&2; exit 64 ;;
    esac
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || ! command -v dotnet >/dev/null; then
    echo "run.sh needs root on Debian or a system like it (apt-get), and the .NET 10 SDK (dotnet) on the PATH." >&2
    exit 1
fi

work=$(mktemp -d) || exit 1
making='' passed=0 failed=0 skipped=0 times=()
clean_up() {
    local status=$?
    if [ -n "$making" ]; then kill -- "-$making" 2>/dev/null; wait "$making" 2>/dev/null; fi
    rm -rf "$work"
    exit $status
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

began=$SECONDS stage_began=0 stage_name=''
stage() {
    [ -z "$stage_name" ] || times+=("$(printf '%5d s  %s' $((SECONDS - stage_began)) "$stage_name")")
    stage_name=$1 stage_began=$SECONDS
    [ -z "$1" ] || printf '\n== %s (%d s)\n' "$1" $((SECONDS - began))
}
finish() {
    stage ''
    printf '\n'
    printf '%s\n' "${times[@]}"
    # Where the time goes: classes run side by side.
    cat "$work"/*.xml 2>/dev/null |
        sed -nE 's/<collection name="Test collection for ([^ "]+)[^>]* time="([0-9]+)[^"]*"[^>]* total="([0-9]+)"/\n\2 \3 \1\n/gp' |
        awk '$1 >= 20 && NF == 3 { printf "%5d s  of them %s (%d tests)\n", $1, $3, $2 }' | sort -rn | head -n 20
    printf '%5d s  in all\n' $((SECONDS - began))
    # Once more at the end: what a reader of a long log needs first.
    cat "$work"/*.failures 2>/dev/null
    [ $skipped = 0 ] || printf '%d skipped: a skipped test fails the run\n' $skipped
    printf '%d passed, %d failed\n' $passed $failed
    [ $failed = 0 ] && [ $skipped = 0 ]
    exit
}
# Counts one step that is a test by itself.
step() {
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'FAILED: %s\n' "$*"; return 1; fi
}
# Runs one xunit executable, with further options of its own, and adds its counts.
suite() {
    local status summary total errors failures skips idle
    "tests/$1/bin/Release/net10.0/$1" -noColor -noLogo -result-xml "$work/$1.xml" $short "${@:2}" </dev/null 2>&1 | tee "$work/$1.log"
    status=${PIPESTATUS[0]}
    grep -A 20 ' \[FAIL\]' "$work/$1.log" >"$work/$1.failures"
    summary=$(grep -oE 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+, Not Run: [0-9]+' "$work/$1.log" | tail -n 1)
    if ! [[ $summary =~ ([0-9]+)[^0-9]+([0-9]+)[^0-9]+([0-9]+)[^0-9]+([0-9]+)[^0-9]+([0-9]+) ]]; then
        echo "FAILED: $1 ended with status $status and no summary"
        failed=$((failed + 1))
        return
    fi
    total=${BASH_REMATCH[1]} errors=${BASH_REMATCH[2]} failures=${BASH_REMATCH[3]} skips=${BASH_REMATCH[4]} idle=${BASH_REMATCH[5]}
    passed=$((passed + total - failures - skips - idle))
    failed=$((failed + failures + errors))
    skipped=$((skipped + skips + idle))
    if [ $total = 0 ] || { [ $status != 0 ] && [ $((failures + errors + skips + idle)) = 0 ]; }; then
        echo "FAILED: $1 ended with status $status after $total tests"
        failed=$((failed + 1))
    fi
}

stage 'what the tests need'
step sh tests/lab/needs.sh mmdebstrap iproute2 openssl procps util-linux strace patch 'clang|gcc' zlib1g-dev sslscan e2fsprogs xfsprogs gnutls-bin python3-cryptography dnsmasq-base qemu-system-x86 busybox-static cpio kmod zstd xz-utils $more || finish
# Debian testing moves: a root of it that cannot be made fails none but its own tests, which report.
setsid sh -c 'sh tests/lab/make-root.sh bookworm bullseye trixie && sh tests/lab/make-acme-root.sh >&2 && sh tests/lab/make-guest.sh --selinux >&2 || exit
    [ "${MAILTLS_LONG:-}" != 1 ] || sh tests/lab/make-root.sh forky >&2 || echo "no root of Debian testing" >&2' >"$work/root" 2>"$work/root.log" </dev/null & making=$!      # meanwhile we build

stage 'build'
step dotnet build MailTlsState.sln -c Release -v quiet --nologo -p:UseSharedCompilation=false -nodeReuse:false </dev/null || finish

stage 'unit tests'
suite MailTlsState.Tests

stage 'native binary'
step sh tests/lab/build-binary.sh || finish
export MAILTLS_BINARY=$PWD/artifacts/mailtls
"$MAILTLS_BINARY" --version

stage 'stock Debian roots'
wait "$making"; status=$? making=''
cat "$work/root.log"
step test $status = 0 || finish
MAILTLS_TEST_ROOT=$(head -n 1 "$work/root")
export MAILTLS_TEST_ROOT

stage 'host tests'
# They wait for daemons much of their time.
suite MailTlsState.HostTests -maxThreads 1.5x

stage 'quickstart'
step examples/quickstart.sh </dev/null
finish
