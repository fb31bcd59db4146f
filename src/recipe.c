/* recipe.c - --recipe: one word for options of a training that go well together. They are read before the user's own, which therefore win;
 * run.json holds all of them as they came out. */
#include <string.h>

#include "program.h"

enum { MOST_WORDS = 56 };
typedef struct recipe {
    const char *name, *about;
    const char *words[MOST_WORDS]; /* as on a command line, NULL behind the last */
} recipe;

/* What changes no diagnosis, in sizes that a small set needs; found with the small set of docs/recipes.md. */
#define STRONG "flip,rotate=15,scale=0.12,shift=0.08,shear=5,brightness=0.08,contrast=0.2,gamma=0.3,noise=0.03"
#define CUT ",cutout=0.5,cutout-size=0.2"
#define CYCLE(rate) "--optimizer", "adamw", "--lr", rate, "--weight-decay", "0.05", "--decay-weights-only", "--schedule", "one-cycle", "--smoothing", "0.05"
#define TONE "--mean", "0.25", "--deviation", "0.25" /* about those of a head in the brain window */

static const recipe recipes[] = {
    {"small", "a few hundred images, two cores: a small residual network, much augmentation",
     {"--model", "tinyresnet", TONE, "--epochs", "60", "--batch", "16", CYCLE("0.003"), "--augment", STRONG CUT}},
    {"small-transfer", "with --backbone FILE, weights learnt from photographs, and a few hundred images: slower than small, finer, more often right",
     {"--model", "efficientnet-lite0", "--size", "160", "--channels", "3", "--crop-head", "--epochs", "30", "--batch", "16", CYCLE("0.001"), "--ema", "0.98",
      "--freeze", "conv_stem,bn1,blocks.0,blocks.1", "--rates", "blocks=0.3,conv_head=0.3,bn2=0.3", "--sampler", "classes",
      "--class-weights", "positive=2", "--augment", STRONG}},
    {"series", "whole series of patients: the head is cropped, neighbouring slices are channels",
     {"--model", "tinyresnet", "--size", "96", TONE, "--crop-head", "--slices", "3", "--epochs", "12", "--batch", "32", CYCLE("0.003"),
      "--sampler", "hard-negatives", "--augment", STRONG CUT}},
    {"transfer", "with --backbone FILE, weights learnt from photographs: the later layers are tuned, slowly, on the head and its neighbours",
     {"--model", "efficientnet-lite0", "--size", "224", "--crop-head", "--slices", "3", "--epochs", "6", "--batch", "16", CYCLE("0.001"),
      "--freeze", "conv_stem,bn1,blocks.0,blocks.1,blocks.2", "--rates", "blocks=0.1,conv_head=0.1,bn2=0.1", "--sampler", "classes",
      "--augment", STRONG}},
    {"thesis", "TinyVGG at 64 px, RGB, Adam, 20 epochs: the baseline that the others are measured against",
     {"--model", "tinyvgg", "--channels", "3", "--epochs", "20", "--batch", "32", "--optimizer", "adam", "--lr", "0.001"}},
};
enum { N_RECIPES = sizeof recipes / sizeof *recipes };

static const recipe *find_recipe(const char *name) {
    for (int i = 0; i < N_RECIPES; i++)
        if (!strcmp(recipes[i].name, name)) return &recipes[i];
    return NULL;
}

/* The last one that is given; NULL = none. */
static const char *recipe_among(int argc, char **argv) {
    const char *name = NULL;
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strncmp(argv[i], "--recipe=", 9)) name = argv[i] + 9;
        if (!strcmp(argv[i], "--recipe") && i + 1 < argc) name = argv[i + 1];
    }
    return name;
}

static bool gives(const char *word, int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], word)) return true;
    return false;
}

/* What is measured takes the place of the recipe's numbers, though its name is another. */
static bool is_replaced(const char *word, int argc, char **argv) {
    return (!strcmp(word, "--mean") || !strcmp(word, "--deviation")) && gives("--normalise", argc, argv);
}

/* Indented; a new line before the option that would run past the width, never between an option and its value. */
static void print_words(FILE *out, const char *const *words) {
    enum { INDENT = 9, WIDTH = 110 };
    size_t column = WIDTH;
    for (int k = 0; k < MOST_WORDS && words[k]; k++) {
        const bool option_word = !strncmp(words[k], "--", 2), has_value = option_word && words[k + 1] && strncmp(words[k + 1], "--", 2);
        const size_t wants = 1 + strlen(words[k]) + (has_value ? 1 + strlen(words[k + 1]) : 0);
        if (option_word && column + wants > WIDTH) {
            fprintf(out, "%s%*s", k ? "\n" : "", INDENT, "");
            column = INDENT;
        }
        fprintf(out, " %s", words[k]);
        column += 1 + strlen(words[k]);
    }
    fprintf(out, "\n");
}

void print_recipes(FILE *out) {
    fprintf(out, "\nRecipes, each a list of options of which yours change what they name:\n");
    for (int i = 0; i < N_RECIPES; i++) {
        fprintf(out, "  %-14s %s:\n", recipes[i].name, recipes[i].about);
        print_words(out, recipes[i].words);
    }
}

int parse_with_recipe(const char *command_name, const option *options, int n, int argc, char **argv, const char **recipe_name) {
    const char *name = recipe_among(argc, argv);
    const recipe *r = find_recipe(name ? name : DEFAULT_RECIPE);
    char nothing[] = "", *words[MOST_WORDS + 1] = {nothing}; /* parse_options moves words and changes none */
    int count = 1;
    if (!r) {
        usage_error(command_name, "--recipe %s: must be small, small-transfer, series, transfer or thesis", name);
        return -1;
    }
    for (int i = 0; i < MOST_WORDS && r->words[i]; i++) {
        if (is_replaced(r->words[i], argc, argv)) {
            i++; /* and its value */
            continue;
        }
        union {
            const char *in;
            char *out;
        } word = {r->words[i]};
        words[count++] = word.out;
    }
    if (parse_options(command_name, options, n, count, words) != 0) return -1;
    const int given = parse_options(command_name, options, n, argc, argv);
    *recipe_name = r->name;
    return given;
}
