"""Text from a language model: what it is asked to continue, and what it writes."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence

import torch

from workbench.errors import WorkbenchError, students_code
from workbench.language_model.corpora import Unit, tokens
from workbench.language_model.models import LanguageModel
from workbench.language_model.vocabulary import EOS, UNK, Vocabulary

LENGTH = {"words": 20, "characters": 80}  # of a sample


def prompt_of(text: str, unit: Unit, vocabulary: Vocabulary) -> tuple[list[str], list[str]]:
    """The tokens of a text that a model is to continue.

    Returns:
        The tokens, of nothing the end of a line, with <unk> for those that are not known; and which these are.
    """
    *prompt, end = tokens([text], unit)
    unknown = sorted({token for token in prompt if token not in vocabulary.word2idx})
    return [UNK if token in unknown else token for token in prompt] or [end], unknown


def text_of(written: Sequence[str], unit: Unit) -> str:
    """Tokens as a text; words with spaces between them, each end of a line as a new one."""
    if unit == "characters":
        return "".join(written)
    return "\n".join(line.strip() for line in " ".join(written).split(EOS))


def write(
    model: LanguageModel,
    vocabulary: Vocabulary,
    prompt: Sequence[str],
    length: int,
    temperature: float = 1.0,
    greedy: bool = False,
    seed: int = 0,
) -> list[str]:
    """Continue a prompt by `length` tokens, by the tree's `generate`; the same seed gives the same tokens.

    Raises:
        WorkbenchError: `generate` has stopped, or has returned something else.
    """
    generator = torch.Generator().manual_seed(seed)
    with students_code(model.tree, "your generate"):
        written = model.package.generation.generate(
            model.module, vocabulary, prompt, length, temperature, greedy, generator
        )
    if not isinstance(written, list) or not all(isinstance(token, str) for token in written) or len(written) != length:
        shown = f"{len(written)} of them" if isinstance(written, list) else type(written).__name__
        raise WorkbenchError(
            f"your generate returned {reprlib.repr(written)} ({shown}); expected a list of {length} strings: "
            "the new tokens, without the prompt"
        )
    return written
