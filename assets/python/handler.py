"""The function of sebs-tui for Python runtimes (3.8 and later, standard library only).

It tells when it was entered and exchanges datagrams with the host that the invocation names, so that the host can
compare the two clocks. The wire format is STAMP (RFC 8762, TLVs of RFC 8972) as `src/core/stamp.rs` lays it out;
a host of SeBS's kind is spoken to in its text. Rules and numbers are those of the native function.

From the outside in: `handler` is what a cloud calls, `answer` what every event adapter calls, `exchange` one clock
exchange, and below it the rules (`Session`), the wire (`probe`, `read_answer`) and the socket (`StampedSocket`).
All times are integers in nanoseconds.
"""

import time

PROCESS_START = time.time_ns()

import base64
import json
import os
import select
import socket
import struct

MILLISECOND = 1_000_000
SECOND = 1_000_000_000

INSTANCE_ID = os.urandom(8).hex()
invocations = 0


# Events: what a cloud calls.


def handler(event, context):
    """Entry point of AWS Lambda's Python runtimes: a direct invocation or a function URL's event (format 2.0)."""
    entry = time.time_ns()
    return answer(invocation_in(event), context.aws_request_id, entry)


def http(request):
    """Entry point where a web framework hands over a flask request, as Google's functions-framework does."""
    entry = time.time_ns()
    request_id = request.headers.get("Function-Execution-Id") or os.urandom(16).hex()
    return answer(request.get_json(force=True), request_id, entry)


def invocation_in(event):
    """The invocation: the event itself, or the body that a function URL wraps."""
    if "server-address" in event or "body" not in event:
        return event
    body = event["body"]
    return json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)


def answer(invocation, request_id, entry):
    """The function's reply to an invocation that was entered at `entry` on the system's clock."""
    global invocations
    invocations += 1
    clock = Clock((invocation.get("clock") or {}).get("shift"))
    reply = {
        "is_cold": invocations == 1,
        "request_id": request_id,
        "instance_id": INSTANCE_ID,
        "invocation": invocations,
        "process_start": clock.shifted(PROCESS_START),
        "handler_entry": clock.shifted(entry),
        "clock": exchange(invocation, clock),
    }
    if invocation.get("sync") == "http":
        # The host compares the clocks by further invocations: this is the last thing that is done.
        reply["handler_leave"] = clock.now()
    return reply


# The exchange.


class Clock:
    """The function's clock: the system's, or in tests the system's with a known error."""

    def __init__(self, shift=None):
        self.shift = shift

    def now(self):
        return self.shifted(time.time_ns())

    def shifted(self, reading):
        """What this clock shows when the system's shows `reading`."""
        if self.shift is None or reading is None:
            return reading
        drift = (reading - self.shift["since"]) * self.shift["rate_ppm"] / 1e6
        return reading + self.shift["offset"] + round(drift)


class Orders:
    """How to exchange; a host of SeBS's kind says nothing of it: text, SeBS's cap, and a budget within its 30 s."""

    def __init__(self, invocation):
        clock = invocation.get("clock")
        self.is_text = clock is None or clock["proto"] == "text"
        clock = clock or {}
        self.token = bytes.fromhex(clock["token"]) if clock else os.urandom(16)
        self.session = clock.get("session", 0)
        self.n = max(invocation["N"], 1)
        self.max_exchanges = min(max(clock.get("max_exchanges", 1000), 1), MOST_PROBES)
        # Text carries no numbers: with several under way, which one is answered could not be told.
        self.in_flight = 1 if self.is_text else min(max(clock.get("in_flight", 1), 1), MOST_IN_FLIGHT)
        self.pace = max(clock.get("pace", 0), 0) if self.in_flight > 1 else 0
        self.budget = max(clock.get("budget", 20 * SECOND), 0)


