"""Tests of autograder/course/similarity/, and the corpus on which it is measured."""
