"""The library beside others: PyTorch live, and the array API standard. Run by ``make conformance``."""
