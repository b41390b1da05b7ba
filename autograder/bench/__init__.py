"""What the grader is compared with, and how fast it is: `python -m autograder bench`."""
