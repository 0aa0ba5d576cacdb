"""`rewatch eval`: benchmarks, from the published files to numbers that can be put beside the papers.

Owns the table of sub-commands, one function each, imported when it is called. Thin: parsing and printing only.
"""

from rewatch.evals.command_group import command_group

COMMANDS: dict[str, tuple[str, str]] = {
    "list": ("rewatch.evals.cli.tasks:list_tasks", "rewatch eval list --data ~/videomme"),
    "run": (
        "rewatch.evals.cli.run:run_task",
        "rewatch eval run video-mme --data ~/videomme --method uniform-8 --out runs/uniform",
    ),
    "score": ("rewatch.evals.cli.scores:score_run", "rewatch eval score runs/uniform"),
    "judge": (
        "rewatch.evals.cli.judge:judge_run",
        "rewatch eval judge runs/agent --judge openai:Qwen2.5-72B-Instruct --base-url http://localhost:8000/v1",
    ),
    "compare": ("rewatch.evals.cli.scores:compare_runs", "rewatch eval compare runs/uniform runs/agent"),
    "report": ("rewatch.evals.cli.scores:report_run", "rewatch eval report runs/agent --out agent.html"),
    "submit": ("rewatch.evals.cli.scores:submit_run", "rewatch eval submit runs/agent --out submission"),
    "haystack": (
        "rewatch.evals.cli.haystack:make_haystack",
        "rewatch eval haystack --out hay --length 30:00 --seed 1",
    ),
    "read-lmms": (
        "rewatch.evals.cli.lmms:read_lmms",
        "rewatch eval read-lmms logs/samples_videomme.jsonl --task video-mme --out runs/other",
    ),
}
"""Name of a sub-command, the function that it is (`module:name`), an example of its use."""

app = command_group("eval", COMMANDS, "Run methods over benchmarks and score them.")
