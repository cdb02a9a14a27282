"""Special functions, with SciPy's names. ``autograd_core/special.py`` is the namespace that users see."""
