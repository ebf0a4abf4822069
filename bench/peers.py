"""The programs sendoff is compared with, each told to do the same.

A peer has one(message): a command (and its standard input) that sends one message;
some have many(message, n): a command that sends n over one connection.  The password
comes from a command where the program can (msmtp), otherwise as its manual says.
"""
import os
import shutil
import socket
import sys

from lab import ADDRESS, PASSWORD, PEER, Root

SMTPLIB = """
import smtplib, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
with open(sys.argv[3], "rb") as file:
    message = file.read()
smtp = smtplib.SMTP("localhost", int(sys.argv[1]))
smtp.starttls(context=context)
smtp.login(sys.argv[4], sys.argv[5])
for _ in range(int(sys.argv[7])):
    smtp.sendmail(sys.argv[4], [sys.argv[6]], message)
smtp.quit()
"""


class Peers:
    """Commands for one server; `env` is what all of them get."""

    def __init__(self, work, packages, server, ca):
        self.work, self.packages, self.server, self.ca = work, packages, server, ca
        self.password_file = self._write("password", PASSWORD + "\n")
        self.env = {"HOME": work, "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
                    "PERL5LIB": ""}

    def _write(self, name, text, mode=0o600):
        path = os.path.join(self.work, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    # One message, one process.
    def msmtp(self, message):
        program = self.packages.program("msmtp", "usr/bin/msmtp")
        config = self._write("msmtprc", (
            "account default\nhost localhost\nport %d\nauth plain\ntls on\ntls_trust_file %s\n"
            "user %s\nfrom %s\npasswordeval cat %s\n" % (
                self.server.port, self.ca, ADDRESS, ADDRESS, self.password_file)))
        return [program, "-C", config, PEER] if program else None, message

    def _curl_lines(self, message):
        return ("url = smtp://localhost:%d/bench.test\nssl-reqd\ncacert = %s\nuser = \"%s:%s\"\n"
                "mail-from = %s\nmail-rcpt = %s\nupload-file = %s\nsilent\n" % (
                    self.server.port, self.ca, ADDRESS, PASSWORD, ADDRESS, PEER, message))

    def curl(self, message):
        return ["curl", "-K", self._write("curlrc", self._curl_lines(message))], None

    def curl_many(self, message, n):
        text = "next\n".join(self._curl_lines(message) for _ in range(n))
        return ["curl", "-K", self._write("curlrc-many", text)]

    def swaks(self, message):
        program = self.packages.program("swaks", "usr/bin/swaks")
        ssleay = self.packages.unpack("libnet-ssleay-perl")
        if not program or not ssleay:
            return None, None
        folders = [os.path.join(root, "") for root, _, files in os.walk(ssleay)
                   if root.endswith(("/perl5/5.36", "/perl5")) or "Net" in os.listdir(root)]
        self.env["PERL5LIB"] = ":".join(folders)
        return [program, "--server", "localhost", "--port", str(self.server.port), "--tls",
                "--tls-verify", "--tls-ca-path", self.ca, "--auth", "PLAIN", "--auth-user",
                ADDRESS, "--auth-password", PASSWORD, "--from", ADDRESS, "--to", PEER,
                "--data", message, "--silent", "2"], None

    def s_nail(self, message):
        program = self.packages.program("s-nail", "usr/bin/s-nail")
        if not program:
            return None, None
        return [program, "-:/", "-Sv15-compat", "-Ssmtp-use-starttls", "-Ssmtp-auth=plain",
                "-Stls-verify=strict", "-Stls-ca-file=" + self.ca, "-Sfrom=" + ADDRESS,
                "-Smta=smtp://%s:%s@localhost:%d" % (ADDRESS.replace("@", "%40"), PASSWORD,
                                                     self.server.port),
                "-s", "bench", PEER], message

    def smtplib(self, message, n=1):
        return [sys.executable, "-c", SMTPLIB, str(self.server.port), self.ca, message, ADDRESS,
                PASSWORD, PEER, str(n)], None

    def smtplib_many(self, message, n):
        return self.smtplib(message, n)[0]

    # Mail servers, each in a root of its own.
    def postfix(self):
        package = self.packages.unpack("postfix")
        return Postfix(self, package) if package else None

    def nullmailer(self):
        package = self.packages.unpack("nullmailer")
        return Nullmailer(self, package) if package else None

    def dma(self):
        package = self.packages.unpack("dma")
        return Dma(self, package) if package else None

    def dma_at_once(self):
        package = self.packages.unpack("dma")
        return Dma(self, package, "dma-at-once", "") if package else None

    def root(self, name, package):
        folder = os.path.join(self.work, "root-" + name)
        shutil.rmtree(folder, ignore_errors=True)
        return Root(folder, self.work, package)


class Postfix:
    """One connection kept (smtp_tls_connection_reuse); the backlog is filled beforehand."""

    def __init__(self, peers, package):
        self.root = root = peers.root("postfix", package)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        where = "[localhost]:%d" % peers.server.port
        with open(os.path.join(package, "usr/share/postfix/master.cf.dist")) as file:
            lines = [line for line in file.read().splitlines() if line and line[0] not in "# "]
        master = []
        for line in lines:
            words = line.split()
            if words[:2] == ["smtp", "inet"]:
                words[0] = "127.0.0.1:%d" % self.port
            words[4] = "n"
            if words[7:] and words[7] in ("smtp", "smtpd", "bounce", "error", "discard", "local",
                                          "virtual", "lmtp", "pipe"):
                words = words[:8]
            if words[7] != "pipe":
                master.append("\t".join(words))
        master.append("tlsproxy unix - - n - 0 tlsproxy")
        root.write("postfix/master.cf", "\n".join(master) + "\n")
        root.write("postfix/sasl", "%s %s:%s\n" % (where, ADDRESS, PASSWORD), 0o600)
        self.settings = {
            "compatibility_level": "3.6", "queue_directory": "/var/spool/postfix",
            "data_directory": "/var/lib/postfix", "myhostname": "bench.test",
            "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "mydestination": "",
            "mynetworks": "127.0.0.0/8", "alias_maps": "", "relayhost": where,
            "smtp_host_lookup": "native", "smtp_dns_support_level": "disabled",
            "smtp_tls_security_level": "secure", "smtp_tls_CAfile": peers.ca,
            "smtp_tls_connection_reuse": "yes", "smtp_sasl_auth_enable": "yes",
            "smtp_sasl_password_maps": "texthash:/etc/postfix/sasl",
            "smtp_sasl_tls_security_options": "noanonymous",
            "smtp_connection_reuse_count_limit": "0",
            "smtp_connection_reuse_time_limit": "3600s",
            "smtp_connection_cache_destinations": where,
            "default_destination_concurrency_limit": "1",
            "initial_destination_concurrency": "1", "daemon_directory": "/usr/lib/postfix/sbin",
            "maillog_file": "/var/log/mail.log", "maillog_file_prefixes": "/var",
            "smtpd_relay_restrictions": "permit_mynetworks,reject",
        }
        self._configure("smtp")
        root.run("install", "-d", "/var/spool/postfix")
        root.run("install", "-d", "-o", "postfix", "/var/lib/postfix")
        root.run("postfix", "set-permissions")
        root.run("postfix", "start")

    def _configure(self, deferred):
        text = "".join("%s = %s\n" % pair for pair in self.settings.items())
        self.root.write("postfix/main.cf", text + "defer_transports = %s\n" % deferred)

    def fill(self, size, n):
        self.root.run("smtp-source", "-c", "-m", str(n), "-s", "8", "-l", str(size), "-f",
                      ADDRESS, "-t", PEER, "127.0.0.1:%d" % self.port)
        for _ in range(60):
            left = self.root.run("sh", "-c", "cd /var/spool/postfix && find incoming active "
                                 "-type f | wc -l; sleep 0.2").stdout
            if left.split()[-1:] == [b"0"]:
                return

    def drain(self):
        """A command that makes it send what waits."""
        self._configure("")
        self.root.run("postfix", "reload")
        return self.root.command("sh", "-c", "sleep 1; postqueue -f; sleep 300")

    def stop(self):
        self.root.run("postfix", "stop")


class Nullmailer:
    def __init__(self, peers, package):
        self.root = root = peers.root("nullmailer", package)
        for name in ("queue", "tmp", "failed"):
            os.makedirs(root.path("/var/spool/nullmailer/" + name))
        os.mkfifo(root.path("/var/spool/nullmailer/trigger"))
        root.write("mailname", "bench.test\n")
        root.write("nullmailer/remotes", "localhost smtp --port=%d --starttls --auth-login "
                   "--user=%s --pass=%s --x509cafile=%s\n" % (peers.server.port, ADDRESS,
                                                              PASSWORD, peers.ca))

    def fill(self, message, n):
        with open(message) as file:
            text = "%s\n%s\n\n%s" % (ADDRESS, PEER, file.read())
        for i in range(n):
            path = self.root.path("/var/spool/nullmailer/queue/%010d.%d" % (1700000000 + i, i))
            with open(path, "w") as out:
                out.write(text)

    def drain(self):
        return self.root.command("nullmailer-send")

    def stop(self):
        pass


class Dma:
    """Queues with DEFER, then `dma -q` sends: a process and a connection for each message.

    Without DEFER a process is left behind that sends at once, as `sendoff sendmail` does.
    """

    def __init__(self, peers, package, name="dma", defer="DEFER\n"):
        self.root = root = peers.root(name, package)
        root.write("dma/dma.conf", "SMARTHOST localhost\nPORT %d\nAUTHPATH /etc/dma/auth.conf\n"
                   "SECURETRANSFER\nSTARTTLS\n%sMAILNAME bench.test\n" % (peers.server.port, defer))
        root.write("dma/auth.conf", "%s|localhost:%s\n" % (ADDRESS, PASSWORD))
        root.run("install", "-d", "-o", "root", "-g", "mail", "-m", "2775", "/var/spool/dma")

    def fill(self, message, n):
        self.root.run("sh", "-c", "for i in $(seq %d); do dma -f %s %s <%s; done" % (
            n, ADDRESS, PEER, message))

    def drain(self):
        return self.root.command("sh", "-c", "dma -q; sleep 300")

    def stop(self):
        pass
