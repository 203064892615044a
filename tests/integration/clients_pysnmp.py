#!/usr/bin/python3
# Goal: pysnmp reads every object of the agent with the type, size and labels
# of the module, which pysmi compiles for it.
# usage: clients_pysnmp.py DIRECTORY-OF-MODULES BASE-MODULES HOST PORT SCRATCH
import sys

from pysnmp.hlapi import (
    CommunityData, ContextData, ObjectIdentity, ObjectType, SnmpEngine,
    UdpTransportTarget, UsmUserData, nextCmd, usmAesCfb128Protocol,
    usmHMAC192SHA256AuthProtocol)
from pyasn1.error import PyAsn1Error
from pysnmp.proto.rfc1902 import OctetString
from pysnmp.smi import builder, compiler, view

mibs, base, host, port, scratch = sys.argv[1:]
SCALARS, COLUMNS, ROWS = 36, 45, 2
WAYS = {
    "v2c": CommunityData("public"),
    "v3": UsmUserData("operator", "authpass12", "privpass12",
                      usmHMAC192SHA256AuthProtocol, usmAesCfb128Protocol),
}


def fail(text):
    sys.exit("clients: pysnmp: " + text)


def load():
    modules = builder.MibBuilder()
    compiler.addMibCompiler(
        modules, sources=["file://" + mibs, "file://" + base],
        destination=scratch)
    modules.loadModules("LEASELINE-MIB", "LEASELINE-CAPABILITY-MIB")
    return modules, view.MibViewController(modules)


def same_type(name, value, syntax):
    if value.tagSet != syntax.tagSet:
        fail(f"{name} is {value.__class__.__name__} on the wire,"
             f" {syntax.__class__.__name__} in the module")
    kind = syntax.__class__.__name__
    try:  # its size, range and labels
        syntax.clone(bytes(value) if isinstance(value, OctetString)
                     else int(value))
    except PyAsn1Error as error:
        fail(f"{name} is no {kind}: {error}")
    octets = {"DateAndTime": (11,), "LeaselineDateOrNone": (0, 11),
              "Bits": (1,)}.get(kind)
    if octets and len(bytes(value)) not in octets:
        fail(f"{name} has {len(bytes(value))} octets")
    return kind


def read(controller, way, root):
    seen, kinds = {}, {}
    last = root
    for error, status, index, binds in nextCmd(
            SnmpEngine(), way, UdpTransportTarget((host, port), timeout=5),
            ContextData(), ObjectType(ObjectIdentity(root)), lookupMib=False,
            lexicographicMode=False):
        if error or status:
            fail(str(error or status.prettyPrint()))
        name, value = binds[0]
        if tuple(name) <= tuple(last):
            fail(f"{name} comes after {last}")
        last = name
        known = ObjectIdentity(name).resolveWithMib(controller)
        node = known.getMibNode()
        kind = same_type(known.prettyPrint(), value, node.getSyntax())
        kinds.setdefault(kind, set()).add(node.label)
        seen.setdefault(node.label, []).append(name)
    return seen, kinds


modules, controller = load()
root, = modules.importSymbols("LEASELINE-MIB", "leaselineMIB")
entry, = modules.importSymbols("LEASELINE-MIB", "leaselineLicenseEntry")
for version, way in WAYS.items():
    seen, kinds = read(controller, way, root.getName())
    columns = {label for label, names in seen.items()
               if tuple(names[0])[:len(entry.getName())] == entry.getName()}
    few = [label for label in columns if len(seen[label]) < ROWS]
    if few or len(columns) != COLUMNS or len(seen) - len(columns) != SCALARS:
        fail(f"{len(seen) - len(columns)} scalars, {len(columns)} columns;"
             f" in fewer than {ROWS} rows: {few}")
    rows = max(len(seen[label]) for label in columns)
    print(f"clients: pysnmp {version}: {sum(map(len, seen.values()))} values,"
          f" {SCALARS} scalars and {COLUMNS} columns over {rows} rows, each"
          f" in {ROWS} at least: " + ", ".join(
              f"{len(kinds[kind])} {kind}" for kind in sorted(kinds)))
