"""Every update rule once more, in the plainest NumPy: what ``tests/test_optim_formulas.py`` compares with.

Each function takes parameter, gradients and hyper-parameters, and returns the parameter after all steps.
"""

from __future__ import annotations

import numpy as np


def sgd(x, gradients, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False):
    b = None
    for g in gradients:
        g = (-g if maximize else g) + weight_decay * x
        if momentum:
            b = g if b is None else momentum * b + (1 - dampening) * g
            g = g + momentum * b if nesterov else b
        x = x - lr * g
    return x


def asgd(x, gradients, lr, lambd, alpha, t0, weight_decay=0.0, maximize=False):
    eta = lr
    for t, g in enumerate(gradients, 1):
        g = (-g if maximize else g) + weight_decay * x
        x = x - eta * (lambd * x + g)
        eta = lr / (1 + lambd * lr * t) ** alpha
    return x


def adam(x, gradients, lr, betas, eps, weight_decay=0.0, amsgrad=False, maximize=False, decoupled_weight_decay=False):
    m = v = top = np.zeros_like(x)
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        if decoupled_weight_decay:
            x = x - lr * weight_decay * x
        else:
            g = g + weight_decay * x
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        top = np.maximum(top, v)
        used = top if amsgrad else v
        x = x - lr * m / (1 - betas[0] ** t) / (np.sqrt(used / (1 - betas[1] ** t)) + eps)
    return x


def adamw(x, gradients, **options):
    return adam(x, gradients, **options, decoupled_weight_decay=True)


def adamax(x, gradients, lr, betas, eps, weight_decay=0.0, maximize=False):
    m = u = np.zeros_like(x)
    for t, g in enumerate(gradients, 1):
        g = (-g if maximize else g) + weight_decay * x
        m = betas[0] * m + (1 - betas[0]) * g
        u = np.maximum(betas[1] * u, abs(g) + eps)
        x = x - lr / (1 - betas[0] ** t) * m / u
    return x


def nadam(x, gradients, lr, betas, eps, momentum_decay, weight_decay=0.0, decoupled_weight_decay=False, maximize=False):
    m = v = np.zeros_like(x)
    product = 1.0
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        if decoupled_weight_decay:
            x = x - lr * weight_decay * x
        else:
            g = g + weight_decay * x
        now, following = (betas[0] * (1 - 0.5 * 0.96 ** (s * momentum_decay)) for s in (t, t + 1))
        product *= now
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        ahead = following * m / (1 - product * following) + (1 - now) * g / (1 - product)
        x = x - lr * ahead / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return x


def radam(x, gradients, lr, betas, eps, weight_decay=0.0, decoupled_weight_decay=False, maximize=False):
    m = v = np.zeros_like(x)
    longest = 2 / (1 - betas[1]) - 1
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        if decoupled_weight_decay:
            x = x - lr * weight_decay * x
        else:
            g = g + weight_decay * x
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        step = m / (1 - betas[0] ** t)
        length = longest - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
        if length > 5:
            r = np.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
            step = step * r * np.sqrt(1 - betas[1] ** t) / (np.sqrt(v) + eps)
        x = x - lr * step
    return x


def adagrad(x, gradients, lr, lr_decay, eps, initial_accumulator_value=0.0, weight_decay=0.0, maximize=False):
    s = np.full_like(x, initial_accumulator_value)
    for t, g in enumerate(gradients, 1):
        g = (-g if maximize else g) + weight_decay * x
        s = s + g**2
        x = x - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(s) + eps)
    return x


def adadelta(x, gradients, lr, rho, eps, weight_decay=0.0, maximize=False):
    v = u = np.zeros_like(x)
    for g in gradients:
        g = (-g if maximize else g) + weight_decay * x
        v = rho * v + (1 - rho) * g**2
        step = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u = rho * u + (1 - rho) * step**2
        x = x - lr * step
    return x


def rmsprop(x, gradients, lr, alpha, eps, weight_decay=0.0, momentum=0.0, centered=False, maximize=False):
    v = a = b = np.zeros_like(x)
    for g in gradients:
        g = (-g if maximize else g) + weight_decay * x
        v = alpha * v + (1 - alpha) * g**2
        a = alpha * a + (1 - alpha) * g
        b = momentum * b + g / (np.sqrt(v - a**2 if centered else v) + eps)
        x = x - lr * b
    return x


def rprop(x, gradients, lr, etas, step_sizes, maximize=False):
    size, before = np.full_like(x, lr), np.zeros_like(x)
    for g in gradients:
        g = -g if maximize else g
        product = g * before
        size = np.where(product > 0, size * etas[1], np.where(product < 0, size * etas[0], size))
        size = np.minimum(np.maximum(size, step_sizes[0]), step_sizes[1])
        before = np.where(product < 0, 0, g)
        x = x - np.sign(before) * size
    return x


def adabelief(x, gradients, lr, betas, eps, weight_decay=0.0, maximize=False):
    m = s = np.zeros_like(x)
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        x = x - lr * weight_decay * x
        m = betas[0] * m + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * (g - m) ** 2 + eps
        x = x - lr * m / (1 - betas[0] ** t) / (np.sqrt(s / (1 - betas[1] ** t)) + eps)
    return x