def exchange(invocation, clock):
    """Exchanges datagrams with the host, unless it compares the clocks over HTTP; what goes wrong is said."""
    orders = Orders(invocation)
    reply = {
        "proto": "text" if orders.is_text else "stamp",
        "stamps": "user",
        "implausible": 0,
        "stop": None,
        "exchanges": [],
    }
    if invocation.get("sync") == "http":
        return reply
    try:
        with StampedSocket(invocation["server-address"], invocation["server-port"]) as link:
            session = Session(orders, clock, link)
            session.run()
    except (OSError, ValueError) as error:
        return dict(reply, error=str(error))
    reply.update(session.finish())
    return reply


# The rules of a session, as `src/core/initiator.rs` has them.

MOST_PROBES = 1 << 16
MOST_IN_FLIGHT = 256
# Time-outs in a row after which nobody is there.
SILENCE = 8
# End markers, sent at once: one is enough.
END_MARKERS = 3

# Columns of an exchange. User-space stamps, and the kernel's where it gave one.
SEQUENCE, REPLY, T1, T1_KERNEL, T4, T4_KERNEL = range(6)


class Session:
    """One session with the host.

    Every probe is new. A time-out only lets the next probe go; a reply that comes later still counts for its own
    number, so a time-out that was too short costs a datagram, never correctness.
    """

    def __init__(self, orders, clock, link):
        self.orders = orders
        self.clock = clock
        self.link = link
        self.stop = None
        self.fault = None
        self.deadline = time.monotonic_ns() + orders.budget
        self.exchanges = []
        self.awaited = {}  # sequence number: (sent, until)
        self.completed = []  # sequence numbers in order of completion
        self.told = 0  # how many of them the host was told
        self.implausible = 0
        self.confirmed = False
        self.patience = Patience()
        self.rule = StopRule(orders.n)
        self.text = orders.token.hex().encode()

    def run(self):
        """Probes until there is a reason to stop, waits for what is under way, and says that it is over."""
        self.probe_until_stop()
        until = self.one_timeout()
        while self.awaited and time.monotonic_ns() < until:
            self.listen(until)
        self.say_end()

    def one_timeout(self):
        """When one time-out from now has passed; never beyond the budget."""
        return min(time.monotonic_ns() + self.patience.undoubled(), self.deadline)

    def probe_until_stop(self):
        next_probe = 0
        while True:
            now = time.monotonic_ns()
            self.give_up_overdue(now)
            self.stop = self.reason_to_stop(now >= self.deadline)
            if self.stop:
                return
            has_room = len(self.awaited) < self.orders.in_flight
            if has_room and now >= next_probe:
                self.send_probe(now)
                next_probe = now + self.orders.pace
            else:
                overdue = [until for _, until in self.awaited.values()]
                self.listen(min(overdue + [self.deadline] + [next_probe] * has_room))

    def reason_to_stop(self, is_late):
        if self.rule.is_settled():
            return "settled"
        if len(self.exchanges) >= self.orders.max_exchanges:
            return "max_exchanges"
        if self.patience.missed >= SILENCE:
            return "silence"
        return "budget" if is_late else None

    def give_up_overdue(self, now):
        overdue = [sequence for sequence, (_, until) in self.awaited.items() if until <= now]
        for sequence in overdue:
            sent, _ = self.awaited.pop(sequence)
            self.patience.miss(sent, now)

    def send_probe(self, now):
        sequence = len(self.exchanges)
        self.awaited[sequence] = (now, now + self.patience.timeout())
        told = self.tell()
        t1 = self.clock.now()
        self.exchanges.append([sequence, None, t1, None, None, None])
        self.send(self.text if self.orders.is_text else probe(self.orders, sequence, t1, told, len(self.completed)))

    def say_end(self):
        for _ in range(END_MARKERS):
            if self.orders.is_text:
                self.send(b"stop")
            else:
                told = self.tell()
                number, t1 = len(self.exchanges), self.clock.now()
                self.send(probe(self.orders, number, t1, told, len(self.completed), is_end=True))
        until = self.one_timeout()
        while not (self.orders.is_text or self.confirmed) and time.monotonic_ns() < until:
            self.listen(until)

    def send(self, datagram):
        """Sends; a datagram that cannot be sent counts as lost: the next may fare better."""
        try:
            self.link.send(datagram)
        except OSError as error:
            self.fault = error
        self.collect_stamps()

    def tell(self):
        """The oldest exchange that the host was not told of, or else the last one."""
        if not self.completed:
            return None
        index = min(self.told, len(self.completed) - 1)
        self.told = index + 1
        return self.exchanges[self.completed[index]]

    def listen(self, until):
        """Waits for a datagram, but no longer than until then."""
        try:
            received = self.link.receive(until - time.monotonic_ns())
        except OSError as error:
            self.fault = error
            return
        if received is not None:
            datagram, t4, t4_kernel = received
            stamps = self.clock.shifted(t4), self.clock.shifted(t4_kernel)
            self.hear(time.monotonic_ns(), datagram, *stamps)
        self.collect_stamps()

    def hear(self, now, datagram, t4, t4_kernel):
        if self.orders.is_text:
            # Which of the requests is answered cannot be seen; the host's rows will tell by time.
            if datagram == self.text:
                last = len(self.exchanges) - 1
                self.complete(now, last, last, t4, t4_kernel)
            return
        reply = read_answer(datagram, self.orders.token)
        if reply is None:
            return
        number, sequence, t1 = reply
        if sequence >= len(self.exchanges):
            # Only end markers carry such a number.
            self.confirmed = self.stop is not None
        elif self.exchanges[sequence][T1] == t1:
            # The reply repeats T1: who guesses numbers does not know it.
            self.complete(now, sequence, number, t4, t4_kernel)

    def complete(self, now, sequence, number, t4, t4_kernel):
        row = self.exchanges[sequence]
        if row[T4] is not None:
            return
        if t4_kernel is not None and not t4_kernel <= t4 < t4_kernel + SECOND:
            self.implausible += 1
            t4_kernel = None
        row[REPLY], row[T4], row[T4_KERNEL] = number, t4, t4_kernel
        has_kernel = not self.implausible and None not in (t4_kernel, row[T1_KERNEL])
        self.rule.exchange(t4_kernel - row[T1_KERNEL] if has_kernel else t4 - row[T1])
        self.completed.append(sequence)
        if sequence in self.awaited:
            sent, _ = self.awaited.pop(sequence)
            self.patience.answered(now - sent)
        else:
            self.patience.missed = 0

    def collect_stamps(self):
        """Takes the kernel's T1s, which come some time after each probe was sent."""
        # Probes are sent before anything else, so the count of each is its sequence number.
        for sequence, t1_kernel in self.link.sent_stamps():
            if sequence < len(self.exchanges):
                row, t1_kernel = self.exchanges[sequence], self.clock.shifted(t1_kernel)
                if row[T1] <= t1_kernel < row[T1] + SECOND:
                    row[T1_KERNEL] = t1_kernel
                else:
                    self.implausible += 1

    def finish(self):
        """What the function has to say of the session.

        A contradiction means that kernel and user space do not read the same clock: then no kernel stamp is kept.
        """
        if self.implausible:
            for row in self.exchanges:
                row[T1_KERNEL] = row[T4_KERNEL] = None
        received = [row for row in self.exchanges if row[T4_KERNEL] is not None]
        has_both = any(row[T1_KERNEL] is not None for row in received)
        reply = {
            "stamps": "kernel" if has_both else "kernel_receive" if received else "user",
            "implausible": self.implausible,
            "stop": self.stop,
            "exchanges": self.exchanges,
        }
        if self.fault is not None and self.stop == "silence":
            reply["error"] = "datagrams to %s port %d: %s" % (*self.link.host[:2], self.fault)
        return reply


