"""What the library does, in a minute: the worked example, three networks that learn, and pictures.

make demo
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tqdm import tqdm

import nn
import viz

from . import digits, digits_cnn, digits_lstm, worked_example

OUT = Path("out")
# The share of new images that each network has to read right.
WANTED = {"perceptron": 0.975, "convolutional": 0.985, "recurrent": 0.96}


def heading(number: int, text: str) -> None:
    """A heading in the terminal."""
    print(f"\n{number}  {text}\n{'-' * (len(text) + 3)}")


def passes() -> tuple[bool, viz.Drawing]:
    """Print the worked example's two passes; return whether all digits agree, and the picture."""
    heading(1, "Backpropagation by the book: a 2-2-2 network, every number a node")
    network = worked_example.build()
    grad_table = network.error.backward(keep="all")
    drawing = viz.draw(network.error, gradients=grad_table, digits=9)
    print("The forward pass fills in the values from the top down, the backward pass (grad_table)")
    print("the gradients of E from the bottom up.\n")
    print(drawing)
    text, agree = worked_example.compare(worked_example.results(network, grad_table))
    print(f"\n{text}")
    print("\nAll nine digits agree." if agree else "\nThe engine and the document DISAGREE.")
    return agree, drawing


def trained(model: nn.Module, data: digits.Split, epochs: int) -> float:
    """Train with a progress bar, print what came of it, and return the accuracy on images not seen."""
    before = digits.accuracy(model, data.test_images, data.test_labels)
    began = time.perf_counter()
    with tqdm(total=epochs, unit="epoch", ncols=88, file=sys.stdout) as bar:

        def report(loss: float) -> None:
            bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
            bar.update()

        digits.train(model, data, epochs=epochs, report=report)
    seconds = time.perf_counter() - began
    after = digits.accuracy(model, data.test_images, data.test_labels)
    print(f"\nTrained in {seconds:.1f} s. Of the 360 images that it has never seen, it read")
    print(f"{before:6.1%} right before and {after:.1%} after training.")
    return after


def learning(data: digits.Split) -> tuple[float, viz.Drawing]:
    """Train the perceptron; return its accuracy on images not seen, and a picture of the network at work."""
    sizes = "-".join(map(str, digits.SIZES))
    heading(2, f"A network learns to read digits: {sizes}, trained by Adam on 1,437 of 1,797 images")
    model = digits.build()
    after = trained(model, data, digits.EPOCHS)
    guesses = digits.read(model, data.test_images[:4])
    print(f"\n{digits.sketch(data.test_images[:4])}\n")
    print("   ".join(f"read as {guess}".center(16) for guess in guesses))
    loss = nn.CrossEntropyLoss()(model(data.test_images[:8]), data.test_labels[:8])
    return after, viz.draw(loss, names=dict(model.named_parameters()))


def convolving(data: digits.Split) -> float:
    """Train the convolutional network."""
    heading(3, "The same with convolutions, which look for the same features everywhere")
    return trained(digits_cnn.build(), data, digits_cnn.EPOCHS)


def reading_rows(data: digits.Split) -> float:
    """Train the recurrent network."""
    heading(4, "And row by row: an LSTM reads the eight rows of an image one after the other")
    return trained(digits_lstm.build(), data, digits_lstm.EPOCHS)


def pictures(drawings: dict[str, viz.Drawing], player: viz.Player) -> None:
    """Write the graphs into ``out/``."""
    heading(5, "Pictures of both graphs, with every value and every gradient")
    OUT.mkdir(exist_ok=True)
    for name, drawing in drawings.items():
        written = [drawing.save(OUT / f"{name}.{suffix}") for suffix in ("svg", "dot")]
        print(f"{name.replace('_', ' '):<16}{', '.join(map(str, written))}")
    print(f"{'step by step':<16}{player.save_html(OUT / 'worked_example.html')}")


def main() -> int:
    """Run everything; 0 if all numbers are as they should be."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    agree, example = passes()
    data = digits.load()
    perceptron, network = learning(data)
    reached = {"perceptron": perceptron, "convolutional": convolving(data), "recurrent": reading_rows(data)}
    player = viz.play(worked_example.build().error, digits=9)
    pictures({"worked_example": example, "digits_mlp": network}, player)
    print("\nTo go on:")
    print("  open out/worked_example.html in a browser, and step through both passes with the arrow keys")
    print("  read examples/worked_example.py and examples/digits.py, 100 lines each; change a weight, a size, a rate")
    print("  open notebooks/01-graph-and-backprop.ipynb, and write the two passes yourself")
    missed = {name: share for name, share in reached.items() if share < WANTED[name]}
    for name, share in missed.items():
        print(f"\nThe test accuracy of the {name} network, {share:.1%}, is below {WANTED[name]:.1%}.")
    return 0 if agree and not missed else 1


if __name__ == "__main__":
    sys.exit(main())
