#!/usr/bin/env bash
# A model under 2 MB: a ResNet10t of six tenths of its width (1.9 M weights) on 48 px pictures, with the teachers of lite.sh.
#
#   bash recipes/tiny.sh [WORK]      # WORK as small.sh and lite.sh left it: store, public.safetensors, own.safetensors
#
# Costs: EPOCHS=30 times 100 drawings of each of 345 words, 1.04 million drawings; NOT RUN, for want of time (2026-11-24): nothing is
# shipped yet. Stopped at any moment, the same command goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
work=${1:-runs}
BIN=${BIN:-.venv/bin}
gribouille=$BIN/gribouille

$gribouille train "$work/store" --out "$work/tiny" --net "resnet10t*0.6" --side 48 --precision float32 --threads "${THREADS:-1}" \
  --soft-labels "$work/public.safetensors" --soft-labels "$work/own.safetensors" --soft-weight 0.7 --smoothing 0.05 \
  --epochs "${EPOCHS:-30}" --per-class 100 --batch 128 --warmup 0.1 --average 0.998 --validation 2000 --save-every 200 \
  --rotation 8 --stretch 0.2 --shear 0.12 --jitter 1.2 --mirror 0.25 --cut 0.35
$gribouille export "$work/tiny" --out "$work/tiny.onnx" --store "$work/store" --arithmetic int8
$gribouille evaluate "$work/tiny.onnx" "$work/store"
