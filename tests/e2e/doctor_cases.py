"""What can be wrong between a machine and its provider, and the cause the doctor has to name.

A case is a world (support/world.py) with one thing broken, or two.  `causes` are those of
config/causes.conf that a person may be told first; "" is health.
"""

import dataclasses

ROUTER = "192.168.77.1"
PROVIDER, PROVIDER6 = "203.0.113.10", "2001:db8:1::10"


@dataclasses.dataclass
class Case:
    name: str
    causes: tuple
    status: int = 75
    plan: dict = dataclasses.field(default_factory=dict)     # of the internet: fault/internet.py
    nft: tuple = ()                                          # rules for what leaves the machine
    keys: dict = dataclasses.field(default_factory=dict)     # of the account
    machine: dict = dataclasses.field(default_factory=dict)  # link, route, ipv4, ipv6, clock
    keyring: str = "open"                                    # locked, none, no-entry
    words: tuple = ()                                        # of the command line
    prepare: tuple = ()                                      # names of functions of the world


def feed(kind="Outage", end=""):
    """As Apple publishes it."""
    event = (f'{{"usersAffected": "Some users were affected", "epochStartDate": 1700000000000, '
             f'{end}"eventStatus": "{"resolved" if end else "ongoing"}", '
             f'"statusType": "{kind}", "message": "Users may be unable to send mail."}}')
    return ('jsonCallback({"services": [{"serviceName": "iCloud Mail", "redirectUrl": null, '
            f'"events": [{event}]}}, {{"serviceName": "iCloud Drive", "events": []}}]}});')


QUIET = 'jsonCallback({"services": [{"serviceName": "iCloud Mail", "events": []}]});'
MAIL_PORTS = "tcp dport { 25, 465, 587 }"
NO_SMTP = {"smtp": {}}
EHLO = ["PIPELINING", "SIZE 28319744", "STARTTLS", "AUTH LOGIN PLAIN", "8BITMIME"]
BAD = "535 5.7.8 Error: authentication failed"
PORTAL = {"page": "portal", "control_web": False, "smtp": {}, "control": []}
FULL = {"quota": [5000000, 5000000]}
CLOCK = {"clock": "+40d"}
DEAD_TIMER = ("dead_timer",)
STUCK = ("a_message_waits", "since_january")
OUTAGE = {"feed": feed()}


def case(name, causes, status=75, **more):
    return Case(name, (causes,) if isinstance(causes, str) else causes, status, **more)


HEALTHY = [
    case("plain", "", 0, plan={"feed": QUIET}),
    case("tls on 465", "", 0, keys={"smtp-port": 465, "smtp-security": "tls"}),
    case("both families", "", 0, plan={"ipv6": True}, machine={"ipv6": True}),
    case("IPv6 alone", "", 0, plan={"ipv6": True, "ipv4": False},
         machine={"ipv4": False, "ipv6": True}),
    case("port 25 blocked, half full, outage over, something waiting", "", 0,
         nft=("tcp dport 25 drop",), prepare=("a_message_waits",),
         plan={"quota": [2500000, 5000000], "feed": feed(end='"epochEndDate": 1700003600000, ')}),
    case("a company's inspection, trusted knowingly", "", 0, keys={"tls-ca-file": "inspector"},
         plan={"certificate": "inspected", "imap_certificate": "inspected"}),
    case("79 % full, a recipient that is well", "", 0, plan={"quota": [3950000, 5000000]},
         words=("--recipient", "friend@example.org")),
    case("a network of mail alone", "", 0, nft=("tcp dport { 80, 443 } drop",)),
    case("pages altered by a filter, mail not", "", 0, plan={"page": "portal"}),
    case("pages altered and 443 blocked, mail not", "", 0, plan={"page": "redirect"},
         nft=("tcp dport 443 drop",)),
]

