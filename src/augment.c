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

/* "rotate=20", "flip" or "usual"; false if it is none. */
static bool read_word(char *word, hn_augment_options *options) {
    char *end, *value = strchr(word, '=');
    if (!strcmp(word, "usual")) {
        for (int i = 0; i < KNOWN; i++)
            if (known[i].usual) set(options, i, known[i].value);
        return true;
    }
    if (value) *value++ = 0;
    for (int i = 0; i < KNOWN; i++) {
        if (strcmp(word, known[i].name)) continue;
        const double number = value ? strtod(value, &end) : known[i].value;
        if (value && (end == value || *end)) return false;
        set(options, i, number);
        return true;
    }
    return false;
}

int parse_augment(const char *command_name, const char *text, hn_augment_options *options) {
    *options = (hn_augment_options){.struct_size = sizeof *options};
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy) return fail_text("out of memory");
    for (char *word = copy, *next; word; word = next) {
        next = strchr(word, ',');
        if (next) *next++ = 0;
        if (read_word(word, options)) continue;
        usage_error(command_name, "--augment: %s is none of usual, flip, rotate, scale, shift, shear, window-centre, window-width, brightness, contrast, "
                    "gamma, noise, blur, cutout, cutout-size, mixup, cutmix, alone or with =NUMBER", word);
        free(copy);
        return EXIT_USAGE;
    }
    free(copy);
    return EXIT_DONE;
}
