# The portal's words in English. Plural forms by CLDR: one, other.

language-name = English
language-direction = ltr

# First page
landing-title = Welcome to { $network }
landing-body = Free internet from Al-Ahsa Municipality for walkway and park visitors. A login code reaches you by text message in moments.
landing-services = Municipal services (no login needed)
phone-label = Mobile number
phone-hint = Example: { $example }. For other countries start with + and the country code.
phone-terms = I accept the terms of use and have seen the privacy notice
phone-aware = I would like to receive the municipality's awareness messages (optional)
phone-send = Send code
phone-why = We use your number only to verify your login. We show it to no one.

# Code
code-title = Enter the code
code-sent = We sent a 6-digit code to { $phone }.
code-sending = We are sending a 6-digit code to { $phone }.
code-until = It is good until { $clock }.
code-label = Login code
code-submit = Log in
code-edit = Wrong number? Change it
code-keep = You may leave this window to read the message and come back; we will be waiting here.
code-tap = Or tap the link in the message.
resend-wait = No message yet? You can resend in { $t }.
resend-btn = Resend code
resend-done = New code sent. Use the latest one.
resend-route = Messages are a little slow now, so we sent the code by another route. Use the latest one.
resend-other = Send by WhatsApp
grace-btn = Connect for { $t }
look-again = Look again
sms-code = { $code } is your { $network } code, valid 5 minutes. Do not share it.
sms-code-bound =
    { $code } is your { $network } code, valid 5 minutes. Do not share it.

    @{ $host } #{ $code }
sms-code-link =
    { $code } is your { $network } code, valid 5 minutes. Or tap:
    { $link }

    @{ $host } #{ $code }
sms-data-code = { $code } opens your data page, valid 5 minutes. Do not share it.
sms-data-code-bound =
    { $code } opens your data page, valid 5 minutes. Do not share it.

    @{ $host } #{ $code }
sms-report-code = Your 940 report { $report } is closed. Code to confirm that it is resolved: { $code }

# The page of the link in a message
link-title = Log a device in
link-asked = Device { $device } asked at { $clock } to log in with the number { $phone }.
link-open = Yes, log this device in
link-opened-title = Login confirmed
link-opened = The device is being connected to the internet now. You can close this page.
link-opened-reopen = Open the Wi‑Fi login page on that device again; it goes on by itself.

# Voucher
voucher-have = I have a voucher
voucher-title = Log in with a voucher
voucher-label = Voucher code
voucher-hint = Ten letters and digits, as printed on the voucher. Example: { $example }
voucher-use = Use voucher
voucher-connect = Choose the { $network } in your phone's settings. On its login page choose "I have a voucher" and enter { $code }.

# What stands on a printed voucher
sheet-heading = Wi-Fi voucher
sheet-steps = Join { $network } and scan the picture, or choose "I have a voucher" on the login page and enter the code.
sheet-until = Valid until { $time }.
sheet-lasts = From first use: { $t }.
sheet-devices = Devices: { $devices }.

