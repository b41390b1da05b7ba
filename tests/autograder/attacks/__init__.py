"""Malicious submissions, one a file: data for tests/autograder/test_attacks.py. autograder/bench/attacks.py says how they read."""
