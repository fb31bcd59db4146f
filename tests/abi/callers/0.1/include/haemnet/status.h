/* status.h - how every function of libhaemnet says that it failed, and why.
 *
 * A fallible function returns hn_status (0 = done, negative = failed) and takes a last argument `hn_error *err`, owned by the
 * caller, that may be NULL. On failure `err` says what failed, on what, and what to do; out-handles are NULL and other outputs
 * untouched; only *need is written when a buffer is too small. On success `err` is left as it was. There is no thread-local or global error state. */
#ifndef HAEMNET_STATUS_H
#define HAEMNET_STATUS_H

#include <stddef.h>
#include <stdint.h>

#if defined(HN_STATIC)
#define HN_API
#elif defined(_WIN32)
#if defined(HN_BUILDING)
#define HN_API __declspec(dllexport)
#else
#define HN_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define HN_API __attribute__((visibility("default")))
#else
#define HN_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* 0 = done, negative = failed. Values are never reused. */
typedef int32_t hn_status;

enum {
    HN_OK = 0,
    HN_E_ARGUMENT = -1,    /* an argument is NULL, out of range or contradicts another */
    HN_E_MEMORY = -2,      /* the allocator, or the device, has no memory left */
    HN_E_IO = -3,          /* the operating system refused a read, write, open, rename …; hn_error.code is errno */
    HN_E_FORMAT = -4,      /* a file is not what it says it is, or is damaged */
    HN_E_LIMIT = -5,       /* a limit of the library or of the caller is exceeded; the message names it */
    HN_E_UNSUPPORTED = -6, /* valid, but not done by this build, device or format version */
    HN_E_SHAPE = -7,       /* shapes do not fit; the message names the layer and both shapes */
    HN_E_STATE = -8,       /* the call is not allowed now */
    HN_E_CANCELLED = -9,   /* the caller's cancel token was triggered */
    HN_E_BACKEND = -10,    /* a backend failed; hn_error.domain and .code hold its own code */
    HN_E_UNAVAILABLE = -11,/* the device or backend is not present on this machine */
    HN_E_NOT_FOUND = -12,  /* no such name, class, row, device */
    HN_E_NUMERIC = -13,    /* loss or weights became infinite or NaN */
    HN_E_ABI = -14,        /* struct_size or version not known to this library */
    HN_E_DATA = -15,       /* the data set cannot be used as asked (one class only, no rows, …) */
    HN_E_BUFFER = -16,     /* the caller's buffer is too small; *need holds the size to bring */
    HN_E_INTERNAL = -17    /* a mistake of the library's own: please report it */
};

/* Whose code hn_error.code is. */
enum {
    HN_DOMAIN_NONE = 0,  /* code is 0 */
    HN_DOMAIN_ERRNO = 1, /* code is errno */
    HN_DOMAIN_CUDA = 2,  /* code is a cudaError_t */
    HN_DOMAIN_CUDNN = 3, /* code is a cudnnStatus_t */
    HN_DOMAIN_CUBLAS = 4,/* code is a cublasStatus_t */
    HN_DOMAIN_PLUGIN = 5 /* code is the plug-in's own */
};

/* What went wrong. 256 bytes, owned by the caller, no pointer inside: may live on the stack and be copied. */
typedef struct hn_error {
    hn_status status;  /* what the function returned */
    int32_t domain;    /* HN_DOMAIN_… */
    int64_t code;      /* the domain's own code, 0 if none */
    char message[240]; /* UTF-8, always NUL-terminated; what failed, on what, and what to do */
} hn_error;

/* The name of a status, such as "HN_E_SHAPE"; "HN_E_?" for a value this library does not know.
 *   status   any value
 * Returns a static string that the library owns.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API const char *hn_status_name(hn_status status);

#ifdef __cplusplus
}
#endif
#endif
