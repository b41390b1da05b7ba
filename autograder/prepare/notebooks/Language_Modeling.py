# parts: language_model
# %% [markdown]
# # Language models
#
# A language model reads a text and predicts, after every word, what comes next. This notebook goes through {parts} of
# the assignment: how a long text becomes batches, which models learn from them, how they are trained and measured, and
# how they write. Each section explains an idea with equations and a picture, then runs **the tests that grade you** on
# your code. At the end your models learn to tell stories.
#
# You write no code here. Write it in `student/models/language_model/`, in an editor of your choice. After you have
# saved a file, run a cell of this notebook again: it uses the new version. For code that you have not written yet, a
# cell prints one line, so you can run the whole notebook from the first day on.

# %% include shared/set_up.py

# %% [markdown]
# These are all settings of this notebook. Models of these sizes learn in a few minutes on a laptop.

# %%
import copy
import json
import math
import os
import time

import torch
from workbench.language_model import corpora, figures
from workbench.language_model.vocabulary import Vocabulary
from workbench.metrics import perplexity
from workbench.notebook import Notebook, show_table
from workbench.pictures.positions import positions

DATA = "stories"  # part of the handout; "shakespeare" and "wikitext-2" are downloaded and take much longer


def step_lr(optimizer):
    """Multiplies the learning rate by 0.95 after each epoch."""
    return torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.95)


SETTINGS = {
    "embedding": 200,
    "hidden": 200,
    "layers": 2,
    "heads": 2,
    "dropout": 0.2,
    "tie_weights": True,
    "norm_first": True,
    "optimizer": "Adam",
    "learning_rate": 0.005,
    "scheduler": step_lr,
    "clip": 0.25,
    "batch_size": 20,
    "bptt": 35,
    "epochs": 4,
    "seed": 1,
    "lines": None,  # of the training split; None is all of them
}
SETTINGS |= json.loads(os.environ.get("NOTEBOOK_SETTINGS", "{}"))  # when this notebook is tested
PROMPTS = {
    "stories": ("One morning ,", "“ Where is my", "Anna had"),
    "shakespeare": ("ROMEO:\n", "The king ", "To be"),
    "wikitext-2": ("The game", "In the", "He was"),
}[DATA]
notebook = Notebook(TREE)

# %% [markdown]
# ## The data
#
# The data are short stories, generated for this assignment. Their words are simple, but to predict the next one you
# have to remember whether Anna is "she", how many apples there were and how many she gave away, who has the drum now,
# and that a quotation or a bracket is still open. Try it: cover the end of a story and guess.
#
# A vocabulary gives every word of the *training* split an id. `<unk>` stands for any other word, and `<eos>` ends each
# line. The whole text becomes one long vector of ids, and a model sees nothing else.

# %%
corpus = corpora.load(DATA)


def ids_of(lines):
    """The ids of these lines, one after the other: (M,)."""
    return vocabulary.encode(corpora.tokens(lines, corpus.unit))


vocabulary = Vocabulary.fit(corpora.tokens(corpus.train, corpus.unit))
train_ids, validation_ids = ids_of(corpus.train[: SETTINGS["lines"]]), ids_of(corpus.validation)
print(f"{len(train_ids):,} {corpus.unit} to train on, {len(validation_ids):,} to validate ({corpus.note})")
print(f"{len(vocabulary)} different ones: {' '.join(map(repr, vocabulary.idx2word[:9]))} ...\n")
print("\n\n".join(corpus.train[:2]))

# %% [markdown]
# What is a good guess? The probability of a text is the product of the probabilities of its words, each given all
# words before it,
#
# $$p(w_1, \dots, w_M) = \prod_{t=1}^{M} p(w_t \mid w_1, \dots, w_{t-1})$$
#
# and the **loss** is the mean of $-\log p(w_t \mid w_1, \dots, w_{t-1})$ over the words. **Perplexity** is
# $e^{\mathrm{loss}}$: the number of words that the model hesitates between, on average. For these stories, a model that
# knows nothing has a perplexity of the size of the vocabulary; a model that knows how frequent each word is, about 140;
# one that counts which word follows which, 8.4. The grammar that wrote the stories has 1.43.

