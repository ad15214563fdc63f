#!/usr/bin/env bash
# Members of different kinds, every way to make one recogniser of them, and how far they err together.
#
#   bash recipes/ensembles.sh STORE [WORK]
#
# Image nets of three families and sizes (one of them twice, with other random numbers, for comparison), a net that reads the strokes, and
# one behind the learned stem, each shown the same number of drawings; then mean, linear, boosted and experts, each evaluated on the same
# test drawings beside the best member. Stopped at any moment, the same command goes on.
#
#   N=80 EPOCHS=5 SIDE=48 BATCH=128 RATE=2e-3 THREADS=1 BIN=.venv/bin
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
store=${1:?expected a store}
work=${2:-$here/runs/ensembles}
BIN=${BIN:-$here/.venv/bin}
N=${N:-80} EPOCHS=${EPOCHS:-5} SIDE=${SIDE:-48} BATCH=${BATCH:-128} RATE=${RATE:-2e-3} THREADS=${THREADS:-1}

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

# What becomes of them, and how far they err together (in each folder's correlation.json).
members=("$work"/{resnet18,another-resnet18,resnet10,lite0,strokes,stem})
for how in mean linear boosted; do
  [ -e "$work/$how/ensemble.json" ] || "$BIN/gribouille" ensemble "${members[@]}" --how "$how" --store "$store" --out "$work/$how"
done
"$BIN/gribouille" ensemble "$work/resnet18" --how experts --store "$store" --out "$work/experts"

# Each beside the best member (lite0, by its start), and the experts beside the run that they specialise.
for how in mean linear boosted; do
  "$BIN/gribouille" evaluate "$work/$how" "$store" --beside "$work/lite0" | tee "$work/$how.txt"
done
"$BIN/gribouille" evaluate "$work/experts" "$store" --beside "$work/resnet18" | tee "$work/experts.txt"
"$BIN/gribouille" report "${members[@]}" "$work"/{mean,linear,boosted} "$store" --out "$work/report" --drawings 0
