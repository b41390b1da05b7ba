"""What the workbench knows of language models: text, vocabulary, and models that say what comes next.

corpora.py       the data sets; stories.py makes ours
vocabulary.py    words or characters and their ids
fused.py         the last layer and the loss of a large vocabulary in one pass; bench.py shows what it saves
figures.py       how batches, models and generation work
"""
