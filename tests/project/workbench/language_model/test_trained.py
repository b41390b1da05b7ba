"""Runs of language models, with the solution's models and a text of few words."""

import json
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from tests.project.workbench import tiny_text
from tests.project.workbench.tiny import Watch
from tests.project.workbench.tiny_text import CORPUS, settings
from tests.project.workbench.training.test_resume import SERVER, ending
from tests.project.workbench.trees import ROOT, SOLUTION
from workbench.errors import DataError, SettingsError, WorkbenchError
from workbench.experiments import tuning
from workbench.language_model import corpora
from workbench.language_model.samples import Samples
from workbench.language_model.task import LanguageModelTask
from workbench.language_model.trained import TrainedLanguageModel
from workbench.language_model.writing import prompt_of, text_of
from workbench.training import launch
from workbench.training.callbacks import Callback
from workbench.training.devices import Processes
from workbench.training.run_folder import Run
from workbench.training.settings import Settings
from workbench.training.trained import Trained
from workbench.translation.trained import TrainedTranslator

MODELS = ("lstm", "gru", "transformer")


@pytest.fixture
def tree() -> Iterator[Any]:
    with tiny_text.opened() as tree:
        yield tree


def new(model: str, tree: Any, *changes: str) -> TrainedLanguageModel:
    """A model that has not been trained."""
    return TrainedLanguageModel.new(settings(model, *changes), tree, None, torch.device("cpu"))


def train(folder: Path, tree: Any, model: str, *changes: str, callbacks: Any = ()) -> TrainedLanguageModel:
    return launch.train(settings(model, *changes), folder, tree, device="cpu", callbacks=callbacks)[0]


def in_process(folder: Path, **how: Any) -> int | None:
    SERVER.set_forkserver_preload(["tests.project.workbench.tiny_text", "torch._dynamo"])
    process = SERVER.Process(target=tiny_text.train, args=(folder,), kwargs=how)
    process.start()
    process.join(60)
    return process.exitcode


# Training


def test_a_run_that_was_killed_ends_with_the_same_bits(tmp_path):
    """Saved after the second and fourth of seven chunks, so the hidden state has to come back with its values."""
    tiny_text.train(tmp_path / "whole")
    assert in_process(tmp_path / "run", step=5, number=signal.SIGKILL) == -signal.SIGKILL
    stopped = Run.open(tmp_path / "run").load_state()
    assert stopped is not None
    assert (stopped["progress"]["epoch"], stopped["progress"]["updates"]) == (1, 4)
    torch.manual_seed(99)
    tiny_text.train(tmp_path / "run")
    whole = ending(tmp_path / "whole")
    assert ending(tmp_path / "run") == whole
    assert [line["steps"] for line in whole["log"]] == [7, 14]
    assert len({line["validation_loss"] for line in whole["log"]}) == 2


@pytest.mark.parametrize("model", ["lstm", "gru"])
def test_the_hidden_state_is_carried_and_can_be_put_back(model, tree):
    trained = new(model, tree, "dropout=0")
    tasks = [trained.task(Processes()) for _ in range(3)]
    chunks = [list(task.batches(1)) for task in tasks]
    carried, restored, without = (task.loss for task in tasks)
    first, _ = carried(chunks[0][0])
    tasks[1].load_state(_listed(tasks[0].state()))
    losses = [loss(chunks[0][1])[0] for loss in (carried, restored, without)]
    assert torch.equal(losses[0], losses[1])
    assert not torch.isclose(losses[0], losses[2], rtol=1e-4)
    assert torch.equal(carried(chunks[0][0])[0], first), "an epoch begins without memory of the one before"


def _listed(state: Any) -> Any:
    """As a state comes back from JSON."""
    return [_listed(part) for part in state] if isinstance(state, tuple) else state


def test_gradients_stop_at_the_chunks_boundary(tree):
    task = new("lstm", tree, "dropout=0").task(Processes())
    first, second = list(task.batches(1))[:2]
    task.loss(first)
    hidden = task.hidden[0].retain_grad() or task.hidden[0]
    task.loss(second)[0].backward()
    assert hidden.grad is None


