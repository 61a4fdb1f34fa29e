# Access point {{name}} of Sabeel: for the shell of OpenWrt with uspot. The interface and the firewall
# zone "captive", and the sets "uspot" and "wlist", are those of uspot's own README.
uci set uspot.captive=uspot
uci set uspot.captive.auth_mode='uam'
uci set uspot.captive.interface='captive'
uci set uspot.captive.setname='uspot'
uci set uspot.captive.auth_server={{server}}
uci set uspot.captive.auth_port={{auth-port}}
uci set uspot.captive.auth_secret={{secret}}
uci set uspot.captive.acct_server={{server}}
uci set uspot.captive.acct_port={{acct-port}}
uci set uspot.captive.acct_secret={{secret}}
uci set uspot.captive.counters='1'
uci set uspot.captive.das_secret={{secret}}
uci set uspot.captive.das_port={{dae-port}}
uci set uspot.captive.nasid={{identifier-or-name}}
uci set uspot.captive.nasmac="$(cat /sys/class/net/br-captive/address)"
uci set uspot.captive.mac_format='AA-BB-CC-DD-EE-FF'
uci set uspot.captive.mac_auth='1'
uci set uspot.captive.uam_server={{portal-url}}
{{?uam-secret}}uci set uspot.captive.uam_secret={{uam-secret}}
uci set firewall.sabeel_orders=rule
uci set firewall.sabeel_orders.name='Allow-Sabeel-orders'
uci set firewall.sabeel_orders.src='wan'
uci set firewall.sabeel_orders.proto='udp'
uci set firewall.sabeel_orders.src_ip={{orders-from}}
uci set firewall.sabeel_orders.dest_port={{dae-port}}
uci set firewall.sabeel_orders.target='ACCEPT'
uci set dhcp.sabeel_garden=ipset
uci add_list dhcp.sabeel_garden.name='wlist'
uci add_list dhcp.sabeel_garden.domain={{portal-host}}
{{*garden}}uci add_list dhcp.sabeel_garden.domain={{garden}}
uci commit
service firewall restart
service dnsmasq restart
service uspot restart
# If its radcli signs no Access-Request: sabeel nas set {{name}} --message-authenticator optional
