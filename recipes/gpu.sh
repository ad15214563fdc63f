#!/usr/bin/env bash
# One GPU, the whole data set: ResNet18 on 64 px pictures that are drawn on the GPU, in bfloat16, compiled.
#
#   bash recipes/gpu.sh STORE [WORK]           # a store is made by: gribouille ingest FOLDER --out STORE
#
# The points of 50 million drawings are 6 GB and lie in the GPU's memory where they fit (docs/design.md). SIDE=128 has four times as
# many pixels to compute. Stopped at any moment, the same command goes on.
#
# Costs: EPOCHS=36 times PER_CLASS=20000 drawings of each of 345 words, 248 million, five times every drawing there is; how
# long that takes is not known: NOT RUN, no GPU was at hand when this was written (2026-11-24). Reached: nothing yet. The learning
# rate and the batch are guesses that `gribouille search` should replace.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
store=${1:?expected a store, made by: gribouille ingest FOLDER --out STORE}
work=${2:-$here/runs/gpu}
BIN=${BIN:-$here/.venv/bin}

"$BIN/gribouille" train "$store" --out "$work/run" --net "${NET:-resnet18}" --side "${SIDE:-64}" --epochs "${EPOCHS:-36}" \
  --per-class "${PER_CLASS:-20000}" --batch "${BATCH:-1024}" --rate "${RATE:-4e-3}" --warmup 0.1 --smoothing 0.05 --average 0.9995 \
  --device "${DEVICE:-cuda}" --precision bfloat16 --compile --validation "${VALIDATION:-20000}" --save-every 1000
"$BIN/gribouille" export "$work/run" --out "$work/model.onnx" --store "$store"
"$BIN/gribouille" evaluate "$work/model.onnx" "$store"