def test_every_token_is_read_once_an_epoch(tree):
    trained = new("lstm", tree)
    task = trained.task(Processes())
    chunks = list(task.batches(1))
    assert [len(chunk.data) for chunk in chunks] == [9, 9, 9, 9, 9, 9, 1]
    columns = trained.ids("train")[: 56 * 4].view(4, 56)
    assert torch.equal(torch.cat([chunk.data for chunk in chunks]).t(), columns[:, :-1])
    assert torch.equal(torch.cat([chunk.target.view(-1, 4) for chunk in chunks]).t(), columns[:, 1:])
    assert [chunk.row for chunk in task.batches(2).start_at(4)] == [36, 45, 54]
    assert len(new("lstm", tree, "first=100").task(Processes()).batches(1)) == 3


@pytest.mark.parametrize("model", MODELS)
def test_two_processes_read_what_one_reads(model, tree):
    trained = new(model, tree, "dropout=0", "batch_size=5")
    whole, *shares = (trained.task(processes) for processes in (Processes(), Processes(0, 2), Processes(1, 2)))
    for chunks in zip(*(task.batches(1) for task in (whole, *shares)), strict=True):
        loss, tokens = whole.loss(chunks[0])
        parts = [task.loss(chunk) for task, chunk in zip(shares, chunks[1:], strict=True)]
        assert sum(count for _, count in parts) == tokens
        assert sum(part for part, _ in parts).item() == pytest.approx(loss.item(), rel=1e-5)
    loss, tokens = whole.validate()
    parts = [task.validate() for task in shares]
    assert sum(count for _, count in parts) == tokens
    assert sum(part for part, _ in parts) == pytest.approx(loss, rel=1e-5)


def test_a_process_without_a_column_is_refused(tree):
    with pytest.raises(SettingsError, match="batch_size is 4, and each of 5 processes needs a column"):
        new("gru", tree).task(Processes(4, 5))
    few = new("gru", tree, "eval_batch_size=1").task(Processes(1, 2))
    assert few.validate() == (0.0, 0), "validation may be left to others"


def test_a_text_that_is_too_short_is_named(tree):
    said = "with first=7 the training split has 7 tokens, which is too few for 4 columns; choose a smaller batch_size"
    with pytest.raises(DataError, match=said):
        new("gru", tree, "first=7").task(Processes())
    with pytest.raises(DataError, match=r"the test split has .* choose a smaller eval_batch_size"):
        new("gru", tree, "eval_batch_size=999").evaluate("test")


def test_the_best_weights_are_those_of_their_epoch_while_training_goes_on(tmp_path, tree, monkeypatch):
    seen: list[dict[str, torch.Tensor]] = []

    class Keep(Callback):
        def on_epoch(self, trainer: Any, epoch: Any) -> None:
            seen.append({name: value.clone() for name, value in trainer.module.state_dict().items()})

    losses = iter([2.0, 1.0, 3.0])
    monkeypatch.setattr(LanguageModelTask, "validate", lambda task: (next(losses), 1))
    trained = train(tmp_path / "run", tree, "gru", "epochs=3", callbacks=[Keep()])
    stored = Run.open(tmp_path / "run").load_weights()
    for name, value in trained.module.state_dict().items():
        assert torch.equal(stored[name], seen[1][name]), name
        assert torch.equal(value, seen[1][name]), name
        assert not torch.equal(stored[name], seen[2][name]), name


# Measuring


@pytest.mark.parametrize("model", MODELS)
def test_perplexity_is_that_of_a_plain_computation(model, tmp_path, tree):
    trained = train(tmp_path / "run", tree, model)
    loaded = TrainedLanguageModel.load(tmp_path / "run", device="cpu")
    log = Run.open(tmp_path / "run").read_log()
    for split in ("validation", "test"):
        ids = trained.vocabulary.encode(corpora.tokens(getattr(CORPUS, split), "words"))
        rows = len(ids) // 3
        assert (rows - 1) % 9, "the last chunk has to be shorter, or means of chunks would do as well"
        columns = ids[: rows * 3].view(3, rows).t()
        module = loaded.module.eval()
        with torch.no_grad():
            if model == "transformer":
                parts = [columns[i : i + 9] for i in range(0, rows - 1, 9)]
                scores = torch.cat([module(part) for part in parts])[: (rows - 1) * 3]
            else:
                scores = module(columns[:-1], module.init_hidden(3))[0]
        expected = F.nll_loss(scores, columns[1:].flatten()).item()
        numbers = loaded.evaluate(split).numbers
        assert numbers["tokens"] == (rows - 1) * 3
        assert numbers["loss"] == pytest.approx(expected, rel=1e-5)
        assert numbers["perplexity"] == pytest.approx(torch.tensor(expected).exp().item(), rel=1e-4)
        if split == "validation":
            assert min(line["validation_loss"] for line in log) == pytest.approx(expected, rel=1e-5)
    assert numbers["note"] == "made up"


