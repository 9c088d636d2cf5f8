#!/bin/sh
# Called by udhcpc with the event as argument and the lease in the environment.
# The lifetimes are the lease's, so that `ip address` shows a dynamic address which expires
# if nobody renews it. Nothing is flushed: a virtual IP beside it belongs to somebody else.

# The first link's default route is the best one: eth0 has no metric, eth1 has 1, and so on.
metric=${interface##*[!0-9]}

route() { # DESTINATION GATEWAY
    case $1 in
    default | 0.0.0.0/0) ip route replace default via "$2" dev "$interface" metric "${metric:-0}" ;;
    *)
        case $2 in
        0.0.0.0) ip route replace "$1" dev "$interface" ;; # RFC 3442: on the link itself
        *) ip route replace "$1" via "$2" dev "$interface" ;;
        esac
        ;;
    esac
}

# RFC 3442: who is given classless routes ignores the router option.
routes() {
    if [ -n "$staticroutes" ]; then
        # shellcheck disable=SC2086 # words: destination, gateway, destination, gateway, ...
        set -- $staticroutes
        while [ $# -ge 2 ]; do
            route "$1" "$2"
            shift 2
        done
    else
        # shellcheck disable=SC2086 # a list
        set -- $router
        [ $# -eq 0 ] || route default "$1"
    fi
}

# One file for each link, as more than one may name servers; without any, /etc/resolv.conf is
# the user's.
resolver() {
    [ -n "$dns" ] || return 0
    {
        [ -z "${search:-$domain}" ] || echo "search ${search:-$domain}"
        for server in $dns; do echo "nameserver $server"; done
    } >"/run/resolv-$interface"
    cat /run/resolv-* >/etc/resolv.conf
}

case $1 in
deconfig)
    ip link set dev "$interface" up
    ;;
bound | renew)
    [ -z "$mtu" ] || ip link set dev "$interface" mtu "$mtu"
    ip address replace "$ip/$mask" broadcast "${broadcast:-+}" dev "$interface" \
        valid_lft "$lease" preferred_lft "$lease"
    routes
    resolver
    # Tells init that this interface is configured.
    : >"/run/network-$interface"
    kill -USR1 1
    ;;
esac
