//! Cambium (17713): cnPilot, cnMaestro and ePMP; octets with their high words apart.

use crate::dictionary::Kind;
use Kind::{Integer, Text, Tlv};

attributes! {
    vendor 17713;
    AUTH_ROLE = 1 "Cambium-Auth-Role" Integer;
    EPMP_DATA_VLAN_ID = 21 "Cambium-ePMP-Data-VLAN-Id" Integer;
    EPMP_MANAGEMENT_VLAN_ID = 22 "Cambium-ePMP-Management-VLAN-Id" Integer;
    EPMP_MAX_BURST_UPLINK_RATE = 26 "Cambium-ePMP-Max-Burst-Uplink-Rate" Integer;
    EPMP_MAX_BURST_DOWNLINK_RATE = 27 "Cambium-ePMP-Max-Burst-Downlink-Rate" Integer;
    EPMP_USERLEVEL = 50 "Cambium-ePMP-UserLevel" Integer;
    EPMP_SM_PRIORITY = 51 "Cambium-ePMP-SM-Priority" Integer;
    EPMP_VLAN_MEMBERSIP_SET = 52 "Cambium-ePMP-VLAN-Membersip-Set" Integer;
    EPMP_MANAGEMENT_VLAN_PRIORITY = 53 "Cambium-ePMP-Management-VLAN-Priority" Integer;
    EPMP_DATA_VLAN_PRIORITY = 54 "Cambium-ePMP-Data-VLAN-Priority" Integer;
    EPMP_SEPARATE_MANAGEMENT_VLAN_ID = 55 "Cambium-ePMP-Separate-Management-VLAN-Id" Integer;
    EPMP_SEPARATE_MANAGEMENT_VLAN_PRIORITY = 56 "Cambium-ePMP-Separate-Management-VLAN-Priority" Integer;
    EPMP_MULTICAST_VLAN_ID = 57 "Cambium-ePMP-Multicast-VLAN-Id" Integer;
    EPMP_VLAN_MAPPING = 58 "Cambium-ePMP-VLAN-Mapping" Integer;
    TRAFFIC_QUOTA_LIMIT_UP = 151 "Cambium-Traffic-Quota-Limit-Up" Integer;
    TRAFFIC_QUOTA_LIMIT_DOWN = 152 "Cambium-Traffic-Quota-Limit-Down" Integer;
    TRAFFIC_QUOTA_LIMIT_UP_GIGWORDS = 153 "Cambium-Traffic-Quota-Limit-Up-Gigwords" Integer;
    TRAFFIC_QUOTA_LIMIT_DOWN_GIGWORDS = 154 "Cambium-Traffic-Quota-Limit-Down-Gigwords" Integer;
    TRAFFIC_QUOTA_LIMIT_TOTAL = 155 "Cambium-Traffic-Quota-Limit-Total" Integer;
    TRAFFIC_QUOTA_LIMIT_TOTAL_GIGWORDS = 156 "Cambium-Traffic-Quota-Limit-Total-Gigwords" Integer;
    VLAN_POOL_ID = 157 "Cambium-VLAN-Pool-Id" Text;
    AUTHORIZE_CLASSES = 158 "Cambium-Authorize-Classes" Tlv;
    TRAFFIC_CLASSES_ACCT = 159 "Cambium-Traffic-Classes-Acct" Tlv;
    WALLED_GARDEN_STATE = 160 "Cambium-Walled-Garden-State" Integer;
}
