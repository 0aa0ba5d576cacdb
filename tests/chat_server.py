"""A chat server on loopback that speaks the OpenAI protocol and says what a test has written down.

Owns the protocol: JSON or a stream of events, tool calls, usage, errors with headers. What it was asked stays in
`requests`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

Message = dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """A reply that is an error."""

    status: int
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)


Reply = Message | Failure | Callable[[dict[str, Any]], "Message | Failure"]


@dataclass
class ChatServer:
    """What the server says, one reply a request, and what it was asked."""

    replies: list[Reply]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def next(self, request: dict[str, Any], headers: dict[str, str]) -> "Message | Failure":
        with self.lock:
            self.requests.append(request)
            self.headers.append(headers)
            if len(self.requests) > len(self.replies):
                return Failure(400, '{"error": {"message": "the script is over"}}')
            reply = self.replies[len(self.requests) - 1]
        return reply(request) if callable(reply) else reply

    @property
    def prompts(self) -> list[str]:
        """The text of all messages of each request."""
        return ["\n".join(str(m["content"]) for m in request["messages"]) for request in self.requests]


def says(text: str) -> Message:
    """A reply in words."""
    return {"role": "assistant", "content": text}


def refuses(text: str) -> Message:
    """A refusal."""
    return {"role": "assistant", "content": None, "refusal": text}


def calls(*wanted: tuple[str, dict[str, Any] | str]) -> Message:
    """A reply that calls functions; arguments that are a text are sent as they stand."""
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
    return {"role": "assistant", "content": None, "tool_calls": listed}


@contextmanager
def serve(replies: Sequence[Reply]) -> Iterator[ChatServer]:
    """Serve a script until the block ends."""
    script = ChatServer(list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = script.next(request, {name.lower(): value for name, value in self.headers.items()})
            if isinstance(reply, Failure):
                self._send(reply.status, reply.body.encode(), "application/json", reply.headers)
            elif request.get("stream"):
                self._send(200, _streamed(reply), "text/event-stream", {})
            else:
                self._send(200, json.dumps(_completion(reply, "message")).encode(), "application/json", {})

        def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Type": kind, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
"""What each reply says that it took."""


def _completion(message: Message, key: str) -> dict[str, Any]:
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    whole = {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, key: message, "finish_reason": reason}],
    }
    return {**whole, "usage": USAGE} if key == "message" else whole


def _streamed(message: Message) -> bytes:
    """The reply in events, each function's arguments cut in two."""
    deltas: list[Message] = [{"role": "assistant", "content": message["content"] or ""}]
    for index, call in enumerate(message.get("tool_calls", [])):
        name, text = call["function"]["name"], call["function"]["arguments"]
        half = len(text) // 2
        head = {"name": name, "arguments": text[:half]}
        deltas.append(
            {"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": head}]}
        )
        deltas.append({"tool_calls": [{"index": index, "function": {"arguments": text[half:]}}]})
    events = [{**_completion(delta, "delta"), "object": "chat.completion.chunk"} for delta in deltas]
    for event in events:
        event["choices"][0]["finish_reason"] = None
    events.append({**_completion({}, "delta"), "object": "chat.completion.chunk"})
    events.append({**events[-1], "choices": [], "usage": USAGE})
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode() + b"data: [DONE]\n\n"
