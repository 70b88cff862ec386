#!/bin/sh
# Compiles programs of this folder like build-tools.ts compiles llama.cpp's tools:
#   native/build.sh <llama.cpp checkout> <folder with its libraries> <output folder> <program> ...
set -eu
here=$(cd "$(dirname "$0")" && pwd)
checkout=$1 bin=$2 out=$3
shift 3
libraries=$(ls "$bin"/libllama-common.so "$bin"/libllama.*so "$bin"/libggml.*so "$bin"/libggml-base.so)
mkdir -p "$out"
cp -n "$bin"/*.so "$out"/
for name in "$@"; do
  # shellcheck disable=SC2086
  (cd "$checkout" && g++ -std=c++17 -O2 -w -Wno-psabi -pthread -Iinclude -Iggml/include -Icommon -Ivendor -Isrc -Iggml/src \
    "$here/$name.cpp" $libraries '-Wl,-rpath,$ORIGIN' -o "$out/llama-$name")
done
