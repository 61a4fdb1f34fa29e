#!/bin/sh
# Access point {{name}} of Sabeel, an openNDS gateway: run this on it, as root. It sets openNDS up
# and installs /etc/sabeel-opennds, which tells Sabeel every few seconds who is there and does
# what it is told. curl, sha256sum and awk must be there, and a clock that is right; level 3 of
# openNDS also needs PHP (php-cli, on OpenWrt php8-cli, php8-mod-openssl and ca-bundle).
set -eu

key={{gateway-key}}
level={{fas-level}}
# With it openNDS's own questions are signed (level 3); below that every visitor reads the name.
name=sabeel
[ "$level" != 3 ] || name=sabeel$(printf 'name\n%s' "$key" | sha256sum | cut -c1-24)

(umask 077 && cat >/etc/sabeel-opennds.conf) <<END
url={{report-url}}
key=$key
every=5
END

cat >/etc/sabeel-opennds <<'END'
#!/bin/sh
# Without words: tells Sabeel who is there, for ever. With words: openNDS calls it as BinAuth.
. "${SABEEL_OPENNDS:-/etc/sabeel-opennds.conf}"
gone=${spool:-/tmp/sabeel-gone}
line='
'
case ${1-} in
'') ;;
*deauth) echo "gone $2 $5 $3 $4" >>"$gone"; echo 0 0 0 0 0; exit ;;
*) echo 0 0 0 0 0; exit ;;
esac

hash() { printf '%s\n%s' "$key" "$1" | sha256sum | cut -c1-64; }
prove() { hash "$(hash "$1")"; }

guests() {
    clients=$(ndsctl json) || return 1
    printf '%s\n' "$clients" | awk -F'"' '
        $2 == "mac" { mac = $4 }
        $2 == "ip" { ip = $4 }
        $2 == "state" { state = $4 }
        $2 == "session_start" { since = $4 }
        $2 == "download_this_session" { down = $4 }
        $2 == "upload_this_session" { print "guest", mac, ip, state, since, down, $4 }'
}

tell() {
    list=$(guests) || return
    if [ -e "$gone" ]; then cat "$gone" >>"$gone.told"; rm "$gone"; fi
    left=$(cat "$gone.told" 2>/dev/null) || true
    text="$(date +%s)$line$list$line$left"
    answer=$(printf '%s' "$text" | curl -fsS --max-time 20 --data auth_get=custom \
        --data "proof=$(prove "$text")" --data-urlencode payload@- "$url") || return
    rm -f "$gone.told"
    said=${answer#*"$line"}
    [ "${answer%%"$line"*}" = "$(prove "answer$line$text$line$said")" ] || return
    printf '%s\n' "$said" | while read -r what device limits; do
        # shellcheck disable=SC2086  # the limits are words
        case $what in auth | deauth) ndsctl "$what" "$device" $limits ;; esac
    done
}

while true; do tell || true; sleep "$every"; done
END
chmod 755 /etc/sabeel-opennds

if [ -e /etc/config/opennds ]; then
    option() { uci set "opennds.@opennds[0].$1=$2"; }
    option enabled 1
    option nat_traversal_poll_interval 5
else
    conf=/etc/opennds/opennds.conf
    option() { sed -i "/^[# ]*$1 /Id" "$conf" && echo "$1 $2" >>"$conf"; }
    # openNDS 9.10 of Debian knows no such option, but its script reads the line all the same.
    option nat_traversal_poll_interval 5 && sed -i 's/^nat_traversal/#&/' "$conf"
fi
option gatewayname "$name"
option enable_serial_number_suffix 0
option fas_secure_enabled "$level"
option faskey "$key"
option fasremotefqdn {{fas-host}}
option fasremoteip {{server}}
option fasport {{fas-port}}
option faspath {{portal-path}}
option binauth /etc/sabeel-opennds
option allow_preemptive_authentication 1
[ ! -e /etc/config/opennds ] || uci commit opennds

if [ -d /run/systemd/system ]; then
    cat >/etc/systemd/system/sabeel-opennds.service <<'END'
[Unit]
Description=Tells Sabeel who is at this openNDS gateway
After=opennds.service

[Service]
ExecStart=/etc/sabeel-opennds
Restart=always

[Install]
WantedBy=multi-user.target
END
    systemctl daemon-reload
    systemctl enable --now sabeel-opennds
    systemctl restart opennds
else
    echo "start /etc/sabeel-opennds at boot, such as from /etc/rc.local, and restart openNDS"
fi
