#!/bin/sh
# Checks the programs of build.sh on a 16-bit model and a text of at least 9 chunks of 512 tokens:
#   native/check.sh <folder of the programs and llama-imatrix> <model.gguf> <text>
# Checks that the imatrix equals llama-imatrix's, and that bytes do not depend on kills (kill -9) or threads.
set -eu
bin=$1 model=$2 text=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
same() { cmp "$1" "$2" && echo "ok: $3"; }

set -- -m "$model" -f "$text" -c 512 --chunks 8 -t 1 -ngl 0
"$bin/llama-imatrix" "$@" -o "$work/imatrix.gguf" > "$work/log" 2>&1
"$bin/llama-moments" "$@" -o "$work/own.gguf" --moments "$work/moments.gguf" > "$work/log" 2>&1
same "$work/imatrix.gguf" "$work/own.gguf" "imatrix"

"$bin/llama-moments" "$@" -o "$work/again.gguf" --moments "$work/again-moments.gguf" --state "$work/state" --state-seconds 0 > "$work/log" 2>&1 &
until [ -f "$work/state" ]; do sleep 0.1; done
kill -9 $!
"$bin/llama-moments" "$@" -o "$work/again.gguf" --moments "$work/again-moments.gguf" --state "$work/state" > "$work/log" 2>&1
if grep -q '\[1\]' "$work/log"; then echo "the state was not used"; exit 1; fi
same "$work/own.gguf" "$work/again.gguf" "imatrix after kill -9"
same "$work/moments.gguf" "$work/again-moments.gguf" "moments after kill -9"

for tensor in attn_q ffn_down ffn_up; do
  echo "blk.0.$tensor.weight Q4_K"
  echo "blk.1.$tensor.weight IQ3_S"
done > "$work/types"
set -- --model "$model" --moments "$work/moments.gguf" --types "$work/types"
"$bin/llama-round" "$@" --index "$work/one" --data "$work/one.bin" -t 1 > "$work/log"
"$bin/llama-round" "$@" --index "$work/four" --data "$work/four.bin" -t 4 > "$work/log"
same "$work/one.bin" "$work/four.bin" "rounding with 1 and 4 threads"
"$bin/llama-round" "$@" --index "$work/killed" --data "$work/killed.bin" -t 1 > "$work/log" &
until [ -s "$work/killed" ]; do sleep 0.1; done
kill -9 $! || true
"$bin/llama-round" "$@" --index "$work/killed" --data "$work/killed.bin" -t 1 > "$work/log"
same "$work/one.bin" "$work/killed.bin" "rounding after kill -9"
