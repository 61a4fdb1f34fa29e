//! H3C (25506): H3C and HPE Comware controllers.

use crate::dictionary::Kind;
use Kind::{Integer, Ipv4, Text};

attributes! {
    vendor 25506;
    INPUT_PEAK_RATE = 1 "H3C-Input-Peak-Rate" Integer;
    INPUT_AVERAGE_RATE = 2 "H3C-Input-Average-Rate" Integer;
    INPUT_BASIC_RATE = 3 "H3C-Input-Basic-Rate" Integer;
    OUTPUT_PEAK_RATE = 4 "H3C-Output-Peak-Rate" Integer;
    OUTPUT_AVERAGE_RATE = 5 "H3C-Output-Average-Rate" Integer;
    OUTPUT_BASIC_RATE = 6 "H3C-Output-Basic-Rate" Integer;
    REMANENT_VOLUME = 15 "H3C-Remanent-Volume" Integer;
    ISP_ID = 17 "H3C-ISP-ID" Text;
    COMMAND = 20 "H3C-Command" Integer;
    CONTROL_IDENTIFIER = 24 "H3C-Control-Identifier" Integer;
    RESULT_CODE = 25 "H3C-Result-Code" Integer;
    PORTAL_URL = 27 "H3C-Portal-URL" Text;
    EXEC_PRIVILEGE = 29 "H3C-Exec-Privilege" Integer;
    NAS_STARTUP_TIMESTAMP = 59 "H3C-NAS-Startup-Timestamp" Integer;
    IP_HOST_ADDR = 60 "H3C-Ip-Host-Addr" Text;
    USER_NOTIFY = 61 "H3C-User-Notify" Text;
    USER_HEARTBEAT = 62 "H3C-User-HeartBeat" Text;
    USER_GROUP = 140 "H3C-User-Group" Text;
    SECURITY_LEVEL = 141 "H3C-Security-Level" Integer;
    USER_ROLE = 155 "H3C-User-Role" Text;
    INPUT_INTERVAL_OCTETS = 201 "H3C-Input-Interval-Octets" Integer;
    OUTPUT_INTERVAL_OCTETS = 202 "H3C-Output-Interval-Octets" Integer;
    INPUT_INTERVAL_PACKETS = 203 "H3C-Input-Interval-Packets" Integer;
    OUTPUT_INTERVAL_PACKETS = 204 "H3C-Output-Interval-Packets" Integer;
    INPUT_INTERVAL_GIGAWORDS = 205 "H3C-Input-Interval-Gigawords" Integer;
    OUTPUT_INTERVAL_GIGAWORDS = 206 "H3C-Output-Interval-Gigawords" Integer;
    BACKUP_NAS_IP = 207 "H3C-Backup-NAS-IP" Ipv4;
    AV_PAIR = 210 "H3C-Av-Pair" Text;
    WEB_URL = 250 "H3C-WEB-URL" Text;
    PRODUCT_ID = 255 "H3C-Product-ID" Text;
}
