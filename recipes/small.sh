#!/usr/bin/env bash
# From the drawings to the shipped model: what made src/gribouille/models/small.onnx (docs/lab.md says with which figures).
#
#   bash recipes/small.sh [DATA] [WORK]
#
# DATA holds simplified/, raw/, extra/ (NDJSON) and teacher/teacher28.onnx; by default ../shared/data. WORK keeps the store,
# the soft labels and the runs (0.4 GB); by default runs/. Stopped at any moment, the same command goes on where it was.
#
# Costs, on 2 cores without a GPU and beside other work: 10 minutes for the teacher, 59 for the first course (2026-11-23, another
# machine), 12 for the second teacher, 20 and 12 for far and near (2026-11-24, both at a time), 77 and 22 for wide and wider, 2 for
# the export. Not run in one piece.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-../shared/data}
work=${2:-runs}
BIN=${BIN:-.venv/bin}
gribouille=$BIN/gribouille
python=${PYTHON:-$BIN/python}
net=(--net resnet10t --per-class 100 --threads 1 --validation 2000) # one torch thread: the loader has the other core

# extra/ was simplified by others: it is learned from, never judged on. Raw and simplified form of one drawing are both kept.
[ -e "$work/store" ] ||
  $gribouille ingest "$data/simplified" "$data/raw" --training-only "$data/extra" --keep-duplicates --out "$work/store"
[ -e "$work/public.safetensors" ] ||
  $gribouille distil "$data/teacher/teacher28.onnx" "$work/store" --out "$work/public.safetensors"

# The first course, from nothing; its model file is what was shipped first, the second teacher, and what the next go on from.
$gribouille train "$work/store" --out "$work/own" --soft-labels "$work/public.safetensors" "${net[@]}" --side 48 \
  --epochs 30 --warmup 0.1 --save-every 100
[ -e "$work/own.onnx" ] || $gribouille export "$work/own" --out "$work/own.onnx" --store "$work/store"
[ -e "$work/own.safetensors" ] || $gribouille distil "$work/own.onnx" "$work/store" --out "$work/own.safetensors"

# More of the true words, more unfinished drawings, gentler warps, a rate that only falls.
onward() { # NAME FROM SIDE EPOCHS RATE SEED, then whatever else
  $gribouille train "$work/store" --out "$work/$1" --soft-labels "$work/public.safetensors" "${net[@]}" \
    --pretrained "$2" --side "$3" --epochs "$4" --batch 128 --precision float32 --rate "$5" --schedule cosine --seed "$6" \
    --smoothing 0.05 --save-every 200 --rotation 8 --stretch 0.2 --shear 0.12 --jitter 1.2 --mirror 0.25 --cut 0.45 "${@:7}"
}
# Far and near at 48 px: the mean of their weights is better than either, and was what shipped next.
onward far "$work/own.onnx" 48 5 1e-3 2 --soft-weight 0.5 --average 0.997
onward near "$work/own.onnx" 48 3 3e-4 3 --soft-weight 0.5 --average 0.997
"$python" recipes/mean_weights.py "$work/far/last.safetensors" "$work/near/last.safetensors" --out "$work/small48"
[ -e "$work/small48.onnx" ] || $gribouille export "$work/small48" --out "$work/small48.onnx" --store "$work/store"

# The same net on pictures of 64 px, with both teachers, and once more from where that ends.
both=(--soft-labels "$work/own.safetensors" --soft-weight 0.6 --average 0.998)
onward wide "$work/small48.onnx" 64 12 1e-3 5 "${both[@]}"
onward wider "$work/wide/last.safetensors" 64 4 6e-4 6 "${both[@]}"
"$python" recipes/mean_weights.py "$work/wide/last.safetensors" "$work/wider/last.safetensors" --out "$work/small"

# One file whose products are of whole numbers, its scores, and the tables of its card, with the public classifier on the very
# same drawings.
$gribouille export "$work/small" --out src/gribouille/models/small.onnx --store "$work/store" --arithmetic int8
$gribouille evaluate src/gribouille/models/small.onnx "$work/store"
"$python" recipes/model_card.py src/gribouille/models/small.onnx "$work/store" --work "$work/cards" \
  --peer "28 px classifier=$data/teacher/teacher28.onnx"
