#!/usr/bin/env bash
# A model of 0.66 MB gzipped: a ResNet10t of six tenths of its width (1.9 M weights) on 48 px pictures, with both teachers of
# small.sh; first with any weights, then with weights of nine values a channel. What made src/gribouille/models/tiny.onnx.
#
#   bash recipes/tiny.sh [WORK] [DATA]      # WORK as small.sh left it: store, public.safetensors, own.safetensors
#
# Costs: EPOCHS=16 times 100 drawings of each of 345 words, 552,000 drawings: 49 minutes on a core shared with two other trainings
# (2026-11-24); then LEVELED=14 times as many for few values, 483,000 drawings: 34 minutes on one core (2026-11-25). Stopped at
# any moment, the same command goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
work=${1:-runs}
data=${2:-../shared/data}
BIN=${BIN:-.venv/bin}
gribouille=$BIN/gribouille

ways=(--net "resnet10t*0.6" --side 48 --precision float32 --threads "${THREADS:-1}"
  --soft-labels "$work/public.safetensors" --soft-labels "$work/own.safetensors" --soft-weight 0.7 --smoothing 0.05
  --per-class 100 --batch 128 --average 0.998 --validation 2000 --save-every 200
  --rotation 8 --stretch 0.2 --shear 0.12 --jitter 1.2 --mirror 0.25 --cut 0.35)
$gribouille train "$work/store" --out "$work/tiny.any" "${ways[@]}" --epochs "${EPOCHS:-16}" --warmup 0.1 --seed 1
$gribouille train "$work/store" --out "$work/tiny" "${ways[@]}" --pretrained "$work/tiny.any/last.safetensors" --levels 4 \
  --epochs "${LEVELED:-14}" --rate 1e-3 --schedule cosine --seed 7
$gribouille export "$work/tiny" --out src/gribouille/models/tiny.onnx --store "$work/store" --arithmetic int8
$gribouille evaluate src/gribouille/models/tiny.onnx "$work/store"
"${PYTHON:-$BIN/python}" recipes/model_card.py src/gribouille/models/tiny.onnx "$work/store" --work "$work/cards" \
  --peer "28 px classifier=$data/teacher/teacher28.onnx"
