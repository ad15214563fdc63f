#!/usr/bin/env bash
# Several GPUs, or several machines with several each: one net, every batch shared among all processes.
#
#   bash recipes/cluster.sh STORE [WORK]                                            # one machine with PROCESSES=8 GPUs
#   NODES=4 NODE=0…3 MASTER=host0:29500 bash recipes/cluster.sh STORE [WORK]        # the same line on each of four machines
#
# As gpu.sh, with BATCH=8192 drawings a step in all processes together. STORE and WORK are paths that every machine sees. Killed at any
# moment, on any machine, the same command goes on from the last state saved: --save-every says how much is lost. A cluster that
# Ray manages, and that should start dead processes again by itself, runs the same training: see `gribouille cluster --help`.
#
# Costs: as gpu.sh, divided by the GPUs, less what they say to each other; not known: NOT RUN ON GPUS, none was at hand when
# this was written. Reached: two CPU processes learned four shapes together, exported and judged (2026-11-24, PROCESSES=2
# DEVICE=cpu NET=test_resnet SIDE=32 EPOCHS=3 PER_CLASS=32 BATCH=32): it runs, which says nothing about how fast.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
store=${1:?expected a store, made by: gribouille ingest FOLDER --out STORE}
work=${2:-$here/runs/cluster}
BIN=${BIN:-$here/.venv/bin}
NODES=${NODES:-1} NODE=${NODE:-0} MASTER=${MASTER:-127.0.0.1:29500}

"$BIN/torchrun" --nnodes "$NODES" --node-rank "$NODE" --nproc-per-node "${PROCESSES:-8}" \
  --master-addr "${MASTER%:*}" --master-port "${MASTER##*:}" \
  -m gribouille train "$store" --out "$work/run" --net "${NET:-resnet18}" --side "${SIDE:-128}" --epochs "${EPOCHS:-36}" \
  --per-class "${PER_CLASS:-20000}" --batch "${BATCH:-8192}" --rate "${RATE:-8e-3}" --warmup 0.1 --smoothing 0.05 --average 0.999 \
  --device "${DEVICE:-cuda}" --precision bfloat16 --validation "${VALIDATION:-20000}" --save-every 200

# One machine is enough for the rest.
[ "$NODE" = 0 ] || exit 0
"$BIN/gribouille" export "$work/run" --out "$work/model.onnx" --store "$store"
"$BIN/gribouille" evaluate "$work/model.onnx" "$store"
