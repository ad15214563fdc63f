#!/usr/bin/env bash
# EfficientNet-Lite0 at 64 px from ImageNet's weights: smaller than the shipped model, and what came of it (docs/lab.md, 2026-11-24).
#
#   bash recipes/lite.sh [WORK]      # WORK as small.sh left it: store, public.safetensors, own.onnx
#
# Two teachers, because they err differently: the public classifier, and the first course of small.sh, which learned from it.
# Their mean is right more often than either, and what the student learns from, beside the true words. The first course is on
# pictures that grow (a mistake, says the lab log: at equal drawings they cost 4 points), the second goes on at full size.
#
# Costs, on one core beside other work: 12 minutes for the second teacher's answers, 43 for the first course (stopped after 14 of
# its 18 epochs), 57 for the second. Reached: docs/lab.md. Stopped at any moment, the same command goes on where it was.
set -euo pipefail
cd "$(dirname "$0")/.."
work=${1:-runs}
BIN=${BIN:-.venv/bin}
gribouille=$BIN/gribouille
picture=(--net tf_efficientnet_lite0 --side 64 --precision float32 --threads "${THREADS:-1}")
hand=(--rotation 8 --stretch 0.2 --shear 0.12 --jitter 1.2 --mirror 0.25 --cut 0.45)
answers=(--soft-labels "$work/public.safetensors" --soft-labels "$work/own.safetensors" --soft-weight 0.6 --smoothing 0.05)
course=(--per-class 100 --batch 96 --average 0.999 --validation 2000 --save-every 200)

# 1. The second teacher's answers about every training drawing.
[ -e "$work/own.safetensors" ] || $gribouille distil "$work/own.onnx" "$work/store" --out "$work/own.safetensors"

# 2. The student.
$gribouille train "$work/store" --out "$work/growing" "${picture[@]}" "${hand[@]}" "${answers[@]}" "${course[@]}" \
  --pretrained pypi --grow-from 32 --epochs 18 --rate 2e-3 --warmup 0.08
$gribouille train "$work/store" --out "$work/lite" "${picture[@]}" "${hand[@]}" "${answers[@]}" "${course[@]}" \
  --pretrained "$work/growing/best.safetensors" --epochs "${EPOCHS:-11}" --rate 8e-4 --schedule cosine --seed 1
$gribouille export "$work/lite" --out "$work/lite.onnx" --store "$work/store"
$gribouille evaluate "$work/lite.onnx" "$work/store"
