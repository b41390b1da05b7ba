"""How far a student is: recorder.py collects verdicts, view.py shows them."""
