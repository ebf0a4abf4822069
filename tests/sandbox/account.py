#!/usr/bin/python3
"""account: a mail account on loopback that answers as iCloud's submission server does.

    account.py --dir DIR [--port N] [--tls-port N] [--certificate KIND] [--size N] …

It prints one line of JSON when it listens (host, port, tls_port, ca, address, user,
maildir, log, rules, password_file) and serves until its standard input ends or it gets
SIGTERM.  What it accepts is kept octet for octet in DIR/Maildir; what it was told stands
in DIR/log, one JSON object a line, passwords masked.

How it fails is up to the sender: see RECIPIENTS and SENDERS below for addresses that are
answered specially, and DIR/rules.json, read again at every command, for the rest:

    {"auth": REPLY, "mail": REPLY, "rcpt": REPLY, "data": REPLY, "final": REPLY,
     "recipients": {"glob@*": REPLY}, "greeting": REPLY, "connections": N, "pause": SECONDS}

where a REPLY is the text to answer with, "drop" to close without a word, or "hang" to
say nothing more; connections beyond N at a time are greeted with 421, and each message
is answered after the pause.  This is the sandbox of the demo and of the plain end-to-end tests; it
keeps to the protocol otherwise.
"""

import argparse
import asyncio
import fnmatch
import json
import logging
import os
import secrets
import ssl
import sys
import time

from aiosmtpd.smtp import SMTP, AuthResult

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certificates import KINDS, Authority  # noqa: E402

HOST = "localhost"
NAMES = [HOST, "127.0.0.1", "::1"]
SIZE = 28319744
PASSWORD_REFUSED = "535 5.7.8 Error: authentication failed: authentication failure"
NOT_YOURS = "550 5.7.0 From address is not one of your addresses"

# By address: what the server says of a recipient at RCPT …
RECIPIENTS = {
    "nosuch@*": "550 5.1.1 <{address}>: Recipient address rejected: User unknown",
    "tempfail@*": "451 4.7.1 <{address}>: Please try again later",
    "nodomain@*": "450 4.1.8 <{address}>: Recipient address rejected: Domain not found",
    "full@*": "552 5.2.2 <{address}>: mailbox is over quota",
    "limit@*": "550 5.7.1 You have exceeded your daily sending limit. Please try again later.",
    "blocked@*": "554 5.7.1 [CS01] Message rejected due to local policy.",
    "hangup@*": "drop",
}
# … and of a message to it after the final dot.  "kept" means: stored all the same.
FINAL = {
    "spam@*": "554 5.7.1 [HM08] Message rejected due to local policy.",
    "busy@*": "452 4.3.1 Insufficient system storage",
    "lost@*": "drop",
    "lostkept@*": "kept",
}
REFUSED_AUTH = {
    "no-app-password@*": "534 5.7.9 Application-specific password required",
}

CAPABILITIES = ["PIPELINING", "SIZE {size}", "ETRN", "STARTTLS", "AUTH LOGIN PLAIN",
                "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8"]
# Announced by iCloud, of no use to a mail program.
OTHER_MECHANISMS = ["ATOKEN", "ATOKEN2", "WSTOKEN", "WETOKEN", "XOAUTH2"]
MAIL_PARAMETERS = ("RET", "ENVID", "AUTH")
RCPT_PARAMETERS = ("NOTIFY", "ORCPT")


class Maildir:
    """Message files appear in new/ complete or not at all."""

    def __init__(self, path):
        self.path = path
        for folder in ("tmp", "new", "cur"):
            os.makedirs(os.path.join(path, folder), mode=0o700, exist_ok=True)

    def store(self, content):
        name = f"{time.time():.6f}.{secrets.token_hex(4)}.sandbox"
        temporary = os.path.join(self.path, "tmp", name)
        with open(temporary, "wb") as file:
            file.write(content)
        final = os.path.join(self.path, "new", name)
        os.rename(temporary, final)
        return final


