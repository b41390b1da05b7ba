# parts: naive, seq2seq, transformer
# %% [markdown]
# # Machine translation
#
# From a recurrent cell to a Transformer: this notebook goes through {parts} of the assignment. Each section
# explains an idea with equations and a picture, then runs **the tests that grade you** on your code. Your models learn
# to translate German captions, and you see what they say and where they look.
#
# You write no code here. Write it in `student/models/`, in an editor of your choice. After you have saved a file, run
# a cell of this notebook again: it uses the new version. For code that you have not written yet, a cell prints one
# line, so you can run the whole notebook from the first day on.

# %% include shared/set_up.py

# %% [markdown]
# These are all settings of this notebook. Five epochs take a few minutes on a laptop and show what each model can do;
# more are better.

# %%
import json
import os

import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.nn import functional as F
from workbench.pictures.positions import positions
from workbench.translation import data, figures
from workbench.translation.notebook import Notebook

DATA = "captions"  # part of the handout; "multi30k" is downloaded and takes much longer
SETTINGS = {"epochs": 5}  # of every training below; `python -m workbench train --help` has more
SETTINGS |= json.loads(os.environ.get("NOTEBOOK_SETTINGS", "{}"))  # when this notebook is tested
SENTENCES = [
    "Ein Mann liest einem Kind ein Buch vor.",
    "Im Park schläft eine Frau.",
    "Zwei Kinder spielen vor dem Haus Fußball.",
]
notebook = Notebook(TREE, DATA)

# %% [markdown]
# ## The data
#
# The data are pairs of a German sentence and its English translation. German puts the verb second and its prefix last
# ("liest ... vor"), and marks by case who does what to whom, so a model that translates word by word goes wrong. A
# vocabulary holds the words that occur at least twice in the training split. Four ids are special: `<unk>` 0 for any
# other word, `<pad>` 1 to fill rows up, `<sos>` 2 at the start and `<eos>` 3 at the end.

# %%
corpus = data.load(DATA)
print(f"{len(corpus.train)} pairs to train on, {len(corpus.validation)} to validate, {len(corpus.test)} to test\n")
for pair in corpus.train[:4]:
    print(f"{pair.source}\n    {pair.target}")

# %% [markdown]
# ## Part 1: a recurrent cell
#
# A recurrent network reads a sequence one step at a time and keeps what it needs to know in a hidden state $h$.
# Your `VanillaRNN` is one such step: from the input $x$ and the previous hidden state $h$ it computes the hidden
# state $h'$ and the output $y$ (Elman, 1990),
#
# $$h' = \tanh(W_h\,[x; h] + b_h) \qquad y = \mathrm{log\,softmax}(W_o\,[x; h] + b_o)$$
#
# where $[x; h]$ is $x$ followed by $h$. $\tanh$ keeps the state between -1 and 1, however long the sequence is. Look
# at the arrows: the output does *not* read the new state.

# %%
figures.rnn_cell()

# %%
notebook.check("RNN")

# %% [markdown]
# What is such a cell good for? Here your cell reads English captions letter by letter and learns to predict the next
# letter. The loss begins near $\ln 30 \approx 3.4$, the loss of guessing among 30 letters. After so few updates the
# cell cannot spell, but it knows where vowels, spaces and line ends go.

