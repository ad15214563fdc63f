#!/usr/bin/env bash
# Members of different kinds, every way to make one recogniser of them, and how far they err together.
#
#   bash recipes/ensembles.sh STORE [WORK]
#
# Image nets of three families and sizes (one of them twice, with other random numbers, for comparison), a net that reads the strokes, and
# one behind the learned stem, each shown the same number of drawings; then mean, linear, boosted and experts, each evaluated on the same
# test drawings beside the best member. Stopped at any moment, the same command goes on.
#
#   N=100 EPOCHS=7 SIDE=48 BATCH=128 RATE=2e-3 THREADS=1 BIN=.venv/bin
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
store=${1:?expected a store}
work=${2:-$here/runs/ensembles}
BIN=${BIN:-$here/.venv/bin}
N=${N:-100} EPOCHS=${EPOCHS:-7} SIDE=${SIDE:-48} BATCH=${BATCH:-128} RATE=${RATE:-2e-3} THREADS=${THREADS:-1}

# One member: its folder's name, its net, and what else is its own.
member() {
  local name=$1 net=$2
  shift 2
  "$BIN/gribouille" train "$store" --out "$work/$name" --net "$net" --side "$SIDE" --epochs "$EPOCHS" --per-class "$N" --batch "$BATCH" \
    --rate "$RATE" --precision float32 --threads "$THREADS" "$@"
}
member resnet18 "resnet18*0.5"
member another-resnet18 "resnet18*0.5" --seed 1
member resnet10 "resnet10t*0.6" --seed 2
member lite0 tf_efficientnet_lite0 --pretrained pypi --seed 3
member strokes "gru" --seed 4
member stem "stem+resnet10t*0.6" --seed 5
