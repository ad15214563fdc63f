#!/usr/bin/env bash
# From the drawings to the shipped model: what made src/gribouille/models/small.onnx (docs/lab.md says with which figures).
#
#   bash recipes/small.sh [DATA] [WORK]
#
# DATA holds simplified/, raw/, extra/ (NDJSON) and teacher/teacher28.onnx; by default ../shared/data. WORK keeps the store,
# the soft labels and the run (0.2 GB); by default runs/. Stopped at any moment, the same command goes on where it was.
# Where it was made, step by step and beside other work on 2 cores without a GPU: 10 minutes for the teacher, 59 for the
# training, 2 for the export. It has not been run in one piece yet.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-../shared/data}
work=${2:-runs}
gribouille=.venv/bin/gribouille

# extra/ was simplified by others: it is learnt from, never judged on.
[ -e "$work/store" ] ||
  $gribouille ingest "$data/simplified" "$data/raw" --training-only "$data/extra" --out "$work/store"
[ -e "$work/teacher.safetensors" ] ||
  $gribouille distil "$data/teacher/teacher28.onnx" "$work/store" --out "$work/teacher.safetensors"
# One torch thread: the loader has the other core.
$gribouille train "$work/store" --out "$work/small" --soft-labels "$work/teacher.safetensors" \
  --net resnet10t --side 48 --epochs 30 --per-class 100 --warmup 0.1 --threads 1 --validation 2000 --save-every 100
$gribouille export "$work/small" --out src/gribouille/models/small.onnx --store "$work/store"
$gribouille evaluate src/gribouille/models/small.onnx "$work/store"
