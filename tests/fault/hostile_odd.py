"""Single oddities of servers: legal ones that must not disturb, and lies that must not deceive.

Beside the matrix and the larger groups of hostile_cases.py; the blocks are those of hostile_acts.py.
"""
from hostile_acts import (BIG, CREDENTIALS, NOT_SENT, PROTOCOL, REFUSED, SENT, TEMPORARY, Case, final,
                          say, silence, then)

SENT_WELL = ({SENT}, {"sent"})
BROKEN = ({PROTOCOL, TEMPORARY}, {"failed"})
AFTER_TLS = ["PIPELINING", "SIZE 1000000", "AUTH PLAIN", "8BITMIME"]
SECRETIVE = "\x1b]0;owned\x07\x1b[31m\u202egnp.exe\u009b2J"


def mixed_codes():
    """Lines of one reply that contradict each other: no reply at all."""
    for phase, text in (("greeting", "220-a\r\n554 b"), ("ehlo", "250-hostile.test\r\n550 no"),
                        ("ehlo2", "250-hostile.test\r\n421 no"), ("auth", "235-a\r\n535 b"),
                        ("auth", "535-a\r\n235 b"), ("data", "354-a\r\n550 b"),
                        ("starttls", "220-a\r\n454 b")):
        yield Case("mixed/%s/%s" % (phase, text[:3]), "%r at %s" % (text, phase), {PROTOCOL},
                   {"failed"}, {phase: then(say(text), silence)},
                   verified=phase not in ("greeting", "ehlo", "starttls"))


def contradictions():
    """The code counts, whatever the enhanced status says."""
    rejected, deferred = ({REFUSED}, {"rejected"}), ({TEMPORARY}, {"failed"})
    for text, right in (("250 5.1.1 No such user", SENT_WELL), ("550 2.1.5 Fine", rejected),
                        ("451 5.7.1 Never", deferred), ("550 4.7.1 Later", rejected),
                        ("550 9.9.9 x", rejected), ("451 4.7.1.1 x", deferred),
                        ("250 4.2", SENT_WELL)):
        yield Case("contradiction/final/" + text, "final answer " + repr(text), *right,
                   {"final": final(text)})
        if not text.startswith("250"):
            yield Case("contradiction/rcpt/" + text, "answer to RCPT " + repr(text), *right,
                       {"rcpt": say(text)})
    for text in ("251 2.1.5 Will forward", "252 2.1.5 Cannot verify", "250 5.1.1 No"):
        yield Case("contradiction/rcpt/" + text, "answer to RCPT " + repr(text), *SENT_WELL,
                   {"rcpt": _recipient(text)})


def _recipient(text):
    def act(c):
        c.say(text)
        c.dialogue.recipients += 1
        return True
    return act


def pieces():
    """How octets are cut into segments and records means nothing."""
    for options in ({}, {"pipelining": False}, {"chunking": True}, {"implicit": True}):
        kind = "-".join(options) or "pipelined"
        yield Case("pieces/octets/" + kind, "every reply octet by octet", *SENT_WELL,
                   options={**options, "octets": True})
    yield Case("pieces/lf-only", "LF alone ends the final answer", *SENT_WELL,
               {"final": final(b"250 2.0.0 Ok\n")})
    for name, lines in (("many", 3000), ("most", 5400)):
        text = "".join("250-%06d\r\n" % n for n in range(lines)) + "250 2.0.0 Ok"
        yield Case("pieces/long/" + name, "a final answer of %d octets" % len(text), *SENT_WELL,
                   {"final": final(text)})
    yield Case("pieces/long-line", "a final answer of one line of 5000 octets", *SENT_WELL,
               {"final": final("250 2.0.0 " + "x" * 5000)})
    yield Case("pieces/long-ehlo", "2000 keywords before those that count", {SENT, PROTOCOL},
               {"sent", "failed"}, options={"after": ["X-%d" % n for n in range(2000)] + AFTER_TLS})
    yield Case("pieces/blank-line", "an empty line before the final answer",
               {TEMPORARY}, {"uncertain"}, {"final": then(say("\r\n250 2.0.0 Ok"), silence)})


