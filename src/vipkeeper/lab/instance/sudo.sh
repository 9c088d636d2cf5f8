#!/bin/sh
# sudo(8) for who is root already, as user data and the commands of walkthroughs often have it.
# Debian's own cannot be used here: it insists on belonging to the host's root.
user=root login=
while :; do
    case ${1-} in
    -u | --user) user=$2 && shift ;;
    -u?*) user=${1#-u} ;;
    --user=*) user=${1#*=} ;;
    -i | --login | -s | --shell) login=yes ;;
    -g | -p | -C | -h | -r | -t | -U) shift ;; # nothing to ask, nothing to choose
    --) shift && break ;;
    -*) ;;
    *=*) export "${1?}" ;;
    *) break ;;
    esac
    shift
done
if [ "$(id -u)" != 0 ]; then
    echo "sudo: $(id -un) cannot become root: an instance has no programs that change the user" >&2
    exit 1
fi
if [ $# -eq 0 ]; then
    [ -n "$login" ] || exit 0
    set -- /bin/bash -l
fi
export SUDO_USER=root SUDO_UID=0 SUDO_GID=0
[ "$user" = root ] || exec runuser -u "$user" -- "$@"
exec "$@"
