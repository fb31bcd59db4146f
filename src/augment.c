/* augment.c - --augment: a list of names, each with a value or with one that is often taken. Bounds are the library's to check. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

#define FIELD(name) offsetof(hn_augment_options, name)
static const struct {
    const char *name;
    size_t field;
    double value; /* that a name alone stands for */
    bool usual;   /* part of "usual": what changes no diagnosis, in sizes that slices of different scanners differ by */
} known[] = {
    {"flip", FIELD(flip), 0.5, true},
    {"rotate", FIELD(rotate), 10, true},
    {"scale", FIELD(scale), 0.1, true},
    {"shift", FIELD(shift), 0.05, true},
    {"shear", FIELD(shear), 5, false},
    {"window-centre", FIELD(window_centre), 0.1, false},
    {"window-width", FIELD(window_width), 0.2, false},
    {"brightness", FIELD(brightness), 0.05, true},
    {"contrast", FIELD(contrast), 0.1, true},
    {"gamma", FIELD(gamma), 0.2, false},
    {"noise", FIELD(noise), 0.02, false},
    {"blur", FIELD(blur), 0.2, false},
    {"cutout", FIELD(cutout), 0.5, false},
    {"cutout-size", FIELD(cutout_size), 0.25, false},
    {"mixup", FIELD(mixup), 0.2, false},
    {"cutmix", FIELD(cutmix), 1, false},
};
enum { KNOWN = sizeof known / sizeof *known };

static void set(hn_augment_options *options, int i, double value) { memcpy((char *)options + known[i].field, &value, sizeof value); }

static bool is_name(const char *word, size_t length, const char *name) { return strlen(name) == length && !memcmp(word, name, length); }

/* "rotate=20", "flip" or "usual"; what is wrong with it, NULL if nothing. */
static const char *read_word(const char *word, hn_augment_options *options) {
    const size_t length = strcspn(word, "=");
    const char *value = word[length] ? word + length + 1 : NULL;
    char *end;
    if (is_name(word, length, "usual")) {
        if (value) return "has a number: usual takes none; an option behind it wins over its value";
        for (int i = 0; i < KNOWN; i++)
            if (known[i].usual) set(options, i, known[i].value);
        return NULL;
    }
    for (int i = 0; i < KNOWN; i++) {
        if (!is_name(word, length, known[i].name)) continue;
        const double number = value ? strtod(value, &end) : known[i].value;
        if (value && (end == value || *end)) return "has no number behind its =";
        set(options, i, number);
        return NULL;
    }
    return "is none of usual, flip, rotate, scale, shift, shear, window-centre, window-width, brightness, contrast, gamma, noise, blur, cutout, "
           "cutout-size, mixup, cutmix, alone or with =NUMBER; the word none stands by itself";
}

int parse_augment(const char *command_name, const char *text, hn_augment_options *options) {
    *options = (hn_augment_options){.struct_size = sizeof *options};
    if (text && !strcmp(text, "none")) return EXIT_DONE; /* a recipe's list, taken back */
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy) return fail_text("out of memory");
    for (char *word = copy, *next; word; word = next) {
        next = strchr(word, ',');
        if (next) *next++ = 0;
        const char *wrong = read_word(word, options);
        if (!wrong) continue;
        usage_error(command_name, "--augment: %s %s", word, wrong);
        free(copy);
        return EXIT_USAGE;
    }
    free(copy);
    return EXIT_DONE;
}
