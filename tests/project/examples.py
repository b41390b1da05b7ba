"""The example rubrics, put above the real rubric's parts as their first lines say."""

from tests.project.test_rubric import ROOT, switched_off

EXAMPLES = ROOT / "autograder" / "examples"
OFF = {"groups": ("seq2seq",)}  # the parts that an example has switched off


def example(name: str) -> str:
    """An example's text as a whole rubric."""
    parts = (ROOT / "autograder" / "rubric.toml").read_text(encoding="utf-8").partition("[[part]]")
    text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8") + "\n[[part]]" + parts[2]
    return switched_off(text, *OFF.get(name, ()))
