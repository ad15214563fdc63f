#!/usr/bin/env bash
# The smallest model that ships: what made src/gribouille/models/tiny.onnx, under 2 MB, from the drawings and answers of small.sh.
#
#   bash recipes/tiny.sh [DATA] [WORK]      # WORK as small.sh left it: store, public.safetensors, own.safetensors
#
# A ResNet10t of six tenths of its width on 48 px pictures, from scratch, with the same two teachers. Stopped at any moment, the
# same command goes on. Costs and what was reached: docs/lab.md, 2026-11-24.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-../shared/data}
work=${2:-runs}
BIN=${BIN:-.venv/bin}
gribouille=$BIN/gribouille

$gribouille train "$work/store" --out "$work/tiny" --net "resnet10t*0.6" --side 48 --precision float32 --threads "${THREADS:-1}" \
  --soft-labels "$work/public.safetensors" --soft-labels "$work/own.safetensors" --soft-weight 0.7 --smoothing 0.05 \
  --epochs "${EPOCHS:-16}" --per-class 100 --batch 128 --warmup 0.1 --average 0.998 --validation 2000 --save-every 200 \
  --rotation 8 --stretch 0.2 --shear 0.12 --jitter 1.2 --mirror 0.25 --cut 0.35
$gribouille export "$work/tiny" --out src/gribouille/models/tiny.onnx --store "$work/store"
$gribouille evaluate src/gribouille/models/tiny.onnx "$work/store"
"${PYTHON:-$BIN/python}" recipes/model_card.py src/gribouille/models/tiny.onnx "$work/store" --work "$work/cards" \
  --peer "28 px classifier=$data/teacher/teacher28.onnx"
