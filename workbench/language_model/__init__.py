"""Language models: text, vocabulary, and models that predict the next token.

part.py          what the shared code knows of it
commands.py      generate, profile, sweep
corpora.py       the data sets (text.py); stories.py makes ours
vocabulary.py    words or characters and their ids
settings.py      what can be set, and presets
models.py        your models behind one interface
task.py          chunks of the text and their losses, as the trainer asks for them
trained.py       a run's model: trained, measured, asked to write
writing.py       prompts and generated text; samples.py writes after each epoch
fused.py         the last layer and the loss of a large vocabulary in one pass
profiling.py     where the time goes in your training loop; diagram.py draws it
sweep.py         what each hyper-parameter does, by itself
figures.py       how batches, models and generation work
"""
