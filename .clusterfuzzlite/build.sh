#!/bin/bash -eu
# Called by the builders of ClusterFuzzLite and OSS-Fuzz, inside the image of the Dockerfile beside it; not executed by
# this project's own CI, but for what it shares with fuzz/campaign. Targets, dictionaries, longest inputs and seeds go to
# $OUT under the names that libFuzzer's runners look for.
cd "$SRC/genuine/fuzz"

# The image brings a nightly compiler of its own, and the flags of the sanitizer in RUSTFLAGS.
export RUSTUP_TOOLCHAIN=nightly
# Optimised, with debug assertions and overflow checks, as `campaign` has it; -O would leave both out.
cargo fuzz build --no-cfg-fuzzing --features c-oracles
cargo build --no-default-features --example seed

./campaign --limits | while read -r target longest dictionaries; do
    cp "target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"
    printf '[libfuzzer]\nmax_len = %s\ndetect_leaks = 0\n' "$longest" >"$OUT/$target.options"
    if [[ $dictionaries ]]; then
        # shellcheck disable=SC2086
        (cd dict && cat $dictionaries) >"$OUT/$target.dict"
    fi
    seeds=$(mktemp -d)
    # Seeds, the committed corpus, and what was found once.
    ./campaign --seeds "$target" "$seeds"
    zip --quiet --junk-paths --recurse-paths "$OUT/${target}_seed_corpus.zip" "$seeds"
done