# %% [markdown]
# ## Batches of one text
#
# A recurrent model reads word by word, and a graphics card is fast only with many words at once. So the text is cut
# into $B$ pieces of equal length, which become columns: at each step the model reads a row. Words that do not fill a
# whole row are left out. A **chunk** of $S$ rows is the model's input; the target is the chunk that starts one row
# later.

# %%
figures.batches()

# %%
notebook.check("Batches of one text")

# %% [markdown]
# Your functions cut the alphabet of the picture:

# %%
if notebook.ready("language_model.batching"):
    from models.language_model.batching import batchify, get_batch

    def spell(ids):
        return " ".join(chr(ord("A") + id) for id in ids.tolist())

    columns = batchify(torch.arange(26), 4)
    data, target = get_batch(columns, 0, 2)
    print("\n".join(spell(row) for row in columns))
    print(f"\ndata\n{spell(data[0])}\n{spell(data[1])}\n\ntarget\n{spell(target)}")

# %% [markdown]
# Each chunk starts with the hidden state with which the previous chunk ended, so the model can remember what it read
# ten chunks ago. A gradient that goes back through the whole text would take more memory and time with every chunk.
# **Truncated back-propagation through time** (Williams and Peng, 1990) keeps the *values* of the state and stops the
# *gradient* between chunks:
#
# $$h_0^{(k+1)} = \mathrm{detach}\big(h_S^{(k)}\big) \qquad
# \frac{\partial\,\mathrm{loss}^{(k+1)}}{\partial h_S^{(k)}} = 0$$
#
# `repackage_hidden` does this. Without it the second backward pass fails, because its graph reaches into the graph of
# the first chunk, which has been freed.

# %%
figures.truncated()

# %% [markdown]
# ## RNNModel
#
# One class has four kinds of layers. The two plain ones have a nonlinearity $\phi$, tanh or ReLU (Elman, 1990; Le et
# al., 2015). The **GRU** (Cho et al., 2014) mixes the old state and a candidate with a gate $z$. The **LSTM**
# (Hochreiter and Schmidhuber, 1997) is that of `nn.LSTM`:
#
# $$\begin{aligned}
# \text{RNN:} \quad h' &= \phi(W x + U h + b) \\
# \text{GRU:} \quad r &= \sigma(W_r x + U_r h + b_r) \qquad z = \sigma(W_z x + U_z h + b_z) \\
# n &= \tanh\big(W_n x + b_n + r \odot (U_n h + c_n)\big) \\
# h' &= (1 - z) \odot n + z \odot h
# \end{aligned}$$
#
# Where $z$ is near one, the GRU keeps its state, and the gradient passes unchanged, too.

# %%
figures.cells()

# %% [markdown]
# Around these layers there are an embedding, dropout before and after, and a decoder that gives every word of the
# vocabulary a score. The embedding is a table (ntoken, ninp), and the decoder's weight is (ntoken, nhid): both have a
# vector for each word. With `tie_weights` they are **one tensor**, which gets the gradients of both uses (Press and
# Wolf, 2017).

# %%
figures.model()

# %%
notebook.check("RNNModel")

# %% [markdown]
# How many parameters does tying save, with the vocabulary of these stories and with one of 33,000 words?

# %%
if notebook.ready("language_model.RNNModel"):
    from models.language_model.RNNModel import RNNModel

    for words in (len(vocabulary), 33_000):
        for tied in (False, True):
            model = RNNModel("LSTM", words, 200, 200, 2, tie_weights=tied)
            count = sum(weight.numel() for weight in model.parameters())
            print(f"{words:6,} words, {'tied: ' if tied else 'apart:'} {count:10,} parameters")

# %% [markdown]
# ## Positional encoding
#
# A Transformer sees a set of words, and nothing tells it which came first. So each position has a vector, which is
# added to the word's. These vectors are not learnt (Vaswani et al., 2017):
#
# $$pe_{t,2k} = \sin\frac{t}{10000^{2k/d}} \qquad pe_{t,2k+1} = \cos\frac{t}{10000^{2k/d}}$$
#
# Each row of the picture is a position. If $d$ is odd, there is one sine more than there are cosines.

# %%
positions()

# %%
notebook.check("Positional encoding")

