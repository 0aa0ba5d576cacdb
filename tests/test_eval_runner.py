"""Runs: nothing lost or repeated after a kill, failures as results, scores again from the records alone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from openai_server import says, serving
from videos import numbered_frames, render

from rewatch.agent.cli import main
from rewatch.evals.methods import Gives, Prediction
from rewatch.evals.methods.baselines import midpoints
from rewatch.evals.runner.comparing import compare
from rewatch.evals.runner.journal import Journal, read_records, read_run
from rewatch.evals.runner.protocols import table
from rewatch.evals.runner.record import Record
from rewatch.evals.runner.report import write_report
from rewatch.evals.runner.running import Allowance, run
from rewatch.evals.runner.scoring import score
from rewatch.evals.runner.submission import submission
from rewatch.evals.tasks.sample import Sample
from rewatch.evals.tasks.table import find_task
from rewatch.memory.errors import InputError, StorageError, ToolError
from rewatch.memory.types import Cost, Limits, Span

OPTIONS = {"A": "red", "B": "blue"}


def _samples(count: int, videos: int = 3) -> list[Sample]:
    return [
        Sample(
            f"s{n}",
            f"v{n % videos}.mp4",
            f"Which colour {n}?",
            OPTIONS,
            "AB"[n % 2],
            ((n, n + 2.0),),
            category="c",
        )
        for n in range(count)
    ]


class Answers:
    """Answers "A", fails on some, and notes what it was asked."""

    gives: frozenset[Gives] = frozenset({"choice", "spans"})

    def __init__(self, asked: list[str], failing: Sequence[str] = ()) -> None:
        self.asked, self.failing, self.closed = asked, failing, False

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        self.asked.append(sample.sample_id)
        if sample.sample_id in self.failing:
            raise ToolError("the model is gone")
        return Prediction(choice="A", spans=((0.0, 2.0),), cost=Cost(dollars=1.0))

    def close(self) -> None:
        self.closed = True


RUN = {"task": "haystack", "method": "answers", "gives": ["choice", "spans"], "num_samples": 6, "faults": []}


def test_a_run_goes_on_where_it_was_and_repeats_nothing(tmp_path: Path) -> None:
    asked: list[str] = []
    samples = _samples(6)
    with Journal(tmp_path) as journal:
        first = run(samples, lambda: Answers(asked), journal, limits=Limits(), allowance=Allowance(samples=2))
    assert (first.num_done, first.stopped_by) == (2, "samples")
    with Journal(tmp_path) as journal:
        second = run(samples, lambda: Answers(asked), journal, limits=Limits())
    assert (second.num_done, second.stopped_by) == (6, "")
    assert sorted(asked) == sorted(sample.sample_id for sample in samples)
    assert len(read_records(tmp_path)) == 6


def test_a_torn_last_line_is_cut_off_and_its_sample_run_again(tmp_path: Path) -> None:
    asked: list[str] = []
    with Journal(tmp_path) as journal:
        run(_samples(3), lambda: Answers(asked), journal, limits=Limits())
    path = tmp_path / "records.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    asked.clear()
    with Journal(tmp_path) as journal:
        assert len(journal.records) == 2
        run(_samples(3), lambda: Answers(asked), journal, limits=Limits())
    assert len(asked) == 1
    assert [record.sample.sample_id for record in read_records(tmp_path)].count(asked[0]) == 1


def test_a_line_damaged_elsewhere_is_told_with_its_number(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        run(_samples(3), lambda: Answers([]), journal, limits=Limits())
    path = tmp_path / "records.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join((lines[0], "{", lines[2])) + "\n")
    with pytest.raises(StorageError, match=r"records\.jsonl:2 is damaged"):
        Journal(tmp_path)


def test_failures_are_results_with_a_reason_and_can_be_tried_again(tmp_path: Path) -> None:
    samples = _samples(4)
    with Journal(tmp_path) as journal:
        outcome = run(samples, lambda: Answers([], ["s1"]), journal, limits=Limits())
    assert outcome.num_failed == 1
    failed = next(record for record in read_records(tmp_path) if record.failure)
    assert (failed.failure, failed.reason) == ("ToolError", "the model is gone")
    asked: list[str] = []
    with Journal(tmp_path) as journal:
        run(samples, lambda: Answers(asked), journal, limits=Limits())
        assert asked == []
        again = run(samples, lambda: Answers(asked), journal, limits=Limits(), retry_failed=True)
    assert asked == ["s1"]
    assert again.num_failed == 0
    assert all(record.prediction for record in read_records(tmp_path))


def test_a_defect_of_a_method_costs_its_sample_and_is_named(tmp_path: Path) -> None:
    class Broken(Answers):
        def predict(self, sample: Sample, limits: Limits) -> Prediction:
            raise IndexError("list index out of range")

    with Journal(tmp_path) as journal:
        run(_samples(1), lambda: Broken([]), journal, limits=Limits())
    record = read_records(tmp_path)[0]
    assert record.failure == "IndexError"
    assert "test_eval_runner.py:" in record.reason


def test_workers_keep_the_order_within_a_video_and_close_their_methods(tmp_path: Path) -> None:
    made: list[Answers] = []

    def open_method() -> Answers:
        made.append(Answers([]))
        return made[-1]

    with Journal(tmp_path) as journal:
        run(_samples(12, videos=4), open_method, journal, limits=Limits(), workers=3)
    assert len(made) == 3
    assert all(method.closed for method in made)
    for video in range(4):
        own = [f"s{n}" for n in range(12) if n % 4 == video]
        worker = next(method for method in made if own[0] in method.asked)
        assert [name for name in worker.asked if name in own] == own


def test_a_method_that_cannot_be_made_ends_the_run(tmp_path: Path) -> None:
    def refuse() -> Answers:
        raise InputError("no such model")

    with Journal(tmp_path) as journal, pytest.raises(InputError, match="no such model"):
        run(_samples(2), refuse, journal, limits=Limits())


def test_an_allowance_of_dollars_stops_between_samples(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        outcome = run(
            _samples(50, videos=50),
            lambda: Answers([]),
            journal,
            limits=Limits(),
            allowance=Allowance(dollars=3),
        )
    assert outcome.stopped_by == "dollars"
    assert outcome.num_done == 3


def test_scores_come_from_the_records_alone_and_count_failures(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        run(_samples(6), lambda: Answers([], ["s0"]), journal, limits=Limits())
    scores = score(RUN, read_records(tmp_path))
    means = {mean.name: mean.interval.value for mean in scores.means}
    assert means["accuracy"] == pytest.approx(2 / 6)
    assert means["R1@0.5"] == 0.0
    assert means["R1@0.3"] == pytest.approx(1 / 6)
    assert means["start_2s"] == pytest.approx(2 / 6)
    assert (scores.num_failed, scores.failures) == (1, {"ToolError": 1})
    assert scores.official["overall"] == scores.corrected["overall"] == pytest.approx(100 * 2 / 6)
    read_by_its_script = score({**RUN, "task": "vnbench"}, read_records(tmp_path))
    assert read_by_its_script.official["overall"] == pytest.approx(40.0)
    assert scores.categories["c"]["samples"] == 6
    assert scores.cost.dollars == 5.0


def test_what_has_no_number_is_null_in_json_and_what_applies_to_nothing_is_left_out() -> None:
    """One video has no interval, and answers that are kept secret no accuracy."""
    samples = [replace(sample, video="v.mp4", spans=()) for sample in _samples(2)]
    known = [Record(sample, Prediction(choice="A"), 0.1) for sample in samples]
    plain = json.loads(json.dumps(score(RUN, known).to_plain(), allow_nan=False))
    assert plain["means"][0]["interval"] == {"value": 0.5, "low": None, "high": None}
    secret = [replace(record, sample=replace(record.sample, answer=None)) for record in known]
    assert score(RUN, secret).means == ()
    difference = compare(RUN, known, RUN, known).to_plain()["measures"][0]["difference"]
    assert (difference["value"], difference["low"], difference["p_value"]) == (0.0, None, 1.0)


def test_two_runs_are_compared_on_common_samples() -> None:
    def records(choice: str, count: int) -> list[Record]:
        return [Record(sample, Prediction(choice=choice), 0.1) for sample in _samples(count)]

    found = compare(RUN, records("A", 40), RUN, records("B", 30))
    accuracy = found.measures[0]
    assert (found.num_common, found.num_only_first, found.num_only_second) == (30, 10, 0)
    assert (accuracy.first, accuracy.second, accuracy.mcnemar_p) == (0.5, 0.5, 1.0)
    with pytest.raises(InputError, match="cannot be compared"):
        compare(RUN, records("A", 2), {**RUN, "task": "mlvu"}, records("A", 2))


def test_a_sample_that_is_wholly_right_is_no_worst_case(tmp_path: Path) -> None:
    """A question without spans has fewer measures than one with them, and is right all the same."""
    choice, place = replace(_samples(1)[0], spans=()), _samples(1)[0]
    records = [Record(choice, Prediction(choice="A"), 1.0), Record(place, Prediction(choice="A"), 1.0)]
    write_report(
        {**RUN, "data": str(tmp_path), "versions": {"rewatch": "0"}}, records, tmp_path / "report.html"
    )
    page = (tmp_path / "report.html").read_text()
    assert "1 of 1 that are not wholly right" in page
    right = [Record(choice, Prediction(choice="A"), 1.0)]
    write_report({**RUN, "data": str(tmp_path), "versions": {"rewatch": "0"}}, right, tmp_path / "right.html")
    assert "Worst cases" not in (tmp_path / "right.html").read_text()


def test_official_video_mme_leaves_out_what_it_cannot_read() -> None:
    task = find_task("video-mme")
    about = {"domain": "Knowledge", "sub_category": "Law"}
    samples = [replace(sample, spans=(), extra=about, duration_group="short") for sample in _samples(4)]
    replies = ("A", "no idea", "Best answer: A", "B")
    records = [Record(s, Prediction(answer=r), 1.0) for s, r in zip(samples, replies, strict=True)]
    official = table(task, records, ("choice",), "official")
    assert (official["overall"], official["domain Knowledge"], official["duration short"]) == (
        66.7,
        66.7,
        66.7,
    )
    assert table(task, records, ("choice",), "corrected")["overall"] == 75.0


def test_official_tempcompass_reads_each_form_by_its_own_rules() -> None:
    task = find_task("tempcompass")
    asked = "Which fits?\nOption 1: he runs.\nOption 2: he sits."
    extra = {"form": "caption_matching", "aspect": "action", "asked": asked, "answer": "Option 2: he sits."}
    extra["finer"] = "fine-grained action"
    sample = Sample(
        "c", "v", "Which fits?", {"A": "he runs.", "B": "he sits."}, "B", category="action", extra=extra
    )
    letter, text, other = Prediction(choice="B"), Prediction(answer="Option 2."), Prediction(answer="he sits")
    records = [Record(replace(sample, sample_id=str(n)), p, 1.0) for n, p in enumerate((letter, text, other))]
    official = table(task, records, ("choice",), "official")
    assert official["caption_matching action"] == official["caption_matching fine-grained action"] == 66.7
    assert json.loads(submission("tempcompass", records[:1]).files["caption_matching.json"])["v"][
        "action"
    ] == [{"question": asked, "answer": "Option 2: he sits.", "prediction": "Option 2: he sits."}]


def test_official_hourvideo_compares_the_bare_letter_and_counts_what_is_missing_as_wrong() -> None:
    samples = [replace(sample, spans=(), category="reasoning/causal") for sample in _samples(3)]
    said = (Prediction(choice="A"), Prediction(answer="B."), None)
    records = [Record(s, p, 1.0, "" if p else "ToolError") for s, p in zip(samples, said, strict=True)]
    task = find_task("hourvideo")
    assert table(task, records, ("choice",), "official")["category reasoning/causal"] == 33.33
    assert table(task, records, ("choice",), "corrected")["overall"] == pytest.approx(200 / 3)


def test_timescope_is_told_by_length_and_type_within_it() -> None:
    samples = [
        replace(s, spans=(), category="QA", duration_group=str(60 * n)) for n, s in enumerate(_samples(2), 1)
    ]
    records = [
        Record(samples[0], Prediction(choice="A"), 1.0),
        Record(samples[1], Prediction(choice="C"), 1.0),
    ]
    official = table(find_task("timescope"), records, ("choice",), "official")
    assert (official["duration 60, QA"], official["duration 120, QA"], official["overall"]) == (
        100.0,
        0.0,
        50.0,
    )


def test_midpoints_are_the_middles_of_equal_parts() -> None:
    assert midpoints(Span(10, 20), 2) == (12.5, 17.5)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made haystack: two short videos with subtitles, three questions each."""
    folder = tmp_path_factory.mktemp("benchmark")
    samples = []
    for name in ("one", "two"):
        render(folder / f"{name}.mp4", numbered_frames(40), fps=Fraction(2))
        (folder / f"{name}.srt").write_text("1\n00:00:04,000 --> 00:00:07,000\nThe secret word is lantern.\n")
        for at, question in enumerate(("What is the secret word?", "Which word is secret?", "Secret word?")):
            sample = Sample(
                f"{name}/{at}",
                f"{name}.mp4",
                question,
                {"A": "bucket", "B": "lantern"},
                "B",
                ((4.0, 7.0),),
                category="retrieval",
                subtitles=f"{name}.srt",
            )
            samples.append(json.dumps(sample.to_plain()))
    (folder / "truth.jsonl").write_text("\n".join(samples) + "\n")
    return folder


