"""What the generic tests do not ask of an operation, and why. Short, so that it is read.

A sample that switches a check off (``duck=False``, ``float32=False``) must have its operation here.
"""

from __future__ import annotations

# Operations whose forward or rules cannot run on arrays that refuse conversion to NumPy's.
DUCK: dict[str, str] = {}

# Operations whose result or contributions are float64 for float32 input on purpose.
FLOAT32: dict[str, str] = {"astype": "its result has the dtype that is asked for"}

# Operations whose derivatives are checked to first order only, or by tests of their own.
ORDER: dict[str, str] = {}

# Operations without a sample that has an independent reference value.
VALUE: dict[str, str] = {}

# Elementwise operations that never meet a Python number beside an array.
NUMBERS: dict[str, str] = {
    "logistic_loss": "private: binary_cross_entropy_with_logits makes arrays of both inputs",
    "binary_cross_entropy": "private: the function of that name makes arrays of both inputs",
    "leaky_relu": "private: only the slope is ever a number, which the samples have",
    "log_add_exp": "private: a step of ctc_loss, which has arrays only",
}
