"""`rewatch bench`: measuring parts of the system on this machine.

Owns the table of sub-commands, one module each, imported when it is called. What is measured, and how, is its
own module's work.
"""

from rewatch.evals.command_group import command_group

COMMANDS: dict[str, tuple[str, str]] = {
    "decode": ("rewatch.evals.bench.decode:decode", "rewatch bench decode film.mp4 --rounds 5"),
    "index": ("rewatch.evals.bench.index:index", "rewatch bench index talk.mp4 film.mp4"),
    "screen": ("rewatch.evals.bench.screen:screen", "rewatch bench screen --talk maps --film film.mp4"),
    "questions": ("rewatch.evals.bench.questions:questions", "rewatch bench questions entropy maps"),
    "footage": ("rewatch.evals.bench.footage:footage", "rewatch bench footage videos/"),
    "seek": (
        "rewatch.evals.bench.seek.command:seek",
        "rewatch bench seek --videos 20 --absence 40 --out seek",
    ),
    "compress": ("rewatch.evals.bench.compress:compress", "rewatch bench compress --quick"),
    "evaluation": ("rewatch.evals.bench.evaluation:evaluation", "rewatch bench evaluation --samples 5000"),
    "haystack": ("rewatch.evals.bench.haystack:haystack", "rewatch bench haystack --out hay --length 30:00"),
    "calibration": (
        "rewatch.evals.bench.calibration:calibration",
        "rewatch bench calibration looks.jsonl --vlm openai:gpt-4.1-mini --out calibration.json",
    ),
    "look": ("rewatch.evals.bench.look:look", "rewatch bench look film.mp4"),
    "embedding": ("rewatch.evals.bench.embedding:embedding", "rewatch bench embedding film.mp4"),
    "visual-search": ("rewatch.evals.bench.visual_search:visual_search", "rewatch bench visual-search"),
}
"""Name of a sub-command, the function that it is (`module:name`), an example of its use."""

app = command_group("bench", COMMANDS, "Measure parts of the system on this machine.")
