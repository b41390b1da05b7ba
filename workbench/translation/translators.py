"""The models of a tree behind one interface: scores for training, tokens for reading, weights for pictures.

In evaluation mode what a model says of a sentence does not depend on what else is in the batch.

Shapes: N batch, T source length, L target length, V target vocabulary size. Scores at t belong to target[:, t + 1].
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness.tree import Tree
from workbench.errors import WorkbenchError, expect
from workbench.training.settings import Settings
from workbench.translation.incremental import incremental, replaced
from workbench.translation.settings import EncoderDecoder, EncoderOnly, Recurrent
from workbench.translation.text import EOS, PAD

ROOM = 10  # tokens that a translation may be longer than its source


class Translator:
    """A model and how it is used.

    Attributes:
        module: the tree's model.
        device: where it computes.
        words: size of the target's vocabulary, V.
        longest: how many tokens of a source it can read; None for any number.
        has_attention: whether `attention` has something to show.
    """

    module: nn.Module
    device: torch.device
    words: int
    longest: int | None = None
    has_attention = False

    def scores(self, source: Tensor, target: Tensor, forced: bool = True) -> Tensor:
        """Score the target's tokens.

        Args:
            source: (N, T), token ids.
            target: (N, L + 1), token ids.
            forced: whether the model sees the right previous tokens, or its own.

        Returns:
            (N, L, V), scores or log-probabilities; [:, t] is scored against target[:, t + 1]. In evaluation mode, a
            model that reads its own tokens has nothing to say after its <eos>: zeros, so all words are as likely.
        """
        raise NotImplementedError

    def translate(self, source: Tensor) -> Tensor:
        """Translate greedily: source (N, T) -> tokens (N, L), where nothing counts after the first <eos>.

        Raises:
            WorkbenchError: a source is longer than the model can read.
        """
        raise NotImplementedError

    def attention(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Translate one sentence (1, T) and record the attention.

        Returns:
            tokens (L,), up to and with <eos>; weights (heads, L, T), where each token has looked.

        Raises:
            WorkbenchError: for a model without attention.
        """
        self.expect_attention()
        raise NotImplementedError

    def expect_attention(self) -> None:
        """Raises: WorkbenchError, for a model without attention."""
        if not self.has_attention:
            raise WorkbenchError(
                "this model has no attention to show; those of rnn-attention, lstm-attention and transformer have"
            )

    def expect_length(self, tokens: int, name: str = "a sentence") -> None:
        """Raises: WorkbenchError, for more tokens of a source than it can read."""
        if self.longest is not None and tokens > self.longest:
            raise WorkbenchError(
                f"{name} has {tokens} tokens with <sos> and <eos>, and this model has {self.longest} positions; "
                "use a shorter sentence, or train one with a larger --set max_length=..."
            )

    def _expected(self, scores: object, method: str, rows: int, length: int) -> Tensor:
        """What a method of the model has returned, where it is scores (N, L, V)."""
        return expect(scores, {"N": rows, "L": length, "V": self.words}, f"{type(self.module).__name__}.{method}")