# %% [markdown]
# ## TransformerModel
#
# All positions of a chunk are computed at once. Each predicts its next word, which is also in the input, one position
# to the right. The **causal mask** hides all positions to the right. A boolean mask is True where a position is hidden;
# an additive mask has $-\infty$ there, which the softmax turns into a weight of zero:
#
# $$\mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}} + \mathrm{mask}\right) V$$

# %%
figures.causal_mask()

# %% [markdown]
# A layer has two parts $f$, attention and feed-forward, and each is added to its input. The place of the LayerNorm
# makes a difference. **Post-norm**, as published in 2017, normalises the sum. **Pre-norm** (`norm_first`, Xiong et al.,
# 2020) normalises the input of $f$, so that the gradient has a direct way from the last layer to the first, and the
# learning rate needs less care:
#
# $$\text{post-norm: } \mathrm{LayerNorm}(x + f(x)) \qquad \text{pre-norm: } x + f(\mathrm{LayerNorm}(x))$$
#
# The embedding is multiplied by $\sqrt{d}$, because it is initialised small, and positions between -1 and 1 would
# drown it.

# %%
notebook.check("TransformerModel")

# %% [markdown]
# Your mask at work: one word is replaced by another, and we ask which outputs change. No output before it may change.

# %%
if notebook.ready("language_model.positions", "language_model.TransformerModel"):
    from models.language_model.TransformerModel import TransformerModel

    torch.manual_seed(0)
    model = TransformerModel(len(vocabulary), 32, 2, 32, 2).eval()
    before = validation_ids[:10].unsqueeze(1)  # (10, 1)
    after = before.clone()
    after[5] = (after[5] + 1) % len(vocabulary)
    with torch.no_grad():
        change = (model(after) - model(before)).abs().amax(dim=1)
    for place, (token, size) in enumerate(zip(vocabulary.decode(before[:, 0]), change.tolist(), strict=True)):
        print(f"{token!r:>12} {'is replaced, output ' if place == 5 else 'output '}changes by {size:.3f}")

# %% [markdown]
# ## Training and evaluation
#
# An epoch goes once over the text, chunk by chunk: detach the state, forward, loss, backward, clip, step. Gradients of
# recurrent models can suddenly be a thousand times larger than usual; **clipping** keeps their direction and limits
# their length (Pascanu et al., 2013). $g$ holds the gradients of *all* parameters, as one vector:
#
# $$g \leftarrow g \cdot \min\!\left(1, \frac{c}{\lVert g \rVert}\right)$$
#
# The loss of an epoch is the mean over *tokens*: the last chunk is shorter than the others and counts for less. The
# mean of the chunks' means would be a different number.

# %%
notebook.check("Training and evaluation")

# %% [markdown]
# ## Generated text
#
# To write, choose a word from the model's prediction, let the model read that word, and repeat. Choosing the most
# probable word (**greedy**) soon repeats itself. Drawing words by their probabilities is livelier and makes more
# mistakes. A **temperature** $T$ (Ackley et al., 1985) near 0 is nearly greedy, 1 draws by the probabilities, and above
# 1 improbable words become more frequent:
#
# $$p_i(T) = \frac{p_i^{1/T}}{\sum_j p_j^{1/T}} = \mathrm{softmax}_i\!\left(\frac{\log p}{T}\right)$$

# %%
figures.temperature()

# %%
notebook.check("Generated text")

# %% [markdown]
# ## Train
#
# This is the whole program, built from your functions: `learn` trains a model and records the results of each epoch.
# After every epoch the model continues three prompts by 20 words.

# %%
RUNS = {}  # name -> the model, its settings, its epochs and what it wrote after each
NEEDS = {
    name: [f"language_model.{piece}" for piece in ("batching", *pieces, "training", "generation")]
    for name, pieces in {"RNN": ["RNNModel"], "Transformer": ["positions", "TransformerModel"]}.items()
}


def build(kind, settings):
    """A new model: an RNNModel of this rnn_type, or a TransformerModel."""
    from models.language_model.RNNModel import RNNModel
    from models.language_model.TransformerModel import TransformerModel

    sizes = (len(vocabulary), settings["embedding"])
    if kind == "Transformer":
        return TransformerModel(
            *sizes, settings["heads"], settings["hidden"], settings["layers"], settings["dropout"],
            norm_first=settings["norm_first"],
        )  # fmt: skip
    return RNNModel(kind, *sizes, settings["hidden"], settings["layers"], settings["dropout"], settings["tie_weights"])