# Online
ok-title = You are online
ok-body = You can browse now. Today's allowance: { $allowance }.
landing-known = Welcome back, you are connected.
ok-unlimited = You can browse now.
ok-device = We will recognise this device on your visits for { $days }.
ok-onward = Continue to { $host }
waiting-title = Opening the way
waiting-body = Your device is being connected to the internet. This takes a few seconds.
hand-off-body = One step is left: press “Continue” to connect this device to the internet.
late-title = This takes longer than usual
late-body = Your login is kept and no new code is needed. Turn Wi‑Fi off and on again, then try once more.
status-title = Session status
status-left = Left today: { $allowance }
status-unlimited = There is no limit on your use today.
status-renews = It renews at { $clock }.
status-again = Refresh
status-end = Disconnect
both-of-day = { $time } and { $data }
both-left = { $time }{ "\u00A0" }· { $data }
time-label = Time
data-label = Data
bye-title = You are disconnected
bye-body = Thank you for your visit. You can log in again at any time.
quota-title = Today's allowance is used up
quota-body = It renews at { $clock }.
quota-body-services = It renews at { $clock }. Municipal services stay open.
quota-warn = { $left } left of today's allowance.
quota-speed = You reached the fair-use limit; speed is reduced until { $clock }.
quota-stay = The allowance of this visit is used up. A new code begins a new visit.
closed-title = The network is closed now
closed-body = The network is open from { $open } to { $close }. See you soon.
devices-title = My devices
devices-lead = Your devices that come online without a new code.
devices-this = This device
devices-seen = Last seen: { $when }
devices-remove = Remove
devices-gone = The device was removed and disconnected. It needs a code to come back.
rate-title = Rate my visit
rate-how = How was it? 5 is the best.
rate-missing = Please choose a number from 1 to 5.
rate-reason = Reason (optional)
rate-nameless = Neither number nor device is kept with the rating.
rate-send = Send rating
rate-thanks = Thank you, we received your rating.
me-title = My data
me-lead = Here you can see what we keep about you, download it, ask to have it destroyed, and withdraw consent.
me-code = First we send a code to { $phone }, the number that signed in.
me-code-label = Code from the message
me-code-submit = Show my data
me-number = Number
me-first = First login
me-last = Last login
me-stays = Visits
me-download = Download all my data
me-consents = Consents
me-awareness = Awareness messages
me-withdraw = Withdraw
me-withdraw-ends = Withdrawing the terms of use ends the connection.
me-withdrawn = Your withdrawal is recorded.
me-until = This page stays open until { $clock }.
me-erase = Ask to destroy my data
me-erase-body = Everything we keep about you will be destroyed: number, devices, consents and visits, and you will be disconnected. This cannot be undone.
me-erase-yes = Yes, destroy all my data
me-erased = Your data is destroyed and you are disconnected. Request number: { $ref }
me-kept = We received your request { $ref }. The law requires us to keep your data for now; we answer within { $days }.
me-voucher = You came in with a voucher. We do not know whose it is, so no code can be sent. For questions see the help page.
me-claimed = Your number was not proven by a code this time, so we do not know whose it is. Log in with a code to see your data and devices.

# Terms
terms-title = Terms of use and privacy notice
terms-short = In short: lawful use, a daily allowance; we keep your number, device address and connection times for { $retention } as the rules require; we do not record the sites you visit.
terms-use-title = Use
terms-use = The service is free for visitors of this place. Users keep to the laws of the Kingdom, do no harm to the network or to other users, and sign in with a number of their own.
terms-fair-title = Allowance and availability
terms-fair = Every visitor has a daily allowance of time and data, so that there is room for all. Speed may drop or the service may pause in crowds or during maintenance.
terms-safe-title = Safety
terms-safe = This is an open public network. Sites whose address begins with { $https } are encrypted. We never ask for a password or bank details.
terms-data-title = Your data
terms-data = We process your mobile number to verify your login, and your device's address, connection times and data volume to keep allowances and to follow the rules. They are kept encrypted inside the Kingdom, given only to a competent authority on a lawful request, and then destroyed.
terms-rights = You may see, correct or have your data destroyed, and withdraw consent, on the page “My data” of the session status, or by way of the help numbers.
terms-minor = Minors: use with a guardian's consent.
terms-version = Version { $version }

# Help
help-title = Help
help-call = Unified number: { $unified }
help-wa = WhatsApp: { $whatsapp } (save the number)
help-reports = Municipal reports: { $reports }
contact-title = Reach us from another phone
contact-scan = Scan this code with another phone, or keep a picture of it for later.
help-ref = Reference for the support team: { $ref }
help-sms = No message? Check the number and your mobile signal, then ask for another code once the waiting time is over.
help-kiosk = No message at all? A Wi‑Fi voucher from site staff or a self-service kiosk lets you in too.
help-closed = Window closed? Open the Wi‑Fi settings and choose the network again; you will be where you left off.
help-vpn = The page does not open? Pause your VPN until you are logged in.

# Everywhere
network-name = Al-Ahsa Wi-Fi
back = Back
login-page = Login page
again = Try again
more = More
start = Continue

