"""The training loop: the same numbers as a loop by hand, and what happens besides."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from examples import checkpoint_and_resume, digits_trainer
from nn.data import DataLoader, IterableDataset, TensorDataset, xor
from nn.training import (
    Callback,
    EarlyStopping,
    MeanAbsoluteError,
    Metric,
    Trainer,
)
from nn.training.progress import Progress
from tests.training_parts import LINE_X as X
from tests.training_parts import LINE_Y as Y
from tests.training_parts import line, loader, same_weights, trainer


class Halving:
    """The simplest schedule."""

    def __init__(self, optimizer, factor=0.5):
        self.optimizer, self.factor, self.steps = optimizer, factor, 0

    def step(self):
        self.steps += 1
        for group in self.optimizer.param_groups:
            group["lr"] *= self.factor


# -- the loop --------------------------------------------------------------------------------------


class TestLoop:
    def test_it_is_the_loop_by_hand(self):
        model, loss_of = line(), nn.MSELoss()
        optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        losses = []
        batches = loader(shuffle=True, seed=1)
        for _ in range(3):
            total = 0.0
            for x, y in batches:
                optimizer.zero_grad()
                loss = loss_of(model(x), y)
                loss.backward()
                optimizer.step()
                total += loss.item() * len(y)
            losses.append(total / len(X))

        run = trainer()
        history = run.fit(loader(shuffle=True, seed=1), epochs=3)
        assert same_weights(run.model, model)
        assert history["loss"] == pytest.approx(losses, rel=1e-12)
        assert history["learning_rate"] == [0.05] * 3
        assert (run.epoch, run.step, run.batch) == (3, 18, 0)

    def test_it_learns(self):
        run = trainer(metrics=[MeanAbsoluteError()])
        history = run.fit(loader(), epochs=60, validation=loader())
        assert history["loss"][-1] < 1e-6
        assert history["val_mean_absolute_error"][-1] < 1e-3

    def test_fitting_again_goes_on(self):
        once, twice = trainer(), trainer()
        once.fit(loader(), epochs=4)
        twice.fit(loader(), epochs=1)
        history = twice.fit(loader(), epochs=3)
        assert same_weights(once.model, twice.model)
        assert history == once.history
        assert twice.epoch == 4

    def test_a_seed_makes_it_repeat_itself(self):
        def run():
            model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
            for parameter in model.parameters():
                parameter.data[...] = 0.1
            return trainer(model, seed=5).fit(loader(shuffle=True), epochs=2)["loss"]

        assert run() == run()

    def test_any_iterable_of_batches(self):
        from_list, from_loader = trainer(), trainer()
        from_list.fit([(X[i : i + 4], Y[i : i + 4]) for i in range(0, 22, 4)], epochs=2)
        from_loader.fit(loader(), epochs=2)
        assert same_weights(from_list.model, from_loader.model)

    def test_several_inputs(self):
        class Two(nn.Module):
            def __init__(self):
                super().__init__()
                self.line = nn.Linear(3, 1)

            def forward(self, a, b):
                return self.line(a) + b

        model = Two()
        run = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
        data = DataLoader(TensorDataset(X, np.zeros_like(Y), Y), batch_size=4)
        assert run.fit(data, epochs=1)["loss"][0] > 0
        assert run.predict(data).shape == (22, 1)

    def test_batches_of_another_form(self):
        with pytest.raises(TypeError, match=r"batches \(input, target\), got a list of length 1.*Trainer.compute"):
            trainer().fit(DataLoader(TensorDataset(X)), epochs=1)
        with pytest.raises(TypeError, match="got a Tensor"):
            trainer().fit([ag.tensor(X)], epochs=1)

        class OfDicts(Trainer):
            def compute(self, batch):
                output = self.model(batch["x"])
                return output, batch["y"], self.loss(output, batch["y"])

        model = line()
        run = OfDicts(model, optim.SGD(model.parameters(), lr=0.05, momentum=0.9), nn.MSELoss())
        run.fit([{"x": X, "y": Y}], epochs=1)
        other = trainer()
        other.fit([(X, Y)], epochs=1)
        assert same_weights(run.model, other.model)

    @pytest.mark.parametrize(
        "options", [dict(accumulate=0), dict(accumulate=1.5), dict(clip_norm=0.0), dict(clip_value=-1.0)]
    )
    def test_arguments_out_of_range(self, options):
        with pytest.raises(ValueError, match=f"{next(iter(options))}, an? "):
            trainer(**options)


class TestRefusals:
    @pytest.mark.parametrize(
        "make",
        [
            optim.LBFGS,
            optim.NewtonCG,
            lambda parameters: optim.SAM(optim.SGD(parameters)),
        ],
    )
    def test_an_optimizer_that_computes_the_loss_itself(self, make):
        model = line()
        with pytest.raises(TypeError, match=r"the gradients that are there, got \w+, whose step computes the loss"):
            Trainer(model, make(list(model.parameters())), nn.MSELoss())

    def test_something_that_is_no_optimizer(self):
        with pytest.raises(TypeError, match="Trainer: expected an optimizer, got SGD"):
            Trainer(line(), optim.SGD, nn.MSELoss())
        with pytest.raises(TypeError, match="Trainer: expected an optimizer, got MSELoss"):
            Trainer(line(), nn.MSELoss(), nn.MSELoss())

    def test_parameters_of_another_model(self):
        model = nn.Sequential(line(), nn.Linear(1, 1))
        other = nn.Sequential(line(), nn.Linear(1, 1))
        run = Trainer(model, optim.SGD(other.parameters(), lr=0.1), nn.MSELoss())
        with pytest.raises(ValueError, match=r"4 of 4 that belong to neither, one of shape \(1, 3\)"):
            run.fit(loader(), epochs=1)
        run = Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss())
        model[1] = nn.Linear(1, 1)  # after the optimizer was made: it would never be trained
        with pytest.raises(ValueError, match=r"2 of 4 that belong to neither.*when the model has all its parts"):
            run.fit(loader(), epochs=1)
        assert run.step == 0

    def test_some_of_the_models_and_those_of_the_loss(self):
        class Scaled(nn.Module):
            def __init__(self):
                super().__init__()
                self.scale = nn.Parameter([1.0])

            def forward(self, output, target):
                return ((output - target) ** 2).mean() / self.scale[0] ** 2 + self.scale[0] ** 2

        model, loss = line(), Scaled()
        Trainer(model, optim.SGD([model.bias, loss.scale], lr=0.01), loss).fit(loader(), epochs=1)
        assert loss.scale.item() != 1.0

    @pytest.mark.parametrize(
        ("epochs", "error"), [(-1, ValueError), (2.5, TypeError), ("3", TypeError), (None, TypeError)]
    )
    def test_epochs_that_are_no_count(self, epochs, error):
        run = trainer()
        with pytest.raises(error, match=r"Trainer\.fit: expected epochs, an integer of at least 0, got"):
            run.fit(loader(), epochs)
        assert run.fit(loader(), 0) == {}
        assert len(run.fit(loader(), np.int64(2))["loss"]) == 2

    @pytest.mark.parametrize("empty", [[], iter(())])
    def test_data_without_a_batch(self, empty):
        run = trainer()
        with pytest.raises(ValueError, match=r"Trainer\.fit: expected at least one batch, got none .* in epoch 1"):
            run.fit(empty, epochs=1)
        assert run.history == {}
        with pytest.raises(ValueError, match=r"Trainer\.evaluate: expected at least one batch, got none"):
            run.evaluate(empty)

    def test_a_generator_is_there_only_once(self):
        run = trainer()
        with pytest.raises(ValueError, match=r"none from the loader in epoch 2\. .*only once"):
            run.fit((batch for batch in loader()), epochs=2)
        assert len(run.history["loss"]) == run.epoch == 1


class TestModes:
    def test_training_and_evaluation(self):
        seen = []

        class Watch(nn.Module):
            def forward(self, x):
                seen.append((self.training, ag.is_grad_enabled()))
                return x

        model = nn.Sequential(nn.Linear(3, 1), Watch(), nn.Sequential(Watch()))
        model.eval()
        run = trainer(model)
        model[2].train()
        run.evaluate(loader(22))
        assert seen == [(False, False)] * 2
        assert [module.training for module in model.modules()] == [False, False, False, True, True]
        seen.clear()
        run.fit(loader(22), epochs=1, validation=loader(22))
        assert seen == [(True, True)] * 2 + [(False, False)] * 2
        assert all(module.training for module in model.modules())

    def test_evaluation_changes_nothing(self):
        run = trainer(metrics=["mean_absolute_error"])
        before = run.model.state_dict()
        found = run.evaluate(loader())
        output = X @ before["weight"].T + before["bias"]
        assert found["loss"] == pytest.approx(np.mean((output - Y) ** 2), rel=1e-5)
        assert found["mean_absolute_error"] == pytest.approx(np.mean(np.abs(output - Y)), rel=1e-5)
        assert all(np.array_equal(before[key], value) for key, value in run.model.state_dict().items())
        assert all(parameter.grad is None for parameter in run.model.parameters())

    def test_prediction(self):
        run = trainer()
        expected = X @ run.model.weight.detach().numpy().T + run.model.bias.detach().numpy()
        for data in (X, ag.tensor(X), TensorDataset(X, Y), TensorDataset(X), loader(5), [X[:10], X[10:]]):
            found = run.predict(data, batch_size=7)
            np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)
            assert not found.requires_grad
        with pytest.raises(ValueError, match="at least one sample"):
            run.predict([])

        class Pair(nn.Module):
            def forward(self, x):
                return x, 2 * x

        first, second = Trainer(Pair(), run.optimizer, nn.MSELoss()).predict(X, batch_size=5)
        np.testing.assert_array_equal(2 * first.numpy(), second.numpy())


class TestGradients:
    def test_accumulation_is_a_larger_batch(self):
        small, large = trainer(accumulate=5), trainer()
        history = small.fit(DataLoader(TensorDataset(X[:20], Y[:20]), 2), epochs=2)
        large.fit(DataLoader(TensorDataset(X[:20], Y[:20]), 10), epochs=2)
        assert small.step == large.step == 4
        for a, b in zip(small.model.parameters(), large.model.parameters()):
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5)
        assert len(history["loss"]) == 2

    @pytest.mark.parametrize("with_length", [True, False])
    def test_batches_left_over_give_an_update(self, with_length):
        """22 samples make 6 batches of 4: an update of 4 batches, and one of the 2 that are left."""

        class Rows(IterableDataset):
            def __iter__(self):
                return iter(zip(X, Y))

        data = loader() if with_length else DataLoader(Rows(), batch_size=4)
        run = trainer(accumulate=4)
        run.fit(data, epochs=3)
        assert run.step == 6
        assert run.batch == 0
        if with_length:  # the mean over the batches that there are
            model = line()
            optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
            batches = list(loader())
            for _ in range(3):
                for group in (batches[:4], batches[4:]):
                    optimizer.zero_grad()
                    sum(nn.MSELoss()(model(x), y) / len(group) for x, y in group).backward()
                    optimizer.step()
            for a, b in zip(run.model.parameters(), model.parameters()):
                np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5)

    def test_clipping(self):
        norms, largest = [], []

        class Watch(Callback):
            def on_step_end(self, trainer):
                gradients = [parameter.grad.numpy().ravel() for parameter in trainer.model.parameters()]
                norms.append(np.linalg.norm(np.concatenate(gradients)))
                largest.append(np.abs(np.concatenate(gradients)).max())

        trainer(clip_norm=0.1, callbacks=[Watch()]).fit(loader(), epochs=1)
        assert norms[0] == pytest.approx(0.1, rel=1e-4)
        norms.clear()
        largest.clear()
        trainer(clip_value=0.05, callbacks=[Watch()]).fit(loader(), epochs=1)
        assert largest[0] == pytest.approx(0.05)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_a_loss_that_is_not_finite(self, value):
        x = X.copy()
        x[9, 1] = value
        run = trainer()
        weights = []

        class Keep(Callback):
            def on_step_end(self, trainer):
                weights.append(trainer.model.state_dict())

        run.callbacks.append(Keep())
        data = DataLoader(TensorDataset(x, Y), batch_size=4)
        with np.errstate(invalid="ignore"), pytest.raises(FloatingPointError, match="in epoch 1, batch 3"):
            run.fit(data, epochs=2)
        assert len(weights) == 2
        assert all(np.array_equal(weights[-1][key], array) for key, array in run.model.state_dict().items())
        with np.errstate(invalid="ignore"):
            history = trainer(check_finite=False).fit(data, epochs=1)
        assert not np.isfinite(history["loss"][0])


# -- schedules -------------------------------------------------------------------------------------


class TestSchedules:
    def test_once_per_epoch(self):
        run = trainer()
        run = trainer(run.model, schedule=Halving(run.optimizer))
        run.optimizer = run.schedule.schedules[0].optimizer
        assert run.fit(loader(), epochs=3)["learning_rate"] == [0.05, 0.025, 0.0125]

    def test_once_per_step(self):
        model = line()
        optimizer = optim.SGD(model.parameters(), lr=1.0)
        schedule = Halving(optimizer, 0.9)
        run = Trainer(model, optimizer, nn.MSELoss(), schedule=schedule, schedule_every="step", accumulate=2)
        run.fit(loader(), epochs=2)
        assert schedule.steps == run.step == 6

    def test_several(self):
        model = line()
        optimizer = optim.SGD(model.parameters(), lr=1.0)
        run = Trainer(model, optimizer, nn.MSELoss(), schedule=[Halving(optimizer), Halving(optimizer, 0.1)])
        run.fit(loader(), epochs=1)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05)

    def test_one_that_looks_at_a_value(self):
        seen = []

        class Plateau:
            def step(self, metrics, epoch=None):
                seen.append(metrics)

        run = trainer(schedule=Plateau())
        history = run.fit(loader(), epochs=2, validation=loader())
        assert seen == history["val_loss"]
        seen.clear()
        run = trainer(schedule=Plateau(), monitor="mean_absolute_error", metrics="mean_absolute_error")
        history = run.fit(loader(), epochs=2)
        assert seen == history["mean_absolute_error"]
        with pytest.raises(ValueError, match="a schedule that needs no value"):
            trainer(schedule=Plateau(), schedule_every="step")

    def test_refused(self):
        with pytest.raises(TypeError, match=r"a schedule with a method step\(\), got float"):
            trainer(schedule=0.5)
        with pytest.raises(ValueError, match="schedule_every"):
            trainer(schedule_every="minute")


# -- callbacks -------------------------------------------------------------------------------------


class Log(Callback):
    """Writes down what it is told."""

    def __init__(self):
        self.moments = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            moment = name.removeprefix("on_")
            return lambda trainer: self.moments.append((moment, trainer.epoch, trainer.batch, trainer.step))
        return super().__getattribute__(name)


class TestCallbacks:
    def test_moments(self):
        log = Log()
        trainer(callbacks=[log], accumulate=2).fit(loader(8), epochs=1)
        assert log.moments == [
            ("fit_start", 0, 0, 0),
            ("epoch_start", 0, 0, 0),
            ("batch_start", 0, 0, 0),
            ("batch_end", 0, 1, 0),
            ("batch_start", 0, 1, 0),
            ("batch_end", 0, 2, 0),
            ("step_end", 0, 2, 1),
            ("batch_start", 0, 2, 1),
            ("batch_end", 0, 3, 1),
            ("step_end", 0, 3, 2),
            ("epoch_end", 1, 0, 2),
            ("fit_end", 1, 0, 2),
        ]

    def test_every_moment_is_known(self):
        run = trainer(callbacks=[Callback()])
        run.fit(loader(), epochs=1)
        assert Callback().state_dict() == {}

    def test_stopping(self):
        class Enough(Callback):
            def on_batch_end(self, trainer):
                if trainer.step == 8:
                    trainer.stop("enough")

        run = trainer(callbacks=[Enough()])
        run.fit(loader(), epochs=10)
        assert (run.epoch, run.stop_reason) == (2, "enough")


class Script(Metric):
    """Gives values that were written down before."""

    better = "max"

    def __init__(self, values):
        self.values = list(values)
        super().__init__()

    def reset(self):
        pass

    def update(self, output, target):
        pass

    def value(self):
        return self.values.pop(0)


class TestEarlyStopping:
    def run(self, values, **options):
        stopping = EarlyStopping("script", **options)
        log = []

        class Weights(Callback):
            def on_epoch_end(self, trainer):
                log.append(trainer.model.state_dict())

        run = trainer(metrics={"script": Script(values)}, callbacks=[stopping, Weights()])
        run.fit(loader(), epochs=len(values))
        return run, stopping, log

    def test_it_stops_and_gives_the_best_weights_back(self):
        run, stopping, log = self.run([1.0, 3.0, 2.0, 2.9, 5.0], patience=2)
        assert (run.epoch, stopping.best, stopping.best_epoch) == (4, 3.0, 2)
        assert "script has not become better since epoch 2" in run.stop_reason
        assert all(np.array_equal(log[1][key], array) for key, array in run.model.state_dict().items())

    def test_the_last_weights_can_be_kept(self):
        run, _, log = self.run([1.0, 0.0, 0.0], patience=2, restore_best=False)
        assert all(np.array_equal(log[-1][key], array) for key, array in run.model.state_dict().items())

    def test_min_delta_mode_and_nan(self):
        assert self.run([1.0, 1.05, 1.05, 1.2], patience=2, min_delta=0.1)[0].epoch == 3
        assert self.run([1.0, 0.5, 0.4, 0.3], patience=1, mode="min")[0].epoch == 4
        run, stopping, _ = self.run([np.nan, 1.0, np.nan, np.nan, 2.0], patience=2)
        assert (run.epoch, stopping.best) == (4, 1.0)
        run, stopping, _ = self.run([np.nan, np.nan, 1.0], patience=2)
        assert (run.epoch, stopping.best) == (2, None)

    def test_what_it_monitors_by_itself(self):
        stopping = EarlyStopping(patience=1)
        run = trainer(lr=1.5, callbacks=[stopping])  # the loss grows
        history = run.fit(loader(), epochs=9)
        assert stopping.best == min(history["loss"])
        assert run.epoch < 9
        stopping = EarlyStopping(patience=1)
        history = trainer(lr=1.5, callbacks=[stopping]).fit(loader(), epochs=9, validation=loader())
        assert stopping.best == min(history["val_loss"])

    def test_a_new_fit_begins_anew(self):
        stopping = EarlyStopping(patience=1)
        run = trainer(callbacks=[stopping], lr=0.0)
        run.fit(loader(), epochs=5)
        assert run.epoch == 2
        run.fit(loader(), epochs=5)
        assert run.epoch == 4

    def test_refused(self):
        for options in (dict(patience=0), dict(min_delta=-1), dict(mode="up")):
            with pytest.raises(ValueError, match="EarlyStopping"):
                EarlyStopping(**options)
        with pytest.raises(KeyError, match=r"one of loss, .*got val_loss.*pass validation="):
            trainer(callbacks=[EarlyStopping("val_loss")]).fit(loader(), epochs=1)
        with pytest.raises(ValueError, match="pass mode="):
            trainer(metrics={"f": lambda o, t: 1}, callbacks=[EarlyStopping("f")]).fit(loader(), epochs=1)


# -- progress --------------------------------------------------------------------------------------


class TestProgress:
    def test_quiet_off_a_terminal(self, capsys):
        trainer().fit(loader(), epochs=2)
        assert capsys.readouterr() == ("", "")

    def test_in_a_terminal(self, capsys, monkeypatch):
        pytest.importorskip("tqdm")
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        trainer().fit(loader(), epochs=2, validation=loader())
        shown = capsys.readouterr().err
        assert "epoch 1/2: 100%" in shown
        assert "epoch 2/2: 100%" in shown
        assert "6/6" in shown
        assert "val_loss" in shown
        trainer(progress=False).fit(loader(), epochs=1)
        assert capsys.readouterr().err == ""

    def test_wanted_everywhere(self, capsys):
        pytest.importorskip("tqdm")
        with np.errstate(over="ignore"), pytest.raises(FloatingPointError):
            trainer(lr=1e30, progress=True).fit(loader(), epochs=1)
        assert "epoch 1" in capsys.readouterr().err

    def test_without_tqdm(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tqdm", None)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        Progress(None).begin("quiet", 1, 0)
        with pytest.raises(ModuleNotFoundError, match="pip install tqdm"):
            trainer(progress=True)


def test_xor_is_learned():
    nn.manual_seed(1)
    model = nn.MLP([2, 8, 1], activation=nn.Tanh)
    run = Trainer(model, optim.Adam(model.parameters(), lr=0.05), nn.BCEWithLogitsLoss(), metrics="accuracy")
    history = run.fit(DataLoader(xor(), batch_size=4), epochs=100)
    assert history["accuracy"][-1] == 1
    assert (run.predict(xor()).numpy().ravel() > 0).tolist() == [False, True, True, False]


# -- the examples ----------------------------------------------------------------------------------


def test_the_example_of_resuming(tmp_path, capsys):
    whole = checkpoint_and_resume.main(str(tmp_path / "whole"), epochs=8)
    checkpoint_and_resume.main(str(tmp_path / "parts"), epochs=3)
    assert checkpoint_and_resume.main(str(tmp_path / "parts"), epochs=8) == whole
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == ["began anew"] * 2 + ["went on"]


def test_the_example_of_a_trainer(tmp_path, capsys):
    pytest.importorskip("sklearn", reason="scikit-learn brings the images")
    pytest.importorskip("matplotlib", reason="it draws the curves")
    result = digits_trainer.main(epochs=4, plot=str(tmp_path / "curves.png"))
    assert result["accuracy"] > 0.9
    assert "4 epochs" in capsys.readouterr().out
    assert (tmp_path / "curves.png").stat().st_size > 1000
