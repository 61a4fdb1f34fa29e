//! Airespace (14179): Cisco's AireOS controllers; bandwidths in kbit/s.

use crate::dictionary::Kind;
use Kind::{Integer, Text};

attributes! {
    vendor 14179;
    WLAN_ID = 1 "Airespace-Wlan-Id" Integer;
    QOS_LEVEL = 2 "Airespace-QOS-Level" Integer;
    DSCP = 3 "Airespace-DSCP" Integer;
    DOT1P_TAG = 4 "Airespace-8021p-Tag" Integer;
    INTERFACE_NAME = 5 "Airespace-Interface-Name" Text;
    ACL_NAME = 6 "Airespace-ACL-Name" Text;
    DATA_BANDWIDTH_AVERAGE_CONTRACT = 7 "Airespace-Data-Bandwidth-Average-Contract" Integer;
    REAL_TIME_BANDWIDTH_AVERAGE_CONTRACT = 8 "Airespace-Real-Time-Bandwidth-Average-Contract" Integer;
    DATA_BANDWIDTH_BURST_CONTRACT = 9 "Airespace-Data-Bandwidth-Burst-Contract" Integer;
    REAL_TIME_BANDWIDTH_BURST_CONTRACT = 10 "Airespace-Real-Time-Bandwidth-Burst-Contract" Integer;
    GUEST_ROLE_NAME = 11 "Airespace-Guest-Role-Name" Text;
    DATA_BANDWIDTH_AVERAGE_CONTRACT_UPSTREAM = 13 "Airespace-Data-Bandwidth-Average-Contract-Upstream" Integer;
    REAL_TIME_BANDWIDTH_AVERAGE_CONTRACT_UPSTREAM = 14 "Airespace-Real-Time-Bandwidth-Average-Contract-Upstream" Integer;
    DATA_BANDWIDTH_BURST_CONTRACT_UPSTREAM = 15 "Airespace-Data-Bandwidth-Burst-Contract-Upstream" Integer;
    REAL_TIME_BANDWIDTH_BURST_CONTRACT_UPSTREAM = 16 "Airespace-Real-Time-Bandwidth-Burst-Contract-Upstream" Integer;
}
