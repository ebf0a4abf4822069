#!/usr/bin/python3
"""internet: what is outside a machine that the doctor looks at, in a network of its own.

    unshare -n internet.py PLAN.json      (inside the machine's process namespace)

It prints its process id, waits for the interface `wan` to be moved to it, and then serves, on
addresses of documentation networks (RFC 5737): a name server, the provider's servers of mail
(SMTP and IMAP), a control provider, hosts on 443, a page that a captive portal would
change, and a status feed.  PLAN says what is broken; see PLAN below for what is well.
It serves until its standard input ends.
"""

import asyncio
import base64
import email.utils
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import time

ROUTER, ROUTER6 = "192.168.77.1", "fd00:77::1"
PROVIDER, IMAP, CONTROL, WEB, NOWHERE = ("203.0.113.10", "203.0.113.11", "203.0.113.30",
                                         "203.0.113.20", "192.0.2.1")
PROVIDER6, IMAP6, CONTROL6, WEB6 = ("2001:db8:1::10", "2001:db8:1::11", "2001:db8:1::30",
                                    "2001:db8:1::20")
PLAN = {
    "ipv6": False,             # the servers have IPv6 addresses, too
    "ipv4": True,
    "dns": "on",               # off, refuse-own, sink
    "records": {},             # name: {"MX": [...], "A": [...]} besides the usual
    "smtp": {"587": "starttls", "465": "tls", "25": "starttls"},
    "control": [587, 465, 25],
    "control_web": True,
    "page": "success",         # portal, redirect, none
    "clock": 0,                # s that the web's Date is ahead of this machine
    "feed": "",
    "certificate": "good",
    "imap_certificate": "good",
    "greeting": "220 iCloud SMTP - smtp.mail.me.com",
    "ehlo": ["PIPELINING", "SIZE 28319744", "STARTTLS", "AUTH LOGIN PLAIN",
             "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8"],
    "auth": "235 2.7.0 Authentication successful",
    "mail": "250 2.1.0 Ok",
    "rcpt": "250 2.1.5 Ok",
    "proxy": False,            # answers on 587, 465, 25 of a host that does not exist
    "proxy_tls": "good",       # certificate shown by what answers in the provider's place
    "imap": "on",              # off, disabled, refused, unavailable
    "quota": [1000000, 5000000],
    "log": "",
}


def write_line(writer, text):
    writer.write(text.encode() + b"\r\n")


