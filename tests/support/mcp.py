"""mcp.py - talking to an MCP server over its standard input and output, one JSON-RPC message a line, in either era."""

import json
import os
import subprocess

SERVER = os.environ["EPISODIC_SERVER"]
MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": {}}


class Server:
    """A running server. Use as a context manager: leaving it ends the input and waits for the end."""

    def __init__(self, memory: str, *words: str, program: str = SERVER, modern: bool = False):
        self.modern, self.next_id, self.notes = modern, 1, []
        command = [program, "--mcp", "--memory", memory, *words] if memory else [program, *words]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)

    def __enter__(self) -> "Server":
        if not self.modern:
            self.request("initialize", protocolVersion="2025-11-25", capabilities={},
                         clientInfo={"name": "test", "version": "1"})
            self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self, seconds: float = 60.0) -> int:
        if self.process.poll() is None or not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        code = self.process.wait(seconds)
        self.process.stdout.close()
        self.errors = self.process.stderr.read().decode()
        self.process.stderr.close()
        return code

    def write(self, line: bytes) -> None:
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def send(self, message: dict) -> None:
        self.write(json.dumps(message).encode() + b"\n")

    def read(self) -> dict:
        """The next message, whatever it is."""
        line = self.process.stdout.readline()
        assert line.endswith(b"\n"), f"the server wrote {line!r} and ended"
        return json.loads(line)

    def ask(self, method: str, /, **params) -> int:
        """Sends a request without waiting for its answer. @return its id"""
        self.next_id += 1
        if self.modern:
            params["_meta"] = {**MODERN, **params.get("_meta", {})}
        self.send({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params})
        return self.next_id

    def request(self, method: str, /, **params) -> dict:
        """Sends a request and waits for its answer; notifications before it go to self.notes."""
        wanted = self.ask(method, **params)
        while (message := self.read()).get("id") != wanted:
            self.notes.append(message)
        return message

    def result(self, method: str, /, **params) -> dict:
        message = self.request(method, **params)
        assert "error" not in message, message["error"]
        return message["result"]

    def call(self, tool: str, /, **arguments) -> dict:
        """The structured content of a tool's result, which its text has to say too."""
        result = self.result("tools/call", name=tool, arguments=arguments)
        assert not result.get("isError"), result["content"][0]["text"]
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        return result["structuredContent"]

    def refusal(self, tool: str, /, **arguments) -> str:
        """The line of a tool's failure."""
        result = self.result("tools/call", name=tool, arguments=arguments)
        assert result.get("isError"), result
        return result["content"][0]["text"]
