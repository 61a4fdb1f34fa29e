//! Huawei (2011): access controllers and routers.

use crate::dictionary::Kind;
use Kind::{Integer, Text};

attributes! {
    vendor 2011;
    INPUT_BURST_SIZE = 1 "Huawei-Input-Burst-Size" Integer;
    INPUT_AVERAGE_RATE = 2 "Huawei-Input-Average-Rate" Integer;
    INPUT_PEAK_RATE = 3 "Huawei-Input-Peak-Rate" Integer;
    OUTPUT_BURST_SIZE = 4 "Huawei-Output-Burst-Size" Integer;
    OUTPUT_AVERAGE_RATE = 5 "Huawei-Output-Average-Rate" Integer;
    OUTPUT_PEAK_RATE = 6 "Huawei-Output-Peak-Rate" Integer;
    REMANENT_VOLUME = 15 "Huawei-Remanent-Volume" Integer;
    ISP_ID = 17 "Huawei-ISP-ID" Text;
    COMMAND = 20 "Huawei-Command" Integer;
    PRIORITY = 22 "Huawei-Priority" Integer;
    CONTROL_IDENTIFIER = 24 "Huawei-Control-Identifier" Integer;
    RESULT_CODE = 25 "Huawei-Result-Code" Integer;
    CONNECT_ID = 26 "Huawei-Connect-ID" Integer;
    PORTALURL = 27 "Huawei-PortalURL" Text;
    FTP_DIRECTORY = 28 "Huawei-FTP-Directory" Text;
    EXEC_PRIVILEGE = 29 "Huawei-Exec-Privilege" Integer;
    QOS_PROFILE_NAME = 31 "Huawei-Qos-Profile-Name" Text;
    STARTUP_STAMP = 59 "Huawei-Startup-Stamp" Integer;
    IPHOST_ADDR = 60 "Huawei-IPHost-Addr" Text;
    UP_PRIORITY = 61 "Huawei-Up-Priority" Integer;
    DOWN_PRIORITY = 62 "Huawei-Down-Priority" Integer;
    USER_CLASS = 66 "Huawei-User-Class" Text;
    LEASE_TIME = 74 "Huawei-Lease-Time" Integer;
    ZONE_NAME = 81 "Huawei-Zone-Name" Text;
    DATA_FILTER = 82 "Huawei-Data-Filter" Text;
    ACCESS_SERVICE = 83 "Huawei-Access-Service" Text;
    PORTAL_MODE = 85 "Huawei-Portal-Mode" Integer;
    POLICY_NAME = 95 "Huawei-Policy-Name" Text;
    USER_MULTICAST_TYPE = 99 "Huawei-User-Multicast-Type" Integer;
    DOMAIN_NAME = 138 "Huawei-Domain-Name" Text;
    HTTP_REDIRECT_URL = 140 "Huawei-HTTP-Redirect-URL" Text;
    ACCT_IPV6_INPUT_OCTETS = 144 "Huawei-Acct-IPv6-Input-Octets" Integer;
    ACCT_IPV6_OUTPUT_OCTETS = 145 "Huawei-Acct-IPv6-Output-Octets" Integer;
    ACCT_IPV6_INPUT_PACKETS = 146 "Huawei-Acct-IPv6-Input-Packets" Integer;
    ACCT_IPV6_OUTPUT_PACKETS = 147 "Huawei-Acct-IPv6-Output-Packets" Integer;
    ACCT_IPV6_INPUT_GIGAWORDS = 148 "Huawei-Acct-IPv6-Input-Gigawords" Integer;
    ACCT_IPV6_OUTPUT_GIGAWORDS = 149 "Huawei-Acct-IPv6-Output-Gigawords" Integer;
    USER_MAC = 153 "Huawei-User-Mac" Text;
    WEB_URL = 253 "Huawei-Web-URL" Text;
    VERSION = 254 "Huawei-Version" Text;
    PRODUCT_ID = 255 "Huawei-Product-ID" Text;
}