@pytest.mark.parametrize("method", ["uniform-4", "blind", "retrieval-2", "agent"])
def test_methods_answer_through_the_same_door(
    method: str, benchmark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert (
        main(["eval", "run", "haystack", "--data", str(benchmark), "--method", method, "--out", str(out)])
        == 0
    )
    assert "6 of 6 samples done, 0 failed" in capsys.readouterr().out
    scores = score(read_run(out), read_records(out))
    means = {mean.name: mean.interval.value for mean in scores.means}
    if method == "uniform-4":
        assert read_records(out)[0].prediction.frame_seconds == (2.5, 7.5, 12.5, 17.5)  # type: ignore[union-attr]
    if method == "retrieval-2":
        assert means["accuracy"] == means["R1@0.7"] == 1.0
    if method == "agent":
        first = read_records(tmp_path / "run")[0].prediction
        assert first is not None
        assert first.extra["found"] is True
        assert first.spans[0] == (4.0, 7.0)


def test_subtitles_stay_away_where_the_task_forbids_them(benchmark: Path, tmp_path: Path) -> None:
    from rewatch.evals.methods.workplace import Workplace
    from rewatch.evals.tasks.folder import DataFolder

    sample = Sample("1", "one.mp4", "?", subtitles="one.srt")
    with_them = Workplace(DataFolder(benchmark), tmp_path / "a", with_subtitles=True).video(sample)
    without = Workplace(DataFolder(benchmark), tmp_path / "b", with_subtitles=False).video(sample)
    assert with_them.with_suffix(".srt").exists()
    assert list(without.parent.iterdir()) == [without]


def test_longvideobench_subtitles_become_srt(tmp_path: Path, benchmark: Path) -> None:
    from rewatch.evals.methods.workplace import Workplace
    from rewatch.evals.tasks.folder import DataFolder

    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "one.mp4").symlink_to(benchmark / "one.mp4")
    cues = [
        {"start": "00:00:01.000", "end": "00:00:02.500", "line": "Hi."},
        {"timestamp": [3661.5, 3662], "text": "Bye."},
    ]
    (folder / "one_en.json").write_text(json.dumps(cues))
    place = Workplace(DataFolder(folder), tmp_path / "out", with_subtitles=True)
    video = place.video(Sample("1", "one.mp4", "?", subtitles="subtitles/one_en.json"))
    assert video.with_suffix(".srt").read_text() == (
        "1\n00:00:01,000 --> 00:00:02,500\nHi.\n\n2\n01:01:01,500 --> 01:01:02,000\nBye.\n"
    )


