#!/bin/sh
# Wrong usage is exit code 2 with a way out; help, version and suggestions; output that does not arrive is a failure.
. tests/cli/common.sh

wrong() {
    expect 2 "$@"
    says "$scratch/err" "Try: haemnet help"
}
expect 2 "$H"
wrong "$H" trian
says "$scratch/err" "did you mean train?"
wrong "$H" xyzzy-frobnicate
wrong "$H" help nothing
wrong "$H" train
wrong "$H" train data
wrong "$H" train data --out run --epochs
wrong "$H" train data --out run --epochs many
says "$scratch/err" "--epochs many: must be a whole number"
wrong "$H" train data --out run --epochs 3000000000
says "$scratch/err" "--epochs 3000000000: must be a whole number, -2147483648 to 2147483647"
wrong "$H" train data --out run --seed 18446744073709551616
says "$scratch/err" "must be a whole number, 0 to 18446744073709551615"
wrong "$H" train data --out run --lr inf
says "$scratch/err" "--lr inf: must be a number, neither infinite nor nan"
candidates=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do candidates="$candidates --candidate --nesterov --candidate --nesterov --candidate --nesterov --candidate --nesterov --candidate --nesterov"; done
wrong "$H" crossval data --out run --inner 2 $candidates # 65
says "$scratch/err" "may be given 64 times, no more"
wrong "$H" train data --out run --epochs 0
wrong "$H" train data --out run --unknown 3
wrong "$H" train data --out run --quiet=yes
wrong "$H" train data --out run --optimizer lion
wrong "$H" train data --out run --recipe soup
says "$scratch/err" "small, small-transfer, series, transfer or thesis"
wrong "$H" train data --out run --recipe
wrong "$H" train data --out run --holdout 1
wrong "$H" train data --out run --folds 1
wrong "$H" train data --out run --folds 5 --test other
wrong "$H" train data --out run --channels 4
wrong "$H" crossval data
wrong "$H" crossval data --out run --test other
wrong "$H" crossval data --out run --lr -1
says "$scratch/err" "haemnet crossval: --lr"
wrong "$H" train data --out run --slices 2
wrong "$H" train data --out run --slices 17
wrong "$H" train data --out run --windows brain,lung
says "$scratch/err" "--windows lung: must be brain, subdural, bone, stroke, or CENTRE/WIDTH"
wrong "$H" train data --out run --windows 40/0
wrong "$H" train data --out run --windows brain,bone --channels 3
wrong "$H" train data --out run --windows brain,bone,stroke,subdural --slices 5
wrong "$H" train data --out run --median 4
wrong "$H" train data --out run --gaussian 0.01
wrong "$H" train data --out run --normalise --mean 0.2
wrong "$H" preview data
wrong "$H" preview data --out sheet.png --images 0
wrong "$H" preview data --out sheet.png --versions 17
wrong "$H" preview data --out sheet.png --median 2
wrong "$H" preview data --out sheet.png --augment flop
says "$scratch/err" "flop is none of usual, flip"
wrong "$H" preview data --out sheet.png --augment flip=often
says "$scratch/err" "flip=often has no number behind its ="
wrong "$H" preview data --out sheet.png --augment noise,rotate=
says "$scratch/err" "rotate= has no number behind its ="
wrong "$H" preview data --out sheet.png --augment usual=0.5
says "$scratch/err" "usual=0.5 has a number"
wrong "$H" preview data --out sheet.png --augment flip,none
says "$scratch/err" "the word none stands by itself"
wrong "$H" preview data --out sheet.png --augment rotat=3
says "$scratch/err" "rotat=3 is none of usual, flip"
wrong "$H" train data --out run --lr nan
wrong "$H" train data --out run --lr -1
wrong "$H" train data --out run --seed -1
wrong "$H" train data more --out run
wrong "$H" evaluate model
wrong "$H" evaluate model data --threshold 1.5
wrong "$H" evaluate model data --threshold 0
wrong "$H" evaluate model data --choose youden
says "$scratch/err" "--choose-on DATA2"
wrong "$H" evaluate model data --choose-on other
wrong "$H" evaluate model data --choose luck --choose-on other
says "$scratch/err" "youden, sensitivity=S, specificity=S, cost=C"
wrong "$H" evaluate model data --choose sensitivity --choose-on other
wrong "$H" evaluate model data --choose sensitivity=95 --choose-on other
wrong "$H" evaluate model data --choose youden=1 --choose-on other
wrong "$H" evaluate model data --choose cost=-1 --choose-on other
wrong "$H" evaluate model data --choose youden --choose-on other --threshold 0.3
wrong "$H" evaluate model data --by sex --correct bonferroni
says "$scratch/err" "holm or benjamini-hochberg"
wrong "$H" calibrate model
wrong "$H" calibrate model data
says "$scratch/err" "--out FILE is needed"
wrong "$H" calibrate model data --out other --method isotonic
says "$scratch/err" "temperature, platt or none"
wrong "$H" calibrate model data --out other --method none
says "$scratch/err" "leaves nothing to do"
wrong "$H" calibrate model data --out other --choose sensitivity=0
wrong "$H" split data --out parts --keep sex
wrong "$H" split data --manifest --out parts --keep patient
wrong "$H" predict model
wrong "$H" predict model image --threshold 0
says "$scratch/err" "must lie between 0 and 1"
wrong "$H" explain model
wrong "$H" explain model image --method magic
says "$scratch/err" "integrated-gradients"
wrong "$H" explain model image --colours jet
says "$scratch/err" "inferno, magma or viridis"
wrong "$H" explain model image --spacing 0.5,-1
wrong "$H" explain model image --spacing 1,2,3,4
wrong "$H" explain model image --strength 0
wrong "$H" explain model image --region-threshold 1.5
wrong "$H" explain model image --layer conv --method occlusion
says "$scratch/err" "not with occlusion"
wrong "$H" explain model image --side-by-side
wrong "$H" explain model image --curves -1
wrong "$H" explain model image --threshold 0
wrong "$H" import weights --model tinyvgg --out model --threshold 0
wrong "$H" inspect
wrong "$H" inspect model --preset tinyvgg
wrong "$H" inspect model --classes 3
wrong "$H" inspect --presets --preset tinyvgg
wrong "$H" inspect --preset resnet1001
says "$scratch/err" "--preset resnet1001"
wrong "$H" import weights --model tinyvgg
wrong "$H" import weights --out model
wrong "$H" import weights --model tinyvgg --out model --classes a,b --positive c
wrong "$H" split data --out dir --ratios 0.5
wrong "$H" split data --out dir --ratios 0.5,0.6
wrong "$H" split data --out dir --move --manifest
wrong "$H" phantom --out dir
wrong "$H" phantom --patients 3
wrong "$H" phantom --out dir --patients 0
wrong "$H" phantom --out dir --patients 3 --size 20
wrong "$H" phantom --out dir --patients 3 --format gif
wrong "$H" devices everything
# Words that the library knows: the message lists them, or says what is wrong; nothing is opened before.
for options in "train data --out run" "import weights --out model"; do
    wrong "$H" $options --model resnet1001
    says "$scratch/err" "--model resnet1001: no preset is called resnet1001; there are: tinyvgg"
