"""Clients that misbehave, one after another. Arguments: port, token. Prints a line for each: name, then what came of it.

The server gives up on them after a second or two; half a minute is for a machine that is busy with other tests.
"""
import socket, sys, time

port, token = int(sys.argv[1]), sys.argv[2]


def connect(timeout=60):
    s = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    s.settimeout(timeout)
    return s


def status(s):
    """The status code of the answer; 'closed' when the connection ends without one, 'open' when nothing comes."""
    data = b""
    try:
        while b"\r\n" not in data:
            got = s.recv(4096)
            if not got:
                return "closed"
            data += got
    except socket.timeout:
        return "open"
    except ConnectionError:
        return "closed"
    return data.split(b" ")[1].decode()


def exchange(data, timeout=60):
    s = connect(timeout)
    try:
        s.sendall(data)
    except ConnectionError:
        pass
    answer = status(s)
    s.close()
    return answer


def trickle(first, piece, wait, seconds):
    """Sends a piece now and then. Returns what came, and after how long."""
    s, began = connect(), time.time()
    s.sendall(first)
    s.settimeout(wait)
    answer = "open"
    while time.time() - began < seconds:
        answer = status(s)
        if answer != "open":
            break
        try:
            s.sendall(piece)
        except ConnectionError:
            answer = "closed"
            break
    took = time.time() - began
    s.close()
    return answer, took


def tell(name, answer):
    print(name, answer, flush=True)


host = b"Host: localhost\r\n"
auth = b"Authorization: Bearer " + token.encode() + b"\r\n"
answer, took = trickle(b"GET /healthz HTTP/1.1\r\n" + host, b"X-A: b\r\n", 0.1, 60)
tell("slow-head", f"{answer} {took < 30}")
answer, took = trickle(
    b"POST /api/v1/work HTTP/1.1\r\n" + host + auth + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n", b"{", 0.1, 60)
tell("slow-body", f"{answer} {took < 30}")
s, began = connect(), time.time()
tell("silent", f"{status(s)} {time.time() - began < 30}")
tell("garbage", exchange(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"))
tell("no-host", exchange(b"GET /api/v1/status HTTP/1.1\r\n\r\n"))
tell("header-flood", exchange(b"GET / HTTP/1.1\r\n" + host + b"".join(b"X-%d: y\r\n" % i for i in range(500)) + b"\r\n"))
tell("long-header", exchange(b"GET / HTTP/1.1\r\n" + host + b"X: " + b"y" * 200_000 + b"\r\n\r\n"))
tell("long-path", exchange(b"GET /" + b"y" * 200_000 + b" HTTP/1.1\r\n" + host + b"\r\n"))
head = b"POST /api/v1/work HTTP/1.1\r\n" + host + auth + b"Content-Type: application/json\r\n"
tell("oversize-said", exchange(head + b"Content-Length: 999999999\r\n\r\n{"))
chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
tell("oversize-chunked", exchange(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 80 + b"0\r\n\r\n"))
tell("two-lengths", exchange(head + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"))
tell("wrong-type", exchange(head.replace(b"application/json", b"text/plain") + b"Content-Length: 2\r\n\r\n{}"))
tell("encoded", exchange(head + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"))
deep = b"[" * 100_000
tell("deep", exchange(head + b"Content-Length: %d\r\n\r\n" % len(deep) + deep))
# A client that asks again and again and reads nothing: answers pile up until it is let go.
s = connect()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.settimeout(1)
sent = 0
try:
    while sent < 20_000:
        s.sendall((b"GET /page.js HTTP/1.1\r\n" + host + b"X-Pad: " + b"y" * 8000 + b"\r\n\r\n") * 50)
        sent += 50
    tell("unread", "unbounded")
except (socket.timeout, ConnectionError):
    tell("unread", "held")
s.close()
tell("afterwards", exchange(b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n"))
