"""The tables of a shipped model's card: measured, put between their marks, in both languages."""

import re
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from shapes import SHAPES, store_of_shapes

from gribouille.export import Imprint, export
from gribouille.nets import build_net
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import MODELS
from gribouille.word_scores import word_scores_of

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))
import model_card

CARDS = sorted(MODELS.glob("*.md"))
BLOCKS = ["words", *(f"{name} {language}" for language in ("en", "fr") for name in ("results", "failures"))]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_every_card_has_its_marks(card):
    """Each block goes between its own marks and nowhere else, once or twice."""
    text = card.read_text(encoding="utf-8")
    blocks = {name: f"a block of {name}" for name in BLOCKS}
    once = model_card.filled(text, blocks, card)
    assert model_card.filled(once, blocks, card) == once
    for name, block in blocks.items():
        assert f"<!-- {name} -->\n{block}\n<!-- end -->" in once
    plain = re.compile(r"(<!-- [a-z ]+ -->\n).*?(<!-- end -->)", re.DOTALL)
    assert plain.sub(r"\1\2", once) == plain.sub(r"\1\2", text)


def test_a_card_without_marks_is_refused():
    """What lacks a mark is not written over."""
    with pytest.raises(ValueError, match=r"card\.md: expected the marks <!-- words --> and <!-- end -->"):
        model_card.filled("prose", {"words": "table"}, Path("card.md"))


def test_tables_say_what_was_counted(tmp_path, monkeypatch):
    """A model and a peer are measured once; the card then has their scores, every word, and numbers as each language writes
    them."""
    store = store_of_shapes(tmp_path, 30)
    net = build_net("test_resnet", len(SHAPES), RasterSpec.of_side(32))
    for name in ("model", "peer"):
        export(net, Imprint(name, store.labels, RasterSpec.of_side(32), 1.0, {}, "", ""), tmp_path / f"{name}.onnx")
    marks = "\n".join(f"<!-- {name} -->\n<!-- end -->" for name in BLOCKS)
    (tmp_path / "model.md").write_text(marks)
    arguments = [str(tmp_path / "model.onnx"), str(store.path), "--work", str(tmp_path / "work")]
    monkeypatch.setattr(sys, "argv", ["model_card.py", *arguments, "--peer", f"another={tmp_path / 'peer.onnx'}"])
    monkeypatch.setattr(model_card, "french", list)
    model_card.main()
    card = (tmp_path / "model.md").read_text(encoding="utf-8")
    top1 = model_card.measured(tmp_path / "model.onnx", store, tmp_path / "work").summary["natural mix"]["100%"]["top1"]
    assert f"| {100 * top1:.2f} |" in card
    assert f"| {100 * top1:.2f} |".replace(".", ",") in card
    assert "*another, natural mix*" in card
    assert all(f"| {word} / {word} |" in card for word in store.labels)
    scores = word_scores_of(tmp_path / "model.onnx", sha256((tmp_path / "model.onnx").read_bytes()).hexdigest())
    assert scores is not None
    assert all(f"| {word} / {word} | {seen} |" in card for word, (_, seen) in scores.words.items())
    taken = np.array([[9, 1], [5, 5]])
    told = model_card.failures(taken, ["left", "right"], "en")
    assert "right 0.50 (left), left 0.90 (right)" in told
    assert "left / right" in told
