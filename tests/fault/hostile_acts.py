"""What a case of the hostile server is made of: the Case, and the acts that its plan names."""
import socket
from dataclasses import dataclass, field

SENT, USAGE_SIZE, REFUSED, TEMPORARY, PROTOCOL, CREDENTIALS = 0, 65, 69, 75, 76, 77
NOT_SENT = {"failed", "rejected"}
BIG = 16_000_000  # more than the socket buffers of both ends hold: the dot cannot have left


@dataclass
class Case:
    name: str
    did: str
    exits: set
    status: set
    plan: dict = field(default_factory=dict)
    certificate: str = "good"
    verified: bool = True
    size: int = 0  # of the test message; 0 is the usual one
    interrupt: str = ""  # the phase at which SIGTERM comes
    options: dict = field(default_factory=dict)  # of hostile.Server


# -- building blocks of a plan ---------------------------------------------------------
def say(text):
    """Answers with this and goes on listening."""
    def act(c):
        c.say(text)
        return True
    return act


def final(text, complete=True):
    """Answers the end of a message; complete: it is a reply a client must understand."""
    def act(c):
        c.say(text)
        if complete:
            c.seen.answered += 1
            c.seen.accepted += (text if isinstance(text, str) else text.decode()).startswith("2")
        return True
    return act


def then(*acts):
    def act(c):
        for one in acts:
            one(c)
        return True
    return act


def usual(_c):
    """The usual answer, where the server would have refused by itself."""
    return False


def silence(c):
    c.silence()


def reset(c):
    c.reset()


def close(c):
    c.close()


def truncate(c):
    c.truncate()


def only_this_one(c):
    """No further connection is taken."""
    c.server.listener.shutdown(socket.SHUT_RDWR)


def go_and_close(c):
    """354 and the end of what it has to say, in one segment."""
    c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    c.say("354 go on")
    c.close()


def deaf_close(c):
    """End of stream towards a client whose body is not read any more."""
    c.sock.shutdown(socket.SHUT_WR)
    c.server.done.wait(1.5)
    c.reset()


GARBAGE = b"\x00\xfe\x80?!{[ not a reply ]}\r\n"
