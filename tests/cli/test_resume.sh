#!/bin/sh
# Killed at any moment and resumed, a training ends with the bytes of one that was never stopped; Ctrl-C leaves a checkpoint.
. tests/cli/common.sh

small "$scratch/data" || exit 1
EPOCHS=8
OPTIONS="--size 48 --hidden 6 --batch 8 --seed 2 --quiet"
train() { "$H" train --recipe thesis "$scratch/data" --epochs $EPOCHS $OPTIONS "$@"; }
compare() {
    same "$scratch/whole/model.safetensors" "$1/model.safetensors"
    same "$scratch/whole/last.safetensors" "$1/last.safetensors"
    run=$((run + 1))
    cut -d, -f1-6 "$scratch/whole/history.csv" > "$scratch/h1"
    cut -d, -f1-6 "$1/history.csv" > "$scratch/h2" # without the seconds
    cmp -s "$scratch/h1" "$scratch/h2" || fail "history.csv differs"
}

begin=$(date +%s%N)
expect 0 train --out "$scratch/whole"
took=$((($(date +%s%N) - begin) / 1000000)) # ms

# kill -9 at random moments until it comes to its end.
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
echo "kill moments from seed $seed"
for round in 1 2 3; do
    out=$scratch/killed$round
    kills=0
    while [ $kills -lt 3 ]; do
        kills=$((kills + 1))
        "$H" train --recipe thesis "$scratch/data" --epochs $EPOCHS $OPTIONS --out "$out" --resume 2> /dev/null & # no function: the process itself is killed
        process=$!
        seed=$(((seed * 1103515245 + 12345) % 2147483648))
        sleep "$(awk "BEGIN { print ($seed / 2147483648) * $took / 1500 }")"
        kill -9 $process 2> /dev/null
        wait $process 2> /dev/null
    done
    expect 0 train --out "$out" --resume
    compare "$out"
done

# A checkpoint whose other files are missing or torn: all come back.
expect 0 train --out "$scratch/torn" --epochs 4
rm "$scratch/torn/model.safetensors" "$scratch/torn/history.csv"
echo torn > "$scratch/torn/last.safetensors"
expect 0 train --out "$scratch/torn" --resume
compare "$scratch/torn"
expect 0 train --out "$scratch/torn" --resume # nothing left to do
compare "$scratch/torn"

# Ctrl-C: 130, a checkpoint, and how to go on.
EPOCHS=100000
for signal in INT TERM; do
    run=$((run + 1))
    # exec: the shell ignores SIGINT in what it starts in the background, so Python starts it.
    python3 - "$H" "$scratch/data" "$scratch/$signal" $signal > "$scratch/out" 2>&1 <<'PY' || { fail "SIG$signal"; cat "$scratch/out"; }
import os, signal, subprocess, sys, time
program, data, out, name = sys.argv[1:]
p = subprocess.Popen([program, "train", "--recipe", "thesis", data, "--epochs", "100000", "--size", "48", "--hidden", "6", "--batch", "8", "--seed", "2", "--quiet", "--out", out],
                     stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
while not os.path.exists(out + "/last.safetensors"):
    assert p.poll() is None, p.stderr.read()
    time.sleep(0.02)
second = subprocess.run([program, "train", "--recipe", "thesis", data, "--epochs", "1", "--size", "16", "--out", out], capture_output=True, text=True)
assert second.returncode == 1 and "another haemnet" in second.stderr, second
p.send_signal(getattr(signal, "SIG" + name))
message = p.communicate(timeout=60)[1]
assert p.returncode == 130 and "--resume" in message, (p.returncode, message)
PY
    there "$scratch/$signal/checkpoint.safetensors" "$scratch/$signal/last.safetensors"
    done=$(($(wc -l < "$scratch/$signal/history.csv") - 1))
    EPOCHS=$((done + 1))
    expect 0 train --out "$scratch/$signal" --resume
    run=$((run + 1))
    [ "$(wc -l < "$scratch/$signal/history.csv")" -eq $((done + 2)) ] || fail "the epochs did not go on after SIG$signal"
done

# Stopped in the first epoch: the checkpoint of the start is there, and leads to the same end.
EPOCHS=8
python "SIGINT in the first epoch" "$H" "$scratch/data" "$scratch/early" <<'PY'
import os, signal, subprocess, sys, time
program, data, out = sys.argv[1:]
p = subprocess.Popen([program, "train", "--recipe", "thesis", data, "--epochs", "8", "--size", "48", "--hidden", "6", "--batch", "8", "--seed", "2", "--quiet", "--out", out],
                     stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
while not os.path.exists(out + "/checkpoint.safetensors"):
    assert p.poll() is None, p.stderr.read()
p.send_signal(signal.SIGINT)
message = p.communicate(timeout=60)[1]
assert p.returncode == 130 and "--resume" in message, (p.returncode, message)
PY
expect 0 train --out "$scratch/early" --resume
compare "$scratch/early"

# A limit on files, like a full disk: a failure that leaves the earlier run where it was. What a killed one left behind is cleared away.
echo half > "$scratch/early/model.safetensors.tmp-1-0"
expect 1 sh -c "ulimit -f 1; exec $H train --recipe thesis $scratch/data --epochs 1 $OPTIONS --out $scratch/early"
compare "$scratch/early"
run=$((run + 1))
ls "$scratch/early" | grep -q tmp && fail "temporary files are left"

# Another training is no continuation, and a checkpoint no model.
EPOCHS=4
expect 1 "$H" inspect "$scratch/torn/checkpoint.safetensors"
says "$scratch/err" "training checkpoint, not a model"
expect 1 train --out "$scratch/torn" --resume --seed 3
says "$scratch/err" "give the same data, --seed"
expect 1 train --out "$scratch/torn" --resume --lr 0.5
says "$scratch/err" "learning_rate"
echo damaged > "$scratch/torn/checkpoint.safetensors"
expect 1 train --out "$scratch/torn" --resume
finish