def write(model, prompt, temperature=1.0, length=20, seed=0):
    """The prompt, and how the model goes on."""
    from models.language_model.generation import generate

    words = prompt.split() if corpus.unit == "words" else list(prompt)
    words += generate(model, vocabulary, words, length, temperature, generator=torch.Generator().manual_seed(seed))
    return (" " if corpus.unit == "words" else "").join(words)


def learn(kind, name="", **changes):
    """Train a model of this kind with SETTINGS and changes to them."""
    if not notebook.ready(*NEEDS["Transformer" if kind == "Transformer" else "RNN"]):
        return
    from models.language_model.batching import batchify
    from models.language_model.training import evaluate, train_epoch

    settings = SETTINGS | changes
    torch.manual_seed(settings["seed"])
    model = build(kind, settings)
    optimizer = getattr(torch.optim, settings["optimizer"])(model.parameters(), lr=settings["learning_rate"])
    scheduler = settings["scheduler"](optimizer)
    train, validation = batchify(train_ids, settings["batch_size"]), batchify(validation_ids, settings["batch_size"])
    run = {"model": model, "settings": settings, "epochs": [], "texts": []}
    learned = copy.deepcopy(model.state_dict())  # the last weights whose loss is a number
    RUNS.pop(name or kind, None)
    print(f"{name or kind}:")
    for epoch in range(1, settings["epochs"] + 1):
        start = time.perf_counter()
        train_loss = train_epoch(model, train, optimizer, settings["bptt"], settings["clip"])
        loss = evaluate(model, validation, settings["bptt"])
        if not math.isfinite(loss):
            print(f"epoch {epoch}: the loss is {loss}; try a lower learning rate")
            model.load_state_dict(learned)
            break
        learned = copy.deepcopy(model.state_dict())
        scheduler.step()
        run["epochs"].append({"epoch": epoch, "train_loss": train_loss, "validation_loss": loss})
        run["texts"].append([write(model, prompt, seed=seed) for seed, prompt in enumerate(PROMPTS)])
        print(
            f"epoch {epoch}: loss {train_loss:.3f}, perplexity {perplexity(train_loss, 1):.2f}; validation loss "
            f"{loss:.3f}, perplexity {perplexity(loss, 1):.2f}; {time.perf_counter() - start:.0f} s"
        )
        RUNS[name or kind] = run


def show(*names):
    """Loss and perplexity of these runs over epochs, and what their models wrote."""
    if missing := [name for name in names if name not in RUNS]:
        print(f"Not trained yet: {', '.join(missing)}. The cell that trains it is further up.")
    there = {name: RUNS[name] for name in names if name in RUNS}
    if there:
        display(figures.learning({name: run["epochs"] for name, run in there.items()}))
        rows = [
            (name, str(epoch), *texts)
            for name, run in there.items()
            for epoch, texts in enumerate(run["texts"], start=1)
        ]
        show_table(("model", "epoch", *PROMPTS), rows)


# %%
learn("RNN_TANH")
learn("LSTM")
learn("Transformer")

# %% [markdown]
# Read what the models write, epoch by epoch. First they learn frequent words, then pairs of words, then whole
# sentences. Last, if at all, they learn to remember: does the kite stay red, does "Anna" stay "she", is every quotation
# closed?

# %%
show("RNN_TANH", "LSTM", "Transformer")

# %% [markdown]
# The same model writes at several temperatures:

# %%
if "LSTM" in RUNS:
    for temperature in (0.0, 0.5, 1.0, 2.0):
        print(f"T = {temperature}: {write(RUNS['LSTM']['model'], PROMPTS[0], temperature, length=40)}\n")

