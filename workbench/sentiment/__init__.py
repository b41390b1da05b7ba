"""Sentiment: whether a review is positive, by a GRU that reads BERT's outputs.

part.py          what the shared code knows of it
commands.py      predict, mistakes, explain
data/            the reviews: our own, and IMDB's
berts.py         BERT and its tokenizer: from a folder, from the hub, from a package, or a tiny one
kept.py          BERT's outputs, computed once and kept
settings.py      what can be set, and presets
text.py          reviews as ids, and batches of them, by torchtext
classifier.py    your model behind one interface
task.py          batches and their losses, as the trainer asks for them
trained.py       a run's model: trained, measured, asked about reviews
baseline.py      TF-IDF and logistic regression, to compare with
quality.py       accuracy, confusion matrix, calibration
packed.py        a GRU that takes packed sequences in less time
explaining.py    which words of a review mattered
figures.py       pictures of these, and of the model
"""
