"""Two ordinary graders over the same graded tests and reference values, as course staff write them.

Both compare in the process that imports the student's files, with expected values from a file beside the tests. They
are copied into a folder of their own by `autograder.bench.attacks` and run there; nothing else imports them.
"""