def test_characters_are_measured_in_bits_too(tmp_path, tree, monkeypatch):
    text = corpora.TextCorpus("stories", "characters", CORPUS.train, CORPUS.validation, CORPUS.test, "letters")
    monkeypatch.setattr(corpora, "load", lambda name, data_root=None: text)
    trained = train(tmp_path / "run", tree, "gru")
    rows = dict(trained.evaluate("test").rows)
    assert float(rows["bits a character"]) == pytest.approx(float(rows["loss (nats a token)"]) / 0.6931, abs=2e-3)
    assert "\n" in trained.vocabulary.word2idx
    assert trained.write("dog", 5)[0].startswith("dog")


def test_another_split_is_refused(tmp_path, tree):
    with pytest.raises(DataError, match="expected one of validation, test, got 'train'"):
        new("gru", tree).evaluate("train")


# Writing


def test_prompts_and_texts():
    vocabulary = corpora_vocabulary()
    assert prompt_of("the dog", "words", vocabulary) == (["the", "dog"], [])
    assert prompt_of("the wolf sees the wolf", "words", vocabulary)[0] == ["the", "<unk>", "sees", "the", "<unk>"]
    assert prompt_of("the wolf", "words", vocabulary)[1] == ["wolf"]
    assert prompt_of(" ", "words", vocabulary) == (["<eos>"], [])
    assert text_of(["a", "cat", "<eos>", "the", "dog"], "words") == "a cat\nthe dog"
    assert text_of(["a", "\n", "b"], "characters") == "a\nb"


def corpora_vocabulary() -> Any:
    from workbench.language_model.vocabulary import Vocabulary

    return Vocabulary.fit(corpora.tokens(CORPUS.train, "words"))


def test_a_model_writes_the_same_by_the_same_seed(tree):
    trained = new("lstm", tree)
    texts = [trained.write("the dog", 30, seed=seed)[0] for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert trained.write("the wolf", 5)[1] == ["wolf"]
    assert len(trained.write("", 8, greedy=True)[0].replace("\n", " <eos> ").split()) == 8
    greedy = {
        trained.write("the", 20, temperature=heat, greedy=heat > 0, seed=seed)[0] for heat, seed in ((0, 1), (3, 2))
    }
    assert len(greedy) == 1


def test_a_transformer_writes_further_than_it_has_positions(tree):
    trained = new("transformer", tree)
    assert trained.module.max_len == 9
    assert len(trained.write("the dog sees a cat", 20)[0].split()) > 9


def test_samples_are_kept_by_epoch(tmp_path, tree):
    watch = Watch()
    train(tmp_path / "run", tree, "lstm", callbacks=[Samples(), watch])
    samples = json.loads((tmp_path / "run" / "samples.json").read_text())
    assert [sample["epoch"] for sample in samples] == [1, 2]
    assert all(len(sample["sentences"]) == 3 for sample in samples)
    assert [note.strip() for note in watch.notes] == [said for sample in samples for said in sample["sentences"]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "raise IndexError('far too long')",
            r"your generate stopped with IndexError: far too long \(.*generation\.py:",
        ),
        ("return 'the dog'", "returned 'the dog' .*; expected a list of 20 strings"),
        ("return [3] * length", "expected a list of 20 strings"),
        ("return ['the'] * (length + 1)", r"\(21 of them\); expected a list of 20 strings"),
    ],
)
def test_a_generate_that_stops_does_not_end_training(tmp_path, line, said):
    root = _changed("generation.py", "    if not prompt:\n", f"    {line}\n    if not prompt:\n", tmp_path)
    with tiny_text.opened(root) as tree:
        watch = Watch()
        trained = train(tmp_path / "run", tree, "gru", callbacks=[Samples(), watch])
        (note,) = watch.notes
        assert re.match(f"no sample sentences: .*{said}", note)
        assert note in trained.examples()[0]
        with pytest.raises(WorkbenchError, match="your generate"):
            trained.write("the", 3)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("view(batch_size, rows).t()", "view(rows, batch_size)", r"batchify\(ids, 3\), .* has token 101 at \[0, 1\]"),
        ("view(batch_size, rows).t()", "view(batch_size, rows)", r"has shape \(3, 7\), expected \(7, 3\)"),
        ("source[i + 1 : i + 1 + S]", "source[i : i + S]", "target of get_batch.* has token 100 at"),
        (".reshape(-1)", "", r"target of get_batch.* has shape \(4, 3\), expected \(12,\)"),
        (".reshape(-1)", ".t().reshape(-1)", "target of get_batch.* has token 102 at"),
        (
            "min(bptt, source.size(0) - 1 - i)",
            "min(bptt, source.size(0) - 2 - i)",
            r"data of get_batch\(source, 4, 4\)",
        ),
        ("return source[i : i + S],", "return source[:S],", r"data of get_batch\(source, 4, 4\)"),
        ("return source[i : i + S],", "return None,", "data of get_batch.* has shape NoneType"),
    ],
)
def test_wrong_batching_is_said_before_a_loss_is_computed_from_it(tmp_path, right, wrong, said):
    with tiny_text.opened(_changed("batching.py", right, wrong, tmp_path)) as tree:
        for use in (lambda: train(tmp_path / "run", tree, "gru"), lambda: new("gru", tree).evaluate("test")):
            with pytest.raises(WorkbenchError, match=rf"{said}.*python -m tests"):
                use()
    assert not (tmp_path / "run").exists()


