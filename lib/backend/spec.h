/* spec.h - how a host writes which device it wants, and how that device is to compute: "NAME[:INDEX][+WORD…]". */
#ifndef HNI_BACKEND_SPEC_H
#define HNI_BACKEND_SPEC_H

#include "haemnet/backend.h"

/* A spec taken apart. */
typedef struct hni_spec {
    char name[32];   /* of the backend; "" = no name could stand there; "best" too */
    int32_t index;   /* of the device within it; -1 = what stands after the colon is no number */
    int32_t options; /* HN_HOST_… */
} hni_spec;

/* spec: NULL = "best". HN_E_ARGUMENT for a word after + that is not known, or for two that contradict each other; names are not looked up. */
hn_status hni_spec_parse(const char *spec, hni_spec *out, hn_error *err);

/* For backends that compute in float32 alone, and in one way: refuses the bits that ask for less, or for a choice. Words: hni_fail's. */
hn_status hni_spec_float32_only(const char *backend, int32_t options, hn_error *err);

#endif
