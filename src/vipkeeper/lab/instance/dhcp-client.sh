#!/bin/sh
# Called by udhcpc with the event as argument and the lease in the environment.
# The lifetimes are the lease's, so that `ip address` shows a dynamic address which expires
# if nobody renews it. Nothing is flushed: a virtual IP beside it belongs to somebody else.
case $1 in
deconfig)
    ip link set dev "$interface" up
    ;;
bound | renew)
    [ -z "$mtu" ] || ip link set dev "$interface" mtu "$mtu"
    ip address replace "$ip/$mask" broadcast "${broadcast:-+}" dev "$interface" \
        valid_lft "$lease" preferred_lft "$lease"
    for gateway in $router; do
        ip route replace default via "$gateway" dev "$interface"
        break
    done
    # Tells init that this interface is configured.
    : >"/run/network-$interface"
    kill -USR1 1
    ;;
esac
