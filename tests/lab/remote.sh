#!/bin/sh
# remote.sh CMD…
#   Inside a throwaway host: runs CMD as another machine would see the host, from 10.77.0.2 in a network namespace of its own.
#   The host is 10.77.0.1 (mail.mydomain.com) there; files and processes are the host's.
exec nsenter --net=/run/netns/client "$@"