class StopRule:
    """SeBS's rule: N consecutive exchanges above the smallest RTT so far; an equal one begins the count anew."""

    def __init__(self, n):
        self.n = n
        self.minimum = float("inf")
        self.streak = 0

    def exchange(self, rtt):
        self.streak = self.streak + 1 if rtt > self.minimum else 0
        self.minimum = min(self.minimum, rtt)

    def is_settled(self):
        return self.streak >= self.n


class Patience:
    """How long a reply is awaited: smoothed RTT and four times its variation (RFC 6298), doubled by each miss."""

    FIRST = 250 * MILLISECOND
    FLOOR = 2 * MILLISECOND
    CAP = 4 * SECOND

    def __init__(self):
        self.rtt = None
        self.variation = None
        self.missed = 0
        self.last_miss = 0

    def timeout(self):
        return min(self.undoubled() << min(self.missed, SILENCE), self.CAP)

    def undoubled(self):
        awaited = self.FIRST if self.rtt is None else self.rtt + 4 * self.variation
        return min(max(awaited, self.FLOOR), self.CAP)

    def answered(self, rtt):
        if self.rtt is None:
            self.rtt, self.variation = rtt, rtt // 2
        else:
            self.variation += (abs(rtt - self.rtt) - self.variation) // 4
            self.rtt += (rtt - self.rtt) // 8
        self.missed = 0

    def miss(self, sent, now):
        """Probes that were under way together miss together: they count once."""
        if sent >= self.last_miss:
            self.missed += 1
            self.last_miss = now