def greetings():
    clear = {"verified": False}
    yield Case("greeting/lines", "a greeting of three lines", *SENT_WELL,
               {"greeting": say("220-hostile.test\r\n220-no spam\r\n220 ESMTP")})
    for text in ("250 hostile.test", "221 hostile.test", "334 hostile.test", "OK hostile.test",
                 "220hostile.test", "+OK POP3 ready", "HTTP/1.1 400 Bad Request",
                 "SSH-2.0-OpenSSH_9.2"):
        yield Case("greeting/" + text.split()[0], "greets with " + repr(text), {PROTOCOL}, {"failed"},
                   {"greeting": then(say(text), silence)}, **clear)
    for phase in ("ehlo", "starttls", "ehlo2"):
        for text in ("220 Go", "250 Ok", "235 2.7.0 Ok", "354 Go"):
            if text.startswith("220" if phase == "starttls" else "250"):
                continue
            yield Case("greeting/%s/%s" % (phase, text[:3]), "%r at %s" % (text, phase), {PROTOCOL},
                       {"failed"}, {phase: then(say(text), silence)}, verified=phase == "ehlo2")
    yield Case("greeting/extra", "an answer to EHLO behind the greeting", {PROTOCOL}, {"failed"},
               {"greeting": say("220 hostile.test\r\n250 hostile.test")}, **clear)
    yield Case("greeting/extra-starttls", "answers to EHLO and STARTTLS behind the greeting",
               {PROTOCOL, TEMPORARY}, {"failed"},
               {"greeting": say("220 hostile.test\r\n250-hostile.test\r\n250 STARTTLS\r\n220 Go")},
               **clear)
    yield Case("greeting/escape", "escape sequences in greeting and keywords", *SENT_WELL,
               {"greeting": say("220 " + SECRETIVE)},
               options={"after": AFTER_TLS + ["X-" + SECRETIVE, "AUTH " + SECRETIVE]})
    yield Case("greeting/escape-mechanism", "escape sequences where mechanisms stand",
               {PROTOCOL, CREDENTIALS}, {"failed", "held"},
               options={"after": ["AUTH " + SECRETIVE]})


def keywords():
    for name, words in (("lower-case", ["pipelining", "size 1000000", "auth plain", "8bitmime"]),
                        ("equals", ["PIPELINING", "AUTH=PLAIN LOGIN"]),
                        ("twice", AFTER_TLS + ["AUTH LOGIN", "SIZE 2000000"]),
                        ("starttls-again", AFTER_TLS + ["STARTTLS"]),
                        ("blanks", ["PIPELINING  ", "AUTH   PLAIN", "SIZE  1000000"])):
        yield Case("keywords/" + name, "after TLS: " + ", ".join(words), *SENT_WELL,
                   options={"after": words})


def lies():
    """Answers to what was not sent yet."""
    for options in ({}, {"pipelining": False}):
        kind = "lock-step" if options else "pipelined"
        yield Case("lie/354-twice/" + kind, "354 twice", *BROKEN,
                   {"data": then(say(b"354 go\r\n354 go\r\n"), silence)}, options=options)
        yield Case("lie/354-then-550/" + kind, "354, then 550 before the body",
                   {REFUSED, PROTOCOL, TEMPORARY}, NOT_SENT,
                   {"data": then(say(b"354 go\r\n550 5.7.1 no, wait\r\n"), silence)},
                   options=options)
        yield Case("lie/4xx-in-body/" + kind, "452 in the middle of the body", {TEMPORARY},
                   {"failed"}, {"body": then(say("452 4.3.1 Disk full"), silence)}, size=BIG,
                   options={**options, "receive_buffer": 16384})
        yield Case("lie/5xx-in-body/" + kind, "554 in the middle of the body", {REFUSED},
                   {"rejected"}, {"body": then(say("554 5.6.0 Not this"), silence)}, size=BIG,
                   options={**options, "receive_buffer": 16384})
    yield Case("lie/bdat-early", "250 to BDAT before its octets came", *BROKEN,
               {"body": then(say("250 2.0.0 Ok: queued as EARLY"), silence)}, size=BIG,
               options={"chunking": True, "receive_buffer": 16384})
    yield Case("lie/bdat-354", "354 to BDAT", {TEMPORARY}, {"uncertain"},
               {"final": then(say("354 go on"), silence)}, options={"chunking": True})
    yield Case("lie/235-to-mail", "235 to MAIL", *BROKEN, {"mail": then(say("235 2.7.0 Ok"), silence)})
    yield Case("lie/220-to-auth", "220 to AUTH", {PROTOCOL, CREDENTIALS}, {"failed", "held"},
               {"auth": then(say("220 2.7.0 Ok"), silence)})
    yield Case("lie/extra-after-auth", "an answer to MAIL behind that to AUTH", *BROKEN,
               {"auth": say("235 2.7.0 Ok\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go")})


def handshakes():
    yield Case("handshake/wants-certificate", "a certificate of the client is wanted",
               {PROTOCOL, TEMPORARY}, {"failed"}, options={"wants_certificate": True})
    yield Case("handshake/half-closed", "the server writes nothing more, and reads on",
               {TEMPORARY}, {"failed"}, {"mail": lambda c: c.truncate()})


def all_oddities():
    for group in (mixed_codes, contradictions, pieces, greetings, keywords, lies, handshakes):
        yield from group()
