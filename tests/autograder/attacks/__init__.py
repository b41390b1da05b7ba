"""Malicious submissions, one a file: data for tests/autograder/test_attacks.py. autograder/bench/malicious.py says how they are read."""
