#!/bin/sh
# Compiles every kernel with Tint on SwiftShader. Needs cargo, node and npm; SWIFTSHADER_ICD names SwiftShader's Vulkan
# driver file where it is not Debian's (package chromium).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# Outside the tree that git sees.
work="${CARGO_TARGET_DIR:-$root/target}/tint"

mkdir -p "$work"
cp "$here/package.json" "$here/package-lock.json" "$here/compile.mjs" "$work"
if ! cmp -s "$work/package-lock.json" "$work/node_modules/.installed"; then
    (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund)
    cp "$work/package-lock.json" "$work/node_modules/.installed"
fi

rm -rf "$work/kernels"
(cd "$root" && cargo run --quiet -p ansatz-shaders --example export -- "$work/kernels")

icd="${SWIFTSHADER_ICD:-/usr/lib/chromium/vk_swiftshader_icd.json}"
export VK_DRIVER_FILES="$icd" VK_ICD_FILENAMES="$icd"
exec node "$work/compile.mjs" "$work/kernels"
