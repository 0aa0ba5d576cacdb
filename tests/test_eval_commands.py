"""`rewatch eval` as a user meets it."""

import csv
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from videos import numbered_frames, render

from rewatch.agent.cli import main
from rewatch.evals.cli import COMMANDS
from rewatch.evals.lmms.results import read_results
from rewatch.evals.methods import Prediction
from rewatch.evals.runner.journal import Journal, describe_run, read_records, write_run
from rewatch.evals.runner.record import Record
from rewatch.evals.runner.submission import submission
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.sample import Reading, Sample
from rewatch.evals.tasks.table import find_task, read
from rewatch.memory.types import Limits


@pytest.mark.parametrize("command", COMMANDS)
def test_every_sub_command_has_help_an_example_and_json(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", command, "--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"Example: rewatch eval {command}" in out
    assert "--json" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["run", "nothing", "--data", ".", "--method", "blind", "--out", "x"],
            "'nothing' is no task; choose one of",
        ),
        (["run", "mlvu", "--data", "nowhere", "--method", "blind", "--out", "x"], "nowhere is no folder"),
        (
            ["run", "mlvu", "--data", "DATA", "--method", "blind", "--out", "OUT"],
            "holds no *test*question*.json",
        ),
        (
            ["run", "haystack", "--data", "DATA", "--method", "magic", "--out", "OUT"],
            "'magic' is no method; choose",
        ),
        (["run", "haystack", "--data", "DATA", "--method", "uniform-0", "--out", "OUT"], "outside 1 to 4096"),
        (
            ["run", "haystack", "--data", "DATA", "--method", "picks:no.json", "--out", "OUT"],
            "no.json is missing",
        ),
        (["score", "DATA"], "holds no run"),
        (["compare", "DATA", "DATA"], "holds no run"),
        (
            ["read-lmms", "no.jsonl", "--task", "haystack", "--data", "DATA", "--out", "OUT"],
            "no.jsonl is missing",
        ),
    ],
)
def test_a_mistake_is_one_line_and_status_two(
    arguments: list[str], said: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"DATA": str(data), "OUT": str(tmp_path / "out")}
    assert main(["eval", *(places.get(word, word) for word in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    render(folder / "v.mp4", numbered_frames(20), fps=2)
    samples = [
        Sample(
            f"s{n}",
            "v.mp4",
            f"<b>Which {n}?</b>",
            {"A": "red", "B": "blue"},
            "A",
            ((1.0, 3.0),),
            category="order",
        )
        for n in range(4)
    ]
    lines = [json.dumps(sample.to_plain()) for sample in samples]
    (folder / "truth.jsonl").write_text("\n".join([*lines, '{"sample_id": "broken"}']) + "\n")
    return folder


@pytest.fixture
def blind_run(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    out = tmp_path / "run"
    assert main(["eval", "run", "haystack", "--data", str(data), "--method", "blind", "--out", str(out)]) == 0
    assert "1 records break their format" in capsys.readouterr().err
    return out


def test_list_names_every_task_and_what_a_folder_lacks(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "list", "--data", str(data), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in told["tasks"]}
    assert rows["haystack"]["missing"] == []
    assert rows["egoschema"]["missing"] == ["questions.json or *egoschema*.json"]
    assert "uniform-K" in told["methods"]
    assert main(["eval", "list", "haystack", "--data", str(data)]) == 0
    out = capsys.readouterr().out
    assert "4 samples, 1 videos" in out
    assert "truth.jsonl:5: the field 'video' is missing" in out


def test_a_run_is_scored_compared_and_submitted(
    blind_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "score", str(blind_run), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["num_samples"] == 4
    assert [mean["name"] for mean in scores["means"]] == ["accuracy"]
    assert main(["eval", "score", str(blind_run)]) == 0
    assert "accuracy" in capsys.readouterr().out
    assert main(["eval", "compare", str(blind_run), str(blind_run)]) == 0
    assert "+0.0000" in capsys.readouterr().out
    assert main(["eval", "submit", str(blind_run), "--out", str(tmp_path / "sent")]) == 0
    rows = [json.loads(line) for line in (tmp_path / "sent" / "predictions.jsonl").read_text().splitlines()]
    assert {row["sample_id"] for row in rows} == {"s0", "s1", "s2", "s3"}


def test_a_folder_keeps_to_its_run(blind_run: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = ["eval", "run", "haystack", "--data", str(data), "--method", "uniform-2", "--out", str(blind_run)]
    assert main(again) == 2
    assert "holds a run with method 'blind', not 'uniform-2'" in capsys.readouterr().err


def test_a_report_is_one_file_with_the_worst_cases_and_escapes_what_it_quotes(
    blind_run: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = describe_run(
        find_task("haystack"), "made", ("choice", "spans", "frames"), data, Reading((), ()), Limits()
    )
    folder = tmp_path / "bad"
    folder.mkdir()
    write_run(folder, run)
    with Journal(folder) as journal:
        for record in read_records(blind_run):
            journal.append(Record(record.sample, Prediction(choice="B", frame_seconds=(5.0,)), 0.5))
    assert main(["eval", "report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert "<b>Which" not in page
    assert "&lt;b&gt;Which 0?" in page
    assert page.count("data:image/jpeg;base64,") == 8
    assert 'src="http' not in page
    assert "<svg" in page


def test_visual_scores_read_the_frames(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = Sample("1", "v.mp4", "?", {"A": "x", "B": "y"}, "A", frame_seconds=(2.0,))
    task = find_task("haystack-ego4d")
    write_run(tmp_path, describe_run(task, "made", ("frames",), data, Reading((sample,), ()), Limits()))
    with Journal(tmp_path) as journal:
        journal.append(Record(sample, Prediction(frame_seconds=(2.2, 8.0)), 0.1))
    assert main(["eval", "score", str(tmp_path), "--visual", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["visual"]["visual recall (corrected)"] == pytest.approx(1.0)
    assert scores["visual"]["visual precision (corrected)"] < 0.99
    assert scores["official"]["prf P"] == 50.0


def _record(task: str, files: dict[str, str], folder: Path, said: Prediction) -> list[Record]:
    for name, content in files.items():
        (folder / name).write_text(content)
    return [Record(sample, said, 0.1) for sample in read(find_task(task), DataFolder(folder)).samples]


def test_submissions_have_the_official_form(tmp_path: Path) -> None:
    line = json.dumps({"qid": 7, "query": "q", "duration": 150, "vid": "x", "relevant_windows": [[0, 2]]})
    said = Prediction(spans=((0.0, 2.0), (4.0, 8.0)), span_scores=(0.9, 0.1))
    records = _record("qvhighlights", {"highlight_val_release.jsonl": line}, tmp_path, said)
    content = submission("qvhighlights", records).files["hl_val_submission.jsonl"]
    assert json.loads(content) == {
        "qid": 7,
        "query": "q",
        "vid": "x",
        "pred_relevant_windows": [[0.0, 2.0, 0.9], [4.0, 8.0, 0.1]],
    }


def test_ego4d_times_are_handed_in_within_the_clip(tmp_path: Path) -> None:
    extra = {"clip_uid": "c", "annotation_uid": "a", "query_idx": 0}
    sample = Sample("c/a/0", "v", "?", part=(100.0, 580.0), extra=extra)
    content = submission("ego4d-nlq", [Record(sample, Prediction(spans=((105.0, 107.0),)), 0.1)]).files[
        "nlq.json"
    ]
    results = json.loads(content)
    assert results["challenge"] == "ego4d_nlq_challenge"
    assert results["results"] == [{**extra, "predicted_times": [[5.0, 7.0]]}]


def test_egoschema_is_handed_in_by_number_and_failures_are_counted() -> None:
    options = {"A": "x", "B": "y"}
    records = [
        Record(Sample("u1", "u1", "?", options), Prediction(choice="B"), 0.1),
        Record(Sample("u2", "u2", "?", options), Prediction(answer="who knows"), 0.1),
        Record(Sample("u3", "u3", "?", options), None, 0.1, "VideoError", "gone"),
    ]
    sent = submission("egoschema", records)
    assert list(csv.reader(sent.files["submission.csv"].splitlines())) == [
        ["q_uid", "answer"],
        ["u1", "1"],
        ["u2", "-1"],
    ]
    assert sent.num_left_out == 1


def test_replies_of_lmms_eval_find_their_samples(tmp_path: Path) -> None:
    samples = [Sample(f"00{n}-1", "v", "?", {"A": "x", "B": "y"}, "A") for n in range(3)]
    lines = [
        {"doc_id": 2, "filtered_resps": ["A"], "videomme_perception_score": {"question_id": "000-1"}},
        {"doc_id": 1, "resps": [["B."]]},
        {"doc_id": 9, "resps": [["A"]]},
        {"doc_id": 0, "resps": [[3]]},
    ]
    path = tmp_path / "x_samples_videomme.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    records, reading = read_results(path, samples)
    assert [(r.sample.sample_id, r.prediction.answer) for r in records if r.prediction] == [
        ("000-1", "A"),
        ("001-1", "B."),
    ]
    assert [fault.where for fault in reading.faults] == [f"{path.name}:3", f"{path.name}:4"]


def test_lmms_eval_gets_a_model_that_answers_with_a_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts of lmms-eval that the plug-in touches, as its registry has them."""
    render(tmp_path / "v.mp4", numbered_frames(30), fps=2)
    (tmp_path / "v.srt").write_text("1\n00:00:04,000 --> 00:00:07,000\nThe secret word is lantern.\n")

    class Base:
        def __init__(self) -> None:
            self.task_dict: dict[str, Any] = {"t": {"test": [{"video": str(tmp_path / "v.mp4")}]}}

    stubs = {
        "lmms_eval": {},
        "lmms_eval.api": {},
        "lmms_eval.api.model": {"lmms": Base},
        "lmms_eval.models": {},
    }
    manifests = {"lmms_eval.models.registry_v2": {"ModelManifest": dict}}
    for name, content in (stubs | manifests).items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(__import__("sys").modules, name, module)
    from rewatch.evals.lmms.manifest import manifest

    assert manifest() == {"model_id": "rewatch", "simple_class_path": "rewatch.evals.lmms.model.RewatchModel"}
    from rewatch.evals.lmms import model

    made = model.RewatchModel(library=str(tmp_path / "library"))
    prompt = "What is the secret word?\nA. bucket\nB. lantern\nAnswer with the option's letter."
    request = ModuleType("request")
    request.args = (prompt, {}, lambda document: [document["video"]], 0, "t", "test")  # type: ignore[attr-defined]
    assert made.generate_until([request])[0] in ("A", "B")
