"""K-FAC: the natural gradient of a whole network, layer by layer, with Kronecker-factored curvature."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_core import enable_grad
from autograd_core.errors import explain

from ..checking import require, require_at_least_zero, require_choice, require_closure
from ..optimizer import Group
from ..per_parameter import PerParameter
from ..plain import as_number
from ..seeded import Seeded
from ..vector import mark
from .conjugate import with_gradients
from .kronecker import EVERY_OUTPUT, SAMPLES, Layer, Recorder, layer_of
from .results import StepReport

__all__ = ["KFAC"]


class KFAC(Seeded, PerParameter):
    """Natural gradient descent for networks: the Fisher matrix of each layer as a Kronecker product.

        A ← β A + (1 − β) (1/N) Σ a aᵀ,   G ← β G + (1 − β) (1/M) Σ g gᵀ,   β = min(1 − 1/k, ``decay``) in step k
        U = (G + (√λ/π) I)⁻¹ ∇W (A + π √λ I)⁻¹,   π² = (tr A / dim A) / (tr G / dim G)
        b ← μ b + ν U,   W ← W − η b

    for every affine layer and every convolution with inputs a (for a convolution patches; a 1 behind them for the
    bias) and gradients g at its outputs, N examples, and M places where the layer was applied: G ⊗ A takes the place
    of F in ``NaturalGradient``. Both systems are solved in the eigenvectors of A and G. ν ≤ 1 keeps η² ν² Σ Uᵀ∇W, about
    twice the change of what the network predicts (a KL divergence), below ``kl_clip``.

    The g belong to targets drawn from what the network predicts (``fisher="sampled"``; ``likelihood`` says how), so
    that F is the true Fisher matrix. Their expectation can be had too (``"exact"``), for one backward pass per output,
    and so can the gradients of the loss (``"empirical"``), for none. The loss is the mean over the examples of −log of
    their probability: for ``"categorical"`` ``cross_entropy`` of the network's output, for ``"bernoulli"`` the binary
    one with logits, for ``"gaussian"`` ½ Σ (z − y)². A loss that is c times that has the natural gradient times c.

    Hooks on the network record what its last forward pass did, those under ``ag.no_grad()`` left aside: call the
    network itself before ``step``.

    Args:
        module: the network.
        lr: η.
        momentum: μ.
        damping: λ.
        decay: the largest β.
        weight_decay: added to the gradient times the parameter.
        kl_clip: see above; ``None`` for steps of any length.
        fisher: ``"sampled"``, ``"exact"`` or ``"empirical"``.
        likelihood: ``"categorical"`` (outputs are logits, classes along axis 1), ``"bernoulli"`` (logits),
            ``"gaussian"`` (means, variance 1), or a function that takes the output and a NumPy generator, draws
            targets, and returns the derivative of −log p with respect to the output, all as arrays.
        factor_every, eigen_every: after how many steps A and G are measured, and eigenvectors computed.
        factored_damping: whether λ is shared out between the factors by π; if not, it is added to G ⊗ A.
        others: what to do with parameters that belong to no such layer (of normalizations, embeddings, recurrent
            layers, convolutions in groups) or to one that the network does not call: ``"refuse"``, or ``"gradient"``,
            with the gradient itself for U.
        params: the parameters to optimize, or groups of them, if not all of the network's.
        generator: the source of the drawn targets; a fresh one, if not given.
        nonfinite: what to do where gradients or factors hold NaN or infinity: ``"raise"`` an error, or ``"skip"`` the
            step and count it in ``skipped_steps``.

    Attributes:
        report: a ``StepReport`` of the last step; ``loss`` is the one from before, NaN if ``step`` had no closure,
            ``rate`` is ην, and ``condition`` the largest condition number of a damped G ⊗ A.

    Raises:
        ValueError: for hyper-parameters out of range, parameters that are refused or shared by several modules, and
            groups that tear a layer apart; in ``step``, if the network was not called. Nothing is changed then.
        FloatingPointError: in ``step``, for gradients that are not finite.

    Source: Martens and Grosse, "Optimizing neural networks with Kronecker-factored approximate curvature", 2015;
    Grosse and Martens, "A Kronecker-factored approximate Fisher matrix for convolution layers", 2016; Ba, Grosse,
    Martens, "Distributed second-order optimization using Kronecker-factored approximations", 2017, for ν; Botev,
    Ritter, Barber, "Practical Gauss-Newton optimisation for deep learning", 2017, for ``fisher="exact"``.

    >>> import autograd_core as ag, nn, numpy as np, optim
    >>> generator = nn.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> y = np.array([0, 1, 1, 0])
    >>> optimizer = optim.KFAC(net, lr=0.3, generator=np.random.default_rng(0))
    >>> for _ in range(40):
    ...     optimizer.zero_grad()
    ...     loss = nn.functional.cross_entropy(net(x), y)
    ...     table = loss.backward()
    ...     optimizer.step()
    >>> loss.item() < 0.05
    True
    """

    def __init__(
        self,
        module: Any,
        lr: float = 0.1,
        momentum: float = 0.9,
        damping: float = 1e-2,
        decay: float = 0.95,
        weight_decay: float = 0.0,
        kl_clip: float | None = 1e-3,
        *,
        fisher: str = "sampled",
        likelihood: str | Callable[[Any, np.random.Generator], Any] = "categorical",
        factor_every: int = 1,
        eigen_every: int = 10,
        factored_damping: bool = True,
        others: str = "refuse",
        params: Iterable[Any] | None = None,
        generator: np.random.Generator | None = None,
        nonfinite: str = "raise",
    ) -> None:
        name = "KFAC"
        require_choice(name, "nonfinite", nonfinite, ("raise", "skip"))
        require_choice(name, "fisher", fisher, ("sampled", "exact", "empirical"))
        require_choice(name, "others", others, ("refuse", "gradient"))
        if not callable(likelihood) or fisher == "exact":
            require_choice(name, "likelihood", likelihood, tuple(SAMPLES))
        self.fisher, self.likelihood, self.others = fisher, likelihood, others
        self.factor_every, self.eigen_every = factor_every, eigen_every
        for key in ("factor_every", "eigen_every"):
            require(name, vars(self), key, lambda steps: steps >= 1, f"{key} of at least 1")
        self._seed(generator)
        self.report: StepReport | None = None
        self.steps = 0
        self.module = _checked_network(module)
        self._layers = [layer for path, part in module.named_modules() if (layer := layer_of(path, part)) is not None]
        defaults = dict(
            lr=lr,
            momentum=momentum,
            damping=damping,
            decay=decay,
            weight_decay=weight_decay,
            kl_clip=kl_clip,
            factored_damping=factored_damping,
        )
        super().__init__(module.parameters() if params is None else params, defaults, nonfinite=nonfinite)
        self._watch()

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range, and for parameters that are refused."""
        super().check(group)
        name = "KFAC"
        require_at_least_zero(name, group, "momentum", "weight_decay")
        require(name, group, "damping", lambda value: 0 < value < math.inf, "a damping above 0")
        require(name, group, "decay", lambda value: 0 <= value < 1, "a decay of at least 0 and below 1")
        require(name, group, "kl_clip", lambda value: value is None or value > 0, "kl_clip above 0, or None")
        own = {id(p) for p in group["params"]}
        for layer in self._layers:
            if layer.bias is not None and (id(layer.weight) in own) != (id(layer.bias) in own):
                raise ValueError(
                    explain(
                        name,
                        expected="weight and bias of a layer in one group",
                        got=f"one of them without the other, of layer '{layer.name}'",
                        remedy="put both into the group: they have their factors together",
                    )
                )
        self._check_others(group["params"])

    def _check_others(self, params: Sequence[Any]) -> None:
        """Refuse what belongs to no layer, or to several modules."""
        known = {id(p) for layer in self._layers for p in (layer.weight, layer.bias)}
        owners: dict[int, list[str]] = {}
        for path, part in self.module.named_modules():
            for key, p in part.named_parameters(recurse=False):
                owners.setdefault(id(p), []).append(f"{path}.{key}" if path else key)
        for p in params:
            paths = owners.get(id(p), ["one that is not the network's"])
            if id(p) in known and len(paths) > 1:
                raise ValueError(
                    explain(
                        "KFAC",
                        expected="layers with parameters of their own",
                        got=f"one that is {' and '.join(paths)}",
                        remedy="call one module twice in place of two modules that share a weight",
                    )
                )
            if id(p) not in known and p.requires_grad and self.others == "refuse":
                raise ValueError(
                    explain(
                        "KFAC",
                        expected="parameters of affine layers and of convolutions without groups",
                        got=f"parameter {paths[0]}",
                        remedy="pass others='gradient' to move such parameters along their gradient, or pass params= "
                        "without them and give them to another optimizer",
                    )
                )

    # -- the forward passes -----------------------------------------------------------------------

    def _watch(self) -> None:
        """Have the forward passes of the network recorded from now on."""
        seeds = None if self.fisher == "empirical" else self._exact if self.fisher == "exact" else self._sampled
        self._recorder = Recorder(self.module, self._layers, seeds, lone=int(self.likelihood == "categorical"))

    def _sampled(self, output: Any) -> Iterator[Any]:
        draw = self.likelihood if callable(self.likelihood) else SAMPLES[self.likelihood]
        yield draw(output, self.generator)

    def _exact(self, output: Any) -> Iterator[Any]:
        return EVERY_OUTPUT[str(self.likelihood)](output)

    # -- a step -------------------------------------------------------------------------------------

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            params = [p for group in self.param_groups for p in group["params"]]
            with enable_grad():
                loss = with_gradients(require_closure("KFAC.step", closure), params, "KFAC.step")()
        gradients = self._gradients()
        measured = self._recorder.statistics()
        self._recorder.forget()
        if self._all_finite([*gradients, *measured.values()]):
            self._require_factors(measured)
            value = math.nan if loss is None else as_number(loss)
            self.report = StepReport(value, gradient_norm=_largest(g for group in gradients for g in group))
            for number, (a_moments, g_moments) in measured.items():
                self._measure(self._layers[number], a_moments, g_moments)
            self._apply(gradients)
            mark([p for group in self.param_groups for p in group["params"] if p.grad is not None])
            self.steps += 1
            self._plan()
        return loss

    def _plan(self) -> None:
        """Whether the next forward pass is to be recorded."""
        own = {id(p) for group in self.param_groups for p in group["params"]}
        fresh = any(id(layer.weight) in own and not self._state.get(layer.weight) for layer in self._layers)
        self._recorder.wanted = fresh or self.steps % self.factor_every == 0

    def _require_factors(self, measured: Mapping[int, Any]) -> None:
        """Refuse a step for a layer that has a gradient, but was never seen in a forward pass."""
        if self.others == "gradient" and (measured or self._state):
            return
        moving = {id(p) for group in self.param_groups for p in group["params"] if p.grad is not None}
        for number, layer in enumerate(self._layers):
            unknown = number not in measured and not self._state.get(layer.weight)
            if unknown and not moving.isdisjoint((id(layer.weight), id(layer.bias))):
                raise ValueError(
                    explain(
                        "KFAC.step",
                        expected=f"a forward pass of the network through its layer '{layer.name}'",
                        got="a gradient without one",
                        remedy="call the network itself, and backward after it; if it does not call this layer as a "
                        "module, or its output does not depend on it, pass others='gradient'",
                    )
                )

    def _measure(self, layer: Layer, a_moments: Any, g_moments: Any) -> None:
        """Let the factors of a layer follow those of the last forward pass."""
        for group in self.param_groups:
            if any(p is layer.weight for p in group["params"]):
                state = self._state_of(group, layer.weight)
                rest = max(1 / (state["measured"] + 1), 1 - group["decay"])
                state["measured"] += 1
                state["input_factor"] += rest * (a_moments - state["input_factor"])
                state["output_factor"] += rest * (g_moments - state["output_factor"])

    def _apply(self, gradients: Sequence[Sequence[Any]]) -> None:
        assert self.report is not None
        square = 0.0
        for group, own in zip(self.param_groups, gradients):
            decay, rate = group["weight_decay"], group["lr"]
            members = [(p, g) for p, g in zip(group["params"], own) if g is not None]
            given = {id(p): g + decay * p._data if decay else g for p, g in members}
            turned = self._turned(group, given)
            fall = sum(float(np.vdot(turned[key], g)) for key, g in given.items())
            clip = group["kl_clip"]
            clipped = clip is not None and rate * rate * fall > clip
            shortening = math.sqrt(clip / fall) / rate if clipped else 1.0
            for p, _ in members:
                value, state = self._own(p), self._state_of(group, p)
                state["step"] += 1
                b = state["momentum_buffer"]
                b *= group["momentum"]
                b += shortening * turned[id(p)].astype(b.dtype, copy=False)
                value -= rate * b
                square += rate * rate * float(np.vdot(b, b))
            self.report.rate, self.report.damping = rate * shortening, float(group["damping"])
        self.report.step_norm = math.sqrt(square)

    def _turned(self, group: Group, given: Mapping[int, Any]) -> dict[int, Any]:
        """U by the id of the parameter: for those in layers, and for the others the gradient itself."""
        turned = dict(given)
        for layer in self._layers:
            weight, bias = layer.weight, layer.bias
            if not self._state.get(weight, {}).get("measured"):
                continue
            if given.keys().isdisjoint((id(weight), id(bias))) or all(p is not weight for p in group["params"]):
                continue
            rows = len(weight._data)
            parts = [given.get(id(weight), np.zeros_like(weight._data)).reshape(rows, -1)]
            if bias is not None:
                parts.append(given.get(id(bias), np.zeros_like(bias._data))[:, None])
            direction = self._solve(group, self._state_of(group, weight), np.concatenate(parts, axis=1))
            for p, part in ((weight, direction[:, : parts[0].shape[1]]), (bias, direction[:, -1])):
                if p is not None and id(p) in given:
                    turned[id(p)] = part.reshape(p.shape)
        return turned

    def _solve(self, group: Group, state: dict[str, Any], gradient: Any) -> Any:
        """(G + (√λ/π) I)⁻¹ times the gradient times (A + π √λ I)⁻¹, by eigenvectors."""
        if state["step"] % self.eigen_every == 0 or not state["output_values"].any():
            for key in ("input", "output"):
                values, state[f"{key}_vectors"] = np.linalg.eigh(state[f"{key}_factor"])
                state[f"{key}_values"] = np.maximum(values, 0.0)
        a, g = state["input_values"], state["output_values"]
        if group["factored_damping"]:
            root = math.sqrt(group["damping"])
            pi = math.sqrt(float(a.mean()) / float(g.mean())) if a.any() and g.any() else 1.0
            damped = np.multiply.outer(g + root / pi, a + root * pi)
        else:
            damped = np.multiply.outer(g, a) + group["damping"]
        assert self.report is not None
        condition = float(damped.max()) / float(damped.min())
        self.report.condition = max(condition, self.report.condition or 1.0)
        left, right = state["output_vectors"], state["input_vectors"]
        return left @ ((left.T @ gradient @ right) / damped) @ right.T

    # -- state ----------------------------------------------------------------------------------------

    def start(self, group: Group, p: Any) -> dict[str, Any]:
        """The momentum; weights of layers have their factors besides."""
        return {"step": 0, "momentum_buffer": np.zeros_like(p)}

    def _start_of(self, parameter: Any) -> dict[str, Any]:
        """The factors of a layer, by its weight."""
        for layer in self._layers:
            if layer.weight is parameter:
                sizes = dict(zip(("input", "output"), layer.sizes))
                state: dict[str, Any] = {"measured": 0}
                for key, size in sizes.items():
                    state[f"{key}_factor"], state[f"{key}_vectors"] = np.zeros((size, size)), np.eye(size)
                    state[f"{key}_values"] = np.zeros(size)
                return state
        return {}

    def _state_of(self, group: Group, parameter: Any) -> dict[str, Any]:
        state = self._state[parameter]
        if not state:
            state.update({**self.start(group, parameter._data), **self._start_of(parameter)})
        return state

    def _read_state(self, group: Group, parameter: Any, entry: dict[str, Any], number: Any) -> dict[str, Any]:
        read = super()._read_state(group, parameter, entry, number)
        for key, fresh in self._start_of(parameter).items():
            if np.shape(entry[key]) != np.shape(fresh):
                raise self._misfit(key, number, np.shape(fresh), entry[key])
            read[key] = np.array(entry[key], dtype=float) if isinstance(fresh, np.ndarray) else int(entry[key])
        return read

    def state_dict(self) -> dict[str, Any]:
        """State and hyper-parameters, the count of steps, and the state of the generator."""
        return {**super().state_dict(), "steps": self.steps}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave."""
        steps = int(state_dict.get("steps", 0))
        super().load_state_dict(state_dict)
        self.steps = steps
        self._plan()

    # A copy of the network has no hooks; layers are found again by their paths.
    def __getstate__(self) -> dict[str, Any]:
        layers = [(layer.name, layer.bias is not None) for layer in self._layers]
        state = {key: value for key, value in super().__getstate__().items() if key != "_recorder"}
        return {**state, "_layers": layers}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        parts = dict(self.module.named_modules())
        self._layers = [Layer(path, parts[path], bias) for path, bias in state["_layers"]]
        self._watch()
        self._plan()


def _largest(gradients: Iterable[Any]) -> float:
    """The largest number of all gradients."""
    return max((float(np.abs(g).max(initial=0.0)) for g in gradients if g is not None), default=0.0)


def _checked_network(module: Any) -> Any:
    if not all(hasattr(module, key) for key in ("named_modules", "named_parameters", "register_forward_hook")):
        raise TypeError(
            explain(
                "KFAC",
                expected="a network, a module whose layers can be watched",
                got=type(module).__name__,
                remedy="pass the module itself, not its parameters",
            )
        )
    return module
