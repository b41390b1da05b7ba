"""Part 4: language models, recurrent and Transformer: batches of one long text, training, evaluation and generation."""