SINGLE = [
    case("no link", "no-network", machine={"link": False}),
    case("no route", "no-network", machine={"route": False}),
    case("internet gone", "no-network", nft=(f"ip daddr != {ROUTER} drop",)),
    case("captive portal", "captive-portal", plan=PORTAL),
    case("captive redirect", "captive-portal", plan={**PORTAL, "page": "redirect"}),
    case("name server dead", "dns", plan={"dns": "off"}),
    case("name hidden", "dns", plan={"dns": "sink"}),
    case("name unknown", "dns", plan={"dns": "refuse-own"}),
    case("IPv6 only, server IPv4 only", "ip-family", machine={"ipv4": False, "ipv6": True},
         plan={"ipv6": True, "records": {"smtp.mail.me.com": {"A": [PROVIDER]}}}),
    case("IPv4 only, server IPv6 only", "ip-family",
         plan={"ipv6": True, "records": {"smtp.mail.me.com": {"AAAA": [PROVIDER6]}}}),
    case("IPv6 only, internet IPv4 only", "ip-family", machine={"ipv4": False, "ipv6": True}),
    case("587 dropped", "port-blocked", nft=("tcp dport 587 drop",)),
    case("587 rejected", "port-blocked", nft=("tcp dport 587 reject with tcp reset",)),
    case("587 unreachable", "port-blocked",
         nft=("tcp dport 587 reject with icmpx type admin-prohibited",)),
    case("all mail ports dropped", "port-blocked", nft=(f"{MAIL_PORTS} drop",)),
    case("server refuses", "server-down", plan=NO_SMTP),
    case("server dropped", "server-down", nft=(f"ip daddr {PROVIDER} drop",)),
    case("server silent", "server-down", plan={"smtp": {"587": "silent"}}),
    case("no server of mail", "server-down", plan={"smtp": {"587": "http"}}),
    case("server busy", "server-busy", plan={"greeting": "421 4.3.2 too many connections"}),
    case("server refuses the network", "server-refuses", 69,
         plan={"greeting": "554 5.7.1 your address is blocked"}),
    case("proxy on every port", "proxy", plan={"proxy": True, "certificate": "self-signed"}),
    case("proxy on every port that lets mail through", "proxy", 0, plan={"proxy": True}),
    case("offer rewritten", ("starttls-stripped", "inspection"),
         plan={"ehlo": [word if word != "STARTTLS" else "XXXXXXXA" for word in EHLO]}),
    case("greeting rewritten", "inspection", plan={"greeting": "220 ***************"}),
    case("STARTTLS stripped", "starttls-stripped",
         plan={"ehlo": [word for word in EHLO if word != "STARTTLS"]}),
    case("inspected", "tls-inspected", 78, plan={"certificate": "inspected"}),
    case("issuer unknown", "certificate", 69, plan={"certificate": "company"}),
    case("expired", "certificate", 69, plan={"certificate": "expired"}),
    case("wrong name", "certificate", 69, plan={"certificate": "wrong-name"}),
    case("self-signed", "certificate", 69, plan={"certificate": "self-signed"}),
    case("clock ahead", "clock", 78, machine=CLOCK),
    case("clock behind", "clock", 78, machine={"clock": "-400d"}),
    case("clock three days ahead", "clock", 0, machine={"clock": "+3d"}),
    case("clock in 2038", "clock", 78, machine={"clock": "@2038-01-20 00:00:00"}),
    case("535", "password", 77, plan={"auth": BAD}),
    case("534", "app-password", 77,
         plan={"auth": "534 5.7.9 Application-specific password required"}),
    case("two-factor off", "two-factor", 77,
         plan={"auth": "535 5.7.0 Two-factor authentication must be switched on"}),
    case("454", "login-down", plan={"auth": "454 4.7.0 Temporary authentication failure"}),
    case("no entry", "no-password", 77, keyring="no-entry"),
    case("keyring locked", "keyring-locked", keyring="locked"),
    case("no keyring", "keyring", keyring="none"),
    case("sender refused", "sender", 69,
         plan={"mail": "550 5.7.0 From address is not one of your addresses"}),
    case("daily limit", "daily-limit",
         plan={"mail": "550 5.7.1 You have exceeded your daily sending limit"}),
    case("mail switched off", "service-off", 69,
         plan={"mail": "550 5.7.1 Relaying denied for this user", "imap": "disabled"}),
    case("small SIZE", "size", 0, plan={"ehlo": ["SIZE 1000000", *EHLO[2:]]}),
    case("storage full", "storage-full", plan=FULL),
    case("storage at 85 %", "storage-low", 0, plan={"quota": [4250000, 5000000]}),
    case("outage", "outage", plan={**OUTAGE, "smtp": {}}),
    case("outage elsewhere", "outage", 0, plan=OUTAGE),
    case("receiving is off", "receiving", 0, plan={"imap": "off"}),
    case("timer dead", "schedule", prepare=DEAD_TIMER),
    case("stuck, and no timer", "schedule", prepare=STUCK),
    case("stuck in spite of a timer", "message-stuck", prepare=("fresh_timer", *STUCK)),
    case("too large in the outbox", "message-too-large", 69, prepare=("a_large_message_waits",)),
    case("disk full", "disk-full", machine={"small_disk": True}),
    case("recipient's domain misspelt", "recipient", 69,
         words=("--recipient", "friend@gmial.com")),
    case("recipient's domain unknown", "recipient", 69,
         words=("--recipient", "friend@nosuch.example")),
    case("recipient takes no mail", "recipient", 69,
         words=("--recipient", "friend@nomail.example")),
    case("host misspelt", "settings", 78, keys={"smtp-host": "smtp.mail.mee.com"}),
    case("wrong port", "settings", 78, keys={"smtp-port": 2525}),
    case("465 with STARTTLS", "settings", 78, keys={"smtp-port": 465, "smtp-security": "starttls"}),
    case("no configuration", "not-set-up", 78, machine={"config": ""}),
    case("bad configuration", "configuration", 78, keys={"colour": "red"}),
]