# The wire: see `src/core/stamp.rs`.

# PTPv2 time stamps; not synchronised to an outside source; 1 x 2^12 x 2^-32 s, about 1 us.
ERROR_ESTIMATE = 1 << 14 | 12 << 8 | 1
END = 1 << 31
NO_EXCHANGE = END - 1
LOW_16 = 0xFFFF

# Sequence number, T1, error estimate, SSID; a TLV of type 7 for the host to fill; our TLV of type 252: token,
# END and a completed exchange's number, its reply's number, count of answered probes, its T1 and T4.
PROBE = struct.Struct(">I II HH 28x BBH 16x BBH 16s I HH II II")
TLVS = (0x80, 7, 16), (0x80, 252, 40)
# Number of the reply; after T3, error estimate, SSID and T2 the request's number and T1.
ANSWER = struct.Struct(">I 8x 2x 2x 8x I II 8x")
# Where our TLV's type and its token are in a reply to our probe.
PRIVATE_TYPE, TOKEN = 65, slice(68, 84)


def probe(orders, sequence, t1, told, answered, is_end=False):
    """The datagram with this number, which also tells the host of an exchange that is complete."""
    number, reply, told_t1, told_t4 = NO_EXCHANGE, 0, 0, 0
    if told is not None:
        number, reply = told[SEQUENCE], told[REPLY] & LOW_16
        told_t1 = told[T1] if told[T1_KERNEL] is None else told[T1_KERNEL]
        told_t4 = told[T4] if told[T4_KERNEL] is None else told[T4_KERNEL]
    return PROBE.pack(
        sequence, *divmod(t1, SECOND), ERROR_ESTIMATE, orders.session,
        *TLVS[0],
        *TLVS[1], orders.token, number | END * is_end, reply, answered & LOW_16,
        *divmod(told_t1, SECOND), *divmod(told_t4, SECOND),
    )  # fmt: skip


def read_answer(datagram, token):
    """Reply number, sequence number and T1 of a reply; none when it is not the answer to a probe of ours."""
    if len(datagram) < ANSWER.size:
        return None
    if len(datagram) >= PROBE.size and datagram[PRIVATE_TYPE] == 252 and datagram[TOKEN] != token:
        return None
    number, sequence, seconds, nanos = ANSWER.unpack_from(datagram)
    return number, sequence, seconds * SECOND + nanos


# The socket: kernel time stamps, as far as they are given (linux/net_tstamp.h, linux/errqueue.h).

