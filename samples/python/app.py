"""Answers with a config var: Python's own server, no dependencies."""
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        text = f"{os.environ.get('GREETING', 'Hello')} from Python {sys.version_info.major}.\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("listening on", os.environ.get("PORT", "3000"), flush=True)
ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "3000"))), Shop).serve_forever()
