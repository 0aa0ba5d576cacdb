"""A recorded run is replayed without asking any model, and a changed request is an error that says what changed."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rewatch.memory.errors import InputError, ReplayError, ToolError
from rewatch.tools.replay import Recorder, Replay


def _never() -> object:
    raise AssertionError("a replay asks no model")


def _recorded(path: Path, calls: list[tuple[str, object, object]]) -> Path:
    with Recorder(path) as tape:
        for part, request, response in calls:
            assert tape.call(part, request, lambda response=response: response) == response
    return path


def test_calls_are_answered_in_any_order(tmp_path: Path) -> None:
    calls: list[tuple[str, object, object]] = [
        ("vlm", {"prompt": "a", "frames": [1.5]}, {"answer": "red"}),
        ("planner", {"prompt": "a", "frames": [1.5]}, ["done"]),
        ("vlm", {"frames": [2], "prompt": "b"}, None),
    ]
    tape = Replay(_recorded(tmp_path / "run.jsonl", calls))
    for part, request, response in reversed(calls):
        assert tape.call(part, request, _never) == response
    assert tape.call("vlm", {"frames": [1.5], "prompt": "a"}, _never) == {"answer": "red"}


def test_a_request_made_twice_is_answered_in_order_and_then_as_the_last_time(tmp_path: Path) -> None:
    tape = Replay(_recorded(tmp_path / "run.jsonl", [("vlm", "again", 1), ("vlm", "again", 2)]))
    assert [tape.call("vlm", "again", _never) for _ in range(3)] == [1, 2, 2]


def test_calls_from_several_threads_are_all_recorded(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Recorder(path) as tape, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: tape.call("vlm", n, lambda: "x" * 5000), range(64)))
    replay = Replay(path)
    assert all(replay.call("vlm", number, _never) == "x" * 5000 for number in range(64))


def test_an_error_is_replayed_as_the_same_error(tmp_path: Path) -> None:
    def refuse() -> object:
        raise ToolError("the model refuses")

    path = tmp_path / "run.jsonl"
    with Recorder(path) as tape, pytest.raises(ToolError):
        tape.call("vlm", "question", refuse)
    with pytest.raises(ToolError, match=r"^the model refuses$"):
        Replay(path).call("vlm", "question", _never)


def test_a_changed_request_names_what_differs(tmp_path: Path) -> None:
    long = "What stands on the table in the kitchen of the house beside the river " * 3
    request = {"model": "m", "messages": [{"text": "system"}, {"text": long + "at noon?"}], "seed": 1}
    path = _recorded(tmp_path / "run.jsonl", [("vlm", {"other": True}, 0), ("vlm", request, 1)])
    changed = {"model": "m", "messages": [{"text": "system"}, {"text": long + "at night?"}], "top": 5}
    with pytest.raises(ReplayError) as refused:
        Replay(path).call("vlm", changed, _never)
    message = str(refused.value)
    assert "messages[1].text was" in message
    assert 'at noon?"' in message
    assert 'at night?"' in message
    assert "top is new" in message
    assert "seed was recorded and is missing" in message
    assert "model" not in message.partition("call of the vlm")[2]


def test_a_model_that_was_never_recorded_is_named(tmp_path: Path) -> None:
    path = _recorded(tmp_path / "run.jsonl", [("vlm", "q", 1)])
    with pytest.raises(ReplayError, match="none of a planner"):
        Replay(path).call("planner", "q", _never)


def test_an_earlier_recording_is_not_overwritten(tmp_path: Path) -> None:
    path = _recorded(tmp_path / "run.jsonl", [("vlm", "q", 1)])
    with pytest.raises(InputError, match="exists already"):
        Recorder(path)
    assert Replay(path).call("vlm", "q", _never) == 1


def test_a_recording_without_a_call_is_kept_only_of_a_run_that_ended(tmp_path: Path) -> None:
    _recorded(tmp_path / "ended.jsonl", [])
    with pytest.raises(ReplayError, match="it holds none of a vlm"):
        Replay(tmp_path / "ended.jsonl").call("vlm", "q", _never)

    def break_off(path: Path, calls: list[int]) -> None:
        with Recorder(path) as tape:
            for call in calls:
                tape.call("vlm", call, lambda: 2)
            raise InputError("no such video")

    for name, calls in (("none", []), ("one", [1])):
        with pytest.raises(InputError):
            break_off(tmp_path / name, calls)
    assert [(tmp_path / name).exists() for name in ("none", "one")] == [False, True]


def test_a_killed_run_leaves_a_recording_of_what_it_asked(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    tape = Recorder(path)
    tape.call("vlm", "q", lambda: 1)
    assert Replay(path).call("vlm", "q", _never) == 1
    tape.close()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"part": "vlm", "request": 1, "response": 2}\n', "no recording"),
        ('{"rewatch_recording": 1}\n{"part": "vlm"\n', "damaged in line 2"),
        ('{"rewatch_recording": 1}\n[1]\n', "damaged in line 2"),
        ("", "no recording"),
        (b"\xff\xfe\x00", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_recording_is_refused(content: str | bytes | None, told: str, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ReplayError, match=told):
        Replay(path)


def test_every_line_is_json_that_other_programs_read(tmp_path: Path) -> None:
    path = _recorded(tmp_path / "run.jsonl", [("vlm", {"text": "é\u2028\ud800"}, "ok")])
    lines = path.read_text("ascii").splitlines()
    assert [sorted(json.loads(line)) for line in lines[1:]] == [["part", "request", "response"]]
