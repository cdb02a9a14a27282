"""Programs to run and to read: ``python -m examples.demo`` runs them all."""
