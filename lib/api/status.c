/* status.c - the names of statuses, for messages and bindings. The values themselves are the header's. */
#include "haemnet/status.h"

HN_API const char *hn_status_name(hn_status status) {
    switch (status) {
    case HN_OK:
        return "HN_OK";
    case HN_E_ARGUMENT:
        return "HN_E_ARGUMENT";
    case HN_E_MEMORY:
        return "HN_E_MEMORY";
    case HN_E_IO:
        return "HN_E_IO";
    case HN_E_FORMAT:
        return "HN_E_FORMAT";
    case HN_E_LIMIT:
        return "HN_E_LIMIT";
    case HN_E_UNSUPPORTED:
        return "HN_E_UNSUPPORTED";
    case HN_E_SHAPE:
        return "HN_E_SHAPE";
    case HN_E_STATE:
        return "HN_E_STATE";
    case HN_E_CANCELLED:
        return "HN_E_CANCELLED";
    case HN_E_BACKEND:
        return "HN_E_BACKEND";
    case HN_E_UNAVAILABLE:
        return "HN_E_UNAVAILABLE";
    case HN_E_NOT_FOUND:
        return "HN_E_NOT_FOUND";
    case HN_E_NUMERIC:
        return "HN_E_NUMERIC";
    case HN_E_ABI:
        return "HN_E_ABI";
    case HN_E_DATA:
        return "HN_E_DATA";
    case HN_E_BUFFER:
        return "HN_E_BUFFER";
    case HN_E_INTERNAL:
        return "HN_E_INTERNAL";
    default:
        return "HN_E_?";
    }
}
