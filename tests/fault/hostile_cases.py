"""What the hostile server does, case by case, and what a client has to make of it.

A Case (hostile_acts.py) names the exit statuses (DESIGN section 4) and the `status` words that
are right for it; matrix() is every phase times every act, the other functions are the single
tricks.  `verified` is False where no client may take the server for the right one: then
neither password nor message may reach it.
"""
import ssl
import time

from hostile import PHASES
from hostile_acts import (BIG, CREDENTIALS, GARBAGE, NOT_SENT, PROTOCOL, REFUSED, SENT, TEMPORARY,
                          USAGE_SIZE, Case, close, deaf_close, final, go_and_close, only_this_one,
                          reset, say, silence, then, truncate, usual)
from hostile_odd import all_oddities

ACTS = ("silence", "reset", "close", "truncate", "drip", "garbage", "4xx", "5xx", "421")
SEALED = PHASES[PHASES.index("ehlo2"):]  # phases under TLS


def _act(phase, act):
    """One cell of the matrix as a function of the conversation."""
    if phase == "tls":  # an answer to the ClientHello, or the lack of one
        return then(lambda c: c.fill(), _act("handshake", act))
    replies = {"4xx": "451 4.3.0 Not now", "421": "421 4.3.2 Closing",
               "5xx": "535 5.7.8 Bad credentials" if phase == "auth" else "550 5.7.0 Never"}
    if act in ("silence", "reset", "truncate"):
        return {"silence": silence, "reset": reset, "truncate": truncate}[act]
    if act == "close":
        return deaf_close if phase == "body" else close
    if act == "drip":
        if phase == "body":
            return lambda c: c.drip_read()
        if phase == "handshake":
            return lambda c: c.drip(b"\x16\x03\x03\x3f\xf0\x02" + bytes(100))
        return lambda c: c.drip()
    if act == "garbage":
        return then(say(GARBAGE), silence)
    answer = final(replies[act]) if phase == "final" else say(replies[act])
    if act == "421":
        return then(answer, deaf_close if phase == "body" else close)
    return then(answer, silence) if phase in ("body", "handshake") else answer


def _right(phase, act):
    """Exit statuses and status words for a cell."""
    if phase == "quit":
        return {SENT}, {"sent"}
    broken = act in ("silence", "reset", "close", "truncate", "drip", "garbage")
    if phase == "final" and broken:
        return {TEMPORARY}, {"uncertain"}
    if phase == "tls" and act in ("garbage", "4xx", "5xx", "421"):
        return {PROTOCOL}, {"failed"}
    if act == "garbage":
        return {PROTOCOL}, {"failed"}
    if act != "5xx":
        return {TEMPORARY}, {"failed"}
    if phase == "auth":
        return {CREDENTIALS}, NOT_SENT
    if phase in ("ehlo", "starttls", "ehlo2"):
        return {REFUSED, PROTOCOL}, NOT_SENT
    return {REFUSED}, {"rejected"} if phase not in ("greeting",) else NOT_SENT


def matrix(variant, phases, **options):
    for phase in phases:
        for act in ACTS:
            sealed = phase in SEALED or (options.get("implicit") and phase == "greeting")
            if act == "truncate" and not sealed:
                continue  # without TLS it is `close`
            if phase == "connect" and act not in ("silence", "reset", "close"):
                continue  # a server that says something has got to the greeting
            plan = {phase: act if phase == "connect" and act != "close" else _act(phase, act)}
            exits, status = _right(phase, act)
            body = {"receive_buffer": 16384} if phase == "body" else {}
            yield Case("%s/%s/%s" % (variant, phase, act), "%s at %s (%s)" % (act, phase, variant),
                       exits, status, plan, size=BIG if phase == "body" else 0,
                       verified=phase != "tls", options={**options, **body})


def certificates():
    bad = ("expired", "not-yet-valid", "wrong-name", "cn-only", "self-signed", "untrusted",
           "client-auth", "rsa-1024", "nul-in-name", "signed-by-leaf", "wildcard-top")
    for name in bad:
        for implicit in (False, True):
            yield Case("certificate/%s/%s" % (name, "tls" if implicit else "starttls"),
                       "certificate: " + name, {PROTOCOL}, {"failed"}, certificate=name,
                       verified=False, options={"implicit": implicit})


