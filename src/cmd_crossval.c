/* cmd_crossval.c - `haemnet crossval`: the options, and the candidates, each of which is the command's own options with some of them changed. */
#include <stdlib.h>
#include <string.h>

#include "crossval.h"

typedef struct crossval_options {
    crossval_settings c;
    text_list candidates;
    const char *tta;
} crossval_options;

enum { N_OWN = 9, N_OPTIONS = N_OWN + N_TRAINING_OPTIONS };
static void list_options(crossval_options *o, option list[N_OPTIONS]) {
    const option own[N_OWN] = {
        {"out", OPTION_TEXT, &o->c.base.out, "RUN", "folder for crossval.json, predictions.csv and a folder for each repeat (needed)"},
        {"folds", OPTION_INT, &o->c.folds, "K", "parts that patients are dealt to; each is tested once a repeat (5)"},
        {"repeats", OPTION_INT, &o->c.repeats, "R", "times that all of it is done, each with a seed of its own (1)"},
        {"inner", OPTION_INT, &o->c.inner, "K", "folds inside each training part, to choose among candidates"},
        {"candidate", OPTION_LIST, &o->candidates, "OPTIONS", "training options to be chosen or not, such as '--lr 0.01 --hidden 20'; give several"},
        {"validate", OPTION_NUMBER, &o->c.validate, "R", "share of each training part to choose the epoch by (0; 0.1 with --stop)"},
        TTA_OPTION(&o->tta),
        SMOOTH_OPTION(&o->c.smooth),
        {"resume", OPTION_FLAG, &o->c.base.resume, NULL, "use finished folds of the same options and data again, and go on"},
    };
    memcpy(list, own, sizeof own);
    list_training(&o->c.base, list + N_OWN);
}

void describe_crossval(FILE *out) {
    crossval_options o;
    option list[N_OPTIONS];
    list_options(&o, list);
    print_options(out, list, N_OPTIONS);
    print_recipes(out);
}

static int check(const crossval_options *o) {
    const crossval_settings *c = &o->c;
    if (!c->base.out) return usage_error("crossval", "--out RUN is needed: the folder to write to");
    if (c->folds < 2) return usage_error("crossval", "--folds %d: must be 2 or more", c->folds);
    if (c->repeats < 1 || c->repeats > 1000) return usage_error("crossval", "--repeats %d: must be 1 to 1000", c->repeats);
    if (c->inner && c->inner < 2) return usage_error("crossval", "--inner %d: must be 2 or more", c->inner);
    if ((c->inner != 0) != (o->candidates.n > 0)) return usage_error("crossval", "--inner K and --candidate OPTIONS go together");
    if (o->candidates.n == 1) return usage_error("crossval", "--candidate: one alone is no choice; give it as options of the command");
    if (c->validate != -1 && !(c->validate >= 0 && c->validate < 1))
        return usage_error("crossval", "--validate %g: must be at least 0 and below 1", c->validate);
    return EXIT_DONE;
}

/* Words between blanks, as arguments of the command; *copy holds them. */
static int split_words(const char *text, char **copy, char **words, int most) {
    static char name[] = "crossval";
    int n = 0;
    words[n++] = name;
    *copy = strdup(text);
    for (char *word = *copy ? strtok(*copy, " \t") : NULL; word && n < most; word = strtok(NULL, " \t")) words[n++] = word;
    return n;
}

static bool same(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

/* What must be the same, or candidates would be judged by other things. */
static bool same_task(const train_settings *a, const train_settings *b) {
    return same(a->choice.label_columns, b->choice.label_columns) && same(a->choice.group, b->choice.group) && same(a->positive, b->positive) &&
           a->choice.strict == b->choice.strict && a->seed == b->seed && a->threads == b->threads && a->choice.cache_mb == b->choice.cache_mb &&
           a->quiet == b->quiet;
}

enum { MOST_WORDS = 128 };
/* raw: the command's own options, before what was not given was filled in. The texts of a candidate stay with it, in *copy. */
static int read_candidate(const train_settings *raw, const char *text, train_settings *s, char **copy) {
    char *words[MOST_WORDS];
    option list[N_TRAINING_OPTIONS];
    *s = *raw;
    list_training(s, list);
    const int n = split_words(text, copy, words, MOST_WORDS);
    const int left = strstr(text, "--recipe") ? parse_with_recipe("crossval", list, N_TRAINING_OPTIONS, n, words, &s->recipe)
                                              : parse_options("crossval", list, N_TRAINING_OPTIONS, n, words);
    if (left < 0) return EXIT_USAGE;
    if (left) return usage_error("crossval", "--candidate '%s': %s is no option", text, words[0]);
    if (!same_task(raw, s)) return usage_error("crossval", "--candidate '%s': data, classes, seed and threads are the same for all", text);
    return check_training(s);
}

static int read_candidates(crossval_options *o, const train_settings *raw, char **copies) {
    int code = EXIT_DONE;
    for (int32_t i = 0; i < o->candidates.n && !code; i++) {
        o->c.n_candidates = i + 1;
        code = read_candidate(raw, o->candidates.texts[i], &o->c.candidates[i], &copies[i]);
        o->c.candidates[i].data = o->c.base.data;
    }
    return code;
}

static int run(crossval_options *o) {
    training_data t;
    quiet = o->c.base.quiet;
    int code = open_training(&o->c.base, &t);
    if (!code) code = cross_validate(&o->c, &t);
    return close_training(&t, code);
}

int cmd_crossval(int argc, char **argv) {
    static train_settings candidates[MOST_TEXTS];
    char *copies[MOST_TEXTS] = {0};
    crossval_options o = {.c = {.base = default_training(), .folds = 5, .repeats = 1, .validate = -1, .candidates = candidates}};
    option list[N_OPTIONS];
    training_command = "crossval";
    o.c.texts = o.candidates.texts;
    list_options(&o, list);
    int words = parse_with_recipe("crossval", list, N_OPTIONS, argc, argv, &o.c.base.recipe);
    if (words < 0) return EXIT_USAGE;
    if (words != 1) return usage_error("crossval", "takes one folder or manifest, not %d words", words);
    o.c.base.data = argv[0];
    const train_settings raw = o.c.base;
    int code = check(&o);
    if (!code) code = read_tta("crossval", o.tta, &o.c.tta);
    if (!code) code = read_smooth("crossval", o.c.smooth);
    if (!code) code = check_training(&o.c.base);
    if (!code) code = read_candidates(&o, &raw, copies);
    if (!code) code = run(&o);
    free_craft(&o.c.base.craft);
    for (int32_t i = 0; i < o.c.n_candidates; i++) {
        free_craft(&candidates[i].craft);
        free(copies[i]);
    }
    return code;
}
