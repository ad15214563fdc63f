#!/usr/bin/env bash
# The four rows of the poster this project grows out of (a student project of 2019, Université Laval), on whatever store it is given.
#
#   bash recipes/poster.sh STORE|FOLDER [WORK]
#
# Two networks, one shown 500 drawings of each class a pass, one shown more of the classes it gets wrong (targeted), and the two
# together: a linear layer on their logits, the mean of their probabilities. From a folder of NDJSON files a store is made first, of the
# poster's 340 words (all but the five below) or of WORDS ("cat,ice cream,…"). Stopped at any moment, the same command goes on.
#
# Each number is a variable with the poster's value as default; what differs from the poster is printed above the table.
#   N=500 EPOCHS=35 SIDE=224 LINE=6/256 CHANNELS=ink NET=resnet18 WORDS=…
#   PRETRAINED=timm (its hub or cache), a file of timm's RGB weights, or none: there is no silent falling back to none
# What the poster does not say (batch, learning rate, schedule, validation, precision) is ours: BATCH RATE VALIDATION PRECISION.
#   DEVICE=cpu|cuda THREADS=0 BIN=.venv/bin SEEDS="0 1 2"
#   BESIDE: more rows for the table, NAME=MODEL, one a line
#
# Costs: at the poster's size 2 × 5.95 million drawings of 224 px: nothing for a CPU, and NOT RUN. Reached, small: recipes/README.md.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
given=${1:?expected a store, or a folder of NDJSON files}
work=${2:-$here/runs/poster}
BIN=${BIN:-$here/.venv/bin}
N=${N:-500} EPOCHS=${EPOCHS:-35} SIDE=${SIDE:-224} LINE=${LINE:-6/256} CHANNELS=${CHANNELS:-ink} NET=${NET:-resnet18}
PRETRAINED=${PRETRAINED:-timm} FIRST_CONV=${FIRST_CONV:-random}
BATCH=${BATCH:-128} RATE=${RATE:-1e-3} VALIDATION=${VALIDATION:-20000} PRECISION=${PRECISION:-bfloat16}
DEVICE=${DEVICE:-cpu} THREADS=${THREADS:-0} SEEDS=${SEEDS:-0} BESIDE=${BESIDE:-}

if [ -e "$given/card.json" ]; then
  store=$given
else
  store=$work/store
  without='^(aircraft carrier|knife|lighter|rifle|syringe)\.ndjson(\.gz)?$'
  if [ ! -e "$store/card.json" ]; then
    files=()
    if [ -n "${WORDS:-}" ]; then
      IFS=, read -ra words <<< "$WORDS"
      for word in "${words[@]}"; do files+=("$given/$word".ndjson*); done
    else
      while IFS= read -r name; do files+=("$given/$name"); done < <(find "$given" -maxdepth 1 -name '*.ndjson*' -exec basename {} \; |
        grep -Ev "$without" | sort)
    fi
    "$BIN/gribouille" ingest "${files[@]}" --any-word --out "$store"
  fi
fi

# One network: black lines alone, never augmented, plain labels, no averaging of weights.
train() {
  local pretrained=()
  [ "$PRETRAINED" = none ] || pretrained=(--pretrained "$PRETRAINED" --first-conv "$FIRST_CONV")
  "$BIN/gribouille" train "$store" --out "$work/$seed/$1" --sampling "$1" --net "$NET" ${pretrained[@]+"${pretrained[@]}"} \
    --side "$SIDE" --channels "$CHANNELS" --line "$("$BIN/python" -c "print($LINE)")" --epochs "$EPOCHS" --per-class "$N" \
    --rotation 0 --stretch 0 --shear 0 --jitter 0 --mirror 0 --cut 0 --smoothing 0 --average 0 \
    --batch "$BATCH" --rate "$RATE" --warmup 0.1 --validation "$VALIDATION" --precision "$PRECISION" --device "$DEVICE" \
    --threads "$THREADS" --save-every 100 --seed "$seed"
}
for seed in $SEEDS; do
  train fixed
  train targeted
  for how in linear mean; do
    [ -e "$work/$seed/$how/ensemble.json" ] || "$BIN/gribouille" ensemble "$work/$seed/fixed" "$work/$seed/targeted" --store "$store" \
      --how "$how" --learn-from train --per-class "$N" --seed "$seed" --out "$work/$seed/$how"
  done
done

# What differs from the poster, then the table; both are kept beside the runs.
differs() { [ "$2" = "$3" ] || echo "- $1: $2 (the poster: $3)"; }
{
  echo "Conditions that differ from the poster's:"
  differs "drawings a class and pass" "$N" 500
  differs "passes" "$EPOCHS" 35
  differs "side of the picture, px" "$SIDE" 224
  differs "line, of the side" "$LINE" 6/256
  differs "channels" "$CHANNELS" ink
  differs "net" "$NET" resnet18
  differs "weights to start from" "$PRETRAINED" timm
  differs "first layer of these" "$FIRST_CONV" random
  echo "- equally many drawings for both networks: a targeted pass is shorter, so there are more of them"
  echo "- not stated there, so ours: batch $BATCH, AdamW at $RATE in one cycle, $PRECISION, A of up to $VALIDATION validation drawings"
  beside=()
  while IFS= read -r one; do [ -z "$one" ] || beside+=(--beside "$one"); done <<< "$BESIDE"
  "$BIN/python" "$here/recipes/poster_table.py" "$store" "$work" $SEEDS ${beside[@]+"${beside[@]}"}
} | tee "$work/table.md"
