//! Fortinet (12356): FortiGate and FortiAP. From Fortinet's administration guide, "RADIUS AVPs
//! and VSAs".

use crate::dictionary::Kind;
use Kind::{Ethernet, Ipv4, Octets, Text, Time};

attributes! {
    vendor 12356;
    GROUP_NAME = 1 "Fortinet-Group-Name" Text;
    CLIENT_IP_ADDRESS = 2 "Fortinet-Client-IP-Address" Ipv4;
    VDOM_NAME = 3 "Fortinet-Vdom-Name" Text;
    CLIENT_IPV6_ADDRESS = 4 "Fortinet-Client-IPv6-Address" Octets;
    INTERFACE_NAME = 5 "Fortinet-Interface-Name" Text;
    ACCESS_PROFILE = 6 "Fortinet-Access-Profile" Text;
    SSID = 7 "Fortinet-SSID" Text;
    AP_NAME = 8 "Fortinet-AP-Name" Text;
    FAC_AUTH_STATUS = 11 "Fortinet-FAC-Auth-Status" Text;
    FAC_TOKEN_ID = 12 "Fortinet-FAC-Token-ID" Text;
    FAC_CHALLENGE_CODE = 15 "Fortinet-FAC-Challenge-Code" Text;
    WIRELESSCONTROLLER_DEVICE_MAC = 23 "Fortinet-WirelessController-Device-MAC" Ethernet;
    WIRELESSCONTROLLER_WTP_ID = 24 "Fortinet-WirelessController-WTP-ID" Text;
    WIRELESSCONTROLLER_ASSOC_TIME = 25 "Fortinet-WirelessController-Assoc-Time" Time;
    TENANT_IDENTIFICATION = 41 "Fortinet-Tenant-Identification" Text;
    HOST_PORT_AVPAIR = 42 "Fortinet-Host-Port-AVPair" Text;
}
