"""Several nets as one: the mean of what they say, a linear layer or boosted trees on it, or experts beside one net.

In come training runs and model files that know the same labels, each with a picture of its own; out goes a folder:
`ensemble.json` (`card`) names them, one more file holds what was learned, where anything was. `members` asks them, `asking`
asks about a store's drawings, `mean`, `linear`, `boosted` (on `candidates`) and `experts` (for `groups`) make one answer of
many, `combining` writes the folder, `combination` reads it, `correlation` says what members have in common (the file
`correlation.json`). Experts are trained by `gribouille.experts`.
"""

from gribouille.ensemble.asking import Asked
from gribouille.ensemble.card import CORRELATION, ENSEMBLE, LEARNED, EnsembleCard, EnsembleOptions, Member
from gribouille.ensemble.combination import Ensemble, open_ensemble
from gribouille.ensemble.combining import combine, questions
from gribouille.ensemble.correlation import Correlation, correlation
from gribouille.ensemble.linear import Linear, fit
from gribouille.ensemble.members import Logits, net_logits

__all__ = [
    "CORRELATION",
    "ENSEMBLE",
    "LEARNED",
    "Asked",
    "Correlation",
    "Ensemble",
    "EnsembleCard",
    "EnsembleOptions",
    "Linear",
    "Logits",
    "Member",
    "combine",
    "correlation",
    "fit",
    "net_logits",
    "open_ensemble",
    "questions",
]
