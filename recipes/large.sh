#!/usr/bin/env bash
# For a server or a desktop: three nets of different kinds and the mean of what they say. Not in git: this makes it.
#
#   bash recipes/large.sh STORE [WORK] [TEACHER]     # TEACHER: a model file whose answers all three learn from, for instance small
#
# EfficientNet-Lite0 from ImageNet's weights at SIDE=96 px, ResNet18 at the same size, and a GRU on the strokes themselves: the
# less two nets have in common, the more their mean gains. Stopped at any moment, the same command goes on.
#
# Costs: 3 nets x EPOCHS=40 x PER_CLASS=400 drawings a word, 5.5 million drawings each: a GPU's work. NOT RUN: none was at hand when
# this was written (2026-11-24); reached: nothing yet. Five times the size of small (about 20 MB), and 5 to 10 times its time.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
store=${1:?expected a store, made by: gribouille ingest FOLDER --out STORE}
work=${2:-$here/runs/large}
teacher=${3:-$here/src/gribouille/models/small.onnx}
BIN=${BIN:-$here/.venv/bin}

[ -e "$work/answers.safetensors" ] || {
  mkdir -p "$work"
  "$BIN/gribouille" distil "$teacher" "$store" --out "$work/answers.safetensors"
}
member() { # NAME, then what is particular about it
  local name=$1
  shift
  "$BIN/gribouille" train "$store" --out "$work/$name" --soft-labels "$work/answers.safetensors" --soft-weight 0.5 \
    --epochs "${EPOCHS:-40}" --per-class "${PER_CLASS:-400}" --batch "${BATCH:-256}" --warmup 0.1 --average 0.999 --cut 0.45 \
    --validation 3000 --save-every 500 --device "${DEVICE:-cuda}" --precision "${PRECISION:-bfloat16}" "$@"
}
member lite --net tf_efficientnet_lite0 --pretrained "${PRETRAINED:-pypi}" --side "${SIDE:-96}"
member resnet --net resnet18 --side "${SIDE:-96}" --seed 1
member strokes --net gru --seed 2
[ -e "$work/ensemble/ensemble.json" ] ||
  "$BIN/gribouille" ensemble "$work/lite" "$work/resnet" "$work/strokes" --how mean --out "$work/ensemble"
"$BIN/gribouille" evaluate "$work/ensemble" "$store"
