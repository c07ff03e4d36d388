#!/usr/bin/env bash
# The program as users call it: exit status, messages, files. Usage: cli_test.sh PROGRAM
set -uo pipefail
program=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failures=0

# check STATUS TEXT ARGUMENT...: runs the program; its status must be STATUS and its output contain TEXT.
check() {
  local status=$1 text=$2
  shift 2
  local output
  output=$("$program" "$@" 2>&1)
  local actual=$?
  if [ $actual -ne "$status" ] || [[ $output != *"$text"* ]]; then
    printf 'masktwins %s\n  status %s, expected %s; expected text: %s\n%s\n' "$*" $actual "$status" "$text" "$output"
    failures=$((failures + 1))
  fi
}

exists() {
  for file in "$@"; do
    [ -s "$file" ] || { echo "missing: $file"; failures=$((failures + 1)); }
  done
}

small=(--set model.width=2 --set train.crop=32 --set train.batch=1 --set train.log_every=1 --set train.checkpoint_every=2
       --set train.evaluate_every=2 --set train.picture_every=2)

# Usage errors.
check 2 "masktwins: A subcommand is required; masktwins --help lists what there is"
check 2 "masktwins: no command 'evil'; did you mean 'eval'?" evil
check 2 "masktwins bench: no command 'stop'; did you mean 'step'?" bench stop
check 2 "masktwins eval: --run is required; masktwins eval --help lists what there is" eval
check 2 "not expected: scores.json --jsno" eval --run run --jsno scores.json
check 0 "--resume" train --help
for command in train eval predict import export keys synth stats convert "bench ops" "bench step" doctor; do
  check 0 "Usage: masktwins $command" $command --help
done

# From nothing to a segmented image.
check 0 "train with" synth --out toy --size 64 --source 2 --target 2 --test 1
exists toy/config.toml toy/source/images/000.png toy/test/labels/000.png
check 1 "toy: already holds a data set" synth --out toy
check 0 "pretrained weights: NONE" train toy/config.toml --out run "${small[@]}" --set train.iterations=3
exists run/config.toml run/log.jsonl run/metrics.json run/checkpoints/{last,previous,best}.safetensors
check 0 "pixel accuracy" eval --run run --json scores.json --pictures pictures
check 0 "pixel accuracy" eval --run run --checkpoint best
exists scores.json pictures/000.png
check 0 "" predict --run run toy/test/images --out out --checkpoint teacher
exists out/000_mask.png out/000_probability.png out/000_overlay.png
check 0 "0 missing, 0 unexpected" keys run/checkpoints/last.safetensors --run run --network teacher
check 0 "the network of run/config.toml: " keys run/checkpoints/last.safetensors --run run/config.toml
check 0 "million numbers" export run/checkpoints/best.safetensors --out exported.safetensors
check 0 "from exported.safetensors" import exported.safetensors --out imported.safetensors --run run
check 0 "the whole network was loaded from imported.safetensors" train toy/config.toml --out tuned "${small[@]}" \
      --set train.iterations=1 --set model.pretrained=imported.safetensors
check 0 "masktwins_s" bench step --width 2 --crop 16 --batch 1 --repeats 1 --json
check 0 "conv2d" bench step --width 2 --crop 16 --batch 1 --repeats 1 --supervised --profile --trace trace.json
grep -q '"name":"conv2d"' trace.json || { echo "no convolution in trace.json"; failures=$((failures + 1)); }
check 0 "relu" bench ops relu --markdown ops.md --json ops.json
exists ops.md
grep -q '"forward_s": [0-9]' ops.json || { echo "no times in ops.json"; failures=$((failures + 1)); }
check 1 "no op's name contains 'nonesuch'" bench ops nonesuch
check 0 "measured peak" doctor

# Class statistics, and what a server wants.
check 0 "statistics of 2 label files" stats toy/config.toml --out statistics --set train.rare_class_min_pixels=10
exists statistics/{sample_class_stats,sample_class_stats_dict,samples_with_class}.json
check 0 "1 steps done" train toy/config.toml --out rare "${small[@]}" --set train.iterations=1 --set train.rare_classes=true \
  --set train.rare_class_min_pixels=10 --set data.source.statistics=statistics
check 0 "" predict --run run --out submission --export-ids train --set eval.window=64 toy/test/images
exists submission/000.png
[ ! -e submission/000_mask.png ] || { echo "an export wrote more than its files"; failures=$((failures + 1)); }
check 1 "--cuda-graph needs --device cuda" train toy/config.toml --cuda-graph --out none
check 1 "have no label ids" predict --run run toy/test/images --out submission --export-ids label

# What goes wrong is one line with what, where and what to do.
check 1 "masktwins: nope.toml: cannot read" train nope.toml
check 1 "already holds a run" train toy/config.toml --out run
check 1 "train.lr = 0.5, was 0.001" train toy/config.toml --out run --resume "${small[@]}" --set train.lr=0.5
check 1 "did you mean 'train.lr'" train toy/config.toml --set tran.lr=1
check 1 "holds no run" eval --run toy
check 2 "--device" train toy/config.toml --out other --device gpu
check 1 "make the statistics with: masktwins stats" train toy/config.toml --out other --set train.rare_classes=true \
  --set data.source.statistics=toy