class Internet:
    def __init__(self, plan):
        self.plan = {**PLAN, **plan}
        self.tls = {}
        self.log = open(self.plan["log"] or os.devnull, "a", buffering=1)

    def context(self, kind):
        if kind not in self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.plan["certificates"][kind])
            self.tls[kind] = context
        return self.tls[kind]

    # --- names ---

    def records(self):
        families = {}
        for name, ipv4, ipv6 in (("smtp.mail.me.com", PROVIDER, PROVIDER6),
                                 ("imap.mail.me.com", IMAP, IMAP6),
                                 ("smtp.gmail.com", CONTROL, CONTROL6),
                                 ("smtp.fastmail.com", CONTROL, CONTROL6),
                                 ("www.apple.com", WEB, WEB6), ("www.google.com", WEB, WEB6),
                                 ("captive.apple.com", WEB, WEB6)):
            families[name] = {}
            if self.plan["ipv4"]:
                families[name]["A"] = [ipv4]
            if self.plan["ipv6"]:
                families[name]["AAAA"] = [ipv6]
        families["example.org"] = {"MX": ["10 mx.example.org"], "A": [WEB]}
        families["nomail.example"] = {"MX": ["0 ."], "A": [WEB]}
        families["implicit.example"] = {"A": [WEB]}
        families["smtp.elsewhere.example"] = {"A": [IMAP]}
        families.update(self.plan["records"])
        if self.plan["dns"] == "sink":
            families["smtp.mail.me.com"] = {"A": ["0.0.0.0"]}
        if self.plan["dns"] == "refuse-own":
            del families["smtp.mail.me.com"]
        return families

    def answer(self, query):
        """A reply to a question of the kinds A, AAAA and MX."""
        names, at = [], 12
        while query[at]:
            names.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        question = query[12:at + 5]
        kind = {1: "A", 28: "AAAA", 15: "MX"}.get(struct.unpack("!H", query[at + 1:at + 3])[0])
        known = self.records().get(".".join(names))
        values = (known or {}).get(kind, [])
        head = struct.pack("!HHHHHH", struct.unpack("!H", query[:2])[0],
                           0x8180 if known is not None else 0x8183, 1, len(values), 0, 0)
        return head + question + b"".join(self.resource(kind, value) for value in values)

    @staticmethod
    def resource(kind, value):
        if kind == "MX":
            preference, host = value.split()
            labels = [label for label in host.split(".") if label]
            data = struct.pack("!H", int(preference)) + b"".join(
                bytes([len(label)]) + label.encode() for label in labels) + b"\0"
        else:
            family = socket.AF_INET if kind == "A" else socket.AF_INET6
            data = socket.inet_pton(family, value)
        number = {"A": 1, "AAAA": 28, "MX": 15}[kind]
        return struct.pack("!HHHIH", 0xc00c, number, 1, 60, len(data)) + data

    async def serve_names(self, loop):
        internet = self

        class Names(asyncio.DatagramProtocol):
            def connection_made(self, transport):
                self.transport = transport

            def datagram_received(self, data, address):
                if internet.plan["dns"] != "off":
                    self.transport.sendto(internet.answer(data), address)

        for address in (ROUTER, ROUTER6):
            await loop.create_datagram_endpoint(Names, local_addr=(address, 53))

    # --- mail ---

    async def converse(self, reader, writer, kind):
        """One session of a submission server."""
        plan, encrypted, certificate = self.plan, kind == "tls", plan_certificate(self.plan, kind)
        write_line(writer, plan["greeting"])
        while True:
            await writer.drain()
            line = (await reader.readline()).decode("utf-8", "replace").strip()
            if not line:
                return
            verb = line.split()[0].upper()
            self.log.write(verb + "\n")
            if verb == "EHLO":
                words = [word for word in plan["ehlo"]
                         if not (encrypted and word == "STARTTLS")
                         and (encrypted or not word.startswith("AUTH"))]
                lines = ["smtp.mail.me.com", *words]
                for word in lines[:-1]:
                    write_line(writer, "250-" + word)
                write_line(writer, "250 " + lines[-1])
            elif verb == "STARTTLS":
                write_line(writer, "220 2.0.0 Ready to start TLS")
                await writer.drain()
                reader, writer = await upgrade(reader, writer, self.context(certificate))
                encrypted = True
            elif verb == "AUTH":
                words = line.split()
                if len(words) < 3:
                    write_line(writer, "334 ")
                    await writer.drain()
                    words.append((await reader.readline()).decode().strip())
                password = base64.b64decode(words[2]).split(b"\0")[-1].decode()
                write_line(writer, plan["auth"].replace("{password}", password))
            elif verb == "MAIL":
                write_line(writer, plan["mail"])
            elif verb == "RCPT":
                write_line(writer, plan["rcpt"])
            elif verb == "QUIT":
                write_line(writer, "221 2.0.0 Bye")
                await writer.drain()
                return
            elif verb == "DATA":
                self.log.write("DATA!\n")
                write_line(writer, "554 5.0.0 a doctor sends nothing")
            else:
                write_line(writer, "250 2.0.0 Ok")

    async def accept_mail(self, reader, writer, kind):
        try:
            if kind == "silent":
                await asyncio.sleep(60)
            elif kind == "http":
                await reader.readline()
                write_line(writer, "HTTP/1.1 400 Bad Request")
                await writer.drain()
            elif kind == "banner":
                write_line(writer, "SSH-2.0-OpenSSH_9.2p1")
                await writer.drain()
            elif kind != "accept":
                await self.converse(reader, writer, kind)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, IndexError, ValueError):
            pass
        finally:
            writer.close()

    async def accept_imap(self, reader, writer):
        write_line(writer, "* OK IMAP4rev1 ready")
        try:
            while True:
                await writer.drain()
                line = (await reader.readline()).decode().strip()
                if not line:
                    return
                tag, verb = line.split()[0], line.split()[1].upper()
                self.imap_command(writer, tag, verb)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, IndexError):
            pass
        finally:
            writer.close()

    def imap_command(self, writer, tag, verb):
        refusals = {"disabled": "NO [NOPERM] mail is switched off",
                    "refused": "NO [AUTHENTICATIONFAILED] wrong",
                    "unavailable": "NO [UNAVAILABLE] later"}
        self.log.write("IMAP " + verb + "\n")
        if verb == "LOGIN" and self.plan["imap"] in refusals:
            write_line(writer, f"{tag} {refusals[self.plan['imap']]}")
        elif verb == "CAPABILITY":
            write_line(writer, "* CAPABILITY IMAP4rev1 QUOTA IDLE")
            write_line(writer, f"{tag} OK done")
        elif verb == "GETQUOTAROOT":
            used, limit = self.plan["quota"]
            write_line(writer, '* QUOTAROOT INBOX "User"')
            write_line(writer, f'* QUOTA "User" (STORAGE {used} {limit})')
            write_line(writer, f"{tag} OK done")
        else:
            write_line(writer, f"{tag} OK done")

    # --- the web ---

    async def accept_web(self, reader, writer):
        try:
            request = (await reader.readline()).decode().split()
            path = request[1] if len(request) > 1 else "/"
            status, headers, body = self.page(path)
            date = email.utils.formatdate(time.time() + self.plan["clock"], usegmt=True)
            write_line(writer, f"HTTP/1.1 {status}")
            for name, value in {"Date": date, "Content-Length": len(body),
                                "Connection": "close", **headers}.items():
                write_line(writer, f"{name}: {value}")
            write_line(writer, "")
            writer.write(body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def page(self, path):
        if path.startswith("/feed"):
            return "200 OK", {}, self.plan["feed"].encode()
        if self.plan["page"] == "portal":
            return "200 OK", {}, b"<html>Welcome to Cafe Wi-Fi. Please sign in.</html>"
        if self.plan["page"] == "redirect":
            return "302 Found", {"Location": "http://192.168.77.1/login"}, b""
        return "200 OK", {}, b"<HTML><BODY>Success</BODY></HTML>"

    async def accept_nothing(self, _reader, writer):
        writer.close()

    # --- all of it ---

    def hosts(self, ipv4, ipv6):
        return [ipv4] * self.plan["ipv4"] + [ipv6] * self.plan["ipv6"]

    async def serve(self):
        plan, loop = self.plan, asyncio.get_running_loop()
        servers = []

        async def listen(callback, hosts, port, **options):
            for host in hosts:
                servers.append(await asyncio.start_server(callback, host, port, **options))

        def mail(kind):
            return lambda reader, writer: self.accept_mail(reader, writer, kind)

        await self.serve_names(loop)
        for port, kind in plan["smtp"].items():
            options = {"ssl": self.context(plan_certificate(plan, "tls"))} if kind == "tls" else {}
            await listen(mail(kind), self.hosts(PROVIDER, PROVIDER6), int(port), **options)
        for port in plan["control"]:
            await listen(self.accept_nothing, self.hosts(CONTROL, CONTROL6), port)
        if plan["proxy"]:
            for port in (587, 465, 25):
                await listen(mail("starttls"), [NOWHERE], port)
        if plan["control_web"]:
            await listen(self.accept_nothing, self.hosts(WEB, WEB6), 443)
        if plan["page"] != "none":
            await listen(self.accept_web, self.hosts(WEB, WEB6), 80)
        if plan["imap"] != "off":
            await listen(self.accept_imap, self.hosts(IMAP, IMAP6), 993,
                         ssl=self.context(plan["imap_certificate"]))
        print("serving", flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
        os._exit(0)  # whatever is still being said


def plan_certificate(plan, _kind):
    return plan["certificate"]


async def upgrade(reader, writer, context):
    """asyncio's own start_tls() of streams came with Python 3.11, and is buggy there."""
    loop = asyncio.get_running_loop()
    transport = writer.transport
    protocol = transport.get_protocol()
    fresh = await loop.start_tls(transport, protocol, context, server_side=True)
    reader._transport = fresh
    protocol._transport = fresh
    return reader, asyncio.StreamWriter(fresh, protocol, reader, loop)


def set_up(plan):
    """Addresses of the whole internet on one machine."""
    commands = ["link set lo up", "link set wan up", f"addr add {ROUTER}/24 dev wan",
                f"addr add {ROUTER6}/64 dev wan nodad"]
    for ipv4 in (PROVIDER, IMAP, CONTROL, WEB) + ((NOWHERE,) if plan.get("proxy") else ()):
        commands.append(f"addr add {ipv4}/32 dev lo")
    for ipv6 in (PROVIDER6, IMAP6, CONTROL6, WEB6):
        commands.append(f"addr add {ipv6}/128 dev lo nodad")
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)


def main():
    plan = json.load(open(sys.argv[1], encoding="utf-8"))
    print(os.getpid(), flush=True)
    sys.stdin.readline()  # "wan" is here
    set_up(plan)
    asyncio.run(Internet(plan).serve())


if __name__ == "__main__":
    main()
