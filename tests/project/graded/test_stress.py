"""`python -m tests --stress`: every property holds for the solution and catches what it is there for."""

import shutil
import sys

import pytest
import torch

from harness import command, stress
from harness.contract import Assignment
from harness.graded import TESTS
from harness.tree import PACKAGES, Tree

ROOT = TESTS.parent
ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
PROPERTIES = {function.__name__: function for each in ASSIGNMENT.deliverables for function in stress.properties(each)}
RNN, LSTM, ENCODER, DECODER, SEQ2SEQ, TRANSFORMER = (
    f"models/{name}.py"
    for name in ("naive/RNN", "naive/LSTM", "seq2seq/Encoder", "seq2seq/Decoder", "seq2seq/Seq2Seq", "Transformer")
)
LM_TRANSFORMER, GENERATION = (f"models/language_model/{name}.py" for name in ("TransformerModel", "generation"))
BATCHING, RNN_MODEL, TRAINING = (f"models/language_model/{name}.py" for name in ("batching", "RNNModel", "training"))

MUTANTS = [  # a property, and a change of the solution that the property has to notice
    ("rnn_takes_any_size", RNN, "(combined), dim=1)", "(combined), dim=0)"),
    ("rnn_reads_rows_one_by_one", RNN, "(combined), dim=1)", "(combined), dim=0)"),
    ("rnn_calls_do_not_influence_each_other", RNN, "return output, new_hidden",
     "return output, hidden.copy_(new_hidden)"),
    ("lstm_takes_any_size", LSTM, "x_t = x[:, t]", "x_t = x[:, t].squeeze()"),
    ("lstm_reads_rows_one_by_one", LSTM, "h = o * torch.tanh(c)", "h = o * torch.tanh(c) + c.mean(dim=0)"),
    ("lstm_reads_on_from_its_states", LSTM, "for t in range(T):", "for t in reversed(range(T)):"),
    ("lstm_calls_do_not_influence_each_other", LSTM, "c = f * c + i * g", "c.mul_(f).add_(i * g)"),
    ("encoder_takes_any_size", ENCODER, "self.recurrent(embedded)", "self.recurrent(embedded.squeeze())"),
    ("encoder_reads_sentences_one_by_one", ENCODER, "self.recurrent(embedded)",
     "self.recurrent(embedded - embedded.mean(0))"),
    ("encoder_does_not_look_ahead", ENCODER, "self.recurrent(embedded)", "self.recurrent(embedded.flip(1))"),
    ("encoder_calls_do_not_influence_each_other", ENCODER, "self.recurrent(embedded)",
     "self.recurrent(embedded, getattr(self, 'kept', None)); self.kept = states"),
    ("attention_takes_any_size", DECODER, "torch.softmax(similarity, dim=1).unsqueeze(1)",
     "torch.softmax(similarity, dim=1).unsqueeze(2)"),
    ("attention_weighs_rows_one_by_one", DECODER, "torch.softmax(similarity, dim=1)",
     "torch.softmax(similarity, dim=0)"),
    ("attention_follows_the_positions", DECODER, "torch.softmax(similarity, dim=1)",
     "torch.softmax(similarity.cumsum(dim=1), dim=1)"),
    ("attention_calls_do_not_influence_each_other", DECODER, "query = hidden.transpose(0, 1)",
     "query = hidden.mul_(2).transpose(0, 1); encoder_outputs += 1"),
    ("decoder_takes_any_size", DECODER, "output.squeeze(1)", "output.squeeze()"),
    ("decoder_reads_rows_one_by_one", DECODER, "(output.squeeze(1)), dim=1)", "(output.squeeze(1)), dim=0)"),
    ("decoder_calls_do_not_influence_each_other", DECODER, "self.embedding(input))", "self.embedding(input.fill_(3)))"),
    ("seq2seq_predicts_as_many_positions_as_asked", SEQ2SEQ, "in range(length)", "in range(max(length, 2))"),
    ("seq2seq_translates_sentences_one_by_one", SEQ2SEQ, "output.argmax(dim=1, keepdim=True)",
     "output.mean(dim=0, keepdim=True).expand_as(output).argmax(dim=1, keepdim=True)"),
    ("seq2seq_does_not_look_ahead", SEQ2SEQ, "target[:, t + 1 : t + 2]", "target[:, -1:]"),
    ("seq2seq_calls_do_not_influence_each_other", SEQ2SEQ, "token = source[:, :1]", "token = source[:, :1].add_(1)"),
    ("embed_treats_tokens_one_by_one", TRANSFORMER, "positions = torch.arange(T, device=inputs.device)",
     "positions = torch.arange(T, device=inputs.device).flip(0)"),
    ("embed_takes_as_many_tokens_as_fit", TRANSFORMER, "if T > self.max_length", "if T >= self.max_length"),
    ("embed_calls_do_not_influence_each_other", TRANSFORMER, "T = inputs.size(1)", "T = inputs.clamp_(min=4).size(1)"),
    ("self_attention_takes_rows_one_by_one", TRANSFORMER, "torch.softmax(scores, dim=2)",
     "torch.softmax(scores, dim=0)"),
    ("self_attention_takes_rows_one_by_one", TRANSFORMER, "torch.cat(heads, dim=2)", "torch.cat(heads[:2], dim=2)"),
    ("self_attention_follows_the_positions", TRANSFORMER, "torch.softmax(scores, dim=2)",
     "torch.softmax(scores.tril() - 99 * torch.ones_like(scores).triu(1), dim=2)"),
    ("self_attention_calls_do_not_influence_each_other", TRANSFORMER, "self.norm_mh(inputs + attended)",
     "self.norm_mh(inputs.add_(attended))"),
    ("feedforward_takes_positions_one_by_one", TRANSFORMER, "self.norm_ff(inputs + transformed)",
     "self.norm_ff(inputs + transformed.mean(dim=1, keepdim=True))"),
    ("feedforward_calls_do_not_influence_each_other", TRANSFORMER, "self.norm_ff(inputs + transformed)",
     "self.norm_ff(inputs.add_(transformed))"),
    ("translator_takes_sentences_one_by_one", TRANSFORMER, "return self.final(inputs)",
     "return self.final(inputs).squeeze()"),
    ("translator_calls_do_not_influence_each_other", TRANSFORMER, "self.embed(inputs))",
     "self.embed(inputs.clamp_(min=4)))"),
    ("forward_takes_sentences_one_by_one", TRANSFORMER, "tgt_mask=future",
     "tgt_mask=future & (S > 1) & (len(tgt) > 1)"),
    ("forward_does_not_see_padding", TRANSFORMER, "src_key_padding_mask=src == self.pad_index", "mask=None"),
    ("forward_does_not_see_padding", TRANSFORMER, "memory_key_padding_mask=src == self.pad_index,", ""),
    ("forward_does_not_look_ahead", TRANSFORMER, "tgt_mask=future", "tgt_mask=None"),
    ("forward_calls_do_not_influence_each_other", TRANSFORMER, "self.decode(tgt[:, :-1],",
     "self.decode(tgt[:, :-1].clamp_(min=4),"),
    ("generation_takes_sentences_one_by_one", TRANSFORMER, "if ended.all():", "if ended.any():"),
    ("generation_does_not_look_ahead", TRANSFORMER, "sequence = src[:, :1]  #",
     "sequence = src[:, length % 2 :][:, :1]  #"),
    ("generation_calls_do_not_influence_each_other", TRANSFORMER, "self.train(was_training)", "self.train()"),
    ("positions_depend_on_the_step_alone", LM_TRANSFORMER, "x + self.pe[:S]", "x + self.pe[S - 1]"),
    ("positions_do_not_depend_on_the_tables_length", LM_TRANSFORMER, "10000.0**exponents", "float(max_len)**exponents"),
    ("positions_calls_do_not_influence_each_other", LM_TRANSFORMER, "x + self.pe[:S]", "x.add_(self.pe[:S])"),
    ("transformer_takes_sequences_one_by_one", LM_TRANSFORMER, ".flatten(0, 1)", ".transpose(0, 1).flatten(0, 1)"),
    ("transformer_does_not_look_ahead", LM_TRANSFORMER, "triu(diagonal=1)", "triu(diagonal=2)"),
    ("transformer_takes_either_kind_of_mask", LM_TRANSFORMER, "mask=src_mask)", "mask=src_mask * 1.0)"),
    ("transformer_calls_do_not_influence_each_other", LM_TRANSFORMER, "embedded = self.positional",
     "self.kept = src_mask = getattr(self, 'kept', src_mask); embedded = self.positional"),
    ("writing_goes_on_from_its_own_text", GENERATION, "hidden = model(unread, hidden)",
     "hidden = model(unread[-1:], hidden)"),
    ("writing_calls_do_not_influence_each_other", GENERATION, "model.train(was_training)", "model.train()"),
    ("batchify_keeps_the_text_in_its_columns", BATCHING, ".view(batch_size, rows).t()", ".view(rows, batch_size)"),
    ("chunks_cover_a_text_once", BATCHING, "S = min(bptt, source.size(0) - 1 - i)", "S = bptt"),
    ("batching_calls_do_not_influence_each_other", BATCHING, "hidden.detach()", "hidden.detach_().mul_(2)"),
    ("rnn_model_takes_any_size", RNN_MODEL, "self.dropout(output)).view", "self.dropout(output.squeeze())).view"),
    ("rnn_model_takes_any_size", RNN_MODEL, "new_zeros(self.nlayers, batch_size, self.nhid)",
     "new_zeros(2, batch_size, self.nhid)"),
    ("rnn_model_reads_columns_one_by_one", RNN_MODEL, "torch.log_softmax(scores, dim=1)",
     "torch.log_softmax(scores, dim=0)"),
    ("rnn_model_reads_on_from_its_state", RNN_MODEL, "self.recurrent(embedded, hidden)", "self.recurrent(embedded)"),
    ("rnn_model_calls_do_not_influence_each_other", RNN_MODEL, "self.dropout(self.embedding(input))",
     "self.dropout(self.embedding(input.clamp_(max=0)))"),
    ("evaluation_weighs_every_token_the_same", TRAINING, "log_probabilities, hidden = model(data, hidden)\n",
     "log_probabilities, _ = model(data, hidden)\n"),
    ("an_epoch_that_learns_nothing_is_an_evaluation", TRAINING, "loss.item() * target.numel()", "loss.item()"),
    ("training_calls_do_not_influence_each_other", TRAINING, "model.eval()", "source.clamp_(max=1)"),
]  # fmt: skip


