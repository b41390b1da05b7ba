"""What holds whatever the sizes and values are. `python -m tests --stress` tries it; nothing here is graded."""
