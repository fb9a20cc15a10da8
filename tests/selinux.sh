#!/bin/sh
# selinux.sh [--long]
#   Builds (or finds in the cache) a machine whose kernel enforces Debian's SELinux policy, and runs the tests on it, in an emulator:
#   stock → apply → verify, a moved key, a relabel, permissive → enforcing, and the policy's rules against libselinux's own answers.
#   Needs root on a Debian-like system, the .NET SDK, and MAILTLS_BINARY or the time to build it. --long tries more.
set -eu
cd "$(dirname "$(realpath "$0")")/.."
[ "${1:-}" != --long ] || export MAILTLS_LONG=1
sh tests/lab/needs.sh mmdebstrap qemu-system-x86 e2fsprogs busybox-static cpio kmod zstd xz-utils
[ -n "${MAILTLS_BINARY:-}" ] || MAILTLS_BINARY=$PWD/$(sh tests/lab/build-binary.sh | tail -n 1)
MAILTLS_TEST_ROOT=$(sh tests/lab/make-root.sh)
export MAILTLS_BINARY MAILTLS_TEST_ROOT
sh tests/lab/make-guest.sh --selinux
exec dotnet run --project tests/MailTlsState.HostTests -c Release -- -noColor -noLogo -showLiveOutput -class '*SeLinuxGuestTests'