def yogi(x, gradients, lr, betas, eps, initial_accumulator, weight_decay=0.0, maximize=False):
    m, v = np.full_like(x, initial_accumulator), np.full_like(x, initial_accumulator)
    for t, g in enumerate(gradients, 1):
        g = (-g if maximize else g) + weight_decay * x
        m = betas[0] * m + (1 - betas[0]) * g
        v = v - (1 - betas[1]) * np.sign(v - g**2) * g**2
        x = x - lr * m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return x


def lion(x, gradients, lr, betas, weight_decay=0.0, maximize=False):
    m = np.zeros_like(x)
    for g in gradients:
        g = -g if maximize else g
        x = x - lr * (np.sign(betas[0] * m + (1 - betas[0]) * g) + weight_decay * x)
        m = betas[1] * m + (1 - betas[1]) * g
    return x


def norm(x):
    return np.sqrt((x**2).sum())


def lars(x, gradients, lr, momentum, weight_decay=0.0, trust_coefficient=1e-3, adapt=True, maximize=False):
    b = np.zeros_like(x)
    for g in gradients:
        g = -g if maximize else g
        ratio = 1.0
        if adapt and norm(x) > 0 and norm(g) > 0:
            ratio = trust_coefficient * norm(x) / (norm(g) + weight_decay * norm(x))
        b = momentum * b + lr * ratio * (g + weight_decay * x)
        x = x - b
    return x


def lamb(x, gradients, lr, betas, eps, weight_decay=0.0, adapt=True, maximize=False):
    m = v = np.zeros_like(x)
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        u = m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps) + weight_decay * x
        ratio = norm(x) / norm(u) if adapt and norm(x) > 0 and norm(u) > 0 else 1.0
        x = x - lr * ratio * u
    return x


def rms(x):
    return np.sqrt((x**2).mean())


def adafactor(x, gradients, lr, beta2_decay, eps, d, weight_decay=0.0, maximize=False):
    rows = columns = v = 0.0
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        size = max(eps[1], rms(x)) * min(lr, 1 / np.sqrt(t))
        x = (1 - lr * weight_decay) * x
        old = 1 - t**beta2_decay
        if x.ndim < 2:
            v = old * v + (1 - old) * g**2
        else:
            rows = old * rows + (1 - old) * (g**2).mean(-1, keepdims=True)
            columns = old * columns + (1 - old) * (g**2).mean(-2, keepdims=True)
            v = rows * columns / np.maximum(rows.mean(-2, keepdims=True), eps[0])
        u = g / np.maximum(np.sqrt(v), eps[0])
        x = x - size * u / max(1, rms(u) / d)
    return x


def muon(x, gradients, lr, weight_decay, momentum, nesterov, ns_steps, adjust_lr_fn=None):
    """The polynomial acts on the singular values, which is what its iteration is for."""
    b = np.zeros_like(x)
    for g in gradients:
        b = momentum * b + (1 - momentum) * g
        u = momentum * b + (1 - momentum) * g if nesterov else b
        left, s, right = np.linalg.svd(u, full_matrices=False)
        s = s / norm(s)
        for _ in range(ns_steps):
            s = 3.4445 * s - 4.775 * s**3 + 2.0315 * s**5
        rows, columns = x.shape
        factor = 0.2 * np.sqrt(max(rows, columns)) if adjust_lr_fn else np.sqrt(max(1, rows / columns))
        x = (1 - lr * weight_decay) * x - lr * factor * (left * s) @ right
    return x


def shampoo(x, gradients, lr, momentum, eps, weight_decay=0.0, update_freq=1, maximize=False):
    """For matrices and tensors of three axes, with einsum; roots by singular values."""
    letters = "abc"[: x.ndim]
    moments = [eps * np.eye(size) for size in x.shape]
    roots = [None] * x.ndim
    b = np.zeros_like(x)
    for t, g in enumerate(gradients):
        u = g = (-g if maximize else g) + weight_decay * x
        for axis, letter in enumerate(letters):
            other = letters.replace(letter, "z")
            moments[axis] = moments[axis] + np.einsum(f"{letters},{other}->{letter}z", g, g)
            if t % update_freq == 0:
                left, s, _ = np.linalg.svd(moments[axis])
                roots[axis] = left @ np.diag(s ** (-1 / (2 * x.ndim))) @ left.T
            u = np.einsum(f"z{letter},{letters}->{other}", roots[axis], u)
        b = momentum * b + u
        x = x - lr * b
    return x


def sparse_adam(x, gradients, lr, betas, eps, maximize=False):
    m, v, x = np.zeros_like(x), np.zeros_like(x), x.copy()
    for t, g in enumerate(gradients, 1):
        for row in range(len(x)):
            if (g[row] != 0).any():
                h = -g[row] if maximize else g[row]
                m[row] = betas[0] * m[row] + (1 - betas[0]) * h
                v[row] = betas[1] * v[row] + (1 - betas[1]) * h**2
                size = lr * np.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t)
                x[row] = x[row] - size * m[row] / (np.sqrt(v[row]) + eps)
    return x
