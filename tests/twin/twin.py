#!/usr/bin/python3
"""twin: Postfix and Dovecot, set up from a private folder to answer as iCloud Mail does.

    twin.py --dir DIR [--smtp-port 587] [--imap-port 993] [--name HOST]…

Needs root, or the root of a user namespace with more than one user in it.  Nothing of the
machine's own mail set-up is read or changed.  Where another mail server is installed, a
Postfix unpacked under build/postfix does (autogen.sh puts it there).  It prints one line of JSON when both listen, and serves until its standard
input ends or it gets SIGTERM.  Port 0 is any free one.

Differences from iCloud that cannot be had from these two are few: the queue id has
Postfix's form, and of the AUTH mechanisms only LOGIN and PLAIN are announced.
"""

import argparse
import grp
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "sandbox"))
from certificates import KINDS, Authority  # noqa: E402

UNPACKED = HERE.parents[1] / "build" / "postfix"
NAMES = ["smtp.mail.me.com", "imap.mail.me.com", "localhost", "127.0.0.1"]

QUEUE = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop",
         "private", "public", "saved", "trace")

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {root}/usr/lib/postfix/sbin
command_directory = {root}/usr/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {root}/etc/postfix
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME
  LD_LIBRARY_PATH
mail_owner = {owner}
setgid_group = {group}
multi_instance_name = postfix-twin
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {name}
mydestination =
mynetworks =
smtpd_banner = iCloud SMTP - $myhostname
message_size_limit = {size}
mailbox_size_limit = 0
smtpd_discard_ehlo_keywords = vrfy, chunking
disable_vrfy_command = yes
smtputf8_enable = yes
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {certificate}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth_port}
smtpd_delay_reject = no
smtpd_sender_restrictions = check_sender_access inline:{{ {senders} }},
  check_sender_access static:{{550 5.7.0 From address is not one of your addresses}}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access regexp:{folder}/recipients
smtpd_recipient_limit = 500
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
alias_maps =
alias_database =
local_recipient_maps =
default_transport = lmtp:inet:127.0.0.1:{lmtp_port}
lmtp_host_lookup = native
"""

# The same machine's mail server as programs on it know it: no TLS, no AUTH, any sender.
SMART_HOST = """\
127.0.0.1:{relay_port} inet n - n - - smtpd
  -o smtpd_tls_security_level=none
  -o smtpd_sasl_auth_enable=no
  -o mynetworks=127.0.0.0/8
  -o smtpd_sender_restrictions=
  -o smtpd_recipient_restrictions=
  -o smtpd_relay_restrictions=permit_mynetworks,reject"""

# As in tests/sandbox, so that a test may run against either.
RECIPIENTS = r"""
/^nosuch@/   550 5.1.1 User unknown
/^tempfail@/ 451 4.7.1 Please try again later
/^nodomain@/ 450 4.1.8 Domain not found
/^full@/     552 5.2.2 mailbox is over quota
/^limit@/    550 5.7.1 You have exceeded your daily sending limit. Please try again later.
/^blocked@/  554 5.7.1 [CS01] Message rejected due to local policy.
"""

DOVECOT_CONF = """\
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot-state
log_path = {folder}/dovecot.log
instance_name = sendoff-twin
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{certificate}
ssl_min_protocol = TLSv1.2
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
disable_plaintext_auth = yes
mail_location = maildir:~/Maildir
first_valid_uid = 1
recipient_delimiter = +
lmtp_save_to_detail_mailbox = yes
mail_plugins = quota
imap_capability = IMAP4rev1 CONDSTORE ENABLE QRESYNC QUOTA NAMESPACE UIDPLUS CHILDREN BINARY \
UNSELECT SEARCHRES ID IDLE LIST-STATUS
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
# Whoever else gets mail: the other side of the world.
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox "Sent Messages" {{
    auto = subscribe
  }}
  mailbox "Deleted Messages" {{
    auto = subscribe
  }}
  mailbox Drafts {{
    auto = subscribe
  }}
  mailbox Archive {{
    auto = subscribe
  }}
  mailbox Junk {{
    auto = subscribe
  }}
}}
protocol imap {{
  mail_plugins = quota imap_quota
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {auth_port}
  }}
}}
# A test may refuse passwords quickly.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imap_port}
    ssl = yes
  }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, processes, seconds=20):
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            ended = [process for process in processes if process.poll() is not None]
            if ended or time.monotonic() > end:
                raise SystemExit(f"twin: nothing listens on port {port}")
            time.sleep(0.05)


