#!/usr/bin/python3
"""A desktop that shows notifications: org.freedesktop.Notifications on the session bus.

    desktop.py [silent]      silent takes every call and never answers

Prints "ready", then each notification as one line of JSON.  Ends with its input.
"""

import json
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

INTERFACE = """<node><interface name="org.freedesktop.Notifications">
  <method name="Notify">
    <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
    <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/>
    <arg type="u" direction="out"/>
  </method>
</interface></node>"""


def take(_bus, _sender, _path, _interface, _method, arguments, call):
    name, _, _, summary, body, *_ = arguments.unpack()
    print(json.dumps({"name": name, "summary": summary, "body": body}), flush=True)
    if "silent" not in sys.argv:
        call.return_value(GLib.Variant("(u)", (1,)))


def main():
    loop = GLib.MainLoop()
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    bus.register_object("/org/freedesktop/Notifications",
                        Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0], take, None, None)
    Gio.bus_own_name_on_connection(bus, "org.freedesktop.Notifications", Gio.BusNameOwnerFlags.NONE,
                                   lambda *_: print("ready", flush=True), None)
    GLib.io_add_watch(sys.stdin, GLib.IO_HUP | GLib.IO_IN, lambda *_: loop.quit())
    loop.run()


main()
