/* convert.c - numbers of the float types that files of weights have, as float32; and which tensor of a file is meant by a network's name. */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "build.h"

bool hni_is_float(const hni_tensor_ref *ref) {
    return !strcmp(ref->type, "F32") || !strcmp(ref->type, "F16") || !strcmp(ref->type, "BF16") || !strcmp(ref->type, "F64");
}

static float of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16: 5 bits of exponent, 10 of fraction; every one of its numbers is a float32. */
static float of_half(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 0) { /* zero and subnormals: fraction · 2^-24 */
        const float value = (float)fraction * 0x1p-24f;
        return sign ? -value : value;
    }
    return of_bits(sign | (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13);
}

void hni_to_float(const hni_tensor_ref *ref, float *out) {
    const uint8_t *at = ref->data; /* not aligned */
    if (!strcmp(ref->type, "F32")) {
        memcpy(out, at, ref->size);
    } else if (!strcmp(ref->type, "F64")) {
        for (size_t i = 0; i < ref->size / 8; i++) {
            double wide;
            memcpy(&wide, at + 8 * i, sizeof wide);
            out[i] = (float)wide;
        }
    } else {
        const bool half = !strcmp(ref->type, "F16");
        for (size_t i = 0; i < ref->size / 2; i++) {
            uint16_t narrow;
            memcpy(&narrow, at + 2 * i, sizeof narrow);
            out[i] = half ? of_half(narrow) : of_bits((uint32_t)narrow << 16);
        }
    }
}

hn_status hni_check_finite(const char *name, const float *values, int64_t n, hn_error *err) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return hni_fail(err, HN_E_NUMERIC, "tensor %.60s holds %s at number %lld: the file cannot be used", name,
                            isnan(values[i]) ? "NaN" : "infinity", (long long)i);
    return HN_OK;
}

int64_t hni_find_weights(const hn_model *model, const hni_safetensors *file, const char *name) {
    char other[160];
    const int64_t found = hni_safetensors_find(file, name);
    return found < 0 && hni_preset_other_name(model->preset, name, other, sizeof other) ? hni_safetensors_find(file, other) : found;
}