class Account:
    """What every connection shares: the settings, the log, the rules, the mailbox."""

    def __init__(self, options):
        self.options = options
        folder = os.path.abspath(options.dir)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.maildir = Maildir(os.path.join(folder, "Maildir"))
        self.log_path = os.path.join(folder, "log")
        self.rules_path = os.path.join(folder, "rules.json")
        self.password_path = os.path.join(folder, "password")
        self._log = open(self.log_path, "a", buffering=1, encoding="utf-8")
        self.authority = Authority(os.path.join(folder, "tls"))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.authority.issue(NAMES, options.certificate))
        self.sessions = 0
        self.open = 0
        if not os.path.exists(self.password_path):
            word = "-".join("".join(secrets.choice("abcdefghijklmnopqrstuvwxyz")
                                    for _ in range(4)) for _ in range(4))
            with open(os.open(self.password_path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(word + "\n")

    def password(self):
        with open(self.password_path, encoding="utf-8") as file:
            return file.readline().rstrip("\n")

    def note(self, session, event, **details):
        entry = {"time": round(time.time(), 6), "session": session, "event": event, **details}
        self._log.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def rules(self):
        try:
            with open(self.rules_path, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}


def match(table, address, fallback=None):
    for pattern, reply in table.items():
        if fnmatch.fnmatchcase(address.lower(), pattern):
            return reply.replace("{address}", address)
    return fallback


class Session(SMTP):
    """One connection.  Parsing, STARTTLS and DATA are aiosmtpd's; here stand the words."""

    def __init__(self, account, implicit_tls, loop):
        self.account = account
        account.sessions += 1
        self.number = account.sessions
        options = account.options
        offer_tls = not implicit_tls and not options.no_starttls
        super().__init__(
            self, hostname="iCloud", ident=f"SMTP - {HOST}", loop=loop,
            data_size_limit=options.size, enable_SMTPUTF8=True,
            tls_context=account.tls if offer_tls else None, require_starttls=offer_tls,
            auth_required=not options.no_auth,
            auth_require_tls=offer_tls, authenticator=self._check_password,
            auth_exclude_mechanism=options.without_mechanism, timeout=options.timeout)
        self._implicit_tls = implicit_tls
        self._admitted = True
        self._smtp_methods = {name: self._noting(name, method)
                              for name, method in self._smtp_methods.items()}

    def _noting(self, name, method):
        async def call(argument):
            shown = argument or ""
            if name == "AUTH":
                shown = shown.partition(" ")[0] + (" ***" if " " in shown else "")
            self.account.note(self.number, "command", line=f"{name} {shown}".rstrip(),
                              ahead=len(self._reader._buffer))
            try:
                await method(argument)
            except EndSession:
                self._end()
        return call

    def _end(self):
        self.account.note(self.number, "drop")
        self.transport.abort()

    async def push(self, status):
        text = status.decode("utf-8", "replace") if isinstance(status, bytes) else status
        self.account.note(self.number, "reply", line=text)
        await super().push(status)

    def connection_made(self, transport):
        again = self._original_transport is not None
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self.account.note(self.number, "tls", version=tls.version(), cipher=tls.cipher()[0])
        if not again:
            # Decided as they come in: who comes next while this one is turned away counts for itself.
            self._admitted = self.account.open < self.account.rules().get("connections", 1 << 30)
            self.account.open += self._admitted
            self.account.note(self.number, "connect", open=self.account.open)

    def connection_lost(self, error):
        self.account.open -= self._admitted
        self._admitted = False
        self.account.note(self.number, "disconnect")
        super().connection_lost(error)

    async def _handle_client(self):
        rules = self.account.rules()
        reply = rules.get("greeting")
        if not self._admitted:
            reply = "421 4.7.0 Too many connections, closing"
        if reply is None:
            return await super()._handle_client()
        try:
            await self.push(await self._speak(reply))
        except EndSession:
            pass
        self._end()

    async def _speak(self, reply):
        """The reply itself, or what it stands for."""
        if reply == "drop":
            raise EndSession
        if reply == "hang":
            await asyncio.sleep(3600)
        return reply

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        encrypted = self._implicit_tls or session.ssl is not None
        offered = []
        for keyword in CAPABILITIES:
            if keyword in (self.account.options.without or []):
                continue
            if keyword == "STARTTLS" and (encrypted or self.tls_context is None):
                continue
            if keyword.startswith("AUTH"):
                if self.account.options.no_auth or (self._auth_require_tls and not encrypted):
                    continue
                keyword = " ".join(["AUTH", *sorted(self._auth_methods), *OTHER_MECHANISMS])
            offered.append(keyword.format(size=self.data_size_limit))
        lines = [HOST] + offered
        return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]

    def _check_password(self, server, session, envelope, mechanism, credentials):
        user = credentials.login.decode("utf-8", "replace")
        password = credentials.password.decode("utf-8", "replace")
        refusal = self.account.rules().get("auth") or match(REFUSED_AUTH, user)
        if not refusal and (user != self.account.options.user
                            or not secrets.compare_digest(password.encode(),
                                                          self.account.password().encode())):
            refusal = PASSWORD_REFUSED
        self.account.note(self.number, "auth", mechanism=mechanism, user=user,
                          accepted=not refusal)
        if refusal:
            return AuthResult(success=False, handled=False, message=refusal)
        return AuthResult(success=True, auth_data=credentials)

    async def smtp_MAIL(self, argument):
        await super().smtp_MAIL(self._without(argument, MAIL_PARAMETERS))

    async def smtp_RCPT(self, argument):
        await super().smtp_RCPT(self._without(argument, RCPT_PARAMETERS))

    @staticmethod
    def _without(argument, parameters):
        """aiosmtpd knows no DSN: its parameters are taken out before it looks."""
        path, closing, rest = (argument or "").partition(">")
        kept = [word for word in rest.split()
                if word.partition("=")[0].upper() not in parameters]
        return path + closing + "".join(f" {word}" for word in kept)

    async def handle_MAIL(self, server, session, envelope, address, options):
        refusal = self.account.rules().get("mail")
        if refusal:
            return await self._speak(refusal)
        if address not in ("", "<>", *self.account.options.address):
            return NOT_YOURS
        envelope.mail_from = address
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        rules = self.account.rules()
        refusal = (match(rules.get("recipients", {}), address) or rules.get("rcpt")
                   or match(RECIPIENTS, address))
        if refusal:
            return await self._speak(refusal)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def smtp_DATA(self, argument):
        refusal = self.account.rules().get("data")
        if refusal and self.envelope.rcpt_tos:
            return await self.push(await self._speak(refusal))
        await super().smtp_DATA(argument)

    async def handle_DATA(self, server, session, envelope):
        self.account.note(self.number, "received", size=len(envelope.original_content))
        reply = self.account.rules().get("final")
        for address in envelope.rcpt_tos:
            reply = reply or match(FINAL, address)
        if reply not in (None, "kept"):
            return await self._speak(reply)
        await asyncio.sleep(self.account.rules().get("pause", 0))
        path = self.account.maildir.store(envelope.original_content)
        self.account.note(self.number, "message", sender=envelope.mail_from,
                          recipients=envelope.rcpt_tos, size=len(envelope.original_content),
                          file=path)
        if reply == "kept":
            raise EndSession
        return f"250 2.0.0 Ok: queued as {secrets.token_hex(5).upper()}"

    async def smtp_VRFY(self, argument):
        await self.push("502 5.5.1 VRFY command is disabled")

    async def handle_exception(self, error):
        if isinstance(error, EndSession):
            self._end()
        return f"451 4.3.0 Error: {type(error).__name__}"


class EndSession(Exception):
    """The connection is to be cut here and now."""


def arguments():
    parser = argparse.ArgumentParser(description="a mail account on loopback")
    parser.add_argument("--dir", required=True, help="where everything is kept")
    parser.add_argument("--port", type=int, default=0, help="STARTTLS port (0: any free one)")
    parser.add_argument("--tls-port", type=int, default=0, help="port of implicit TLS")
    parser.add_argument("--address", action="append", help="an address of the account")
    parser.add_argument("--user", help="name to log in with (the first address)")
    parser.add_argument("--size", type=int, default=SIZE, help="SIZE announced and kept to")
    parser.add_argument("--certificate", choices=KINDS, default="good")
    parser.add_argument("--no-starttls", action="store_true", help="a plaintext server")
    parser.add_argument("--no-auth", action="store_true", help="neither offer nor want AUTH")
    parser.add_argument("--without", action="append", help="a keyword not to announce")
    parser.add_argument("--without-mechanism", action="append", choices=("PLAIN", "LOGIN"))
    parser.add_argument("--timeout", type=float, default=300, help="seconds of silence allowed")
    options = parser.parse_args()
    options.address = options.address or ["me@icloud.com"]
    options.user = options.user or options.address[0]
    return options


async def serve(account):
    loop = asyncio.get_running_loop()
    options = account.options
    # A port that was asked for may be held for us by whoever asked.
    plain = await loop.create_server(lambda: Session(account, False, loop), "127.0.0.1",
                                     options.port, reuse_port=options.port != 0)
    tls = await loop.create_server(lambda: Session(account, True, loop), "127.0.0.1",
                                   options.tls_port, reuse_port=options.tls_port != 0,
                                   ssl=account.tls)
    port, tls_port = (server.sockets[0].getsockname()[1] for server in (plain, tls))
    print(json.dumps({
        "host": HOST, "port": port, "tls_port": tls_port, "ca": account.authority.path,
        "address": options.address[0], "user": options.user, "maildir": account.maildir.path,
        "log": account.log_path, "rules": account.rules_path,
        "password_file": account.password_path}), flush=True)
    # The end of our input is the end of whoever started us, also of one that was killed.
    ended = asyncio.Event()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def wait():
        while await reader.read(4096):
            pass
        ended.set()
    waiting = loop.create_task(wait())
    await ended.wait()
    await waiting


def main():
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    account = Account(arguments())
    try:
        asyncio.run(serve(account))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
