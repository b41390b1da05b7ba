"""Builds the handout and the autograder from the solution, and grades submissions."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
