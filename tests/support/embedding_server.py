"""embedding_server.py - an embedding server of the tests' own, which can misbehave: the model's name says how.

    embedding_server.py LEDGER DIMENSION [--delay-ms N] [--serial] [--certificate FILE --key FILE]

Prints the port, serves until its standard input ends, then prints how many texts and requests it served, and for how
many seconds it was busy. Each request is a line in the ledger before it is answered: the model, and its texts as JSON.
--delay-ms is how long a request takes; with --serial one waits for the other, as on a server with one accelerator.
"""

import argparse
import http.server
import json
import ssl
import sys
import threading
import time

SECRET = "Bearer sk-test-4711"


def hash_of(text: str) -> int:
    """FNV-1a of 32 bits."""
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


class Vectors:
    """A text's vector as JSON: a rotation of one row of numbers of three digits, and a first element of its own."""

    def __init__(self, dimension: int):
        self.dimension = dimension
        row = [f"{(j * 37 + 11) % 997 / 1000:.3f}" for j in range(dimension)]
        self.doubled = ",".join(row + row)

    def json(self, text: str) -> str:
        value = hash_of(text)
        at = (value % self.dimension) * 6
        return f"[{(value % 90000 + 10000) / 100000:.5f}{self.doubled[at + 5:at + self.dimension * 6 - 1]}]"


class State:
    def __init__(self, arguments):
        self.vectors = Vectors(arguments.dimension)
        self.delay = arguments.delay_ms / 1000
        self.serial = threading.Lock() if arguments.serial else None
        self.lock = threading.Lock()
        self.ledger = open(arguments.ledger, "a", encoding="utf-8")
        self.seen = {}  # requests of a model
        self.texts = self.requests = 0
        self.busy = 0.0

    def note(self, model: str, texts: list) -> int:
        with self.lock:
            self.ledger.write(json.dumps([model, texts]) + "\n")
            self.ledger.flush()
            self.requests += 1
            self.texts += len(texts)
            self.seen[model] = self.seen.get(model, 0) + 1
            return self.seen[model]

    def work(self):
        """What a request costs."""
        if self.serial:
            with self.serial:
                began = time.monotonic()
                time.sleep(self.delay)
                self.busy += time.monotonic() - began
        elif self.delay:
            time.sleep(self.delay)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: State

    def log_message(self, *arguments):
        pass

    def answer(self, code: int, body: bytes, headers=(), size: int = -1):
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if size < 0 else size))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def fail(self, code: int, message: str, headers=()):
        self.answer(code, json.dumps({"error": {"message": message}}).encode(), headers)

    def hang_up(self):
        self.close_connection = True

    def elements(self, texts: list) -> list:
        return [f'{{"object":"embedding","index":{i},"embedding":{self.state.vectors.json(text)}}}'
                for i, text in enumerate(texts)]

    def good(self, elements: list):
        self.answer(200, f'{{"object":"list","data":[{",".join(elements)}],"model":"m"}}'.encode())

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model, texts = request["model"], request["input"]
        number = self.state.note(model, texts)
        self.state.work()
        kind = model.split("/")[0]  # what follows a slash only tells tests apart
        getattr(self, "be_" + kind)(texts, number, request)

    def be_good(self, texts, number, request):
        self.good(self.elements(texts))

    def be_slow(self, texts, number, request):
        time.sleep(1.5)
        self.good(self.elements(texts))

    def be_reordered(self, texts, number, request):
        self.good(self.elements(texts)[::-1])

    def be_short(self, texts, number, request):
        self.good(self.elements(texts)[:-1])

    def be_twice(self, texts, number, request):
        elements = self.elements(texts)
        self.good(elements[:-1] + elements[:1])

    def be_beyond(self, texts, number, request):
        self.good([e.replace('"index":0', '"index":1000000') for e in self.elements(texts)])

    def be_unnumbered(self, texts, number, request):
        self.good([e.replace('"index"', '"place"') for e in self.elements(texts)])

    def be_oversized(self, texts, number, request):
        self.answer(200, b" " * 50_000_000)

    def be_wide(self, texts, number, request):
        self.good([e.replace("]}", ",0.5]}") for e in self.elements(texts)])

    def begin_with(self, texts, value):
        rest = ",0.5" * (self.state.vectors.dimension - 1)
        self.good([f'{{"index":{i},"embedding":[{value}{rest}]}}' for i in range(len(texts))])

    def be_nan(self, texts, number, request):
        self.begin_with(texts, "NaN")

    def be_infinite(self, texts, number, request):
        self.begin_with(texts, "1e999")

    def be_large(self, texts, number, request):
        self.begin_with(texts, "1e39")

    def be_null(self, texts, number, request):
        self.begin_with(texts, "null")

    def be_zero(self, texts, number, request):
        zeros = ",".join(["0.0"] * self.state.vectors.dimension)
        self.good([f'{{"index":{i},"embedding":[{zeros}]}}' for i in range(len(texts))])

    def be_html(self, texts, number, request):
        self.answer(200, b"<html>It works!</html>")

    def be_empty(self, texts, number, request):
        self.answer(200, b"{}")

    def be_limited(self, texts, number, request):
        if number == 1:
            return self.fail(429, "slow down", [("Retry-After", "1")])
        return self.good(self.elements(texts))

    def be_exhausted(self, texts, number, request):
        self.fail(429, "quota used up", [("Retry-After", "3600")])

    def be_shaky(self, texts, number, request):
        if number <= 2:
            return self.fail(500, "out of memory")
        return self.good(self.elements(texts))

    def be_broken(self, texts, number, request):
        self.fail(503, "no model is loaded")

    def be_half(self, texts, number, request):
        if number == 2:
            return self.good(self.elements(texts))
        self.answer(200, b'{"data":[{"index":0,"embed', size=5000)
        return self.hang_up()

    def be_halved(self, texts, number, request):
        self.answer(200, b'{"data":[{"index":0,"embed', size=5000)
        self.hang_up()

    def be_silent(self, texts, number, request):
        self.hang_up()

    def be_choosy(self, texts, number, request):
        if any("poison" in text for text in texts):
            return self.fail(400, "input is too long")
        return self.good(self.elements(texts))

    def be_keyed(self, texts, number, request):
        key = self.headers["Authorization"]
        if key != SECRET:
            return self.fail(401, f"incorrect API key provided: {key}")
        return self.good(self.elements(texts))

    def be_babbling(self, texts, number, request):
        self.fail(400, f"bad request with {self.headers['Authorization']}")

    def be_moved(self, texts, number, request):
        self.answer(302, b"", [("Location", "/v1/embeddings")])

    def be_unknown(self, texts, number, request):
        self.fail(404, "no such model")

    def be_shortened(self, texts, number, request):
        if request.get("dimensions") != self.state.vectors.dimension:
            return self.fail(400, "dimensions were not asked for")
        return self.good(self.elements(texts))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # clients that are killed, or do not trust the certificate


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ledger")
    parser.add_argument("dimension", type=int)
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--serial", action="store_true")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    arguments = parser.parse_args()
    state = Handler.state = State(arguments)
    server = Server(("127.0.0.1", 0), Handler)
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate, arguments.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    print(state.texts, state.requests, round(state.busy, 6), flush=True)


if __name__ == "__main__":
    main()
