"""Traffic between two offices, until standard input ends.

town                       takes and gives what others ask for, and tells each 100 ms, by the clock, how
                           many octets came from the office and from visitors
office FROM TO MBIT        sends at that rate
visitors FROM COUNT TO MBIT  half of them send together at that rate and are sent back as much; of the
                           rest one takes and one gives as much as TCP does, in turn
"""

import selectors
import socket
import sys
import threading
import time

OFFICE, ECHO, SINK, SOURCE = 5000, 5001, 5002, 5003
PACKET = bytes(1372)
"""With its headers 1,400 octets."""
LEAD = 5
"""So many packets may be made up for at once."""


def udp(address, port):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, port))
    return made


def paced(sockets, to, mbit):
    """Sends by each socket in turn, at that rate together."""
    pause = len(PACKET) * 8 / (mbit * 1e6)
    due = time.monotonic()
    while True:
        for each in sockets:
            now = time.monotonic()
            if due > now:
                time.sleep(due - now)
            due = max(due + pause, now - LEAD * pause)
            try:
                each.sendto(PACKET, socket.MSG_DONTWAIT, to)
            except OSError:
                pass


def town():
    came = {"office": 0, "visitors": 0}

    def take(port, who, answers):
        at = udp("0.0.0.0", port)
        while True:
            octets, sender = at.recvfrom(2048)
            came[who] += len(octets)
            if answers:
                try:
                    at.sendto(octets, socket.MSG_DONTWAIT, sender)
                except OSError:
                    pass

    def hold(port, act):
        listening = socket.create_server(("0.0.0.0", port), backlog=512)
        listening.setblocking(False)
        ready = selectors.DefaultSelector()
        ready.register(listening, selectors.EVENT_READ)
        event = selectors.EVENT_READ if act is receive else selectors.EVENT_WRITE
        while True:
            for key, _ in ready.select():
                if key.fileobj is listening:
                    connection = listening.accept()[0]
                    connection.setblocking(False)
                    ready.register(connection, event)
                    continue
                try:
                    act(key.fileobj)
                except OSError:
                    ready.unregister(key.fileobj)

    def receive(connection):
        octets = connection.recv(65536)
        if not octets:
            raise OSError
        came["visitors"] += len(octets)

    def give(connection):
        connection.send(bytes(16384))

    start(take, OFFICE, "office", False)
    start(take, ECHO, "visitors", True)
    start(hold, SINK, receive)
    start(hold, SOURCE, give)
    print("ready", flush=True)
    while True:
        time.sleep(0.1 - time.time() % 0.1)
        print(time.time(), came["office"], came["visitors"], flush=True)


def office(address, to, mbit):
    paced([udp(address, 0)], (to, OFFICE), float(mbit))


def visitors(first, count, to, mbit):
    net, number = first.rsplit(".", 1)
    addresses = [f"{net}.{int(number) + each}" for each in range(int(count))]
    half = len(addresses) // 2
    start(paced, [udp(address, 0) for address in addresses[:half]], (to, ECHO), float(mbit))
    ready = selectors.DefaultSelector()
    for place, address in enumerate(addresses[half:]):
        connection = socket.socket()
        connection.setblocking(False)
        connection.bind((address, 0))
        connection.connect_ex((to, [SINK, SOURCE][place % 2]))
        event = [selectors.EVENT_WRITE, selectors.EVENT_READ][place % 2]
        ready.register(connection, event)
    while True:
        for key, event in ready.select():
            try:
                if event & selectors.EVENT_WRITE:
                    key.fileobj.send(bytes(16384))
                else:
                    key.fileobj.recv(65536)
            except BlockingIOError:
                pass
            except OSError:
                ready.unregister(key.fileobj)


def start(run, *words):
    threading.Thread(target=run, args=words, daemon=True).start()


start({"town": town, "office": office, "visitors": visitors}[sys.argv[1]], *sys.argv[2:])
sys.stdin.read()
