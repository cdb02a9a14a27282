"""Speed of the library beside its peers. Run with ``make bench`` or ``python -m benchmarks``."""