PAIRS = [
    case("587 dropped + storage full", "port-blocked", nft=("tcp dport 587 drop",), plan=FULL),
    case("587 dropped + keyring locked", ("port-blocked", "keyring-locked"),
         nft=("tcp dport 587 drop",), keyring="locked"),
    case("535 + storage at 85 %", "password", 77,
         plan={"auth": BAD, "quota": [4250000, 5000000]}),
    case("535 + timer dead", "password", 77, plan={"auth": BAD}, prepare=DEAD_TIMER),
    case("captive portal + timer dead", "captive-portal", plan=PORTAL, prepare=DEAD_TIMER),
    case("pages altered by a filter + 535", "password", 77, plan={"page": "portal", "auth": BAD}),
    case("no route + too large in the outbox", "no-network", machine={"route": False},
         prepare=("a_large_message_waits",)),
    case("name server dead + no entry", ("dns", "no-password"), plan={"dns": "off"},
         keyring="no-entry"),
    case("outage + storage full", ("outage", "storage-full"), plan={**OUTAGE, **NO_SMTP, **FULL}),
    case("clock ahead + 535", "clock", 78, machine=CLOCK, plan={"auth": BAD}),
    case("inspected + storage full", "tls-inspected", 78,
         plan={"certificate": "inspected", **FULL}),
    case("host misspelt + timer dead", "settings", 78, keys={"smtp-host": "smtp.mail.mee.com"},
         prepare=DEAD_TIMER),
    case("outage + 454", "outage", plan={**OUTAGE, "auth": "454 4.7.0 Try again later"}),
    case("greeting rewritten + stuck", "inspection", plan={"greeting": "220 ***************"},
         prepare=STUCK),
    case("storage full + stuck", "storage-full", plan=FULL, prepare=STUCK),
    case("keyring locked + timer dead", "keyring-locked", keyring="locked", prepare=DEAD_TIMER),
    case("proxy + 534", "proxy", plan={"proxy": True, "certificate": "self-signed",
                                       "auth": "534 5.7.9 Application-specific password required"}),
    case("disk full + recipient takes no mail", "disk-full", machine={"small_disk": True},
         words=("--recipient", "friend@nomail.example")),
    case("timer dead + small SIZE", "schedule", prepare=DEAD_TIMER,
         plan={"ehlo": ["SIZE 1000000", *EHLO[2:]]}),
    case("storage full + sender refused", ("storage-full", "sender"), (75, 69),
         plan={**FULL, "mail": "550 5.7.0 From address is not one of your addresses"}),
    case("STARTTLS stripped + recipient misspelt", "starttls-stripped",
         plan={"ehlo": [word for word in EHLO if word != "STARTTLS"]},
         words=("--recipient", "friend@gmial.com")),
]


def all_cases():
    return {entry.name: entry for entry in HEALTHY + SINGLE + PAIRS}
