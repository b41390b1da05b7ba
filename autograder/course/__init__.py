"""After the deadline: grades a class, compares its submissions, and shows what it got wrong."""