SO_TIMESTAMPNS = 35
SO_TIMESTAMPING = 37
# Software stamps of what is sent and received; sent datagrams are counted, and come back without their bytes.
TX_SOFTWARE, RX_SOFTWARE, SOFTWARE, OPT_ID, OPT_TSONLY = 1 << 1, 1 << 3, 1 << 4, 1 << 7, 1 << 11
BOTH_WAYS = TX_SOFTWARE | RX_SOFTWARE | SOFTWARE | OPT_ID | OPT_TSONLY
RECEIVED_ERRORS = (socket.IPPROTO_IP, 11), (socket.IPPROTO_IPV6, 25)
ORIGIN_TIMESTAMPING = 4
MSG_ERRQUEUE = 0x2000
TIMESPEC = struct.Struct("@ll")
# errno, origin, type, code, padding, info, data: the count of the datagram.
EXTENDED_ERROR = struct.Struct("=IBBBxII")
LONGEST_REPLY, CONTROL_BYTES = 2048, 256


class StampedSocket:
    """A UDP socket to one host with the best time stamps to be had: both ways, received only, or none."""

    def __init__(self, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            socket.inet_pton(family, address)
        except OSError:
            raise ValueError("server-address %r is no numeric IP address" % address) from None
        self.host = (address, port)
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.sends = 0  # how many were tried
        self.first_counted = 0  # which of them the kernel counts as 0
        self.stamps_sent = self.ask_for(SO_TIMESTAMPING, BOTH_WAYS)
        if not self.stamps_sent:
            self.ask_for(SO_TIMESTAMPNS, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask_for(self, option, value):
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, option, value)
            return True
        except OSError:
            return False

    def send(self, datagram):
        self.sends += 1
        try:
            self.socket.sendto(datagram, self.host)
        except OSError:
            self.restart_count()
            raise

    def restart_count(self):
        """Whether the kernel counted a datagram it failed to send depends on its version: both begin anew."""
        if self.stamps_sent:
            for _ in self.sent_stamps():
                pass
            self.ask_for(SO_TIMESTAMPING, 0)
            self.stamps_sent = self.ask_for(SO_TIMESTAMPING, BOTH_WAYS)
            self.first_counted = self.sends

    def receive(self, wait):
        """A datagram with its arrival by user space and by the kernel; none when none came within `wait` ns."""
        if not select.select([self.socket], [], [], max(wait, 0) / SECOND)[0]:
            return None
        try:
            datagram, control, flags, _ = self.socket.recvmsg(LONGEST_REPLY, CONTROL_BYTES)
        except BlockingIOError:
            return None  # A stamp of a sent datagram woke us.
        arrived = time.time_ns()
        if flags & socket.MSG_TRUNC:
            return None
        return datagram, arrived, kernel_stamp(control)

    def sent_stamps(self):
        """The counts of sent datagrams with the kernel's stamps, as many as are there; never waits."""
        # Every datagram yields one entry, so there are never more than were sent.
        for _ in range(self.first_counted, self.sends + 1 if self.stamps_sent else 0):
            try:
                _, control, _, _ = self.socket.recvmsg(0, CONTROL_BYTES, MSG_ERRQUEUE)
            except OSError:
                return
            stamp, count = kernel_stamp(control), datagram_count(control)
            if stamp is not None and count is not None:
                yield self.first_counted + count, stamp
                if self.first_counted + count + 1 == self.sends:
                    return


def kernel_stamp(control):
    """The time in a datagram's control messages."""
    for level, kind, data in control:
        # Of SO_TIMESTAMPING's three times the first is the software stamp.
        if level == socket.SOL_SOCKET and kind in (SO_TIMESTAMPING, SO_TIMESTAMPNS):
            seconds, nanos = TIMESPEC.unpack_from(data)
            return seconds * SECOND + nanos or None
    return None


def datagram_count(control):
    """On the error queue: which of the sent datagrams the stamp is of, counted from 0."""
    for level, kind, data in control:
        if (level, kind) in RECEIVED_ERRORS:
            _, origin, _, _, _, count = EXTENDED_ERROR.unpack_from(data)
            return count if origin == ORIGIN_TIMESTAMPING else None
    return None
