"""A small OpenAI-compatible server on loopback, for tests: it answers as it is told and remembers what it was sent.

Owns the protocol: JSON or a stream of events, tool calls, usage, errors with headers. Each behaviour answers one
request; the last one answers all that follow.
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
Message = dict[str, Any]

USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
"""What each completion says that it took."""


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

    @property
    def prompts(self) -> list[str]:
        """The text of all messages of each request."""
        return ["\n".join(str(m["content"]) for m in request["messages"]) for request in self.requests]

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
    asked: dict[str, Any]
    """Body of the request."""

    def do_POST(self) -> None:
        told = self.server.told
        self.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            told.requests.append(self.asked)
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
    """Answer in words; `logprob` is that of each of its tokens, four characters long."""
    written = text if isinstance(text, str) else json.dumps(text)
    if logprob is not None:
        pieces = [{"token": token, "logprob": logprob, "top_logprobs": []} for token in _pieces(written)]
        choice["logprobs"] = {"content": pieces}
    return _completes({"role": "assistant", "content": written}, **choice)


def refuses(text: str) -> Behaviour:
    """Answer with a refusal."""
    return _completes({"role": "assistant", "content": None, "refusal": text})


def calls(*wanted: tuple[str, dict[str, Any] | str]) -> Behaviour:
    """Answer by calling functions; arguments that are a text are sent as they stand."""
    listed = [
        {
            "id": f"id_{number}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
            },
        }
        for number, (name, arguments) in enumerate(wanted)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": listed}
    return _completes(message, finish_reason="tool_calls")


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


def _completes(message: Message, **choice: Any) -> Behaviour:
    """Answer with a completion, in one piece or as a stream, as the request wants it."""

    def answer(handler: Handler) -> None:
        if handler.asked.get("stream"):
            handler.send(200, _streamed(message), kind="text/event-stream")
        else:
            told = {"index": 0, "finish_reason": "stop", "message": message, **choice}
            handler.send(200, json.dumps({**_head("chat.completion"), "choices": [told], "usage": USAGE}))

    return answer


def _streamed(message: Message) -> str:
    """The reply in events, each function's arguments cut in two."""
    deltas: list[Message] = [{"role": "assistant", "content": message["content"] or ""}]
    for index, call in enumerate(message.get("tool_calls", [])):
        name, text = call["function"]["name"], call["function"]["arguments"]
        half = len(text) // 2
        first = {"name": name, "arguments": text[:half]}
        deltas.append(
            {"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": first}]}
        )
        deltas.append({"tool_calls": [{"index": index, "function": {"arguments": text[half:]}}]})
    head = _head("chat.completion.chunk")
    choices: list[Message] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    events = [{**head, "choices": [choice]} for choice in choices]
    events.append({**head, "choices": [], "usage": USAGE})
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


def _head(kind: str) -> dict[str, Any]:
    return {"id": "1", "object": kind, "created": 0, "model": "tiny"}


def _pieces(text: str) -> list[str]:
    """The text in pieces of at most four characters."""
    return [text[start : start + 4] for start in range(0, len(text), 4)]
