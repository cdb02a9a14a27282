"""Metrics, and the history of a run."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn.data import DataLoader, blobs
from nn.training import (
    Accuracy,
    History,
    MeanAbsoluteError,
    MeanMetric,
    MeanSquaredError,
    Metric,
    RootMeanSquaredError,
    TopKAccuracy,
    Trainer,
)
from nn.training.metrics import as_metrics
from tests.training_parts import loader, trainer

RNG = np.random.default_rng(2)


# -- metrics ---------------------------------------------------------------------------------------


class TestMetrics:
    def test_accuracy(self):
        accuracy = Accuracy()
        accuracy.update(ag.tensor([[1.0, 2.0], [3.0, 0.0]]), [1, 1])
        accuracy.update(np.array([[0.0, 1.0]]), np.array([1]))
        assert accuracy.value() == pytest.approx(2 / 3)
        accuracy.reset()
        assert np.isnan(accuracy.value())
        accuracy.update(np.array([-1.0, 2.0]), np.array([0.0, 0.0]))  # logits
        assert accuracy.value() == 0.5
        probabilities = Accuracy(threshold=0.5)
        probabilities.update(np.array([[0.4], [0.9]]), np.array([[0], [1]]))
        assert probabilities.value() == 1
        pixels = Accuracy()
        pixels.update(RNG.random((2, 3, 4, 4)), np.zeros((2, 4, 4), int))
        assert pixels.count == 32

    def test_top_k(self):
        scores = np.array([[0.1, 0.5, 0.3, 0.1], [0.4, 0.1, 0.2, 0.3]])
        for k, expected in [(1, 0.0), (2, 0.5), (3, 1.0)]:
            metric = TopKAccuracy(k)
            metric.update(scores, np.array([2, 2]))
            assert metric.value() == expected
            assert metric.name == f"top_{k}_accuracy"
        ties = TopKAccuracy(2)
        ties.update(np.zeros((3, 3)), np.array([0, 1, 2]))
        assert ties.value() == pytest.approx(2 / 3)
        with pytest.raises(ValueError, match="k of at least 1"):
            TopKAccuracy(0)

    def test_errors(self):
        for metric, expected in [
            (MeanAbsoluteError(), 1.5),
            (MeanSquaredError(), 2.5),
            (RootMeanSquaredError(), np.sqrt(2.5)),
        ]:
            metric.update(np.array([1.0]), np.array([0.0]))
            metric.update(np.array([2.0]), np.array([4.0]))
            assert metric.value() == pytest.approx(expected)
            with pytest.raises(ValueError, match=r"targets of the outputs' shape \(2, 1\)"):
                metric.update(np.ones((2, 1)), np.ones(2))

    def test_shapes_that_do_not_fit(self):
        for metric in (Accuracy(), TopKAccuracy(1)):
            with pytest.raises(ValueError, match="scores of shape"):
                metric.update(np.ones((3, 2)), np.ones(3))

    def test_functions_are_weighted_by_the_size_of_the_batch(self):
        mean = MeanMetric(lambda output, target: output.mean(), "mean")
        mean.update(ag.tensor([1.0, 1.0, 1.0]), np.zeros(3))
        mean.update(ag.tensor([5.0]), np.zeros(1))
        assert mean.value() == 2

    def test_how_they_are_given(self):
        def bias(output, target):
            return (output - target).mean()

        assert list(as_metrics([Accuracy, "mean_squared_error", bias, TopKAccuracy(3)])) == [
            "accuracy",
            "mean_squared_error",
            "bias",
            "top_3_accuracy",
        ]
        assert list(as_metrics({"a": "accuracy", "b": bias})) == ["a", "b"]
        assert list(as_metrics(bias)) == ["bias"]
        for given, error, text in [
            ("speed", ValueError, "one of accuracy"),
            ([3], TypeError, "metrics, their names, or functions"),
            (["accuracy", Accuracy()], ValueError, "different names"),
        ]:
            with pytest.raises(error, match=text):
                as_metrics(given)
        for name in ("loss", "val_x", "learning_rate"):
            with pytest.raises(ValueError, match="names of metrics other than"):
                trainer(metrics={name: bias})

    def test_in_a_run(self):
        data = DataLoader(blobs(60, 3, spread=0.1, generator=0), batch_size=16, shuffle=True, seed=0)
        nn.manual_seed(0)
        model = nn.MLP([2, 16, 3])
        run = Trainer(
            model,
            optim.Adam(model.parameters(), lr=0.05),
            nn.CrossEntropyLoss(),
            metrics={"right": "accuracy", "top": TopKAccuracy(2), "own": lambda output, target: output.shape[1]},
        )
        history = run.fit(data, epochs=8, validation=data)
        assert history["right"][0] < history["right"][-1] == 1
        assert history["top"][-1] == history["val_right"][-1] == 1
        assert history["own"] == [3] * 8

    def test_a_metric_without_a_measure(self):
        with pytest.raises(TypeError, match="defines no measure"):
            Metric().update([1.0], [1.0])

    def test_state(self):
        first, second = TopKAccuracy(2), TopKAccuracy(2)
        first.update(np.eye(3), np.arange(3))
        second.load_state_dict(json.loads(json.dumps(first.state_dict())))
        assert second.value() == first.value() == 1
        for state in ({"total": 1.0}, first.state_dict() | {"total": "x"}):
            with pytest.raises(ValueError, match="the entries"):
                second.load_state_dict(state)


# -- history ---------------------------------------------------------------------------------------


class TestHistory:
    def test_plain_data(self):
        run = trainer(metrics="mean_squared_error")
        history = run.fit(loader(), epochs=2)
        assert json.loads(json.dumps(history)) == history
        assert history.epochs == 2
        assert list(history) == ["loss", "mean_squared_error", "learning_rate"]
        run.fit(loader(), epochs=1, validation=loader())
        assert history["val_loss"][:2] == [None, None]
        assert history.last() == run.record
        assert all(len(values) == 3 for values in history.values())

    def test_picture(self):
        pytest.importorskip("matplotlib")
        history = History(loss=[0.5, 0.2], val_loss=[None, 0.3], accuracy=[0.1, 0.9], learning_rate=[1, 1])
        figure = history.plot()
        assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
        training, validation = figure.axes[0].get_lines()
        assert training.get_ydata().tolist() == [0.5, 0.2]
        assert validation.get_linestyle() == "--"
        assert np.isnan(validation.get_ydata()[0])
        assert figure._repr_png_().startswith(b"\x89PNG")
        assert len(history.plot(["val_loss"]).axes) == 1
        with pytest.raises(KeyError, match="names out of loss, accuracy"):
            history.plot(["speed"])

    def test_without_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        with pytest.raises(ModuleNotFoundError, match="pip install matplotlib"):
            History(loss=[1.0]).plot()