done
for options in "train data --out run" "evaluate model data" "predict model image" selftest; do
    wrong "$H" $options --device nonsense
    says "$scratch/err" "--device nonsense: no device"
    says "$scratch/err" "reference:0"
    wrong "$H" $options --device cpu:7
done
for options in "train data --out run" "evaluate model data" "split data --out dir"; do
    wrong "$H" $options --group 'p([0-9]+'
    says "$scratch/err" "--group p([0-9]+: no POSIX extended regular expression: "
    says "$scratch/err" "none says that there are no groups"
    wrong "$H" $options --group '[[:digit'
    says "$scratch/err" "expression: Unmatched ["
    wrong "$H" $options --group ''
done
expect 1 "$H" train "$scratch/nowhere" --out "$scratch/run" --group none --device best --model tinyvgg
wrong "$H" version now
expect 0 "$H" inspect --presets
says "$scratch/out" "resnet18            224 px"
expect 0 "$H" inspect --preset tinyvgg-gap --size 48 --channels 1 --classes 3 --json
says "$scratch/out" '"parameters": 294099'
expect 1 "$H" inspect --preset resnet18 --hidden 3
says "$scratch/err" "fixed"

expect 0 "$H" version
says "$scratch/out" "haemnet $(sed -n 's/^#define HN_VERSION_STRING "\(.*\)"/\1/p' include/haemnet/version.h)"
expect 0 "$H" --version
expect 0 "$H" help
cp "$scratch/out" "$scratch/commands"
for command in phantom split preview inspect train evaluate predict explain import devices selftest version help; do
    says "$scratch/commands" "  $command "
    expect 0 "$H" help $command
    says "$scratch/out" "Usage: haemnet $command"
    says "$scratch/out" "Examples:"
    cp "$scratch/out" "$scratch/help"
    expect 0 "$H" $command --help
    same "$scratch/out" "$scratch/help"
    # The manual page has each option under its own command.
    sed -n "/^\.SS $command/,/^\.S[SH] /p" src/haemnet.1 | sed 's/\\-/-/g' > "$scratch/page"
    says "$scratch/page" ".SS $command"
    for option in $(sed -n 's/^  \(--[a-z-]*\).*/\1/p' "$scratch/help"); do says "$scratch/page" "$option"; done
    # A number that the help gives as what is taken without the option begins what the page has in brackets, if it has brackets.
    python "defaults on the page of $command" "$scratch/help" "$scratch/page" <<'PY'
