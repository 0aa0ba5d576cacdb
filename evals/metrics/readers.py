"""How published scripts read a reply, each with its defect named, so that a published number can be repeated.

A reader gives what it takes for the chosen letter; "" or None when it finds none.
"""

import re
from collections.abc import Callable

_LEADS = ("The best answer is", "The correct answer is", "The answer is", "The answer")
_MORE_LEADS = ("The best option is", "The correct option is", "Best answer:", "Best option:")
_JOINED_LEADS = ("The best option isThe correct option is", "Best answer:Best option:")


def read_lvbench(reply: str) -> str:
    """LVBench's reader (`polish_answer`): what stands before ")" and after "(", its first character.

    Defect: a reply without parentheses is judged by its first character, so "Dogs run" answers "D".
    """
    text = reply.strip().split(")")[0].strip()
    if "(" in text:
        text = text.split("(")[1].strip()
    return text.split(" ")[0][:1]


def read_vnbench(reply: str) -> str:
    """VNBench's reader: the first of A, B, C, D that occurs anywhere before the first full stop.

    Defect: "All of them: B" answers "A", and a reply without any of the letters stands for itself.
    """
    text = reply.split(".", maxsplit=1)[0]
    return next((letter for letter in "ABCD" if letter in text), text)


def read_video_mme(reply: str) -> str:
    """Video-MME's reader (`eval_your_results.py`): the first capital A to D after some phrases are taken out.

    Defects: "Based on the video" answers "B"; two pairs of phrases are joined for want of a comma and so never found,
    which makes "Best answer: C" answer "B". The script leaves a reply without any capital A to D out of accuracy.
    """
    return _first_capital(reply, "ABCD", (*_LEADS, *_JOINED_LEADS))


def read_timescope(reply: str) -> str:
    """The reader that lmms-eval uses for TimeScope: the first capital A to F after some phrases are taken out.

    Defect: "Based on the video" answers "B".
    """
    return _first_capital(reply, "ABCDEF", (*_LEADS, *_MORE_LEADS))


def read_longvideobench(reply: str) -> str:
    """LongVideoBench's reader, as lmms-eval has it: the first capital A to E after some phrases are taken out.

    Defects: "Based on the video" answers "B"; where it finds none the script draws by chance, which is "" here.
    """
    return _first_capital(reply, "ABCDE", (*_LEADS, *_MORE_LEADS))


def read_mlvu(reply: str) -> str:
    """MLVU's reader (`choice_bench.py`): what stands before the first ")".

    Defect: it expects a reply that goes on after "(", so "(B) red" answers "(B", which is wrong.
    """
    return reply.split(")", maxsplit=1)[0]


def read_tempcompass(reply: str) -> str | None:
    """TempCompass' rules for multiple choice, without its judge: a letter alone, or what begins with "B." or "B)"."""
    text = reply.replace("</s>", "")
    if text in ("A", "B", "C", "D"):
        return text
    return text[0] if text[:2] in {f"{letter}{mark}" for letter in "ABCD" for mark in ".)"} else None


def read_yes_no(reply: str) -> str | None:
    """TempCompass' reader of yes or no: how the reply begins."""
    text = reply.replace("</s>", "").lower()
    return "yes" if text.startswith("yes") else "no" if text.startswith("no") else None


def caption_matches(reply: str, question: str, answer: str) -> bool:
    """Whether TempCompass' rules for caption matching find a reply right, without its judge.

    A reply names an option by its whole line ("Caption A: a man runs"), by its sentence, alone or after a first ") ",
    or by its label ("Caption A", with or without full stops); the last option that fits counts.

    Defect: a sentence ends at a second ": ", and "A" alone names no option.

    Args:
        reply: What the method said.
        question: As published, with an option a line below it.
        answer: The right option's line.
    """
    text = reply.replace("</s>", "")
    lines = question.split("\n")[1:]
    sentences, labels = [line.split(": ")[1] for line in lines], [line.split(": ")[0] for line in lines]
    after = text.split(") ")[1] if ") " in text else text
    named = [line for line in lines if line == text]
    named += [sentence for sentence in sentences if sentence in (text, after)]
    named += [label for label in labels if label in (text, text.replace(".", ""))]
    label, _, _ = answer.partition(":")
    return bool(named) and named[-1] in (answer, label, answer.split(": ")[1])


def _first_capital(reply: str, letters: str, leads: tuple[str, ...]) -> str:
    text = reply.strip()
    for lead in leads:
        text = text.replace(lead, "")
    match = re.search(f"[{letters}]", text)
    return match[0] if match else ""


def read_hourvideo(reply: str) -> str:
    """HourVideo's `evaluate_one_video` compares a reply as it stands with the letter.

    Defect: "B." is wrong where B is right.
    """
    return reply


OFFICIAL_READERS: dict[str, Callable[[str], str | None]] = {
    "hourvideo": read_hourvideo,
    "longvideobench": read_longvideobench,
    "lvbench": read_lvbench,
    "mlvu": read_mlvu,
    "tempcompass": read_tempcompass,
    "timescope": read_timescope,
    "video-mme": read_video_mme,
    "vnbench": read_vnbench,
}
"""Readers of published scripts, by the benchmark they belong to."""
