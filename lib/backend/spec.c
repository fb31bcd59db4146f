/* spec.c - takes a device's spec apart: "cudnn:1+bf16+deterministic".
 *
 * Text only: whether there is such a backend is the registry's question. Words after + are the same for every backend, so that a typing
 * error is found before anything is opened; what a backend makes of them is its own decision. */
#include "spec.h"

#include <string.h>

#include "../base/status.h"

static const struct {
    const char *word;
    int32_t bit;
} WORDS[] = {{"tf32", HN_HOST_TF32}, {"bf16", HN_HOST_BF16}, {"deterministic", HN_HOST_DETERMINISTIC},
             {"measured", HN_HOST_MEASURED}};

/* "+a+b…" behind the name. */
static hn_status parse_words(const char *spec, const char *at, int32_t *options, hn_error *err) {
    *options = 0;
    while (*at == '+') {
        const char *word = at + 1;
        const size_t length = strcspn(word, "+");
        int32_t bit = 0;
        for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
            if (strlen(WORDS[i].word) == length && memcmp(word, WORDS[i].word, length) == 0)
                bit = WORDS[i].bit;
        if (bit == 0)
            return hni_fail(err, HN_E_ARGUMENT, "device \"%.64s\": \"%.*s\" is not known after +; known are tf32, bf16, deterministic, measured", spec,
                            length < 32 ? (int)length : 32, word);
        *options |= bit;
        at = word + length;
    }
    if ((*options & HN_HOST_TF32) && (*options & HN_HOST_BF16))
        return hni_fail(err, HN_E_ARGUMENT, "device \"%.64s\": tf32 and bf16 are two precisions; say one of them", spec);
    if ((*options & HN_HOST_MEASURED) && (*options & HN_HOST_DETERMINISTIC))
        return hni_fail(err, HN_E_ARGUMENT, "device \"%.64s\": measured and deterministic: what is fastest may differ from run to run, and the bits "
                        "with it; say one of them", spec);
    return HN_OK;
}

/* ":17"; -1 for anything else. Four digits at most, because more is no number of a device. */
static int32_t parse_index(const char *text, size_t length) {
    if (length == 0)
        return 0;
    int32_t index = 0;
    if (length < 2 || length > 5 || text[0] != ':')
        return -1;
    for (size_t i = 1; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        index = index * 10 + (text[i] - '0');
    }
    return index;
}

hn_status hni_spec_parse(const char *spec, hni_spec *out, hn_error *err) {
    if (!spec)
        spec = "best";
    *out = (hni_spec){.index = 0};
    const size_t whole = strcspn(spec, "+"), length = strcspn(spec, ":+");
    if (length <= 31)
        memcpy(out->name, spec, length);
    out->index = parse_index(spec + length, whole - length);
    return parse_words(spec, spec + whole, &out->options, err);
}

hn_status hni_spec_float32_only(const char *backend, int32_t options, hn_error *err) {
    const int32_t other = options & ~HN_HOST_DETERMINISTIC;
    if (other == 0)
        return HN_OK;
    if (other == HN_HOST_MEASURED)
        return hni_fail(err, HN_E_UNSUPPORTED, "%s chooses its ways by the shapes alone: nothing is measured; leave it out after the device's name",
                        backend);
    return hni_fail(err, HN_E_UNSUPPORTED, "%s computes in float32 alone: %s is not done; leave it out after the device's name", backend,
                    other == HN_HOST_TF32   ? "tf32"
                    : other == HN_HOST_BF16 ? "bf16"
                                            : "what was asked for");
}
