"""The benchmarks: what each measures, the files it needs, where they come from, under which licence.

Owns the table and reading one of its tasks. What a task asks for is said here; how that is scored is the work of
`runner.scoring`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.readers import choices, grounding, haystacks
from rewatch.evals.tasks.readers.parts import Found
from rewatch.evals.tasks.sample import Fault, Reading, Sample
from rewatch.memory.errors import InputError

Asks = Literal["choice", "keyframes", "moments", "highlights", "grounded", "chain", "open"]
"""What a task asks for: an option, key frames, spans, clip scores, an answer with its place, boxes, free text."""


@dataclass(frozen=True, slots=True)
class Task:
    """One benchmark."""

    name: str
    title: str
    measures: str
    """What it tests, in one line."""
    asks: tuple[Asks, ...]
    files: tuple[tuple[str, ...], ...]
    """Annotation files that it needs: of each entry, one of the patterns."""
    source: str
    """Where the files are published."""
    licence: str
    """As its publishers state it; check it before use."""
    read: Callable[[DataFolder], Found]
    with_subtitles: bool = False
    """Whether methods are given the subtitle files of the benchmark."""
    official_reader: str = ""
    """Name of the published reader of replies in `metrics.readers`."""


_UNSTATED = "none stated where it is published; ask its publishers"
_EGO4D = "Ego4D licence agreement (videos)"

_TASKS = (
    Task(
        "haystack-ego4d",
        "LV-Haystack, Ego4D part",
        "key frames that suffice to answer, in egocentric videos of up to 91 minutes",
        ("keyframes", "choice"),
        (("*haystack*ego4d*.json", "*haystack*.parquet", "*.parquet", "*haystack*.json"),),
        "huggingface.co/datasets/LVHaystack/LongVideoHaystack; videos: ego4d-data.org",
        f"annotations: {_UNSTATED}; {_EGO4D}",
        haystacks.haystack_ego4d,
    ),
    Task(
        "haystack-lvbench",
        "LV-Haystack, LongVideoBench part",
        "key frames that suffice to answer, in web videos of 15 to 60 minutes",
        ("keyframes", "choice"),
        (("lvb_val.json", "*val*.parquet"),),
        "huggingface.co/datasets/longvideobench/LongVideoBench",
        "CC-BY-NC-SA 4.0",
        haystacks.haystack_lvbench,
    ),
    Task(
        "longvideobench",
        "LongVideoBench",
        "referred reasoning over videos of up to an hour with their subtitles",
        ("choice",),
        (("lvb_val.json", "lvb_test*.json", "*val*.parquet"),),
        "huggingface.co/datasets/longvideobench/LongVideoBench",
        "CC-BY-NC-SA 4.0",
        choices.longvideobench,
        with_subtitles=True,
        official_reader="longvideobench",
    ),
    Task(
        "video-mme",
        "Video-MME, without subtitles",
        "general understanding of short, medium and long videos",
        ("choice",),
        (("test-*.parquet", "*video*mme*.parquet", "*video*mme*.json", "*videomme*.json"),),
        "huggingface.co/datasets/lmms-lab/Video-MME",
        "academic research only, by its publishers' terms",
        choices.video_mme,
        official_reader="video-mme",
    ),
    Task(
        "video-mme-subtitles",
        "Video-MME, with subtitles",
        "general understanding of short, medium and long videos and what is said in them",
        ("choice",),
        (("test-*.parquet", "*video*mme*.parquet", "*video*mme*.json", "*videomme*.json"),),
        "huggingface.co/datasets/lmms-lab/Video-MME (annotations and subtitle.zip)",
        "academic research only, by its publishers' terms",
        choices.video_mme,
        with_subtitles=True,
        official_reader="video-mme",
    ),
    Task(
        "mlvu",
        "MLVU, multiple choice",
        "seven kinds of question over videos of 3 minutes to 2 hours",
        ("choice",),
        (("*plotQA.json", "*test*question*.json", "test-ground-truth.json", "*mlvu*.json"),),
        "huggingface.co/datasets/MLVU/MVLU",
        "CC-BY-NC-SA 4.0",
        choices.mlvu,
        official_reader="mlvu",
    ),
    Task(
        "lvbench",
        "LVBench",
        "six abilities over videos of 30 minutes to two hours",
        ("choice",),
        (("video_info.meta.jsonl", "*lvbench*.jsonl"),),
        "huggingface.co/datasets/THUDM/LVBench",
        "CC-BY-NC-SA 4.0",
        choices.lvbench,
        official_reader="lvbench",
    ),
    Task(
        "egoschema",
        "EgoSchema",
        "long-term understanding of three-minute egocentric clips",
        ("choice",),
        (("questions.json", "*egoschema*.json"),),
        "github.com/egoschema/EgoSchema",
        "Ego4D licence agreement",
        choices.egoschema,
    ),
    Task(
        "hourvideo",
        "HourVideo",
        "summaries, perception, reasoning and navigation in egocentric videos of 20 to 120 minutes",
        ("choice",),
        (("dev_v1.0_annotations.json", "*hourvideo*.json", "dev_v1.0*.json", "test_v1.0*.json"),),
        "huggingface.co/datasets/HourVideo/HourVideo; videos: ego4d-data.org",
        f"terms to be accepted on its page; {_EGO4D}",
        choices.hourvideo,
        official_reader="hourvideo",
    ),
    Task(
        "next-qa",
        "NExT-QA, multiple choice",
        "causal, temporal and descriptive questions about short videos",
        ("choice",),
        (("val.csv", "test.csv"),),
        "github.com/doc-doc/NExT-QA",
        "MIT",
        choices.next_qa,
    ),
    Task(
        "next-gqa",
        "NExT-GQA",
        "answers that are grounded in the span that shows them",
        ("grounded", "choice"),
        (("val.csv", "test.csv"), ("gsub_val.json", "gsub_test.json")),
        "github.com/doc-doc/NExT-GQA",
        _UNSTATED,
        grounding.next_gqa,
    ),
    Task(
        "qvhighlights",
        "QVHighlights",
        "moments and highlights that a sentence describes, in clips of 150 seconds",
        ("moments", "highlights"),
        (("highlight_val*.jsonl", "highlight_test*.jsonl"),),
        "github.com/jayleicn/moment_detr (data/)",
        "CC-BY-NC-SA 4.0",
        grounding.qvhighlights,
    ),
    Task(
        "charades-sta",
        "Charades-STA",
        "moments that a sentence describes, in indoor videos of half a minute",
        ("moments",),
        (("charades_sta_test.txt", "charades_sta*.txt"),),
        "github.com/jiyanggao/TALL; videos: prior.allenai.org/projects/charades",
        "non-commercial, by the terms of Charades",
        grounding.charades_sta,
    ),
    Task(
        "activitynet-captions",
        "ActivityNet-Captions",
        "moments that a sentence describes, in web videos of two minutes",
        ("moments",),
        (("val_1.json", "val_2.json", "*activitynet*.json"),),
        "cs.stanford.edu/people/ranjaykrishna/densevid",
        _UNSTATED,
        grounding.activitynet_captions,
    ),
    Task(
        "tacos",
        "TACoS",
        "moments that a sentence describes, in cooking videos of five minutes",
        ("moments",),
        (("*tacos*test*.json", "test.json", "*tacos*.json"),),
        "github.com/jiyanggao/TALL and its successors' JSON form",
        _UNSTATED,
        grounding.tacos,
    ),
    Task(
        "ego4d-nlq",
        "Ego4D natural-language queries",
        "the moment that answers a query about an egocentric clip",
        ("moments",),
        (("nlq_val.json", "nlq_*.json"),),
        "ego4d-data.org",
        "Ego4D licence agreement",
        grounding.ego4d_nlq,
    ),
    Task(
        "cg-bench",
        "CG-Bench",
        "answers over long videos with the clues that support them",
        ("grounded", "choice"),
        (("cgbench.json", "cgbench_mini.json", "*cgbench*.json"),),
        "huggingface.co/datasets/CG-Bench/CG-Bench",
        _UNSTATED,
        grounding.cg_bench,
        with_subtitles=True,
    ),
    Task(
        "timescope",
        "TimeScope",
        "short clips hidden in videos of a minute to eight hours",
        ("choice",),
        (("*test*.parquet", "*timescope*.json*", "*timescope*.parquet"),),
        "huggingface.co/datasets/Apollo-LMMs/TimeScope",
        _UNSTATED,
        choices.timescope,
        official_reader="timescope",
    ),
    Task(
        "vnbench",
        "VNBench",
        "needles to find, order and count; a question counts when all four shuffles are right",
        ("choice",),
        (("*VNBench*4try*.json", "*VNBench*.json"),),
        "huggingface.co/datasets/Joez1717/VNBench",
        "academic research only, by its publishers' terms",
        choices.vnbench,
        official_reader="vnbench",
    ),
    Task(
        "tempcompass",
        "TempCompass",
        "action, speed, direction, attribute change and order in short videos",
        ("choice",),
        (("multi-choice.json", "yes_no.json", "caption_matching.json"),),
        "github.com/llyx97/TempCompass (questions/)",
        _UNSTATED,
        choices.tempcompass,
        official_reader="tempcompass",
    ),
    Task(
        "v-star",
        "V-STaR",
        "what, when and where of one event, along two chains of questions",
        ("chain", "moments", "open"),
        (("*V_STaR*.json", "*v*star*.json", "*.json"),),
        "huggingface.co/datasets/V-STaR-Bench/V-STaR",
        "CC-BY-NC-SA 4.0",
        grounding.v_star,
    ),
    Task(
        "haystack",
        "A haystack made here",
        "needles at known times in a long video: find, order, count, deny, ground",
        ("choice", "moments"),
        (("truth.jsonl",),),
        "`rewatch eval haystack`",
        "yours",
        haystacks.made_haystack,
        with_subtitles=True,
    ),
)

TASKS: dict[str, Task] = {task.name: task for task in _TASKS}


def find_task(name: str) -> Task:
    """A benchmark by its name.

    Raises:
        InputError: There is none of that name.
    """
    if name not in TASKS:
        raise InputError(f"{name!r} is no task; choose one of {', '.join(TASKS)}")
    return TASKS[name]


def missing_files(task: Task, folder: DataFolder) -> list[str]:
    """The annotation files that a folder lacks for a task."""
    return [
        " or ".join(patterns)
        for patterns in task.files
        if not any(folder.files(pattern) for pattern in patterns)
    ]


def read(task: Task, folder: DataFolder) -> Reading:
    """Read a task's samples; every record becomes a sample, a fault, or one that the task leaves out by definition.

    Raises:
        InputError: An annotation file is missing or cannot be read at all.
    """
    samples: dict[str, Sample] = {}
    faults: list[Fault] = []
    for found in task.read(folder):
        if isinstance(found, Fault):
            faults.append(found)
        elif found.sample_id in samples:
            faults.append(Fault(f"sample {found.sample_id}", "a second record has the same id"))
        else:
            samples[found.sample_id] = found
    return Reading(tuple(samples.values()), tuple(faults))
