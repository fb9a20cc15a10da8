# rehearsal POSTFIX DOVECOT SCRATCH MOUNT… -- CHANGE…
#   Runs as process 1 of namespaces of its own (mount, process, network, IPC). Lays a copy-on-write view over the whole host, makes the
#   staged changes in it, and starts the mail daemons there. It ends, and the kernel ends the daemons with it, when its
#   standard input is closed: so also when its caller dies.
#   POSTFIX  configuration directory, or empty      DOVECOT  dovecot.conf, or empty      SCRATCH  any directory
#   MOUNT    overlay PATH | bind PATH: another file system of the host, below / in this order
#   CHANGE   directory PATH OWNER GROUP MODE | remove PATH | file PATH STAGED
#   Says: pid N (as the caller sees it), mounted (then waits for a line), log PATH, postfix N|failed, dovecot N|failed, ready.
set -eu
umask 022
read -r pid rest </proc/self/stat             # still the caller's /proc
echo "pid $pid"
postfix=$1 dovecot=$2 scratch=$3
shift 3

mount -t tmpfs -o mode=755 rehearsal "$scratch"
new=$scratch/root
layers=0
mkdir "$new"

overlay() {
    layers=$((layers + 1))
    upper=$scratch/$layers/upper
    mkdir -p "$upper" "$scratch/$layers/work"
    [ "$1" = / ] || { chown --reference="$1" "$upper"; chmod --reference="$1" "$upper"; }
    mount -t overlay -o "lowerdir=$1,upperdir=$upper,workdir=$scratch/$layers/work" rehearsal "$new$1"
}

overlay /
while [ "$1" != -- ]; do
    case $1 in
        overlay) overlay "$2" ;;
        bind) mount -o bind,ro "$2" "$new$2" ;;
    esac
    shift 2
done
shift
mount -t proc -o nosuid,nodev,noexec proc "$new/proc"
mount -t tmpfs -o mode=755 dev "$new/dev"     # without the host's /dev/log: the rehearsal must not write to its log
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom "$new/dev/"
ln -s /proc/self/fd "$new/dev/fd"
ln -s fd/1 "$new/dev/stdout"
ln -s fd/2 "$new/dev/stderr"
mkdir "$new/dev/shm" "$new/.rehearsal-old"
chmod 1777 "$new/dev/shm"
cd "$new"
pivot_root . .rehearsal-old
cd /
umount -l /.rehearsal-old
rmdir /.rehearsal-old

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
    (cd "$queue" && tar --no-recursion -cf /dev/shm/queue . ./*/) || return 1
    for jail in etc lib lib64 usr; do
        [ ! -d "$queue/$jail" ] || cp -a "$queue/$jail" "/dev/shm/jail-$jail" || return 1
    done
    mount -t tmpfs rehearsal "$queue" || return 1
    tar -C "$queue" --same-owner -xpf /dev/shm/queue || return 1
    for jail in etc lib lib64 usr; do
        [ ! -d "/dev/shm/jail-$jail" ] || cp -a "/dev/shm/jail-$jail/." "$queue/$jail/" || return 1
    done
}

start_postfix() {
    "$daemons/master" -w -c "$postfix" || return 1
    read -r master <"$queue/pid/master.pid" && echo "postfix $master"
}

# The value of a setting of Dovecot. Not by -h: 2.4 refuses it for a name that other blocks may set, too.
setting_of() {
    doveconf -c "$dovecot" "$1" >/dev/shm/setting || return 1
    while IFS= read -r line; do
        case $line in "$1 ="*) value=${line#"$1 ="}; echo "${value# }"; return 0 ;; esac
    done </dev/shm/setting
    return 1
}

start_dovecot() {
    base=$(setting_of base_dir) || return 1
    case $base in /?*) ;; *) return 1 ;; esac
    for setting in log_path info_log_path debug_log_path; do
        log=$(setting_of $setting) || return 1
        own_log "$log" || return 1
    done
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

if [ "$postfix" ] && ! prepare_postfix; then echo postfix failed; postfix=''; fi
if [ "$dovecot" ]; then (start_dovecot || echo dovecot failed) & fi
if [ "$postfix" ]; then start_postfix || echo postfix failed; fi
wait
echo ready
while read -r line; do :; done
