"""What the library does, in a minute: the worked example, a network that learns, and pictures.

make demo
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tqdm import tqdm

import nn
import viz

from . import digits, worked_example

OUT = Path("out")
WANTED_ACCURACY = 0.97


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


def learning() -> tuple[float, viz.Drawing]:
    """Train on the digits; return the accuracy on images not seen, and a picture of the network at work."""
    sizes = "-".join(map(str, digits.SIZES))
    heading(2, f"A network learns to read digits: {sizes}, trained by Adam on 1,437 of 1,797 images")
    data, model = digits.load(), digits.build()
    before = digits.accuracy(model, data.test_images, data.test_labels)
    began = time.perf_counter()
    with tqdm(total=digits.EPOCHS, unit="epoch", ncols=88, file=sys.stdout) as bar:

        def report(loss: float) -> None:
            bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
            bar.update()

        digits.train(model, data, report=report)
    seconds = time.perf_counter() - began
    after = digits.accuracy(model, data.test_images, data.test_labels)
    print(f"\nTrained in {seconds:.1f} s. Of the 360 images that it has never seen, it read")
    print(f"{before:6.1%} right before and {after:.1%} after training.")
    guesses = digits.read(model, data.test_images[:4])
    print(f"\n{digits.sketch(data.test_images[:4])}\n")
    print("   ".join(f"read as {guess}".center(16) for guess in guesses))
    loss = nn.CrossEntropyLoss()(model(data.test_images[:8]), data.test_labels[:8])
    return after, viz.draw(loss, names=dict(model.named_parameters()))


def pictures(drawings: dict[str, viz.Drawing]) -> None:
    """Write the graphs into ``out/``."""
    heading(3, "Pictures of both graphs, with every value and every gradient")
    OUT.mkdir(exist_ok=True)
    for name, drawing in drawings.items():
        written = [drawing.save(OUT / f"{name}.{suffix}") for suffix in ("svg", "dot")]
        print(f"{name.replace('_', ' '):<16}{', '.join(map(str, written))}")


def main() -> int:
    """Run everything; 0 if all numbers are as they should be."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    agree, example = passes()
    accuracy, network = learning()
    pictures({"worked_example": example, "digits_network": network})
    print("\nTo go on:")
    print("  open out/worked_example.svg in a browser, and follow E back to w5 with a pencil")
    print("  read examples/worked_example.py and examples/digits.py, 100 lines each; change a weight, a size, a rate")
    print("  open notebooks/01-graph-and-backprop.ipynb, and write the two passes yourself")
    if accuracy < WANTED_ACCURACY:
        print(f"\nThe test accuracy {accuracy:.1%} is below {WANTED_ACCURACY:.0%}.")
    return 0 if agree and accuracy >= WANTED_ACCURACY else 1


if __name__ == "__main__":
    sys.exit(main())
