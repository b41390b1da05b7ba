"""Translation from German to English.

data/            sentence pairs: captions (with grammar and lexicon), multi30k
text.py          tokens, vocabularies and batches
part.py          what the shared code knows of it
settings.py      what can be set, and presets
translators.py   your models behind one interface
incremental.py   generation that computes the added position alone
task.py          batches and losses, as the trainer asks for them
trained.py       a run's translator: trained, measured, asked for translations
samples.py       translations after each epoch
evaluation.py    perplexity in both regimes, and the scores of translations
scores.py        BLEU, chrF, exact matches
report.py        the report with its questions (questions.py)
notebook.py      what its notebook calls; figures.py has the pictures
commands.py      translate, report
"""
