//! MikroTik (14988): RouterOS; Recv is from the visitor, Xmit to the visitor. From MikroTik's
//! manual, "RADIUS Client".

use crate::dictionary::Kind;
use Kind::{Integer, Ipv4, Secret, Text};

attributes! {
    vendor 14988;
    RECV_LIMIT = 1 "Mikrotik-Recv-Limit" Integer;
    XMIT_LIMIT = 2 "Mikrotik-Xmit-Limit" Integer;
    GROUP = 3 "Mikrotik-Group" Text;
    WIRELESS_FORWARD = 4 "Mikrotik-Wireless-Forward" Integer;
    WIRELESS_SKIP_DOT1X = 5 "Mikrotik-Wireless-Skip-Dot1x" Integer;
    WIRELESS_ENC_ALGO = 6 "Mikrotik-Wireless-Enc-Algo" Integer;
    WIRELESS_ENC_KEY = 7 "Mikrotik-Wireless-Enc-Key" Secret;
    RATE_LIMIT = 8 "Mikrotik-Rate-Limit" Text;
    REALM = 9 "Mikrotik-Realm" Text;
    HOST_IP = 10 "Mikrotik-Host-IP" Ipv4;
    MARK_ID = 11 "Mikrotik-Mark-Id" Text;
    ADVERTISE_URL = 12 "Mikrotik-Advertise-URL" Text;
    ADVERTISE_INTERVAL = 13 "Mikrotik-Advertise-Interval" Integer;
    RECV_LIMIT_GIGAWORDS = 14 "Mikrotik-Recv-Limit-Gigawords" Integer;
    XMIT_LIMIT_GIGAWORDS = 15 "Mikrotik-Xmit-Limit-Gigawords" Integer;
    WIRELESS_PSK = 16 "Mikrotik-Wireless-PSK" Secret;
    TOTAL_LIMIT = 17 "Mikrotik-Total-Limit" Integer;
    TOTAL_LIMIT_GIGAWORDS = 18 "Mikrotik-Total-Limit-Gigawords" Integer;
    ADDRESS_LIST = 19 "Mikrotik-Address-List" Text;
    WIRELESS_MPKEY = 20 "Mikrotik-Wireless-MPKey" Secret;
    WIRELESS_COMMENT = 21 "Mikrotik-Wireless-Comment" Text;
    DELEGATED_IPV6_POOL = 22 "Mikrotik-Delegated-IPv6-Pool" Text;
    DHCP_OPTION_SET = 23 "Mikrotik-DHCP-Option-Set" Text;
    DHCP_OPTION_PARAM_STR1 = 24 "Mikrotik-DHCP-Option-Param-STR1" Text;
    WIRELESS_VLANID = 26 "Mikrotik-Wireless-VLANID" Integer;
    WIRELESS_VLANID_TYPE = 27 "Mikrotik-Wireless-VLANID-Type" Integer;
    WIRELESS_MINSIGNAL = 28 "Mikrotik-Wireless-Minsignal" Text;
    WIRELESS_MAXSIGNAL = 29 "Mikrotik-Wireless-Maxsignal" Text;
    SWITCHING_FILTER = 30 "Mikrotik-Switching-Filter" Text;
}
