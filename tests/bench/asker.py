"""Asks an address by ICMP echo at a steady pace, whatever is answered, and says when each answer comes.

ping(8) waits 10 ms from one question to the next while nothing answers, which is a step that shows in a
silence of a quarter of a second.
"""

import os
import select
import signal
import socket
import struct
import sys
import time

# Who listens no more ends it without a word.
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
address, pace = sys.argv[1], float(sys.argv[2])
own = os.getpid() & 0xFFFF
asked = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
asked.setblocking(False)
asked.connect((address, 0))


def question(number):
    head = struct.pack("!BBHHH", 8, 0, 0, own, number)
    total = sum(struct.unpack("!4H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return head[:2] + struct.pack("!H", ~total & 0xFFFF) + head[4:]


due, number = time.monotonic(), 0
while True:
    wait = due - time.monotonic()
    if wait > 0 and select.select([asked], [], [], wait)[0]:
        packet = asked.recv(2048)
        at = time.monotonic()
        answer = packet[(packet[0] & 15) * 4 :]
        if answer[0] == 0 and struct.unpack("!H", answer[4:6])[0] == own:
            print(f"{at:.6f}", flush=True)
        continue
    if wait > 0:
        continue
    try:
        asked.send(question(number & 0xFFFF))
    except OSError:
        # Nobody is there, or there is no way: as a question that was lost.
        pass
    # What was not asked in time is not made up for.
    due, number = max(due + pace, time.monotonic()), number + 1
