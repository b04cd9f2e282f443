"""Coverage-guided fuzzing: see README.rst."""