class RecurrentTranslator(Translator):
    """Seq2Seq around an Encoder and a Decoder.

    The encoder reads padding like any other token, so in evaluation only sentences of one length go together.
    """

    def __init__(
        self, models: Any, shape: Recurrent, kind: str, attention: bool, sizes: tuple[int, int], device: torch.device
    ) -> None:
        encoder = models.seq2seq.Encoder.Encoder(
            sizes[0], shape.emb_size, shape.hidden_size, shape.hidden_size, shape.dropout, kind
        )
        decoder = models.seq2seq.Decoder.Decoder(
            shape.emb_size, shape.hidden_size, shape.hidden_size, sizes[1], shape.dropout, kind, attention
        )
        self.module = models.seq2seq.Seq2Seq.Seq2Seq(encoder, decoder, device)
        self.has_attention = attention

    def scores(self, source: Tensor, target: Tensor, forced: bool = True) -> Tensor:
        if self.module.training:
            return self._forward(source, target, forced)
        parts = [
            (rows, self._forward(source[rows, :length], target[rows], forced)) for length, rows in _by_length(source)
        ]
        scores = torch.cat([part for _, part in parts])
        scores = scores[torch.cat([rows for rows, _ in parts]).argsort()]
        return scores if forced else _silent_after_eos(scores)

    def _forward(self, source: Tensor, target: Tensor, forced: bool) -> Tensor:
        scores = self.module(source, target, teacher_forcing=forced)
        return self._expected(scores, "forward", len(source), target.size(1) - 1)

    def translate(self, source: Tensor) -> Tensor:
        tokens = source.new_full((source.size(0), source.size(1) + ROOM), PAD)
        for length, rows in _by_length(source):
            scores = self.module(source[rows, :length], max_length=length + ROOM)
            scores = self._expected(scores, "forward without a target", len(rows), length + ROOM)
            tokens[rows, : length + ROOM] = scores.argmax(dim=2)
        return tokens

    def attention(self, source: Tensor) -> tuple[Tensor, Tensor]:
        self.expect_attention()
        decoder: Any = self.module.decoder
        attend, steps = decoder.compute_attention, []

        def watched(hidden: Tensor, encoder_outputs: Tensor) -> Tensor:
            weights: Tensor = attend(hidden, encoder_outputs)  # (1, 1, T)
            steps.append(weights)
            return weights

        with replaced(decoder, "compute_attention", watched):
            tokens = until_eos(self.translate(source)[0])
        return tokens, torch.cat(steps, dim=1)[:, : len(tokens)]


class EncoderTranslator(Translator):
    """TransformerTranslator: target words at the source's positions, all at once.

    It has no mask, so every source is padded to one width: what else is in the batch changes nothing.
    """

    longest: int

    def __init__(self, models: Any, shape: EncoderOnly, sizes: tuple[int, int], device: torch.device) -> None:
        head = shape.head_dim
        self.longest = shape.max_length
        self.module = models.Transformer.TransformerTranslator(
            *sizes,
            device,
            shape.hidden_dim,
            shape.num_heads,
            shape.dim_feedforward,
            dim_k=head,
            dim_v=head,
            dim_q=head,
            max_length=shape.max_length,
        )

    def scores(self, source: Tensor, target: Tensor, forced: bool = True) -> Tensor:
        def cut(final: nn.Module, hidden: tuple[Tensor]) -> tuple[Tensor]:
            return (hidden[0][:, : target.size(1) - 1],)

        # Most of the time goes into scores, most of the width is padding, and no position's scores need another's.
        final: object = getattr(self.module, "final", None)
        with contextlib.ExitStack() as hooks:
            if isinstance(final, nn.Module):  # else it is not implemented, as the model will say
                hooks.enter_context(final.register_forward_pre_hook(cut))
            scores = self.module(self._widened(source))
        return self._expected(scores, "forward", len(source), target.size(1) - 1)

    def translate(self, source: Tensor) -> Tensor:
        return self._expected(self.module(self._widened(source)), "forward", len(source), self.longest).argmax(dim=2)

    def _widened(self, source: Tensor) -> Tensor:
        self.expect_length(source.size(1))
        return F.pad(source, (0, self.longest - source.size(1)), value=PAD)


