//! Cisco (9): IOS, IOS-XE and its wireless controllers. What matters travels as text in
//! Cisco-AVPair.

use crate::dictionary::Kind;
use Kind::{Integer, Secret, Text};

attributes! {
    vendor 9;
    AVPAIR = 1 "Cisco-AVPair" Text;
    NAS_PORT = 2 "Cisco-NAS-Port" Text;
    POLICY_UP = 37 "Cisco-Policy-Up" Text;
    POLICY_DOWN = 38 "Cisco-Policy-Down" Text;
    RELAY_INFORMATION_OPTION = 46 "Cisco-Relay-Information-Option" Text;
    DHCP_USER_CLASS = 47 "Cisco-DHCP-User-Class" Text;
    DHCP_VENDOR_CLASS = 48 "Cisco-DHCP-Vendor-Class" Text;
    SERVICE_NAME = 51 "Cisco-Service-Name" Text;
    PARENT_SESSION_ID = 52 "Cisco-Parent-Session-Id" Text;
    SUB_QOS_POL_IN = 55 "Cisco-Sub-QoS-Pol-In" Text;
    SUB_QOS_POL_OUT = 56 "Cisco-Sub-QoS-Pol-Out" Text;
    IN_ACL = 57 "Cisco-In-ACL" Text;
    OUT_ACL = 58 "Cisco-Out-ACL" Text;
    SUB_ACTIVATE_SERVICE = 60 "Cisco-Sub-Activate-Service" Text;
    SUB_DEACTIVATE_SERVICE = 63 "Cisco-Sub-Deactivate-Service" Text;
    MAXIMUM_TIME = 194 "Cisco-Maximum-Time" Integer;
    DISCONNECT_CAUSE = 195 "Cisco-Disconnect-Cause" Integer;
    DATA_RATE = 197 "Cisco-Data-Rate" Integer;
    IDLE_LIMIT = 244 "Cisco-Idle-Limit" Integer;
    SUBSCRIBER_PASSWORD = 249 "Cisco-Subscriber-Password" Secret;
    ACCOUNT_INFO = 250 "Cisco-Account-Info" Text;
    SERVICE_INFO = 251 "Cisco-Service-Info" Text;
    COMMAND_CODE = 252 "Cisco-Command-Code" Text;
    CONTROL_INFO = 253 "Cisco-Control-Info" Text;
    XMIT_RATE = 255 "Cisco-Xmit-Rate" Integer;
}