# %% [markdown]
# ## Tune
#
# Find better settings. More epochs alone are not tuning. Change one thing at a time, and predict the effect before you
# run it. Stay within these ranges:
#
# | setting | range |
# |---|---|
# | `embedding`, `hidden` | 200 to 250; with `tie_weights` an RNN needs the same for both |
# | `layers`, `heads` | 2 to 4; a Transformer's `embedding` has to be a multiple of `heads` |
# | `dropout` | 0 to 0.3 |
# | `learning_rate` | 0.005 to 5 |
# | `optimizer` | "SGD", "Adam" or "RAdam" |
# | `scheduler` | `step_lr`, or a function of your own like it |
# | `norm_first` | False (post-norm) or True (pre-norm) |
#
# A learning rate that is right for SGD is a hundred times too large for Adam. Choose by the validation split, the only
# one that this notebook uses. Read the test split once, of the model that you have chosen.

# %%
MODELS = ("RNN_TANH", "RNN_RELU", "GRU", "LSTM", "Transformer")
OPTIMIZERS = ("SGD", "Adam", "RAdam")
RANGES = {
    "embedding": (200, 250), "hidden": (200, 250), "layers": (2, 4), "heads": (2, 4), "dropout": (0, 0.3),
    "learning_rate": (0.005, 5),
}  # fmt: skip
UNUSED = {kind: {"tie_weights"} if kind == "Transformer" else {"heads", "norm_first"} for kind in MODELS}


def wrong_with(kind, changes):
    """What these changes are that they should not be, each in a sentence."""
    if kind not in MODELS:
        yield f"there is no model {kind!r}; choose one of {', '.join(MODELS)}"
        return
    for key in changes.keys() - SETTINGS.keys():
        yield f"there is no setting {key!r}; choose among {', '.join(SETTINGS)}"
    for key in changes.keys() & UNUSED[kind]:
        yield f"{key} changes nothing for {kind}"
    if all(key in ("epochs", "seed") or SETTINGS.get(key) == value for key, value in changes.items()):
        yield "nothing is changed, or only epochs and seed, which is not tuning"
    settings = SETTINGS | changes
    yield from out_of_range(kind, changes if "NOTEBOOK_SETTINGS" in os.environ else settings)
    if settings["optimizer"] not in OPTIMIZERS:
        yield f"optimizer is {settings['optimizer']!r}; choose one of {', '.join(OPTIMIZERS)}"
    if not callable(settings["scheduler"]):
        yield f"scheduler is {settings['scheduler']!r}; it has to be a function of the optimizer, as step_lr is"
    if kind != "Transformer" and settings["tie_weights"] and settings["embedding"] != settings["hidden"]:
        sizes = f"embedding is {settings['embedding']} and hidden is {settings['hidden']}"
        yield f"{sizes}; with tie_weights they have to be the same, since one weight serves both"


def out_of_range(kind, settings):
    """The settings that are no number, or outside of this exercise's range."""
    for key in RANGES.keys() & settings.keys() - UNUSED[kind]:
        (least, most), value = RANGES[key], settings[key]
        types = (int, float) if float in (type(least), type(most)) else (int,)
        if type(value) not in types or not least <= value <= most:
            whole = "" if float in types else "whole "
            yield f"{key} is {value!r}; expected a {whole}number from {least} to {most}, the range of this exercise"
        elif key == "heads" and type(embedding := (SETTINGS | settings)["embedding"]) is int and embedding % value:
            yield f"embedding is {embedding}; it has to be a multiple of heads, which is {value}"


def tune(kind, **changes):
    """Train with these changes and compare with the model above; or say why not."""
    if wrong := list(wrong_with(kind, changes)):
        print("Nothing was trained:", *wrong, sep="\n")
        return
    learn(kind, "tuned", **changes)
    show(kind, "tuned")


# %%
MODEL = "Transformer"  # or RNN_TANH, RNN_RELU, GRU, LSTM
CHANGES = {
    "optimizer": "SGD",
    "learning_rate": 2.0,
    "norm_first": False,
}
tune(MODEL, **CHANGES)

# %% [markdown]
# On a larger text, differences are larger and training takes longer. In a terminal,
# `python -m workbench train --model lstm --data wikitext-2` trains your model on articles of Wikipedia (`shakespeare`:
# on plays, by characters). `generate` lets it write, `sweep` compares LSTM and GRU setting by setting, and `profile`
# shows where the time goes.

# %% include shared/hand_in.py
