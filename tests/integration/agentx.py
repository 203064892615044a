"""SNMP masters that no test would meet by itself.

agentx.py fill PATH          fill the queue of a listening socket that accepts
                             nobody, and hold it until standard input ends
agentx.py slow PATH TO WAIT  pass octets on between PATH and the master at TO;
                             what the master says arrives WAIT s later
agentx.py hostile PATH ROOT  a bad master after the other, one a connection;
                             prints one line each, ends after the last
"""
import os
import random
import socket
import struct
import sys
import threading
import time

OPEN, CLOSE, REGISTER, GET, GET_NEXT, GET_BULK, TEST_SET = 1, 2, 3, 5, 6, 7, 8
CLEANUP_SET, PING, ADD_CAPS, RESPONSE = 11, 13, 16, 18
END_OF_VIEW, NO_OBJECT, INTEGER = 130, 128, 2
NOT_WRITABLE, NOT_OPEN = 17, 257
HEADER = struct.Struct(">BBBBIIII")


def listen(path):
    if os.path.exists(path):
        os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(5)
    return server


def fill(path):
    held = []
    while True:
        one = socket.socket(socket.AF_UNIX)
        one.setblocking(False)
        try:
            one.connect(path)
        except BlockingIOError:
            break
        held.append(one)
    print(len(held), flush=True)
    sys.stdin.read()


def pump(source, sink, wait):
    """Every piece WAIT s after it came, however many are under way."""
    pieces, more = [], threading.Condition()

    def deliver():
        while True:
            with more:
                while not pieces:
                    more.wait()
                due, data = pieces.pop(0)
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not data:
                    sink.shutdown(socket.SHUT_RDWR)
                    return
                sink.sendall(data)
            except OSError:
                return

    threading.Thread(target=deliver, daemon=True).start()
    while True:
        try:
            data = source.recv(65536)
        except OSError:
            data = b""
        with more:
            pieces.append((time.monotonic() + wait, data))
            more.notify()
        if not data:
            return


