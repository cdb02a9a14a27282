"""The ready networks: shapes, names, what they compute, and that they learn."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
import nn.functional as F
import optim

XOR_INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([[0.0], [1.0], [1.0], [0.0]])


def train(model, x, y, loss_of, steps, rate=0.01, optimizer=optim.Adam):
    optimizer = optimizer(model.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()


def test_a_linear_model_of_xor_ends_at_one_half():
    nn.manual_seed(0)
    model = nn.Linear(2, 1, dtype=np.float64)
    train(model, XOR_INPUTS, XOR, nn.MSELoss(), 500, rate=0.3, optimizer=optim.SGD)
    np.testing.assert_allclose(model.weight.detach().numpy(), 0, atol=1e-6)
    np.testing.assert_allclose(model.bias.detach().numpy(), 0.5, atol=1e-6)


def test_two_layers_compute_xor_exactly():
    model = nn.MLP([2, 2, 1], dtype=np.float64)
    model.load_state_dict({"0.weight": [[1, 1], [1, 1]], "0.bias": [0, -1], "2.weight": [[1, -2]], "2.bias": [0]})
    assert model(XOR_INPUTS).tolist() == XOR.tolist()
    loss = nn.MSELoss()(model(XOR_INPUTS), XOR)
    loss.backward()
    assert loss.item() == 0
    assert all((p.grad.numpy() == 0).all() for p in model.parameters())


def test_two_layers_learn_xor_and_one_unit_cannot():
    nn.manual_seed(3)
    both = nn.MLP([2, 8, 1], activation=nn.Tanh)
    assert train(both, XOR_INPUTS, XOR, nn.BCEWithLogitsLoss(), 300, rate=0.05) < 0.02
    one = nn.Linear(2, 1)
    assert train(one, XOR_INPUTS, XOR, nn.BCEWithLogitsLoss(), 300, rate=0.05) > 0.69


def copied_by_hand():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 3)
            self.conv2 = nn.Conv2d(6, 16, 3)
            self.fc1 = nn.Linear(16 * 6 * 6, 120)
            self.fc2 = nn.Linear(120, 84)
            self.fc3 = nn.Linear(84, 10)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
            x = F.max_pool2d(F.relu(self.conv2(x)), 2)
            x = x.view(-1, self.num_flat_features(x))
            x = F.relu(self.fc1(x))
            x = F.relu(self.fc2(x))
            return self.fc3(x)

        def num_flat_features(self, x):
            size = x.size()[1:]
            num_features = 1
            for s in size:
                num_features *= s
            return num_features

    return Net()


def test_the_network_of_the_lecture_runs_and_trains():
    nn.manual_seed(0)
    net = copied_by_hand()
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(net.parameters(), lr=0.01)
    rng = np.random.default_rng(0)
    input = ag.tensor(rng.standard_normal((8, 1, 32, 32)).astype(np.float32))
    target = ag.tensor(rng.integers(0, 10, 8))
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        output = net(input)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_lenet_is_that_network():
    net, lenet, cnn = copied_by_hand(), nn.LeNet(), nn.CNN()
    assert {k: v.shape for k, v in net.state_dict().items()} == {k: v.shape for k, v in lenet.state_dict().items()}
    lenet.load_state_dict(net.state_dict())
    values = list(net.state_dict().values())
    cnn.load_state_dict(dict(zip(cnn.state_dict(), values, strict=True)))
    x = np.random.default_rng(1).standard_normal((3, 1, 32, 32)).astype(np.float32)
    np.testing.assert_array_equal(lenet(x).detach().numpy(), net(x).detach().numpy())
    np.testing.assert_array_equal(cnn(x).detach().numpy(), net(x).detach().numpy())


def test_a_convolution_and_an_affine_layer_by_hand():
    net = nn.TwoLayerCNN(1, 1, 1, size=3, kernel_size=2, dtype=np.float64)
    net.load_state_dict(
        {
            "conv.weight": [[[[1.0, 0.0], [0.0, -1.0]]]],
            "conv.bias": [0.5],
            "fc.weight": [[1.0, 2.0, 3.0, 4.0]],
            "fc.bias": [0.0],
        }
    )
    x = ag.tensor([[[[1.0, 2.0, 0.0], [0.0, 3.0, 1.0], [2.0, 1.0, 0.0]]]], requires_grad=True)
    # net(1) = [[1-3, 2-1], [0-1, 3-0]] + 0.5 = [[-1.5, 1.5], [-0.5, 3.5]]; relu; 2 * 1.5 + 4 * 3.5 = 17
    y = net(x)
    assert y.tolist() == [[17.0]]
    y.backward()
    # delta = [[0, 2], [0, 4]] at the feature map: it goes back along the two ones of the kernel.
    assert x.grad.tolist() == [[[[0, 2, 0], [0, 4, -2], [0, 0, -4]]]]
    assert net.conv.weight.grad.tolist() == [[[[2 * 2 + 4 * 3, 2 * 0 + 4 * 1], [2 * 3 + 4 * 1, 2 * 1 + 4 * 0]]]]
    assert net.conv.bias.grad.tolist() == [6.0]
    assert net.fc.weight.grad.tolist() == [[0.0, 1.5, 0.0, 3.5]]


@pytest.mark.parametrize(
    "build",
    [lambda: nn.LeNet(size=6), lambda: nn.CNN(size=(8, 5)), lambda: nn.CNN(size=9), lambda: nn.TwoLayerCNN(1, 2, 3, 2)],
)
def test_images_that_are_too_small(build):
    with pytest.raises(ValueError, match="large enough"):
        build()


def test_dropout_stands_before_every_affine_layer_but_the_first():
    names = [type(module).__name__ for module in nn.MLP([2, 3, 4, 1], dropout=0.5)]
    assert names == ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    assert type(nn.MLP([2, 1], dropout=0.5)[-1]) is nn.Linear
    names = [type(module).__name__ for module in nn.CNN(size=8, channels=(4,), hidden=(5,), dropout=0.5)]
    assert names[-6:] == ["Flatten", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]


def test_residual_networks():
    nn.manual_seed(0)
    x = np.random.default_rng(0).standard_normal((4, 3, 8, 8)).astype(np.float32)
    net = nn.ResNet(3, 5, channels=(4, 8), blocks=[1, 2])
    assert net(x).shape == (4, 5)
    assert len(net.stages[1]) == 2
    assert {"stages.1.0.shortcut.0.weight", "bn1.running_mean"} <= net.state_dict().keys()
    plain = nn.ResNet(3, 5, channels=(4, 8), blocks=1, residual=False, norm=False)
    assert not [name for name in plain.state_dict() if "shortcut" in name or "bn" in name]
    assert plain(x).shape == (4, 5)
    y = np.array([0, 1, 2, 3])
    assert train(net, x, y, nn.CrossEntropyLoss(), 30) < 0.1
    for arguments in (dict(channels=()), dict(blocks=[1]), dict(blocks=0)):
        with pytest.raises(ValueError, match="at least one stage"):
            nn.ResNet(**arguments)


def test_a_block_whose_branch_is_zero_is_the_identity():
    block = nn.BasicBlock(3, 3, norm=False)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    x = np.random.default_rng(0).uniform(0, 1, (2, 3, 4, 4)).astype(np.float32)
    np.testing.assert_array_equal(block(x).detach().numpy(), x)


def test_a_linear_autoencoder_finds_the_principal_component():
    nn.manual_seed(1)
    rng = np.random.default_rng(0)
    direction = np.array([3.0, 4.0]) / 5
    x = rng.standard_normal((200, 1)) * direction + 0.01 * rng.standard_normal((200, 2))
    net = nn.Autoencoder([2, 1], activation=nn.Identity, dtype=np.float64)
    assert train(net, x, x, nn.MSELoss(), 1500, rate=0.01) < 2e-4
    found = net.decoder[0].weight.detach().numpy()[:, 0]
    assert abs(found @ direction) / np.linalg.norm(found) > 0.999
    assert net.decode(net.encode(x)).tolist() == net(x).tolist()


def test_the_language_model_looks_at_the_past_only():
    nn.manual_seed(0)
    net = nn.TransformerLM(vocabulary=7, width=16, heads=2, layers=2, context=10, dtype=np.float64)
    tokens = np.array([[1, 2, 3, 4, 5]])
    changed = tokens.copy()
    changed[0, 3] = 6
    a, b = net(tokens).detach().numpy(), net(changed).detach().numpy()
    np.testing.assert_allclose(a[:, :3], b[:, :3], rtol=1e-12, atol=1e-12)
    assert not np.allclose(a[:, 3], b[:, 3])
    assert net.head.weight is net.token_embedding.weight
    assert net(tokens[0]).shape == (5, 7)


def test_the_language_model_learns_a_cycle_and_continues_it():
    nn.manual_seed(0)
    net = nn.TransformerLM(vocabulary=5, width=16, heads=2, layers=1, context=12)
    rng = np.random.default_rng(0)
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    for _ in range(150):
        tokens = (rng.integers(0, 5, (16, 1)) + np.arange(12)) % 5
        optimizer.zero_grad()
        loss = net.loss(tokens)
        loss.backward()
        optimizer.step()
    assert net.generate([3], 15, choice="greedy").tolist() == [(3 + i) % 5 for i in range(16)]
    drawn = net.generate([0], 15, temperature=0.5, top_k=2)
    assert drawn.tolist() == [i % 5 for i in range(16)]
    assert net.training


def test_the_language_models_errors():
    net = nn.TransformerLM(vocabulary=5, width=8, heads=2, layers=1, context=4)
    with pytest.raises(ValueError, match="1 to 4 symbols"):
        net(np.zeros((1, 5), int))
    for arguments in (dict(prompt=[]), dict(temperature=0.0), dict(top_k=0), dict(choice="best")):
        with pytest.raises(ValueError, match="generate"):
            net.generate(**{"prompt": [1], "length": 1, **arguments})