@pytest.fixture
def activate(monkeypatch):
    """Import a tree's modules, for one test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] in PACKAGES}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def activate(root):
        tree = Tree(root)
        tree.activate()
        return tree

    yield activate
    for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
        del sys.modules[name]
    sys.modules.update(before)
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_holds_for_the_solution(name, activate):
    tree = activate(ROOT / "solution")
    assert [(str(each.drawn), each.message) for each in stress.failures(PROPERTIES[name], tree)] == []


def changed(tmp_path, file, before, after):
    """The solution with a change."""
    shutil.copytree(ROOT / "solution", tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / file
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1, f"{before!r} stands {source.count(before)} times in {file}"
    path.write_text(source.replace(before, after), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "file", "before", "after"), MUTANTS, ids=[f"{n} {m[0]}" for n, m in enumerate(MUTANTS)]
)
def test_a_property_notices_what_it_is_for(name, file, before, after, activate, tmp_path):
    tree = activate(changed(tmp_path, file, before, after))
    found = list(stress.failures(PROPERTIES[name], tree))
    assert found
    assert not any("NameError" in each.message or "SyntaxError" in each.message for each in found)


def test_every_property_has_a_mutant_and_every_deliverable_properties():
    assert {name for name, *_ in MUTANTS} == set(PROPERTIES)
    assert len(PROPERTIES) == sum(len(stress.properties(each)) for each in ASSIGNMENT.deliverables)
    for deliverable in ASSIGNMENT.deliverables:
        assert any("calls_do_not_influence" in each.__name__ for each in stress.properties(deliverable))
    assert all(function.__doc__.strip().endswith(".") for function in PROPERTIES.values())


def test_what_fails_is_said_with_the_smallest_sizes(activate, tmp_path, capsys):
    activate(ROOT / "solution")
    tree = changed(tmp_path, LSTM, "x_t = x[:, t]", "x_t = x[:, t].squeeze()")
    assert command.main(["--stress", "LSTM", "--tree", str(tree)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1.2 LSTM"
    assert lines[1].startswith("  FAILS   Any batch, length and sizes")
    assert any("draws fail" in line and line.strip().startswith("With N = ") for line in lines)
    assert any("models/naive/LSTM.py:" in line for line in lines)
    assert all(len(line) <= 80 for line in lines)


def test_what_is_not_started_is_skipped_and_said(activate, capsys):
    activate(ROOT / "student")
    assert command.main(["--stress", "--tree", "student"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("Not started") == len(ASSIGNMENT.deliverables)
    assert "holds" not in printed


def test_what_is_refused_is_not_all_right(activate, tmp_path, capsys):
    tree = changed(tmp_path, RNN, "return output, new_hidden", "return output,, new_hidden")
    activate(tree)
    assert command.main(["--stress", "RNN", "--tree", str(tree)]) == 1
    assert "Python cannot read" in capsys.readouterr().out


@pytest.mark.parametrize("mode", [(), ("--stress",), ("--watch",)])
def test_a_tree_without_models_is_refused_in_a_sentence(mode, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main([*mode, "--tree", str(tmp_path)])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"--tree: {tmp_path} holds no folder 'models'; name the folder that does.\n"


def test_ctrl_c_ends_it(activate, monkeypatch, capsys):
    def stop(models, given):
        """Stops."""
        raise KeyboardInterrupt

    activate(ROOT / "solution")
    monkeypatch.setattr(stress, "properties", lambda deliverable: [stop])
    assert command.main(["--stress", "RNN", "--tree", "solution"]) == command.INTERRUPTED
    assert capsys.readouterr().out.endswith("  STOPPED Stops.\n\nStopped.\n")
