"""The workbench's own tests: on the solution, with tiny models and few sentences."""
