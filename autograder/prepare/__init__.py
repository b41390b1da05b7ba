"""What happens before the term: the handout, the answers, the image."""
