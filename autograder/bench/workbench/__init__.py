"""How fast the workbench is, beside plain implementations."""
