"""Builds the handout and the autograder from the solution, and grades submissions."""
