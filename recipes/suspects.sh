#!/usr/bin/env bash
# What a net gains where the drawings that look wrongly labelled or like nothing are not learned from: the whole study, on any store.
#
#   bash recipes/suspects.sh STORE [WORK]
#
# Two nets learn from halves of the drawings, each judges the half that it has not seen, what both reasons find is marked in a
# *copy* of the store, and nets are trained with and without it, equally long, SEEDS times. They are judged on the same test drawings,
# all of them as they are: the marks take no part in that. Stopped at any moment, the same command goes on.
#
# Every number is a variable: NET SIDE EPOCHS N (drawings a class and pass) BATCH RATE VALIDATION SEEDS="0 1 2" CONFIDENT DOUBTED HABITUAL SHARE
# (see `gribouille data suspects --help`); the halves' nets have FOLD_EPOCHS. JUDGES="RUN RUN" are runs on halves that are there already.
#   REASONS="wrong label,unrecognisable" which are left out  DEVICE=cpu|cuda PRECISION=bfloat16 THREADS=0 BIN=.venv/bin
#
# Costs: (2 × FOLD_EPOCHS + 2 × seeds × EPOCHS) × N × words drawings. Reached: recipes/README.md.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
store=${1:?expected a store}
work=${2:-$here/runs/suspects}
BIN=${BIN:-$here/.venv/bin}
NET=${NET:-resnet18*0.5} SIDE=${SIDE:-48} EPOCHS=${EPOCHS:-10} N=${N:-200} BATCH=${BATCH:-128} RATE=${RATE:-2e-3}
VALIDATION=${VALIDATION:-3000} SEEDS=${SEEDS:-0 1 2} FOLD_EPOCHS=${FOLD_EPOCHS:-$EPOCHS} JUDGES=${JUDGES:-}
CONFIDENT=${CONFIDENT:-0.5} DOUBTED=${DOUBTED:-0.05} HABITUAL=${HABITUAL:-0.01} SHARE=${SHARE:-0.02} REASONS=${REASONS:-wrong label,unrecognisable}
DEVICE=${DEVICE:-cpu} THREADS=${THREADS:-0} PRECISION=${PRECISION:-bfloat16}
mkdir -p "$work"

# A run that is finished stays as it is.
train() {
  local from=$1 out=$2
  shift 2
  "$BIN/gribouille" train "$from" --out "$work/$out" --net "$NET" --side "$SIDE" --per-class "$N" --batch "$BATCH" --rate "$RATE" \
    --validation "$VALIDATION" --device "$DEVICE" --threads "$THREADS" --precision "$PRECISION" --save-every 200 "$@"
}

# 1. Judges: which half a drawing is in is a hash of it that knows nothing of its split.
if [ -n "$JUDGES" ]; then
  read -ra judges <<< "$JUDGES"
else
  train "$store" low --where "fold < 5" --epochs "$FOLD_EPOCHS"
  train "$store" high --where "fold >= 5" --epochs "$FOLD_EPOCHS"
  judges=("$work/low" "$work/high")
fi

# 2. The list, and a copy of the store in which it is marked.
[ -e "$work/suspects.ndjson" ] || "$BIN/gribouille" data suspects "${judges[@]}" "$store" --out "$work/suspects.ndjson" \
  --confident "$CONFIDENT" --doubted "$DOUBTED" --habitual "$HABITUAL" --share "$SHARE" | tee "$work/suspects.txt"
if [ ! -e "$work/cleaned/card.json" ]; then
  rm -rf "$work/cleaned.part"
  cp -R "$store" "$work/cleaned.part"
  IFS=, read -ra reasons <<< "$REASONS"
  for reason in "${reasons[@]}"; do grep -F "\"reason\": \"$reason\"" "$work/suspects.ndjson" || true; done > "$work/left-out.ndjson"
  "$BIN/gribouille" data clean "$work/cleaned.part" --list "$work/left-out.ndjson" --no-exact
  for reason in "${reasons[@]}"; do
    grep -qF "\"reason\": \"$reason\"" "$work/left-out.ndjson" || continue
    "$BIN/gribouille" data sheet "$work/cleaned.part" --marked "$reason" --out "$work/${reason// /-}.png"
  done
  mv "$work/cleaned.part" "$work/cleaned"
fi

# 3. With and without them. A pass has N drawings of each class either way.
for seed in $SEEDS; do
  train "$store" "whole-$seed" --epochs "$EPOCHS" --seed "$seed"
  train "$work/cleaned" "cleaned-$seed" --epochs "$EPOCHS" --seed "$seed"
done

# 4. Both on the same test drawings, seed by seed.
"$BIN/python" "$here/recipes/suspects.py" "$store" "$work" $SEEDS | tee "$work/table.md"
