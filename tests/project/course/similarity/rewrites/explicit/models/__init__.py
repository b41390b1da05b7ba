"""The models of the assignment; one package or module for each part."""
