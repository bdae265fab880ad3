"""A server for the transport's tests, and a proxy: what it does is in the path of the request.

usage: server.py FOLDER [CERTIFICATE KEY [CLIENT_AUTHORITY]]. Notes its port in FOLDER/port and each request as a line of JSON in
FOLDER/log. With a certificate it speaks TLS; with an authority it asks clients for a certificate of theirs.
"""
import http.server
import json
import os
import select
import socket
import ssl
import sys
import threading
import time

folder, certificate = sys.argv[1], sys.argv[2:]
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def note(self, body=""):
        entry = {"method": self.command, "path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                 "body": body, "port": self.client_address[1]}
        with lock, open(folder + "/log", "a") as file:
            file.write(json.dumps(entry) + "\n")

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.note(body.decode("latin-1"))
        path = self.path.split("?")[0]
        word = path.rsplit("/", 1)[1]
        if "/status/" in path:
            self.answer(int(word), b"seen", Location="/elsewhere")
        elif word == "silent":
            time.sleep(300)
        elif word == "nothing":
            self.close_connection = True
        elif word == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"only this")
            self.close_connection = True
        elif word == "drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b".")
                self.wfile.flush()
                time.sleep(0.3)
        elif word == "large":
            self.answer(200, b"x" * (1 << 20))
        elif word == "garbage":
            self.wfile.write(b"SSH-2.0-something\r\n")
            self.close_connection = True
        else:
            self.answer(200, b"seen")

    def do_GET(self):
        self.note()
        self.answer(200, b"by GET")

    def do_CONNECT(self):
        self.note()
        host, port = self.path.rsplit(":", 1)
        try:
            target = socket.create_connection((host.strip("[]"), int(port)), timeout=5)
        except OSError:
            return self.answer(502)
        self.send_response(200)
        self.end_headers()
        ends = {self.connection: target, target: self.connection}
        while True:
            for ready in select.select(list(ends), [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    self.close_connection = True
                    return
                ends[ready].sendall(data)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[0], certificate[1])
    if len(certificate) > 2:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(folder + "/port.new", "w") as file:
    file.write(str(server.server_port))
os.rename(folder + "/port.new", folder + "/port")
server.serve_forever()
