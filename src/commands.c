/* commands.c - the table of commands, and the two that speak about the program itself: version and help. */
#include <string.h>

#include "program.h"

static int cmd_version(int argc, char **argv) {
    (void)argv;
    if (argc > 1) return usage_error("version", "takes no argument");
    printf("haemnet %s\n%s\nResearch use; not a medical device.\n", hn_version_string(), hn_build_info());
    return EXIT_DONE;
}

static int cmd_help(int argc, char **argv) {
    const command *c = argc > 1 ? find_command(argv[1]) : NULL;
    if (argc > 2) return usage_error("help", "one command at a time");
    if (argc == 2 && !c) {
        fprintf(stderr, "haemnet help: there is no command %s\nTry: haemnet help\n", argv[1]);
        return EXIT_USAGE;
    }
    print_help(stdout, c);
    return EXIT_DONE;
}

static void no_options(FILE *out) { (void)out; }

const command commands[] = {
    {"phantom", "--out DIR --patients N", "writes synthetic head-CT slices of invented patients",
     "  haemnet phantom --out data --patients 40 --size 256\n"
     "  haemnet phantom --out data --patients 200 --format jpeg --seed 7\n",
     cmd_phantom, describe_phantom},
    {"split", "DATA --out DIR", "divides data in a training and a test part, by patient",
     "  haemnet split images --ratios 0.8,0.2 --seed 1 --out parts           copies to parts/train and parts/test\n"
     "  haemnet split data/manifest.csv --manifest --out parts               writes parts/train.csv and parts/test.csv\n"
     "  haemnet split images --group '^([0-9]+)_' --out parts                patient = the number that the file name begins with\n",
     cmd_split, describe_split},
    {"preview", "DATA --out SHEET.png", "draws a sheet of images of the data, and of what augmentation makes of them",
     "  haemnet preview images --out sheet.png                               eight at random, and as a network of 64 px sees them\n"
     "  haemnet preview data/manifest.csv --size 128 --crop-head --augment usual,noise --versions 4 --out sheet.png\n",
     cmd_preview, describe_preview},
    {"train", "DATA --out RUN", "trains a network on labelled images",
     "  haemnet train images --epochs 20 --out run                           a folder per class, a fifth held out\n"
     "  haemnet train parts/train --test parts/test --out run\n"
     "  haemnet train data/manifest.csv --label-column hemorrhage --folds 5 --out run\n"
     "  haemnet train images --epochs 60 --out run --resume                  goes on where it was stopped\n",
     cmd_train, describe_train},
    {"crossval", "DATA --out RUN", "measures a training procedure honestly: folds by patient, repeats, intervals, baselines",
     "  haemnet crossval data/manifest.csv --label-column haemorrhage --folds 5 --repeats 3 --epochs 20 --out cv\n"
     "  haemnet crossval images --folds 10 --inner 3 --candidate '--lr 0.001' --candidate '--lr 0.01 --hidden 20' --out cv\n",
     cmd_crossval, describe_crossval},
    {"curve", "DATA --out RUN", "says how accuracy grows with the number of training patients, and how many a target needs",
     "  haemnet curve data/manifest.csv --label-column haemorrhage --seeds 5 --target 0.9 --out curve\n",
     cmd_curve, describe_curve},
    {"audit", "DATA", "looks for leaks: patients and copies on both sides of a split, classes that file size or border give away",
     "  haemnet audit data/manifest.csv --label-column haemorrhage\n"
     "  haemnet audit parts/test.csv --against parts/train.csv --json audit.json\n"
     "  haemnet audit parts/test.csv --model run/model.safetensors\n",
     cmd_audit, describe_audit},
    {"evaluate", "MODEL DATA", "says how good a model is on labelled images",
     "  haemnet evaluate run/model.safetensors parts/test\n"
     "  haemnet evaluate run/model.safetensors parts/test.csv --threshold 0.3 --json metrics.json\n"
     "  haemnet evaluate run/model.safetensors parts/test --json - | python3 -m json.tool\n"
     "  haemnet evaluate run/model.safetensors parts/test.csv --choose sensitivity=0.95 --choose-on parts/tune.csv\n"
     "  haemnet evaluate run/model.safetensors parts/test.csv --by sex,age,scanner\n",
     cmd_evaluate, describe_evaluate},
    {"calibrate", "MODEL DATA --out FILE", "fits probabilities to what happens, and chooses a threshold, on data of their own",
     "  haemnet calibrate run/model.safetensors parts/tune.csv --choose sensitivity=0.95 --out run/calibrated.safetensors\n"
     "  haemnet calibrate run/model.safetensors parts/tune.csv --method platt --out run/calibrated.safetensors\n"
     "  haemnet calibrate run/model.safetensors parts/tune.csv --method none --choose youden --out run/chosen.safetensors\n",
     cmd_calibrate, describe_calibrate},
    {"report", "RUN [DATA]", "writes down all that is known about a run's model: figures, intervals, images, hashes",
     "  haemnet report run parts/test.csv                                    on data that the training has not seen\n"
     "  haemnet report run                                                   on the test part of the training, which chose the epoch\n",
     cmd_report, describe_report},
    {"verify", "RUN DATA", "works out the figures of RUN/evidence.json again, and says whether they hold",
     "  haemnet verify run parts/test.csv\n"
     "  haemnet verify run parts/test.csv --tolerance 1e-4                   on another kind of device\n",
     cmd_verify, describe_verify},
    {"predict", "MODEL FILE...", "says what a model sees in images",
     "  haemnet predict run/model.safetensors slice.png\n"
     "  haemnet predict run/model.safetensors images/*.jpg --json > predictions.jsonl\n",
     cmd_predict, describe_predict},
    {"explain", "MODEL FILE...", "shows which part of an image moved a verdict, and how far that can be believed",
     "  haemnet explain run/model.safetensors slice.png --overlay pictures\n"
     "  haemnet explain run/model.safetensors s0*.png --series --spacing 0.49,0.49,5 --json\n"
     "  haemnet explain run/model.safetensors data/manifest.csv --masks data/masks --sanity\n",
     cmd_explain, describe_explain},
    {"inspect", "MODEL | --preset NAME", "describes a model file or an architecture: layers, shapes, parameters, memory",
     "  haemnet inspect run/model.safetensors --batch 32\n"
     "  haemnet inspect run/model.safetensors --json\n"
     "  haemnet inspect --preset resnet18 --channels 1 --size 128\n",
     cmd_inspect, describe_inspect},
    {"import", "WEIGHTS --model NAME --out FILE", "makes a model file of a plain safetensors file, such as PyTorch's state dict",
     "  haemnet import resnet18.safetensors --model resnet18 --backbone --classes haemorrhage,no_haemorrhage --channels 1 --out start.safetensors\n"
     "  haemnet import weights.safetensors --model tinyvgg --classes haemorrhage,no_haemorrhage --positive haemorrhage --out model.safetensors\n",
     cmd_import, describe_import},
    {"devices", "", "lists the devices that networks can run on",
     "  haemnet devices --verbose\n"
     "  haemnet devices --verbose --model tinyvgg\n", cmd_devices, describe_devices},
    {"selftest", "", "checks every operator of a device against the reference", "  haemnet selftest --device reference\n", cmd_selftest,
     describe_selftest},
    {"version", "", "says which version this is", "  haemnet version\n", cmd_version, no_options},
    {"help", "[COMMAND]", "explains a command", "  haemnet help train\n", cmd_help, no_options},
};
const int n_commands = sizeof commands / sizeof *commands;

const command *find_command(const char *name) {
    for (int i = 0; i < n_commands; i++)
        if (!strcmp(commands[i].name, name)) return &commands[i];
    return NULL;
}

void print_help(FILE *out, const command *c) {
    if (c) {
        fprintf(out, "Usage: haemnet %s %s%s\n\n%c%s.\n", c->name, c->arguments, c->describe == no_options ? "" : " [OPTIONS]",
                c->summary[0] - 'a' + 'A', c->summary + 1);
        if (c->describe != no_options) fprintf(out, "\nOptions:\n");
        c->describe(out);
        fprintf(out, "\nExamples:\n%s", c->examples);
        return;
    }
    fprintf(out, "haemnet finds intracranial haemorrhage in head-CT slices. Research use; not a medical device.\n\n"
                 "Usage: haemnet COMMAND [ARGUMENTS]\n\n");
    for (int i = 0; i < n_commands; i++) fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\nhaemnet help COMMAND explains one, with examples. Exit codes: 0 done, 1 failed, 2 wrong usage,\n"
                 "3 done but some files were skipped, 4 leaks between training and test data,\n"
                 "5 audit alone: a class shows in what is no picture, 130 interrupted (a checkpoint is kept).\n");
}
