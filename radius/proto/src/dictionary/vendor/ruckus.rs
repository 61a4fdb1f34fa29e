//! Ruckus (25053): ZoneDirector, SmartZone and Unleashed. Limits come with the user group.

use crate::dictionary::Kind;
use Kind::{Integer, Octets, Secret, Text, Tlv};

attributes! {
    vendor 25053;
    USER_GROUPS = 1 "Ruckus-User-Groups" Text;
    STA_RSSI = 2 "Ruckus-Sta-RSSI" Integer;
    SSID = 3 "Ruckus-SSID" Text;
    WLAN_ID = 4 "Ruckus-Wlan-Id" Integer;
    LOCATION = 5 "Ruckus-Location" Text;
    GRACE_PERIOD = 6 "Ruckus-Grace-Period" Integer;
    SCG_CBLADE_IP = 7 "Ruckus-SCG-CBlade-IP" Integer;
    SCG_DBLADE_IP = 8 "Ruckus-SCG-DBlade-IP" Integer;
    VLAN_ID = 9 "Ruckus-VLAN-ID" Integer;
    STA_UUID = 11 "Ruckus-Sta-UUID" Text;
    ACCEPT_ENHANCEMENT_REASON = 12 "Ruckus-Accept-Enhancement-Reason" Integer;
    STA_INNER_ID = 13 "Ruckus-Sta-Inner-Id" Text;
    BSSID = 14 "Ruckus-BSSID" Octets;
    IMSI = 102 "Ruckus-IMSI" Octets;
    MSISDN = 103 "Ruckus-MSISDN" Octets;
    SESSION_TYPE = 125 "Ruckus-Session-Type" Integer;
    ZONE_ID = 127 "Ruckus-Zone-Id" Text;
    WISPR_REDIRECT_POLICY = 132 "Ruckus-Wispr-Redirect-Policy" Text;
    ZONE_NAME = 134 "Ruckus-Zone-Name" Text;
    WLAN_NAME = 135 "Ruckus-Wlan-Name" Text;
    AP_ROAMED = 136 "Ruckus-AP-Roamed" Integer;
    CLIENT_HOST_NAME = 138 "Ruckus-Client-Host-Name" Text;
    CLIENT_OS_TYPE = 139 "Ruckus-Client-Os-Type" Text;
    CLIENT_OS_CLASS = 140 "Ruckus-Client-Os-Class" Text;
    VLAN_POOL = 141 "Ruckus-Vlan-Pool" Text;
    DPSK = 142 "Ruckus-Dpsk" Secret;
    CP_TOKEN = 143 "Ruckus-CP-Token" Text;
    MAX_DL_UL_QUOTA = 144 "Ruckus-Max-DL-UL-Quota" Integer;
    TRAFFIC_CLASS_ATTRIBUTE_IDS = 145 "Ruckus-Traffic-Class-Attribute-Ids" Text;
    TC_ATTR_IDS_WITH_QUOTA = 146 "Ruckus-TC-Attr-Ids-With-Quota" Tlv;
    NAT_POOL_NAME = 147 "Ruckus-Nat-Pool-Name" Text;
    TC_ACCT_CTRS = 149 "Ruckus-TC-Acct-Ctrs" Tlv;
    DPSK_PARAMS = 153 "Ruckus-DPSK-Params" Tlv;
    SCI_ROLE = 200 "Ruckus-SCI-Role" Text;
    SCI_RESOURCE_GROUP = 201 "Ruckus-SCI-Resource-Group" Text;
}