check 1 "nowhere/RGB: no such folder; layout 'synthia' has images in RGB and labels in GT/LABELS" convert synthia nowhere
check 2 "kitti" convert kitti nowhere
printf 'no image' > broken.png
check 1 "mis-shaped inc.conv.conv.0.weight" keys imported.safetensors --model unet
check 1 "neither safetensors nor" keys toy/config.toml
check 1 "belongs to another network" import imported.safetensors --out other --model unet
check 1 "nope.pth: no such file" train toy/config.toml --out other --set model.pretrained=nope.pth
check 1 "add it to data.label_values" train toy/config.toml --out other --set "data.label_values={0=0}"
check 1 "but model.classes is 2" train toy/config.toml --out other --set "data.label_values={0=0,255=2}"
check 1 "data.source.statistics is not set" train toy/config.toml --out other --set train.rare_classes=true
mkdir empty && echo '[]' > empty/sample_class_stats.json
check 1 "the folder was empty when it was made" train toy/config.toml --out other --set train.rare_classes=true \
  --set data.source.statistics=empty
check 0 "smaller than the crop" train toy/config.toml --out large "${small[@]}" --set train.iterations=1 --set train.crop=96
check 1 "--names resnet" export imported.safetensors --names resnet --out other
check 1 "no names of 'keras' are known" export imported.safetensors --names keras --out other
check 2 "--network" import imported.safetensors --network king --out other
check 1 "is a configuration without a run" eval --run toy/config.toml
check 1 "toy/config.toml: would be overwritten" train toy/config.toml --out toy --set seed=2
check 1 "unknown key 'nope'" train toy/config.toml --out other --set nope=1
check 1 "data.target.images is not set" train toy/config.toml --out other --set data.target.images=
name=$'caf\xe9'  # Latin-1, which neither TOML nor JSON can hold
mkdir -p $name/images $name/labels
cp toy/test/images/000.png $name/images/$name.png
cp toy/test/labels/000.png $name/labels/$name.png
cp -r $name/images $name/labels .
check 0 "pixel accuracy" eval --run run --json latin.json --set data.test.images=images --set data.test.labels=labels
exists latin.json
check 1 "is not UTF-8, which the run's config.toml must be" train toy/config.toml --out other --set data.source.images=$name
check 0 "" predict --run run $name/images --out $name/out
exists $name/out/${name}_mask.png
(cd empty && check 1 "go there, or predict without it by --set eval.match_shares=false" predict --run ../run \
  ../images --out ../broken_out --set eval.match_shares=true; exit $failures) || failures=$((failures + 1))
"$program" doctor > /dev/full 2> messages
grep -q "the output cannot be written" messages || { echo "a full disk went unnoticed"; failures=$((failures + 1)); }
check 1 "folder cannot be made: Not a directory" predict --run run images --out broken.png/out
check 1 "broken.png" predict --run run broken.png --out broken_out
[ ! -e other ] && [ ! -e broken_out ] || { echo "an error left files behind"; failures=$((failures + 1)); }

# terminate ID MESSAGE COMMAND...: SIGTERM must end that command with status 130 and the message.
terminate() {
  local id=$1 expected=$2 status
  shift 2
  kill -TERM $id
  wait $id
  status=$?
  if [ $status -ne 130 ] || ! grep -q "$expected" messages; then
    echo "masktwins $*: status $status after a signal, expected 130; messages:"
    cat messages
    failures=$((failures + 1))
  fi
}
# A signal ends the run after a step, with status 130 and a checkpoint from which it goes on.
log_lines() { cat long/log.jsonl 2> /dev/null | wc -l; }
stop_while_training() {
  local lines
  lines=$(log_lines)
  "$program" "$@" 2> messages > /dev/null &
  local id=$!
  while [ "$(log_lines)" -le "$lines" ] && kill -0 $id 2> /dev/null; do sleep 0.02; done
  terminate $id "go on with: masktwins train --resume --out long" "$@"
  exists long/checkpoints/last.safetensors
}
# Commands that save nothing on the way end after the image they are at.
stop_at_work() {
  local expected=$1
  shift
  : > messages  # else the loop may still see those of the command before
  "$program" "$@" 2> messages > /dev/null &
  until grep -q "/40 " messages; do kill -0 $! 2> /dev/null || break; sleep 0.02; done
  terminate $! "$expected" "$@"
}
stop_while_training train toy/config.toml --out long "${small[@]}" --set train.iterations=100000
first=$(grep -o 'after step [0-9]*' messages)
stop_while_training train --resume --out long
[ "$(grep -o 'after step [0-9]*' messages)" != "$first" ] || { echo "the resumed run did not go on"; failures=$((failures + 1)); }

mkdir -p many/images many/labels
for ((i = 0; i < 40; ++i)); do
  cp toy/test/images/000.png many/images/$i.png
  cp toy/test/labels/000.png many/labels/$i.png
done
many=(--run run --set data.test.images=many/images --set data.test.labels=many/labels --set data.scale=8)
stop_at_work "stopped after [0-9]* of 40 sections, without scores" eval "${many[@]}" --json stopped.json
stop_at_work "stopped: the first [0-9]* of 40 images are in many/out, complete" predict "${many[@]}" many/images --out many/out
stop_at_work "stopped while counting class shares" eval "${many[@]}" --set data.target.images=many/images --set eval.match_shares=true
[ ! -e stopped.json ] || { echo "a stopped evaluation wrote scores"; failures=$((failures + 1)); }

[ $failures -eq 0 ] && echo "all checks passed"
exit $((failures > 0))