def test_an_error_of_the_model_says_where_it_is(tmp_path):
    root = _changed("RNNModel.py", "batch_size, self.nhid)", "batch_size, self.hidden)", tmp_path)
    with (
        tiny_text.opened(root) as tree,
        pytest.raises(WorkbenchError, match=r"your code stopped with \w+: .*RNNModel\.py:\d+"),
    ):
        train(tmp_path / "run", tree, "gru")
    assert not (tmp_path / "run").exists()


def _changed(name: str, right: str, wrong: str, folder: Path) -> Path:
    """The solution with a fault in one file."""
    shutil.copytree(SOLUTION / "models", folder / "tree" / "models")
    path = folder / "tree" / "models" / "language_model" / name
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))
    return folder / "tree"


# What is not there


def test_a_tree_that_cannot_generate_is_trained_all_the_same(tmp_path):
    with tiny_text.opened(_without("generation.py", tmp_path)) as tree:
        watch = Watch()
        trained = train(tmp_path / "run", tree, "gru", callbacks=[Samples(), watch])
        assert watch.notes == ["no sample sentences: generation is not implemented yet"]
        assert trained.examples() == []
        with pytest.raises(NotImplementedError, match=r"language_model\.generation"):
            trained.write("the", 3)
    assert not (tmp_path / "run" / "samples.json").exists()


@pytest.mark.parametrize(
    ("file", "named", "model"),
    [("batching.py", "language_model.batching", "transformer"), ("RNNModel.py", "language_model.RNNModel", "gru")],
)
def test_what_is_not_written_is_said_before_a_run_begins(tmp_path, file, named, model):
    with tiny_text.opened(_without(file, tmp_path)) as tree, pytest.raises(NotImplementedError, match=named):
        train(tmp_path / "run", tree, model)
    assert not (tmp_path / "run").exists()


def _without(name: str, folder: Path) -> Path:
    """The solution with one file as students get it."""
    shutil.copytree(SOLUTION / "models", folder / "tree" / "models")
    place = Path("models/language_model") / name
    shutil.copy(ROOT / "student" / place, folder / "tree" / place)
    return folder / "tree"


def test_a_run_of_another_part_is_refused(tmp_path, tree):
    train(tmp_path / "run", tree, "gru")
    with pytest.raises(WorkbenchError, match="is a run of language models: `generate` lets it write"):
        TrainedTranslator.load(tmp_path / "run", device="cpu")
    assert isinstance(Trained.load(tmp_path / "run", device="cpu"), TrainedLanguageModel)


# Searching


def test_the_search_stays_in_the_exercises_ranges():
    space = tuning.space_of(Settings.of("transformer", "stories"))
    ranges = {"dropout": (0.0, 0.3), "num_layers": (2, 4), "num_heads": (2, 4), "hidden_size": (200, 250)}
    ranges |= {"learning_rate": (5e-3, 5.0)}
    assert {key: space[key][1] for key in ranges} == ranges
    assert set(space["optimizer"][1]) == {"sgd", "adam", "radam"}
    for size in space["emb_size"][1]:
        assert 200 <= size <= 250
        for heads in (2, 3, 4):
            Settings.of("transformer", "stories", changes=[f"emb_size={size}", f"num_heads={heads}"])
