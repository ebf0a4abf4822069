#!/usr/bin/python3
"""A secret service that misbehaves, on the session bus, to see what its client makes of it.

    secret_service.py MODE [PASSWORD]

Its default collection is locked and has one password (for any host, service and user), which is seen only once the collection is open, as with KeePassXC.  MODE says what happens:

    silent      takes every call and never answers
    denied      answers every call with AccessDenied
    broken      answers every call with an error of its own, with control characters in it
    unanswered  a prompt appears and nobody ever answers it, nor does it heed Dismiss
    declined    the person closes the prompt
    crashing    the service dies when the prompt appears
    willing     the person unlocks
    open        unlocks without asking (an empty password)

Prints what it was asked to do, one word a line, for the test to look at.  Ends with its input.
"""

import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

ROOT = "/org/freedesktop/secrets"
COLLECTION = ROOT + "/collection/main"
ITEM = COLLECTION + "/1"
PROMPT = ROOT + "/prompt/1"
SESSION = ROOT + "/session/1"
UNSUPPORTED = object()

INTERFACES = """<node>
<interface name="org.freedesktop.Secret.Service">
  <method name="OpenSession"><arg type="s" direction="in"/><arg type="v" direction="in"/>
    <arg type="v" direction="out"/><arg type="o" direction="out"/></method>
  <method name="SearchItems"><arg type="a{ss}" direction="in"/>
    <arg type="ao" direction="out"/><arg type="ao" direction="out"/></method>
  <method name="Unlock"><arg type="ao" direction="in"/>
    <arg type="ao" direction="out"/><arg type="o" direction="out"/></method>
  <method name="GetSecrets"><arg type="ao" direction="in"/><arg type="o" direction="in"/>
    <arg type="a{o(oayays)}" direction="out"/></method>
  <method name="ReadAlias"><arg type="s" direction="in"/><arg type="o" direction="out"/></method>
  <property name="Collections" type="ao" access="read"/>
</interface>
<interface name="org.freedesktop.Secret.Collection">
  <property name="Locked" type="b" access="read"/>
  <property name="Items" type="ao" access="read"/>
  <property name="Label" type="s" access="readwrite"/>
  <property name="Created" type="t" access="read"/>
  <property name="Modified" type="t" access="read"/>
</interface>
<interface name="org.freedesktop.Secret.Item">
  <method name="GetSecret"><arg type="o" direction="in"/>
    <arg type="(oayays)" direction="out"/></method>
  <property name="Locked" type="b" access="read"/>
  <property name="Attributes" type="a{ss}" access="readwrite"/>
  <property name="Label" type="s" access="readwrite"/>
  <property name="Created" type="t" access="read"/>
  <property name="Modified" type="t" access="read"/>
</interface>
<interface name="org.freedesktop.Secret.Prompt">
  <method name="Prompt"><arg type="s" direction="in"/></method>
  <method name="Dismiss"/>
  <signal name="Completed"><arg type="b"/><arg type="v"/></signal>
</interface>
</node>"""


class Service:
    def __init__(self, mode, password, connection, loop):
        self.mode, self.connection, self.loop = mode, connection, loop
        self.password = password.encode()
        self.locked = True
        self.kept = []  # invocations never answered: forgotten ones would get an error

    def call(self, _connection, _sender, _path, _interface, method, parameters, invocation):
        print(method, flush=True)
        if self.mode == "silent":
            self.kept.append(invocation)
        elif self.mode == "denied":
            invocation.return_dbus_error("org.freedesktop.DBus.Error.AccessDenied", "not for you")
        elif self.mode == "broken":
            invocation.return_dbus_error("org.example.Broken", "out of \x1b[31mcheese\nsorry")
        else:
            answer = getattr(self, method)(*parameters.unpack())
            if answer is UNSUPPORTED:
                invocation.return_dbus_error("org.freedesktop.DBus.Error.NotSupported", "plain only")
            else:
                invocation.return_value(GLib.Variant(*answer) if answer else None)

    def OpenSession(self, algorithm, _input):
        if algorithm != "plain":
            return UNSUPPORTED
        return "(vo)", (GLib.Variant("s", ""), SESSION)

    def SearchItems(self, _attributes):
        return "(aoao)", ([] if self.locked else [ITEM], [])

    def ReadAlias(self, _name):
        return "(o)", (COLLECTION,)

    def Unlock(self, objects):
        if self.mode == "open":
            self.locked = False
            return "(aoo)", (objects, "/")
        return "(aoo)", ([], PROMPT)

    def Prompt(self, _window):
        if self.mode == "crashing":
            self.loop.quit()
        elif self.mode != "unanswered":
            GLib.idle_add(self.complete)
        return ()

    def Dismiss(self):
        return ()

    def complete(self):
        declined = self.mode == "declined"
        self.locked = declined
        opened = GLib.Variant("ao", [] if declined else [COLLECTION])
        self.connection.emit_signal(None, PROMPT, "org.freedesktop.Secret.Prompt", "Completed",
                                    GLib.Variant("(bv)", (declined, opened)))
        return GLib.SOURCE_REMOVE

    def secret(self):
        return SESSION, b"", self.password, "text/plain"

    def GetSecret(self, _session):
        return "((oayays))", (self.secret(),)

    def GetSecrets(self, _items, _session):
        return "(a{o(oayays)})", ({ITEM: self.secret()},)

    def property(self, _connection, _sender, _path, _interface, name):
        return {
            "Locked": GLib.Variant("b", self.locked),
            "Collections": GLib.Variant("ao", [COLLECTION]),
            "Items": GLib.Variant("ao", []),
            "Attributes": GLib.Variant("a{ss}", {}),
            "Label": GLib.Variant("s", "main"),
        }.get(name, GLib.Variant("t", 1))


def main():
    loop = GLib.MainLoop()
    connection = Gio.bus_get_sync(Gio.BusType.SESSION)
    service = Service(sys.argv[1], "".join(sys.argv[2:]), connection, loop)
    node = Gio.DBusNodeInfo.new_for_xml(INTERFACES)
    for path, interface in ((ROOT, "Service"), (COLLECTION, "Collection"), (ITEM, "Item"),
                            (PROMPT, "Prompt")):
        connection.register_object(path, node.lookup_interface(f"org.freedesktop.Secret.{interface}"),
                                   service.call, service.property, None)
    Gio.bus_own_name_on_connection(connection, "org.freedesktop.secrets",
                                   Gio.BusNameOwnerFlags.NONE,
                                   lambda *_: print("ready", flush=True), None)
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP,
                      lambda *_: loop.quit())
    loop.run()


main()
