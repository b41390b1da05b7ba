"""From a sentence to the token ids that BERT reads: [CLS], tokens, [SEP] (Devlin et al., 2019), and padded batches.

A tokenizer has

    tokenize(sentence)                 a list of tokens (pieces of words)
    convert_tokens_to_ids(tokens)      the id of a token, or the list of ids of a list of tokens
    cls_token, sep_token               the two special tokens
    pad_token_id                       the id that fills the end of shorter rows

as those of the package transformers have. The tests use a stand-in.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def tokenize_and_cut(tokenizer: Any, sentence: str, max_input_length: int = 512) -> list[str]:
    """The tokens of a sentence, cut at the end where there are too many: [CLS] and [SEP] need two places.

    Args:
        max_input_length: how many ids the model reads at most, with both special tokens.

    Returns:
        At most max_input_length - 2 tokens.

    Raises:
        ValueError: for a max_input_length below 2 (the message has it).
    """
    # TODO(sentiment.tokenization): check the length, tokenize, cut.
    raise NotImplementedError("sentiment.tokenization")


def numericalize(tokenizer: Any, sentence: str, max_input_length: int = 512) -> list[int]:
    """The ids of a sentence as BERT reads it: [CLS], the tokens of `tokenize_and_cut`, [SEP].

    Returns:
        At most max_input_length ids, as a list of int; two for an empty sentence.
    """
    # TODO(sentiment.tokenization): cut, add both special tokens, convert.
    raise NotImplementedError("sentiment.tokenization")


def pad_batch(rows: Sequence[Sequence[int]], pad_id: int) -> Tensor:
    """Rows of ids, of different lengths, as one tensor.

    Args:
        rows: N rows of at least one id; they stay as they are.

    Returns:
        (N, T), int64, with the length T of the longest row; shorter rows end with `pad_id`.
    """
    # TODO(sentiment.tokenization): a tensor full of pad_id, into which every row is written.
    raise NotImplementedError("sentiment.tokenization")