def slow(path, to, wait):
    server = listen(path)
    print("ready", flush=True)
    while True:
        agent, _ = server.accept()
        master = socket.socket(socket.AF_UNIX)
        try:
            master.connect(to)
        except OSError:
            agent.close()
            continue
        for pair in ((agent, master, 0), (master, agent, wait)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


def encode_oid(oid, include=0):
    return struct.pack(">BBBB", len(oid), 0, include, 0) + b"".join(
        struct.pack(">I", sub) for sub in oid)


def decode_oid(data):
    count, prefix = data[0], data[1]
    oid = [1, 3, 6, 1, prefix] if prefix else []
    oid += struct.unpack(">%dI" % count, data[4:4 + 4 * count])
    return oid, data[4 + 4 * count:]


def decode_values(data):
    """Of a Response: names and types."""
    values, data = [], data[8:]
    while data:
        kind, = struct.unpack(">H", data[:2])
        name, data = decode_oid(data[4:])
        if kind in (4,):
            size, = struct.unpack(">I", data[:4])
            data = data[4 + (size + 3) // 4 * 4:]
        elif kind in (2, 65, 66, 67):
            data = data[4:]
        values.append((name, kind))
    return values


class Agent:
    """The other end: the agent under test, byte order as we like it."""

    def __init__(self, connection, root):
        self.socket, self.root, self.number = connection, root, 0
        self.socket.settimeout(20)

    def read(self):
        head = self.exactly(20)
        order = ">" if head[2] & 0x10 else "<"
        kind = head[1]
        session, transaction, packet, size = struct.unpack(
            order + "IIII", head[4:])
        return kind, session, transaction, packet, self.exactly(size)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def send(self, kind, packet, payload=b"", transaction=1):
        self.socket.sendall(HEADER.pack(1, kind, 0x10, 0, 7, transaction,
                                        packet, len(payload)) + payload)

    def answer(self, expected, error=0):
        kind, _, transaction, packet, _ = self.read()
        if kind != expected:
            raise AssertionError("PDU %d where %d was expected"
                                 % (kind, expected))
        self.send(RESPONSE, packet, struct.pack(">IHH", 0, error, 0),
                  transaction)

    def register(self):
        self.answer(OPEN)
        self.answer(REGISTER)
        self.answer(ADD_CAPS)

    def ask(self, kind, payload):
        self.number += 1
        self.send(kind, self.number, payload, transaction=self.number)
        while True:
            got, _, transaction, packet, data = self.read()
            if got == RESPONSE:
                break
            self.send(RESPONSE, packet, struct.pack(">IHH", 0, 0, 0))
        if (packet, transaction) != (self.number, self.number):
            raise AssertionError("an answer to something else")
        error, = struct.unpack(">H", data[4:6])
        return error, decode_values(data) if not error else []

    def left(self):
        """The agent hangs up; what it says before does not matter."""
        while self.socket.recv(65536):
            pass

    def name(self, *sub):
        return self.root + list(sub)


def equal(what, is_, should):
    if is_ != should:
        raise AssertionError("%s: %r where %r was expected"
                             % (what, is_, should))


def closes(agent):
    agent.socket.close()


def talks_nonsense(agent):
    agent.socket.sendall(os.urandom(20000))
    agent.left()


def says_half(agent):
    _, _, _, packet, _ = agent.read()
    agent.socket.sendall(HEADER.pack(1, RESPONSE, 0x10, 0, 7, 1, packet, 8)
                         + b"\0\0")
    agent.left()


def refuses_the_session(agent):
    agent.answer(OPEN, 266)
    agent.left()


def claims_two_gigabytes(agent):
    agent.answer(OPEN)
    _, _, _, packet, _ = agent.read()
    agent.socket.sendall(HEADER.pack(1, RESPONSE, 0x10, 0, 7, 1, packet,
                                     0x7ffffff0) + b"\0" * 4096)
    agent.left()


def ends_the_session(agent):
    agent.register()
    agent.send(CLOSE, 99, struct.pack(">BBBB", 5, 0, 0, 0))
    agent.left()


def forgets_the_session(agent):
    agent.register()
    agent.answer(PING, NOT_OPEN)
    agent.left()


def asks_and_closes(agent):
    agent.register()
    get = encode_oid(agent.name(1, 2, 1, 0)) + encode_oid([])
    for number in range(300):
        agent.send(GET, number, get)
    agent.socket.close()


def asks_without_reading(agent):
    """More than the pipes and buffers of both hold, for 3 s."""
    agent.register()
    get = encode_oid(agent.name(1, 2, 1, 0)) + encode_oid([])
    pdu = HEADER.pack(1, GET, 0x10, 0, 7, 1, 1, len(get)) + get
    agent.socket.settimeout(3)
    try:
        while True:
            agent.socket.sendall(pdu * 100)
    except (socket.timeout, OSError):
        pass
    agent.socket.close()


def sends_broken_requests(agent):
    agent.register()
    for payload in (b"\xff\0\0\0", b"\1\2\3", os.urandom(64), b""):
        for kind in (GET, GET_NEXT, GET_BULK, TEST_SET, 99, 0):
            agent.send(kind, 1, payload)
    agent.socket.close()


def claims_four_gigabytes(agent):
    agent.register()
    agent.socket.sendall(HEADER.pack(1, GET, 0x10, 0, 7, 1, 1, 0xffffffff)
                         + b"\0" * 4096)
    agent.left()


def flood(agent, payload):
    """Answers to what nobody asked, without end."""
    pdu = HEADER.pack(1, RESPONSE, 0x10, 0, 7, 1, 4000000000, len(payload))
    until = time.monotonic() + 25
    while time.monotonic() < until:
        agent.socket.sendall((pdu + payload) * 100)
    raise AssertionError("a flood held the agent")


def floods_in_place_of_a_session(agent):
    agent.read()
    flood(agent, b"\0" * 8)


def floods_with_answers(agent):
    agent.register()
    flood(agent, struct.pack(">IHH", 0, 0, 0))


def trickles(agent):
    """A request that never ends; to a ping there is no answer."""
    agent.register()
    get = encode_oid(agent.name(1, 2, 1, 0)) + encode_oid([])
    pdu = HEADER.pack(1, GET, 0x10, 0, 7, 1, 1, len(get)) + get
    until = time.monotonic() + 25
    for octet in pdu:
        if time.monotonic() > until:
            break
        agent.socket.sendall(bytes([octet]))
        time.sleep(0.5)
    raise AssertionError("half a request held the agent")


def speaks_of_other_sessions(agent):
    agent.register()
    get = encode_oid(agent.name(1, 2, 1, 0)) + encode_oid([])
    for session in (0, 8, 0xffffffff):
        for kind in (GET, RESPONSE, CLEANUP_SET):
            agent.socket.sendall(HEADER.pack(1, kind, 0x10, 0, session, 1, 1,
                                             len(get)) + get)
    agent.send(GET, 99, get)
    kind = packet = 0
    while (kind, packet) != (RESPONSE, 99):
        kind, _, _, packet, data = agent.read()
    equal("Get", decode_values(data), [(agent.name(1, 2, 1, 0), 66)])


def changes_octets(agent, seed):
    """Requests that are wrong in a few places, each of its own size."""
    agent.register()
    threading.Thread(target=drain, args=(agent.socket,), daemon=True).start()
    one, none = encode_oid(agent.name(1, 2, 1, 0)), encode_oid([])
    requests = [(GET, one + none), (GET_NEXT, one + one),
                (GET_BULK, struct.pack(">HH", 1, 9) + one + none + one + one),
                (TEST_SET, struct.pack(">HH", INTEGER, 0) + one + b"\0" * 4)]
    chance = random.Random(seed)
    for number in range(500):
        kind, payload = chance.choice(requests)
        payload = bytearray(payload)
        for _ in range(chance.randint(1, 3)):
            payload[chance.randrange(len(payload))] = chance.randrange(256)
        agent.send(kind, number, bytes(payload[:chance.choice(
            (len(payload), len(payload) // 8 * 4))]))


def drain(connection):
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass


def changes_octets_one(agent):
    changes_octets(agent, 1)


def changes_octets_two(agent):
    changes_octets(agent, 2)


def changes_octets_three(agent):
    changes_octets(agent, 3)


def asks_by_the_book(agent):
    agent.register()
    one, none = encode_oid(agent.name(1, 2, 1, 0)), encode_oid([])
    error, values = agent.ask(GET, one + none + encode_oid(
        agent.name(9, 9)) + none)
    equal("Get", values, [(agent.name(1, 2, 1, 0), 66),
                          (agent.name(9, 9), NO_OBJECT)])
    _, values = agent.ask(GET_NEXT, one + none)
    equal("GetNext", values, [(agent.name(1, 2, 2, 0), 66)])
    _, values = agent.ask(GET_NEXT, encode_oid(agent.name(1, 2, 1, 0), 1)
                          + none)
    equal("GetNext, inclusive", values, [(agent.name(1, 2, 1, 0), 66)])
    _, values = agent.ask(GET_NEXT, one + encode_oid(agent.name(1, 2, 2, 0)))
    equal("GetNext, bounded", values, [(agent.name(1, 2, 1, 0), END_OF_VIEW)])
    _, values = agent.ask(GET_BULK, struct.pack(">HH", 1, 2) + one + none
                          + one + none + encode_oid(agent.name(1, 1)) + none)
    equal("GetBulk", [name[len(agent.root):] for name, _ in values],
          [[1, 2, 2, 0], [1, 2, 2, 0], [1, 1, 1, 0], [1, 2, 3, 0],
           [1, 1, 2, 0]])
    _, values = agent.ask(GET_BULK, struct.pack(">HH", 0, 0xffff)
                          + encode_oid(agent.name(2)) + none)
    equal("GetBulk past the end", values, [(agent.name(2), END_OF_VIEW)])
    _, values = agent.ask(GET_BULK, struct.pack(">HH", 0, 0xffff)
                          + encode_oid(agent.name(1)) + none)
    equal("GetBulk of all", values[-1][1], END_OF_VIEW)
    error, _ = agent.ask(TEST_SET, struct.pack(">HH", INTEGER, 0) + one
                         + struct.pack(">I", 1))
    equal("TestSet", error, NOT_WRITABLE)
    agent.send(CLEANUP_SET, 5)
    error, values = agent.ask(GET, one + none)
    equal("Get after all", values, [(agent.name(1, 2, 1, 0), 66)])
    agent.socket.close()


MASTERS = [closes, talks_nonsense, says_half, refuses_the_session,
           claims_two_gigabytes, ends_the_session, forgets_the_session,
           asks_and_closes, asks_without_reading, sends_broken_requests,
           claims_four_gigabytes, floods_in_place_of_a_session,
           floods_with_answers, trickles, speaks_of_other_sessions,
           changes_octets_one, changes_octets_two, changes_octets_three,
           asks_by_the_book, closes]
BY_THE_BOOK = [asks_by_the_book, speaks_of_other_sessions]


def hostile(path, root):
    server = listen(path)
    server.settimeout(30)
    oid = [int(part) for part in root.strip(".").split(".")]
    for master in MASTERS:
        connection, _ = server.accept()
        try:
            master(Agent(connection, oid))
        except (EOFError, ConnectionError):
            if master in BY_THE_BOOK:
                raise
        connection.close()
        print(master.__name__, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(sys.argv[2])
    elif sys.argv[1] == "slow":
        slow(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    elif sys.argv[1] == "hostile":
        hostile(sys.argv[2], sys.argv[3])