# What every page of a site says at the moment
landing-trial = This service is on trial; your opinion matters.
office-backup = The network is temporarily keeping municipal services running; it may be slower or pause briefly. Thank you for understanding.
e-internet = Internet is down at this site and our team knows.
e-internet-services = Internet is down at this site and our team knows. Local municipal services still work.

# Errors
fault = Error
e-phone-empty = Please enter your mobile number.
e-phone-format = The number seems incomplete or mistyped. Example: { $example }
e-phone-letters = The number contains letters. Digits only, please.
e-phone-landline = That is a landline and cannot receive texts.
e-phone-country = Numbers from that country are not enabled yet. A voucher will let you in.
e-terms = To continue, please accept the terms.
e-code-format = The code has 6 digits; it is in the text message.
e-code-wrong = The code does not match. { $attempts } left.
e-code-expired = The code has expired. Request a new one below.
e-code-used = This code was already used.
e-code-locked = Too many tries. Let us start again with a new code.
e-wait = Several requests from this device. Please wait { $t }.
e-busy = Many visitors are signing in right now. Please try again in { $t }.
e-wait-title = One moment, please
e-devices = This number has reached its device limit ({ $n }). The one that had been signed in for longest was disconnected.
e-capacity = The site is very busy. We will try to let you in automatically in { $t }.
e-phone-daily = This number reached today's message limit. Use a voucher or try tomorrow.
e-sms-slow = Messages are slow now. Your code is on its way; position { $pos }.
e-sms-failed = We could not deliver to { $phone }. Check the number or your signal. A voucher will let you in too.
e-sms-down = Messaging is down for now. Vouchers are available at kiosks and from site staff.
e-sms-down-offer = Messaging is down for now. Your number gets you a short connection of { $t } meanwhile.
e-sms-down-grace = Messaging is down for now. You have a short connection of { $t } meanwhile.
e-link-title = The link is not good any more
e-link-used = This login link was used or has expired. A new message can be requested on the login page.
e-link-wrongdev = Please confirm: did you request access for this device? If not, close this page: whoever asked would be online under your number.
e-voucher-format = The code seems incomplete or mistyped. It has ten letters and digits, such as { $example }
e-voucher-unknown = This code is not valid here. Please compare it with the voucher.
e-voucher-over = The time of this voucher is over.
e-voucher-full = This voucher is already used by as many devices as it allows.
e-sends = We have sent all the messages we can for this request. The latest code is still good.
e-generic-title = The request was not completed
e-generic = Something went wrong. Reference { $ref }.
e-arrival-title = We did not recognise your device
e-arrival = The access point told us too little, or nothing we can trust. Turn Wi‑Fi off and on again, then reopen this page.
e-token-title = This page is too old
e-token = Turn Wi‑Fi off and on again, then reopen this page. Your code stays good for its time.
e-unseen-title = Not connected to this network
e-unseen = Turn Wi‑Fi off and on again, connect to this network and reopen this page. Codes are sent only for devices that are here.
e-refused-title = The connection was not completed
e-refused = The access point did not take the login. Your login is kept and no new code is needed.
e-not-yours = Only the device itself can end its connection.
e-not-owner = This page is for the device itself. Open it on the device while it is on the network.
e-form = We could not read what was sent. Go back to the page and try again.
e-missing-title = There is no such page
e-missing = Please begin at the login page.
connect-title = Connect to the Wi-Fi first
connect-body = Choose the { $network } in your phone's settings, and the login page will appear.

# Amounts: $n chooses the form, $count is shown
seconds = { $n ->
    [one] { $count } second
   *[other] { $count } seconds
}
minutes = { $n ->
    [one] { $count } minute
   *[other] { $count } minutes
}
hours = { $n ->
    [one] { $count } hour
   *[other] { $count } hours
}
days = { $n ->
    [one] { $count } day
   *[other] { $count } days
}
months = { $n ->
    [one] { $count } month
   *[other] { $count } months
}
attempts = { $n ->
    [one] { $count } attempt
   *[other] { $count } attempts
}
hours-and-minutes = { $hours } { $minutes }
gigabytes = { $amount } GB
megabytes = { $amount } MB
kilobytes = { $amount } kB
