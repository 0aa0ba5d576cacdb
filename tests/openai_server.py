"""A small OpenAI-compatible server on loopback, for tests: it answers as it is told and remembers what it was sent.

Each behaviour answers one request; the last one answers all that follow.
"""

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Behaviour = Callable[["Handler"], None]


@dataclass
class Server:
    """A running server."""

    url: str
    behaviours: list[Behaviour]
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Bodies, in order."""
    keys: list[str] = field(default_factory=list)
    """What came as `Authorization`."""
    moments: list[float] = field(default_factory=list)
    """When each request came, on the monotonic clock."""

    def content(self, number: int = -1) -> list[dict[str, Any]]:
        """The parts of the first message of a request."""
        parts: list[dict[str, Any]] = self.requests[number]["messages"][0]["content"]
        return parts

    def texts(self, number: int = -1) -> list[str]:
        return [part["text"] for part in self.content(number) if part["type"] == "text"]

    def images(self, number: int = -1) -> list[NDArray[np.uint8]]:
        """The decoded pictures of a request, uint8 `[height, width, 3]`, RGB."""
        urls = [part["image_url"]["url"] for part in self.content(number) if part["type"] == "image_url"]
        data = [base64.b64decode(url.partition("base64,")[2]) for url in urls]
        return [np.asarray(Image.open(io.BytesIO(one)).convert("RGB")) for one in data]


class Handler(BaseHTTPRequestHandler):
    """Reads one request and lets the next behaviour answer it."""

    server: "_Http"

    def do_POST(self) -> None:
        told = self.server.told
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            told.requests.append(json.loads(body))
            told.keys.append(self.headers.get("Authorization", ""))
            told.moments.append(time.monotonic())
            behaviour = told.behaviours[min(len(told.requests), len(told.behaviours)) - 1]
        behaviour(self)

    def send(
        self,
        status: int,
        body: str | bytes,
        headers: Mapping[str, str] | None = None,
        kind: str = "application/json",
    ) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    lock = threading.Lock()
    told: Server


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[Server]:
    """Run a server until the block ends."""
    http = _Http(("127.0.0.1", 0), Handler)
    http.told = Server(f"http://127.0.0.1:{http.server_port}/v1", list(behaviours))
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield http.told
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def says(text: str | Mapping[str, Any], *, logprob: float | None = None, **choice: Any) -> Behaviour:
    """Answer with a completion; `logprob` is that of each of its tokens, four characters long."""
    written = text if isinstance(text, str) else json.dumps(text)

    def answer(handler: Handler) -> None:
        told: dict[str, Any] = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": written},
            **choice,
        }
        if logprob is not None:
            told["logprobs"] = {
                "content": [
                    {"token": token, "logprob": logprob, "top_logprobs": []} for token in _pieces(written)
                ]
            }
        handler.send(200, json.dumps(_completion(told)))

    return answer


def likely(tokens: Mapping[str, float]) -> Behaviour:
    """Answer with the first of some tokens, and tell the log-probabilities of all."""
    top = [{"token": token, "logprob": logprob} for token, logprob in tokens.items()]
    first = {**top[0], "top_logprobs": top}
    return says(str(top[0]["token"]), logprobs={"content": [first]})


def fails(status: int, message: str = "no", headers: Mapping[str, str] | None = None) -> Behaviour:
    """Answer with an error."""
    return lambda handler: handler.send(status, json.dumps({"error": {"message": message}}), headers)


def sends(body: str | bytes, kind: str = "application/json") -> Behaviour:
    """Answer with this body, whatever it is."""
    return lambda handler: handler.send(200, body, kind=kind)


def hangs(seconds: float) -> Behaviour:
    """Answer nothing for a while."""
    return lambda handler: time.sleep(seconds)


def drops(handler: Handler) -> None:
    """Close the connection in the middle of an answer."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "half')
    handler.close_connection = True


def _completion(choice: dict[str, Any]) -> dict[str, Any]:
    usage = {"prompt_tokens": 500, "completion_tokens": 20, "total_tokens": 520}
    head = {"id": "1", "object": "chat.completion", "created": 0, "model": "tiny"}
    return {**head, "choices": [choice], "usage": usage}


def _pieces(text: str) -> list[str]:
    """The text in pieces of at most four characters."""
    return [text[start : start + 4] for start in range(0, len(text), 4)]
