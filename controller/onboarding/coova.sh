# Access point {{name}} of Sabeel: lines for /etc/chilli/config of CoovaChilli.
HS_NASID={{identifier-or-name}}
HS_RADIUS={{server}}
HS_RADIUS2={{server}}
HS_RADAUTH={{auth-port}}
HS_RADACCT={{acct-port}}
HS_RADSECRET={{secret}}
{{?login-host}}HS_UAMLISTEN={{login-host}}
{{?uam-port}}HS_UAMPORT={{uam-port}}
{{?uam-secret}}HS_UAMSECRET={{uam-secret}}
HS_UAMSERVER={{portal-host}}
HS_UAMFORMAT={{portal-url}}
HS_UAMALLOW={{garden-list}}
HS_COAPORT={{dae-port}}
HS_DEFINTERIMINTERVAL={{interim}}
HS_MACAUTH=on
# Without a secret shared with the login page (--login-secret-file) HS_UAMSECRET stays empty, and
# nothing proves that a redirect is genuine.
{{?api-url}}# Phones learn of the captive portal API by DHCP (RFC 8910) from a CoovaChilli that has this option
{{?api-url}}# (`chilli --help`), in /etc/chilli/local.conf:
{{?api-url}}#   captiveportalapi_uri {{api-url}}
