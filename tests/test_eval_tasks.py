"""Published formats, each in a few records as they are published, become samples; broken records are reported."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from published import MC, only, read_folder
from videos import numbered_frames, render


def test_ego4d_haystack_times_are_the_clips_start_plus_thirtieths(tmp_path: Path) -> None:
    columns = {
        "video_id": ["v1", "v1"],
        "vclip_id": ["c1", "c2"],
        "question": ["Where is the cup?", "Where is the pan?"],
        "options": [{"A": "table", "B": "sink"}] * 2,
        "answer": ["B", "A"],
        "frame_indexes_vclip": [[300, 45], []],
        "frame_indexes_video": [[30300, 30045], []],
        "video_metadata": [{"vclip_interval_in_video": [1000.5, 1480.5], "frame_rate": 29.97}] * 2,
    }
    reading = read_folder("haystack-ego4d", tmp_path, {"haystack_ego4d_tiny.json": columns})
    first, second = reading.samples
    assert first.frame_seconds == (1002.0, 1010.5)
    assert first.part == (1000.5, 1480.5)
    assert (first.answer, dict(first.options)) == ("B", {"A": "table", "B": "sink"})
    assert second.frame_seconds == ()
    assert first.sample_id != second.sample_id


def test_lvbench_haystack_takes_the_rate_from_the_video(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    render(tmp_path / "videos" / "abc.mp4", numbered_frames(50), fps=Fraction(10))
    record = {
        "id": "q1",
        "video_id": "abc",
        "video_path": "abc.mp4",
        "question": "Which hat?",
        "candidates": ["red", "blue"],
        "correct_choice": 1,
        "position": [30, 5],
        "duration_group": 3600,
        "question_category": "O2E",
    }
    others = [
        {**record, "id": "q2", "duration_group": 600},
        {**record, "id": "q3", "question_category": "T2E"},
    ]
    sample = only(read_folder("haystack-lvbench", tmp_path, {"lvb_val.json": [record, *others]}))
    assert sample.frame_seconds == pytest.approx((0.5, 3.0))
    assert sample.answer == "B"


def test_a_missing_video_is_a_fault_where_its_rate_is_needed(tmp_path: Path) -> None:
    record = {
        "id": "q1",
        "video_id": "gone",
        "question": "?",
        "candidates": ["a", "b"],
        "correct_choice": 0,
        "position": [1],
        "duration_group": 3600,
        "question_category": "O2E",
    }
    reading = read_folder("haystack-lvbench", tmp_path, {"lvb_val.json": [record]})
    assert "'gone' is not in" in reading.faults[0].reason
    rated = read_folder("haystack-lvbench", tmp_path, {"lvb_val.json": [{**record, "fps": 25}]})
    assert only(rated).frame_seconds == (0.04,)


CHOICES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "longvideobench",
        {
            "lvb_val.json": [
                {
                    "id": "x_0",
                    "video_path": "x.mp4",
                    "subtitle_path": "x_en.json",
                    "question": "Who?",
                    "candidates": ["he", "she"],
                    "correct_choice": 1,
                    "duration_group": 60,
                    "question_category": "S2E",
                    "starting_timestamp_for_subtitles": 12.5,
                }
            ]
        },
        {"video": "x.mp4", "answer": "B", "subtitles": "subtitles/x_en.json", "duration_group": "60"},
    ),
    (
        "video-mme",
        {
            "videomme.json": [
                {
                    **MC,
                    "video_id": "001",
                    "videoID": "fFjv93ACGo8",
                    "question_id": "001-1",
                    "duration": "short",
                    "task_type": "Counting",
                    "answer": "B",
                }
            ]
        },
        {
            "sample_id": "001-1",
            "video": "fFjv93ACGo8",
            "options": {"A": "the car", "B": "the bus"},
            "answer": "B",
        },
    ),
    (
        "mlvu",
        {
            "1_plotQA.json": [
                {
                    "video": "m.mp4",
                    "duration": 480.0,
                    "question": "Who?",
                    "candidates": ["he", "she"],
                    "answer": "she",
                    "question_type": "plotQA",
                }
            ]
        },
        {"answer": "B", "category": "plotQA"},
    ),
    (
        "lvbench",
        {
            "video_info.meta.jsonl": json.dumps(
                {
                    "key": "Cm73ma6Ibcs",
                    "type": "cartoon",
                    "qa": [
                        {
                            "uid": "0",
                            "question": "What year?\n(A) 1636\n(B) 1366",
                            "answer": "A",
                            "question_type": ["key information retrieval"],
                            "time_reference": "00:15-00:19",
                        }
                    ],
                }
            )
        },
        {"question": "What year?", "answer": "A", "spans": ((15.0, 19.0),), "duration_group": "cartoon"},
    ),
    (
        "egoschema",
        {
            "questions.json": [
                {"q_uid": "u", "question": "Why?", **{f"option {i}": f"o{i}" for i in range(5)}}
            ],
            "subset_answers.json": {"u": 3, "other": 1},
        },
        {"answer": "D", "video": "u"},
    ),
    (
        "hourvideo",
        {
            "dev_v1.0_annotations.json": {
                "uid9": {
                    "video_metadata": {},
                    "benchmark_dataset": [
                        {
                            "qid": "q",
                            "task": "summarization/key_events_objects",
                            "question": "What?",
                            **{f"answer_{i}": f"a{i}" for i in range(1, 6)},
                            "correct_answer_label": "E",
                        }
                    ],
                }
            }
        },
        {"video": "uid9", "answer": "E", "category": "summarization"},
    ),
    (
        "next-qa",
        {
            "val.csv": "video,frame_count,width,height,question,answer,qid,type,a0,a1,a2,a3,a4\n"
            '4010069381,369,640,480,how do they act,4,6,CH,roll,chase,sit,dance,"clap, then bow"\n',
            "map_vid_vidorID.json": {"4010069381": "1164/4010069381"},
        },
        {"sample_id": "4010069381_6", "video": "1164/4010069381", "answer": "E"},
    ),
    (
        "timescope",
        {
            "timescope.json": [
                {
                    "id": "t1",
                    "video": "60/a.mp4",
                    "length": 60,
                    "type": "OCR",
                    "answer": "B",
                    "question": "Which word?\nA: cat\nB: dog\nC: hen",
                }
            ]
        },
        {"question": "Which word?", "answer": "B", "duration_group": "60", "category": "OCR"},
    ),
    (
        "vnbench",
        {
            "VNBench-main-4try.json": [
                {
                    "video": "VNBench/cnt_1.mp4",
                    "question": "How many?",
                    "options": [1, 2, 3, 4],
                    "gt": 3,
                    "gt_option": 2,
                    "type": "cnt_edit1",
                    "try": 2,
                    "length": 30,
                }
            ]
        },
        {"answer": "C", "group": "cnt_1_cnt_edit1", "sample_id": "cnt_1_cnt_edit1_2"},
    ),
    (
        "tempcompass",
        {
            "yes_no.json": {"10": {"speed": [{"question": "Is it fast?", "answer": "no"}]}},
            "meta_info.json": {"10": {"eval_dim": {"speed": {"type": "relative speed"}, "order": None}}},
        },
        {
            "answer": "B",
            "category": "speed",
            "options": {"A": "yes", "B": "no"},
            "extra": {
                "form": "yes_no",
                "aspect": "speed",
                "asked": "Is it fast?",
                "answer": "no",
                "finer": "relative speed",
            },
        },
    ),
    (
        "tempcompass",
        {
            "caption_matching.json": {
                "10": {
                    "action": [
                        {
                            "question": "Which fits?\nOption 1: He runs: fast.\nOption 2: He sits.",
                            "answer": "Option 2: He sits.",
                        }
                    ]
                }
            }
        },
        {"question": "Which fits?", "answer": "B", "options": {"A": "He runs: fast.", "B": "He sits."}},
    ),
    (
        "video-mme",
        {
            "videomme.json": [
                {
                    "video_id": "001",
                    "videoID": "fFjv93ACGo8",
                    "duration": "short",
                    "domain": "Knowledge",
                    "sub_category": "Law",
                    "questions": [{"question_id": "001-1", "task_type": "OCR", **MC, "answer": "B"}],
                }
            ]
        },
        {"sample_id": "001-1", "video": "fFjv93ACGo8", "answer": "B", "duration_group": "short"},
    ),
]


@pytest.mark.parametrize(("task", "files", "expected"), CHOICES, ids=[name for name, _, _ in CHOICES])
def test_choices_as_published(
    task: str, files: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    sample = only(read_folder(task, tmp_path, files))
    assert {name: getattr(sample, name) for name in expected} == expected


GSUB = {"7": {"duration": 34, "location": {"1": [[1.2, 5.8]]}, "fps": 29.97}}
NLQ = {
    "version": "1",
    "videos": [
        {
            "video_uid": "v",
            "split": "val",
            "clips": [
                {
                    "clip_uid": "c",
                    "video_start_sec": 100.0,
                    "video_end_sec": 580.0,
                    "annotations": [
                        {
                            "annotation_uid": "a",
                            "language_queries": [
                                {
                                    "query": "Where?",
                                    "clip_start_sec": 5.0,
                                    "clip_end_sec": 7.0,
                                    "video_start_sec": 105.0,
                                    "video_end_sec": 107.0,
                                }
                            ],
                        }
                    ],
                }
            ],
        }
    ],
}
VSTAR = {
    "vid": "s",
    "domain": "d",
    "fps": 30,
    "width": 10,
    "height": 10,
    "frame_count": 3000,
    "question": "What?",
    "answer": "a cup",
    "temporal_question": "When?",
    "timestamps": [3.0, 9.0],
    "bboxes": [{"timestamp": 3, "xmin": 0, "ymin": 1, "xmax": 2, "ymax": 3}],
}
GROUNDED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "next-gqa",
        {
            "val.csv": "video_id,frame_count,width,height,question,answer,qid,type,a0,a1,a2,a3,a4\n"
            "7,99,6,4,why,eat,1,CW,sleep,eat,sit,run,go\n",
            "gsub_val.json": GSUB,
        },
        {"sample_id": "7_1", "answer": "B", "spans": ((1.2, 5.8),)},
    ),
    (
        "qvhighlights",
        {
            "highlight_val_release.jsonl": json.dumps(
                {
                    "qid": 2579,
                    "query": "A girl eats.",
                    "duration": 150,
                    "vid": "NUsG",
                    "relevant_windows": [[82, 150]],
                    "relevant_clip_ids": [41],
                    "saliency_scores": [[4, 3, 2]],
                }
            )
        },
        {
            "sample_id": "2579",
            "spans": ((82.0, 150.0),),
            "extra": {"duration": 150.0, "relevant_clip_ids": [41], "saliency_scores": [[4, 3, 2]]},
        },
    ),
    (
        "charades-sta",
        {"charades_sta_test.txt": "3MSZA 24.3 30.4##person turn a light on.\n"},
        {"video": "3MSZA", "question": "person turn a light on.", "spans": ((24.3, 30.4),)},
    ),
    (
        "activitynet-captions",
        {"val_1.json": {"v_x": {"duration": 82.7, "timestamps": [[0.8, 19.9]], "sentences": [" He sits. "]}}},
        {"sample_id": "v_x/0", "question": "He sits.", "spans": ((0.8, 19.9),)},
    ),
    (
        "tacos",
        {
            "tacos_test.json": {
                "s1.avi": {"fps": 20, "num_frames": 900, "timestamps": [[40, 100]], "sentences": ["Cut."]}
            }
        },
        {"video": "s1.avi", "spans": ((2.0, 5.0),)},
    ),
    (
        "ego4d-nlq",
        {"nlq_val.json": NLQ},
        {"sample_id": "c/a/0", "spans": ((105.0, 107.0),), "part": (100.0, 580.0)},
    ),
    (
        "cg-bench",
        {
            "cgbench_mini.json": [
                {
                    "qid": 5,
                    "video_uid": "u",
                    "question": "?",
                    "choices": ["a", "b"],
                    "right_answer": "B",
                    "clue_intervals": [[1, 4], [9, 12]],
                    "domain": "News",
                }
            ]
        },
        {"sample_id": "5", "spans": ((1.0, 4.0), (9.0, 12.0)), "answer": "B"},
    ),
    (
        "v-star",
        {"V_STaR_test.json": [VSTAR]},
        {"answer": "a cup", "spans": ((3.0, 9.0),), "duration_group": "Medium"},
    ),
]


@pytest.mark.parametrize(("task", "files", "expected"), GROUNDED, ids=[name for name, _, _ in GROUNDED])
def test_grounding_as_published(
    task: str, files: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    sample = only(read_folder(task, tmp_path, files))
    assert {name: getattr(sample, name) for name in expected} == expected


def test_both_forms_of_v_stars_boxes_are_read(tmp_path: Path) -> None:
    other = {**VSTAR, "bboxes": [{"3_90": {"xmin": 0, "ymin": 1, "xmax": 2, "ymax": 3}}]}
    reading = read_folder("v-star", tmp_path, {"V_STaR_test.json": [VSTAR, other]})
    assert [sample.extra["boxes"] for sample in reading.samples] == [{"3": (0.0, 1.0, 2.0, 3.0)}] * 2


def test_described_moments_are_cut_to_the_video_and_need_a_length(tmp_path: Path) -> None:
    spans = [[0.8, 19.9], [-1, 5], [70, 90.5], [5, 5], [9, 4], [83, 90]]
    video = {"duration": 82.7, "timestamps": spans, "sentences": ["He sits."] * len(spans)}
    reading = read_folder("activitynet-captions", tmp_path / "a", {"val_1.json": {"v": video}})
    assert [sample.spans for sample in reading.samples] == [((0.8, 19.9),), ((0.0, 5.0),), ((70.0, 82.7),)]
    assert [fault.where for fault in reading.faults] == [f"val_1.json:2, sentence {at}" for at in (3, 4, 5)]
    frames = {"fps": 20, "num_frames": 900, "timestamps": [[800, 1000]], "sentences": ["Cut."]}
    assert only(read_folder("tacos", tmp_path / "t", {"tacos_test.json": {"s": frames}})).spans == (
        (40.0, 45.0),
    )


def test_next_qa_counts_its_answer_even_where_options_are_numbers(tmp_path: Path) -> None:
    table = "video,question,answer,qid,type,a0,a1,a2,a3,a4\n7,how many,1,6,DC,3,2,1,0,4\n"
    assert only(read_folder("next-qa", tmp_path, {"val.csv": table})).answer == "B"


def test_hourvideo_takes_the_development_file_that_has_answers(tmp_path: Path) -> None:
    asked = {"qid": "q", "task": "perception/tracking", "question": "What?"} | {
        f"answer_{i}": f"a{i}" for i in range(1, 6)
    }
    bare, full = (
        {"uid9": {"benchmark_dataset": [{**asked, **more}]}} for more in ({}, {"correct_answer_label": "E"})
    )
    files = {"dev_v1.0.json": bare, "dev_v1.0_annotations.json": full}
    assert only(read_folder("hourvideo", tmp_path, files)).answer == "E"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"relevant_clip_ids": [75]}, "outside 0 to 74"),
        ({"relevant_clip_ids": [1, 2]}, "1 saliency_scores for 2 relevant_clip_ids"),
        ({"saliency_scores": [[4, 3]]}, "not three ratings"),
        ({"saliency_scores": [[4, 3, "x"]]}, "not a number"),
    ],
)
def test_highlights_that_cannot_be_scored_are_faults(
    broken: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    record = {"qid": 1, "query": "q", "duration": 150, "vid": "v", "relevant_windows": [[82, 150]]}
    truth = {"relevant_clip_ids": [41], "saliency_scores": [[4, 3, 2]]}
    line = json.dumps({**record, **truth, **broken})
    reading = read_folder("qvhighlights", tmp_path, {"highlight_val_release.jsonl": line})
    assert reason in reading.faults[0].reason
