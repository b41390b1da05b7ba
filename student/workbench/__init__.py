"""The workbench: given code that trains, evaluates and shows the models that you write.

settings.py      every hyper-parameter, with presets             data/, text.py   sentence pairs, vocabularies, batches
translators.py   your models behind one interface                trainer.py       the training loop
evaluation.py    perplexity, BLEU and the translations           cli.py           the commands

`python -m workbench --help` lists the commands. Nothing here is graded, and nothing here has to be changed.
"""
