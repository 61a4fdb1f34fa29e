# Access point {{name}} of Sabeel: for the terminal of RouterOS 7.
/radius add service=hotspot address={{server}} secret={{secret}} authentication-port={{auth-port}} accounting-port={{acct-port}} timeout=3s comment="Sabeel"
/radius incoming set accept=yes port={{dae-port}}
# All HotSpot profiles; write [find name=...] for one.
/ip hotspot profile set [find] use-radius=yes radius-accounting=yes radius-interim-update=received login-by=mac mac-auth-mode=mac-as-username-and-password
/ip hotspot walled-garden ip add action=accept dst-host={{portal-host}} comment="Sabeel"
{{*garden}}/ip hotspot walled-garden ip add action=accept dst-host={{garden}} comment="Sabeel"
{{?identifier}}/system identity set name={{identifier}}
# From RouterOS 7.15 on, leave require-message-auth of /radius at yes-for-request-resp. Older
# releases sign nothing: sabeel nas set {{name}} --message-authenticator optional
{{?login-host}}# Visitors sign in by HTTP CHAP at the login page, which leads to the portal. The HTML directory is
{{?login-host}}# hotspot; write flash/hotspot where it is that.
{{?login-host}}/ip hotspot profile set [find] login-by=mac,http-chap
{{?login-host}}/file add name=hotspot/login.html contents=("\$(if http-status == 302)Sign in\$(endif)\r\n\$(if http-header == \"Location\")" . {{portal-url}} . "\3Fmac=\$(mac-esc)&ip=\$(ip)&link-login-only=\$(link-login-only-esc)&link-orig=\$(link-orig-esc)&chap-id=\$(chap-id-esc)&chap-challenge=\$(chap-challenge-esc)&error=\$(error-esc)\$(endif)\r\n")
{{?login-host}}/file add name=hotspot/alogin.html contents="\$(if http-status == 302)Online\$(endif)\r\n\$(if http-header == \"Location\")\$(link-redirect)\$(endif)\r\n"
{{?login-host}}/file add name=hotspot/logout.html contents=("\$(if http-status == 302)Offline\$(endif)\r\n\$(if http-header == \"Location\")" . {{portal-url}} . "\3Fmac=\$(mac-esc)&ip=\$(ip)&link-login-only=\$(link-login-only-esc)&state=logoff\$(endif)\r\n")
{{?api-url}}# Phones learn of the captive portal API by DHCP (RFC 8910): give the visitors' network this option.
{{?api-url}}# A HotSpot whose profile has dns-name and a certificate can name its own api.json there instead.
{{?api-url}}#   /ip dhcp-server option add name=sabeel code=114 value="'{{api-url}}'"
{{?api-url}}#   /ip dhcp-server network set [find gateway=ITS-GATEWAY] dhcp-option=sabeel