# %%
UPDATES = 200
if notebook.ready("naive.RNN"):
    from models.naive.RNN import VanillaRNN

    torch.manual_seed(0)
    text = "\n".join(pair.target.lower() for pair in corpus.train)
    letters = sorted(set(text))
    ids = torch.tensor([letters.index(letter) for letter in text])
    rnn = VanillaRNN(len(letters), 64, len(letters))
    optimizer = torch.optim.Adam(rnn.parameters(), lr=5e-3)
    losses = []
    for _ in range(UPDATES):
        windows = ids[torch.randint(len(ids) - 20, (32, 1)) + torch.arange(21)]  # 32 pieces of the text
        state, loss = torch.zeros(32, 64), 0.0
        for now, following in zip(windows.T[:-1], windows.T[1:], strict=True):
            prediction, state = rnn(F.one_hot(now, len(letters)).float(), state)
            loss = loss + F.nll_loss(prediction, following) / 20
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(rnn.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    print(f"loss {losses[0]:.2f} at first, {losses[-1]:.2f} after {UPDATES} updates. What it writes:")
    state, letter, written = torch.zeros(1, 64), "\n", ""
    with torch.no_grad():
        for _ in range(150):
            prediction, state = rnn(F.one_hot(torch.tensor([letters.index(letter)]), len(letters)).float(), state)
            letter = letters[int(torch.multinomial(prediction.exp(), 1))]
            written += letter
    print(written)

# %% [markdown]
# ## Part 1: LSTM
#
# A plain cell forgets: at each step its state goes through $W_h$ and $\tanh$ again, and early inputs fade. The LSTM
# (Hochreiter and Schmidhuber, 1997) has a second state, the cell state $c$. It runs along the top of the picture, and
# only a product and a sum change it. Three gates between 0 and 1 decide what is kept, what is added and what is shown:
#
# $$\begin{aligned}
# i &= \sigma(x W_{ii} + b_{ii} + h W_{hi} + b_{hi}) & f &= \sigma(x W_{if} + b_{if} + h W_{hf} + b_{hf}) \\
# g &= \tanh(x W_{ig} + b_{ig} + h W_{hg} + b_{hg}) & o &= \sigma(x W_{io} + b_{io} + h W_{ho} + b_{ho}) \\
# c' &= f \odot c + i \odot g & h' &= o \odot \tanh(c')
# \end{aligned}$$

# %%
figures.lstm_cell()

# %%
notebook.check("LSTM")

# %% [markdown]
# How far back do the cells see? Nothing is trained here. The cells read 30 steps, and we ask how much the last hidden
# state would change if an earlier input changed: that is the size of its gradient. With $f$ near one half the LSTM
# forgets, too. With a bias of 3 in the forget gate, $f \approx 0.95$, and the first input still counts at the end.

# %%
if notebook.ready("naive.RNN", "naive.LSTM"):
    from models.naive.LSTM import LSTM
    from models.naive.RNN import VanillaRNN

    def influence(last_state):
        """How much each of 30 inputs moves the last hidden state."""
        inputs = torch.randn(64, 30, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
        last_state(inputs).sum().backward()
        return inputs.grad.norm(dim=2).mean(dim=0)

    def read_by_rnn(inputs):
        state = torch.zeros(len(inputs), 32)
        for step in inputs.unbind(dim=1):
            state = cell(step, state)[1]
        return state

    torch.manual_seed(0)
    cell, forgets, keeps = VanillaRNN(8, 32, 1), LSTM(8, 32), LSTM(8, 32)
    nn.init.constant_(keeps.b_if, 3.0)
    _, axes = plt.subplots(figsize=(7, 3.2))
    axes.semilogy(influence(read_by_rnn), color=figures.RED, linestyle=":", label="RNN")
    axes.semilogy(influence(lambda x: forgets(x)[0]), color=figures.ORANGE, linestyle="--", label="LSTM, f about 0.5")
    axes.semilogy(influence(lambda x: keeps(x)[0]), color=figures.BLUE, label="LSTM, f about 0.95")
    axes.set(xlabel="step of the input", ylabel="influence on the last state")
    axes.legend()
    plt.show()

# %% [markdown]
# ## Part 2: sequence to sequence
#
# One network reads and another one writes (Sutskever et al., 2014; Cho et al., 2014). The **encoder** embeds the words
# of the source, reads them with a recurrent layer and passes its last hidden state through two small layers to the
# decoder:
#
# $$h_0^{dec} = \tanh(W_{out}\,\mathrm{relu}(W_{in}\,h_T^{enc} + b_{in}) + b_{out})$$
#
# The **decoder** starts from this state and from `<sos>`. At every step it reads one token, updates its state, and
# returns log-probabilities of the next token, until that is `<eos>`. In training it reads the right token of the
# previous step (teacher forcing); in use it reads the token that it has just chosen. Everything that the encoder has
# read must fit into one state.

# %%
figures.seq2seq()

# %% [markdown]
# ## Part 2: attention
#
# With attention the decoder can look back at every word (Bahdanau et al., 2015). Its hidden state before the step is a
# query $q$, which is compared with the encoder's outputs $k_1, \dots, k_T$. The step gets their weighted mean:
#
# $$\alpha_t = \mathrm{softmax}_t\!\left(\frac{q \cdot k_t}{|q|\,|k_t|}\right) \qquad
# \mathrm{context} = \sum_t \alpha_t\,k_t$$
#
# A cosine lies between -1 and 1, so no weight can be more than $e^2 \approx 7.4$ times another one: this attention
# prefers words, but never looks at one alone. Keep that in mind when you see its picture.

# %%
figures.attention()

# %%
notebook.check("Encoder", "Decoder", "Attention", "Seq2Seq")

# %% [markdown]
# Train both on the captions. **Perplexity** is the number of words that the model hesitates between, on average:
# $e^{\mathrm{loss}}$, with the loss in nats per token and without the `<sos>` that is given. A model that knows nothing
# hesitates between all words of the vocabulary; 1 is perfect. All files of a run are in `runs/notebook/`.

# %%
notebook.train("rnn", **SETTINGS)
notebook.train("lstm-attention", **SETTINGS)

# %%
notebook.curves("rnn", "lstm-attention")
notebook.translate(SENTENCES, "rnn", "lstm-attention")

# %% [markdown]
# Where does it look? Each row is a word of the translation, each column a word of the source; a row sums to 1.

# %%
notebook.attention(SENTENCES[0], "lstm-attention")

# %% [markdown]
# ## Part 3: a Transformer's encoder
#
# A Transformer has no recurrence: every position looks at all others at once (Vaswani et al., 2017). Nothing tells it
# which word came first, so each position has a vector of its own, which is learnt and added to the word's:
#
# $$e_t = \mathrm{word\_embedding}(token_t) + \mathrm{position\_embedding}(t)$$

# %%
figures.embedding()

# %% [markdown]
# Positions need not be learnt. The original Transformer used sines and cosines of falling frequency,
#
# $$p_{t,2k} = \sin\frac{t}{10000^{2k/H}} \qquad p_{t,2k+1} = \cos\frac{t}{10000^{2k/H}}$$
#
# Columns on the left tell neighbours apart, and columns on the right tell the beginning from the end. Each row of the
# picture is one position.

# %%
positions()

# %% [markdown]
# Now the layer itself. Each head compares queries $Q$ with keys $K$ and returns a weighted mean of values $V$; all
# three are linear in the same input $x$. A dot product of $d_k$ numbers grows with $d_k$, so it is divided by
# $\sqrt{d_k}$:
#
# $$\mathrm{head}_i = \mathrm{softmax}\!\left(\frac{Q_i K_i^\top}{\sqrt{d_k}}\right) V_i \qquad
# \mathrm{LayerNorm}(x + W\,[\mathrm{head}_1; \mathrm{head}_2; \dots] + b)$$
#
# The feed-forward layer then works at every position by itself,
# $\mathrm{LayerNorm}(x + W_2\,\mathrm{relu}(W_1 x + b_1) + b_2)$. Both add their input to their result, so that the
# gradient has a direct way back.

# %%
figures.encoder_layer()

# %%
notebook.check("Embedding", "Multi-head attention", "Feed-forward layer", "TransformerTranslator")

# %% [markdown]
# At each *source* position, `TransformerTranslator` predicts the target word at the same position. It writes all words
# at once, and no word depends on the others: what does that do to a sentence whose verb has to move?

# %%
notebook.train("transformer-encoder", **SETTINGS)
notebook.translate(SENTENCES, "lstm-attention", "transformer-encoder")

# %% [markdown]
# ## Part 3: the full Transformer, and its masks
#
# `FullTransformerTranslator` also has a decoder, which looks at its own words so far and at the encoder's output, the
# *memory*. That makes three kinds of attention, and `nn.Transformer` takes two masks for each: one says for every
# **pair** of positions whether the first may look at the second, the other says which **keys** no position may look at.
# In a boolean mask **True means hidden**.
#
# - `tgt_mask` is causal: a row sees itself and what is left of it. In training all target words are in the input at
#   once, and without this mask the decoder would copy the answer.
# - The three `..._key_padding_mask` are True at `<pad>`, so that a sentence gives the same result in every batch. The
#   memory is as long as the source, so its padding is the source's.
# - `src_mask` and `memory_mask` stay `None`: the whole source is known from the start, so it has no future to hide.
#
# A pair is hidden if either mask hides it. Results in the rows of `<pad>` are never scored.

# %%
figures.masks()

# %%
notebook.check("FullTransformerTranslator", "Generation")

# %%
notebook.train("transformer", **SETTINGS)
notebook.curves("rnn", "lstm-attention", "transformer-encoder", "transformer")
notebook.translate(SENTENCES, "lstm-attention", "transformer-encoder", "transformer")

# %% [markdown]
# Where does the decoder's last layer look in the source? There is one picture for each head. Compare them with the
# attention by cosine above: these weights can be as sharp as they need to be.

# %%
notebook.attention(SENTENCES[0], "transformer")

# %% [markdown]
# ## Tune
#
# Change the model or how it learns, and see what happens. More epochs alone are not tuning.
# `python -m workbench train --help` lists more settings. Choose by the validation split, the only one that this
# notebook and `compare` use. Read the test split once, of the model that you have chosen:
# `python -m workbench evaluate RUN --split test`.

# %%
MODEL = "lstm-attention"
CHANGES = {
    "learning_rate": 4e-3,
    "batch_size": 64,
}
notebook.train(MODEL, name="tuned", **{**SETTINGS, **CHANGES})

# %%
notebook.compare(MODEL, "tuned")
notebook.curves(MODEL, "tuned")
notebook.translate(SENTENCES, MODEL, "tuned")

# %% include shared/hand_in.py