_SLOW = """
import sys, time
from rewatch.agent.cli import main
from rewatch.evals.methods import Prediction
from rewatch.evals.methods.registry import FAMILIES, Family

class Slow:
    gives = frozenset({"choice"})
    def predict(self, sample, limits):
        time.sleep(0.05)
        return Prediction(choice="A")
    def close(self):
        pass

FAMILIES.append(Family("slow", "", "slow()", lambda place, setup, _: Slow()))
sys.exit(main(sys.argv[1:]))
"""


def test_a_killed_run_loses_and_repeats_nothing(benchmark: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    samples = _samples(40, videos=2)
    (many / "truth.jsonl").write_text("".join(json.dumps(sample.to_plain()) + "\n" for sample in samples))
    out = tmp_path / "run"
    command = [
        sys.executable,
        "-c",
        _SLOW,
        "eval",
        "run",
        "haystack",
        "--data",
        str(many),
        "--method",
        "slow",
    ]
    command += ["--out", str(out), "--workers", "2"]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    path = out / "records.jsonl"
    deadline = time.monotonic() + 60
    while (not path.exists() or path.read_bytes().count(b"\n") < 5) and time.monotonic() < deadline:
        assert killed.poll() is None
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert 5 <= path.read_bytes().count(b"\n") < 40
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=60).returncode == 0
    ids = [json.loads(line)["sample"]["sample_id"] for line in path.read_text().splitlines()]
    assert sorted(ids) == sorted(sample.sample_id for sample in samples)