class Twin:
    def __init__(self, options):
        self.folder = pathlib.Path(options.dir).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.options = options
        self.smtp_port = options.smtp_port or free_port()
        self.imap_port = options.imap_port or free_port()
        self.password_file = self.folder / "password"
        if not self.password_file.exists():
            self.password_file.write_text("-".join(
                "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(4))
                for _ in range(4)) + "\n")
        names = options.name or NAMES
        self.authority = Authority(self.folder / "tls")
        self.certificate = self.authority.issue(names, options.certificate)
        self.root = "" if shutil.which("postfix") else str(UNPACKED)
        # Without the package its user is missing too; one that no mail program uses will do.
        self.owner = next(entry for name in ("postfix", "list") for entry in pwd.getpwall()
                          if entry.pw_name == name)
        self.group = next(entry for name in ("postdrop", "uucp") for entry in grp.getgrall()
                          if entry.gr_name == name)
        self.values = {
            "root": self.root, "owner": self.owner.pw_name, "group": self.group.gr_name,
            "folder": self.folder, "name": names[0], "size": options.size,
            "certificate": self.certificate, "auth_port": free_port(), "lmtp_port": free_port(),
            "relay_port": free_port(),
            "imap_port": self.imap_port,
            "uid": pwd.getpwnam("mail").pw_uid, "gid": pwd.getpwnam("mail").pw_gid,
            "senders": ", ".join(f"{{ {address} = OK }}" for address in options.address),
        }
        self.processes = []

    def write(self):
        uid, gid = self.values["uid"], self.values["gid"]
        mail = self.folder / "mail"
        mail.mkdir(exist_ok=True)
        os.chown(mail, uid, gid)
        users = self.folder / "users"
        word = self.password_file.read_text().strip()
        users.write_text("".join(
            f"{address}:{{PLAIN}}{word}:{uid}:{gid}::{mail}/{address}::"
            f"userdb_quota_rule=*:bytes={self.options.quota}\n"
            for address in self.options.address))
        users.chmod(0o644)
        (self.folder / "recipients").write_text(RECIPIENTS)
        (self.folder / "dovecot.conf").write_text(DOVECOT_CONF.format(**self.values))
        postfix = self.folder / "postfix"
        postfix.mkdir(exist_ok=True)
        (postfix / "main.cf").write_text(MAIN_CF.format(**self.values))
        (postfix / "master.cf").write_text(self.master_cf())
        owner = self.owner.pw_uid
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        os.chown(data, owner, -1)
        # Postfix' own start-up script makes these too, and takes three seconds to look at them.
        queue = self.folder / "queue"
        for name in QUEUE:
            (queue / name).mkdir(parents=True, exist_ok=True)
            os.chown(queue / name, owner, -1)
            (queue / name).chmod(0o700)
        for name, mode in (("public", 0o2710), ("maildrop", 0o1730)):
            os.chown(queue / name, owner, self.group.gr_gid)
            (queue / name).chmod(mode)
        (queue / "pid").mkdir(exist_ok=True)
        (queue / "quick-start").touch()

    def master_cf(self):
        """The distributed one: nothing in a chroot, the smtp service on our port."""
        lines = []
        distributed = pathlib.Path(f"{self.root}/usr/share/postfix/master.cf.dist")
        for line in distributed.read_text().splitlines():
            words = line.split()
            if not words or line.startswith(("#", " ", "\t")) or words[7] == "pipe":
                continue
            words[4] = "n"
            if words[:2] == ["smtp", "inet"]:
                words[0] = f"127.0.0.1:{self.smtp_port}"
            lines.append(" ".join(words))
        lines.append(SMART_HOST.format(**self.values))
        return "\n".join(lines) + "\n"

    def start(self):
        log = open(self.folder / "errors", "ab")
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        if self.root:
            environment["LD_LIBRARY_PATH"] = f"{self.root}/usr/lib/postfix"
        for command in (["dovecot", "-F", "-c", self.folder / "dovecot.conf"],
                        [f"{self.root}/usr/sbin/postfix", "-c", self.folder / "postfix", "start-fg"]):
            self.processes.append(subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True))
        for port in (self.smtp_port, self.imap_port, self.values["lmtp_port"]):
            wait_for_port(port, self.processes)

    def stop(self):
        # Postfix' master leads a session of its own.
        try:
            os.kill(int((self.folder / "queue/pid/master.pid").read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            pass
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)

    def describe(self):
        return {
            "host": (self.options.name or NAMES)[0], "port": self.smtp_port,
            "imap_port": self.imap_port, "relay_port": self.values["relay_port"], "ca": self.authority.path,
            "address": self.options.address[0], "user": self.options.address[0],
            "password_file": str(self.password_file), "mail": str(self.folder / "mail"),
            "users": str(self.folder / "users"), "log": str(self.folder / "postfix.log"),
            "imap_log": str(self.folder / "dovecot.log"),
        }


def arguments():
    parser = argparse.ArgumentParser(description="Postfix and Dovecot in iCloud's clothes")
    parser.add_argument("--dir", required=True)
    parser.add_argument("--smtp-port", type=int, default=587)
    parser.add_argument("--imap-port", type=int, default=993)
    parser.add_argument("--name", action="append", help="a host name of the certificate")
    parser.add_argument("--certificate", choices=KINDS, default="good")
    parser.add_argument("--address", action="append")
    parser.add_argument("--size", type=int, default=28319744)
    parser.add_argument("--quota", type=int, default=5 * 1000**3, help="octets of the mailbox")
    options = parser.parse_args()
    options.address = options.address or ["me@icloud.com", "me@me.com"]
    return options


def main():
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if not shutil.which("dovecot"):
        raise SystemExit("twin: Dovecot is not installed")
    if not shutil.which("postfix") and not UNPACKED.exists():
        raise SystemExit("twin: Postfix is neither installed nor unpacked in build/postfix")
    twin = Twin(arguments())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        twin.write()
        twin.start()
        print(json.dumps(twin.describe()), flush=True)
        while sys.stdin.buffer.read1(4096):
            pass
    finally:
        twin.stop()


if __name__ == "__main__":
    main()