import re, sys
said, page = (open(name).read() for name in sys.argv[1:])
entries = dict(re.findall(r"^\.B[IR]? --([a-z-]+).*\n((?:(?!\.TP|\.SS|\.SH).*\n)*)", page, flags=re.M))
for name, number in re.findall(r"^  --([a-z-]+) .*\((\d[\d.]*)\)$", said, flags=re.M):
    taken = re.findall(r"\((\d[\d.]*)[;,)]", entries.get(name, ""))
    assert not taken or number in taken, (name, number, taken)
PY
done

# What cannot be opened: a failure with a reason, no crash.
expect 1 "$H" train "$scratch/nowhere" --out "$scratch/run"
expect 1 "$H" evaluate "$scratch/nowhere" "$scratch"
expect 1 "$H" predict "$scratch/nowhere" image.png
expect 1 "$H" inspect "$scratch/commands"
expect 1 "$H" phantom --out /dev/null/x --patients 1 --size 64

# A manifest without a column: the option that picks another is named for labels, and for nothing else.
printf 'path,label\nx.png,a\n' > "$scratch/path.csv"
printf 'file,kind\nx.png,a\n' > "$scratch/kind.csv"
printf 'file,label\nx.png,a\n' > "$scratch/label.csv"
expect 1 "$H" audit "$scratch/kind.csv"
says "$scratch/err" "has no column label; there are: file, kind; choose with --label-column NAME"
expect 1 "$H" audit "$scratch/path.csv"
says "$scratch/err" "has no column file; there are: path, label"
run=$((run + 1))
grep -q -- --label-column "$scratch/err" && fail "--label-column cannot pick the column file"
expect 1 "$H" split "$scratch/label.csv" --manifest --keep sex --out "$scratch/kept"
says "$scratch/err" "has no column sex; there are: file, label"
run=$((run + 1))
grep -q -- --label-column "$scratch/err" && fail "--label-column cannot pick the column sex"

# A full disk, and a pipe that nobody reads.
if [ -c /dev/full ]; then
    run=$((run + 1))
    "$H" help > /dev/full 2> "$scratch/err"
    [ $? -eq 1 ] || fail "help on a full disk"
    says "$scratch/err" "cannot write to stdout"
    run=$((run + 1))
    "$H" help train > /dev/full 2> "$scratch/err" # more than a buffer holds: the write fails amid the printing
    [ $? -eq 1 ] || fail "help train on a full disk"
    says "$scratch/err" "cannot write to stdout"
fi
run=$((run + 1))
{ sleep 0.3; "$H" help train; echo $? > "$scratch/code"; } 2> "$scratch/err" | true
[ "$(cat "$scratch/code")" = 1 ] || fail "help into a closed pipe: exit code $(cat "$scratch/code")"
run=$((run + 1))
[ -s "$scratch/err" ] && fail "a closed pipe is not worth a message"

expect 0 "$H" devices
says "$scratch/out" "reference"
expect 0 "$H" devices -v
says "$scratch/out" "score"
says "$scratch/out" "    instruction set "
says "$scratch/out" "; not plain: it is slower"
run=$((run + 1))
grep -q "conv2d" "$scratch/out" && fail "devices -v shows operators that nobody asked for"
expect 0 "$H" devices -v --model tinyvgg
says "$scratch/out" "    conv2d [1, 3, 64, 64] * [10, 3, 3, 3] + bias, stride 1x1, padding 1x1, ReLU: "
says "$scratch/out" "    conv2d_grad_weight "
wrong "$H" devices -v --model resnet1001
says "$scratch/err" "there are: tinyvgg"
wrong "$H" devices --model tinyvgg
expect 1 "$H" devices -v --model "$scratch/commands"
says "$scratch/err" "commands"
expect 0 "$H" selftest --device reference
says "$scratch/out" " 0 failed"

# Completion asks the program itself.
if command -v bash > /dev/null; then
    complete() { PATH="$(dirname "$H"):$PATH" bash -c '. src/haemnet.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _haemnet; echo "${COMPREPLY[@]}"' - "$@" > "$scratch/out"; }
    complete haemnet pre; says "$scratch/out" "predict"
    complete haemnet train --pat; says "$scratch/out" "--patience"
    complete haemnet train --optimizer ada; says "$scratch/out" "adamw"
    complete haemnet help se; says "$scratch/out" "selftest"
else
    echo "SKIP completion: no bash"
fi
finish
