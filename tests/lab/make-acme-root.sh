#!/bin/sh
# make-acme-root.sh
#   Prints the path of a Debian 12 root like make-root.sh's with what other people use beside it: certbot, lego and Pebble (an ACME
#   server for tests) as Debian packages them, GnuTLS's certtool, curl, Python's cryptography, and go-client/ as /usr/local/bin/go-client.
#   Made on top of make-root.sh's, in the same cache, and anew when that one, this script or go-client changes.
# Needs what make-root.sh needs. Progress on stderr.
set -eu
umask 022
lab=$(dirname "$(realpath "$0")")
base=$(sh "$lab/make-root.sh" bookworm)
cache=$(dirname "$base")
root=$base-acme-$(cat "$0" "$lab/go-client/main.go" | sha256sum | cut -c1-12)

# Held until the root is complete, as in make-root.sh.
exec 9>"$cache/acme.lock"
flock 9
if [ -d "$root" ]; then touch "$root.used"; echo "$root"; exit 0; fi
rm -rf --one-file-system "$cache/.build-acme".*
for old in "$cache"/*-acme-*.used; do
    [ -n "$(find "$old" -mtime +14 2>/dev/null)" ] || continue
    rm -rf --one-file-system "${old%.used}"
    rm -f "$old"
done

build=$(mktemp -d "$cache/.build-acme.XXXXXX")
trap 'rm -rf --one-file-system "$build"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$build"
echo "making a root with ACME clients in $root" >&2
cp -a "$base" "$build/root"
mkdir "$build/root/tmp/go-client"
cp "$lab/go-client/main.go" "$build/root/tmp/go-client/"

# Own mounts: the build sees a /proc, a /dev and this machine's name servers, and nothing of them stays. The compiler goes again.
export build DEBIAN_FRONTEND=noninteractive
unshare --mount --uts --propagation private sh -euc '
hostname mail.mydomain.com
root=$build/root
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
printf "#!/bin/sh\nexit 101\n" >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
chroot "$root" sh -euc "
    apt-get -q update
    apt-get -q -y install --no-install-recommends certbot lego pebble gnutls-bin curl python3-cryptography
    dpkg-query -W -f \"\\\${Package}\\\\n\" | sort >/tmp/kept
    apt-get -q -y install --no-install-recommends golang-go
    cd /tmp/go-client
    CGO_ENABLED=0 GOCACHE=/tmp/go-cache GO111MODULE=off go build -o /usr/local/bin/go-client main.go
    apt-get -q -y purge \$(dpkg-query -W -f \"\\\${Package}\\\\n\" | sort | comm -13 /tmp/kept - | tr \"\\\\n\" \" \")
    apt-get clean
    rm -rf /tmp/go-client /tmp/go-cache /tmp/kept /var/lib/apt/lists/*_dists_*
"
rm "$root/usr/sbin/policy-rc.d"' 9>&- >&2 </dev/null

: >"$root.used"
mv "$build/root" "$root"
echo "$root"
