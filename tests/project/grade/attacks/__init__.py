"""Malicious submissions, one a file: data for tests/project/grade/test_attacks.py. autograder/bench/malicious.py says how they are read."""
