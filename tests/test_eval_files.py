"""Files of benchmarks that are broken, missing or of another form than expected."""

import json
from pathlib import Path

import pytest
from published import MC, only, read_folder, write

from rewatch.evals.tasks.files import FormatError, Row, read_rows
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.sample import Sample
from rewatch.evals.tasks.table import TASKS, find_task, missing_files, read
from rewatch.memory.errors import InputError


def test_broken_records_are_reported_with_their_line_and_the_others_are_read(tmp_path: Path) -> None:
    good = {**MC, "videoID": "v", "duration": "short", "task_type": "T", "answer": "A"}
    records = [
        {**good, "question_id": "1"},
        {**good, "question_id": "2", "answer": "Z"},
        {**good, "question_id": "3", "options": "both"},
        {"question_id": "4"},
        "five",
        {**good, "question_id": "1"},
    ]
    text = "[\n" + ",\n".join(json.dumps(record) for record in records) + "\n]\n"
    reading = read_folder("video-mme", tmp_path, {"videomme.json": text})
    assert [sample.sample_id for sample in reading.samples] == ["1"]
    assert [fault.where for fault in reading.faults] == [
        "videomme.json:3",
        "videomme.json:4",
        "videomme.json:5",
        "videomme.json:6",
        "sample 1",
    ]
    assert "'Z', which is none of the options" in reading.faults[0].reason
    assert "not JSON" in reading.faults[1].reason


def test_a_broken_line_of_text_does_not_stop_the_file(tmp_path: Path) -> None:
    lines = "A 1.0 2.0##one.\nB 5.0 2.0##backwards.\nnonsense\nC 1.0 2.0##three.\n"
    reading = read_folder("charades-sta", tmp_path, {"charades_sta_test.txt": lines})
    assert [sample.video for sample in reading.samples] == ["A", "C"]
    assert [fault.where for fault in reading.faults] == ["charades_sta_test.txt:2", "charades_sta_test.txt:3"]


def test_a_file_that_is_no_json_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lvb_val\.json:2 is no JSON"):
        read_folder("longvideobench", tmp_path, {"lvb_val.json": '[{"id": 1},\n{"id": }]'})
    with pytest.raises(InputError, match="holds neither a list nor a table"):
        list(read_rows(_file(tmp_path, "x.json", "7")))


def _file(folder: Path, name: str, content: str) -> Path:
    write(folder, name, content)
    return folder / name


def test_parquet_is_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    record = {**MC, "videoID": "v", "question_id": "9", "duration": "long", "task_type": "T", "answer": "A"}
    parquet.write_table(pyarrow.Table.from_pylist([record]), tmp_path / "test-00000-of-00001.parquet")
    assert only(read(find_task("video-mme"), DataFolder(tmp_path))).answer == "A"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert missing_files(find_task("next-gqa"), folder) == [
        "val.csv or test.csv",
        "gsub_val.json or gsub_test.json",
    ]
    with pytest.raises(InputError, match="holds no lvb_val"):
        read(find_task("longvideobench"), folder)
    with pytest.raises(InputError, match="no folder"):
        DataFolder(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no task; choose one of haystack-ego4d"):
        find_task("nothing")


def test_every_task_says_what_it_needs() -> None:
    assert len(TASKS) == 22
    for task in TASKS.values():
        assert task.files
        assert task.source
        assert task.licence
        assert task.measures


def test_a_sample_survives_json() -> None:
    sample = Sample("1", "v.mp4", "Who?", {"A": "he", "B": "she"}, "A", ((1.0, 2.0),), (3.0,), (0.0, 9.0))
    assert Sample.from_plain(json.loads(json.dumps(sample.to_plain()))) == sample


def test_only_a_line_break_ends_a_line(tmp_path: Path) -> None:
    lines = [json.dumps({"qid": 1, "query": "one\u2028and \x85more"}, ensure_ascii=False), '{"qid": 2}']
    rows = list(read_rows(_file(tmp_path, "x.jsonl", "\n".join(lines))))
    assert [row.values["qid"] for row in rows] == [1, 2]
    table = 'video,question\n1,"who\x85or\nwhat"\n2,when\u2028then\n'
    rows = list(read_rows(_file(tmp_path, "x.csv", table)))
    assert [row.values["question"] for row in rows] == ["who\x85or\nwhat", "when\u2028then"]


def test_what_is_no_record_says_why(tmp_path: Path) -> None:
    rows = list(read_rows(_file(tmp_path, "x.jsonl", '{"a": 1}\n{"a": \n7\n')))
    assert rows[0].text("a") == "1"
    for row, reason in zip(
        rows[1:], ("this is no JSON: Expecting value", "this is 7, not a table"), strict=True
    ):
        with pytest.raises(FormatError, match=reason):
            row.text("a")
    (row,) = read_rows(_file(tmp_path, "x.csv", "a,b\n1,2,3\n"))
    with pytest.raises(FormatError, match="1 fields more than the first line names"):
        row.text("a")


@pytest.mark.parametrize("value", [1e400, float("nan"), True, None, "x", [1]])
def test_only_finite_numbers_are_numbers(value: object) -> None:
    with pytest.raises(FormatError):
        Row("x:1", {"n": value}).number("n")


def test_a_blank_text_is_a_fault(tmp_path: Path) -> None:
    record = {**MC, "videoID": " ", "question_id": "1", "duration": "short", "task_type": "T", "answer": "A"}
    reading = read_folder("video-mme", tmp_path, {"videomme.json": [record]})
    assert reading.faults[0].reason == "the field 'videoID' is blank"


def test_columns_of_different_lengths_are_one_clear_error(tmp_path: Path) -> None:
    columns = {"question": ["a", "b"], "answer": ["A"]}
    with pytest.raises(InputError, match=r"different lengths \(question 2, answer 1\)"):
        read_folder("haystack-ego4d", tmp_path, {"haystack_ego4d.json": columns})


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "charades_sta_test.txt").write_bytes(b"A 1.0 2.0##one.\nB 1.0 2.0##caf\xe9.\n")
    with pytest.raises(InputError, match=r"charades_sta_test\.txt:2 is not UTF-8"):
        read(find_task("charades-sta"), DataFolder(tmp_path))
