"""Part 1: an RNN and an LSTM from scratch."""