def _half_handshake(c):
    """ServerHello and half of what should follow, then the end of the stream."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = c.server.context.wrap_bio(incoming, outgoing, server_side=True)
    while True:
        c.fill()
        incoming.write(c.buffer)
        c.buffer.clear()
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        flight = outgoing.read()
        if flight:
            c.raw_send(flight[:len(flight) // 2])
            return True


def before_tls():
    plain = {"verified": False}
    no_tls = ["PIPELINING", "SIZE 1000000", "AUTH PLAIN LOGIN"]
    yield Case("stripped/not-offered", "STARTTLS not offered, AUTH in clear offered", {PROTOCOL},
               {"failed"}, options={"before": no_tls}, **plain)
    yield Case("stripped/renamed", "STARTTLS overwritten as XXXXXXXA", {PROTOCOL}, {"failed"},
               options={"before": no_tls + ["XXXXXXXA"]}, **plain)
    yield Case("stripped/ehlo-refused", "EHLO refused, HELO taken", {PROTOCOL, REFUSED}, NOT_SENT,
               {"ehlo": say("502 5.5.1 HELO only")}, **plain)
    for name, text in (("reply", "250 2.0.0 injected"), ("two-replies", "250-x\r\n250 AUTH PLAIN"),
                       ("half-reply", "250-inj")):
        injected = ("220 2.0.0 Go ahead\r\n" + text).encode() + b"\r\n" * (name != "half-reply")

        def inject(c, piece=injected):
            c.say(piece)
            return "go"
        yield Case("injected/" + name, "plaintext behind the answer to STARTTLS: " + text,
                   {PROTOCOL}, {"failed"}, {"starttls": inject}, **plain)
    yield Case("injected/after-ehlo", "a second reply behind the answer to EHLO", {PROTOCOL},
               {"failed"}, {"ehlo": say("250-hostile.test\r\n250 STARTTLS\r\n220 Go ahead")},
               **plain)
    yield Case("handshake/half-close", "half of the server's handshake, then the end",
               {TEMPORARY, PROTOCOL}, {"failed"}, {"tls": then(_half_handshake, close)}, **plain)
    yield Case("handshake/half-silence", "half of the server's handshake, then silence",
               {TEMPORARY}, {"failed"}, {"tls": then(_half_handshake, silence)}, **plain)
    yield Case("handshake/alert", "a fatal alert for an answer", {PROTOCOL}, {"failed"},
               {"tls": then(lambda c: c.fill(), say(b"\x15\x03\x03\x00\x02\x02\x28"), close)},
               **plain)
    yield Case("handshake/tls-1.1", "TLS 1.1 at most", {PROTOCOL}, {"failed"},
               options={"tls": ssl.TLSVersion.TLSv1_1}, **plain)


def authentication():
    both = {"failed", "held"}
    refused = {PROTOCOL, CREDENTIALS}
    sealed = ["PIPELINING", "SIZE 1000000"]
    for name, words in (("none", []), ("cram-md5-only", ["AUTH CRAM-MD5 DIGEST-MD5"]),
                        ("empty", ["AUTH"]), ("unknown", ["AUTH GSSAPI NTLM"])):
        yield Case("auth/" + name, "after TLS: " + (words[0] if words else "no AUTH"), refused,
                   both, options={"after": sealed + words})
    yield Case("auth/only-before-tls", "AUTH offered before TLS and not after", refused, both,
               options={"before": ["STARTTLS", "AUTH PLAIN"], "after": sealed})
    yield Case("auth/login-only", "AUTH LOGIN only", {SENT}, {"sent"},
               options={"after": sealed + ["AUTH LOGIN"]})
    yield Case("auth/endless-334", "334 again and again", refused, both | NOT_SENT,
               {"auth": lambda c: [(c.say("334 Z28gb24="), c.line()) for _ in range(10000)]})
    yield Case("auth/2xx-not-235", "250 for an answer to AUTH", refused | {SENT}, both | {"sent"},
               {"auth": say("250 2.0.0 fine")})
    yield Case("auth/534", "534 application-specific password required", {CREDENTIALS},
               both | NOT_SENT, {"auth": say("534 5.7.9 App-specific password required")})


FLOODS = (("line", b"2" * 4096), ("no-end", b"250-x\r\n"), ("empty-lines", b"\r\n"),
          ("nul", b"\0" * 512))


def replies():
    for phase in ("greeting", "ehlo", "auth", "mail"):
        for name, piece in FLOODS:
            yield Case("flood/%s/%s" % (phase, name), "a reply without end (%s) at %s" %
                       (name, phase), {TEMPORARY, PROTOCOL}, {"failed"},
                       {phase: lambda c, p=piece: c.flood(p)})
    for name, piece in FLOODS:
        yield Case("flood/final/" + name, "a reply without end (%s) after the dot" % name,
                   {TEMPORARY}, {"uncertain"}, {"final": lambda c, p=piece: c.flood(p)})
    for name, octets in (("nul", b"before\0after"), ("8-bit", b"caf\xe9 \x9b31m \xff"),
                         ("escape", b"\x1b]0;owned\x07\x1b[31mred\x1b[0m\x08\x08"),
                         ("bidi", "\u202etxt.exe\u2066 \u200f\u061c".encode()),
                         ("c1", "\u009b31m\u0085x".encode()), ("cr", b"good\rbad")):
        yield Case("text/%s/250" % name, "%s in the text of the final 250" % name, {SENT},
                   {"sent"}, {"final": final_bytes(b"250 2.0.0 " + octets + b"\r\n", True)})
        yield Case("text/%s/550" % name, "%s in the text of a 550" % name, {REFUSED},
                   {"rejected"}, {"rcpt": say(b"550 5.1.1 " + octets + b"\r\n")})
    yield from _odd_codes()


def final_bytes(raw, accepted):
    def act(c):
        c.say(raw)
        c.seen.answered += 1
        c.seen.accepted += accepted
        return True
    return act


def _odd_codes():
    sent, unsure = ({SENT}, {"sent"}), ({TEMPORARY}, {"uncertain"})
    deferred, rejected = ({TEMPORARY}, {"failed"}), ({REFUSED}, {"rejected"})
    for text, right in (("299 odd but positive", sent), ("250", sent), ("250 ", sent),
                        ("250-one\r\n250-two\r\n250 three", sent),
                        ("499 odd and for now", deferred), ("599 odd and for good", rejected),
                        ("432 4.3.2 Too many connections", deferred)):
        yield Case("code/final/" + text.split("\r")[0], "final answer " + repr(text), *right,
                   {"final": final(text)})
    for text in ("354 go on", "334 ", "199 x", "600 x", "25O Ok", "2500 Ok", "-250 Ok",
                 "250-a\r\n550 b", "550-a\r\n250 b", "250-a\r\n251 b", "Ok"):
        yield Case("code/final/" + repr(text), "final answer " + repr(text), *unsure,
                   {"final": then(final(text, complete=False), silence)})
    for name, raw in (("cut", b"250 2.0.0 queued as 12"), ("cut-550", b"550 5.7.1 rej"),
                      ("half", b"250-2.0.0 Ok\r\n")):
        for end in (close, truncate, reset, silence):
            yield Case("cut/%s/%s" % (name, end.__name__), "%r and then %s" % (raw, end.__name__),
                       *unsure, {"final": then(say(raw), end)})
    for phase in ("mail", "rcpt"):
        yield Case("code/%s/mixed" % phase, "250- and 550 in one reply at " + phase, {PROTOCOL},
                   {"failed"}, {phase: say("250-a\r\n550 b")})
        yield Case("code/%s/354" % phase, "354 at " + phase, {PROTOCOL, TEMPORARY}, {"failed"},
                   {phase: say("354 go on")})


def _only_first(c):
    """Answers the first command of a flight and then no more."""
    if c.seen.connections > 1:
        return False
    c.say("250 2.1.0 Ok")
    c.silence()


def slow(_c):
    time.sleep(1.5)
    return False


def pipelining():
    sent, broken = ({SENT}, {"sent"}), ({PROTOCOL, TEMPORARY}, {"failed"})
    lied = {"after": ["PIPELINING", "SIZE 1000000", "AUTH PLAIN"]}
    yield Case("breaker/discards", "offers PIPELINING, discards input after each answer", *sent,
               options={**lied, "discard": True})
    yield Case("breaker/first-only", "offers PIPELINING, answers the first of a flight only",
               *sent, {"mail": _only_first}, options=lied)
    yield Case("breaker/closes", "offers PIPELINING, 554 and close at pipelined data", *sent,
               options={**lied, "strict": True})
    yield Case("breaker/only-before-tls", "PIPELINING offered before TLS only", *sent,
               options={"before": ["STARTTLS", "PIPELINING"], "strict": True,
                        "after": ["SIZE 1000000", "AUTH PLAIN"]})
    yield Case("breaker/gone", "breaks pipelining, and cannot be reached again", {TEMPORARY},
               {"failed"}, {"rcpt": then(only_this_one, say("500 Syntax error"))})
    for options in ({}, {"pipelining": False}):
        kind = "lock-step" if options else "pipelined"
        yield Case("slow/mail/" + kind, "takes three quarters of the time-out for MAIL", *sent,
                   {"mail": slow}, options=options)
        yield Case("slow/rcpt/" + kind, "takes three quarters of the time-out for RCPT", *sent,
                   {"rcpt": slow}, options=options)
        yield Case("data/354-and-closes/" + kind, "354 and the end of the stream at once",
                   {TEMPORARY}, {"failed"}, {"data": go_and_close}, options=options)
        yield Case("data/354-though-refused/" + kind, "354 though every recipient was refused",
                   {REFUSED}, {"rejected"},
                   {"rcpt": say("550 5.1.1 No such user"), "data": usual}, options=options)
        yield Case("data/354-though-mail-refused/" + kind, "MAIL 451, then 354", {TEMPORARY},
                   {"failed"}, {"mail": say("451 4.7.1 Later"), "data": usual},
                   options=options)
        yield Case("data/2xx/" + kind, "250 in place of 354", *broken,
                   {"data": say("250 2.0.0 Ok: queued as EARLY")}, options=options)
        yield Case("data/early-final/" + kind, "354 and the final 250 in one piece", *broken,
                   {"data": then(say(b"354 go\r\n250 2.0.0 Ok: queued as EARLY\r\n"), silence)},
                   options=options)
        yield Case("data/early-250-in-body/" + kind, "250 in the middle of the body", *broken,
                   {"body": then(say("250 2.0.0 Ok: queued as EARLY"), silence)}, size=BIG,
                   options={**options, "receive_buffer": 16384})
    yield Case("order/extra-after-rcpt", "one reply too many after RCPT", *broken,
               {"rcpt": say("250 2.1.5 Ok\r\n250 2.1.5 and again")})
    yield Case("order/extra-after-mail", "550 too many after MAIL", {PROTOCOL, REFUSED},
               NOT_SENT, {"mail": say("250 2.1.0 Ok\r\n550 5.1.1 extra")})
    yield Case("order/354-first", "replies of a flight the wrong way round", *broken,
               {"mail": say("354 go on"), "rcpt": say("250 2.1.5 Ok"),
                "data": then(say("250 2.1.0 Ok"), silence)})
    yield Case("order/extra-after-final", "a second reply after the final 250", *sent,
               {"final": final("250 2.0.0 Ok\r\n550 5.7.1 no, wait")})


def sizes():
    words = ["PIPELINING", "AUTH PLAIN", "8BITMIME"]
    for name, word in (("zero", "SIZE 0"), ("bare", "SIZE"), ("huge", "SIZE " + "9" * 40),
                       ("negative", "SIZE -5"), ("words", "SIZE lots")):
        yield Case("size/" + name, "announces " + word[:20], {SENT}, {"sent"},
                   options={"after": words + [word]})
    yield Case("size/small", "announces SIZE 100", {USAGE_SIZE, REFUSED}, NOT_SENT | {"held"},
               options={"after": words + ["SIZE 100"]})
    yield Case("size/lie", "announces 50 MB and answers MAIL with 552", {USAGE_SIZE, REFUSED},
               NOT_SENT | {"held"}, {"mail": say("552 5.3.4 Message too big")})
    yield Case("size/late", "552 after the dot", {USAGE_SIZE, REFUSED}, NOT_SENT | {"held"},
               {"final": final("552 5.3.4 Message too big")})


def records():
    """Octets that are no TLS record where TLS runs."""
    plain = b"250 2.0.0 in clear\r\n"

    def raw(c):
        c.raw_send(plain)
        c.silence()
    for phase in ("ehlo2", "auth", "mail", "final"):
        right = ({TEMPORARY}, {"uncertain"}) if phase == "final" else \
            ({PROTOCOL, TEMPORARY}, {"failed"})
        yield Case("record/" + phase, "plaintext in the middle of TLS at " + phase, *right,
                   {phase: raw})


def signals():
    """SIGTERM while the server is silent: over at once, and only the dot leaves a doubt."""
    for phase in PHASES[1:]:
        if phase == "quit":
            continue  # nobody waits there
        exits = {TEMPORARY} if phase == "final" else {-15}
        status = "uncertain" if phase == "final" else "failed"
        body = {"receive_buffer": 16384} if phase == "body" else {}
        yield Case("signal/" + phase, "silence at %s, then SIGTERM" % phase, exits, {status},
                   {phase: _act(phase, "silence")}, size=BIG if body else 0, interrupt=phase,
                   verified=phase != "tls", options=body)
    yield Case("signal/final-answered", "SIGTERM, then the final answer half a second later", {SENT}, {"sent"},
               {"final": then(lambda c: time.sleep(0.5), final("250 2.0.0 Ok: queued as 1"))},
               interrupt="final")


def all_cases():
    after_auth = ("mail", "rcpt", "data", "body", "final", "quit")
    yield from matrix("lock-step", PHASES, pipelining=False)
    yield from matrix("pipelined", after_auth)
    yield from matrix("chunking", ("mail", "rcpt", "body", "final"), chunking=True)
    yield from matrix("implicit", ("tls", "greeting", "ehlo2"), implicit=True)
    for group in (certificates, before_tls, authentication, replies, pipelining, sizes, records,
                  signals, all_oddities):
        yield from group()
