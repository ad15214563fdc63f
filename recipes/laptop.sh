#!/usr/bin/env bash
# A good evening on a laptop: all words of a store, a small net, no GPU; at its end a model file that the page can use.
#
#   bash recipes/laptop.sh STORE [WORK]        # a store is made by: gribouille ingest FOLDER --out STORE
#
# ResNet10t at 48 px, three channels, from scratch: the fastest of the nets that were timed on a CPU (docs/lab.md), and what the
# shipped model is. TEACHER=model.onnx lets it learn from a better model's answers too. THREADS=1 leaves the machine usable, 0
# takes it all. Stopped at any moment, the same command goes on.
#
# Costs: EPOCHS=25 passes over PER_CLASS=400 drawings of each of 345 words, 3.4 million drawings: 3.3 hours at the 294 a second of one
# core (docs/lab.md, the shipped model's run). Reached: not run at this size; the second teacher of small.sh, the same net taught by the
# first with 1.04 million drawings, reached 73.1 % top-1 on the natural mix (n = 3,308, 2026-11-23).
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
store=${1:?expected a store, made by: gribouille ingest FOLDER --out STORE}
work=${2:-$here/runs/laptop}
BIN=${BIN:-$here/.venv/bin}

# Asked once about every training drawing, the teacher costs less than two passes.
soft_labels=()
if [ -n "${TEACHER:-}" ]; then
  soft_labels=(--soft-labels "$work/teacher.safetensors")
  [ -e "$work/teacher.safetensors" ] || "$BIN/gribouille" distil "$TEACHER" "$store" --out "$work/teacher.safetensors"
fi
"$BIN/gribouille" train "$store" --out "$work/run" ${soft_labels[@]+"${soft_labels[@]}"} --net "${NET:-resnet10t}" \
  --side "${SIDE:-48}" --epochs "${EPOCHS:-25}" --per-class "${PER_CLASS:-400}" --batch "${BATCH:-128}" --warmup 0.1 \
  --threads "${THREADS:-1}" --validation "${VALIDATION:-3000}" --save-every 100
"$BIN/gribouille" export "$work/run" --out "$work/model.onnx" --store "$store"
"$BIN/gribouille" evaluate "$work/model.onnx" "$store"
echo "Draw with it: $BIN/gribouille draw --model $work/model.onnx"
