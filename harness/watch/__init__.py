"""What `python -m tests --watch` does: loop.py brings the rest together."""
