"""Generation with what earlier steps have given: the same scores as without, whatever the model's code does."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.project.workbench.translation.test_translators import PAIRS, SIZES, text  # noqa: F401 - fixtures
from workbench.training.modes import evaluating
from workbench.training.settings import Settings
from workbench.translation.incremental import incremental
from workbench.translation.text import PAD
from workbench.translation.translators import build

POSITIONS, STEPS = 24, 9


def a_module(tree: Any, text: Any, **options: Any) -> Any:  # noqa: F811
    """The solution's, with random weights and three decoder layers."""
    torch.manual_seed(3)
    settings = Settings.of("transformer", "captions", changes=[*SIZES["transformer"], "num_layers_dec=3"])
    module: Any = build(tree, settings, (text.source_size, text.target_size), torch.device("cpu")).module
    if options:
        module.transformer = nn.Transformer(8, 2, 1, 3, 8, dropout=0.0, batch_first=True, **options)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.7)  # so that what is missing shows
    return module


def a_source(text: Any) -> Tensor:  # noqa: F811
    """Sentences of several lengths."""
    return next(iter(text.batches(PAIRS, len(PAIRS)))).source


def both(module: Any, source: Tensor) -> tuple[Tensor, Tensor]:
    """Scores with and without."""
    with evaluating(module):
        expected = module.generate_translation(source, STEPS)[1]
        with incremental(module, POSITIONS):
            actual = module.generate_translation(source, STEPS)[1]
    return actual, expected


def widths(module: Any, source: Tensor) -> list[int]:
    """The positions that each call of the last decoder layer's feed-forward part is given."""
    seen: list[int] = []
    hook = module.transformer.decoder.layers[-1].linear1.register_forward_hook(
        lambda layer, inputs, output: seen.append(inputs[0].size(1))
    )
    with hook, evaluating(module), incremental(module, POSITIONS):
        module.generate_translation(source, STEPS)
    return seen


@pytest.mark.parametrize(
    "options", [{}, {"norm_first": True}, {"bias": False}, {"activation": "gelu"}], ids=lambda options: str(options)
)
def test_the_same_scores_with_one_position_a_step(tree, text, options):  # noqa: F811
    module, source = a_module(tree, text, **options), a_source(text)
    actual, expected = both(module, source)
    assert expected.std() > 0.1
    torch.testing.assert_close(actual, expected)
    assert widths(module, source) == [1] * STEPS


def test_padding_that_is_generated_before_the_end_is_hidden_from_later_positions(tree, text, monkeypatch):  # noqa: F811
    module, source = a_module(tree, text), a_source(text)
    decode = module.decode

    def pad_in_every_second_step(tgt: Tensor, *others: Tensor) -> Tensor:
        scores = decode(tgt, *others).clone()
        scores[:, -1, PAD] += 100.0 * (tgt.size(1) % 2)
        return scores

    monkeypatch.setattr(module, "decode", pad_in_every_second_step)
    actual, expected = both(module, source)
    assert (expected[0].argmax(dim=1) == PAD).sum() == (STEPS + 1) // 2
    torch.testing.assert_close(actual, expected)
    assert widths(module, source) == [1] * STEPS


def decoding(module: Any, mask: Any, change: Any = lambda tokens: tokens) -> Any:
    """Another way to write `decode`."""

    def decode(tgt: Tensor, memory: Tensor, src: Tensor) -> Tensor:
        tgt = change(tgt)
        hidden = module.transformer.decoder(
            module.embed(tgt, module.target_embedding, module.target_position_embedding), memory, tgt_mask=mask(tgt)
        )
        return module.final(hidden)

    return decode


def causal(tgt: Tensor) -> Tensor:
    return nn.Transformer.generate_square_subsequent_mask(tgt.size(1))


def test_a_mask_of_numbers_and_no_masks_of_padding(tree, text, monkeypatch):  # noqa: F811
    module, source = a_module(tree, text), a_source(text)
    monkeypatch.setattr(module, "decode", decoding(module, causal))
    actual, expected = both(module, source)
    torch.testing.assert_close(actual, expected)
    assert widths(module, source) == [1] * STEPS


def test_code_that_forgets_the_causal_mask_gets_its_own_numbers(tree, text, monkeypatch):  # noqa: F811
    module, source = a_module(tree, text), a_source(text)
    right, _ = both(module, source)
    monkeypatch.setattr(module, "decode", decoding(module, lambda tgt: None))
    actual, expected = both(module, source)
    torch.testing.assert_close(actual, expected)
    assert not torch.allclose(actual, right)
    assert widths(module, source) == list(range(1, STEPS + 1))


def test_code_that_changes_earlier_tokens_gets_its_own_numbers(tree, text, monkeypatch):  # noqa: F811
    """The token before the last one is another in every second step."""

    def change(tokens: Tensor) -> Tensor:
        if tokens.size(1) < 3 or tokens.size(1) % 2:
            return tokens
        return torch.cat((tokens[:, :-2], (tokens[:, -2:-1] + 1) % 5, tokens[:, -1:]), dim=1)

    module, source = a_module(tree, text), a_source(text)
    monkeypatch.setattr(module, "decode", decoding(module, causal, change))
    actual, expected = both(module, source)
    torch.testing.assert_close(actual, expected)
    assert widths(module, source)[:4] == [1, 1, 1, 4]


def test_another_memory_is_encoded_again(tree, text):  # noqa: F811
    module, source = a_module(tree, text), a_source(text)
    with evaluating(module), incremental(module, POSITIONS):
        module.generate_translation(source.flip(0), STEPS)
        actual = module.generate_translation(source, STEPS)[1]
    torch.testing.assert_close(actual, both(module, source)[1])


def test_layers_are_restored_afterwards(tree, text):  # noqa: F811
    module, source = a_module(tree, text), a_source(text)
    both(module, source)
    assert all("forward" not in vars(layer) for layer in module.modules())
    assert not module.final._forward_hooks
    assert not module.final._forward_pre_hooks
