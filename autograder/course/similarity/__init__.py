"""Finds submissions that share more code than independent work explains."""
