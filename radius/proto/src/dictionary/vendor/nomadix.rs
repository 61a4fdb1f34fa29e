//! Nomadix (3309): access gateways of hotels.

use crate::dictionary::Kind;
use Kind::{Integer, Text};

attributes! {
    vendor 3309;
    BW_UP = 1 "Nomadix-Bw-Up" Integer;
    BW_DOWN = 2 "Nomadix-Bw-Down" Integer;
    URL_REDIRECTION = 3 "Nomadix-URL-Redirection" Text;
    IP_UPSELL = 4 "Nomadix-IP-Upsell" Integer;
    EXPIRATION = 5 "Nomadix-Expiration" Text;
    SUBNET = 6 "Nomadix-Subnet" Text;
    MAXBYTESUP = 7 "Nomadix-MaxBytesUp" Integer;
    MAXBYTESDOWN = 8 "Nomadix-MaxBytesDown" Integer;
    ENDOFSESSION = 9 "Nomadix-EndofSession" Integer;
    LOGOFF_URL = 10 "Nomadix-Logoff-URL" Text;
    NET_VLAN = 11 "Nomadix-Net-VLAN" Integer;
    CONFIG_URL = 12 "Nomadix-Config-URL" Text;
    GOODBYE_URL = 13 "Nomadix-Goodbye-URL" Text;
    QOS_POLICY = 14 "Nomadix-Qos-Policy" Text;
    SMTP_REDIRECT = 17 "Nomadix-SMTP-Redirect" Integer;
    CENTRALIZED_MGMT = 18 "Nomadix-Centralized-Mgmt" Text;
    GROUP_POLICY_ID = 19 "Nomadix-Group-Policy-Id" Integer;
    GROUP_BW_MAX_UP = 20 "Nomadix-Group-Bw-Max-Up" Integer;
    GROUP_BW_MAX_DOWN = 21 "Nomadix-Group-Bw-Max-Down" Integer;
}
