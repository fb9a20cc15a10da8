#!/bin/sh
# needs.sh PACKAGE…
#   Installs the Debian packages that are missing. Asks apt for new lists only when the present ones do not do.
set -eu
missing=
for p in "$@"; do
    # `a|b`: either will do
    found=
    for one in $(echo "$p" | tr '|' ' '); do
        case $(dpkg-query -W -f '${db:Status-Status}' "$one" 2>/dev/null || :) in installed) found=1 ;; esac
    done
    [ -n "$found" ] || missing="$missing ${p##*|}"
done
[ -n "$missing" ] || exit 0
echo "installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
install() { apt-get -q -y install --no-install-recommends $missing </dev/null >&2; }
install 2>/dev/null || { apt-get -q update </dev/null >&2 && install; }
