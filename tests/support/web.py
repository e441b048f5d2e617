"""web.py - a server over HTTP as a process: asked by http.client or over a bare socket."""

import http.client
import json
import os
import signal
import socket
import subprocess

SERVER = os.environ["EPISODIC_SERVER"]
COLUMNS = "application/vnd.episodic.columns"


class Answer:
    """What came back: status, headers by lower-case name, body; json() reads it."""

    def __init__(self, status: int, headers: dict, body: bytes):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:200]!r}"


class Server:
    """A running server on a free port of 127.0.0.1. Use as a context manager: leaving it sends SIGTERM and waits."""

    def __init__(self, memory: str, *words: str, program: str = SERVER, address: str = "127.0.0.1:0", token: str = ""):
        environment = {**os.environ, "EPISODIC_TOKEN": token} if token else dict(os.environ)
        if not token:
            environment.pop("EPISODIC_TOKEN", None)
        self.token, self.said = token, ""
        self.process = subprocess.Popen(self.command(program, address, memory, words), stderr=subprocess.PIPE,
                                        env=environment)
        line = self.process.stderr.readline().decode()
        if "http://" not in line:
            self.process.wait(30)
            self.process.stderr.close()
            raise AssertionError(f"the server ended with {self.process.returncode}: {line}")
        self.port = int(line.rsplit(":", 1)[1].strip().strip("/"))

    def command(self, program: str, address: str, memory: str, words: tuple) -> list:
        return [program, "--http", address, "--memory", memory, *words]

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind, *_) -> None:
        running = self.process.poll() is None
        code = self.stop()
        if running and kind is None and code != 0:
            raise AssertionError(f"the server ended with {code}: {self.said}")

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        if not self.process.stderr.closed:
            self.said = self.process.stderr.read().decode(errors="replace")
            self.process.stderr.close()
        return code

    def connect(self, timeout: float = 30) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method: str, path: str, body=None, headers=(), connection=None) -> Answer:
        """One request; a body that is not bytes goes as JSON. A header of None is left out."""
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None and not isinstance(body, (bytes, str)):
            body, given["Content-Type"] = json.dumps(body), "application/json"
        given.update(dict(headers))
        own = connection or self.connect()
        own.request(method, path, body, {name: value for name, value in given.items() if value is not None})
        got = own.getresponse()
        answer = Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
        if connection is None:
            own.close()
        return answer

    def get(self, path: str, **options) -> Answer:
        return self.ask("GET", path, **options)

    def post(self, path: str, body, **options) -> Answer:
        return self.ask("POST", path, body, **options)

    def raw(self, text: bytes, timeout: float = 10) -> bytes:
        """All that comes back for bytes that are sent as they are, until the server closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as link:
            link.sendall(text)
            link.settimeout(1.0)
            got = b""
            try:
                while piece := link.recv(65536):
                    got += piece
                    if b"\r\n\r\n" in got and len(got) >= self._whole(got):
                        break
            except TimeoutError:
                pass
            except ConnectionResetError:
                pass
            return got

    @staticmethod
    def _whole(got: bytes) -> int:
        head, _, _ = got.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                return len(head) + 4 + int(line.split(b":")[1])
        return 1 << 60