class TransformerTranslator(Translator):
    """FullTransformerTranslator.

    Attributes:
        keeps_positions: whether generation computes only the position that is added.
    """

    has_attention = True
    longest: int
    keeps_positions = True

    def __init__(self, models: Any, shape: EncoderDecoder, sizes: tuple[int, int], device: torch.device) -> None:
        self.longest = shape.max_length
        self.module = models.Transformer.FullTransformerTranslator(
            *sizes,
            device,
            shape.hidden_dim,
            shape.num_heads,
            shape.dim_feedforward,
            shape.num_layers_enc,
            shape.num_layers_dec,
            shape.dropout,
            shape.max_length,
            PAD,
        )

    def scores(self, source: Tensor, target: Tensor, forced: bool = True) -> Tensor:
        self.expect_length(source.size(1))
        length = target.size(1) - 1
        if not forced:
            return self._generate(source, length)[1]
        return self._expected(self.module(source, target), "forward", len(source), length)

    def translate(self, source: Tensor) -> Tensor:
        self.expect_length(source.size(1))
        tokens, _ = self._generate(source, min(self.longest - 1, source.size(1) + ROOM))
        limits = _lengths(source) + ROOM  # of each row; the longest source of the batch has decided so far
        return tokens.masked_fill(torch.arange(tokens.size(1), device=tokens.device) >= limits[:, None], PAD)

    def _generate(self, source: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """The model's own greedy generation: tokens (N, L), scores (N, L, V)."""
        module: Any = self.module
        with incremental(module, self.longest) if self.keeps_positions else contextlib.nullcontext():
            generated = module.generate_translation(source, length)
        name = "generate_translation"
        if not isinstance(generated, tuple) or len(generated) != 2:
            raise WorkbenchError(f"{type(module).__name__}.{name} has to return a pair, tokens and scores")
        tokens = expect(generated[0], {"N": len(source), "L": length}, f"for tokens {type(module).__name__}.{name}")
        return tokens, self._expected(generated[1], name, len(source), length)

    def attention(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """The last decoder layer's attention to the source, one picture a head."""
        module: Any = self.module
        tokens = until_eos(self.translate(source)[0])
        attend = module.transformer.decoder.layers[-1].multihead_attn
        call, steps = attend.forward, []

        def watched(*args: Any, **kwargs: Any) -> Any:
            output, weights = call(*args, **{**kwargs, "need_weights": True, "average_attn_weights": False})
            steps.append(weights)  # (1, heads, L, T)
            return output, weights

        with replaced(attend, "forward", watched):
            module(source, torch.cat((source[:, :1], tokens[None]), dim=1))
        return tokens, steps[-1][0]


def build(tree: Tree, settings: Settings, sizes: tuple[int, int], device: torch.device) -> Translator:
    """Make a tree's model.

    Args:
        sizes: of the source's and the target's vocabulary.
    """
    models, shape = tree.models, settings.shape
    translator: Translator
    if isinstance(shape, Recurrent):
        kind, _, attention = settings.model.partition("-")
        translator = RecurrentTranslator(models, shape, kind.upper(), bool(attention), sizes, device)
    elif isinstance(shape, EncoderOnly):
        translator = EncoderTranslator(models, shape, sizes, device)
    else:
        translator = TransformerTranslator(models, shape, sizes, device)
    with torch.no_grad():
        for layer in translator.module.modules():
            if isinstance(layer, nn.Embedding):
                layer.weight *= shape.embedding_std  # torch draws them with 1
    translator.module.to(device)
    translator.device, translator.words = device, sizes[1]
    return translator


def _lengths(source: Tensor) -> Tensor:
    """(N, T) -> (N,), tokens without padding."""
    return (source != PAD).sum(dim=1)


def _by_length(source: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Every length in (N, T), and the numbers of the rows that have it."""
    lengths = _lengths(source)
    for length in lengths.unique().tolist():
        yield length, (lengths == length).nonzero().flatten()


def _silent_after_eos(scores: Tensor) -> Tensor:
    """Scores (N, L, V) with zeros after the first <eos> that was chosen, as FullTransformerTranslator returns them."""
    chosen = (scores.argmax(dim=2) == EOS).long()
    return scores.masked_fill((chosen.cumsum(dim=1) - chosen > 0)[:, :, None], 0.0)


def until_eos(tokens: Tensor) -> Tensor:
    """Tokens (L,) up to the first <eos>, included."""
    ends = (tokens == EOS).nonzero()
    return tokens[: int(ends[0]) + 1] if len(ends) else tokens
