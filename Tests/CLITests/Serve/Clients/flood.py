"""Opens as many connections as asked for, each with half a request. Arguments: port, count, seconds to hold them.
Prints how many were opened and how many the server let in, then holds them, then asks once more."""
import resource, select, socket, sys, time

port, count, hold = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
count = min(count, hard - 64)
open_, failed = [], 0
for number in range(count):
    s = socket.socket()
    s.setblocking(False)
    try:
        s.connect(("127.0.0.1", port))
    except BlockingIOError:
        pass
    except OSError:
        failed += 1
        continue
    open_.append(s)
    if number % 500 == 0:
        time.sleep(0.01)
time.sleep(0.5)
for s in open_:
    try:
        s.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-")
    except OSError:
        failed += 1
print(f"opened {len(open_)} {failed}", flush=True)
time.sleep(hold)
for s in open_:
    s.close()
time.sleep(0.5)
began = time.time()
s = socket.create_connection(("127.0.0.1", port), timeout=60)
s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
print("afterwards", s.recv(64).split(b" ")[1].decode(), round(time.time() - began, 2))
