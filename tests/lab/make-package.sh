#!/bin/sh
# make-package.sh RELEASE PACKAGE
#   Prints the path of a Debian package's file that fits make-root.sh's root of RELEASE: for `dpkg -i` in a throwaway host, which
#   has no network. Kept in the same cache beside that root, and fetched anew with it.
# Needs what make-root.sh needs. Progress on stderr.
set -eu
umask 022
lab=$(dirname "$(realpath "$0")")
root=$(sh "$lab/make-root.sh" "$1")
package=$2
file=$root.$package.deb
# Held until the file is complete, as in make-root.sh.
exec 9>"$(dirname "$root")/package.lock"
flock 9
if [ -e "$file" ]; then echo "$file"; exit 0; fi
for old in "$(dirname "$root")"/*."$package.deb"; do [ -d "${old%."$package.deb"}" ] || rm -f "$old"; done

# The root itself stays as it is: apt writes to a tmpfs over it, in mounts of our own.
echo "fetching $package for Debian $1" >&2
export root package file
unshare --mount --propagation private sh -euc '
mount -t tmpfs package "$root/mnt"
mkdir "$root/mnt/upper" "$root/mnt/work" "$root/mnt/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$root/mnt/upper,workdir=$root/mnt/work" "$root/mnt/root"
cd "$root/mnt/root"
mount -t proc proc proc
mount --rbind /dev dev
mount --bind /etc/resolv.conf etc/resolv.conf
mkdir fetched
chroot . sh -euc "apt-get -q -o APT::Sandbox::User=root update && cd fetched && apt-get -q -o APT::Sandbox::User=root download $package"
cp fetched/*.deb "$file.part"
mv "$file.part" "$file"' 9>&- >&2 </dev/null
echo "$file"
