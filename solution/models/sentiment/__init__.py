"""Part 5: sentiment: reviews cut into tokens, a GRU over the outputs of BERT, training, evaluation and prediction."""
