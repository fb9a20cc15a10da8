# rehearsal POSTFIX DOVECOT SCRATCH LABELS MOUNT… -- CHANGE…
#   Runs as process 1 of namespaces of its own (mount, process, network, IPC). Lays a copy-on-write view over the whole host, makes the
#   staged changes in it, and starts the mail daemons there. It ends, and the kernel ends the daemons with it, when its
#   standard input is closed: so also when its caller dies.
#   POSTFIX  configuration directory, or empty      DOVECOT  dovecot.conf, or empty      SCRATCH  any directory
#   LABELS   not empty: the host has SELinux
#   MOUNT    overlay PATH MODE | bind PATH: another file system of the host, below / in this order
#   CHANGE   directory PATH OWNER GROUP MODE | remove PATH | file PATH STAGED
#   Says: pid N (as the caller sees it), mounted (then waits for a line), log PATH, postfix N|failed, dovecot N|failed, ready.
set -eu
umask 022
read -r pid rest </proc/self/stat             # still the caller's /proc
echo "pid $pid"
postfix=$1 dovecot=$2 scratch=$3 labels=$4
shift 4

# Each program that is started costs as much as what it does here, so one of them does what it can.
new=$scratch/root
layers=1 directories="$new $scratch/1/upper $scratch/1/work"      # names of our own: none has a space
for word in "$@"; do
    case $word in
        --) break ;;
        overlay) layers=$((layers + 1)) directories="$directories $scratch/$layers/upper $scratch/$layers/work" ;;
    esac
done
mount -t tmpfs -o mode=755 rehearsal "$scratch"
mkdir -p $directories

layers=0
overlay() {
    layers=$((layers + 1))
    upper=$scratch/$layers/upper
    [ "$2" = 0755 ] || chmod "$2" "$upper"
    { [ -O "$1" ] && [ -G "$1" ]; } || chown --reference="$1" "$upper"
    mount -t overlay -o "lowerdir=$1,upperdir=$upper,workdir=$scratch/$layers/work" rehearsal "$new$1"
}

overlay / 0755
while [ "$1" != -- ]; do
    case $1 in
        overlay) overlay "$2" "$3"; shift 3 ;;
        bind) mount -o bind,ro "$2" "$new$2"; shift 2 ;;
    esac
done
shift
mount -t proc -o nosuid,nodev,noexec proc "$new/proc"
mount -t tmpfs -o mode=755 dev "$new/dev"     # without the host's /dev/log: the rehearsal must not write to its log
mkdir -m 1777 "$new/dev/shm" "$new/dev/.old"
links=''
for link in fd stdout stderr; do [ ! -h /dev/$link ] || links="$links /dev/$link"; done
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom $links "$new/dev/"
cd "$new"
pivot_root . dev/.old
cd /
umount -l /dev/.old

while [ $# -gt 0 ]; do
    case $1 in
        directory)
            mkdir -p -- "$2"
            chown "$3:$4" -- "$2"
            chmod "$5" -- "$2"
            shift 5
            ;;
        remove)
            rm -f -- "$2"
            shift 2
            ;;
        file)
            cp -a --remove-destination -- "$3" "$2"
            shift 3
            ;;
    esac
done

echo mounted
read -r go                                    # the caller brings up the loopback interface and listens on /dev/log

# A log of the daemon's own starts empty, so that all of it is about the rehearsal.
own_log() {
    case $1 in
        /dev/* | '') ;;
        /*) : >"$1" && echo "log $(realpath "$1")" ;;
    esac
}

# Nothing is started before the queue is a private one: no mail may move. Nor is Dovecot, whose sockets for Postfix are in there.
prepare_postfix() {
    touch -d '1 minute ago' "$postfix/main.cf" "$postfix/master.cf" || return 1
    settings=$(postconf -c "$postfix" queue_directory daemon_directory maillog_file) || return 1
    queue='' daemons='' log=''
    while IFS=' ' read -r name equals value; do
        case $name in
            queue_directory) queue=$value ;;
            daemon_directory) daemons=$value ;;
            maillog_file) log=$value ;;
        esac
    done <<END
$settings
END
    [ -d "$queue" ] && [ -x "$daemons/master" ] || return 1
    own_log "$log" || return 1
    mkdir /dev/shm/queue && mount -t tmpfs rehearsal /dev/shm/queue || return 1
    (cd "$queue" && tar --no-recursion -cf - . ./*/) | tar -C /dev/shm/queue --same-owner -xpf - || return 1
    (
        cd "$queue" || exit 1
        set --
        for jail in etc lib lib64 usr; do [ ! -d $jail ] || set -- "$@" $jail; done
        [ $# = 0 ] || cp -a "$@" /dev/shm/queue/
    ) || return 1
    mount --move /dev/shm/queue "$queue"
}

start_postfix() {
    # The domain that its label calls for is none of an administrator's role, so it could not be started at all. The copy in this view gets
    # the label of any program, and all run in the domain of this script: in their own they could not read through an overlay.
    [ -z "$labels" ] || chcon --reference=/bin/cat "$daemons/master" || return 1
    "$daemons/master" -w -c "$postfix" || return 1
    read -r master <"$queue/pid/master.pid" && echo "postfix $master"
}

# Not by -h: 2.4 refuses it for a name that other blocks may set, too.
ask_dovecot() { doveconf -c "$dovecot" base_dir log_path info_log_path debug_log_path >/dev/shm/dovecot; }

start_dovecot() {
    base=''
    while read -r name equals value; do
        case $name in
            base_dir) base=$value ;;
            *_path) own_log "$value" || return 1 ;;
        esac
    done </dev/shm/dovecot
    case $base in /?*) ;; *) return 1 ;; esac
    rm -rf -- "$base" || return 1
    dovecot -c "$dovecot" || return 1
    tries=0                                   # the program returns before its daemon has written its number
    while [ ! -s "$base/master.pid" ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || return 1
        sleep 0.01
    done
    read -r master <"$base/master.pid" && echo "dovecot $master"
}

if [ "$dovecot" ]; then ask_dovecot & asked=$!; fi
if [ "$postfix" ] && ! prepare_postfix; then echo postfix failed; postfix=''; fi
if [ "$dovecot" ] && ! wait $asked; then echo dovecot failed; dovecot=''; fi
if [ "$dovecot" ]; then (start_dovecot || echo dovecot failed) & fi
if [ "$postfix" ]; then start_postfix || echo postfix failed; fi
wait
echo ready
while read -r line; do :; done
