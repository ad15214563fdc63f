#!/usr/bin/env bash
# The whole project in one script: empty disk → drawings → store → training → model file → a page that guesses with it.
#
#   bash recipes/speedrun.sh [DATA] [WORK]     # DRAW=0 stops before the page; stopped at any moment, the same command goes on
#
# DATA is a folder of NDJSON files, one a word, raw or simplified, .gz too. Without it (or with "") the first drawings of each
# word, about ROWS, are fetched from Google's public bucket: half a kilobyte each, 20 MB in all. WORK keeps what is made.
#
# Costs: 56,000 drawings to learn from; at the 294 a second of one core (docs/lab.md, the shipped model's run) 3 minutes, and one or
# two for the rest. Reached: recipes/README.md.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
data=${1:-}
work=${2:-$here/runs/speedrun}
BASE_URL=${BASE_URL:-https://storage.googleapis.com/quickdraw_dataset/full/simplified}
WORDS=${WORDS:-airplane,apple,bicycle,birthday cake,bus,cake,cat,clock,fish,flower,guitar,house,ice cream,moon,rainbow,school bus,smiley face,snowman,star,violin}
ROWS=${ROWS:-2000}
NET=${NET:-resnet10t} SIDE=${SIDE:-48} EPOCHS=${EPOCHS:-8} PER_CLASS=${PER_CLASS:-350} BATCH=${BATCH:-128}
BIN=${BIN:-$here/.venv/bin}

# 1. The laboratory: torch and what goes with it. Minutes and gigabytes, the first time only.
[ -x "$BIN/gribouille" ] || { python3 -m venv "$here/.venv" && "$BIN/pip" install --quiet --editable "$here[train]"; }

# 2. Drawings. A word's file is 64 MB in the mean, and its beginning is enough here: a range of bytes, whose last line is cut in
#    two and goes. A file gets its name when it is whole, so that a download that broke is begun again.
sources=()
IFS=, read -ra words <<< "$WORDS"
for word in "${words[@]}"; do
  file="$work/data/$word.ndjson"
  if [ -n "$data" ]; then
    sources+=("$data/$word".ndjson*)
  elif [ ! -e "$file" ]; then
    mkdir -p "$work/data"
    curl -fsS --retry 3 --range "0-$((ROWS * 520 - 1))" "$BASE_URL/${word// /%20}.ndjson" | sed '$d' > "$file.part"
    mv "$file.part" "$file"
  fi
  [ -n "$data" ] || sources+=("$file")
done

# 3. The store: points, not pictures, memory-mapped. Which drawings train, validate and test is a hash of each drawing.
[ -e "$work/store/card.json" ] || "$BIN/gribouille" ingest "${sources[@]}" --any-word --out "$work/store"

# 4. The net. It sees each drawing three ways (ink, when it was drawn, which stroke), warped anew each time, a third of them
#    unfinished, because the page will ask while somebody draws. Validated after every pass, saved every 100 steps.
"$BIN/gribouille" train "$work/store" --out "$work/run" --net "$NET" --side "$SIDE" --epochs "$EPOCHS" \
  --per-class "$PER_CLASS" --batch "$BATCH" --warmup 0.1 --threads "${THREADS:-1}" --validation 1000 --save-every 100

# 5. One file that takes strokes and returns probabilities. The picture is its first layer, so that no page can draw it another
#    way; the export calibrates it, packs its weights into bytes, and refuses where it answers otherwise than the net did.
"$BIN/gribouille" export "$work/run" --out "$work/model.onnx" --store "$work/store"

# 6. How good it is on drawings that it never saw, finished and unfinished. This table is the result.
"$BIN/gribouille" evaluate "$work/model.onnx" "$work/store"

# 7. The page, with that very file: draw.
[ "${DRAW:-1}" = 0 ] && exit 0
make -C "$here" page
"$BIN/gribouille" draw --model "$work/model.onnx"
