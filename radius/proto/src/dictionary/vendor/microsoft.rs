//! Microsoft (311): MS-CHAP and the keys of wireless sessions (RFC 2548), name servers, and
//! what the Network Policy Server adds.

use crate::dictionary::Kind;
use Kind::{Integer, Ipv4, Ipv6, Octets, Secret, Text};

attributes! {
    vendor 311;
    CHAP_RESPONSE = 1 "MS-CHAP-Response" Secret;
    CHAP_ERROR = 2 "MS-CHAP-Error" Text;
    CHAP_CPW_1 = 3 "MS-CHAP-CPW-1" Secret;
    CHAP_CPW_2 = 4 "MS-CHAP-CPW-2" Secret;
    CHAP_LM_ENC_PW = 5 "MS-CHAP-LM-Enc-PW" Secret;
    CHAP_NT_ENC_PW = 6 "MS-CHAP-NT-Enc-PW" Secret;
    MPPE_ENCRYPTION_POLICY = 7 "MS-MPPE-Encryption-Policy" Integer;
    MPPE_ENCRYPTION_TYPES = 8 "MS-MPPE-Encryption-Types" Integer;
    RAS_VENDOR = 9 "MS-RAS-Vendor" Integer;
    CHAP_DOMAIN = 10 "MS-CHAP-Domain" Text;
    CHAP_CHALLENGE = 11 "MS-CHAP-Challenge" Octets;
    CHAP_MPPE_KEYS = 12 "MS-CHAP-MPPE-Keys" Secret => UserPassword;
    BAP_USAGE = 13 "MS-BAP-Usage" Integer;
    LINK_UTILIZATION_THRESHOLD = 14 "MS-Link-Utilization-Threshold" Integer;
    LINK_DROP_TIME_LIMIT = 15 "MS-Link-Drop-Time-Limit" Integer;
    MPPE_SEND_KEY = 16 "MS-MPPE-Send-Key" Secret => Salted;
    MPPE_RECV_KEY = 17 "MS-MPPE-Recv-Key" Secret => Salted;
    RAS_VERSION = 18 "MS-RAS-Version" Text;
    OLD_ARAP_PASSWORD = 19 "MS-Old-ARAP-Password" Secret;
    NEW_ARAP_PASSWORD = 20 "MS-New-ARAP-Password" Secret;
    ARAP_PW_CHANGE_REASON = 21 "MS-ARAP-PW-Change-Reason" Integer;
    FILTER = 22 "MS-Filter" Octets;
    ACCT_AUTH_TYPE = 23 "MS-Acct-Auth-Type" Integer;
    ACCT_EAP_TYPE = 24 "MS-Acct-EAP-Type" Integer;
    CHAP2_RESPONSE = 25 "MS-CHAP2-Response" Secret;
    CHAP2_SUCCESS = 26 "MS-CHAP2-Success" Secret;
    CHAP2_CPW = 27 "MS-CHAP2-CPW" Secret;
    PRIMARY_DNS_SERVER = 28 "MS-Primary-DNS-Server" Ipv4;
    SECONDARY_DNS_SERVER = 29 "MS-Secondary-DNS-Server" Ipv4;
    PRIMARY_NBNS_SERVER = 30 "MS-Primary-NBNS-Server" Ipv4;
    SECONDARY_NBNS_SERVER = 31 "MS-Secondary-NBNS-Server" Ipv4;
    RAS_CLIENT_NAME = 34 "MS-RAS-Client-Name" Text;
    RAS_CLIENT_VERSION = 35 "MS-RAS-Client-Version" Text;
    QUARANTINE_IPFILTER = 36 "MS-Quarantine-IPFilter" Octets;
    QUARANTINE_SESSION_TIMEOUT = 37 "MS-Quarantine-Session-Timeout" Integer;
    USER_SECURITY_IDENTITY = 40 "MS-User-Security-Identity" Text;
    IDENTITY_TYPE = 41 "MS-Identity-Type" Integer;
    SERVICE_CLASS = 42 "MS-Service-Class" Text;
    QUARANTINE_USER_CLASS = 44 "MS-Quarantine-User-Class" Text;
    QUARANTINE_STATE = 45 "MS-Quarantine-State" Integer;
    QUARANTINE_GRACE_TIME = 46 "MS-Quarantine-Grace-Time" Integer;
    NETWORK_ACCESS_SERVER_TYPE = 47 "MS-Network-Access-Server-Type" Integer;
    MACHINE_NAME = 50 "MS-Machine-Name" Text;
    USER_IPV4_ADDRESS = 61 "MS-User-IPv4-Address" Ipv4;
    USER_IPV6_ADDRESS = 62 "MS-User-IPv6-Address" Ipv6;
}
