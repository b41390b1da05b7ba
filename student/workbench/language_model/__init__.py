"""What the workbench knows of language models: text, vocabulary, and models that say what comes next."""
