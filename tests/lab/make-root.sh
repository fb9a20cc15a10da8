#!/bin/sh
# make-root.sh [--link] [RELEASE…]
#   Prints the path of a stock Debian root with Postfix and Dovecot for each RELEASE (default: bookworm), one a line and in this
#   order, building what the cache lacks, several at once.
#   RELEASE: bullseye | bookworm | trixie | forky | sid
#   --link   instead: only the files that a program is linked against (libc6-dev and the like), for `gcc --sysroot`
#   Cache:   ${MAILTLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mailtlsstate}; one folder per package list, build script and week,
#            so that point releases come in. Parallel calls build once; a root not used for 14 days is removed.
#   Mirror:  the one apt is configured with, or MAILTLS_MIRROR.
# Needs root, mmdebstrap and the Debian archive's keyring. Progress on stderr.
set -eu
umask 022
link=
if [ "${1:-}" = --link ]; then link=-link; shift; fi
[ $# -gt 0 ] || set -- bookworm
if [ $# -gt 1 ]; then
    made=$(mktemp -d)
    trap 'rm -rf "$made"' EXIT
    trap 'exit 130' INT TERM
    for release in "$@"; do
        sh "$0" ${link:+--link} "$release" >"$made/$release" & echo $! >"$made/$release.pid"
    done
    status=0
    for release in "$@"; do
        wait "$(cat "$made/$release.pid")" || { status=1; echo "no Debian $release root could be made" >&2; }
        cat "$made/$release"
    done
    exit $status
fi
release=$1
host=mail.mydomain.com
packages=postfix,dovecot-imapd,dovecot-pop3d,ssl-cert,openssl,ca-certificates,procps,iproute2,rsyslog
# The linker looks up the absolute names in libc.so below the root; absolute links are made relative below.
[ -z "$link" ] || packages=libc6-dev

[ "$(id -u)" = 0 ] || { echo "making a root file system needs root" >&2; exit 1; }
command -v mmdebstrap >/dev/null || { echo "making a root file system needs the Debian package mmdebstrap" >&2; exit 1; }

cache=${MAILTLS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mailtlsstate}
key=$release$link-$( (printf %s "$packages"; cat "$0") | sha256sum | cut -c1-12)-$(date +%G%V)
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)
root=$cache/$key

# Held until the root is complete: a second run waits and then finds it. Freed by the kernel when this script dies.
exec 9>"$cache/$release$link.lock"
flock 9
if [ -d "$root" ]; then touch "$root.used"; echo "$root"; exit 0; fi

# Leftovers of builds that died (the lock says that none runs), and roots of former weeks that nobody used.
rm -rf --one-file-system "$cache/.build-$release$link".*
for old in "$cache/$release$link"-*.used; do
    [ -n "$(find "$old" -mtime +14 2>/dev/null)" ] || continue
    rm -rf --one-file-system "${old%.used}"
    rm -f "$old"
done

mirror() {   # main archive only: not security, not backports, not third parties
    apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' 2>/dev/null |
        awk '$2 == "Debian" && NF == 2 { sub("/$", "", $1); print $1; exit }'
}
mirror=${MAILTLS_MIRROR:-$(mirror)}
if [ -z "$mirror" ]; then      # apt knows a repository's label only after the first update
    echo "reading the package lists" >&2
    apt-get -q update >&2
    mirror=$(mirror)
fi
[ -n "$mirror" ] || { echo "apt is not configured with a Debian mirror; set MAILTLS_MIRROR=URL" >&2; exit 1; }

build=$(mktemp -d "$cache/.build-$release$link.XXXXXX")
trap 'rm -rf --one-file-system "$build"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$build"
echo "making a Debian $release root in $root" >&2
if [ -n "$link" ]; then
    mmdebstrap --quiet --mode=root --variant=extract --include="$packages" --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Check-Valid-Until "false"' \
        "$release" "$build/root" "deb $mirror $release main" 9>&- >&2 </dev/null
    find "$build/root" -type l -lname '/*' | while read -r one; do
        ln -snf "$(realpath -m --relative-to="$(dirname "$one")" "$build/root$(readlink "$one")")" "$one"
    done
    : >"$root.used"
    mv "$build/root" "$root"
    echo "$root"
    exit 0
fi

# Own UTS namespace with a fixed name: Postfix's and ssl-cert's scripts copy the name of the machine they run on.
export release host packages mirror build DEBIAN_FRONTEND=noninteractive
unshare --uts sh -euc '
hostname "$host"
mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" \
  --dpkgopt=force-unsafe-io \
  --dpkgopt="path-exclude=/usr/share/man/*" --dpkgopt="path-exclude=/usr/share/locale/*" \
  --dpkgopt="path-exclude=/usr/share/doc/*" --dpkgopt="path-include=/usr/share/doc/*/copyright" \
  --aptopt="Acquire::Languages \"none\"" --aptopt="Acquire::Check-Valid-Until \"false\"" \
  --essential-hook="printf \"127.0.0.1 localhost\n::1 localhost\n10.77.0.1 \$host mail\n\" >\"\$1/etc/hosts\"" \
  --essential-hook=": >\"\$1/etc/resolv.conf\"; echo \"\$host\" >\"\$1/etc/hostname\"" \
  --essential-hook="echo postfix postfix/main_mailer_type select Internet Site | chroot \"\$1\" debconf-set-selections" \
  --essential-hook="echo postfix postfix/mailname string \"\$host\" | chroot \"\$1\" debconf-set-selections" \
  --customize-hook=": >\"\$1/etc/resolv.conf\"; echo \"\$host\" >\"\$1/etc/hostname\"" \
  "$release" "$build/root" "deb $mirror $release main" 9>&-' >&2 </dev/null

: >"$root.used"
mv "$build/root" "$root"       # atomic: a root in the cache is complete
echo "$root"
