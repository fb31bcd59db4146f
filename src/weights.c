/* weights.c - a weight for each class or label, from the command line: numbers in their order, or the word "rsna". */
#include <stdlib.h>
#include <string.h>

#include "program.h"

/* 2 for the label "any", 1 for the others: the RSNA challenge's. false if there is no such label. */
static bool rsna_weights(const char *(*name_of)(const void *of, int32_t k), const void *of, int32_t n, double *weights) {
    bool found = false;
    for (int32_t k = 0; k < n; k++) {
        const bool any = !strcmp(name_of(of, k), "any");
        weights[k] = any ? 2 : 1;
        found = found || any;
    }
    return found;
}

int read_weights(const char *command_name, const char *option_name, const char *text, const char *(*name_of)(const void *of, int32_t k), const void *of,
                 int32_t n, double *weights) {
    const char *at = text;
    if (!strcmp(text, "rsna"))
        return rsna_weights(name_of, of, n, weights)
                   ? EXIT_DONE
                   : usage_error(command_name, "--%s rsna weighs the label \"any\" twice, and there is none; the first is %s", option_name, name_of(of, 0));
    for (int32_t k = 0; k < n; k++) {
        char *end;
        weights[k] = strtod(at, &end);
        if (end == at || *end != (k + 1 < n ? ',' : 0) || !(weights[k] > 0 && weights[k] < 1e30))
            return usage_error(command_name, "--%s %s: must be balanced or positive=X (train), rsna, or %d numbers above 0 in the classes' order (%s first)",
                               option_name, text, n, name_of(of, 0));
        at = end + 1;
    }
    return EXIT_DONE;
}
