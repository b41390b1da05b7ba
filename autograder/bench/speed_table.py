"""The figures of `python -m autograder bench` as a table of docs/results/grading.md."""

from autograder.bench.speed import Figures


def markdown(figures: Figures) -> str:
    """A Markdown table that reads well in a terminal, too; every goal says whether it is met."""
    rows = [("what", "figure", "goal"), *_rows(figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _rows(figures: Figures) -> list[tuple[str, str, str]]:
    suite = f"{figures.tests} tests, {figures.runs} runs"
    return [
        ("`import torch` alone", f"{figures.import_torch_seconds:.1f} s", ""),
        (
            f"cold, isolated: {suite}",
            f"{figures.cold_seconds:.1f} s ({figures.cold_cpu_seconds:.1f} s of CPU)",
            "",
        ),
        (
            "the same with gradescope-utils, unprotected",
            f"{figures.unprotected_seconds:.1f} s ({figures.unprotected_cpu_seconds:.1f} s of CPU)",
            "",
        ),
        ("isolated : unprotected, wall", f"{figures.cold_ratio:.2f}", _goal(figures.cold_ratio, 1.5)),
        ("isolated : unprotected, CPU", f"{figures.cold_cpu_ratio:.2f}", ""),
        ("one more test, warm", f"{figures.marginal_test_ms:.1f} ms of CPU", ""),
        (
            "warm, a submission that passes",
            f"{figures.warm_passing_cpu_seconds:.2f} s of CPU",
            _goal(figures.warm_passing_cpu_seconds, 0.5, " s"),
        ),
        ("warm, a submission that fails", f"{figures.warm_failing_cpu_seconds:.2f} s of CPU", ""),
    ]


def _goal(figure: float, most: float, unit: str = "") -> str:
    return f"at most {most:g}{unit}: {'met' if figure <= most else 'MISSED'}"
