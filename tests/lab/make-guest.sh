#!/bin/sh
# make-guest.sh [--selinux] [RELEASE]
#   Prints the folder of a bootable machine with systemd, Postfix and Dovecot (default: bookworm), building it when the cache has
#   none: disk.img (ext4 with a journal, as an installer makes it), vmlinuz (Debian's cloud kernel), initrd (a static busybox and a
#   few modules) and cmdline (words for the kernel). run-guest.sh boots it. Cache, mirror and needs: as make-root.sh, and besides
#   e2fsprogs busybox-static cpio kmod zstd xz-utils. Progress on stderr.
#   --selinux  with Debian's policy, which the kernel enforces, the disk labelled; what the lab runs there is unconfined
#   In the guest: eth0 10.77.0.1/24 (a dummy: no cable), /run/lab as in a throwaway host, no udev, no getty, no timers.
set -eu
umask 022
selinux=
if [ "${1:-}" = --selinux ]; then selinux=-selinux; shift; fi
release=${1:-bookworm}
lab=$(dirname "$(realpath "$0")")
case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) echo "no guest for $(uname -m)" >&2; exit 1 ;; esac

root=$(sh "$lab/make-root.sh" "$release")
cache=$(dirname "$root")
guest=$cache/guest$selinux-$(basename "$root")-$( (cat "$0"; cat "$lab"/guest/*) | sha256sum | cut -c1-12)

exec 9>"$cache/guest$selinux-$release.lock"
flock 9
if [ -d "$guest" ]; then touch "$guest"; echo "$guest"; exit 0; fi
rm -rf "$cache/.guest$selinux-$release".*
for old in "$cache/guest$selinux-$release"-*; do
    if [ -d "$old" ] && [ -n "$(find "$old" -maxdepth 0 -mtime +14)" ]; then rm -rf "$old"; fi
done
build=$(mktemp -d "$cache/.guest$selinux-$release.XXXXXX")
trap 'rm -rf --one-file-system "$build"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$build"
echo "making a Debian $release guest${selinux:+ with SELinux} in $guest" >&2
mkdir "$build/out"

# -- kernel and modules: taken out of the package, so that no initramfs-tools run is needed --------------------------------------
kernel=$(apt-cache depends "linux-image-cloud-$arch" | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
[ -n "$kernel" ] || { apt-get -q update >&2; kernel=$(apt-cache depends "linux-image-cloud-$arch" | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }'); }
(cd "$build" && apt-get -q -o APT::Sandbox::User=root download "$kernel" >&2)
mkdir "$build/kernel"
dpkg-deb -x "$build/$kernel"_*.deb "$build/kernel"
cp "$build"/kernel/boot/vmlinuz-* "$build/out/vmlinuz"
version=$(basename "$build"/kernel/boot/vmlinuz-*); version=${version#vmlinuz-}
base=$build/kernel; [ -d "$base/lib/modules" ] || base=$base/usr
depmod -b "$base" "$version"

initrd=$build/initrd
mkdir -p "$initrd/bin" "$initrd/mod" "$initrd/dev" "$initrd/proc" "$initrd/new"
cp "$(command -v busybox)" "$initrd/bin/busybox"
ln -s busybox "$initrd/bin/sh"
number=10 seen=' '
for module in virtio_pci virtio_blk virtio_rng virtio_console ext4 overlay dummy; do
    for file in $(modprobe -d "$base" -S "$version" --show-depends "$module" 2>/dev/null | awk '$1 == "insmod" { print $2 }'); do
        case $seen in *" $file "*) continue ;; esac
        seen="$seen$file "
        to=$initrd/mod/$number-$(basename "$file"); number=$((number + 1))
        case $file in *.xz) xz -dc "$file" >"${to%.xz}" ;; *.zst) zstd -qdc "$file" >"${to%.zst}" ;; *) cp "$file" "$to" ;; esac
    done
done
install -m 755 "$lab/guest/init" "$initrd/init"
(cd "$initrd" && find . | cpio --quiet -o -H newc | zstd -q -6) >"$build/out/initrd"

# -- the disk -------------------------------------------------------------------------------------------------------------------
cp -a --reflink=auto "$root" "$build/root"
top=$build/root
outside_apt() {   # this machine's apt and network, the root's packages and dpkg
    DEBIAN_FRONTEND=noninteractive unshare --mount sh -euc 'mount -t proc proc "$0/proc"; exec apt-get "$@"' "$top" -q -y -o Dir="$top" -o DPkg::Chroot-Directory="$top" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false -o DPkg::Options::=--force-unsafe-io \
        -o DPkg::Options::=--path-exclude=/usr/share/man/* -o DPkg::Options::=--path-exclude=/usr/share/locale/* \
        -o DPkg::Options::=--path-exclude=/usr/share/doc/* "$@" </dev/null >&2
}
outside_apt update
outside_apt install --no-install-recommends systemd-sysv strace \
    ${selinux:+selinux-policy-default selinux-utils policycoreutils policycoreutils-python-utils attr}
install -m 755 "$lab/guest/agent" "$top/usr/local/sbin/lab-agent"
install -m 644 "$lab/guest/lab-agent.service" "$lab/guest/lab-network.service" "$top/etc/systemd/system/"
mkdir -p "$top/etc/systemd/system/multi-user.target.wants" "$top/usr/local/lib/lab"
for unit in lab-agent lab-network; do ln -s "../$unit.service" "$top/etc/systemd/system/multi-user.target.wants/$unit.service"; done
cp "$lab"/*.sh "$top/usr/local/lib/lab/"
for unit in systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service \
    systemd-logind.service systemd-timesyncd.service getty@tty1.service serial-getty@ttyS0.service getty-static.service rsyslog.service syslog.socket \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    logrotate.timer systemd-tmpfiles-clean.timer systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    systemd-random-seed.service systemd-pstore.service modprobe@.service kmod-static-nodes.service; do
    ln -sf /dev/null "$top/etc/systemd/system/$unit"
done
echo 11111111222233334444555555555555 >"$top/etc/machine-id"       # else systemd takes each boot for the first
: >"$top/etc/fstab"
find "$top/var/log" -type f -delete
# Postfix's unit copies every root certificate into its chroot at each start, which takes an emulator seconds.
find "$top/etc/ssl/certs" -name '*.pem' ! -name 'ssl-cert-*' -delete
find "$top/etc/ssl/certs" -name '*.0' -delete
: >"$top/etc/ssl/certs/ca-certificates.crt"
rm -rf "$top"/boot/* "$top"/var/cache/apt/*.bin "$top"/var/cache/apt/archives/*.deb "$top"/var/lib/apt/lists/*
echo "audit=0" >"$build/out/cmdline"
if [ -n "$selinux" ]; then
    echo "security=selinux selinux=1 enforcing=1 audit=1" >"$build/out/cmdline"
    printf 'SELINUX=enforcing\nSELINUXTYPE=default\n' >"$top/etc/selinux/config"
    mkdir -p "$top/etc/systemd/system/lab-agent.service.d"
    printf '[Service]\nSELinuxContext=unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\n' >"$top/etc/systemd/system/lab-agent.service.d/selinux.conf"
    chroot "$top" postfix check 2>/dev/null || :     # makes the queue's folders, so that they are labelled, too
    # A kernel without SELinux writes labels as any attribute. By the root's own program, which knows the form of its policy's files;
    # it needs /proc.
    unshare --mount sh -euc 'mount -t proc proc "$0/proc"; chroot "$0" setfiles /etc/selinux/default/contexts/files/file_contexts /' "$top" >&2
fi
truncate -s 1200M "$build/out/disk.img"
mke2fs -q -t ext4 -m 0 -E root_owner=0:0 -d "$top" "$build/out/disk.img"

mv "$build/out" "$guest"       # atomic: a guest in the cache is complete
echo "$guest"