def test_a_recorded_run_gives_the_same_numbers_without_its_model(
    benchmark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    command = [
        "eval",
        "run",
        "haystack",
        "--data",
        str(benchmark),
        "--method",
        "vlm-2",
        "--set",
        "vlm=openai:tiny",
    ]
    with serving(
        says({"answer": "A"}), says({"answer": "B. lantern"}), says({"answer": "no idea"})
    ) as server:
        asked = [*command, "--set", f"base_url={server.url}"]
        assert main([*asked, "--out", str(tmp_path / "first"), "--record"]) == 0
        assert len(server.images(0)) == 2
        assert "B. lantern" in " ".join(server.texts(0))
    assert main([*asked, "--out", str(tmp_path / "again"), "--replay", str(tmp_path / "first")]) == 0
    replies = [
        [r.prediction.answer for r in read_records(tmp_path / name) if r.prediction]
        for name in ("first", "again")
    ]
    assert replies[0] == replies[1] == ["A", "B. lantern", "no idea", "no idea", "no idea", "no idea"]
    scores = score(read_run(tmp_path / "again"), read_records(tmp_path / "again"))
    assert (scores.means[0].interval.value, scores.num_unparseable) == (pytest.approx(1 / 6), 4)
    capsys.readouterr()
    assert main([*asked, "--out", str(tmp_path / "none"), "--replay", str(benchmark)]) == 2
    assert "holds no recordings" in capsys.readouterr().err
    assert main([*command[:-2], "--out", str(tmp_path / "none")]) == 2
    assert "vlm-K needs a model" in capsys.readouterr().err
