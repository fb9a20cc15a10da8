#!/bin/sh
# selinux.sh [--long]
#   Builds (or finds in the cache) a machine whose kernel enforces Debian's SELinux policy, and runs the tests on it, in an emulator:
#   stock → apply → verify, a moved key, restorecon, and the policy's rules against libselinux's own answers.
#   Needs root on a Debian-like system, the .NET SDK, and MAILTLS_BINARY or the time to build it.
#   --long  besides: permissive → enforcing, a full relabel, local rules, deaths at every call that sets a label or a rule, power cuts
set -eu
cd "$(dirname "$(realpath "$0")")/.."
short='-trait- Run=Long'
if [ "${1:-}" = --long ]; then export MAILTLS_LONG=1; short=; fi
sh tests/lab/needs.sh mmdebstrap qemu-system-x86 e2fsprogs busybox-static cpio kmod zstd xz-utils
[ -n "${MAILTLS_BINARY:-}" ] || MAILTLS_BINARY=$(sh tests/lab/build-binary.sh)
MAILTLS_TEST_ROOT=$(sh tests/lab/make-root.sh)
export MAILTLS_BINARY MAILTLS_TEST_ROOT
sh tests/lab/make-guest.sh --selinux
exec dotnet run --project tests/MailTlsState.HostTests -c Release -- -noColor -noLogo -showLiveOutput $short -class '*SeLinuxGuestTests'
