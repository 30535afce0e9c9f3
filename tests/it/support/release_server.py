"""Serves a folder over TLS on a loopback port, and the same over plain HTTP on another.

    release_server.py FOLDER CERTIFICATE KEY

Prints both ports on one line. Below `moved/` it sends on to the same file here, below `plain/`
to the one without TLS, and below `short/` it ends in the middle of a file. What reaches the
port without TLS is written to FOLDER.log.
"""

import functools
import http.server
import ssl
import sys
import threading
from pathlib import Path

folder, certificate, key = sys.argv[1:]


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        encrypted = isinstance(self.connection, ssl.SSLSocket)
        if not encrypted:
            with open(folder + ".log", "a", encoding="utf-8") as log:
                log.write(self.path + "\n")
        _, kind, name = ("/" + self.path.lstrip("/")).split("/", 2)
        if kind == "moved":
            self.send_to(f"https://localhost:{secure.server_port}/release/{name}")
        elif kind == "plain":
            self.send_to(f"http://localhost:{plain.server_port}/release/{name}")
        else:
            content = Path(folder, name)
            if not content.is_file():
                self.send_error(404)
                return
            content = content.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            cut = kind == "short" and name != "SHA256SUMS"
            self.wfile.write(content[: len(content) // 2] if cut else content)
            self.close_connection = True

    def send_to(self, address):
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


new = functools.partial(http.server.ThreadingHTTPServer, ("127.0.0.1", 0), Handler)
secure, plain = new(), new()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
secure.socket = context.wrap_socket(secure.socket, server_side=True)
threading.Thread(target=plain.serve_forever, daemon=True).start()
threading.Thread(target=secure.serve_forever, daemon=True).start()
print(secure.server_port, plain.server_port, flush=True)
# Until whoever started this is gone.
sys.stdin.read()
