"""The generic tests of operations: what must hold for every entry of the registry."""
