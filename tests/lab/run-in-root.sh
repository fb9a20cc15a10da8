#!/bin/sh
# run-in-root.sh ROOT CMD…
#   Runs CMD in a throwaway host: own mount, pid, net, uts and ipc namespaces, ROOT read-only below an overlay whose upper layer
#   is a tmpfs. When CMD ends, or this script is killed, the kernel ends every process of the host and all changes are gone.
#   The exit status is CMD's. Needs root and a ROOT made by make-root.sh.
#   Network: lo, and eth0 10.77.0.1/24, cabled to a second namespace "client" with 10.77.0.2/24 (see remote.sh). Nothing else.
#   This folder's scripts are at /run/lab in the host.
#   BIND=src:dst[:src:dst…]  (optional) extra bind mounts, read-only, dst relative to the root
#   PIDFILE=file             (optional) pid 1 of the host as seen from outside, written when the host is ready; a further
#                            command enters with:  nsenter -t PID -a -r -w CMD…   (CMD may be `sleep infinity`). TERM to that
#                            pid ends the host; this script's own process (unshare) holds TERM and INT back, not KILL.
#   LAB_COPY=1               (optional) copy ROOT into the tmpfs instead of laying an overlay over it. Chosen by itself where
#                            ROOT lies on an overlay: the kernel stacks two, and the rehearsal inside needs one of them.
set -eu
if [ -z "${IN_NS:-}" ]; then
    [ "$(id -u)" = 0 ] || { echo "a throwaway host needs root" >&2; exit 1; }
    root=$(realpath "$1"); shift
    [ -x "$root/usr/sbin/postconf" ] || { echo "$root is not a root with Postfix (make-root.sh makes one)" >&2; exit 1; }
    lab=$(dirname "$(realpath "$0")")
    [ -n "${LAB_COPY:-}" ] || [ "$(stat -f -c %T "$root")" != overlayfs ] || LAB_COPY=1
    exec env IN_NS=1 LAB_COPY="${LAB_COPY:-}" LAB="$lab" unshare --mount --pid --net --uts --ipc --fork --kill-child=KILL --propagation private \
        sh "$lab/run-in-root.sh" "$root" "$@"
fi

# ---- from here on: pid 1 of the new pid namespace --------------------------------------------------------------------------
root=$1; shift
# /proc is still the outer one here, so awk sees our pid as its parent, in outer numbers
outer=$(awk '/^PPid/ {print $2}' /proc/self/status)
pidfile=${PIDFILE:-}
if [ -n "$pidfile" ]; then exec 8>"$pidfile"; fi

# The mount point is the base's own /mnt: in this namespace only, so nothing is left behind and any number of hosts share ROOT.
top=$root/mnt
mount -t tmpfs -o mode=755 lab "$top"
mkdir "$top/root"
if [ -n "$LAB_COPY" ]; then
    (cd "$root" && tar --one-file-system --exclude=./mnt/* -cpf - .) | tar -C "$top/root" --numeric-owner -xpf -
    mount --bind "$top/root" "$top/root"
else
    mkdir "$top/upper" "$top/work"
    mount -t overlay overlay -o "lowerdir=$root,upperdir=$top/upper,workdir=$top/work" "$top/root"
fi
cd "$top/root"
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o mode=755,size=16m dev dev          # a private /dev: nothing of the machine's
for n in null zero full random urandom tty; do : >dev/$n; mount --bind /dev/$n dev/$n; done
ln -s /proc/self/fd dev/fd; ln -s fd/0 dev/stdin; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr
mkdir dev/shm dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts; ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=755 run run; mkdir -p run/lock run/lab; chmod 1777 run/lock
mount --bind "$LAB" run/lab; mount -o remount,bind,ro run/lab
bind=${BIND:-}
while [ -n "$bind" ]; do
    src=${bind%%:*}; bind=${bind#*:}; dst=${bind%%:*}
    case $bind in *:*) bind=${bind#*:} ;; *) bind= ;; esac
    if [ -d "$src" ]; then mkdir -p "./$dst"; else mkdir -p "$(dirname "./$dst")"; [ -e "./$dst" ] || : >"./$dst"; fi
    mount --bind "$src" "./$dst"; mount -o remount,bind,ro "./$dst"
done
hostname "$(cat etc/hostname)"
mkdir .old; pivot_root . .old; cd /
umount -l /.old; rmdir /.old
unset IN_NS BIND PIDFILE LAB LAB_COPY root top
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C

ip link set lo up
ip netns add client
ip link add eth0 type veth peer name eth0 netns client
ip addr add 10.77.0.1/24 dev eth0; ip link set eth0 up
ip -n client link set lo up; ip -n client addr add 10.77.0.2/24 dev eth0; ip -n client link set eth0 up

exec 3<&0                             # a background command gets /dev/null as stdin unless it is given another
if [ -n "$pidfile" ]; then echo "$outer" >&8; exec 8>&-; fi
"$@" <&3 3<&- & child=$!              # stay pid 1 so that orphans (daemons) are reaped
exec 3<&-
trap 'kill -TERM $child' TERM INT
rc=0; wait $child || rc=$?
exit $rc
