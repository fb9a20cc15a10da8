#!/bin/sh
# run-guest.sh GUEST DISK SOCKET JOB
#   Boots the machine that make-guest.sh put into the folder GUEST on DISK, a copy of its disk.img that keeps what the guest writes,
#   in an emulator without KVM. Its agent answers on the Unix socket SOCKET (guest/agent has the protocol). The console comes on
#   stdout. Killing the emulator (this process) is a power cut. JOB: a tar file, whole KiB long, that the guest unpacks to /run/job.
#   The guest's time is what it computes, one nanosecond an instruction, and waiting takes none (-icount): a machine that is busy or
#   slow makes no time limit in the guest run out. Only waiting for a disk would: time runs on in steps as long as the next event is
#   away. So the disk's writes go to this machine's memory (cache=unsafe), which a power cut of the guest leaves as it is.
#   START=2026-11-25T12:00:00 sets its clock; MEM=768 (MiB). Needs qemu-system-x86 (no recommends). The guest has no network device.
set -eu
guest=$1 disk=$2 socket=$3 job=$4
case $(uname -m) in
aarch64) set -- qemu-system-aarch64 -machine virt -cpu max,pauth-impdef=on; console=ttyAMA0 ;;
*) set -- qemu-system-x86_64 -machine q35 -cpu max; console=ttyS0 ;;
esac
exec "$@" -accel tcg,thread=single,tb-size=256 -icount shift=0,sleep=off -rtc "base=${START:-utc},clock=vm" \
    -nodefaults -no-user-config -display none -smp 1 -m "${MEM:-768}" -no-reboot -nic none \
    -kernel "$guest/vmlinuz" -initrd "$guest/initrd" -serial stdio -device virtio-rng-pci \
    -drive file="$disk",format=raw,if=none,id=disk,cache=unsafe -device virtio-blk-pci,drive=disk \
    -drive file="$job",format=raw,if=none,id=job,readonly=on -device virtio-blk-pci,drive=job \
    -device virtio-serial-pci -chardev socket,id=agent,path="$socket",server=on,wait=off -device virtserialport,chardev=agent,name=agent \
    -append "console=$console quiet loglevel=4 panic=-1 mitigations=off systemd.show_status=0 $(cat "$guest/cmdline")" </dev/null
