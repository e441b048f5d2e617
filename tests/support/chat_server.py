"""chat_server.py - a chat endpoint of the tests' own, which follows a script and can misbehave.

    with ChatServer(["Hello.", Code(500), HALF, Slow(2, "Late."), lambda request: ...]) as server: server.url

Each request takes the next item of the script, the last one for ever: a text is the answer, a function makes it of the
request, the others are ways to fail. `requests` has what came, and `keys` who asked.
"""

import http.server
import json
import threading
import time
from dataclasses import dataclass

HALF = object()
EMPTY = object()
NO_JSON = object()
HUGE = object()


@dataclass
class Code:
    number: int


@dataclass
class Slow:
    seconds: float
    text: str


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def send(self, code: int, body: bytes, size: int = -1):
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if size < 0 else size))
        self.end_headers()
        self.wfile.write(body)

    def say(self, text: str):
        self.send(200, json.dumps({"object": "chat.completion", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}).encode())

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        item = self.server.owner.next(request, self.path, self.headers.get("Authorization"))
        try:
            self.follow(item, request)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def follow(self, item, request):
        if isinstance(item, Slow):
            time.sleep(item.seconds)
            item = item.text
        if callable(item):
            item = item(request)
        if isinstance(item, Code):
            key = self.headers.get("Authorization", "")
            self.send(item.number, json.dumps({"error": {"message": f"not today, {key}"}}).encode())
        elif item is HALF:
            self.send(200, b'{"choices":[{"message":{"cont', size=5000)
            self.close_connection = True
        elif item is EMPTY:
            self.send(200, b"{}")
        elif item is NO_JSON:
            self.send(200, b"<html>It works!</html>")
        elif item is HUGE:
            self.send(200, b" " * (17 << 20))
        else:
            self.say(item)


class ChatServer:
    def __init__(self, script: list):
        self.script = list(script)
        self.requests = []
        self.keys = []
        self.paths = []
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *of: None  # a client that hangs up is no news
        self.server.owner = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def next(self, request, path, key):
        with self.lock:
            self.requests.append(request)
            self.paths.append(path)
            self.keys.append(key)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
