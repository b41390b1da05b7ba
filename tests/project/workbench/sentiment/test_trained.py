"""Sentiment models with the solution: trained, resumed, measured, asked, explained, by function and by command."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertModel
from typer.testing import CliRunner

from tests.project.workbench import trees
from workbench.commands.app import app
from workbench.errors import SettingsError, WorkbenchError
from workbench.experiments import compare
from workbench.sentiment import baseline, berts
from workbench.sentiment.data import Review
from workbench.sentiment.explaining import gradient_times_input
from workbench.sentiment.kept import Outputs
from workbench.sentiment.part import PART
from workbench.sentiment.trained import TrainedClassifier
from workbench.training import launch
from workbench.training.run_folder import Run, RunError
from workbench.training.settings import Settings
from workbench.training.trainer import Trainer
from workbench.training.trees import open_tree

QUICK = ("bert=tiny", "hidden_dim=8", "first=60", "epochs=2", "batch_size=25")


def settings(*changes: str) -> Settings:
    return Settings.of("bert-gru", "reviews", "default", [*QUICK, *changes])


@pytest.fixture(scope="module")
def solution():
    with trees.forgotten():
        yield open_tree(trees.SOLUTION)


@pytest.fixture(scope="module")
def run(solution, tmp_path_factory):
    """A short training, and where it is."""
    folder = tmp_path_factory.mktemp("runs") / "short"
    trained, result = launch.train(settings(), folder, solution, device="cpu")
    return trained, result, folder


@pytest.fixture
def said(run):
    """Call a command on the run, and get what it prints."""

    def call(command, *arguments, input=None, code=0):
        done = CliRunner().invoke(app, [command, str(run[2]), *map(str, arguments)], input=input)
        assert done.exit_code == code, done.output
        return done.output

    return call


def test_a_run_has_the_models_weights_and_none_of_berts(run):
    trained, result, _folder = run
    assert trained.parameters == sum(weight.numel() for weight in trained.module.parameters()) < 10_000
    assert set(trained.run.load_weights()) == set(trained.module.state_dict())
    assert {name.split(".")[0] for name in trained.module.state_dict()} == {"rnn", "out"}
    assert [epoch.tokens for epoch in result.history] == [60, 60]
    assert result.accuracy == result.history[result.best_epoch - 1].validation_accuracy
    assert 0 < result.accuracy < 1


def test_a_run_whose_bert_is_another_one_now_is_not_used(run):
    path = run[2] / "bert.json"
    before = path.read_text()
    path.write_text(before.replace(berts.load("tiny", 0).digest, "another"))
    try:
        with pytest.raises(RunError, match="was trained on another tiny"):
            TrainedClassifier.load(run[2])
    finally:
        path.write_text(before)


def test_a_run_on_default_settings_counts_as_one(run, tmp_path, solution):
    assert not compare.Summary.read(run[2]).is_default
    default = Settings.of("bert-gru", "reviews")
    Run.create(tmp_path / "run", {"settings": default.to_json(), "tree": "solution", "data_root": None})
    assert compare.Summary.read(tmp_path / "run").is_default


def test_word_counting_knows_no_class_that_it_has_not_seen():
    reviews = (Review("good", 1), Review("bad", 0), Review("fine", 1))
    assert baseline.accuracy(reviews[:1], reviews) == pytest.approx(2 / 3)


def test_a_run_resumes_to_the_same_weights(run, solution, tmp_path, monkeypatch):
    epochs = iter((1,))

    def end_epoch(self, before=Trainer._end_epoch):
        before(self)
        if next(epochs, None):
            raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "_end_epoch", end_epoch)
    with pytest.raises(KeyboardInterrupt):
        launch.train(settings(), tmp_path / "run", solution, device="cpu")
    trained, result = launch.resume(tmp_path / "run", device="cpu")
    assert result.loss == run[1].loss
    for name, weight in run[0].module.state_dict().items():
        assert torch.equal(trained.module.state_dict()[name], weight)


def test_what_is_measured_is_what_a_plain_computation_gives(run):
    trained = run[0]
    numbers = trained.evaluate("test").numbers
    reviews = trained.corpus().test
    bert, tokenizer = berts.load("tiny").bert, berts.load("tiny").tokenizer
    module = trained.module.eval()
    bert.eval()
    plain = []
    with torch.no_grad():
        for review in reviews[:40]:  # one by one, without padding and without what is kept
            ids = torch.tensor([tokenizer.encode(review.text)])
            _, states = nn.GRU.forward(module.rnn, bert(ids).last_hidden_state)
            plain.append(module.out(torch.cat((states[-2], states[-1]), dim=1)).item())
    logits, labels = trained.logits("test")
    found = torch.sigmoid(logits)
    torch.testing.assert_close(found[:40], torch.sigmoid(torch.tensor(plain)), atol=0.02, rtol=0.02)
    assert labels.tolist() == [review.label for review in reviews]
    assert numbers["accuracy"] == pytest.approx(((found > 0.5).long() == labels).float().mean().item())
    assert numbers["loss"] == pytest.approx(F.binary_cross_entropy_with_logits(logits, labels.float()).item())
    assert sum(map(sum, numbers["confusion"])) == numbers["reviews"] == 1000


def test_evaluate_shows_word_counting_beside_it_and_compare_reads_both(said, run):
    output = said("evaluate")
    assert "all 900 reviews of validation" in output
    assert "calibration error" in output
    numbers = json.loads((run[2] / "validation.json").read_text())
    assert numbers["split"] == "validation"
    assert 0 < numbers["tfidf_accuracy"] < 1
    rows = {row.label: row.cells for row in compare.table(compare.read([run[2]]))}
    assert rows["validation accuracy"] == (f"{run[1].accuracy:.2%}",)
    assert rows["validation accuracy of TF-IDF"] == (f"{numbers['tfidf_accuracy']:.2%}",)
    assert not [label for label in rows if "perplexity" in label]


def test_predict_reads_arguments_a_file_and_the_input(said, tmp_path):
    reviews = ["The plot is dull.", "A wonderful cast!"]
    (tmp_path / "reviews.txt").write_text("\n\n".join(reviews), encoding="utf-8")
    lines = said("predict", *reviews).splitlines()
    assert [line.split("  ", 1)[1] for line in map(str.strip, lines)] == reviews
    assert all(0 <= float(line.split("%")[0]) <= 100 for line in lines)
    assert said("predict", "--file", tmp_path / "reviews.txt").splitlines() == lines
    assert said("predict", input="\n".join(reviews)).splitlines() == lines
    assert "not both" in said("predict", "Good.", "--file", tmp_path / "reviews.txt", code=2)
    assert "give a review" in said("predict", input="\n", code=2)


def test_mistakes_are_printed_with_the_most_confident_first_and_drawn(said, run, tmp_path):
    output = said("mistakes", "--count", 3, "--picture", tmp_path / "quality.png")
    sure = [line for line in output.splitlines() if "and the model says" in line]
    assert len(sure) == 3
    doubts = []
    for line in sure:
        share = float(line.split("says ")[1].split("%")[0])
        doubts.append(share if line.startswith("positive") else 100 - share)
        assert doubts[-1] <= 50
    assert doubts == sorted(doubts)
    assert (tmp_path / "quality.png").stat().st_size > 10_000


def test_explain_prints_and_draws_the_words(said, tmp_path):
    output = said("explain", "The plot is anything but superb.", "--picture", tmp_path / "words.svg")
    assert "positive: the plot is anything but superb ." in " ".join(output.split())
    assert (tmp_path / "words.svg").stat().st_size > 1000


def test_shares_of_words_add_up_to_the_change_of_the_logit_for_small_vectors(run):
    """To first order, what all vectors contribute is how the logit changes when all of them grow by a little."""
    trained = run[0]
    classifier, review = trained.classifier, "Nobody could call the villain lifeless."
    _, words = trained.explain(review)
    text = torch.tensor([classifier.texts.ids(review)])
    gains = []

    def scale(module, inputs, factor):
        return (inputs[0]._replace(data=factor * inputs[0].data),)

    classifier.module.eval()
    with torch.no_grad():
        for factor in (0.99, 1.01):
            handle = classifier.module.rnn.register_forward_pre_hook(lambda m, i, f=factor: scale(m, i, f))
            gains.append(classifier.logits(text).item())
            handle.remove()
    shares = gradient_times_input(classifier, text)[1]
    assert shares.sum().item() == pytest.approx((gains[1] - gains[0]) / 0.02, rel=0.02, abs=1e-4)
    assert sum(word.share for word in words) == pytest.approx(shares[1:-1].sum().item(), abs=1e-5)
    assert [word.text for word in words] == ["nobody", "could", "call", "the", "villain", "lifeless", "."]


def test_settings_that_cannot_be_are_refused(solution):
    for change, words in (
        ("compile=true", "compile is not for sentiment"),
        ("max_length=2", "take 3"),
        ("dropout=1.5", "between 0 and 1"),
    ):
        with pytest.raises(SettingsError, match=words):
            settings(change)
    with pytest.raises(SettingsError, match="tiny reads at most 512 ids"):
        TrainedClassifier.new(settings("max_length=600"), solution, None, torch.device("cpu"))


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        (
            "BERTGRUSentiment",
            "return logits",
            "return logits.squeeze(1)",
            r"tensor \(2,\); expected \(N, output_dim",
        ),
        ("BERTGRUSentiment", "return logits", "return logits.detach()", "no gradient can go back"),
        ("BERTGRUSentiment", "return logits", "return logits + None", r"stopped with TypeError.*BERTGRUSentiment"),
        ("tokenization", "return ids", "return torch.tensor(ids)", "returned a Tensor for"),
        ("tokenization", "return ids", "return ids * 100", "of them for .*; expected a list of 2 to 512 ids"),
    ],
)
def test_wrong_code_is_said_before_bert_reads_anything(
    tmp_path, trees_forgotten, monkeypatch, file, before, after, words
):

    monkeypatch.setattr(Outputs, "places", lambda self: pytest.fail("BERT reads"))
    shutil.copytree(trees.SOLUTION, tmp_path / "tree", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "tree" / "models" / "sentiment" / f"{file}.py"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(WorkbenchError, match=words):
        launch.train(settings(), tmp_path / "run", open_tree(tmp_path / "tree"), device="cpu")
    assert not (tmp_path / "run").exists()


def test_the_classic_models_sizes():
    """bert-base-uncased's, hidden 256, two layers, both directions: on the meta device, without numbers."""
    with trees.forgotten():
        package = open_tree(trees.SOLUTION).models.sentiment.BERTGRUSentiment
        with torch.device("meta"):
            model = package.BERTGRUSentiment(BertModel(BertConfig()), 256, 1, 2, True, 0.25)
        assert package.count_parameters(model) == 112_241_409
        package.freeze(model.bert)
        assert package.count_parameters(model) == 2_759_169


def test_the_presets_can_be_trained_on_both_data_sets():
    for preset in PART.presets:
        for name in PART.data:
            assert Settings.of("bert-gru", name, preset).part is PART


def test_its_modules_load_neither_torch_nor_transformers_for_help():
    heavy = ("torch", "transformers", "sklearn")
    script = f"import sys, workbench.commands.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=trees.ROOT, check=True)
    assert done.stdout.strip() == "[]"
