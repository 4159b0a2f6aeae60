# For the gate: how the packet filter stands, and whether systemd filters addresses for a unit.
# $1 unit. Prints two lines: the packet filter's state, and the bytes that the unit received, as systemd counts them.

packet_filter
systemctl show --no-pager -p IPIngressBytes --value -- "$1" </dev/null 2>/dev/null
